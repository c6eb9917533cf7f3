//! Building URLs of endpoints, inside and outside of requests.

use crate::{
    Error, Result,
    ctx::{self, Context},
    registry::chain,
    state::State,
};
use carboy_routing::{Bind, BuildError, BuildOptions, Value, Values};
use std::{any::TypeId, borrow::Cow, sync::Arc};

pub(crate) type UrlDefaults = Arc<dyn Fn(&str, &mut Values) + Send + Sync>;
pub(crate) type UrlBuildErrorHandler =
    Arc<dyn Fn(&BuildError, &str, &Values) -> Option<String> + Send + Sync>;

/// What takes part in building a URL: functions of plain values, so that whatever runs in a context may call them.
#[derive(Default)]
pub(crate) struct UrlHooks {
    /// Each with the scope it was registered in.
    defaults: Vec<(String, UrlDefaults)>,
    error_handlers: Vec<UrlBuildErrorHandler>,
}

impl UrlHooks {
    pub(crate) fn new(
        defaults: Vec<(String, UrlDefaults)>,
        error_handlers: Vec<UrlBuildErrorHandler>,
    ) -> Self {
        UrlHooks { defaults, error_handlers }
    }

    fn inject_defaults(&self, endpoint: &str, values: &mut Values) {
        if self.defaults.is_empty() {
            return;
        }
        for scope in chain(endpoint.rsplit_once('.').map_or("", |(blueprint, _)| blueprint)) {
            for (_, f) in self.defaults.iter().filter(|(s, _)| s == scope) {
                f(endpoint, values);
            }
        }
    }
}

/// How a URL is written. The default is Flask's: relative in a request, absolute outside.
#[derive(Debug, Clone, Default)]
pub struct UrlOptions {
    /// With scheme and host (`_external`).
    pub external: Option<bool>,
    /// The scheme (`_scheme`); implies `external`.
    pub scheme: Option<String>,
    /// The fragment (`_anchor`), unquoted.
    pub anchor: Option<String>,
    /// Chooses among the rules of the endpoint by method (`_method`).
    pub method: Option<String>,
}

impl UrlOptions {
    /// Takes the options that are given among the values, as in Flask, out of them.
    pub(crate) fn take_from(values: &mut Values) -> Self {
        let text = |value: Option<Value>| value.filter(|v| !v.is_none()).map(|v| v.to_string());
        UrlOptions {
            external: values.remove("_external").and_then(|v| v.as_bool()),
            scheme: text(values.remove("_scheme")),
            anchor: text(values.remove("_anchor")),
            method: text(values.remove("_method")),
        }
    }
}

/// Something that gives the values of a URL: `()`, an array or a vector of pairs, or [`Values`].
pub trait IntoUrlValues {
    /// The values.
    fn into_url_values(self) -> Values;
}

impl IntoUrlValues for () {
    fn into_url_values(self) -> Values {
        Values::new()
    }
}

impl IntoUrlValues for Values {
    fn into_url_values(self) -> Values {
        self
    }
}

impl<V: Into<Value>, const N: usize> IntoUrlValues for [(&str, V); N] {
    fn into_url_values(self) -> Values {
        collect(self)
    }
}

impl<V: Into<Value>> IntoUrlValues for Vec<(&str, V)> {
    fn into_url_values(self) -> Values {
        collect(self)
    }
}

impl IntoUrlValues for Vec<(String, Value)> {
    fn into_url_values(self) -> Values {
        let mut values = Values::new();
        for (name, value) in self {
            values.insert_named(name, value);
        }
        values
    }
}

fn collect<'a, V: Into<Value>>(pairs: impl IntoIterator<Item = (&'a str, V)>) -> Values {
    let mut values = Values::new();
    for (name, value) in pairs {
        values.insert_named(name, value);
    }
    values
}

/// The URL of an endpoint.
///
/// The endpoint is a view's name, with its blueprint's before it (`"auth.login"`); a leading dot stands for the blueprint
/// of the current request. Values that the rule does not name become the query. `_external`, `_scheme`, `_anchor` and
/// `_method` among the values have Flask's meaning. For views in the same crate prefer [`url_for!`](crate::url_for!),
/// which the compiler checks.
///
/// ```no_run
/// use carboy::url_for;
/// let url = url_for("auth.login", [("next", "/cart")]);    // /auth/login?next=/cart
/// ```
///
/// # Panics
/// When no URL can be built (the request fails with status 500), with Werkzeug's sentence, and outside a context;
/// [`try_url_for`] returns the error.
#[track_caller]
pub fn url_for(endpoint: &str, values: impl IntoUrlValues) -> String {
    match try_url_for(endpoint, values) {
        Ok(url) => url,
        Err(error) => panic!("{error}"),
    }
}

/// [`url_for`], with an error where no URL can be built.
pub fn try_url_for(endpoint: &str, values: impl IntoUrlValues) -> Result<String> {
    let mut values = values.into_url_values();
    let options = UrlOptions::take_from(&mut values);
    build(&ctx::current(), endpoint, values, &options)
}

/// The URL of an attributed view, wherever it is mounted: what `url_for!` calls.
#[doc(hidden)]
#[track_caller]
pub(crate) fn url_for_view(view: TypeId, name: &str, values: Values, options: &UrlOptions) -> String {
    let context = ctx::current();
    let state = context.state();
    let endpoints = state.endpoints_of.get(&view).map(Vec::as_slice).unwrap_or_default();
    let endpoint = match endpoints {
        [] => panic!("the view `{name}` is not registered in the app '{}'", state.name()),
        [only] => only,
        [first, ..] => {
            // Registered several times: the blueprint of the current request wins.
            let here = context.endpoint().and_then(|e| e.rsplit_once('.')).map(|(blueprint, _)| blueprint);
            endpoints
                .iter()
                .find(|e| here.is_some() && e.rsplit_once('.').map(|(blueprint, _)| blueprint) == here)
                .unwrap_or_else(|| {
                    tracing::debug!(
                        target: "carboy::app",
                        "the view `{name}` is registered {} times: url_for! takes the first, `{first}`",
                        endpoints.len()
                    );
                    first
                })
        }
    };
    match build(&context, endpoint, values, options) {
        Ok(url) => url,
        Err(error) => panic!("{error}"),
    }
}

/// Builds a URL in a context.
pub(crate) fn build(
    context: &Context,
    endpoint: &str,
    mut values: Values,
    options: &UrlOptions,
) -> Result<String> {
    let state = context.state();
    let endpoint = absolute(context, endpoint);
    state.url_hooks.inject_defaults(&endpoint, &mut values);
    if options.scheme.is_some() && options.external == Some(false) {
        return Err(Error::msg("When specifying '_scheme', '_external' must be True."));
    }
    let built = match context.request() {
        Some(request) => {
            let external = options.external.unwrap_or(options.scheme.is_some());
            if external {
                warn_about_untrusted_host(state);
            }
            let (server, subdomain) =
                if external || state.needs_host() || state.has_domains || state.has_websockets {
                    state.server_and_subdomain(request)
                } else {
                    Default::default()
                };
            let mut bind = Bind::new(&server).script_name(request.script_root()).scheme(request.scheme());
            if let Some(subdomain) = &subdomain {
                bind = bind.subdomain(subdomain);
            }
            attempt(state, &bind.method(request.method().as_str()), &endpoint, &values, external, options)
        }
        None => {
            let settings = state.settings();
            let Some(server_name) = &settings.server_name else {
                return Err(Error::msg(
                    "Unable to build URLs outside an active request without 'SERVER_NAME' configured. Also configure \
                     'APPLICATION_ROOT' and 'PREFERRED_URL_SCHEME' as needed.",
                ));
            };
            let bind = Bind::new(server_name)
                .script_name(&settings.application_root)
                .scheme(&settings.preferred_url_scheme);
            attempt(state, &bind, &endpoint, &values, options.external.unwrap_or(true), options)
        }
    };
    built.or_else(|error| {
        match state.url_hooks.error_handlers.iter().find_map(|f| f(&error, &endpoint, &values)) {
            Some(url) => Ok(url),
            None => Err(error.into()),
        }
    })
}

fn attempt(
    state: &State,
    bind: &Bind<'_>,
    endpoint: &str,
    values: &Values,
    external: bool,
    options: &UrlOptions,
) -> std::result::Result<String, BuildError> {
    let mut how = BuildOptions::new().external(external);
    if let Some(method) = &options.method {
        how = how.method(method);
    }
    if let Some(scheme) = &options.scheme {
        how = how.scheme(scheme);
    }
    if let Some(anchor) = &options.anchor {
        how = how.anchor(anchor);
    }
    state.url_map().build(bind, endpoint, values, &how)
}

fn absolute<'a>(context: &Context, endpoint: &'a str) -> Cow<'a, str> {
    let Some(local) = endpoint.strip_prefix('.') else { return Cow::Borrowed(endpoint) };
    match context.endpoint().and_then(|e| e.rsplit_once('.')) {
        Some((blueprint, _)) => Cow::Owned(format!("{blueprint}.{local}")),
        None => Cow::Borrowed(local),
    }
}

/// An absolute URL repeats the host that the client sent.
fn warn_about_untrusted_host(state: &State) {
    use std::sync::Once;
    static ONCE: Once = Once::new();
    if state.settings().trusted_hosts.is_none() && state.settings().server_name.is_none() && !state.testing()
    {
        ONCE.call_once(|| {
            tracing::warn!(
                target: "carboy::app",
                "an absolute URL was built from the Host header that the client sent: set TRUSTED_HOSTS"
            );
        });
    }
}
