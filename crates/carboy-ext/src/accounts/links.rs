//! The tokens in mailed links: signed and dated, good for one purpose, and only as long as what they are about has not changed.

use std::time::Duration;

use carboy::security::signing::{Clock, SecretKeys, UrlSafeTimedSerializer, base64_encode};
use carboy::{Config, Error, Result};
use sha2::{Digest, Sha256};

use super::stores::Account;

/// What a link is for. Each has a salt of its own, so that one never passes for another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    Confirm,
    Reset,
    ChangeEmail,
}

impl Purpose {
    fn salt(self) -> &'static str {
        match self {
            Self::Confirm => "carboy-accounts-confirm",
            Self::Reset => "carboy-accounts-reset",
            Self::ChangeEmail => "carboy-accounts-change-email",
        }
    }
}

/// What a token says: the account's id, what it is bound to, and a new address.
pub(super) struct Claim {
    pub(super) id: String,
    bound: String,
    pub(super) email: Option<String>,
}

/// Makes and reads the tokens.
pub(super) struct Links {
    keys: SecretKeys,
    clock: Clock,
}

impl Links {
    pub(super) fn new(config: &Config, clock: Clock) -> Result<Self> {
        let keys = SecretKeys::rotated(config.signing_keys()?)
            .ok_or_else(|| Error::msg("accounts need a secret key: set SECRET_KEY"))?;
        Ok(Self { keys, clock })
    }

    fn serializer(&self, purpose: Purpose) -> UrlSafeTimedSerializer {
        UrlSafeTimedSerializer::new(self.keys.clone())
            .with_salt(purpose.salt())
            .with_clock(self.clock.clone())
    }

    pub(super) fn make(&self, purpose: Purpose, account: &Account, email: Option<&str>) -> Result<String> {
        let claim = (&account.id, bound(purpose, account), email);
        Ok(self.serializer(purpose).dumps(&claim)?)
    }

    /// What a token says, if it is good. The caller finds the account and asks [`Claim::is_about`].
    pub(super) fn read(&self, purpose: Purpose, token: &str, max_age: Duration) -> Option<Claim> {
        let loaded = self.serializer(purpose).loads::<(String, String, Option<String>)>(token, Some(max_age));
        loaded.ok().map(|(id, bound, email)| Claim { id, bound, email })
    }
}

impl Claim {
    /// Whether the account is as it was when the token was made.
    pub(super) fn is_about(&self, purpose: Purpose, account: &Account) -> bool {
        // The claim was signed, so comparing takes no care.
        self.id == account.id && self.bound == bound(purpose, account)
    }
}

/// A digest of what the token is bound to: its use changes it, and so ends it.
fn bound(purpose: Purpose, account: &Account) -> String {
    let mut digest = Sha256::new();
    let mut part = |text: &str| {
        digest.update((text.len() as u64).to_be_bytes());
        digest.update(text);
    };
    part(account.stamp.expose());
    part(&account.email);
    match purpose {
        Purpose::Confirm => part(if account.is_confirmed() { "confirmed" } else { "" }),
        Purpose::Reset | Purpose::ChangeEmail => part(account.password_hash().unwrap_or_default()),
    }
    base64_encode(&digest.finalize()[..16])
}
