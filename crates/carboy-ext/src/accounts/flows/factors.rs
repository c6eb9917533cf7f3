//! The authenticator app and the recovery codes.

use carboy::{Secret, session};

use crate::accounts::error::{AccountError, AccountErrorKind};
use crate::accounts::events::AccountEventKind;
use crate::accounts::extension::Accounts;
use crate::accounts::recovery;
use crate::accounts::stores::{Account, AccountUpdate, Updated};
use crate::accounts::throttle::Attempt;
use crate::accounts::totp::{self, TotpSetup};

/// The secret that waits in the session to be confirmed by a code. Its user has seen it.
const PENDING: &str = "_accounts_totp";

impl Accounts {
    /// What the user needs to set an authenticator app up. The secret waits in the session until [`enable_totp`](Self::enable_totp) gets a code
    /// of it; asked again meanwhile it is the same.
    ///
    /// # Errors
    ///
    /// [`NotLoggedIn`](AccountErrorKind::NotLoggedIn), also when the login is not fresh.
    pub async fn setup_totp(&self) -> Result<TotpSetup, AccountError> {
        let settings = self.settings()?;
        if !settings.two_factor {
            return Err(AccountErrorKind::Disabled.into());
        }
        let account = self.required_fresh()?;
        let setup = match self.pending_totp(&account) {
            Some(secret) => TotpSetup::of(&settings.issuer, &account.email, secret)?,
            None => TotpSetup::new(&settings.issuer, &account.email)?,
        };
        session().try_set(PENDING, (&account.id, setup.secret().expose())).map_err(carboy::Error::from)?;
        Ok(setup)
    }

    fn pending_totp(&self, account: &Account) -> Option<Secret<String>> {
        let (id, secret) = session().get::<(String, String)>(PENDING)?;
        (id == account.id).then(|| Secret::new(secret))
    }

    /// Makes the authenticator app a second factor, if the code shows that it was set up; the recovery codes of the account, to be shown once.
    ///
    /// # Errors
    ///
    /// [`Code`](AccountErrorKind::Code), [`NotWaiting`](AccountErrorKind::NotWaiting) without [`setup_totp`](Self::setup_totp),
    /// [`NotLoggedIn`](AccountErrorKind::NotLoggedIn), [`Throttled`](AccountErrorKind::Throttled).
    pub async fn enable_totp(&self, code: &str) -> Result<Vec<String>, AccountError> {
        let account = self.required_fresh()?;
        let secret = self.pending_totp(&account).ok_or(AccountErrorKind::NotWaiting)?;
        self.count(Attempt::Code, &account.id).await?;
        let step = totp::step_of(secret.expose(), code, self.clock().unix_seconds())?;
        let step = step.ok_or(AccountErrorKind::Code)?;
        let update = AccountUpdate { totp_secret: Some(Some(secret)), ..AccountUpdate::default() };
        match self.store().update(&account.id, account.stamp.expose(), update).await? {
            Updated::Done => {}
            Updated::Stale | Updated::Taken => return Err(AccountErrorKind::NotLoggedIn.into()),
        }
        // The code that was shown here logs nobody in.
        self.store().spend_totp_step(&account.id, step).await?;
        self.forget(Attempt::Code, &account.id).await?;
        session().remove(PENDING);
        self.tell(AccountEventKind::TotpEnabled, Some(&account));
        self.new_recovery_codes(&account).await
    }

    /// Makes the authenticator app no second factor any more, and removes the recovery codes.
    ///
    /// # Errors
    ///
    /// [`Credentials`](AccountErrorKind::Credentials) when the password is not right, [`NotLoggedIn`](AccountErrorKind::NotLoggedIn).
    pub async fn disable_totp(&self, password: &str) -> Result<(), AccountError> {
        let account = self.required_fresh()?;
        self.confirm_password(&account, password).await?;
        let update = AccountUpdate { totp_secret: Some(None), ..AccountUpdate::default() };
        match self.store().update(&account.id, account.stamp.expose(), update).await? {
            Updated::Done => {}
            Updated::Stale | Updated::Taken => return Err(AccountErrorKind::NotLoggedIn.into()),
        }
        self.store().set_recovery_codes(&account.id, Vec::new()).await?;
        self.tell(AccountEventKind::TotpDisabled, Some(&account));
        Ok(())
    }

    /// New recovery codes in place of those before, to be shown once.
    ///
    /// # Errors
    ///
    /// [`Credentials`](AccountErrorKind::Credentials) when the password is not right, [`NotLoggedIn`](AccountErrorKind::NotLoggedIn);
    /// [`Disabled`](AccountErrorKind::Disabled) without a second factor.
    pub async fn regenerate_recovery_codes(&self, password: &str) -> Result<Vec<String>, AccountError> {
        let account = self.required_fresh()?;
        if account.totp_secret.is_none() {
            return Err(AccountErrorKind::Disabled.into());
        }
        self.confirm_password(&account, password).await?;
        self.new_recovery_codes(&account).await
    }

    async fn new_recovery_codes(&self, account: &Account) -> Result<Vec<String>, AccountError> {
        let codes = recovery::generate()?;
        let digests = codes.iter().map(|code| recovery::digest(&account.id, code)).collect();
        self.store().set_recovery_codes(&account.id, digests).await?;
        self.tell(AccountEventKind::RecoveryCodesMade, Some(account));
        Ok(codes)
    }

    /// Whether this is a code of the account's authenticator app that was not used yet, or one of its recovery codes. It is used by this.
    ///
    /// # Errors
    ///
    /// [`Code`](AccountErrorKind::Code), [`Throttled`](AccountErrorKind::Throttled).
    pub async fn check_second_factor(&self, account: &Account, code: &str) -> Result<(), AccountError> {
        self.count(Attempt::Code, &account.id).await?;
        let step = match &account.totp_secret {
            Some(secret) => totp::step_of(secret.expose(), code, self.clock().unix_seconds())?,
            None => None,
        };
        let is_good = match step {
            Some(step) => self.store().spend_totp_step(&account.id, step).await?,
            None => {
                let spent = self
                    .store()
                    .spend_recovery_code(&account.id, &recovery::digest(&account.id, code))
                    .await?;
                if spent {
                    self.tell(AccountEventKind::RecoveryCodeUsed, Some(account));
                }
                spent
            }
        };
        if !is_good {
            self.tell(AccountEventKind::SecondFactorFailed, Some(account));
            return Err(AccountErrorKind::Code.into());
        }
        Ok(self.forget(Attempt::Code, &account.id).await?)
    }
}
