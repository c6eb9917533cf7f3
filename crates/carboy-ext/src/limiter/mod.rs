//! Rate limits: how often somebody may ask. The counterpart of Flask-Limiter, with its limits, keys and answers; on one Redis both count
//! together.
//!
//! ```
//! use carboy::prelude::*;
//! use carboy_ext::limiter::{Limit, Limiter};
//!
//! #[post("/login")]
//! fn login() -> &'static str {
//!     "welcome"
//! }
//!
//! #[get("/")]
//! fn index() -> &'static str {
//!     "home"
//! }
//!
//! let mut app = App::new("shop");
//! app.routes(routes![index, login]);
//! app.ext(Limiter::new().default_limits(["200 per day", "50 per hour"]).limit("login", "2 per minute"));
//!
//! let client = app.test_client();
//! assert_eq!(client.post("/login").send().text(), "welcome");
//! assert_eq!(client.post("/login").send().text(), "welcome");
//! let refused = client.post("/login").send();
//! assert_eq!(refused.status(), 429);
//! assert!(refused.text().contains("2 per 1 minute"));
//! ```
//!
//! Three kinds of limits concern a request: those of the **application**, which all views share; those of its **view** or of the
//! **blueprints** around it; and the **default** ones, for views without limits of their own. They are looked at in a `before_request`
//! function, in the order in which extensions were registered. Whoever is over one is answered 429 through the error handlers, with the
//! rate as its description. Files of `static` folders and requests that no rule takes are not counted.
//!
//! Whose requests are counted together is said by a **key**, the client's address unless another function is given: of who is logged in,
//! of an API key. Behind a proxy [`App::proxy_fix`] must say so, or all clients are one.
//!
//! The keys of the configuration are Flask-Limiter's: `RATELIMIT_ENABLED`, `RATELIMIT_DEFAULT`, `RATELIMIT_DEFAULTS_PER_METHOD`,
//! `RATELIMIT_DEFAULTS_COST`, `RATELIMIT_APPLICATION`, `RATELIMIT_APPLICATION_PER_METHOD`, `RATELIMIT_APPLICATION_COST`, `RATELIMIT_META`,
//! `RATELIMIT_STORAGE_URI` (`memory://`, `redis://…`, `redis+unix:///…`), `RATELIMIT_STORAGE_OPTIONS` (`key_prefix`, `socket_timeout`),
//! `RATELIMIT_STRATEGY`, `RATELIMIT_KEY_PREFIX`, `RATELIMIT_HEADERS_ENABLED`, `RATELIMIT_HEADER_LIMIT`, `RATELIMIT_HEADER_REMAINING`,
//! `RATELIMIT_HEADER_RESET`, `RATELIMIT_HEADER_RETRY_AFTER`, `RATELIMIT_HEADER_RETRY_AFTER_VALUE`, `RATELIMIT_FAIL_ON_FIRST_BREACH`,
//! `RATELIMIT_SWALLOW_ERRORS`, `RATELIMIT_IN_MEMORY_FALLBACK`, `RATELIMIT_IN_MEMORY_FALLBACK_ENABLED`; and one more,
//! `RATELIMIT_MEMORY_SIZE`, the bytes that counters in memory may take (64 MiB).
//!
//! Counters in memory are those of one process. When their memory is full, new keys share counters: see [`Limiter`].
//!
//! | file | what it holds |
//! |---|---|
//! | `rate.rs` `limit.rs` `scopes.rs` | rates and their notation; a limit and its conditions; which limits concern a request |
//! | `check.rs` `answer.rs` | a request is counted; its answer tells so |
//! | `strategy.rs` `store.rs` `memory.rs` `redis_store.rs` | how hits are counted, and where |
//! | `settings.rs` `request.rs` | what was chosen; what is known about a request |

mod answer;
mod check;
mod limit;
mod memory;
mod rate;
#[cfg(feature = "redis")]
mod redis_store;
mod request;
mod scopes;
mod settings;
mod store;
mod strategy;

pub use limit::Limit;
pub use rate::{Granularity, InvalidRate, RateLimit};
pub use request::RequestLimit;
pub use scopes::Exemption;
pub use settings::HeaderNames;
pub use store::StoreError;
pub use strategy::{Strategy, Window};

use carboy::{App, Error, Extension, ExtensionFuture, Guard, Response, Result, Scaffold, State, request};
use check::Backend;
use limit::{OnBreach, Text};
use scopes::Scopes;
use settings::{Chosen, Settings};
use std::sync::{Arc, OnceLock};
use store::Store;

/// The address of the client, `127.0.0.1` where there is none: the default key. IPv6 clients have many; see [`remote_network`].
///
/// # Panics
/// Outside a request.
pub fn remote_address() -> String {
    request().remote_addr().map_or_else(|| "127.0.0.1".to_owned(), |address| address.to_string())
}

/// The address of the client, for IPv6 the network of 64 bits that it is in: one customer usually has at least that.
///
/// # Panics
/// Outside a request.
pub fn remote_network() -> String {
    match request().remote_addr() {
        Some(std::net::IpAddr::V6(address)) => {
            let mut octets = address.octets();
            octets[8..].fill(0);
            format!("{}/64", std::net::Ipv6Addr::from(octets))
        }
        _ => remote_address(),
    }
}

/// A limit as a view's guard: `#[route("/login", guard = limit("5 per minute"))]`, Flask-Limiter's decorator. Several limits are several
/// guards; all limits of the view are looked at by the first of them.
///
/// Guards run when it is clear that the view is asked: behind the `before_request` functions and the automatic answer to OPTIONS, before
/// the body is read.
///
/// ```
/// use carboy::prelude::*;
/// use carboy_ext::limiter::{Limit, Limiter, limit};
///
/// #[post("/login", guard = [limit("1 per minute"), limit(Limit::new("20 per day").methods(["POST"]))])]
/// fn login() -> &'static str {
///     "welcome"
/// }
///
/// let mut app = App::new("shop");
/// app.routes(routes![login]).ext(Limiter::new());
/// let client = app.test_client();
/// assert_eq!(client.post("/login").send().status(), 200);
/// assert_eq!(client.post("/login").send().status(), 429);
/// ```
///
/// # Panics
/// The view does when the app has no [`Limiter`].
pub fn limit(limit: impl Into<Limit>) -> Guard {
    let check = || async { carboy::ext::<Limiter>().check_guarded().await };
    Guard::new(check).named("limit").about(limit.into())
}

/// Limits how often the views of an app may be asked: the extension of Flask-Limiter.
///
/// Counters are kept in the memory of the process until `RATELIMIT_STORAGE_URI` or [`storage_uri`](Self::storage_uri) names a Redis.
///
/// **In memory** a counter is charged with what it may come to need, and all together may take `RATELIMIT_MEMORY_SIZE` bytes. Counters that
/// have run out make room for others. When there is none left, no counter is forgotten: new keys share a thousand counters for each rate.
/// They may be limited too early, never too late, and whoever was counted before notices nothing.
///
/// **In Redis** each look at a counter is one script, so two that come at once are two. A Redis that does not answer within half a second
/// is left alone for another; meanwhile requests that would be counted are answered 500, or pass uncounted with
/// [`swallow_errors`](Self::swallow_errors), or are counted in memory with [`in_memory_fallback`](Self::in_memory_fallback).
#[derive(Clone)]
pub struct Limiter(Arc<Inner>);

#[derive(Clone)]
struct Inner {
    key: Text,
    chosen: Chosen,
    scopes: Scopes,
    meta: Vec<Limit>,
    filters: Vec<Arc<dyn Fn() -> bool + Send + Sync>>,
    on_breach: Option<OnBreach>,
    on_meta_breach: Option<OnBreach>,
    live: Arc<OnceLock<Option<Live>>>,
}

/// What a running app counts with.
struct Live {
    settings: Settings,
    scopes: Scopes,
    meta: Vec<Limit>,
    backend: Backend,
}

impl Default for Limiter {
    fn default() -> Self {
        Limiter::new()
    }
}

impl Limiter {
    /// No limits but those of the configuration, by [address](remote_address).
    pub fn new() -> Self {
        Limiter::by(remote_address)
    }

    /// As [`new`](Self::new), with another key: `Limiter::by(|| current_user().get_id())`.
    pub fn by(key: impl Fn() -> String + Send + Sync + 'static) -> Self {
        Limiter(Arc::new(Inner {
            key: Arc::new(key),
            chosen: Chosen::default(),
            scopes: Scopes::default(),
            meta: Vec::new(),
            filters: Vec::new(),
            on_breach: None,
            on_meta_breach: None,
            live: Arc::default(),
        }))
    }

    fn change(mut self, change: impl FnOnce(&mut Inner)) -> Self {
        change(Arc::make_mut(&mut self.0));
        self
    }

    /// Limits for each view that has none of its own, in place of `RATELIMIT_DEFAULT`.
    pub fn default_limits<L: Into<Limit>>(self, limits: impl IntoIterator<Item = L>) -> Self {
        self.change(|inner| inner.scopes.default.extend(limits.into_iter().map(Into::into)))
    }

    /// Limits that all views share, in place of `RATELIMIT_APPLICATION`.
    pub fn application_limits<L: Into<Limit>>(self, limits: impl IntoIterator<Item = L>) -> Self {
        self.change(|inner| {
            inner.scopes.application.extend(limits.into_iter().map(|limit| limit.into().shared_as("global")));
        })
    }

    /// Limits on how often limits may be exceeded, in place of `RATELIMIT_META`: whoever exceeds them is refused everywhere.
    pub fn meta_limits<L: Into<Limit>>(self, limits: impl IntoIterator<Item = L>) -> Self {
        self.change(|inner| inner.meta.extend(limits.into_iter().map(|limit| limit.into().shared_as("meta"))))
    }

    /// A limit of a view, by its endpoint; it may have several. An endpoint that does not exist is an error at start-up.
    ///
    /// Requests with OPTIONS are counted by limits that [name it](Limit::methods) alone: a browser asks before it sends.
    pub fn limit(self, endpoint: &str, limit: impl Into<Limit>) -> Self {
        self.change(|inner| inner.scopes.views.push((endpoint.to_owned(), limit.into())))
    }

    /// A limit of each view of a blueprint, by the blueprint's own name, and of those nested in it, unless these
    /// [override](Limit::override_defaults) it.
    pub fn limit_blueprint(self, blueprint: &str, limit: impl Into<Limit>) -> Self {
        self.change(|inner| inner.scopes.blueprints.push((blueprint.to_owned(), limit.into())))
    }

    /// Exempts a view from application, default and meta limits, or from [others](Exemption). It has no limits of its own then.
    pub fn exempt(self, endpoint: &str) -> Self {
        self.exempt_from(endpoint, Exemption::default())
    }

    /// As [`exempt`](Self::exempt), from these.
    pub fn exempt_from(self, endpoint: &str, exemption: Exemption) -> Self {
        self.change(|inner| inner.scopes.exempt_views.push((endpoint.to_owned(), exemption)))
    }

    /// Exempts the views of a blueprint, by the blueprint's own name.
    pub fn exempt_blueprint(self, blueprint: &str, exemption: Exemption) -> Self {
        self.change(|inner| inner.scopes.exempt_blueprints.push((blueprint.to_owned(), exemption)))
    }

    /// Lets all requests pass uncounted for which this is true.
    pub fn request_filter(self, exempt: impl Fn() -> bool + Send + Sync + 'static) -> Self {
        self.change(|inner| inner.filters.push(Arc::new(exempt)))
    }

    /// Called when a limit is exceeded; the response that it may return is sent in place of the page of status 429.
    pub fn on_breach(
        self,
        called: impl Fn(&RequestLimit) -> Option<Response> + Send + Sync + 'static,
    ) -> Self {
        self.change(|inner| inner.on_breach = Some(Arc::new(called)))
    }

    /// As [`on_breach`](Self::on_breach), for meta limits.
    pub fn on_meta_breach(
        self,
        called: impl Fn(&RequestLimit) -> Option<Response> + Send + Sync + 'static,
    ) -> Self {
        self.change(|inner| inner.on_meta_breach = Some(Arc::new(called)))
    }

    /// How hits are counted, in place of `RATELIMIT_STRATEGY`. Default: a fixed window.
    pub fn strategy(self, strategy: Strategy) -> Self {
        self.change(|inner| inner.chosen.strategy = Some(strategy))
    }

    /// Where counters are kept, in place of `RATELIMIT_STORAGE_URI`.
    pub fn storage_uri(self, uri: &str) -> Self {
        self.change(|inner| inner.chosen.storage_uri = Some(uri.to_owned()))
    }

    /// Begins the name of each counter, in place of `RATELIMIT_KEY_PREFIX`.
    pub fn key_prefix(self, prefix: &str) -> Self {
        self.change(|inner| inner.chosen.key_prefix = Some(prefix.to_owned()))
    }

    /// Whether answers tell about the limit, in place of `RATELIMIT_HEADERS_ENABLED`. Default no.
    pub fn headers(self, told: bool) -> Self {
        self.change(|inner| inner.chosen.headers = Some(told))
    }

    /// The names of the fields that do.
    pub fn header_names(self, names: HeaderNames) -> Self {
        self.change(|inner| inner.chosen.header_names = Some(names))
    }

    /// Lets requests pass when their counters cannot be reached, in place of `RATELIMIT_SWALLOW_ERRORS`. Default no.
    pub fn swallow_errors(self, swallow: bool) -> Self {
        self.change(|inner| inner.chosen.swallow_errors = Some(swallow))
    }

    /// Whether the first limit that is exceeded ends the counting, in place of `RATELIMIT_FAIL_ON_FIRST_BREACH`. Default yes.
    pub fn fail_on_first_breach(self, first: bool) -> Self {
        self.change(|inner| inner.chosen.fail_on_first_breach = Some(first))
    }

    /// Counts in memory while the store does not answer, by these limits alone, or by the usual ones when there are none here. The store is
    /// tried again after 1, 2, 4, … 32 seconds.
    pub fn in_memory_fallback<L: Into<Limit>>(self, limits: impl IntoIterator<Item = L>) -> Self {
        self.change(|inner| {
            inner.chosen.in_memory_fallback_enabled = Some(true);
            inner.chosen.in_memory_fallback.extend(limits.into_iter().map(Into::into));
        })
    }

    /// Switches all of it off, unless `RATELIMIT_ENABLED` says otherwise.
    pub fn enabled(self, enabled: bool) -> Self {
        self.change(|inner| inner.chosen.enabled = Some(enabled))
    }

    /// Counts the current request by one more limit, in the middle of a view: `ext::<Limiter>().check(&"3/hour".into()).await?`.
    ///
    /// # Errors
    /// 429 when it is exceeded; [`StoreError`] when the counters cannot be reached and that is not swallowed; [`InvalidRate`].
    ///
    /// # Panics
    /// Outside a request.
    pub async fn check(&self, limit: &Limit) -> Result<()> {
        self.check_one(limit).await
    }

    /// Takes `cost` from the counter of these identifiers, if it has that much: for what is no request, such as mails sent to an address.
    /// limits' `RateLimiter.hit`; the key prefix is not added.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn hit(&self, rate: &RateLimit, identifiers: &[&str], cost: u64) -> Result<bool, StoreError> {
        self.store()?.hit(rate, &rate.key_for(identifiers), cost).await
    }

    /// Whether the counter of these identifiers has `cost` left; nothing is taken.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn test(&self, rate: &RateLimit, identifiers: &[&str], cost: u64) -> Result<bool, StoreError> {
        self.store()?.test(rate, &rate.key_for(identifiers), cost).await
    }

    /// How the counter of these identifiers stands.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn window(&self, rate: &RateLimit, identifiers: &[&str]) -> Result<Window, StoreError> {
        self.store()?.window(rate, &rate.key_for(identifiers)).await
    }

    /// Forgets the counter of these identifiers, after a login that succeeded, say.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn clear(&self, rate: &RateLimit, identifiers: &[&str]) -> Result<(), StoreError> {
        self.store()?.clear(&rate.key_for(identifiers)).await
    }

    /// Forgets all counters.
    ///
    /// # Errors
    /// [`StoreError`]; some may be forgotten then.
    pub async fn reset(&self) -> Result<(), StoreError> {
        self.store()?.reset().await
    }

    /// The limits that the current request was counted by, and the one that the answer tells about first.
    pub fn current_limits(&self) -> Vec<RequestLimit> {
        let Some(seen) = request::seen() else { return Vec::new() };
        let seen = request::lock(&seen);
        let mut all = seen.all.clone();
        if let Some(at) =
            seen.current.as_ref().and_then(|current| all.iter().position(|limit| limit == current))
        {
            all[..=at].rotate_right(1);
        }
        all
    }

    fn live(&self) -> Option<&Live> {
        self.0.live.get()?.as_ref()
    }

    fn store(&self) -> Result<&Store, StoreError> {
        let live = self.live().ok_or_else(|| StoreError("the limiter is off".to_owned()))?;
        Ok(live.backend.store(&live.settings))
    }
}

impl Extension for Limiter {
    fn name(&self) -> &'static str {
        "Limiter"
    }

    fn init(&self, app: &mut App) -> Result<()> {
        let limiter = self.clone();
        app.before_request(move || {
            let limiter = limiter.clone();
            async move { limiter.check_request().await }
        });
        let limiter = self.clone();
        app.after_request(move |response: Response| {
            let limiter = limiter.clone();
            async move { limiter.tell(response).await }
        });
        Ok(())
    }

    fn startup<'a>(&'a self, app: &'a Arc<State>) -> ExtensionFuture<'a, Result<()>> {
        Box::pin(async move {
            let live = self.prepare(app)?;
            let _ = self.0.live.set(live);
            Ok(())
        })
    }

    fn check<'a>(&'a self, _app: &'a Arc<State>) -> ExtensionFuture<'a, Vec<String>> {
        Box::pin(async move {
            match self.live() {
                Some(live) => {
                    let error = live.settings.store.check().await.err();
                    error
                        .map(|error| {
                            format!(
                                "the store of rate limits does not answer (RATELIMIT_STORAGE_URI): {error}"
                            )
                        })
                        .into_iter()
                        .collect()
                }
                None => Vec::new(),
            }
        })
    }
}

impl Limiter {
    /// What a running app counts with; nothing when limits are off.
    fn prepare(&self, app: &State) -> Result<Option<Live>> {
        let (inner, config) = (&self.0, app.config());
        if !settings::enabled(&inner.chosen, config)? {
            return Ok(None);
        }
        let mut scopes = inner.scopes.clone();
        for endpoint in app.endpoints() {
            let limits = app.guards(endpoint).iter().filter_map(|guard| guard.get::<Limit>());
            let before = scopes.views.len();
            scopes.views.extend(limits.map(|limit| (endpoint.to_owned(), limit.clone())));
            if scopes.views.len() > before {
                scopes.guarded.push(endpoint.to_owned());
            }
        }
        if scopes.default.is_empty() {
            let (per_method, cost) = ("RATELIMIT_DEFAULTS_PER_METHOD", "RATELIMIT_DEFAULTS_COST");
            scopes.default.extend(settings::limits(config, "RATELIMIT_DEFAULT", per_method, cost)?);
        }
        if scopes.application.is_empty() {
            let (per_method, cost) = ("RATELIMIT_APPLICATION_PER_METHOD", "RATELIMIT_APPLICATION_COST");
            let limits = settings::limits(config, "RATELIMIT_APPLICATION", per_method, cost)?;
            scopes.application.extend(limits.map(|limit| limit.shared_as("global")));
        }
        let mut meta = inner.meta.clone();
        if meta.is_empty() {
            meta.extend(config.get_str("RATELIMIT_META")?.map(|text| Limit::new(text).shared_as("meta")));
        }
        let settings = Settings::of(&inner.chosen, app)?;
        let own = scopes.views.iter().chain(&scopes.blueprints).map(|(_, limit)| limit);
        let all = scopes.default.iter().chain(&scopes.application).chain(&meta).chain(own);
        for limit in all.chain(&settings.fallback_limits).filter(|limit| limit.is_fixed()) {
            limit.rates()?;
        }
        let views = scopes.views.iter().map(|(view, _)| view);
        for endpoint in views.chain(scopes.exempt_views.iter().map(|(view, _)| view)) {
            if app.url_map().rules_of(endpoint).next().is_none() {
                return Err(Error::msg(format!("there is no view with the endpoint '{endpoint}'")));
            }
        }
        let blueprints = scopes.blueprints.iter().map(|(name, _)| name);
        for name in blueprints.chain(scopes.exempt_blueprints.iter().map(|(name, _)| name)) {
            let known = |endpoint: &str| endpoint.split('.').rev().skip(1).any(|part| part == name);
            if !app.url_map().iter().any(|rule| known(rule.get_endpoint())) {
                return Err(Error::msg(format!("there is no blueprint '{name}' with views")));
            }
        }
        Ok(Some(Live { settings, scopes, meta, backend: Backend::default() }))
    }
}
