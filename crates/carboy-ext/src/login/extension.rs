//! The extension: its loaders, views and messages.

use super::{
    guards::Message,
    remember,
    settings::{SessionProtection, Settings},
    signals::LoginSignals,
    template,
    user::{User, UserRef},
    visit,
};
use carboy::{
    App, BoxFuture, CurrentRequest, Error, Ext, Extension, ExtensionFuture, IntoResponse, LogUser, Response,
    Result, Scaffold, State, ext, security::signing::Clock, try_ext,
};
use std::{
    collections::HashMap,
    future::Future,
    sync::{Arc, OnceLock},
};

type UserLoader = Box<dyn Fn(String) -> BoxFuture<Result<Option<UserRef>>> + Send + Sync>;
type RequestLoader = Box<dyn Fn(CurrentRequest) -> BoxFuture<Result<Option<UserRef>>> + Send + Sync>;
type Handler = Box<dyn Fn() -> Result<Response> + Send + Sync>;
type LogName = Box<dyn Fn(&UserRef) -> Option<String> + Send + Sync>;
type Localize = Box<dyn Fn(&str) -> String + Send + Sync>;

/// Who is logged in: Flask-Login's `LoginManager`, with its sessions and cookies.
///
/// It is made of a user loader, by which a user is found whose id a session or a cookie holds; see the [module](super) for all of it.
pub struct Login {
    pub(super) user_loader: Option<UserLoader>,
    pub(super) request_loader: Option<RequestLoader>,
    pub(super) login_view: Option<String>,
    pub(super) blueprint_login_views: HashMap<String, String>,
    pub(super) login_message: Message,
    pub(super) refresh_view: Option<String>,
    pub(super) needs_refresh_message: Message,
    pub(super) unauthorized_handler: Option<Handler>,
    pub(super) needs_refresh_handler: Option<Handler>,
    pub(super) localize: Option<Localize>,
    pub(super) log_name: Option<LogName>,
    pub(super) signals: LoginSignals,
    pub(super) clock: Clock,
    protection: SessionProtection,
    settings: OnceLock<Settings>,
}

impl Login {
    /// Finds users by their id: what [`User::get_id`] says. `None` when there is no such user (any more).
    ///
    /// It is asked before the hooks run, once a request, and only if the request carries an id. What it raises is answered by the error handlers.
    ///
    /// ```
    /// # use carboy_ext::login::{Login, User};
    /// # #[derive(serde::Serialize)] struct Member { id: u64 }
    /// # impl User for Member { fn get_id(&self) -> String { self.id.to_string() } }
    /// # async fn find(_: u64) -> carboy::Result<Option<Member>> { Ok(None) }
    /// let login = Login::new(|id: String| async move {
    ///     match id.parse() {
    ///         Ok(id) => find(id).await,
    ///         Err(_) => Ok(None),
    ///     }
    /// });
    /// ```
    pub fn new<U, E, F>(user_loader: impl Fn(String) -> F + Send + Sync + 'static) -> Self
    where
        U: User,
        E: Into<Error>,
        F: Future<Output = std::result::Result<Option<U>, E>> + Send + 'static,
    {
        let mut login = Login::without_loaders();
        login.user_loader = Some(Box::new(move |id| {
            let found = user_loader(id);
            Box::pin(async move { Ok(found.await.map_err(Into::into)?.map(UserRef::new)) })
        }));
        login
    }

    /// Finds users by their requests alone, such as by an API key: nobody is logged in by a session. See [`request_loader`](Self::request_loader).
    pub fn by_request<U, E, F>(request_loader: impl Fn(CurrentRequest) -> F + Send + Sync + 'static) -> Self
    where
        U: User,
        E: Into<Error>,
        F: Future<Output = std::result::Result<Option<U>, E>> + Send + 'static,
    {
        Login::without_loaders().request_loader(request_loader)
    }

    fn without_loaders() -> Self {
        let message = |text: &str| Message { text: text.to_owned(), category: "message".to_owned() };
        Login {
            user_loader: None,
            request_loader: None,
            login_view: None,
            blueprint_login_views: HashMap::new(),
            login_message: message("Please log in to access this page."),
            refresh_view: None,
            needs_refresh_message: message("Please reauthenticate to access this page."),
            unauthorized_handler: None,
            needs_refresh_handler: None,
            localize: None,
            log_name: None,
            signals: LoginSignals::default(),
            clock: Clock::system(),
            protection: SessionProtection::default(),
            settings: OnceLock::new(),
        }
    }

    /// Finds the user of a request that neither a session nor a remember-me cookie identifies, such as by its `Authorization` field. It is asked for
    /// every such request before the hooks run and before the body is read, so it had better look at the header fields first.
    ///
    /// ```
    /// # use carboy_ext::login::{Login, User};
    /// # use carboy::CurrentRequest;
    /// # #[derive(serde::Serialize)] struct Member { id: u64 }
    /// # impl User for Member { fn get_id(&self) -> String { self.id.to_string() } }
    /// # async fn find(_: String) -> carboy::Result<Option<Member>> { Ok(None) }
    /// # async fn find_by_key(_: String) -> carboy::Result<Option<Member>> { Ok(None) }
    /// let login = Login::new(find).request_loader(|request: CurrentRequest| async move {
    ///     match request.header("x-api-key") {
    ///         Some(key) => find_by_key(key.into_owned()).await,
    ///         None => Ok(None),
    ///     }
    /// });
    /// ```
    #[must_use]
    pub fn request_loader<U, E, F>(
        mut self,
        loader: impl Fn(CurrentRequest) -> F + Send + Sync + 'static,
    ) -> Self
    where
        U: User,
        E: Into<Error>,
        F: Future<Output = std::result::Result<Option<U>, E>> + Send + 'static,
    {
        self.request_loader = Some(Box::new(move |request| {
            let found = loader(request);
            Box::pin(async move { Ok(found.await.map_err(Into::into)?.map(UserRef::new)) })
        }));
        self
    }

    /// Where to log in: an endpoint, a path or a URL. Without it a guard answers 401.
    #[must_use]
    pub fn login_view(mut self, view: &str) -> Self {
        self.login_view = Some(view.to_owned());
        self
    }

    /// Where to log in for the views of a blueprint, which is given by its full name.
    #[must_use]
    pub fn blueprint_login_view(mut self, blueprint: &str, view: &str) -> Self {
        self.blueprint_login_views.insert(blueprint.to_owned(), view.to_owned());
        self
    }

    /// What is flashed to whoever is sent to log in; nothing if it is empty.
    #[must_use]
    pub fn login_message(mut self, message: &str) -> Self {
        self.login_message.text = message.to_owned();
        self
    }

    /// The category of that message.
    #[must_use]
    pub fn login_message_category(mut self, category: &str) -> Self {
        self.login_message.category = category.to_owned();
        self
    }

    /// Where to confirm a login that is not fresh: an endpoint, a path or a URL. Without it a guard answers 401.
    #[must_use]
    pub fn refresh_view(mut self, view: &str) -> Self {
        self.refresh_view = Some(view.to_owned());
        self
    }

    /// What is flashed to whoever is sent to confirm a login; nothing if it is empty.
    #[must_use]
    pub fn needs_refresh_message(mut self, message: &str) -> Self {
        self.needs_refresh_message.text = message.to_owned();
        self
    }

    /// The category of that message.
    #[must_use]
    pub fn needs_refresh_message_category(mut self, category: &str) -> Self {
        self.needs_refresh_message.category = category.to_owned();
        self
    }

    /// Translates the messages before they are flashed, in place of the app's [translations](carboy::gettext).
    #[must_use]
    pub fn localize(mut self, localize: impl Fn(&str) -> String + Send + Sync + 'static) -> Self {
        self.localize = Some(Box::new(localize));
        self
    }

    /// Answers whoever is not logged in, in place of the login view: with whatever a view may return.
    #[must_use]
    pub fn unauthorized_handler<R: IntoResponse>(
        mut self,
        handler: impl Fn() -> R + Send + Sync + 'static,
    ) -> Self {
        self.unauthorized_handler = Some(Box::new(move || handler().into_response()));
        self
    }

    /// Answers a user whose login is not fresh, in place of the refresh view: with whatever a view may return.
    #[must_use]
    pub fn needs_refresh_handler<R: IntoResponse>(
        mut self,
        handler: impl Fn() -> R + Send + Sync + 'static,
    ) -> Self {
        self.needs_refresh_handler = Some(Box::new(move || handler().into_response()));
        self
    }

    /// Names the user in the access log, for requests in which somebody asked for the user: by a number or a name, and not by what is secret. Nobody is
    /// named without it.
    #[must_use]
    pub fn log_user<U: User>(mut self, name: impl Fn(&U) -> String + Send + Sync + 'static) -> Self {
        self.log_name = Some(Box::new(move |user| user.try_typed::<U>().map(|user| name(&user))));
        self
    }

    /// What is done with a session that comes from another browser; SESSION_PROTECTION of the configuration wins.
    #[must_use]
    pub fn session_protection(mut self, protection: SessionProtection) -> Self {
        self.protection = protection;
        self
    }

    /// The clock that dates cookies and logins, for tests.
    #[must_use]
    pub fn clock(mut self, clock: Clock) -> Self {
        self.clock = clock;
        self
    }

    /// The signals, to connect receivers.
    pub fn signals(&self) -> &LoginSignals {
        &self.signals
    }

    /// What the configuration says.
    pub(super) fn settings(&self) -> &Settings {
        self.settings.get().expect("an app starts its extensions before it answers")
    }

    /// The user in the value of a remember-me cookie, if it is signed with our key.
    pub(super) fn remembered_id(&self, value: &str) -> Option<String> {
        self.settings().cookie.tokens.as_ref()?.decode(value).map(str::to_owned)
    }

    /// Whether a view that the app names for logins is there.
    fn missing_views(&self, app: &State) -> Vec<String> {
        let views = [("login_view", &self.login_view), ("refresh_view", &self.refresh_view)];
        let named = views.into_iter().filter_map(|(what, view)| Some((what, view.as_deref()?)));
        let blueprints =
            self.blueprint_login_views.values().map(|view| ("blueprint_login_view", view.as_str()));
        let is_url = |view: &str| ["https://", "http://", "/"].iter().any(|start| view.starts_with(start));
        let known = |view: &str| app.url_map().iter().any(|rule| rule.get_endpoint() == view);
        named
            .chain(blueprints)
            .filter(|(_, view)| !is_url(view) && !known(view))
            .map(|(what, view)| format!("the {what} '{view}' is no endpoint of this app, and no path or URL"))
            .collect()
    }
}

impl std::fmt::Debug for Login {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Login").field("login_view", &self.login_view).finish_non_exhaustive()
    }
}

/// The extension of the current app.
///
/// # Panics
/// Outside a context, and when the app has none.
#[track_caller]
pub(super) fn login() -> Ext<Login> {
    ext::<Login>()
}

impl Extension for Login {
    fn name(&self) -> &'static str {
        "Login"
    }

    fn init(&self, app: &mut App) -> Result<()> {
        app.prepare_request(|| async {
            // Without a cookie nobody is carried, unless the request itself tells.
            match try_ext::<Login>() {
                Some(login) => visit::prepare(&login).await,
                None => Ok(()),
            }
        });
        app.after_request(|mut response: Response| {
            let login = login();
            if let Some(name) = login.log_name.as_ref().and_then(|name| name(&visit::settled()?)) {
                response.extensions_mut().insert(LogUser::new(name));
            }
            remember::update_cookie(&login, response)
        });
        app.context_processor(template::context);
        Ok(())
    }

    fn startup<'a>(&'a self, app: &'a Arc<State>) -> ExtensionFuture<'a, Result<()>> {
        Box::pin(async move {
            let settings = Settings::from_config(app.config(), self.protection)?;
            let _ = self.settings.set(settings);
            match self.missing_views(app).as_slice() {
                [] => Ok(()),
                wrong => Err(Error::msg(wrong.join("; "))),
            }
        })
    }

    fn check_deploy<'a>(&'a self, _: &'a Arc<State>) -> ExtensionFuture<'a, Vec<String>> {
        Box::pin(async {
            let disabled = self.settings().disabled;
            disabled
                .then(|| "LOGIN_DISABLED lets everybody into every view: leave it away".to_owned())
                .into_iter()
                .collect()
        })
    }
}
