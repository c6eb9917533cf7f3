//! Signing values other than bytes (`itsdangerous.serializer`).

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::error::{Detail, Error, ErrorKind, InvalidSeparator, Result};
use crate::json::{self, JsonStyle};
use crate::signer::{Digest, KeyDerivation, SecretKeys, Signer};

/// Turns values into the bytes that are signed.
pub trait Encode<T: ?Sized> {
    /// Appends the bytes of `value` to `out`; [`Error::unserializable`] says why it cannot.
    fn encode(&self, value: &T, out: &mut Vec<u8>) -> Result<()>;
}

/// Turns signed bytes back into values.
pub trait Decode<T> {
    /// Reads a value; [`Error::bad_payload`] says why it cannot.
    fn decode(&self, payload: &[u8]) -> Result<T>;
}

/// JSON as Python's `json` module writes it: `", "` and `": "`, ASCII only. What [`Serializer`] uses.
#[derive(Clone, Copy, Debug, Default)]
pub struct PlainJson;

/// JSON without blanks and with UTF-8 as it is. What the URL-safe serializers use.
#[derive(Clone, Copy, Debug, Default)]
pub struct CompactJson;

const PLAIN: JsonStyle = JsonStyle { sort_keys: false, ensure_ascii: true, compact: false, indent: None };
const COMPACT: JsonStyle = JsonStyle { sort_keys: false, ensure_ascii: false, compact: true, indent: None };

impl<T: Serialize + ?Sized> Encode<T> for PlainJson {
    fn encode(&self, value: &T, out: &mut Vec<u8>) -> Result<()> {
        json::write(value, &PLAIN, out).map_err(Error::unserializable)
    }
}

impl<T: Serialize + ?Sized> Encode<T> for CompactJson {
    fn encode(&self, value: &T, out: &mut Vec<u8>) -> Result<()> {
        json::write(value, &COMPACT, out).map_err(Error::unserializable)
    }
}

impl<T: DeserializeOwned> Decode<T> for PlainJson {
    fn decode(&self, payload: &[u8]) -> Result<T> {
        serde_json::from_slice(payload).map_err(Error::bad_payload)
    }
}

impl<T: DeserializeOwned> Decode<T> for CompactJson {
    fn decode(&self, payload: &[u8]) -> Result<T> {
        serde_json::from_slice(payload).map_err(Error::bad_payload)
    }
}

/// Signs values that a codec turns into bytes.
///
/// ```
/// use carboy_signing::Serializer;
///
/// let serializer: Serializer = Serializer::new("secret-key");
/// let token = serializer.dumps(&serde_json::json!({"id": 5, "name": "é"}))?;
/// assert_eq!(token, r#"{"id": 5, "name": "\u00e9"}.pbC-fjIBlc-G5d1GuhDEyrqsVcM"#);
/// # Ok::<(), carboy_signing::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Serializer<C = PlainJson> {
    signer: Signer,
    fallbacks: Vec<Signer>,
    codec: C,
}

impl<C: Default> Serializer<C> {
    /// A serializer with ItsDangerous's defaults; its salt is `itsdangerous`.
    pub fn new(keys: impl Into<SecretKeys>) -> Self {
        Self::with_codec(keys, C::default())
    }
}

impl<C> Serializer<C> {
    /// The salt of a serializer that was given none.
    pub const DEFAULT_SALT: &'static [u8] = b"itsdangerous";

    /// A serializer with a codec of its own.
    pub fn with_codec(keys: impl Into<SecretKeys>, codec: C) -> Self {
        let signer = Signer::new(keys).with_salt(Self::DEFAULT_SALT);
        Self { signer, fallbacks: Vec::new(), codec }
    }

    /// Signs with another salt; fallback signers verify with it too.
    #[must_use]
    pub fn with_salt(self, salt: impl AsRef<[u8]>) -> Self {
        let salt = salt.as_ref();
        self.changed(|signer| signer.with_salt(salt))
    }

    /// Signs and verifies with another key derivation.
    #[must_use]
    pub fn with_key_derivation(mut self, derivation: KeyDerivation) -> Self {
        self.signer = self.signer.with_key_derivation(derivation);
        self
    }

    /// Signs and verifies with another hash function.
    #[must_use]
    pub fn with_digest(mut self, digest: Digest) -> Self {
        self.signer = self.signer.with_digest(digest);
        self
    }

    /// Signs and verifies with another separator.
    pub fn with_separator(mut self, separator: impl AsRef<[u8]>) -> Result<Self, InvalidSeparator> {
        let separator = separator.as_ref();
        self.signer = self.signer.with_separator(separator)?;
        for fallback in &mut self.fallbacks {
            *fallback = fallback.with_separator(separator)?;
        }
        Ok(self)
    }

    /// Also accepts tokens signed with this hash function and key derivation, to move from one to another.
    #[must_use]
    pub fn with_fallback(mut self, digest: Digest, derivation: KeyDerivation) -> Self {
        self.fallbacks.push(self.signer.with_digest(digest).with_key_derivation(derivation));
        self
    }

    fn changed(mut self, change: impl Fn(&Signer) -> Signer) -> Self {
        self.signer = change(&self.signer);
        self.fallbacks.iter_mut().for_each(|fallback| *fallback = change(fallback));
        self
    }

    /// The signer that signs.
    pub fn signer(&self) -> &Signer {
        &self.signer
    }

    /// All signers that verify, in the order in which they are tried.
    pub(crate) fn unsigners(&self) -> impl Iterator<Item = &Signer> {
        std::iter::once(&self.signer).chain(&self.fallbacks)
    }

    /// The codec.
    pub fn codec(&self) -> &C {
        &self.codec
    }

    /// The codec, to be changed.
    pub(crate) fn codec_mut(&mut self) -> &mut C {
        &mut self.codec
    }

    /// A value as a signed token.
    pub fn dumps<T: ?Sized>(&self, value: &T) -> Result<String>
    where
        C: Encode<T>,
    {
        let mut out = Vec::with_capacity(128);
        self.codec.encode(value, &mut out)?;
        self.signer.sign_in_place(&mut out);
        into_text(out)
    }

    /// The value of a token whose signature must match.
    pub fn loads<T>(&self, token: impl AsRef<[u8]>) -> Result<T>
    where
        C: Decode<T>,
    {
        self.codec.decode(self.unsign(token.as_ref())?)
    }

    fn unsign<'t>(&self, token: &'t [u8]) -> Result<&'t [u8]> {
        first_success(self.unsigners().map(|signer| signer.unsign(token)))
    }

    /// Whether the signature matches, and the value if it can be read even so. For debugging: do not trust the value.
    pub fn loads_unsafe<T>(&self, token: impl AsRef<[u8]>) -> (bool, Option<T>)
    where
        C: Decode<T>,
    {
        match self.unsign(token.as_ref()) {
            Ok(payload) => read_unsafe(&self.codec, payload),
            Err(error) => (false, error.payload().and_then(|payload| self.codec.decode(payload).ok())),
        }
    }
}

/// What an unsafe load gives for a payload whose signature matches: an unreadable one counts as not signed.
pub(crate) fn read_unsafe<T, C: Decode<T>>(codec: &C, payload: &[u8]) -> (bool, Option<T>) {
    match codec.decode(payload) {
        Ok(value) => (true, Some(value)),
        Err(_) => (false, None),
    }
}

/// The first success, or the last failure; an expired signature ends the search, because its key was the right one.
pub(crate) fn first_success<T>(attempts: impl Iterator<Item = Result<T>>) -> Result<T> {
    let mut last = None;
    for attempt in attempts {
        match attempt {
            Err(error) if !error.is_expired() => last = Some(error),
            ended => return ended,
        }
    }
    Err(last.unwrap_or_else(|| Error::new(ErrorKind::BadSignature, Detail::Mismatch(Vec::new()))))
}

pub(crate) fn into_text(token: Vec<u8>) -> Result<String> {
    String::from_utf8(token).map_err(Error::unserializable)
}
