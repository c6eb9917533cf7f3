//! Why a token or a key is not good.

use std::{borrow::Cow, fmt};

/// What is wrong with a token, or with the keys that should sign or verify it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum JwtErrorKind {
    /// It is no token: not three parts of unpadded base64url, no JSON objects inside, a name that stands there twice.
    Malformed,
    /// The token, or its header, is longer than the limit.
    TooLarge,
    /// `alg` is `none`, unknown, or not the algorithm of the key.
    Algorithm,
    /// `crit` asks for something that must be understood, and nothing of the kind is.
    Critical,
    /// `typ` says that it is a token for something else, such as a refresh token.
    Type,
    /// No key has the token's `kid`.
    UnknownKey,
    /// The signature is not that of the key.
    Signature,
    /// `exp` is past.
    Expired,
    /// `nbf` or `iat` is still to come.
    Immature,
    /// `iss` is not who is expected.
    Issuer,
    /// `aud` names somebody else.
    Audience,
    /// This claim is needed and not there.
    MissingClaim(&'static str),
    /// This claim is there and not of its type.
    InvalidClaim(Cow<'static, str>),
    /// The token was taken back.
    Revoked,
    /// A refresh token was used a second time: it may be stolen, so all its successors were revoked too.
    Reused,
    /// A key cannot be used, or the extension has none; the text says what to do.
    Key(String),
    /// Whatever remembers refresh tokens or revocations did not answer.
    Store(String),
}

/// A token that is refused, or a key that cannot be used. It is shown as a sentence without anything of the token or the key in it.
///
/// In the words of RFC 6750 all but [`Key`](JwtErrorKind::Key) and [`Store`](JwtErrorKind::Store) are an `invalid_token`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JwtError(JwtErrorKind);

impl JwtError {
    /// What is wrong.
    pub fn kind(&self) -> &JwtErrorKind {
        &self.0
    }

    /// Whether the token is to blame, and not this side's keys or stores.
    pub fn is_token(&self) -> bool {
        !matches!(self.0, JwtErrorKind::Key(_) | JwtErrorKind::Store(_))
    }

    pub(super) fn key(sentence: impl Into<String>) -> Self {
        JwtErrorKind::Key(sentence.into()).into()
    }

    pub(super) fn store(error: impl fmt::Display) -> Self {
        JwtErrorKind::Store(error.to_string()).into()
    }
}

impl From<JwtErrorKind> for JwtError {
    fn from(kind: JwtErrorKind) -> Self {
        JwtError(kind)
    }
}

impl fmt::Display for JwtError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match &self.0 {
            JwtErrorKind::Malformed => "the token is malformed",
            JwtErrorKind::TooLarge => "the token is too large",
            JwtErrorKind::Algorithm => "the token's algorithm is not that of the key",
            JwtErrorKind::Critical => "the token has critical header fields that are not understood",
            JwtErrorKind::Type => "the token is for something else",
            JwtErrorKind::UnknownKey => "the token's key is not known",
            JwtErrorKind::Signature => "the token's signature is wrong",
            JwtErrorKind::Expired => "the token has expired",
            JwtErrorKind::Immature => "the token is not valid yet",
            JwtErrorKind::Issuer => "the token's issuer is not the expected one",
            JwtErrorKind::Audience => "the token's audience is somebody else",
            JwtErrorKind::MissingClaim(name) => return write!(f, "the token lacks the claim '{name}'"),
            JwtErrorKind::InvalidClaim(name) => {
                return write!(f, "the token's claim '{name}' is not of its type");
            }
            JwtErrorKind::Revoked => "the token was revoked",
            JwtErrorKind::Reused => "the refresh token was used before",
            JwtErrorKind::Key(sentence) => sentence,
            JwtErrorKind::Store(sentence) => {
                return write!(f, "what remembers tokens did not answer: {sentence}");
            }
        })
    }
}

impl std::error::Error for JwtError {}
