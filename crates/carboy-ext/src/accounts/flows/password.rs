//! Forgotten and changed passwords.

use carboy::Secret;

use crate::accounts::email::normalize_email;
use crate::accounts::error::{AccountError, AccountErrorKind};
use crate::accounts::events::AccountEventKind;
use crate::accounts::extension::Accounts;
use crate::accounts::links::Purpose;
use crate::accounts::mails::{self, Mailing};
use crate::accounts::passwords::PasswordCheck;
use crate::accounts::stores::{Account, AccountUpdate, Updated};
use crate::accounts::throttle::Attempt;
use crate::accounts::{hosts, random, session as current};

impl Accounts {
    /// Sends a link to choose a new password to the address of an account, if there is one. The answer is the same if not.
    ///
    /// # Errors
    ///
    /// [`Email`](AccountErrorKind::Email), [`Throttled`](AccountErrorKind::Throttled).
    pub async fn forgot(&self, email: &str) -> Result<(), AccountError> {
        if !self.settings()?.recoverable {
            return Err(AccountErrorKind::Disabled.into());
        }
        hosts::check()?;
        let email = normalize_email(email).ok_or(AccountErrorKind::Email)?;
        self.count(Attempt::Mail, &email).await?;
        let accounts = self.clone();
        self.mail(async move {
            let account = accounts.store().find_by_identifier(&email).await?;
            let Some(account) = account.filter(|account| account.active) else { return Ok(None) };
            let token = accounts.settings()?.links.make(Purpose::Reset, &account, None)?;
            accounts.tell(AccountEventKind::ResetRequested, Some(&account));
            // To the stored address: what was typed may only look like it.
            Ok(Some(Mailing::new(&mails::RESET, &account.email).with_token(token)))
        })
    }

    /// The account that a mailed token lets choose a new password.
    ///
    /// # Errors
    ///
    /// [`Link`](AccountErrorKind::Link) when it is not good, or not any more.
    pub async fn reset_account(&self, token: &str) -> Result<Account, AccountError> {
        let settings = self.settings()?;
        if !settings.recoverable {
            return Err(AccountErrorKind::Disabled.into());
        }
        let claim = settings
            .links
            .read(Purpose::Reset, token, settings.reset_within)
            .ok_or(AccountErrorKind::Link)?;
        let account = self.store().find(&claim.id).await?;
        let account = account.filter(|account| account.active && claim.is_about(Purpose::Reset, account));
        Ok(account.ok_or(AccountErrorKind::Link)?)
    }

    /// Sets a new password for the account that a mailed token names. The token is good once, and every session of the account ends. The
    /// address counts as confirmed: it received the link. Nobody is logged in by this, as a second factor may be needed.
    ///
    /// # Errors
    ///
    /// [`Link`](AccountErrorKind::Link), [`Password`](AccountErrorKind::Password).
    pub async fn reset(&self, token: &str, password: &str) -> Result<Account, AccountError> {
        hosts::check()?;
        let account = self.reset_account(token).await?;
        self.check_password_rules(password, &account.email)?;
        let confirmed_at = account.confirmed_at.unwrap_or(self.now());
        let account = self.set_password(account, password, Some(confirmed_at)).await?;
        self.tell(AccountEventKind::PasswordReset, Some(&account));
        Ok(account)
    }

    /// Changes the password of who is logged in and knows the old one. All other sessions of the account end.
    ///
    /// # Errors
    ///
    /// [`NotLoggedIn`](AccountErrorKind::NotLoggedIn), [`Credentials`](AccountErrorKind::Credentials) when the old password is not right,
    /// [`Password`](AccountErrorKind::Password), [`Throttled`](AccountErrorKind::Throttled).
    pub async fn change_password(&self, old: &str, new: &str) -> Result<Account, AccountError> {
        if !self.settings()?.changeable {
            return Err(AccountErrorKind::Disabled.into());
        }
        let account = self.required()?;
        hosts::check()?;
        self.confirm_password(&account, old).await?;
        self.check_password_rules(new, &account.email)?;
        let account = self.set_password(Account::clone(&account), new, None).await?;
        // Its password was asked for just now.
        current::go_on(&account, true);
        self.tell(AccountEventKind::PasswordChanged, Some(&account));
        Ok(account)
    }

    /// Whether this is the password of the account that is logged in: asked again before something that cannot be undone.
    ///
    /// # Errors
    ///
    /// [`Credentials`](AccountErrorKind::Credentials), [`Throttled`](AccountErrorKind::Throttled).
    pub async fn confirm_password(&self, account: &Account, password: &str) -> Result<(), AccountError> {
        self.count(Attempt::Password, &account.id).await?;
        match self.settings()?.passwords.check(account.password_hash(), password).await? {
            PasswordCheck::Wrong => {
                self.tell(AccountEventKind::LoginFailed, Some(account));
                Err(AccountErrorKind::Credentials.into())
            }
            _ => Ok(self.forget(Attempt::Password, &account.id).await?),
        }
    }

    async fn set_password(
        &self,
        mut account: Account,
        password: &str,
        confirmed_at: Option<i64>,
    ) -> Result<Account, AccountError> {
        let hash = Secret::new(self.settings()?.passwords.hash(password).await?);
        let stamp = random::stamp()?;
        let update = AccountUpdate {
            password: Some(hash.clone()),
            stamp: Some(stamp.clone()),
            confirmed_at: confirmed_at.map(Some),
            ..AccountUpdate::default()
        };
        // Of two uses of one link the second finds another stamp.
        match self.store().update(&account.id, account.stamp.expose(), update).await? {
            Updated::Done => {}
            Updated::Stale | Updated::Taken => return Err(AccountErrorKind::Link.into()),
        }
        account.password = Some(hash);
        account.stamp = stamp;
        account.confirmed_at = confirmed_at.or(account.confirmed_at);
        self.notify(Mailing::new(&mails::PASSWORD_CHANGED, &account.email));
        Ok(account)
    }
}
