//! The algorithms of signatures (RFC 7518 section 3, RFC 8037).

use super::error::{JwtError, JwtErrorKind};
use std::{fmt, str::FromStr};

/// How a token is signed. It belongs to the key, never to the token: a token that names another one is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Algorithm {
    /// Ed25519 (RFC 8037): small keys, small signatures, fast. The one to choose.
    EdDSA,
    /// ECDSA with P-256 and SHA-256.
    ES256,
    /// RSASSA-PKCS1-v1_5 with SHA-256, for those who verify nothing else.
    RS256,
    /// HMAC with SHA-256: whoever can verify can sign, so it is for tokens that one party both writes and reads.
    HS256,
}

impl Algorithm {
    /// The name in the `alg` field.
    pub fn name(self) -> &'static str {
        match self {
            Algorithm::EdDSA => "EdDSA",
            Algorithm::ES256 => "ES256",
            Algorithm::RS256 => "RS256",
            Algorithm::HS256 => "HS256",
        }
    }

    /// Whether the key that verifies is also the key that signs.
    pub fn is_symmetric(self) -> bool {
        self == Algorithm::HS256
    }

    pub(super) fn library(self) -> jsonwebtoken::Algorithm {
        match self {
            Algorithm::EdDSA => jsonwebtoken::Algorithm::EdDSA,
            Algorithm::ES256 => jsonwebtoken::Algorithm::ES256,
            Algorithm::RS256 => jsonwebtoken::Algorithm::RS256,
            Algorithm::HS256 => jsonwebtoken::Algorithm::HS256,
        }
    }
}

impl fmt::Display for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Algorithm {
    type Err = JwtError;

    /// Reads a name as it stands in `alg`, letter for letter. `none` is no algorithm.
    fn from_str(name: &str) -> Result<Self, JwtError> {
        [Algorithm::EdDSA, Algorithm::ES256, Algorithm::RS256, Algorithm::HS256]
            .into_iter()
            .find(|algorithm| algorithm.name() == name)
            .ok_or_else(|| JwtErrorKind::Algorithm.into())
    }
}
