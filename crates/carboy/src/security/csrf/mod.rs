//! CSRF tokens in forms and header fields, as Flask-WTF's `CSRFProtect` has them.
//!
//! Every app refuses unsafe requests that a browser marks as another site's (`CSRF_CHECK`). [`Csrf`] asks for more: each unsafe request
//! has to carry a token that a page of this app was given for the same session. Tokens are Flask-WTF's, so a form that Flask rendered
//! can be posted here and the other way round.
//!
//! ```
//! use carboy::{prelude::*, security::Csrf};
//!
//! #[get("/")]
//! fn form() -> carboy::Result<Html> {
//!     carboy::render_template_string(
//!         r#"<form method="post"><input type="hidden" name="csrf_token" value="{{ csrf_token() }}"><button>Buy</button></form>"#,
//!         context! {},
//!     )
//! }
//!
//! #[post("/")]
//! fn buy() -> &'static str {
//!     "bought"
//! }
//!
//! let mut app = App::new("shop");
//! app.config().set("SECRET_KEY", "dev");
//! app.ext(Csrf::new()).routes(routes![form, buy]);
//! let client = app.test_client();
//! let page = client.get("/").send().text();
//! let token = page.split("value=\"").nth(1).and_then(|rest| rest.split('"').next()).unwrap_or_default();
//! assert_eq!(client.post("/").form([("csrf_token", token)]).send().text(), "bought");
//! let refused = client.post("/").send();
//! assert_eq!(refused.status(), 400);
//! assert!(refused.text().contains("The CSRF token is missing."));
//! ```
//!
//! A token is looked for in the form field, in any field whose name ends like it (a prefix of WTForms), in `X-CSRFToken` and in
//! `X-CSRF-Token`; never in the query or in JSON. Over HTTPS the `Referer` has to be a page of the same host, too. What is wrong is a
//! [`CsrfError`] with Flask-WTF's sentence, answered with status 400 unless a handler is registered for its type:
//! `app.errorhandler_for::<CsrfError, _, _>(…)`.
//!
//! | key | default | |
//! |---|---|---|
//! | `WTF_CSRF_ENABLED` | `true` | whether tokens are checked at all |
//! | `WTF_CSRF_CHECK_DEFAULT` | `true` | whether every request is checked; else those whose views call [`protect`](Csrf::protect) |
//! | `WTF_CSRF_METHODS` | `POST`, `PUT`, `PATCH`, `DELETE` | the methods that need a token |
//! | `WTF_CSRF_FIELD_NAME` | `csrf_token` | the form field, and the key in the session |
//! | `WTF_CSRF_HEADERS` | `X-CSRFToken`, `X-CSRF-Token` | the header fields |
//! | `WTF_CSRF_META_NAME` | `csrf-token` | the name in [`csrf_meta_tag`] |
//! | `WTF_CSRF_TIME_LIMIT` | `3600` | how many seconds a token is good for; `null` for as long as the session |
//! | `WTF_CSRF_SSL_STRICT` | `true` | whether the `Referer` is checked over HTTPS |
//! | `WTF_CSRF_SECRET_KEY` | `SECRET_KEY` | the key that signs tokens |
//!
//! The random text that tokens are bound to lies in the session, and goes when the session does: what clears the session at a login has a
//! new one afterwards. What keeps it keeps the text too, as in Flask-WTF; [`renew_csrf_token`] gives it a new one.

mod functions;
mod referrer;
mod settings;

pub use super::tokens::{CsrfError, CsrfErrorKind};
pub use functions::{
    csrf_enabled, csrf_field_name, csrf_input, csrf_meta_tag, csrf_token, csrf_valid, renew_csrf_token,
    validate_csrf,
};

use super::deploy::{NEW_KEY, weak_key};
use crate::{
    App, CurrentRequest, Error, Extension, ExtensionFuture, Result, Scaffold, State, TemplateValue, g,
    request, session,
};
use carboy_http::{HttpError, StatusCode};
use settings::Settings;
use std::{
    collections::HashSet,
    sync::{Arc, OnceLock},
};

/// Asks every unsafe request for a token: Flask-WTF's `CSRFProtect`. See the [module](self).
#[derive(Debug, Default)]
pub struct Csrf {
    endpoints: HashSet<String>,
    blueprints: HashSet<String>,
    settings: OnceLock<Settings>,
}

impl Csrf {
    /// The protection of all views.
    pub fn new() -> Self {
        Csrf::default()
    }

    /// Leaves a view out, by its endpoint: a webhook, which no browser calls. The app does not start when it has no such endpoint.
    #[must_use]
    pub fn exempt(mut self, endpoint: &str) -> Self {
        self.endpoints.insert(endpoint.to_owned());
        self
    }

    /// Leaves the views of a blueprint out, by its full name: an API whose clients show a token of another kind. Those of blueprints that are
    /// nested in it are not left out, as in Flask-WTF. The app does not start when it has no such blueprint.
    #[must_use]
    pub fn exempt_blueprint(mut self, name: &str) -> Self {
        self.blueprints.insert(name.to_owned());
        self
    }

    /// Checks the current request, whether its view is exempt or not: for `WTF_CSRF_CHECK_DEFAULT = false`, and for views that are exempt
    /// for some of their requests.
    ///
    /// # Errors
    /// A [`CsrfError`], what reading the form meets, and settings that cannot be used: there is no secret key.
    ///
    /// # Panics
    /// Outside a request.
    pub async fn protect(&self) -> Result<()> {
        let request = request();
        let settings = self.settings(&crate::current_app())?;
        if !settings.methods.iter().any(|method| method == request.method().as_str()) {
            return Ok(());
        }
        // A body that is no form stays where it is, for a view that takes it as it comes.
        if matches!(&*request.mimetype(), "application/x-www-form-urlencoded" | "multipart/form-data") {
            request.load_body().await?;
        }
        let checked = check(&settings, &request);
        if let Err(error) = &checked
            && error.is::<CsrfError>()
        {
            tracing::info!(target: "carboy::csrf", "{error}");
        }
        checked?;
        g().set(functions::VALID, true);
        Ok(())
    }

    fn exempts(&self, request: &CurrentRequest) -> bool {
        request.endpoint().is_some_and(|endpoint| self.endpoints.contains(endpoint))
            || request.blueprint().is_some_and(|blueprint| self.blueprints.contains(blueprint))
    }

    /// What the configuration says; read once the app has started.
    fn settings(&self, app: &State) -> Result<Settings> {
        match self.settings.get() {
            Some(settings) => Ok(settings.clone()),
            None => Settings::from_config(app.config()),
        }
    }

    /// Names that the app does not have: what they were to leave out would be checked, or worse, a misspelt name is believed.
    fn unknown(&self, app: &State) -> Option<String> {
        let endpoints = || app.url_map().iter().map(|rule| rule.get_endpoint());
        let no_endpoint = |name: &&String| !endpoints().any(|endpoint| endpoint == **name);
        let no_blueprint =
            |name: &&String| !endpoints().any(|endpoint| crate::running::blueprint_of(endpoint) == **name);
        let endpoint = self.endpoints.iter().find(no_endpoint).map(|name| format!("endpoint '{name}'"));
        endpoint
            .or_else(|| self.blueprints.iter().find(no_blueprint).map(|name| format!("blueprint '{name}'")))
    }
}

/// Whether a request shows a token of its session, and came from a page of this host.
fn check(settings: &Settings, request: &CurrentRequest) -> Result<()> {
    let tokens = settings.tokens()?;
    let token = tokens.submitted_in(request, &settings.headers).unwrap_or_default();
    tokens.validate(&session(), &token).map_err(refusal)?;
    if request.is_secure() && settings.ssl_strict {
        referrer::check(request).map_err(refusal)?;
    }
    Ok(())
}

/// The error as Flask raises it: a bad request with the sentence as its description.
fn refusal(error: CsrfError) -> Error {
    let answer = HttpError::new(StatusCode::BAD_REQUEST).with_description(error.to_string());
    Error::with_http(error, answer)
}

impl Extension for Csrf {
    fn name(&self) -> &'static str {
        "Csrf"
    }

    fn init(&self, app: &mut App) -> Result<()> {
        settings::set_defaults(app.config());
        app.template_global("csrf_token", csrf_token);
        app.template_global("csrf_meta_tag", || csrf_meta_tag().map(TemplateValue::from));
        app.template_global("csrf_input", || csrf_input().map(TemplateValue::from));
        app.before_request(|| async {
            let Some(csrf) = crate::try_ext::<Csrf>() else { return Ok(()) };
            let request = request();
            let settings = csrf.settings(&crate::current_app())?;
            // What no rule takes is left to its 404 or 405.
            if settings.enabled
                && settings.check_default
                && request.endpoint().is_some()
                && !csrf.exempts(&request)
            {
                csrf.protect().await?;
            }
            Ok::<(), Error>(())
        });
        Ok(())
    }

    fn startup<'a>(&'a self, app: &'a Arc<State>) -> ExtensionFuture<'a, Result<()>> {
        Box::pin(async move {
            if let Some(unknown) = self.unknown(app) {
                return Err(Error::msg(format!("the app has no {unknown}, which was to be exempt")));
            }
            let settings = Settings::from_config(app.config())?;
            let _ = self.settings.set(settings);
            Ok(())
        })
    }

    fn check_deploy<'a>(&'a self, app: &'a Arc<State>) -> ExtensionFuture<'a, Vec<String>> {
        Box::pin(async move {
            let mut found = Vec::new();
            let settings = self.settings(app).ok();
            if settings.is_some_and(|settings| !settings.enabled) {
                found.push("WTF_CSRF_ENABLED is off: no token is asked for. Leave it on".to_owned());
            }
            if let Ok(Some(key)) = app.config().get_bytes("WTF_CSRF_SECRET_KEY")
                && let Some(weak) = weak_key(&key)
            {
                found.push(format!("WTF_CSRF_SECRET_KEY {weak}. {NEW_KEY}"));
            }
            found
        })
    }
}
