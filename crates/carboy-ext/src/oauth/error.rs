//! What goes wrong between an app and a provider.

use crate::jwt::JwtError;
use carboy::{Error, HttpError, StatusCode};
use std::fmt;

/// Why a login, or a call to a provider, failed.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum OAuthErrorKind {
    /// 400: the browser comes back from a login that it did not begin here, or began too long ago.
    State,
    /// 400: the answer to a login comes from another provider than the one that it was begun with (RFC 9207).
    Mixup,
    /// The provider refused, with its code and what it says about it: `access_denied` when the user said no (403); another code of the
    /// authorization endpoint is a 400, one of another endpoint a 502, but for `invalid_grant`, which is a 400.
    Refused {
        /// The code, such as `access_denied` (RFC 6749 sections 4.1.2.1 and 5.2).
        error: String,
        /// A sentence for developers; it may be empty.
        description: String,
    },
    /// 502: the provider cannot be reached, or answers with a status or a body that makes no sense.
    Unavailable(String),
    /// 504: the provider takes too long.
    Timeout,
    /// 502: the ID token is not good.
    IdToken(JwtError),
    /// 502: what the ID token says of the login is not what was asked for: its nonce, its party, its access token, its subject.
    Claim(&'static str),
    /// 500: the provider is not set up, or it has no such endpoint; the text says what to do.
    Config(String),
}

/// An error of a provider, or of the way there.
///
/// It is answered with a status that belongs to it; handlers for the status or for this type (`errorhandler_for::<OAuthError, _, _>`) answer in the app's own
/// words. Neither codes nor tokens are part of its text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OAuthError {
    provider: String,
    kind: OAuthErrorKind,
}

impl OAuthError {
    pub(super) fn new(provider: &str, kind: OAuthErrorKind) -> Self {
        OAuthError { provider: provider.to_owned(), kind }
    }

    /// The name that the provider is registered under.
    pub fn provider(&self) -> &str {
        &self.provider
    }

    /// What went wrong.
    pub fn kind(&self) -> &OAuthErrorKind {
        &self.kind
    }

    /// The code of the provider, if it was the provider that refused.
    pub fn code(&self) -> Option<&str> {
        match &self.kind {
            OAuthErrorKind::Refused { error, .. } => Some(error),
            _ => None,
        }
    }

    /// Whether the user said no.
    pub fn is_denied(&self) -> bool {
        self.code() == Some("access_denied")
    }

    /// The status, for what was refused at the authorization endpoint when `front` is set.
    fn status(&self, front: bool) -> StatusCode {
        match &self.kind {
            OAuthErrorKind::State | OAuthErrorKind::Mixup => StatusCode::BAD_REQUEST,
            OAuthErrorKind::Refused { error, .. } => match (error.as_str(), front) {
                ("access_denied", _) => StatusCode::FORBIDDEN,
                ("invalid_grant", _) | (_, true) => StatusCode::BAD_REQUEST,
                _ => StatusCode::BAD_GATEWAY,
            },
            OAuthErrorKind::Timeout => StatusCode::GATEWAY_TIMEOUT,
            OAuthErrorKind::Config(_) => StatusCode::INTERNAL_SERVER_ERROR,
            _ => StatusCode::BAD_GATEWAY,
        }
    }

    /// What the user is told.
    fn description(&self) -> &'static str {
        match &self.kind {
            OAuthErrorKind::State => {
                "This login was not begun in this browser, or too long ago. Please begin again."
            }
            OAuthErrorKind::Mixup => "The login came back from another provider. Please begin again.",
            OAuthErrorKind::Refused { .. } if self.is_denied() => "The login was cancelled.",
            OAuthErrorKind::Refused { .. } => "The provider refused the login.",
            OAuthErrorKind::Timeout | OAuthErrorKind::Unavailable(_) => {
                "The provider does not answer at the moment. Please try again later."
            }
            _ => "The login failed.",
        }
    }

    /// The error as it leaves a view. An error of this side is a plain one, so that it is logged with its sentence.
    pub(super) fn raise(self, front: bool) -> Error {
        if matches!(self.kind, OAuthErrorKind::Config(_)) {
            return self.into();
        }
        match self.status(front) {
            status if status.is_server_error() => tracing::warn!(target: "carboy::oauth", "{self}"),
            _ => tracing::info!(target: "carboy::oauth", "{self}"),
        }
        let answer = HttpError::new(self.status(front)).with_description(self.description());
        Error::with_http(self, answer)
    }
}

impl fmt::Display for OAuthError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.provider)?;
        match &self.kind {
            OAuthErrorKind::State => f.write_str("the state of the login is not known"),
            OAuthErrorKind::Mixup => f.write_str("the answer comes from another issuer"),
            OAuthErrorKind::Refused { error, description } if description.is_empty() => {
                write!(f, "the provider refuses: {error}")
            }
            OAuthErrorKind::Refused { error, description } => {
                write!(f, "the provider refuses: {error}: {description}")
            }
            OAuthErrorKind::Unavailable(why) => write!(f, "the provider cannot be asked: {why}"),
            OAuthErrorKind::Timeout => f.write_str("the provider takes too long"),
            OAuthErrorKind::IdToken(error) => write!(f, "the ID token is refused: {error}"),
            OAuthErrorKind::Claim(what) => write!(f, "the ID token is refused: {what}"),
            OAuthErrorKind::Config(sentence) => f.write_str(sentence),
        }
    }
}

impl std::error::Error for OAuthError {}
