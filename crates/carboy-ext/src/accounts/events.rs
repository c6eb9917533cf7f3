//! What happens to accounts, told to whoever listens, and to the log.

use std::net::IpAddr;

use carboy::signals::Signal;

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum AccountEventKind {
    /// Somebody signed up.
    Registered,
    /// Somebody signed up with the address of an account that waits to be confirmed: the password is that of this sign-up now.
    RegisteredAgain,
    /// The e-mail address was confirmed.
    Confirmed,
    /// Somebody is logged in.
    LoggedIn,
    /// A password was not right, or there is no such user.
    LoginFailed,
    /// A second factor was not right.
    SecondFactorFailed,
    /// Somebody logged out.
    LoggedOut,
    /// A link to reset the password was asked for.
    ResetRequested,
    /// The password was reset by a link.
    PasswordReset,
    /// The password was changed by who knew it.
    PasswordChanged,
    /// The e-mail address was changed.
    EmailChanged,
    /// An authenticator app is a second factor now.
    TotpEnabled,
    /// Another authenticator app is, in place of the one before.
    TotpReplaced,
    /// It is not any more.
    TotpDisabled,
    /// There are new recovery codes.
    RecoveryCodesMade,
    /// A recovery code was used.
    RecoveryCodeUsed,
    /// A passkey was added.
    PasskeyAdded,
    /// A passkey was removed.
    PasskeyDeleted,
    /// The account was linked with a login at another provider.
    IdentityLinked,
    /// Such a link was taken away.
    IdentityUnlinked,
    /// Attempts are refused for a while.
    Throttled,
}

/// Something that happened to an account. It holds no password, code, token or address.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct AccountEvent {
    /// What happened.
    pub kind: AccountEventKind,
    /// The account's id, if there is one.
    pub account_id: Option<String>,
    /// Where the request came from.
    pub remote_addr: Option<IpAddr>,
}

pub(super) fn tell(signal: &Signal<AccountEvent>, kind: AccountEventKind, account_id: Option<&str>) {
    let remote_addr = carboy::try_request().and_then(|request| request.remote_addr());
    let account = account_id.unwrap_or("-");
    match kind {
        AccountEventKind::LoginFailed
        | AccountEventKind::SecondFactorFailed
        | AccountEventKind::Throttled => {
            tracing::warn!(target: "carboy::accounts", event = ?kind, account, "{kind:?}");
        }
        _ => tracing::info!(target: "carboy::accounts", event = ?kind, account, "{kind:?}"),
    }
    signal.send(|| AccountEvent { kind, account_id: account_id.map(str::to_owned), remote_addr });
}
