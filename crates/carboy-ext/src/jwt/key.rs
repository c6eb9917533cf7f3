//! Keys: read, made, named, and used to sign and verify.

use super::{
    algorithm::Algorithm,
    error::{JwtError, JwtErrorKind},
};
use base64::{
    Engine,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD as BASE64URL},
};
use jsonwebtoken::{
    DecodingKey, EncodingKey,
    crypto::aws_lc::DEFAULT_PROVIDER as PROVIDER,
    jwk::{EllipticCurve, ThumbprintHash},
};
use serde_json::{Map, Value, json};
use std::{fmt, sync::Arc};

/// RFC 7518 section 3.2: a key of at least the size of the hash.
const MIN_SECRET: usize = 32;
/// RFC 7518 section 3.3 below; what the arithmetic takes above.
const RSA_BYTES: std::ops::RangeInclusive<usize> = 256..=1024;
/// What stands before the 32 bytes of an Ed25519 private key in PKCS #8 (RFC 8410 section 7).
const ED25519_PKCS8: [u8; 16] = [0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 0x22, 4, 0x20];

/// A key of one algorithm, which verifies and, with its private half, signs. Cloning is cheap; it is never shown.
///
/// What kind of key it is decides the algorithm: Ed25519 is EdDSA, P-256 is ES256, RSA is RS256, a secret is HS256. A key has an id
/// that tokens name as their `kid`: the thumbprint of RFC 7638 unless [`with_id`](Key::with_id) gives another. A secret has none by itself.
#[derive(Clone)]
pub struct Key(Arc<Inner>);

struct Inner {
    id: Option<String>,
    algorithm: Algorithm,
    verifier: DecodingKey,
    signer: Option<EncodingKey>,
    public: Public,
}

/// The public half, as RFC 7517 writes it.
#[derive(Clone)]
enum Public {
    Ed25519 {
        x: String,
    },
    P256 {
        x: String,
        y: String,
    },
    Rsa {
        n: String,
        e: String,
    },
    /// There is none.
    Secret,
}

impl Key {
    /// A new Ed25519 key.
    ///
    /// ```
    /// use carboy_ext::jwt::{Algorithm, Key};
    /// let key = Key::generate()?;
    /// assert_eq!(key.algorithm(), Algorithm::EdDSA);
    /// assert!(key.id().is_some() && key.can_sign());
    /// # Ok::<(), carboy_ext::jwt::JwtError>(())
    /// ```
    ///
    /// # Errors
    /// When the operating system has no random numbers.
    pub fn generate() -> Result<Self, JwtError> {
        Key::from_pem(&generate_pem()?)
    }

    /// A shared secret, for HS256.
    ///
    /// # Errors
    /// When it is shorter than 32 bytes (RFC 7518 section 3.2).
    pub fn secret(secret: impl AsRef<[u8]>) -> Result<Self, JwtError> {
        let secret = secret.as_ref();
        if secret.len() < MIN_SECRET {
            return Err(JwtError::key(format!(
                "a secret for HS256 has at least {MIN_SECRET} bytes, this one has {}",
                secret.len()
            )));
        }
        let verifier = DecodingKey::from_secret(secret);
        Key::new(Algorithm::HS256, verifier, Some(EncodingKey::from_secret(secret)), Public::Secret)
    }

    /// A private or a public key in PEM: PKCS #8 (`PRIVATE KEY`), `PUBLIC KEY`, and for RSA also PKCS #1. A public key only verifies.
    ///
    /// # Errors
    /// When it is none of these, of another kind than Ed25519, P-256 and RSA, or an RSA key of less than 2048 or more than 8192 bits.
    pub fn from_pem(pem: impl AsRef<[u8]>) -> Result<Self, JwtError> {
        let pem = pem.as_ref();
        let text = String::from_utf8_lossy(pem);
        if text.contains("BEGIN EC PRIVATE KEY") {
            return Err(JwtError::key(
                "the key is in SEC 1: `openssl pkcs8 -topk8 -nocrypt -in OLD.pem -out NEW.pem` makes a key that can be read",
            ));
        }
        if text.contains("BEGIN ENCRYPTED") {
            return Err(JwtError::key(
                "the key is encrypted: keep it without a passphrase, readable by the app alone",
            ));
        }
        let read = if text.contains("PRIVATE KEY") { private_pem(pem) } else { public_pem(pem) };
        read?.ok_or_else(|| {
            JwtError::key("the key is not in PEM, or no key of Ed25519, P-256 or RSA that can be used here")
        })
    }

    /// A public key of a key set (RFC 7517). Private parts that stand there are left out.
    ///
    /// # Errors
    /// When it is of a kind that is not used here, is meant for encryption, or names an algorithm that is not that of its kind. A
    /// secret (`oct`) is refused: it has no place in a key set.
    pub fn from_jwk(jwk: &Value) -> Result<Self, JwtError> {
        let text = |name: &str| jwk.get(name).and_then(Value::as_str);
        let part = |name: &str| text(name).ok_or_else(|| JwtError::key(format!("the key lacks '{name}'")));
        let bytes = |name: &str| {
            let bytes = BASE64URL.decode(part(name)?);
            bytes.map_err(|_| JwtError::key(format!("'{name}' of the key is no base64url")))
        };
        if text("use").is_some_and(|usage| usage != "sig") {
            return Err(JwtError::key("the key is not meant for signatures"));
        }
        if let Some(operations) = jwk.get("key_ops").and_then(Value::as_array)
            && !operations.iter().any(|operation| operation == "verify")
        {
            return Err(JwtError::key("the key is not meant to verify"));
        }
        let key = match (text("kty"), text("crv")) {
            (Some("OKP"), Some("Ed25519")) => Key::ed25519(&bytes("x")?, None),
            (Some("EC"), Some("P-256")) => Key::p256(&[&[4], &*bytes("x")?, &*bytes("y")?].concat(), None),
            (Some("RSA"), _) => Key::rsa(&bytes("n")?, &bytes("e")?, None),
            _ => Err(JwtError::key("the key is of a kind that is not used here")),
        }?;
        if text("alg").is_some_and(|algorithm| algorithm != key.algorithm().name()) {
            return Err(JwtError::key("the key is for an algorithm that is not used here"));
        }
        Ok(match text("kid") {
            Some(id) => key.with_id(id),
            None => key,
        })
    }

    /// The same key under another id.
    pub fn with_id(&self, id: impl Into<String>) -> Self {
        Key(Arc::new(Inner {
            id: Some(id.into()),
            algorithm: self.0.algorithm,
            verifier: self.0.verifier.clone(),
            signer: self.0.signer.clone(),
            public: self.0.public.clone(),
        }))
    }

    /// The `kid` of the tokens that it signs.
    pub fn id(&self) -> Option<&str> {
        self.0.id.as_deref()
    }

    /// Its algorithm.
    pub fn algorithm(&self) -> Algorithm {
        self.0.algorithm
    }

    /// Whether it signs, too.
    pub fn can_sign(&self) -> bool {
        self.0.signer.is_some()
    }

    /// The public half as a key of a key set; `None` for a secret.
    pub fn public_jwk(&self) -> Option<Value> {
        let mut jwk = Value::Object(self.0.public.members()?);
        jwk["use"] = "sig".into();
        jwk["alg"] = self.0.algorithm.name().into();
        if let Some(id) = self.id() {
            jwk["kid"] = id.into();
        }
        Some(jwk)
    }

    pub(super) fn sign(&self, message: &[u8]) -> Result<Vec<u8>, JwtError> {
        let Some(signer) = &self.0.signer else {
            return Err(JwtError::key("a public key cannot sign"));
        };
        let signer = (PROVIDER.signer_factory)(&self.0.algorithm.library(), signer);
        let signer = signer.map_err(|error| JwtError::key(format!("the key cannot sign: {error}")))?;
        signer.try_sign(message).map_err(|error| JwtError::key(format!("the key cannot sign: {error}")))
    }

    pub(super) fn verify(&self, message: &[u8], signature: &Vec<u8>) -> bool {
        (PROVIDER.verifier_factory)(&self.0.algorithm.library(), &self.0.verifier)
            .is_ok_and(|verifier| verifier.verify(message, signature).is_ok())
    }

    fn new(
        algorithm: Algorithm,
        verifier: DecodingKey,
        signer: Option<EncodingKey>,
        public: Public,
    ) -> Result<Self, JwtError> {
        let id = public.thumbprint()?;
        let key = Key(Arc::new(Inner { id, algorithm, verifier, signer, public }));
        // A key that does not work is found when the app starts, and not by its users.
        if key.can_sign() && !key.verify(b"carboy", &key.sign(b"carboy")?) {
            return Err(JwtError::key("the halves of the key do not fit each other"));
        }
        Ok(key)
    }

    fn ed25519(x: &[u8], signer: Option<EncodingKey>) -> Result<Self, JwtError> {
        if x.len() != 32 {
            return Err(JwtError::key("an Ed25519 key has 32 bytes"));
        }
        let public = Public::Ed25519 { x: BASE64URL.encode(x) };
        Key::new(Algorithm::EdDSA, DecodingKey::from_ed_der(x), signer, public)
    }

    fn p256(point: &[u8], signer: Option<EncodingKey>) -> Result<Self, JwtError> {
        let (65, Some((4, coordinates))) = (point.len(), point.split_first()) else {
            return Err(JwtError::key("the elliptic curve of the key is not P-256"));
        };
        let (x, y) = coordinates.split_at(32);
        let public = Public::P256 { x: BASE64URL.encode(x), y: BASE64URL.encode(y) };
        Key::new(Algorithm::ES256, DecodingKey::from_ec_der(point), signer, public)
    }

    fn rsa(n: &[u8], e: &[u8], signer: Option<EncodingKey>) -> Result<Self, JwtError> {
        let significant = n.iter().skip_while(|byte| **byte == 0).count();
        if !RSA_BYTES.contains(&significant) || e.is_empty() || e.len() > 8 {
            return Err(JwtError::key("an RSA key has between 2048 and 8192 bits"));
        }
        let public = Public::Rsa { n: BASE64URL.encode(n), e: BASE64URL.encode(e) };
        Key::new(Algorithm::RS256, DecodingKey::from_rsa_raw_components(n, e), signer, public)
    }
}

/// The PEM of a new Ed25519 key.
pub(super) fn generate_pem() -> Result<String, JwtError> {
    let mut seed = [0; 32];
    getrandom::fill(&mut seed).map_err(|error| JwtError::key(format!("no random numbers: {error}")))?;
    let der = STANDARD.encode([&ED25519_PKCS8[..], &seed].concat());
    Ok(format!("-----BEGIN PRIVATE KEY-----\n{der}\n-----END PRIVATE KEY-----\n"))
}

fn private_pem(pem: &[u8]) -> Result<Option<Key>, JwtError> {
    let utils = &PROVIDER.key_utils;
    let unusable =
        |error: jsonwebtoken::errors::Error| JwtError::key(format!("the key cannot be used: {error}"));
    if let Ok(signer) = EncodingKey::from_ed_pem(pem) {
        let x = (utils.ed_pub_components_from_private_key)(signer.as_bytes(), &EllipticCurve::Ed25519);
        return Key::ed25519(&x.map_err(unusable)?, Some(signer)).map(Some);
    }
    if let Ok(signer) = EncodingKey::from_ec_pem(pem) {
        let parts =
            (utils.ec_pub_components_from_private_key)(signer.as_bytes(), jsonwebtoken::Algorithm::ES256);
        let (_, x, y) = parts.map_err(|_| JwtError::key("the elliptic curve of the key is not P-256"))?;
        return Key::p256(&[&[4], &*x, &*y].concat(), Some(signer)).map(Some);
    }
    if let Ok(signer) = EncodingKey::from_rsa_pem(pem) {
        let (n, e) = (utils.rsa_pub_components_from_private_key)(signer.as_bytes()).map_err(unusable)?;
        return Key::rsa(&n, &e, Some(signer)).map(Some);
    }
    Ok(None)
}

fn public_pem(pem: &[u8]) -> Result<Option<Key>, JwtError> {
    let unusable =
        |error: jsonwebtoken::errors::Error| JwtError::key(format!("the key cannot be used: {error}"));
    if let Ok(key) = DecodingKey::from_ed_pem(pem) {
        return Key::ed25519(key.try_get_as_bytes().map_err(unusable)?, None).map(Some);
    }
    if let Ok(key) = DecodingKey::from_ec_pem(pem) {
        return Key::p256(key.try_get_as_bytes().map_err(unusable)?, None).map(Some);
    }
    if let Ok(key) = DecodingKey::from_rsa_pem(pem) {
        let der = key.try_get_as_bytes().map_err(unusable)?;
        let (n, e) = (PROVIDER.key_utils.rsa_pub_components_from_public_key)(der).map_err(unusable)?;
        return Key::rsa(&n, &e, None).map(Some);
    }
    Ok(None)
}

impl Public {
    /// The members that a thumbprint is made of, in their order (RFC 7638 section 3.2).
    fn members(&self) -> Option<Map<String, Value>> {
        let members = match self {
            Public::Ed25519 { x } => json!({"crv": "Ed25519", "kty": "OKP", "x": x}),
            Public::P256 { x, y } => json!({"crv": "P-256", "kty": "EC", "x": x, "y": y}),
            Public::Rsa { n, e } => json!({"e": e, "kty": "RSA", "n": n}),
            Public::Secret => return None,
        };
        match members {
            Value::Object(members) => Some(members),
            _ => None,
        }
    }

    fn thumbprint(&self) -> Result<Option<String>, JwtError> {
        let Some(members) = self.members() else { return Ok(None) };
        let text = Value::Object(members).to_string();
        let digest = (PROVIDER.key_utils.compute_digest)(text.as_bytes(), ThumbprintHash::SHA256);
        let digest = digest.map_err(|_| JwtError::from(JwtErrorKind::Key("no SHA-256".to_owned())))?;
        Ok(Some(BASE64URL.encode(digest)))
    }
}

/// Shows its algorithm and its id only.
impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Key")
            .field("algorithm", &self.0.algorithm)
            .field("id", &self.0.id)
            .finish_non_exhaustive()
    }
}
