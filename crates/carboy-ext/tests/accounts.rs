//! Accounts, as their users meet them.
#![cfg(feature = "accounts")]

#[path = "accounts/common.rs"]
mod common;
#[path = "accounts/factors.rs"]
mod factors;
#[path = "accounts/flows.rs"]
mod flows;
#[path = "accounts/forms.rs"]
mod forms;
#[path = "accounts/load.rs"]
mod load;
#[cfg(feature = "passkeys")]
#[path = "accounts/passkeys.rs"]
mod passkeys;
#[path = "accounts/passwords.rs"]
mod passwords;
#[cfg(feature = "redis")]
#[path = "accounts/redis.rs"]
mod redis;
#[path = "accounts/sealed.rs"]
mod sealed;
