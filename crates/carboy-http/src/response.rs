//! A response: status, header fields, body.

use crate::Body;
use http::{HeaderMap, StatusCode};

/// One HTTP response.
#[derive(Debug)]
pub struct Response(http::Response<Body>);

impl Response {
    /// A response with status 200, no header fields and this body.
    pub fn new(body: impl Into<Body>) -> Self {
        Response(http::Response::new(body.into()))
    }

    /// The status.
    pub fn status(&self) -> StatusCode {
        self.0.status()
    }

    /// Changes the status.
    pub fn set_status(&mut self, status: StatusCode) -> &mut Self {
        *self.0.status_mut() = status;
        self
    }

    /// The header fields.
    pub fn headers(&self) -> &HeaderMap {
        self.0.headers()
    }

    /// The header fields, to change them.
    pub fn headers_mut(&mut self) -> &mut HeaderMap {
        self.0.headers_mut()
    }

    /// The body.
    pub fn body(&self) -> &Body {
        self.0.body()
    }

    /// The body, to replace it.
    pub fn body_mut(&mut self) -> &mut Body {
        self.0.body_mut()
    }
}

impl From<http::Response<Body>> for Response {
    fn from(response: http::Response<Body>) -> Self {
        Response(response)
    }
}

impl From<Response> for http::Response<Body> {
    fn from(response: Response) -> Self {
        response.0
    }
}
