//! The extension.

use std::sync::{Arc, OnceLock};

use carboy::security::signing::Clock;
use carboy::signals::Signal;
use carboy::{App, BoxFuture, Error, Extension, ExtensionFuture, Requirement, Result, State};

use tokio::sync::OnceCell;

use super::error::{AccountError, AccountErrorKind};
use super::events::{self, AccountEvent, AccountEventKind};
use super::hosts;
use super::passwords::{OwnData, PasswordRules};
use super::settings::Settings;
use super::stores::{Account, TokenStore, UserStore};
use super::throttle::{Attempt, Throttle, client_key};
use super::views;
use crate::login::Login;
use crate::mail::Mail;

/// A function that looks for the proof in the request's form: whether it is there and good.
type Captcha = Arc<dyn Fn(CaptchaFor) -> BoxFuture<Result<bool>> + Send + Sync>;

/// The form that a CAPTCHA protects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CaptchaFor {
    /// Sign-up.
    Register,
    /// Logging in.
    Login,
    /// A new link to confirm the address.
    Confirm,
    /// A link to reset the password.
    Reset,
}

/// Accounts: sign-up, confirmation, logging in, reset, second factors. Cheap to clone; all clones are one.
///
/// It needs the extension [`Mail`], and brings [`Login`]. [The module](super) says what it does and which settings it has.
#[derive(Clone)]
pub struct Accounts {
    users: Arc<dyn UserStore>,
    #[cfg_attr(
        not(feature = "passkeys"),
        expect(dead_code, reason = "only passkeys have tokens that no change of the account ends")
    )]
    tokens: Arc<dyn TokenStore>,
    rules: PasswordRules,
    /// What the app chose; else the configuration does.
    throttle: Option<Arc<dyn Throttle>>,
    captcha: Option<Captcha>,
    layout: Option<Arc<str>>,
    views: bool,
    clock: Clock,
    events: Arc<Signal<AccountEvent>>,
    settings: Arc<OnceLock<Settings>>,
    /// Whether the store was asked which kinds of hashes it has.
    learnt_kinds: Arc<OnceCell<()>>,
}

/// The accounts of the current app.
///
/// # Panics
///
/// Outside a context, or when the app has no [`Accounts`].
#[track_caller]
pub fn accounts() -> Accounts {
    Accounts::clone(&carboy::ext::<Accounts>())
}

impl Accounts {
    /// Accounts in this store: a `carboy_db::Db` with its accounts' tables, [`MemoryStore`](super::MemoryStore), or one of your own.
    pub fn new<S: UserStore + TokenStore + Clone>(store: S) -> Self {
        Self {
            users: Arc::new(store.clone()),
            tokens: Arc::new(store),
            rules: PasswordRules::default(),
            throttle: None,
            captcha: None,
            layout: None,
            views: true,
            clock: Clock::default(),
            events: Arc::default(),
            settings: Arc::default(),
            learnt_kinds: Arc::default(),
        }
    }

    /// Other rules for passwords.
    #[must_use]
    pub fn with_password_rules(mut self, rules: PasswordRules) -> Self {
        self.rules = rules;
        self
    }

    /// Counts attempts there, whatever SECURITY_THROTTLE_STORAGE_URI says.
    #[must_use]
    pub fn with_throttle(mut self, throttle: impl Throttle) -> Self {
        self.throttle = Some(Arc::new(throttle));
        self
    }

    /// Asks this before a form that anybody may send is acted on: whether the proof of a CAPTCHA that came with the request is good. The
    /// template `accounts/captcha.html` shows it.
    #[must_use]
    pub fn with_captcha<F>(mut self, check: impl Fn(CaptchaFor) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Result<bool>> + Send + 'static,
    {
        self.captcha = Some(Arc::new(move |form| Box::pin(check(form))));
        self
    }

    /// The template that the pages extend: one with the blocks `title` and `content`. By default `base.html` if the app has it, else a plain one.
    #[must_use]
    pub fn with_layout(mut self, template: &str) -> Self {
        self.layout = Some(template.into());
        self
    }

    /// Brings no views: the app has its own, which call the functions here.
    #[must_use]
    pub fn without_views(mut self) -> Self {
        self.views = false;
        self
    }

    /// Another clock, for tests of what ends with time.
    #[must_use]
    pub fn with_clock(mut self, clock: Clock) -> Self {
        self.clock = clock;
        self
    }

    /// The extension [`Login`] that finds these accounts and sends people to their page to log in. It is registered with `Accounts`, unless the
    /// app has registered one before: this one, changed to its taste.
    ///
    /// ```
    /// # use carboy::App;
    /// # use carboy_ext::{accounts::{Accounts, MemoryStore}, mail::Mail};
    /// # let mut app = App::new("shop");
    /// let accounts = Accounts::new(MemoryStore::new());
    /// app.ext(accounts.login_extension().login_message("Members only."));
    /// app.ext(accounts).ext(Mail::new());
    /// ```
    pub fn login_extension(&self) -> Login {
        let users = self.users.clone();
        let find = move |stamp: String| {
            let users = users.clone();
            async move { users.find_by_stamp(&stamp).await }
        };
        Login::new(find).login_view("accounts.login").refresh_view("accounts.login")
    }

    /// What happens to accounts: for an audit log.
    pub fn events(&self) -> &Signal<AccountEvent> {
        &self.events
    }

    /// The store.
    pub fn store(&self) -> &dyn UserStore {
        &*self.users
    }

    #[cfg(feature = "passkeys")]
    pub(super) fn tokens(&self) -> &dyn TokenStore {
        &*self.tokens
    }

    pub(super) fn layout(&self) -> Option<&str> {
        self.layout.as_deref()
    }

    pub(super) fn clock(&self) -> &Clock {
        &self.clock
    }

    /// The seconds since 1970.
    pub(super) fn now(&self) -> i64 {
        self.clock.unix_seconds().try_into().unwrap_or(i64::MAX)
    }

    pub(super) fn learnt_kinds(&self) -> &OnceCell<()> {
        &self.learnt_kinds
    }

    pub(super) fn settings(&self) -> Result<&Settings> {
        if let Some(settings) = self.settings.get() {
            return Ok(settings);
        }
        let app = carboy::try_current_app()
            .ok_or_else(|| Error::msg("accounts are used in a context of the app that has them"))?;
        self.configure(&app)
    }

    fn configure(&self, app: &State) -> Result<&Settings> {
        let settings = Settings::new(app, self.rules.clone(), self.throttle.clone(), self.clock.clone())?;
        Ok(self.settings.get_or_init(|| settings))
    }

    pub(super) fn tell(&self, kind: AccountEventKind, account: Option<&Account>) {
        events::tell(&self.events, kind, account.map(|account| account.id.as_str()));
    }

    /// Whether the password may be this account's.
    ///
    /// # Errors
    ///
    /// The first problem found; or the settings cannot be read.
    pub fn check_password_rules(&self, password: &str, email: &str) -> Result<(), AccountError> {
        let settings = self.settings()?;
        Ok(settings.rules.check(password, &OwnData { user: &[email], service: &settings.service })?)
    }

    /// Counts an attempt, of this client too. A client that has to wait counts for nobody else.
    pub(super) async fn count(&self, attempt: Attempt, key: &str) -> Result<(), AccountError> {
        self.count_client().await?;
        self.counted(attempt, key).await
    }

    /// Counts an attempt of this client, at whatever account.
    pub(super) async fn count_client(&self) -> Result<(), AccountError> {
        match carboy::try_request().and_then(|request| request.remote_addr()) {
            Some(address) => self.counted(Attempt::Client, &client_key(address)).await,
            None => Ok(()),
        }
    }

    async fn counted(&self, attempt: Attempt, key: &str) -> Result<(), AccountError> {
        match self.settings()?.throttle.count(attempt, key).await? {
            None => Ok(()),
            Some(wait) => {
                self.tell(AccountEventKind::Throttled, None);
                Err(AccountErrorKind::Throttled(wait).into())
            }
        }
    }

    pub(super) async fn forget(&self, attempt: Attempt, key: &str) -> Result<()> {
        self.settings()?.throttle.forget(attempt, key).await
    }

    /// Asks the hook for a CAPTCHA about the current request. The views that come with the extension do; views of your own call it first.
    ///
    /// # Errors
    ///
    /// [`Captcha`](AccountErrorKind::Captcha) when it said no, and what the hook failed with.
    pub async fn check_captcha(&self, form: CaptchaFor) -> Result<(), AccountError> {
        match &self.captcha {
            Some(check) if !check(form).await? => Err(AccountErrorKind::Captcha.into()),
            _ => Ok(()),
        }
    }
}

impl std::fmt::Debug for Accounts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Accounts").field("rules", &self.rules).finish_non_exhaustive()
    }
}

impl Extension for Accounts {
    fn name(&self) -> &'static str {
        "Accounts"
    }

    fn requires(&self) -> Vec<Requirement> {
        vec![Requirement::of::<Mail>()]
    }

    fn init(&self, app: &mut App) -> Result<()> {
        self.users.init(app)?;
        if app.require::<Login>().is_err() {
            app.ext(self.login_extension());
        }
        app.built_in_templates("the accounts", views::TEMPLATES);
        if self.views {
            let prefix = app.config().get_str("SECURITY_URL_PREFIX")?.unwrap_or("").to_owned();
            app.register_at(&prefix, views::blueprint());
        }
        Ok(())
    }

    fn startup<'a>(&'a self, app: &'a Arc<State>) -> ExtensionFuture<'a, Result<()>> {
        Box::pin(async move { self.configure(app).map(|_| ()) })
    }

    fn check<'a>(&'a self, app: &'a Arc<State>) -> ExtensionFuture<'a, Vec<String>> {
        Box::pin(async move {
            let mut problems = self.users.check().await;
            match self.configure(app) {
                Ok(settings) => problems.extend(settings.throttle.check().await),
                Err(error) => problems.push(error.to_string()),
            }
            if !app.debug() && !hosts::are_known(app) {
                problems.push(hosts::UNKNOWN.to_owned());
            }
            problems
        })
    }
}
