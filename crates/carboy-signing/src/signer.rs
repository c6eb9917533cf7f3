//! Signing bytes and taking the signature off again (`itsdangerous.signer`).

use std::fmt;
use std::sync::Arc;

use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;
use sha2::{Sha256, Sha512};

use crate::encoding::{base64_append, base64_decode};
use crate::error::{Detail, Error, ErrorKind, InvalidSeparator, Result};

/// The hash function inside the HMAC and the key derivation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Digest {
    /// SHA-1, ItsDangerous's default. Its collisions do not weaken an HMAC.
    #[default]
    Sha1,
    /// SHA-256.
    Sha256,
    /// SHA-512.
    Sha512,
}

/// How the signing key is made from the secret key and the salt.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum KeyDerivation {
    /// `hash(salt + secret)`.
    Concat,
    /// `hash(salt + "signer" + secret)`, ItsDangerous's default.
    #[default]
    DjangoConcat,
    /// `HMAC(secret, salt)`, what Flask's sessions use.
    Hmac,
    /// The secret key as it is; the salt has no effect.
    None,
}

/// One or several secret keys: the newest signs, all of them verify.
///
/// Text stands for its UTF-8 bytes.
#[derive(Clone, PartialEq, Eq)]
pub struct SecretKeys(Vec<Vec<u8>>);

impl SecretKeys {
    /// A single key.
    pub fn new(key: impl AsRef<[u8]>) -> Self {
        Self(vec![key.as_ref().to_vec()])
    }

    /// Keys from oldest to newest, as ItsDangerous takes them: the last one signs. `None` without any key.
    pub fn rotated<K: AsRef<[u8]>>(oldest_to_newest: impl IntoIterator<Item = K>) -> Option<Self> {
        let keys: Vec<_> = oldest_to_newest.into_iter().map(|key| key.as_ref().to_vec()).collect();
        if keys.is_empty() { None } else { Some(Self(keys)) }
    }
}

impl fmt::Debug for SecretKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SecretKeys({} hidden)", self.0.len())
    }
}

impl From<&str> for SecretKeys {
    fn from(key: &str) -> Self {
        Self::new(key)
    }
}

impl From<String> for SecretKeys {
    fn from(key: String) -> Self {
        Self(vec![key.into_bytes()])
    }
}

impl From<&[u8]> for SecretKeys {
    fn from(key: &[u8]) -> Self {
        Self::new(key)
    }
}

impl From<Vec<u8>> for SecretKeys {
    fn from(key: Vec<u8>) -> Self {
        Self(vec![key])
    }
}

/// Signs bytes: `value + separator + base64(HMAC(derived key, value))`.
///
/// Cloning is cheap. Each `with_…` derives the keys anew, so make signers once and keep them.
///
/// ```
/// use carboy_signing::Signer;
///
/// let signer = Signer::new("secret-key");
/// assert_eq!(signer.sign("hello"), b"hello.GIG_I5genEs4rf1bcDRWLO8Yso4");
/// assert_eq!(signer.unsign("hello.GIG_I5genEs4rf1bcDRWLO8Yso4")?, b"hello");
/// # Ok::<(), carboy_signing::Error>(())
/// ```
#[derive(Clone)]
pub struct Signer {
    parameters: Arc<Parameters>,
    /// Ready HMAC states, newest key first.
    states: Arc<[State]>,
}

#[derive(Clone)]
struct Parameters {
    keys: SecretKeys,
    salt: Vec<u8>,
    separator: Vec<u8>,
    derivation: KeyDerivation,
    digest: Digest,
}

impl Signer {
    /// The salt of a signer that was given none.
    pub const DEFAULT_SALT: &'static [u8] = b"itsdangerous.Signer";

    /// A signer with ItsDangerous's defaults: its salt, `.`, django-concat, SHA-1.
    pub fn new(keys: impl Into<SecretKeys>) -> Self {
        Self::with_parameters(Parameters {
            keys: keys.into(),
            salt: Self::DEFAULT_SALT.to_vec(),
            separator: b".".to_vec(),
            derivation: KeyDerivation::default(),
            digest: Digest::default(),
        })
    }

    fn with_parameters(parameters: Parameters) -> Self {
        let state = |key: &Vec<u8>| State::new(parameters.digest, &parameters.derive(key));
        let states = parameters.keys.0.iter().rev().map(state).collect();
        Self { parameters: Arc::new(parameters), states }
    }

    fn changed(&self, change: impl FnOnce(&mut Parameters)) -> Self {
        let mut parameters = Parameters::clone(&self.parameters);
        change(&mut parameters);
        Self::with_parameters(parameters)
    }

    /// The same signer for another purpose: a token of one salt is refused under every other.
    #[must_use]
    pub fn with_salt(&self, salt: impl AsRef<[u8]>) -> Self {
        self.changed(|parameters| parameters.salt = salt.as_ref().to_vec())
    }

    /// The same signer with another key derivation.
    #[must_use]
    pub fn with_key_derivation(&self, derivation: KeyDerivation) -> Self {
        self.changed(|parameters| parameters.derivation = derivation)
    }

    /// The same signer with another hash function.
    #[must_use]
    pub fn with_digest(&self, digest: Digest) -> Self {
        self.changed(|parameters| parameters.digest = digest)
    }

    /// The same signer with another separator, which needs a byte that no signature contains.
    pub fn with_separator(&self, separator: impl AsRef<[u8]>) -> Result<Self, InvalidSeparator> {
        let separator = separator.as_ref();
        let in_alphabet = |byte: &u8| byte.is_ascii_alphanumeric() || b"-_=".contains(byte);
        if separator.iter().all(in_alphabet) {
            return Err(InvalidSeparator);
        }
        Ok(self.changed(|parameters| parameters.separator = separator.to_vec()))
    }

    /// The key that signs, derived from the newest secret key and the salt.
    pub fn derived_key(&self) -> Vec<u8> {
        self.parameters.keys.0.last().map(|key| self.parameters.derive(key)).unwrap_or_default()
    }

    /// The bytes between value and signature.
    pub fn separator(&self) -> &[u8] {
        &self.parameters.separator
    }

    /// The signature of a value, as base64.
    pub fn signature(&self, value: impl AsRef<[u8]>) -> Vec<u8> {
        let mut out = Vec::with_capacity(88);
        self.states[0].sign(value.as_ref(), &mut out);
        out
    }

    /// The value with its signature.
    pub fn sign(&self, value: impl AsRef<[u8]>) -> Vec<u8> {
        let value = value.as_ref();
        let mut out = Vec::with_capacity(value.len() + self.separator().len() + 88);
        out.extend_from_slice(value);
        self.sign_in_place(&mut out);
        out
    }

    /// Appends separator and signature to the value in `out`.
    pub(crate) fn sign_in_place(&self, out: &mut Vec<u8>) {
        let value = out.len();
        out.extend_from_slice(self.separator());
        let mac = self.states[0].start(&out[..value]);
        mac.append(out);
    }

    /// Whether `signature` (base64) belongs to `value` under any of the keys; the newest is tried first.
    pub fn verify_signature(&self, value: impl AsRef<[u8]>, signature: impl AsRef<[u8]>) -> bool {
        let Ok(signature) = base64_decode(signature) else { return false };
        self.states.iter().any(|state| state.start(value.as_ref()).is(&signature))
    }

    /// The value without its signature, which must match. The last separator counts.
    pub fn unsign<'v>(&self, signed: &'v (impl AsRef<[u8]> + ?Sized)) -> Result<&'v [u8]> {
        let signed = signed.as_ref();
        let Some((value, signature)) = split_last(signed, self.separator()) else {
            return Err(Error::new(ErrorKind::BadSignature, Detail::NoSeparator(self.separator().to_vec())));
        };
        if self.verify_signature(value, signature) {
            return Ok(value);
        }
        Err(Error::new(ErrorKind::BadSignature, Detail::Mismatch(signature.to_vec())).with_payload(value))
    }

    /// Whether a signed value has a right signature.
    pub fn validate(&self, signed: impl AsRef<[u8]>) -> bool {
        self.unsign(&signed).is_ok()
    }
}

impl fmt::Debug for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Parameters { keys, salt, separator, derivation, digest } = &*self.parameters;
        f.debug_struct("Signer")
            .field("keys", keys)
            .field("salt", &String::from_utf8_lossy(salt))
            .field("separator", &String::from_utf8_lossy(separator))
            .field("derivation", derivation)
            .field("digest", digest)
            .finish()
    }
}

impl Parameters {
    fn derive(&self, secret: &[u8]) -> Vec<u8> {
        match self.derivation {
            KeyDerivation::Concat => self.hash(&[&self.salt, secret]),
            KeyDerivation::DjangoConcat => self.hash(&[&self.salt, b"signer", secret]),
            KeyDerivation::Hmac => State::new(self.digest, secret).start(&self.salt).finish(),
            KeyDerivation::None => secret.to_vec(),
        }
    }

    fn hash(&self, parts: &[&[u8]]) -> Vec<u8> {
        fn run<H: sha2::Digest>(parts: &[&[u8]]) -> Vec<u8> {
            parts.iter().fold(H::new(), |hash, part| hash.chain_update(part)).finalize().to_vec()
        }
        match self.digest {
            Digest::Sha1 => run::<Sha1>(parts),
            Digest::Sha256 => run::<Sha256>(parts),
            Digest::Sha512 => run::<Sha512>(parts),
        }
    }
}

/// An HMAC that has taken its key, so that a message costs no key set-up.
#[derive(Clone)]
#[allow(clippy::large_enum_variant, reason = "a few per process, kept in one allocation")]
enum State {
    Sha1(Hmac<Sha1>),
    Sha256(Hmac<Sha256>),
    Sha512(Hmac<Sha512>),
}

impl State {
    fn new(digest: Digest, key: &[u8]) -> Self {
        fn keyed<M: Mac + KeyInit>(key: &[u8]) -> M {
            <M as KeyInit>::new_from_slice(key).expect("an HMAC takes keys of every length")
        }
        match digest {
            Digest::Sha1 => Self::Sha1(keyed(key)),
            Digest::Sha256 => Self::Sha256(keyed(key)),
            Digest::Sha512 => Self::Sha512(keyed(key)),
        }
    }

    fn start(&self, message: &[u8]) -> Self {
        let mut state = self.clone();
        match &mut state {
            Self::Sha1(mac) => mac.update(message),
            Self::Sha256(mac) => mac.update(message),
            Self::Sha512(mac) => mac.update(message),
        }
        state
    }

    fn append(self, out: &mut Vec<u8>) {
        match self {
            Self::Sha1(mac) => base64_append(&mac.finalize().into_bytes(), out),
            Self::Sha256(mac) => base64_append(&mac.finalize().into_bytes(), out),
            Self::Sha512(mac) => base64_append(&mac.finalize().into_bytes(), out),
        }
    }

    fn sign(&self, message: &[u8], out: &mut Vec<u8>) {
        self.start(message).append(out);
    }

    fn finish(self) -> Vec<u8> {
        match self {
            Self::Sha1(mac) => mac.finalize().into_bytes().to_vec(),
            Self::Sha256(mac) => mac.finalize().into_bytes().to_vec(),
            Self::Sha512(mac) => mac.finalize().into_bytes().to_vec(),
        }
    }

    /// Compares in constant time.
    fn is(self, signature: &[u8]) -> bool {
        match self {
            Self::Sha1(mac) => mac.verify_slice(signature).is_ok(),
            Self::Sha256(mac) => mac.verify_slice(signature).is_ok(),
            Self::Sha512(mac) => mac.verify_slice(signature).is_ok(),
        }
    }
}

/// What stands before and after the last `separator`.
pub(crate) fn split_last<'v>(value: &'v [u8], separator: &[u8]) -> Option<(&'v [u8], &'v [u8])> {
    let at = match separator {
        &[byte] => value.iter().rposition(|&b| b == byte)?,
        _ => value.windows(separator.len()).rposition(|window| window == separator)?,
    };
    Some((&value[..at], &value[at + separator.len()..]))
}
