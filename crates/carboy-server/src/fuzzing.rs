//! What the fuzz targets reach, and nobody else: it is there when cargo-fuzz builds.
#![allow(missing_docs, clippy::missing_errors_doc)]

use crate::gate;
use http::{StatusCode, request::Parts};

pub use crate::http1::fuzzing::{Body, Head, body, head};
pub use crate::http2::fuzzing::frames;

/// The head gate; a request is refused with this status.
pub fn admit(parts: &mut Parts) -> Result<(), StatusCode> {
    gate::admit(parts, None).map_err(|refusal| refusal.into_response().status())
}
