//! Sign-up and confirmation.

use carboy::{Result, Secret};

use crate::accounts::email::normalize_email;
use crate::accounts::error::{AccountError, AccountErrorKind};
use crate::accounts::events::AccountEventKind;
use crate::accounts::extension::Accounts;
use crate::accounts::links::Purpose;
use crate::accounts::mails::{self, Mailing};
use crate::accounts::stores::{Account, AccountUpdate, Created, NewAccount, Updated};
use crate::accounts::throttle::Attempt;
use crate::accounts::{hosts, random, session as current};
use crate::login::login_fresh;

impl Accounts {
    /// Signs somebody up.
    ///
    /// With SECURITY_CONFIRMABLE (the default) the address gets a link to [`confirm`](Self::confirm), or, if it has an account already, a mail
    /// that says so; the answer is the same. An account that waits to be confirmed has the password of the newest sign-up, whose link is the one that
    /// is good. Without, the account may be used at once.
    ///
    /// # Errors
    ///
    /// [`Email`](AccountErrorKind::Email), [`Password`](AccountErrorKind::Password), [`Throttled`](AccountErrorKind::Throttled);
    /// [`EmailTaken`](AccountErrorKind::EmailTaken) without SECURITY_CONFIRMABLE.
    pub async fn register(&self, email: &str, password: &str) -> Result<(), AccountError> {
        let settings = self.settings()?;
        if !settings.registerable {
            return Err(AccountErrorKind::Disabled.into());
        }
        if settings.confirmable {
            hosts::check()?;
        }
        let email = normalize_email(email).ok_or(AccountErrorKind::Email)?;
        self.check_password_rules(password, &email)?;
        self.count(Attempt::Mail, &email).await?;
        // Hashed in any case, as it takes the most time.
        let hash = Secret::new(settings.passwords.hash(password).await?);
        let mut new = NewAccount::new(&email)?;
        new.password = Some(hash.clone());
        match self.store().create(new).await? {
            Created::Account(account) => {
                self.tell(AccountEventKind::Registered, Some(&account));
                if !settings.confirmable {
                    return Ok(());
                }
                let accounts = self.clone();
                self.mail(async move { accounts.confirmation(&account).map(Some) })
            }
            Created::Taken if settings.confirmable => {
                let accounts = self.clone();
                self.mail(async move { accounts.register_again(&email, hash).await })
            }
            Created::Taken => Err(AccountErrorKind::EmailTaken.into()),
        }
    }

    /// A sign-up with an address that has an account. If it waits to be confirmed it becomes that of the newest sign-up, and links of those before
    /// end: whoever signs up with somebody else's address first waits for them to confirm it.
    async fn register_again(&self, email: &str, password: Secret<String>) -> Result<Option<Mailing>> {
        let Some(mut account) = self.store().find_by_identifier(email).await? else { return Ok(None) };
        // What was ever used is not taken away from whoever uses it: it has no password by another login, or factors.
        let waits = !account.is_confirmed() && account.active && account.password.is_some();
        if !waits || account.totp_secret.is_some() || !self.store().passkeys(&account.id).await?.is_empty() {
            return Ok(Some(Mailing::new(&mails::ALREADY, email)));
        }
        let stamp = random::stamp()?;
        let update = AccountUpdate {
            password: Some(password.clone()),
            stamp: Some(stamp.clone()),
            ..AccountUpdate::default()
        };
        match self.store().update(&account.id, account.stamp.expose(), update).await? {
            Updated::Done => {}
            // Another one was newer, or it was confirmed just now.
            Updated::Stale | Updated::Taken => return Ok(None),
        }
        (account.password, account.stamp) = (Some(password), stamp);
        self.tell(AccountEventKind::RegisteredAgain, Some(&account));
        self.confirmation(&account).map(Some)
    }

    /// Sends a new link to confirm an address, if it has an account that needs one. The answer is the same if not.
    ///
    /// # Errors
    ///
    /// [`Email`](AccountErrorKind::Email), [`Throttled`](AccountErrorKind::Throttled).
    pub async fn resend_confirmation(&self, email: &str) -> Result<(), AccountError> {
        if !self.settings()?.confirmable {
            return Err(AccountErrorKind::Disabled.into());
        }
        hosts::check()?;
        let email = normalize_email(email).ok_or(AccountErrorKind::Email)?;
        self.count(Attempt::Mail, &email).await?;
        let accounts = self.clone();
        self.mail(async move {
            let account = accounts.store().find_by_identifier(&email).await?;
            let account = account.filter(|account| !account.is_confirmed() && account.active);
            account.map(|account| accounts.confirmation(&account)).transpose()
        })
    }

    /// Confirms the address of the account that a mailed token names. The token is good once.
    ///
    /// # Errors
    ///
    /// [`Link`](AccountErrorKind::Link) when it is not good, or not any more.
    pub async fn confirm(&self, token: &str) -> Result<Account, AccountError> {
        let settings = self.settings()?;
        let claim = settings.links.read(Purpose::Confirm, token, settings.confirm_within);
        let claim = claim.ok_or(AccountErrorKind::Link)?;
        let account = self.store().find(&claim.id).await?;
        let mut account = account
            .filter(|account| claim.is_about(Purpose::Confirm, account))
            .ok_or(AccountErrorKind::Link)?;
        let is_here = self.current().is_some_and(|current| current.id == account.id);
        let stamp = random::stamp()?;
        // Of a confirmation and another sign-up at the same time the second finds another stamp.
        let update = AccountUpdate {
            confirmed_at: Some(Some(self.now())),
            stamp: Some(stamp.clone()),
            ..AccountUpdate::default()
        };
        match self.store().update(&account.id, account.stamp.expose(), update).await? {
            Updated::Done => {}
            Updated::Stale | Updated::Taken => return Err(AccountErrorKind::Link.into()),
        }
        account.confirmed_at = Some(self.now());
        account.stamp = stamp;
        if is_here {
            current::go_on(&account, login_fresh());
        }
        self.tell(AccountEventKind::Confirmed, Some(&account));
        Ok(account)
    }

    fn confirmation(&self, account: &Account) -> Result<Mailing> {
        let token = self.settings()?.links.make(Purpose::Confirm, account, None)?;
        Ok(Mailing::new(&mails::CONFIRM, &account.email).with_token(token))
    }
}
