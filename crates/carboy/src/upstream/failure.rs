//! Why an upstream gave no answer.

use carboy_http::{HttpError, StatusCode};
use std::fmt;

/// What went wrong between this app and its upstream.
#[derive(Debug)]
pub(super) enum Failure {
    /// There is no connection to be had.
    Unreachable(std::io::Error),
    /// The connection took too long.
    ConnectTimeout,
    /// The head of the answer did not come in time.
    ResponseTimeout,
    /// The connection ended, or what came was no answer.
    Broken(hyper::Error),
    /// Another protocol than was asked for.
    Unasked,
    /// The request has come through too many proxies of this kind.
    Loop,
    /// The upstream was given an address that is none.
    Address(String),
    /// The client's own fault: its body broke off.
    Client(HttpError),
}

impl Failure {
    /// Whether a connection that had been idle turned out to be dead.
    pub(super) fn is_dead_connection(&self) -> bool {
        matches!(self, Failure::Broken(error) if !error.is_user() && !error.is_parse() && !error.is_timeout())
    }

    /// The error that the app's handlers see: 504 when time ran out, 502 for everything else.
    pub(super) fn into_http(self, upstream: &str) -> HttpError {
        let status = match self {
            Failure::Client(error) => return error,
            Failure::ConnectTimeout | Failure::ResponseTimeout => StatusCode::GATEWAY_TIMEOUT,
            _ => StatusCode::BAD_GATEWAY,
        };
        let sentence = format!("the upstream {upstream} {self}");
        tracing::error!(target: "carboy::upstream", "{sentence}");
        HttpError::new(status).with_source(sentence)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Failure::Unreachable(error) => write!(f, "cannot be reached: {error}"),
            Failure::ConnectTimeout => f.write_str("does not take the connection in time"),
            Failure::ResponseTimeout => f.write_str("does not answer in time"),
            Failure::Broken(error) => {
                write!(f, "gave no answer: {error}")?;
                match std::error::Error::source(error) {
                    Some(source) => write!(f, ": {source}"),
                    None => Ok(()),
                }
            }
            Failure::Unasked => f.write_str("changed the protocol without being asked"),
            Failure::Loop => f.write_str("leads back to this app"),
            Failure::Address(sentence) => write!(f, "has no address: {sentence}"),
            Failure::Client(error) => write!(f, "was not given the whole request: {error}"),
        }
    }
}
