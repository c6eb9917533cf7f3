//! Cross-origin resource sharing: which other sites' pages may read what this app answers. The counterpart of Flask-CORS.
//!
//! ```
//! use carboy::prelude::*;
//! use carboy_ext::cors::{Cors, CorsOptions};
//!
//! #[get("/api/stock")]
//! fn stock() -> Json<Vec<u32>> {
//!     Json(vec![3, 1, 4])
//! }
//!
//! let mut app = App::new("shop");
//! app.routes(routes![stock]);
//! app.ext(Cors::new().resource("/api/*", CorsOptions::new().origins(["https://shop.example"])));
//! let answer = app.test_client().get("/api/stock").header("Origin", "https://shop.example").send();
//! assert_eq!(answer.header("access-control-allow-origin"), Some("https://shop.example"));
//! ```
//!
//! Options come, the later before the earlier, from the defaults, the configuration (`CORS_ORIGINS`, `CORS_METHODS`,
//! `CORS_ALLOW_HEADERS`, `CORS_EXPOSE_HEADERS`, `CORS_SUPPORTS_CREDENTIALS`, `CORS_MAX_AGE`, `CORS_SEND_WILDCARD`,
//! `CORS_VARY_HEADER`, `CORS_ALWAYS_SEND`, `CORS_AUTOMATIC_OPTIONS`, `CORS_ALLOW_PRIVATE_NETWORK`,
//! `CORS_INTERCEPT_EXCEPTIONS`, `CORS_RESOURCES`), [`Cors::with`], and what a [resource](Cors::resource) says. A
//! [view](Cors::view) takes its own before the configuration alone.
//!
//! The fields are put on every answer of the app: those of error handlers, 404, 405 and 500, and the automatic answer to OPTIONS,
//! which is what a browser asks before it sends what a form could not (the *preflight*). An answer that already has
//! `Access-Control-Allow-Origin` is left as it is.
//!
//! CORS lets other sites *read*. What they may *do* is another matter: carboy refuses unsafe requests that a browser marks as coming
//! from another site, until their origin is listed in `CSRF_TRUSTED_ORIGINS`.
//!
//! `pattern` tells text from regular expressions, `options` holds what can be chosen, `policy` what is answered.

mod options;
mod pattern;
mod policy;

pub use options::CorsOptions;
pub use pattern::Pattern;

use carboy::{
    App, Blueprint, Error, Extension, ExtensionFuture, Request, Response, Result, Scaffold, State,
    try_request,
};
use options::Resources;
use pattern::Matcher;
use policy::Policy;
use std::sync::{Arc, OnceLock};

/// Adds the header fields of CORS to the answers of an app: the extension of Flask-CORS.
///
/// Without options every page of the web may read every answer, without credentials.
#[derive(Default)]
pub struct Cors {
    options: CorsOptions,
    resources: Option<Resources>,
    views: Vec<(String, CorsOptions)>,
    rules: Arc<OnceLock<Rules>>,
}

/// What was chosen, ready for requests.
struct Rules {
    resources: Vec<(Matcher, Policy)>,
    views: Vec<(String, Policy)>,
}

impl Cors {
    /// Flask-CORS' defaults, and what the configuration says.
    pub fn new() -> Self {
        Cors::default()
    }

    /// These options for all resources.
    pub fn with(options: CorsOptions) -> Self {
        Cors { options, ..Cors::default() }
    }

    /// Concerns these paths only, which are tried in this order. Default: all.
    pub fn resources<P: Into<Pattern>>(mut self, paths: impl IntoIterator<Item = P>) -> Self {
        self.resources = Some(Resources::List(paths.into_iter().map(Into::into).collect()));
        self
    }

    /// Concerns paths that begin like this pattern only, with options of their own; of several the first that fits decides. May be called again, for more.
    ///
    /// As in Flask-CORS the order is not that of the calls: plain paths, which must fit as a whole, come before
    /// [regular expressions](Pattern::regex), these before text that looks like one (it holds one of `*\]?$^[]()`), and in each group
    /// those with more slashes, then the longer ones, first. `/api/*` is a regular expression too: `/api` and any number of slashes, and
    /// so all that begins with `/api`. The path is decoded once more than for routing.
    pub fn resource(mut self, path: impl Into<Pattern>, options: CorsOptions) -> Self {
        self.resources.get_or_insert(Resources::Mapping(Vec::new())).mapping().push((path.into(), options));
        self
    }

    /// Options of a view alone, by its endpoint: Flask-CORS' decorator `cross_origin`. They add to the defaults and the configuration,
    /// not to those of the extension, and concern every answer of the view, its errors too.
    ///
    /// An endpoint that does not exist is an error at start-up.
    pub fn view(mut self, endpoint: &str, options: CorsOptions) -> Self {
        self.views.push((endpoint.to_owned(), options));
        self
    }

    /// Concerns a blueprint alone: `CORS(blueprint, …)`. As there, the configuration is not asked, and [views](Self::view) are not looked
    /// at; the app's own extension leaves alone what this one has answered.
    ///
    /// # Errors
    /// As at start-up: a regular expression that is none, credentials together with a wildcard that is sent.
    ///
    /// ```
    /// use carboy::prelude::*;
    /// use carboy_ext::cors::{Cors, CorsOptions};
    ///
    /// fn api() -> carboy::Result<Blueprint> {
    ///     let mut api = Blueprint::new("api");
    ///     Cors::with(CorsOptions::new().origins(["https://shop.example"])).blueprint(&mut api)?;
    ///     Ok(api)
    /// }
    /// # api().unwrap();
    /// ```
    pub fn blueprint(self, blueprint: &mut Blueprint) -> Result<()> {
        let rules = self.rules(&CorsOptions::default(), None)?;
        blueprint.after_request(move |response: Response| rules.answer(response));
        Ok(())
    }

    /// What all of it comes to, above these options of the configuration.
    fn rules(&self, configured: &CorsOptions, resources: Option<Resources>) -> Result<Rules> {
        let base = configured.clone().overridden_by(&self.options);
        // The options alone are looked at too: a mistake in them is one even where every resource repairs it.
        base.clone().policy()?;
        let resources = self.resources.clone().or(resources).unwrap_or_else(Resources::everything);
        let resources = resources
            .sorted()
            .into_iter()
            .map(|(path, options)| Ok((path.matcher(false)?, base.clone().overridden_by(&options).policy()?)))
            .collect::<Result<_>>()?;
        let views = self
            .views
            .iter()
            .map(|(endpoint, options)| {
                Ok((endpoint.clone(), configured.clone().overridden_by(options).policy()?))
            })
            .collect::<Result<_>>()?;
        Ok(Rules { resources, views })
    }
}

impl Extension for Cors {
    fn name(&self) -> &'static str {
        "Cors"
    }

    fn init(&self, app: &mut App) -> Result<()> {
        let rules = self.rules.clone();
        app.after_request(move |response: Response| match rules.get() {
            Some(rules) => rules.answer(response),
            None => response,
        });
        Ok(())
    }

    fn startup<'a>(&'a self, app: &'a Arc<State>) -> ExtensionFuture<'a, Result<()>> {
        Box::pin(async move {
            for (endpoint, _) in &self.views {
                if app.url_map().rules_of(endpoint).next().is_none() {
                    return Err(Error::msg(format!("there is no view with the endpoint '{endpoint}'")));
                }
            }
            let rules = self.rules(&CorsOptions::of(app.config())?, app.config().get("CORS_RESOURCES")?)?;
            let _ = self.rules.set(rules);
            Ok(())
        })
    }
}

impl Rules {
    fn answer(&self, mut response: Response) -> Response {
        let Some(request) = try_request() else { return response };
        if response.headers().get(policy::ALLOW_ORIGIN).is_some_and(|value| !value.is_empty()) {
            return response;
        }
        let own = request.endpoint().and_then(|endpoint| {
            let (_, policy) = self.views.iter().find(|(name, _)| name == endpoint)?;
            // A preflight that is left to the view is none of ours.
            (policy.automatic_options || request.method() != carboy::Method::OPTIONS).then_some(policy)
        });
        if let Some(policy) = own.or_else(|| self.of_path(&request)) {
            policy.apply(&request, response.headers_mut());
        }
        response
    }

    fn of_path(&self, request: &Request) -> Option<&Policy> {
        let path = pattern::unquote(request.path());
        self.resources.iter().find(|(pattern, _)| pattern.matches_exactly(&path)).map(|(_, policy)| policy)
    }
}
