//! A client for tests, without a socket.
//!
//! Requests enter where a server's would, so layers, hooks, sessions and error handlers all take part. Errors nobody
//! handles and panics are raised again in the test, with their message.
//!
//! ```
//! use carboy::prelude::*;
//!
//! #[route("/count", methods = ["POST"])]
//! fn count() -> String {
//!     session().update("n", |n: &mut u32| *n += 1);
//!     session().get::<u32>("n").unwrap_or(0).to_string()
//! }
//!
//! let mut app = App::new("doc");
//! app.config().set("SECRET_KEY", "dev");
//! app.routes(routes![count]);
//! let client = app.test_client();
//! client.post("/count").send();
//! assert_eq!(client.post("/count").send().text(), "2");
//! ```

mod client;
mod cookies;
mod multipart;
mod request;
mod response;
#[cfg(feature = "websocket")]
mod websocket;

pub use client::TestClient;
pub use cookies::Cookie;
pub use request::RequestBuilder;
pub use response::{StreamingResponse, TestResponse};
#[cfg(feature = "websocket")]
pub use websocket::TestWebSocket;

use crate::State;
use carboy_http::{Body, ConnectionInfo, HeaderValue, Request};

/// The address that requests of tests come from.
pub(crate) const REMOTE_ADDR: std::net::SocketAddr =
    std::net::SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 50000);

/// Scheme, host and root path of requests that name none: PREFERRED_URL_SCHEME, SERVER_NAME or `localhost`,
/// APPLICATION_ROOT.
pub(crate) fn base_url(state: &State) -> (String, String, String) {
    let settings = state.settings();
    (
        settings.preferred_url_scheme.clone(),
        settings.server_name.clone().unwrap_or_else(|| "localhost".to_owned()),
        settings.application_root.trim_end_matches('/').to_owned(),
    )
}

/// What a client says it is.
pub(crate) fn user_agent() -> HeaderValue {
    HeaderValue::from_static(concat!("carboy/", env!("CARGO_PKG_VERSION")))
}

/// A GET request for a path or URL, for a context without dispatch.
pub(crate) fn request(state: &State, target: &str) -> Request {
    let (scheme, host, root) = base_url(state);
    let (scheme, host, path) = split(target, &scheme, &host);
    let (parts, ()) = http::Request::builder()
        .uri(path)
        .header("host", host)
        .body(())
        .unwrap_or_else(|e| panic!("'{target}' is no URL: {e}"))
        .into_parts();
    let connection = ConnectionInfo {
        remote_addr: Some(REMOTE_ADDR),
        local_addr: None,
        is_secure: scheme == "https",
        ..ConnectionInfo::default()
    };
    let mut request = Request::new(parts, connection, Body::empty());
    request.set_script_root(&root);
    request
}

/// The scheme, host and path of a target that may be a URL or a path.
fn split<'a>(target: &'a str, scheme: &'a str, host: &'a str) -> (&'a str, &'a str, &'a str) {
    match target.split_once("://") {
        Some((scheme @ ("http" | "https" | "ws" | "wss"), rest)) => {
            let at = rest.find(['/', '?']).unwrap_or(rest.len());
            let path = if at == rest.len() { "/" } else { &rest[at..] };
            (scheme, &rest[..at], path)
        }
        _ => (scheme, host, if target.is_empty() { "/" } else { target }),
    }
}
