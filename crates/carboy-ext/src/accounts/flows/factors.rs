//! The authenticator app and the recovery codes.

use carboy::{Secret, session};

use crate::accounts::error::{AccountError, AccountErrorKind};
use crate::accounts::events::AccountEventKind;
use crate::accounts::extension::Accounts;
use crate::accounts::mails::{self, Mailing};
use crate::accounts::stores::{Account, AccountUpdate, Updated};
use crate::accounts::throttle::Attempt;
use crate::accounts::totp::{self, TotpSetup};
use crate::accounts::{hosts, recovery};

/// The secret that waits in the session to be confirmed by a code. Its user has seen it.
const PENDING: &str = "_accounts_totp";

impl Accounts {
    /// What the user needs to set an authenticator app up. The secret waits in the session until [`enable_totp`](Self::enable_totp) gets a code
    /// of it, or [`replace_totp`](Self::replace_totp); asked again meanwhile it is the same.
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
    /// [`NotLoggedIn`](AccountErrorKind::NotLoggedIn), [`Throttled`](AccountErrorKind::Throttled);
    /// [`HasTotp`](AccountErrorKind::HasTotp) when there is one already: see [`replace_totp`](Self::replace_totp).
    pub async fn enable_totp(&self, code: &str) -> Result<Vec<String>, AccountError> {
        let account = self.required_fresh()?;
        if account.totp_secret.is_some() {
            return Err(AccountErrorKind::HasTotp.into());
        }
        let (secret, step) = self.check_pending_totp(&account, code).await?;
        let codes = self.set_totp(&account, secret, step).await?;
        self.tell(AccountEventKind::TotpEnabled, Some(&account));
        self.notify(Mailing::new(&mails::TOTP_ENABLED, &account.email));
        Ok(codes)
    }

    /// Makes another authenticator app the second factor, in place of the one that the account has; new recovery codes, to be shown once.
    /// `proof` is that of [`disable_totp`](Self::disable_totp).
    ///
    /// # Errors
    ///
    /// Those of [`enable_totp`](Self::enable_totp), but for `HasTotp`, and of [`disable_totp`](Self::disable_totp).
    pub async fn replace_totp(&self, code: &str, proof: &str) -> Result<Vec<String>, AccountError> {
        let account = self.required_fresh()?;
        // The code of the new one first, as the proof may be a code that is good once.
        let (secret, step) = self.check_pending_totp(&account, code).await?;
        self.check_proof(&account, proof).await?;
        let codes = self.set_totp(&account, secret, step).await?;
        self.tell(AccountEventKind::TotpReplaced, Some(&account));
        self.notify(Mailing::new(&mails::TOTP_REPLACED, &account.email));
        Ok(codes)
    }

    /// The secret that waits in the session, and the step of time that the code of it belongs to.
    async fn check_pending_totp(
        &self,
        account: &Account,
        code: &str,
    ) -> Result<(Secret<String>, i64), AccountError> {
        hosts::check()?;
        let secret = self.pending_totp(account).ok_or(AccountErrorKind::NotWaiting)?;
        self.count(Attempt::Code, &account.id).await?;
        let step = totp::step_of(secret.expose(), code, self.clock().unix_seconds())?;
        Ok((secret, step.ok_or(AccountErrorKind::Code)?))
    }

    async fn set_totp(
        &self,
        account: &Account,
        secret: Secret<String>,
        step: i64,
    ) -> Result<Vec<String>, AccountError> {
        let secret = self.settings()?.sealer.seal(&account.id, &secret)?;
        self.change_totp(account, Some(secret)).await?;
        // The code that was shown here logs nobody in.
        self.store().spend_totp_step(&account.id, step).await?;
        self.forget(Attempt::Code, &account.id).await?;
        session().remove(PENDING);
        self.new_recovery_codes(account).await
    }

    async fn change_totp(
        &self,
        account: &Account,
        secret: Option<Secret<String>>,
    ) -> Result<(), AccountError> {
        let update = AccountUpdate { totp_secret: Some(secret), ..AccountUpdate::default() };
        match self.store().update(&account.id, account.stamp.expose(), update).await? {
            Updated::Done => Ok(()),
            Updated::Stale | Updated::Taken => Err(AccountErrorKind::NotLoggedIn.into()),
        }
    }

    /// Makes the authenticator app no second factor any more, and removes the recovery codes.
    ///
    /// `proof` is the password, or, for an account that has none, a code of the app or a recovery code.
    ///
    /// # Errors
    ///
    /// [`Credentials`](AccountErrorKind::Credentials) when the password is not right, [`Code`](AccountErrorKind::Code) when the code is not,
    /// [`NotLoggedIn`](AccountErrorKind::NotLoggedIn), [`Throttled`](AccountErrorKind::Throttled).
    pub async fn disable_totp(&self, proof: &str) -> Result<(), AccountError> {
        let account = self.required_fresh()?;
        hosts::check()?;
        self.check_proof(&account, proof).await?;
        self.change_totp(&account, None).await?;
        self.store().set_recovery_codes(&account.id, Vec::new()).await?;
        self.tell(AccountEventKind::TotpDisabled, Some(&account));
        self.notify(Mailing::new(&mails::TOTP_DISABLED, &account.email));
        Ok(())
    }

    /// New recovery codes in place of those before, to be shown once. `proof` is that of [`disable_totp`](Self::disable_totp).
    ///
    /// # Errors
    ///
    /// Those of [`disable_totp`](Self::disable_totp); [`Disabled`](AccountErrorKind::Disabled) without a second factor.
    pub async fn regenerate_recovery_codes(&self, proof: &str) -> Result<Vec<String>, AccountError> {
        let account = self.required_fresh()?;
        if account.totp_secret.is_none() {
            return Err(AccountErrorKind::Disabled.into());
        }
        hosts::check()?;
        self.check_proof(&account, proof).await?;
        let codes = self.new_recovery_codes(&account).await?;
        self.notify(Mailing::new(&mails::RECOVERY_CODES_MADE, &account.email));
        Ok(codes)
    }

    /// Whether somebody who is logged in shows again to be the account's user, before a factor of it is changed.
    async fn check_proof(&self, account: &Account, proof: &str) -> Result<(), AccountError> {
        match account.password {
            Some(_) => self.confirm_password(account, proof).await,
            None => self.check_second_factor(account, proof).await,
        }
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
        let is_good =
            self.spend_app_code(account, code).await? || self.spend_recovery_code(account, code).await?;
        if !is_good {
            self.tell(AccountEventKind::SecondFactorFailed, Some(account));
            return Err(AccountErrorKind::Code.into());
        }
        Ok(self.forget(Attempt::Code, &account.id).await?)
    }

    /// Whether this is a code of the authenticator app. A secret that nothing opens has none: who runs the app learns it from the log, and the
    /// recovery codes are good.
    async fn spend_app_code(&self, account: &Account, code: &str) -> Result<bool, AccountError> {
        let Some(stored) = &account.totp_secret else { return Ok(false) };
        let sealer = &self.settings()?.sealer;
        let now = self.clock().unix_seconds();
        let read = sealer.open(&account.id, stored).and_then(|opened| {
            let step = totp::step_of(opened.secret.expose(), code, now)?;
            Ok(step.map(|step| (step, opened)))
        });
        let (step, opened) = match read {
            Ok(Some(read)) => read,
            Ok(None) => return Ok(false),
            Err(error) => {
                let account = account.id.as_str();
                tracing::error!(target: "carboy::accounts", account, "no code of an authenticator app is taken: {error}");
                return Ok(false);
            }
        };
        if !self.store().spend_totp_step(&account.id, step).await? {
            return Ok(false);
        }
        if !opened.is_current {
            let sealed = sealer.seal(&account.id, &opened.secret)?;
            // If it was switched off or set up anew meanwhile that stays.
            self.store().replace_totp_secret(&account.id, stored, sealed).await?;
        }
        Ok(true)
    }

    async fn spend_recovery_code(&self, account: &Account, code: &str) -> Result<bool, AccountError> {
        let digest = recovery::digest(&account.id, code);
        let spent = self.store().spend_recovery_code(&account.id, &digest).await?;
        if spent {
            self.tell(AccountEventKind::RecoveryCodeUsed, Some(account));
        }
        Ok(spent)
    }
}
