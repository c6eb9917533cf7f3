//! HTTP as data, with Werkzeug's semantics over the [`http`] crate's types. No sockets, no application.

mod body;
mod error;
mod request;
mod response;
mod service;

pub use body::{Body, BodyError};
pub use error::HttpError;
pub use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Version, header};
pub use request::{ConnectionInfo, Request};
pub use response::Response;
pub use service::Service;
