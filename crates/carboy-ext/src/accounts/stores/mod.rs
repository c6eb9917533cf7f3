//! What accounts need of a database, as traits; `carboy-db` implements them with its feature `accounts`, [`MemoryStore`] for tests.

mod memory;

use std::time::SystemTime;

use carboy::{App, ExtensionFuture, Result, Secret};
use serde::Serialize;

pub use memory::MemoryStore;

/// The future of a store's function.
pub type StoreFuture<'a, T> = ExtensionFuture<'a, Result<T>>;

/// An account, as a store keeps it. What else an app knows about its users lies in tables of its own, by the account's `id`.
///
/// Templates see it behind `current_user`, without what no page may show.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct Account {
    /// The store's key.
    pub id: String,
    /// The e-mail address, as [`normalize_email`](super::normalize_email) writes it.
    pub email: String,
    /// The password's hash; `None` for an account that has only passkeys or logs in by another provider.
    #[serde(skip)]
    pub password: Option<Secret<String>>,
    /// Whether the account may be used.
    pub active: bool,
    /// When the e-mail address was confirmed, in seconds since 1970.
    pub confirmed_at: Option<i64>,
    /// A random text that is changed with the password and the address: what sessions and mailed links name the account by, so that they
    /// end with it. Flask-Security's `fs_uniquifier`.
    #[serde(skip)]
    pub stamp: Secret<String>,
    /// 32 hexadecimal digits that name the account to an authenticator: WebAuthn's user handle.
    #[serde(skip)]
    pub handle: String,
    /// The secret of the authenticator app, if it is a second factor: encrypted by [`Accounts`](super::Accounts), or in base32 as it was kept by others.
    #[serde(skip)]
    pub totp_secret: Option<Secret<String>>,
    /// The names of its roles.
    pub roles: Vec<String>,
}

impl Account {
    /// An account as a store read it: active, not confirmed, without a password and factors until they are set.
    pub fn new(
        id: impl Into<String>,
        email: impl Into<String>,
        stamp: impl Into<String>,
        handle: impl Into<String>,
    ) -> Self {
        Self {
            id: id.into(),
            email: email.into(),
            password: None,
            active: true,
            confirmed_at: None,
            stamp: Secret::new(stamp.into()),
            handle: handle.into(),
            totp_secret: None,
            roles: Vec::new(),
        }
    }

    /// Whether the e-mail address was confirmed.
    pub fn is_confirmed(&self) -> bool {
        self.confirmed_at.is_some()
    }

    /// The password's hash.
    pub fn password_hash(&self) -> Option<&str> {
        self.password.as_ref().map(|hash| hash.expose().as_str())
    }
}

/// An account that does not exist yet: everything but the key.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct NewAccount {
    /// The e-mail address, normalised.
    pub email: String,
    /// The password's hash.
    pub password: Option<Secret<String>>,
    /// When the address was confirmed, in seconds since 1970.
    pub confirmed_at: Option<i64>,
    /// The first [`Account::stamp`].
    pub stamp: Secret<String>,
    /// The [`Account::handle`].
    pub handle: String,
    /// The names of its roles.
    pub roles: Vec<String>,
}

impl NewAccount {
    /// An account of this normalised address, with a new stamp and handle.
    ///
    /// # Errors
    ///
    /// The operating system has no random numbers.
    pub fn new(email: impl Into<String>) -> Result<Self> {
        Ok(Self {
            email: email.into(),
            password: None,
            confirmed_at: None,
            stamp: super::random::stamp()?,
            handle: super::random::hex(16)?,
            roles: Vec::new(),
        })
    }
}

/// What is to change in an account; `None` leaves a field as it is.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct AccountUpdate {
    /// [`Account::email`].
    pub email: Option<String>,
    /// [`Account::password`].
    pub password: Option<Secret<String>>,
    /// [`Account::active`].
    pub active: Option<bool>,
    /// [`Account::confirmed_at`].
    pub confirmed_at: Option<Option<i64>>,
    /// [`Account::stamp`].
    pub stamp: Option<Secret<String>>,
    /// [`Account::totp_secret`].
    pub totp_secret: Option<Option<Secret<String>>>,
    /// [`Account::roles`].
    pub roles: Option<Vec<String>>,
}

/// What became of a [`NewAccount`].
#[derive(Clone, Debug)]
pub enum Created {
    /// It is this account now.
    Account(Account),
    /// There is one of this address.
    Taken,
}

/// What became of an [`AccountUpdate`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Updated {
    /// It was made.
    Done,
    /// The account is gone, or its stamp is another one by now: nothing was changed.
    Stale,
    /// Another account has the new address: nothing was changed.
    Taken,
}

/// A passkey of an account.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct StoredPasskey {
    /// WebAuthn's credential id, in base64url. Unique among all accounts.
    pub credential_id: String,
    /// The [`Account::id`] of its account.
    pub account_id: String,
    /// How its user calls it.
    pub name: String,
    /// The public key and its state, as JSON.
    pub data: String,
    /// When it was made, in seconds since 1970.
    pub created_at: i64,
    /// When it was used last.
    pub last_used_at: Option<i64>,
}

impl StoredPasskey {
    /// A passkey that was never used.
    pub fn new(
        credential_id: impl Into<String>,
        account_id: impl Into<String>,
        name: impl Into<String>,
        data: impl Into<String>,
        created_at: i64,
    ) -> Self {
        Self {
            credential_id: credential_id.into(),
            account_id: account_id.into(),
            name: name.into(),
            data: data.into(),
            created_at,
            last_used_at: None,
        }
    }
}

/// Where accounts are kept.
///
/// Functions that decide something (`update`, `spend_…`) must decide and write at once: of two calls that race only one may succeed.
pub trait UserStore: Send + Sync + 'static {
    /// The account of this id.
    fn find<'a>(&'a self, id: &'a str) -> StoreFuture<'a, Option<Account>>;

    /// The account of this stamp.
    fn find_by_stamp<'a>(&'a self, stamp: &'a str) -> StoreFuture<'a, Option<Account>>;

    /// The account that somebody means who types this at the login form: a normalised e-mail address; a store may know other names, too.
    fn find_by_identifier<'a>(&'a self, identifier: &'a str) -> StoreFuture<'a, Option<Account>>;

    /// Adds an account, unless its address is taken.
    fn create<'a>(&'a self, new: NewAccount) -> StoreFuture<'a, Created>;

    /// Changes the account of this id if its stamp is still this one.
    fn update<'a>(&'a self, id: &'a str, stamp: &'a str, update: AccountUpdate) -> StoreFuture<'a, Updated>;

    /// Removes an account with its recovery codes and passkeys; whether it was there.
    fn delete<'a>(&'a self, id: &'a str) -> StoreFuture<'a, bool>;

    /// Uses the codes of an authenticator app up to this step of time; false when this step or a later one was used before.
    fn spend_totp_step<'a>(&'a self, id: &'a str, step: i64) -> StoreFuture<'a, bool>;

    /// Keeps another [`Account::totp_secret`] in place of this one, if this one is still there; whether it was.
    fn replace_totp_secret<'a>(
        &'a self,
        id: &'a str,
        former: &'a Secret<String>,
        secret: Secret<String>,
    ) -> StoreFuture<'a, bool>;

    /// Keeps the digests of an account's recovery codes, in place of those before.
    fn set_recovery_codes<'a>(&'a self, id: &'a str, digests: Vec<String>) -> StoreFuture<'a, ()>;

    /// Removes the digest of a recovery code; whether it was there.
    fn spend_recovery_code<'a>(&'a self, id: &'a str, digest: &'a str) -> StoreFuture<'a, bool>;

    /// How many recovery codes an account has left.
    fn recovery_codes_left<'a>(&'a self, id: &'a str) -> StoreFuture<'a, usize>;

    /// The passkeys of an account, oldest first.
    fn passkeys<'a>(&'a self, account_id: &'a str) -> StoreFuture<'a, Vec<StoredPasskey>>;

    /// The passkey of this credential id.
    fn passkey<'a>(&'a self, credential_id: &'a str) -> StoreFuture<'a, Option<StoredPasskey>>;

    /// Adds a passkey; false when one of its credential id is there.
    fn add_passkey<'a>(&'a self, passkey: StoredPasskey) -> StoreFuture<'a, bool>;

    /// Writes the state of a passkey after it was used.
    fn use_passkey<'a>(&'a self, credential_id: &'a str, data: String, at: i64) -> StoreFuture<'a, ()>;

    /// Names a passkey of this account; whether it was there.
    fn rename_passkey<'a>(
        &'a self,
        account_id: &'a str,
        credential_id: &'a str,
        name: &'a str,
    ) -> StoreFuture<'a, bool>;

    /// Removes a passkey of this account; whether it was there.
    fn delete_passkey<'a>(&'a self, account_id: &'a str, credential_id: &'a str) -> StoreFuture<'a, bool>;

    /// The hash of a password that begins with none of these texts, if there is one: so the kinds of hashes are learnt that are still in use. It is
    /// asked at the first login, and once more for each kind. By default none is looked for, and kinds are learnt as their users log in.
    fn password_of_another_kind<'a>(&'a self, kinds: &'a [String]) -> StoreFuture<'a, Option<String>> {
        let _ = kinds;
        Box::pin(async { Ok(None) })
    }

    /// Sets the app up for the store: what [`Accounts`](super::Accounts) calls when it is registered. A database adds its migrations here.
    ///
    /// # Errors
    ///
    /// What keeps the app from starting.
    fn init(&self, app: &mut App) -> Result<()> {
        let _ = app;
        Ok(())
    }

    /// Says what is wrong with the store, for the command `check`.
    fn check(&self) -> ExtensionFuture<'_, Vec<String>> {
        Box::pin(async { Vec::new() })
    }
}

/// Where it is kept what was used and must not be used again.
pub trait TokenStore: Send + Sync + 'static {
    /// Uses a token: true the first time, false after that. It may be forgotten after `until`.
    fn spend<'a>(&'a self, token: &'a str, until: SystemTime) -> StoreFuture<'a, bool>;
}
