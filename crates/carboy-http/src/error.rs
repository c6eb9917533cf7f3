//! HTTP errors as values: what Werkzeug has as a tree of exception classes.

use crate::Response;
use http::StatusCode;
use std::borrow::Cow;

/// An answer that is an error: a status, a text for the client, header fields.
///
/// It is a [`std::error::Error`], so `?` carries it out of a view; the application turns it into a page.
#[derive(Debug)]
pub struct HttpError {
    status: StatusCode,
    description: Option<Cow<'static, str>>,
    response: Option<Box<Response>>,
}

impl HttpError {
    /// The error of this status with Werkzeug's standard text.
    pub fn new(status: StatusCode) -> Self {
        HttpError { status, description: None, response: None }
    }

    /// The status code.
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// Replaces the text.
    pub fn with_description(mut self, text: impl Into<Cow<'static, str>>) -> Self {
        self.description = Some(text.into());
        self
    }
}

impl std::fmt::Display for HttpError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.status)
    }
}

impl std::error::Error for HttpError {}
