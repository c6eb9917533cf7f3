//! HTTP as data, with Werkzeug's semantics over the [`http`] crate's types. No sockets, no application.
#![forbid(unsafe_code)]

pub mod conditional;
pub mod cookie;
pub mod date;
pub mod headers;
pub mod host;
pub mod mime;
pub mod paths;
pub mod proxy;
pub mod url;

mod body;
mod error;
mod float;
pub mod form;
mod html;
mod idna;
mod multidict;
mod observe;
mod recycle;
mod request;
mod response;
mod service;
mod spool;
mod status;
mod upgrade;
mod upload;

pub use body::{Body, BodyError};
pub use error::{HttpError, HttpErrorKind, UnknownCode, error_codes};
pub use float::python_repr;
pub use form::Limits;
pub use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Version, header};
pub use multidict::MultiDict;
pub use observe::{LogUser, MatchedRoute, RequestId, is_secret_name, without_secrets};
pub use request::{BodyState, ConnectionInfo, PeerCertificate, Request};
pub use response::{HeaderError, Response, redirect};
pub use service::Service;
pub use spool::SpoolFolder;
pub use status::{InvalidStatus, ReasonPhrase, Status, status_name};
pub use upgrade::{Upgrade, Upgraded, Upgrading};
pub use upload::{FileReader, FileStorage, PartHeaders};
