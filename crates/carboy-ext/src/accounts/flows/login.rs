//! Logging in and out.

use std::sync::Arc;

use carboy::security::signing::base64_encode;
use carboy::{Secret, StatusCode, UrlValue, is_safe_redirect, session, try_url_for};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::accounts::error::{AccountError, AccountErrorKind};
use crate::accounts::events::AccountEventKind;
use crate::accounts::extension::Accounts;
use crate::accounts::passwords::{PasswordCheck, Passwords};
use crate::accounts::stores::{Account, AccountUpdate};
use crate::accounts::throttle::Attempt;
use crate::login::{login_fresh, logout_user};

/// Where a login stands after its first factor. [`Accounts::url_after`] says where it goes on.
#[derive(Clone, Debug)]
pub enum LoginStep {
    /// The account is logged in.
    Done(Account),
    /// The session waits for [`second_factor`](Accounts::second_factor).
    SecondFactor,
}

/// The login that waits in the session for its second factor.
#[derive(Serialize, Deserialize)]
struct Waiting {
    stamp: String,
    since: i64,
    remember: bool,
}

const WAITING: &str = "_accounts_waiting";

impl Accounts {
    /// Checks a user's password. Takes as long for a user who does not exist; a hash of another kind is made anew.
    ///
    /// # Errors
    ///
    /// [`Credentials`](AccountErrorKind::Credentials); with the right password [`Inactive`](AccountErrorKind::Inactive) and
    /// [`Unconfirmed`](AccountErrorKind::Unconfirmed); [`Throttled`](AccountErrorKind::Throttled). 503 when too many passwords are being checked.
    pub async fn check_credentials(&self, identifier: &str, password: &str) -> Result<Account, AccountError> {
        let settings = self.settings()?;
        // What somebody typed may be long: a key of the throttle is not.
        let identifier = super::super::email::normalize_email(identifier)
            .unwrap_or_else(|| identifier.trim().to_lowercase().chars().take(254).collect());
        let key = base64_encode(&Sha256::digest(&identifier)[..16]);
        self.count(Attempt::Password, &key).await?;
        let account = self.store().find_by_identifier(&identifier).await?;
        self.learn_kinds_of_hashes(&settings.passwords).await;
        let stored = account.as_ref().and_then(Account::password_hash);
        let check = match (settings.passwords.check(stored, password).await, &account) {
            // That nobody here can read it is for who runs the app; an answer of its own would tell that there is such an account.
            (Err(error), Some(account)) if error.status() != StatusCode::SERVICE_UNAVAILABLE => {
                tracing::error!(target: "carboy::accounts", account = account.id.as_str(), "no password is taken: {error}");
                PasswordCheck::Wrong
            }
            (check, _) => check?,
        };
        let (Some(mut account), true) = (account, check != PasswordCheck::Wrong) else {
            self.tell(AccountEventKind::LoginFailed, None);
            return Err(AccountErrorKind::Credentials.into());
        };
        self.forget(Attempt::Password, &key).await?;
        if !account.active {
            return Err(AccountErrorKind::Inactive.into());
        }
        if settings.confirmable && !account.is_confirmed() {
            return Err(AccountErrorKind::Unconfirmed.into());
        }
        if let PasswordCheck::Outdated(hash) = check {
            let password = Some(Secret::new(hash));
            let update = AccountUpdate { password: password.clone(), ..AccountUpdate::default() };
            // An account that was changed meanwhile keeps the hash that it has then.
            self.store().update(&account.id, account.stamp.expose(), update).await?;
            account.password = password;
        }
        Ok(account)
    }

    /// Asks the store once which kinds of hashes it has.
    async fn learn_kinds_of_hashes(&self, passwords: &Passwords) {
        if !passwords.learns_kinds() {
            return;
        }
        let all = async {
            let mut known: Vec<_> = passwords.known_kinds().iter().map(|kind| format!("{kind}$")).collect();
            // A store of very many kinds is left at some.
            for _ in 0..8 {
                let Some(hash) = self.store().password_of_another_kind(&known).await? else { break };
                known.push(passwords.learn_kind(&hash));
            }
            Ok::<_, carboy::Error>(())
        };
        // Where it fails, so will what comes next.
        let _ = self.learnt_kinds().get_or_try_init(|| all).await;
    }

    /// Logs a user in, or lets the session wait for the second factor.
    ///
    /// # Errors
    ///
    /// Those of [`check_credentials`](Self::check_credentials).
    pub async fn login(
        &self,
        identifier: &str,
        password: &str,
        remember: bool,
    ) -> Result<LoginStep, AccountError> {
        let account = self.check_credentials(identifier, password).await?;
        self.first_factor(&account, remember)
    }

    /// Goes on with a login whose user has proved by one factor to be who they say, whichever it was: logs the account in, or lets the session
    /// wait for the second factor. It is how a login by another provider ends, too.
    ///
    /// ```
    /// use carboy::prelude::*;
    /// use carboy_ext::accounts::accounts;
    /// # async fn asked_the_provider() -> carboy::Result<String> { Ok("1".to_owned()) }
    ///
    /// #[get("/login/provider/callback")]
    /// async fn callback() -> carboy::Result<Redirect> {
    ///     let id: String = asked_the_provider().await?;
    ///     let account = accounts().store().find(&id).await?.or_404()?;
    ///     let step = accounts().first_factor(&account, false)?;
    ///     Ok(redirect(accounts().url_after(&step, Some("/cart"))?))
    /// }
    /// ```
    ///
    /// # Errors
    ///
    /// [`Inactive`](AccountErrorKind::Inactive).
    pub fn first_factor(&self, account: &Account, remember: bool) -> Result<LoginStep, AccountError> {
        if !account.active {
            return Err(AccountErrorKind::Inactive.into());
        }
        if account.totp_secret.is_some() && self.settings()?.two_factor {
            let waiting = Waiting { stamp: account.stamp.expose().clone(), since: self.now(), remember };
            session().try_set(WAITING, waiting).map_err(carboy::Error::from)?;
            return Ok(LoginStep::SecondFactor);
        }
        self.log_in(account, remember)?;
        Ok(LoginStep::Done(account.clone()))
    }

    /// Where a login goes on: to the page that asks for the second factor, or to `next` if that leads to a page of this app, else to
    /// SECURITY_POST_LOGIN_VIEW. The page for the second factor leads to the same place.
    ///
    /// # Errors
    ///
    /// There is no endpoint `accounts.second_factor`, which an app has to have [without views](Accounts::without_views).
    pub fn url_after(&self, step: &LoginStep, next: Option<&str>) -> carboy::Result<String> {
        let next = next.filter(|next| is_safe_redirect(next));
        match step {
            LoginStep::Done(_) => Ok(next.unwrap_or(&self.settings()?.post_login).to_owned()),
            LoginStep::SecondFactor => {
                let next = next.map(|next| ("next".to_owned(), UrlValue::Str(next.to_owned())));
                Ok(try_url_for("accounts.second_factor", next.into_iter().collect::<Vec<_>>())?)
            }
        }
    }

    /// Whether the session waits for a second factor.
    pub fn waits_for_second_factor(&self) -> bool {
        session().contains(WAITING)
    }

    /// Logs in who waits, by a code of the authenticator app or a recovery code. Either is good once.
    ///
    /// # Errors
    ///
    /// [`Code`](AccountErrorKind::Code), [`NotWaiting`](AccountErrorKind::NotWaiting), [`Throttled`](AccountErrorKind::Throttled).
    pub async fn second_factor(&self, code: &str) -> Result<Account, AccountError> {
        let settings = self.settings()?;
        let waiting: Waiting = session().get(WAITING).ok_or(AccountErrorKind::NotWaiting)?;
        let most = i64::try_from(settings.second_factor_within.as_secs()).unwrap_or(i64::MAX);
        let age = self.now().saturating_sub(waiting.since);
        let account = match (0..=most).contains(&age) {
            true => self.store().find_by_stamp(&waiting.stamp).await?.filter(|account| account.active),
            false => None,
        };
        let Some(account) = account else {
            session().remove(WAITING);
            return Err(AccountErrorKind::NotWaiting.into());
        };
        self.check_second_factor(&account, code).await?;
        self.log_in(&account, waiting.remember)?;
        Ok(account)
    }

    /// Logs an account in, whose user has proved by every factor of it to be who they say: [`first_factor`](Self::first_factor) asks for the
    /// second one where there is one.
    ///
    /// # Errors
    ///
    /// [`Inactive`](AccountErrorKind::Inactive).
    pub fn log_in(&self, account: &Account, remember: bool) -> Result<(), AccountError> {
        if !super::super::session::log_in(account, remember) {
            return Err(AccountErrorKind::Inactive.into());
        }
        // Another login of this browser that waited is given up.
        session().remove(WAITING);
        self.tell(AccountEventKind::LoggedIn, Some(account));
        Ok(())
    }

    /// Logs out who is logged in, if anybody.
    ///
    /// # Panics
    ///
    /// As [`logout_user`].
    pub fn logout(&self) {
        let account = self.current();
        session().remove(WAITING);
        logout_user();
        if let Some(account) = account {
            self.tell(AccountEventKind::LoggedOut, Some(&account));
        }
    }

    /// The account that is logged in.
    ///
    /// # Errors
    ///
    /// [`NotLoggedIn`](AccountErrorKind::NotLoggedIn).
    pub fn required(&self) -> Result<Arc<Account>, AccountError> {
        Ok(self.current().ok_or(AccountErrorKind::NotLoggedIn)?)
    }

    /// The account that is logged in, by a login that is fresh: not by the remember-me cookie. For what changes how one logs in.
    ///
    /// # Errors
    ///
    /// [`NotLoggedIn`](AccountErrorKind::NotLoggedIn).
    pub fn required_fresh(&self) -> Result<Arc<Account>, AccountError> {
        let account = self.required()?;
        if login_fresh() { Ok(account) } else { Err(AccountErrorKind::NotLoggedIn.into()) }
    }
}
