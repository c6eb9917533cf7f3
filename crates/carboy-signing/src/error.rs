//! What may be wrong with a token, with ItsDangerous's messages.

use std::error::Error as StdError;
use std::fmt::{self, Write};
use std::time::SystemTime;

/// A result whose error is a refused token.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// The classes of failure, named as ItsDangerous's exceptions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// Bytes that are no base64, or a value that cannot be serialised.
    BadData,
    /// The signature is missing or does not match.
    BadSignature,
    /// The signature or the timestamp of a timed token is wrong.
    BadTimeSignature,
    /// The signature is right and too old, or from the future.
    SignatureExpired,
    /// The header of a signed value is wrong. Nothing in this crate has a header; formats built on it may.
    BadHeader,
    /// The signature is right and what was signed cannot be read. Not a [`BadSignature`](Self::BadSignature).
    BadPayload,
}

/// Why a token was refused. Displays as the message ItsDangerous gives.
#[derive(Debug)]
pub struct Error(Box<Inner>);

#[derive(Debug)]
struct Inner {
    kind: ErrorKind,
    detail: Detail,
    payload: Option<Vec<u8>>,
    date_signed: Option<SystemTime>,
    source: Option<Box<dyn StdError + Send + Sync>>,
}

#[derive(Debug)]
pub(crate) enum Detail {
    NoSeparator(Vec<u8>),
    Mismatch(Vec<u8>),
    TimestampMissing,
    TimestampMalformed,
    TooOld { age: u64, max_age: u64 },
    Future { ahead: u64 },
    NoBase64,
    PayloadNoBase64,
    PayloadNoZlib,
    PayloadUnreadable,
    Unserializable,
    Message(String),
}

impl Error {
    pub(crate) fn new(kind: ErrorKind, detail: Detail) -> Self {
        Self(Box::new(Inner { kind, detail, payload: None, date_signed: None, source: None }))
    }

    pub(crate) fn with_payload(mut self, payload: &[u8]) -> Self {
        self.0.payload = Some(payload.to_vec());
        self
    }

    fn with_source(mut self, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        self.0.source = Some(source.into());
        self
    }

    /// The same failure, seen by a signer that knows the time: payload without timestamp, and when it was signed.
    pub(crate) fn into_timed(mut self, payload: &[u8], date_signed: Option<SystemTime>) -> Self {
        self.0.kind = ErrorKind::BadTimeSignature;
        self.0.payload = Some(payload.to_vec());
        self.0.date_signed = date_signed;
        self
    }

    pub(crate) fn expired(detail: Detail, payload: &[u8], date_signed: SystemTime) -> Self {
        let mut error = Self::new(ErrorKind::SignatureExpired, detail).with_payload(payload);
        error.0.date_signed = Some(date_signed);
        error
    }

    pub(crate) fn bad_base64(source: base64::DecodeError) -> Self {
        Self::new(ErrorKind::BadData, Detail::NoBase64).with_source(source)
    }

    pub(crate) fn payload_no_base64(source: Self) -> Self {
        Self::new(ErrorKind::BadPayload, Detail::PayloadNoBase64).with_source(source)
    }

    pub(crate) fn payload_no_zlib(source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Self::new(ErrorKind::BadPayload, Detail::PayloadNoZlib).with_source(source)
    }

    /// The error for a payload that was signed and cannot be read; `source` says what is wrong with it.
    pub fn bad_payload(source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Self::new(ErrorKind::BadPayload, Detail::PayloadUnreadable).with_source(source)
    }

    /// The error for a value that cannot be serialised; `source` says why.
    pub fn unserializable(source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Self::new(ErrorKind::BadData, Detail::Unserializable).with_source(source)
    }

    /// The error for a wrong header of a signed value.
    pub fn bad_header(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::BadHeader, Detail::Message(message.into()))
    }

    /// Which class of failure this is.
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// Whether Python would raise `BadSignature` or one of its subclasses: everything but bad data and bad payloads.
    pub fn is_bad_signature(&self) -> bool {
        !matches!(self.0.kind, ErrorKind::BadData | ErrorKind::BadPayload)
    }

    /// Whether the signature is right and its age is not.
    pub fn is_expired(&self) -> bool {
        self.0.kind == ErrorKind::SignatureExpired
    }

    /// The bytes whose signature was refused. Whoever sent the token wrote them: look, do not trust.
    pub fn payload(&self) -> Option<&[u8]> {
        self.0.payload.as_deref()
    }

    /// When the token says it was signed; to be believed only if [`is_expired`](Self::is_expired).
    pub fn date_signed(&self) -> Option<SystemTime> {
        self.0.date_signed
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0.detail {
            Detail::NoSeparator(separator) => write!(f, "No {} found in value", BytesRepr(separator)),
            Detail::Mismatch(signature) => write!(f, "Signature {} does not match", BytesRepr(signature)),
            Detail::TimestampMissing => f.write_str("timestamp missing"),
            Detail::TimestampMalformed => f.write_str("Malformed timestamp"),
            Detail::TooOld { age, max_age } => write!(f, "Signature age {age} > {max_age} seconds"),
            Detail::Future { ahead } => write!(f, "Signature age -{ahead} < 0 seconds"),
            Detail::NoBase64 => f.write_str("Invalid base64-encoded data"),
            Detail::PayloadNoBase64 => {
                f.write_str("Could not base64 decode the payload because of an exception")
            }
            Detail::PayloadNoZlib => {
                f.write_str("Could not zlib decompress the payload before decoding the payload")
            }
            Detail::PayloadUnreadable => f.write_str(
                "Could not load the payload because an exception occurred on unserializing the data.",
            ),
            Detail::Unserializable => f.write_str("Could not serialize the value"),
            Detail::Message(message) => f.write_str(message),
        }
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.0.source.as_deref().map(|source| source as _)
    }
}

/// Bytes as Python's `repr` shows them.
struct BytesRepr<'a>(&'a [u8]);

impl fmt::Display for BytesRepr<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let quote = if self.0.contains(&b'\'') && !self.0.contains(&b'"') { '"' } else { '\'' };
        write!(f, "b{quote}")?;
        for &byte in self.0 {
            match byte {
                b'\\' => f.write_str("\\\\")?,
                b'\t' => f.write_str("\\t")?,
                b'\n' => f.write_str("\\n")?,
                b'\r' => f.write_str("\\r")?,
                b' '..=b'~' if char::from(byte) == quote => write!(f, "\\{quote}")?,
                b' '..=b'~' => f.write_char(char::from(byte))?,
                _ => write!(f, "\\x{byte:02x}")?,
            }
        }
        f.write_char(quote)
    }
}

/// The given separator could be a part of a signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvalidSeparator;

impl fmt::Display for InvalidSeparator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "The given separator cannot be used because it may be contained in the signature itself. \
             ASCII letters, digits, and '-_=' must not be used.",
        )
    }
}

impl StdError for InvalidSeparator {}
