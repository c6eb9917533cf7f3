//! Why a flow did not go on.

use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

use carboy::{HttpError, StatusCode};

use super::passwords::PasswordProblem;

/// Why a flow did not go on: what a view tells its user.
///
/// Given to `?` in a view it answers with its [`status`](Self::status); [`Internal`](AccountErrorKind::Internal) is the error that it was.
#[derive(Clone, Debug)]
pub struct AccountError(AccountErrorKind);

/// The kinds of [`AccountError`].
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum AccountErrorKind {
    /// No such user, or another password: it is not said which.
    Credentials,
    /// The password was right, but the address is not confirmed.
    Unconfirmed,
    /// The password was right, but the account may not be used.
    Inactive,
    /// The text is no e-mail address.
    Email,
    /// The address has an account. Said only where no mail can say it: without SECURITY_CONFIRMABLE.
    EmailTaken,
    /// The password may not be chosen.
    Password(PasswordProblem),
    /// The link is not good, or not any more.
    Link,
    /// The code is not good, or was used.
    Code,
    /// The account has an authenticator app already.
    HasTotp,
    /// There is no login that waits for its second factor, or it waited too long.
    NotWaiting,
    /// The passkey was not accepted.
    Passkey,
    /// The account has as many passkeys as it may have.
    TooManyPasskeys,
    /// The page was opened by an IP address, and passkeys belong to a domain.
    NoDomain,
    /// The hook for a CAPTCHA said no.
    Captcha,
    /// Too many attempts: come back after this time.
    Throttled(Duration),
    /// Nobody is logged in, or the login is not fresh.
    NotLoggedIn,
    /// The app has switched this off.
    Disabled,
    /// Something else failed.
    Internal(carboy::Error),
}

impl AccountError {
    /// What kind it is.
    pub fn kind(&self) -> &AccountErrorKind {
        &self.0
    }

    /// The sentence for the user, in English: for [`gettext`](carboy::gettext).
    pub fn message(&self) -> Cow<'static, str> {
        Cow::Borrowed(match &self.0 {
            AccountErrorKind::Credentials => "The e-mail address or the password is not right.",
            AccountErrorKind::Unconfirmed => "Confirm your e-mail address first: we have sent you a link.",
            AccountErrorKind::Inactive => "This account is disabled.",
            AccountErrorKind::Email => "This is not an e-mail address.",
            AccountErrorKind::EmailTaken => "There is an account with this e-mail address already.",
            AccountErrorKind::Password(problem) => return Cow::Owned(problem.to_string()),
            AccountErrorKind::Link => "This link is not valid, or not any more. Ask for a new one.",
            AccountErrorKind::Code => "This code is not right.",
            AccountErrorKind::HasTotp => "You have an authenticator app already.",
            AccountErrorKind::NotWaiting => "That took too long. Please log in again.",
            AccountErrorKind::Passkey => "This passkey was not accepted.",
            AccountErrorKind::TooManyPasskeys => {
                "You have as many passkeys as you may have. Delete one first."
            }
            AccountErrorKind::NoDomain => {
                "Passkeys need a name of this site, not a number: such as localhost, not 127.0.0.1."
            }
            AccountErrorKind::Captcha => "Please show that you are no program.",
            AccountErrorKind::Throttled(_) => "Too many attempts. Please wait a while.",
            AccountErrorKind::NotLoggedIn => "Please log in first.",
            AccountErrorKind::Disabled => "There is no such page here.",
            AccountErrorKind::Internal(_) => "Something went wrong.",
        })
    }

    /// The status that answers it.
    pub fn status(&self) -> StatusCode {
        match &self.0 {
            AccountErrorKind::NotLoggedIn => StatusCode::UNAUTHORIZED,
            AccountErrorKind::Throttled(_) => StatusCode::TOO_MANY_REQUESTS,
            AccountErrorKind::Disabled => StatusCode::NOT_FOUND,
            AccountErrorKind::Internal(error) => error.status(),
            _ => StatusCode::BAD_REQUEST,
        }
    }
}

impl fmt::Display for AccountError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            AccountErrorKind::Internal(error) => error.fmt(f),
            _ => f.write_str(&self.message()),
        }
    }
}

impl From<AccountErrorKind> for AccountError {
    fn from(kind: AccountErrorKind) -> Self {
        Self(kind)
    }
}

impl From<PasswordProblem> for AccountError {
    fn from(problem: PasswordProblem) -> Self {
        Self(AccountErrorKind::Password(problem))
    }
}

impl From<carboy::Error> for AccountError {
    fn from(error: carboy::Error) -> Self {
        Self(AccountErrorKind::Internal(error))
    }
}

/// No [`std::error::Error`] itself: that would answer 500 for a wrong password.
impl From<AccountError> for carboy::Error {
    fn from(error: AccountError) -> Self {
        let http = HttpError::new(error.status()).with_description(error.message());
        match error.0 {
            AccountErrorKind::Internal(error) => error,
            AccountErrorKind::Throttled(wait) => http.with_retry_after(wait.as_secs().max(1)).into(),
            _ => http.into(),
        }
    }
}
