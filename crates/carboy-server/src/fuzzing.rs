//! What the fuzz targets reach, and nobody else: it is there when cargo-fuzz builds.
#![allow(missing_docs, clippy::missing_errors_doc)]

use crate::{
    gate,
    proxy_protocol::{self, Header, Said},
};
use http::{StatusCode, request::Parts};
use std::net::SocketAddr;

pub use crate::http1::fuzzing::{Body, Head, body, head};
pub use crate::http2::fuzzing::frames;

/// The head gate; a request is refused with this status.
pub fn admit(parts: &mut Parts) -> Result<(), StatusCode> {
    gate::admit(parts, None).map_err(|refusal| refusal.into_response().status())
}

/// How far a header of the PROXY protocol has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProxyHeader {
    /// It is complete; where the connection comes from and where it went, if it says so.
    Complete(Option<(SocketAddr, SocketAddr)>),
    /// At least so many bytes of it are still to come.
    Incomplete(usize),
    Malformed,
}

/// Looks at what has come of a header of the PROXY protocol.
pub fn proxy_header(bytes: &[u8]) -> ProxyHeader {
    match proxy_protocol::parse(bytes) {
        Header::Complete(Said::Nothing) => ProxyHeader::Complete(None),
        Header::Complete(Said::Addresses { source, destination }) => {
            ProxyHeader::Complete(Some((source, destination)))
        }
        Header::Incomplete(more) => ProxyHeader::Incomplete(more),
        Header::Malformed => ProxyHeader::Malformed,
    }
}
