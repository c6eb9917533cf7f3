//! ItsDangerous: signed, timed and URL-safe tokens that the Python package reads, and reads that package's tokens.
//!
//! The modules mirror the Python package, each built on the one before it:
//! `encoding` ← [`Signer`] ← [`Serializer`] ← [`TimestampSigner`] and [`TimedSerializer`] ← [`UrlSafe`].
//! This crate knows bytes, JSON and the time, and nothing of HTTP.
//!
//! ```
//! use carboy_signing::UrlSafeTimedSerializer;
//! use std::time::Duration;
//!
//! let tokens = UrlSafeTimedSerializer::new("secret-key").with_salt("activate");
//! let token = tokens.dumps(&serde_json::json!({"id": 5}))?;
//! let value: serde_json::Value = tokens.loads(&token, Some(Duration::from_secs(3600)))?;
//! assert_eq!(value["id"], 5);
//! # Ok::<(), carboy_signing::Error>(())
//! ```
//!
//! Keys are derived once, when a signer is made; signing or verifying then costs one HMAC. Make serializers once
//! and keep them.
#![forbid(unsafe_code)]

mod clock;
mod encoding;
mod error;
pub mod json;
mod serializer;
mod signer;
mod timed;
mod url_safe;

pub use clock::Clock;
pub use encoding::{base64_decode, base64_encode};
pub use error::{Error, ErrorKind, InvalidSeparator, Result};
pub use serializer::{CompactJson, Decode, Encode, PlainJson, Serializer};
pub use signer::{Digest, KeyDerivation, SecretKeys, Signer};
pub use timed::{TimedSerializer, TimestampSigner};
pub use url_safe::{DEFAULT_INFLATE_LIMIT, UrlSafe, UrlSafeSerializer, UrlSafeTimedSerializer};
