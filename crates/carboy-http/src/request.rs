//! A request: its head, where it came from, and its body until somebody takes it.

use crate::Body;
use http::{HeaderMap, Method, Uri, Version, request::Parts};
use std::{net::SocketAddr, sync::Mutex};

/// How a request reached the server.
#[derive(Debug, Clone, Default)]
pub struct ConnectionInfo {
    /// The peer's address; `None` on a Unix socket and in tests that do not set it.
    pub remote_addr: Option<SocketAddr>,
    /// The address that the connection was accepted on.
    pub local_addr: Option<SocketAddr>,
    /// Whether the connection itself is encrypted.
    pub is_secure: bool,
}

/// One HTTP request.
///
/// Everything but the mount point is read through shared references, so that a request can be shared
/// by whatever code runs while it is answered; the body is taken out once.
#[derive(Debug)]
pub struct Request {
    parts: Parts,
    connection: ConnectionInfo,
    script_root: String,
    body: Mutex<Option<Body>>,
}

impl Request {
    /// A request from its head, its connection and its body.
    pub fn new(parts: Parts, connection: ConnectionInfo, body: Body) -> Self {
        Request { parts, connection, script_root: String::new(), body: Mutex::new(Some(body)) }
    }

    /// The request method.
    pub fn method(&self) -> &Method {
        &self.parts.method
    }

    /// The target as it came in.
    pub fn uri(&self) -> &Uri {
        &self.parts.uri
    }

    /// The protocol version.
    pub fn version(&self) -> Version {
        self.parts.version
    }

    /// The header fields.
    pub fn headers(&self) -> &HeaderMap {
        &self.parts.headers
    }

    /// The header fields, for middleware that changes them before the app sees the request.
    pub fn headers_mut(&mut self) -> &mut HeaderMap {
        &mut self.parts.headers
    }

    /// How the request reached the server.
    pub fn connection(&self) -> &ConnectionInfo {
        &self.connection
    }

    /// Takes the body out; `None` when it was taken before.
    pub fn take_body(&self) -> Option<Body> {
        self.body.lock().unwrap_or_else(|e| e.into_inner()).take()
    }
}

impl From<http::Request<Body>> for Request {
    fn from(request: http::Request<Body>) -> Self {
        let (mut parts, body) = request.into_parts();
        let connection = parts.extensions.remove::<ConnectionInfo>().unwrap_or_default();
        Request::new(parts, connection, body)
    }
}

impl From<Request> for http::Request<Body> {
    fn from(request: Request) -> Self {
        let body = request.body.into_inner().unwrap_or_else(|e| e.into_inner()).unwrap_or_default();
        let mut parts = request.parts;
        parts.extensions.insert(request.connection);
        http::Request::from_parts(parts, body)
    }
}
