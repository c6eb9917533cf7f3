//! What the fuzz targets reach, and nobody else: it is there when cargo-fuzz builds.
#![allow(missing_docs)]

use crate::safe_redirect;
use carboy_http::Request;

/// The heads of what goes to the application behind this one, and comes back.
pub use crate::upstream::fuzzing as upstream;

/// WebSockets, fed as a socket feeds them.
#[cfg(feature = "websocket")]
pub use crate::websocket::fuzzing as websocket;

/// Whether a redirect to `target` stays with the app that was sent `request`.
pub fn is_safe_redirect(target: &str, request: &Request) -> bool {
    safe_redirect::is_safe(target, Some(request))
}
