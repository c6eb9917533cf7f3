//! Another e-mail address.

use crate::accounts::email::normalize_email;
use crate::accounts::error::{AccountError, AccountErrorKind};
use crate::accounts::events::AccountEventKind;
use crate::accounts::extension::Accounts;
use crate::accounts::links::Purpose;
use crate::accounts::mails::{self, Mailing};
use crate::accounts::stores::{Account, AccountUpdate, Updated};
use crate::accounts::throttle::Attempt;
use crate::accounts::{hosts, random, session as current};
use crate::login::login_fresh;

impl Accounts {
    /// Sends a link to a new address; the account keeps the old one until the link is used. If the new one has an account already, it gets a
    /// mail that says so, and the answer is the same.
    ///
    /// # Errors
    ///
    /// [`NotLoggedIn`](AccountErrorKind::NotLoggedIn), [`Credentials`](AccountErrorKind::Credentials) when the password is not right,
    /// [`Email`](AccountErrorKind::Email), [`Throttled`](AccountErrorKind::Throttled).
    pub async fn change_email(&self, email: &str, password: &str) -> Result<(), AccountError> {
        if !self.settings()?.change_email {
            return Err(AccountErrorKind::Disabled.into());
        }
        let account = self.required()?;
        hosts::check()?;
        self.confirm_password(&account, password).await?;
        let email = normalize_email(email).ok_or(AccountErrorKind::Email)?;
        self.count(Attempt::Mail, &email).await?;
        let accounts = self.clone();
        self.mail(async move {
            if accounts.store().find_by_identifier(&email).await?.is_some() {
                return Ok(Some(Mailing::new(&mails::ALREADY, &email)));
            }
            let token = accounts.settings()?.links.make(Purpose::ChangeEmail, &account, Some(&email))?;
            Ok(Some(Mailing::new(&mails::CHANGE_EMAIL, &email).with_token(token)))
        })
    }

    /// Gives the account that a mailed token names its new address. The token is good once; the sessions of the account end, but for the one
    /// that uses the link, and is as fresh as it was. The old address gets a notice.
    ///
    /// # Errors
    ///
    /// [`Link`](AccountErrorKind::Link) when it is not good, or not any more.
    pub async fn confirm_new_email(&self, token: &str) -> Result<Account, AccountError> {
        hosts::check()?;
        let settings = self.settings()?;
        let claim = settings.links.read(Purpose::ChangeEmail, token, settings.change_email_within);
        let claim = claim.ok_or(AccountErrorKind::Link)?;
        let account = self.store().find(&claim.id).await?;
        let account =
            account.filter(|account| account.active && claim.is_about(Purpose::ChangeEmail, account));
        let (Some(mut account), Some(email)) = (account, claim.email) else {
            return Err(AccountErrorKind::Link.into());
        };
        let is_here = self.current().is_some_and(|current| current.id == account.id);
        let stamp = random::stamp()?;
        let update = AccountUpdate {
            email: Some(email.clone()),
            confirmed_at: Some(Some(self.now())),
            stamp: Some(stamp.clone()),
            ..AccountUpdate::default()
        };
        match self.store().update(&account.id, account.stamp.expose(), update).await? {
            Updated::Done => {}
            Updated::Stale | Updated::Taken => return Err(AccountErrorKind::Link.into()),
        }
        self.notify(Mailing::new(&mails::EMAIL_CHANGED, &account.email));
        account.email = email;
        account.stamp = stamp;
        account.confirmed_at = Some(self.now());
        if is_here {
            current::go_on(&account, login_fresh());
        }
        self.tell(AccountEventKind::EmailChanged, Some(&account));
        Ok(account)
    }
}
