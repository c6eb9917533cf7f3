//! Header fields that tell browsers what a site's pages may do: Flask-Talisman as an extension.
//!
//! ```
//! use carboy::{prelude::*, security::{HeaderPolicy, SecurityHeaders}};
//!
//! #[route("/")]
//! fn index() -> carboy::Result<Html> {
//!     carboy::render_template_string(r#"<script nonce="{{ csp_nonce() }}">start()</script>"#, context! {})
//! }
//!
//! #[route("/widget")]
//! fn widget() -> &'static str {
//!     "for other sites' pages"
//! }
//!
//! let mut app = App::new("shop");
//! app.routes(routes![index, widget]);
//! app.ext(
//!     SecurityHeaders::new(HeaderPolicy::talisman().content_security_policy_nonce_in(["default-src"]))
//!         .for_endpoint("widget", |policy| policy.frame_options(None)),
//! );
//! let client = app.test_client();
//! assert_eq!(client.get("/").send().location(), Some("https://localhost/"));
//! let page = client.get("/").secure().send();
//! assert_eq!(page.header("x-frame-options"), Some("SAMEORIGIN"));
//! let nonce = page.text().split('"').nth(1).unwrap().to_owned();
//! let policy = format!("default-src 'self' 'nonce-{nonce}'; object-src 'none'");
//! assert_eq!(page.header("content-security-policy"), Some(&*policy));
//! assert_eq!(client.get("/widget").secure().send().header("x-frame-options"), None);
//! ```
//!
//! `HARDENED` registers it with [`HeaderPolicy::hardened`], unless the app has registered it by itself.
//!
//! - Every response of the app has the fields: pages, errors, static files, streams. One that has a field already keeps its own. What a
//!   mounted service or the fallback answers is theirs, and so is the answer that opens a WebSocket.
//! - An endpoint's policy is the app's, changed by those of its blueprints from outer to inner, then by its own. A view changes what is left
//!   with [`change_security_headers`].
//! - Requests by plain HTTP are redirected to HTTPS (302, or 301), unless in debug mode. What a proxy says about the scheme counts when
//!   the app trusts it: see [`App::proxy_fix`].
//! - The session cookie becomes `Secure` (unless in debug mode), `HttpOnly` and `SameSite=Lax`, where the configuration does not say
//!   otherwise.
//! - The configuration wins over the app. Its keys are the options' names in upper case: `CONTENT_SECURITY_POLICY` (text, or a mapping of
//!   directives to text or lists), `CONTENT_SECURITY_POLICY_NONCE_IN`, `…_REPORT_URI`, `…_REPORT_ONLY`, `STRICT_TRANSPORT_SECURITY`,
//!   `…_MAX_AGE`, `…_INCLUDE_SUBDOMAINS`, `…_PRELOAD`, `FORCE_HTTPS`, `FORCE_HTTPS_PERMANENT`, `FRAME_OPTIONS`, `REFERRER_POLICY`,
//!   `PERMISSIONS_POLICY`, `CROSS_ORIGIN_OPENER_POLICY` and its kin. Null or `false` leaves a field out.

mod compiled;
mod config;
mod csp;
mod nonce;
mod policy;

pub use csp::Csp;
pub use policy::HeaderPolicy;

use crate::{
    App, CurrentRequest, Error, Extension, ExtensionFuture, Redirect, Result, Scaffold, State,
    config::{Config, Source},
    g, redirect,
    registry::chain,
    request,
    running::blueprint_of,
    try_ext, try_g, try_request,
};
use carboy_http::{HttpErrorKind, Response, StatusCode};
use compiled::Compiled;
use nonce::Nonce;
use std::{
    collections::HashMap,
    sync::{Arc, OnceLock},
};

/// Adds header fields to every response: Flask's `Talisman(app)`. See the [module](self).
#[derive(Default)]
pub struct SecurityHeaders {
    policy: HeaderPolicy,
    changes: Vec<(Scope, Change)>,
    made: OnceLock<Made>,
}

/// Whom a change is for, by full name.
enum Scope {
    Endpoint(String),
    Blueprint(String),
}

type Change = Box<dyn Fn(HeaderPolicy) -> HeaderPolicy + Send + Sync>;

/// The policies of a running app.
struct Made {
    all: Arc<Compiled>,
    by_endpoint: HashMap<String, Arc<Compiled>>,
}

/// The policy that a view chose, kept in `g`.
struct Chosen(Arc<Compiled>);

impl SecurityHeaders {
    /// These header fields; [`SecurityHeaders::default`] are Flask-Talisman's.
    pub fn new(policy: HeaderPolicy) -> Self {
        SecurityHeaders { policy, ..SecurityHeaders::default() }
    }

    /// Changes the policy of one view, by its endpoint: Flask-Talisman's decorator of views. The app does not start when it has no such
    /// endpoint.
    #[must_use]
    pub fn for_endpoint(
        mut self,
        endpoint: &str,
        change: impl Fn(HeaderPolicy) -> HeaderPolicy + Send + Sync + 'static,
    ) -> Self {
        self.changes.push((Scope::Endpoint(endpoint.to_owned()), Box::new(change)));
        self
    }

    /// Changes the policy of the views of a blueprint and of those nested in it, by its full name. The app does not start when it has no
    /// such blueprint.
    #[must_use]
    pub fn for_blueprint(
        mut self,
        name: &str,
        change: impl Fn(HeaderPolicy) -> HeaderPolicy + Send + Sync + 'static,
    ) -> Self {
        self.changes.push((Scope::Blueprint(name.to_owned()), Box::new(change)));
        self
    }

    /// The policies of all endpoints.
    fn make(&self, app: &State) -> Result<Made> {
        let policy = config::configured(&self.policy, app.config())?;
        let all = Arc::new(Compiled::new(policy.clone())?);
        let mut used = vec![false; self.changes.len()];
        let mut by_endpoint = HashMap::new();
        for endpoint in app.url_map().iter().map(|rule| rule.get_endpoint()) {
            let mut own: Option<HeaderPolicy> = None;
            let scopes = chain(blueprint_of(endpoint));
            let in_order = scopes.iter().map(|name| (*name, false)).chain([(endpoint, true)]);
            for (name, is_endpoint) in in_order {
                for (index, (scope, change)) in self.changes.iter().enumerate() {
                    let meant = match scope {
                        Scope::Endpoint(meant) => is_endpoint && meant == name,
                        Scope::Blueprint(meant) => !is_endpoint && meant == name,
                    };
                    if meant {
                        own = Some(change(own.unwrap_or_else(|| policy.clone())));
                        used[index] = true;
                    }
                }
            }
            if let Some(own) = own {
                let compiled =
                    Compiled::new(own).map_err(|e| Error::msg(format!("for '{endpoint}': {e}")))?;
                by_endpoint.insert(endpoint.to_owned(), Arc::new(compiled));
            }
        }
        if let Some(index) = used.iter().position(|used| !used) {
            let (kind, name) = match &self.changes[index].0 {
                Scope::Endpoint(name) => ("endpoint", name),
                Scope::Blueprint(name) => ("blueprint", name),
            };
            return Err(Error::msg(format!(
                "the app has no {kind} '{name}', whose header fields were to be changed"
            )));
        }
        Ok(Made { all, by_endpoint })
    }

    /// The policy of a request's view, unless it chose another.
    fn of_request(&self, request: &CurrentRequest) -> Option<Arc<Compiled>> {
        if let Some(chosen) = try_g().and_then(|g| g.of_type::<Chosen>()) {
            return Some(chosen.0.clone());
        }
        let made = self.made.get()?;
        Some(
            request
                .endpoint()
                .and_then(|endpoint| made.by_endpoint.get(endpoint))
                .unwrap_or(&made.all)
                .clone(),
        )
    }

    /// The policy of the app as it runs.
    pub(super) fn running(&self) -> Option<&HeaderPolicy> {
        Some(&self.made.get()?.all.policy)
    }
}

/// The policy of the current request.
fn current() -> Option<Arc<Compiled>> {
    try_ext::<SecurityHeaders>()?.of_request(&try_request()?)
}

impl Extension for SecurityHeaders {
    fn name(&self) -> &'static str {
        "SecurityHeaders"
    }

    fn init(&self, app: &mut App) -> Result<()> {
        set_cookie_flags(app.config())?;
        app.template_global("csp_nonce", csp_nonce);
        app.before_request(|| to_https(current()?));
        app.after_request(|mut response: Response| {
            if response.status() != StatusCode::SWITCHING_PROTOCOLS
                && let Some(policy) = current()
            {
                policy.apply(&mut response, request().is_secure(), nonce);
            }
            response
        });
        Ok(())
    }

    fn startup<'a>(&'a self, app: &'a Arc<State>) -> ExtensionFuture<'a, Result<()>> {
        Box::pin(async move {
            let made = self.make(app)?;
            let _ = self.made.set(made);
            Ok(())
        })
    }
}

/// Makes the session cookie what Flask-Talisman makes it, as far as nobody chose.
fn set_cookie_flags(config: &mut Config) -> Result<()> {
    let secure = !config.get_bool("DEBUG")?;
    let mut choose = |key: &str, value: serde_json::Value| {
        if config.source(key).is_none_or(|source| matches!(source, Source::Default)) {
            config.set(key, value);
        }
    };
    choose("SESSION_COOKIE_SECURE", secure.into());
    choose("SESSION_COOKIE_HTTPONLY", true.into());
    choose("SESSION_COOKIE_SAMESITE", "Lax".into());
    Ok(())
}

/// Where a request by plain HTTP goes instead.
fn to_https(policy: Arc<Compiled>) -> Option<Redirect> {
    let request = request();
    if !policy.policy.force_https || request.is_secure() || crate::current_app().debug() {
        return None;
    }
    // No answer repeats a host that is not trusted: it is refused further on.
    let refused = request.routing_exception().and_then(Error::http);
    if refused.is_some_and(|error| matches!(error.kind(), HttpErrorKind::Security)) {
        return None;
    }
    let url = request.url();
    let rest = url.strip_prefix("http://")?;
    let there = redirect(format!("https://{rest}"));
    Some(if policy.policy.force_https_permanent {
        there.with_status(StatusCode::MOVED_PERMANENTLY)
    } else {
        there
    })
}

/// The nonce of the current request, made now if it has none.
fn nonce() -> String {
    let g = g();
    match g.of_type::<Nonce>() {
        Some(nonce) => nonce.0.clone(),
        None => {
            let nonce = Nonce::new();
            let text = nonce.0.clone();
            g.insert(nonce);
            text
        }
    }
}

/// The nonce of this request: 32 random characters that its content security policy names; the template function `csp_nonce()`.
///
/// It is empty where the policy has no nonce, and outside of requests.
pub fn csp_nonce() -> String {
    if current().is_some_and(|policy| policy.has_nonce()) { nonce() } else { String::new() }
}

/// Whether anybody has asked for the nonce of this request. What was made with it is good for this answer alone, and nothing to keep.
pub fn csp_nonce_used() -> bool {
    try_g().is_some_and(|g| g.of_type::<Nonce>().is_some())
}

/// Changes the header fields of this response, from what those of its view would be.
///
/// ```
/// use carboy::{prelude::*, security::{SecurityHeaders, change_security_headers}};
///
/// #[route("/map")]
/// fn map() -> carboy::Result<&'static str> {
///     change_security_headers(|policy| {
///         policy.change_content_security_policy(|csp| csp.add("default-src", "https://tiles.example"))
///     })?;
///     Ok("a map")
/// }
///
/// let mut app = App::new("shop");
/// app.routes(routes![map]).ext(SecurityHeaders::default());
/// let page = app.test_client().get("/map").secure().send();
/// let policy = "default-src 'self' https://tiles.example; object-src 'none'";
/// assert_eq!(page.header("content-security-policy"), Some(policy));
/// ```
///
/// # Errors
/// The app has not registered [`SecurityHeaders`], or an option is no value of a header field.
///
/// # Panics
/// Outside a request.
#[track_caller]
pub fn change_security_headers(change: impl FnOnce(HeaderPolicy) -> HeaderPolicy) -> Result<()> {
    let request = request();
    let missing = || Error::msg(crate::extension::missing(std::any::type_name::<SecurityHeaders>()));
    let policy =
        try_ext::<SecurityHeaders>().and_then(|headers| headers.of_request(&request)).ok_or_else(missing)?;
    let changed = Compiled::new(change(policy.policy.clone()))?;
    g().insert(Chosen(Arc::new(changed)));
    Ok(())
}
