//! The secrets of authenticator apps as stores keep them: encrypted, each for its account.
//!
//! `v1.` and in base64url a nonce of 12 bytes, the ciphertext, and its tag of 16: AES-256-GCM, with the account's id as associated data. The key is
//! derived from a secret key of the app by HKDF-SHA-256. What begins otherwise was kept before secrets were encrypted, and is one itself.

use aws_lc_rs::aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey};
use aws_lc_rs::hkdf::{HKDF_SHA256, Salt};
use carboy::security::signing::{base64_decode, base64_encode};
use carboy::{Config, Error, Result, Secret};

const PREFIX: &str = "v1.";
const SALT: &[u8] = b"carboy-accounts-totp";
const INFO: &[u8] = b"v1 AES-256-GCM";

/// Encrypts and decrypts.
pub(super) struct Sealer {
    /// The newest first: SECRET_KEY, then SECRET_KEY_FALLBACKS.
    keys: Vec<RandomizedNonceKey>,
}

/// A secret that was read.
pub(super) struct Opened {
    pub(super) secret: Secret<String>,
    /// Whether it was encrypted by the newest key: else it is to be sealed again.
    pub(super) is_current: bool,
}

impl Sealer {
    pub(super) fn new(config: &Config) -> Result<Self> {
        let keys = config.signing_keys()?;
        let keys: Result<Vec<_>> = keys.iter().rev().map(|key| derive(key)).collect();
        Ok(Self { keys: keys? })
    }

    /// The secret as a store may keep it for this account.
    pub(super) fn seal(&self, account_id: &str, secret: &Secret<String>) -> Result<Secret<String>> {
        let key =
            self.keys.first().ok_or_else(|| Error::msg("accounts need a secret key: set SECRET_KEY"))?;
        let mut text = secret.expose().clone().into_bytes();
        let nonce = key.seal_in_place_append_tag(Aad::from(account_id), &mut text).map_err(|_| failed())?;
        Ok(Secret::new(format!("{PREFIX}{}", base64_encode([nonce.as_ref().as_slice(), &text].concat()))))
    }

    /// The secret in what a store keeps for this account.
    ///
    /// # Errors
    ///
    /// No key opens it: it was sealed by another key, for another account, or changed.
    pub(super) fn open(&self, account_id: &str, stored: &Secret<String>) -> Result<Opened> {
        let Some(sealed) = stored.expose().strip_prefix(PREFIX) else {
            return Ok(Opened { secret: stored.clone(), is_current: false });
        };
        let sealed = base64_decode(sealed).unwrap_or_default();
        let opened = self.keys.iter().enumerate().find_map(|(age, key)| {
            let secret = open_by(key, account_id, &sealed)?;
            Some(Opened { secret, is_current: age == 0 })
        });
        opened.ok_or_else(|| {
            Error::msg(
                "the stored secret opens for this account by neither SECRET_KEY nor SECRET_KEY_FALLBACKS",
            )
        })
    }
}

fn open_by(key: &RandomizedNonceKey, account_id: &str, sealed: &[u8]) -> Option<Secret<String>> {
    let (nonce, text) = sealed.split_at_checked(NONCE_LEN)?;
    let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
    let mut text = text.to_vec();
    let secret = key.open_in_place(nonce, Aad::from(account_id), &mut text).ok()?;
    String::from_utf8(secret.to_vec()).ok().map(Secret::new)
}

fn derive(secret_key: &[u8]) -> Result<RandomizedNonceKey> {
    let mut key = [0; 32];
    let extracted = Salt::new(HKDF_SHA256, SALT).extract(secret_key);
    extracted.expand(&[INFO], &AES_256_GCM).and_then(|okm| okm.fill(&mut key)).map_err(|_| failed())?;
    RandomizedNonceKey::new(&AES_256_GCM, &key).map_err(|_| failed())
}

fn failed() -> Error {
    Error::msg("the secret of an authenticator app cannot be encrypted")
}
