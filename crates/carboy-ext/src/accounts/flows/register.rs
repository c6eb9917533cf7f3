//! Sign-up and confirmation.

use carboy::Secret;

use crate::accounts::email::normalize_email;
use crate::accounts::error::{AccountError, AccountErrorKind};
use crate::accounts::events::AccountEventKind;
use crate::accounts::extension::Accounts;
use crate::accounts::links::Purpose;
use crate::accounts::mails;
use crate::accounts::stores::{Account, AccountUpdate, Created, NewAccount, Updated};
use crate::accounts::throttle::Attempt;

impl Accounts {
    /// Signs somebody up.
    ///
    /// With SECURITY_CONFIRMABLE (the default) the address gets a link to [`confirm`](Self::confirm), or, if it has an account already, a mail
    /// that says so; the answer is the same. Without, the account may be used at once.
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
        let email = normalize_email(email).ok_or(AccountErrorKind::Email)?;
        self.check_password_rules(password, &email)?;
        self.count(Attempt::Mail, &email).await?;
        // Hashed in any case, as it takes the most time.
        let hash = settings.passwords.hash(password).await?;
        let mut new = NewAccount::new(&email)?;
        new.password = Some(Secret::new(hash));
        match self.store().create(new).await? {
            Created::Account(account) => {
                self.tell(AccountEventKind::Registered, Some(&account));
                if settings.confirmable {
                    self.mail_confirmation(&account)?;
                }
                Ok(())
            }
            Created::Taken if settings.confirmable => Ok(self.mail(&mails::ALREADY, &email, None)?),
            Created::Taken => Err(AccountErrorKind::EmailTaken.into()),
        }
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
        let email = normalize_email(email).ok_or(AccountErrorKind::Email)?;
        self.count(Attempt::Mail, &email).await?;
        match self.store().find_by_identifier(&email).await? {
            Some(account) if !account.is_confirmed() && account.active => {
                Ok(self.mail_confirmation(&account)?)
            }
            _ => Ok(()),
        }
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
        let update = AccountUpdate { confirmed_at: Some(Some(self.now())), ..AccountUpdate::default() };
        match self.store().update(&account.id, account.stamp.expose(), update).await? {
            Updated::Done => {}
            Updated::Stale | Updated::Taken => return Err(AccountErrorKind::Link.into()),
        }
        account.confirmed_at = Some(self.now());
        self.tell(AccountEventKind::Confirmed, Some(&account));
        Ok(account)
    }

    fn mail_confirmation(&self, account: &Account) -> carboy::Result<()> {
        let token = self.settings()?.links.make(Purpose::Confirm, account, None)?;
        self.mail(&mails::CONFIRM, &account.email, Some(&token))
    }
}
