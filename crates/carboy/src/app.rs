//! The application object: what is registered before it runs.

use crate::{
    Error, Extension, Result,
    blueprint::{Blueprint, BlueprintOptions},
    cli,
    config::Config,
    freeze,
    hooks::{Answer, Hooks, PrepareAnswer, PrepareRequest, Teardown},
    middleware::{Function, Inner, Mounts, Next},
    registry::RouteRegistration,
    running::{AppService, ReadinessCheck},
    scaffold::{Folders, Scaffold, ScaffoldData},
    session::SessionInterface,
    signals::Signals,
    templating,
    testing::TestClient,
    upstream::Upstream,
};
use bytes::Bytes;
use carboy_http::{Body, BodyError, Request, Response, proxy::ProxyFix};
use carboy_routing::{Converter, UrlMap};
use carboy_server::ServerConfig;
use indexmap::IndexMap;
use std::{
    any::{Any, TypeId},
    future::Future,
    path::{Path, PathBuf},
    sync::Arc,
};
use tower_layer::Layer;

/// An application: routes, hooks, handlers, extensions and configuration, before it runs.
///
/// Its methods return `&mut Self`, so they can be chained or stand as statements. [`run`](App::run) answers the command
/// line; [`build`](App::build) makes the running app, which is another type: what it was told cannot change any more.
///
/// ```no_run
/// use carboy::prelude::*;
///
/// #[route("/")]
/// fn hello() -> &'static str { "Hello, World!" }
///
/// fn main() -> carboy::Result<()> {
///     App::new("hello").routes(routes![hello]).run()
/// }
/// ```
pub struct App {
    pub(crate) name: String,
    pub(crate) data: ScaffoldData,
    pub(crate) config: Config,
    /// Every rule, in the order of registration, with prefixes and names in place.
    pub(crate) routes: Vec<RouteRegistration>,
    /// The functions of each blueprint under its full name.
    pub(crate) scopes: IndexMap<String, Hooks>,
    pub(crate) url_defaults: Vec<(String, crate::urls::UrlDefaults)>,
    /// Files with the rules of views that are elsewhere.
    pub(crate) external_routes: Vec<PathBuf>,
    pub(crate) url_build_error_handlers: Vec<crate::urls::UrlBuildErrorHandler>,
    pub(crate) templating: Vec<(String, templating::Registrations)>,
    /// The folders of the blueprints that have any.
    pub(crate) folders: Vec<(String, Folders)>,
    pub(crate) commands: Vec<(Option<String>, cli::CommandDef)>,
    pub(crate) prepare_request: Vec<PrepareRequest>,
    pub(crate) teardown_appcontext: Vec<Teardown>,
    pub(crate) extensions: Vec<Registered>,
    pub(crate) converters: Vec<AddConverter>,
    pub(crate) sessions: Option<Box<dyn SessionInterface>>,
    pub(crate) signals: Signals,
    pub(crate) layers: Vec<WrapIn>,
    #[cfg(feature = "compression")]
    pub(crate) compression: Option<crate::compression::Compression>,
    pub(crate) mounts: Mounts,
    pub(crate) fallback: Option<Inner>,
    /// Those behind mounts and the fallback.
    pub(crate) upstreams: Vec<Upstream>,
    pub(crate) mounted: Vec<AppService>,
    pub(crate) host_matching: bool,
    pub(crate) subdomain_matching: bool,
    pub(crate) strict_slashes: bool,
    pub(crate) static_host: Option<String>,
    pub(crate) server: ServerConfig,
    pub(crate) readiness_checks: Vec<(String, ReadinessCheck)>,
    pub(crate) proxies: Option<ProxyFix>,
}

/// Puts a converter into the URL map.
type AddConverter = Box<dyn FnOnce(&mut UrlMap) + Send + Sync>;

/// Wraps the app in a layer.
type WrapIn = Box<dyn FnOnce(Inner) -> Inner + Send + Sync>;

/// A registered extension.
pub(crate) struct Registered {
    pub(crate) type_id: TypeId,
    pub(crate) any: Arc<dyn Any + Send + Sync>,
    pub(crate) extension: Arc<dyn Extension>,
}

impl App {
    /// An app of this name, with Flask's default configuration.
    ///
    /// The name is that of the log lines, of the instance folder's variable (`<NAME>_INSTANCE`) and of the prefix in
    /// [`Config::from_prefixed_env`] by convention.
    pub fn new(name: &str) -> Self {
        let mut config = Config::for_app(name, "");
        cli::Early::of_process().configure(&mut config);
        let mut app = App::bare(name, config);
        crate::security::defaults(&mut app);
        app
    }

    /// An app without anything.
    fn bare(name: &str, config: Config) -> Self {
        App {
            name: name.to_owned(),
            data: ScaffoldData::default(),
            config,
            routes: Vec::new(),
            scopes: IndexMap::new(),
            url_defaults: Vec::new(),
            external_routes: Vec::new(),
            url_build_error_handlers: Vec::new(),
            templating: Vec::new(),
            folders: Vec::new(),
            commands: Vec::new(),
            prepare_request: Vec::new(),
            teardown_appcontext: Vec::new(),
            extensions: Vec::new(),
            converters: Vec::new(),
            sessions: None,
            signals: Signals::default(),
            layers: Vec::new(),
            #[cfg(feature = "compression")]
            compression: None,
            mounts: Mounts::default(),
            fallback: None,
            upstreams: Vec::new(),
            mounted: Vec::new(),
            host_matching: false,
            subdomain_matching: false,
            strict_slashes: true,
            static_host: None,
            server: ServerConfig::new(),
            readiness_checks: Vec::new(),
            proxies: None,
        }
    }

    /// The app itself, out of the reference that chained calls end with. What is registered afterwards is a mistake.
    pub(crate) fn take(&mut self) -> Self {
        let mut rest = App::bare(&self.name, Config::for_app(&self.name, ""));
        rest.data.mistakes.push(
            "the app was built before: it is built once, and what it was told then is all it has".to_owned(),
        );
        std::mem::replace(self, rest)
    }

    /// The app's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The configuration, to change it or to read it while registering.
    pub fn config(&mut self) -> &mut Config {
        &mut self.config
    }

    /// The folder for what this instance keeps. It is not created by itself.
    ///
    /// `--instance FOLDER` on the command line, else the environment variable `<NAME>_INSTANCE`, else `instance` in the
    /// current folder.
    pub fn instance_path(&self) -> &Path {
        self.config.instance_path()
    }

    /// Keeps the instance elsewhere, whatever the command line says. The path must be absolute.
    pub fn set_instance_path(&mut self, path: impl AsRef<Path>) -> &mut Self {
        let path = path.as_ref();
        if path.is_absolute() {
            self.config.set_instance_path(path);
        } else {
            self.data.mistakes.push(format!(
                "If an instance path is provided it must be absolute. A relative path was given instead: {}",
                path.display()
            ));
        }
        self
    }

    /// Takes SECRET_KEY from the file `secret_key` in the instance folder, and makes both at the first start.
    ///
    /// The key is 32 random bytes in hexadecimal, the file readable by its owner only. A key that is already configured
    /// wins. A folder that cannot be written is reported at start-up, with its path.
    pub fn secret_key_file(&mut self) -> &mut Self {
        if matches!(self.config.get::<String>("SECRET_KEY"), Ok(None)) {
            match crate::security::secret_key(self.config.instance_path()) {
                Ok(key) => {
                    self.config.set("SECRET_KEY", key);
                }
                Err(sentence) => self.data.mistakes.push(sentence),
            }
        }
        self
    }

    /// Registers a blueprint.
    pub fn register(&mut self, blueprint: Blueprint) -> &mut Self {
        self.register_with(blueprint, BlueprintOptions::default())
    }

    /// Registers a blueprint below a prefix, in place of its own.
    pub fn register_at(&mut self, url_prefix: &str, blueprint: Blueprint) -> &mut Self {
        let options = BlueprintOptions { url_prefix: Some(url_prefix.to_owned()), ..Default::default() };
        self.register_with(blueprint, options)
    }

    /// Registers a blueprint with options.
    pub fn register_with(&mut self, blueprint: Blueprint, options: BlueprintOptions) -> &mut Self {
        freeze::register_blueprint(self, blueprint, options);
        self
    }

    /// Registers an extension and sets it up. A failure is reported at start-up, together with all others.
    pub fn ext<E: Extension>(&mut self, extension: E) -> &mut Self {
        let extension = Arc::new(extension);
        self.extensions.push(Registered {
            type_id: TypeId::of::<E>(),
            any: extension.clone(),
            extension: extension.clone(),
        });
        if let Err(error) = extension.init(self) {
            self.data.mistakes.push(format!("{}: {error}", extension.name()));
        }
        self
    }

    /// Adds commands in a group of their own: `my-app GROUP COMMAND`.
    pub fn command_group(
        &mut self,
        group: &str,
        commands: impl IntoIterator<Item = cli::CommandDef>,
    ) -> &mut Self {
        self.commands.extend(commands.into_iter().map(|command| (Some(group.to_owned()), command)));
        self
    }

    /// The extension of type `T` that was registered before: what another extension that needs it asks for in its `init`.
    pub fn require<T: Extension>(&self) -> Result<Arc<T>> {
        self.extensions
            .iter()
            .find(|e| e.type_id == TypeId::of::<T>())
            .and_then(|e| e.any.clone().downcast().ok())
            .ok_or_else(|| Error::msg(crate::extension::missing(std::any::type_name::<T>())))
    }

    /// Adds a converter for rules: `<name:parameter>`.
    pub fn converter(&mut self, name: &str, converter: impl Converter + 'static) -> &mut Self {
        let name = name.to_owned();
        self.converters.push(Box::new(move |map| map.add_converter(name, converter)));
        self
    }

    /// Runs `f` once the session of a request is there, before the signal `request_started` and every other function: for extensions that load
    /// what accessors then give without waiting, such as the user who is logged in. It runs for every request that this app answers by itself,
    /// also for those that no rule takes; look first whether the request has anything to load for.
    ///
    /// It returns nothing, or a `Result` of nothing: an error is answered by the error handlers, and no hook runs.
    pub fn prepare_request<R, M>(&mut self, f: impl Fn() -> R + Send + Sync + 'static) -> &mut Self
    where
        R: Answer<PrepareAnswer, M>,
    {
        self.prepare_request.push(Arc::new(move || f().answer()));
        self
    }

    /// Runs `f` at the end of each context of the app, with or without a request, exactly once.
    pub fn teardown_appcontext<R, M>(
        &mut self,
        f: impl Fn(Option<Error>) -> R + Send + Sync + 'static,
    ) -> &mut Self
    where
        R: Answer<(), M>,
    {
        self.teardown_appcontext.push(Arc::new(move |error| f(error).answer()));
        self
    }

    /// Asks `f` for the URL of an endpoint that cannot be built: the first URL wins, a `None` asks on.
    pub fn url_build_error_handler(
        &mut self,
        f: impl Fn(&carboy_routing::BuildError, &str, &crate::UrlValues) -> Option<String> + Send + Sync + 'static,
    ) -> &mut Self {
        self.url_build_error_handlers.push(Arc::new(f));
        self
    }

    /// Keeps sessions elsewhere than in a signed cookie.
    pub fn session_interface(&mut self, sessions: impl SessionInterface + 'static) -> &mut Self {
        self.sessions = Some(Box::new(sessions));
        self
    }

    /// The signals, to connect receivers.
    pub fn signals(&self) -> &Signals {
        &self.signals
    }

    /// Wraps the app in a tower layer. The layer added first is the innermost.
    ///
    /// Any layer whose service can be cloned fits, whatever it does to bodies; what it raises goes through the error
    /// handlers.
    pub fn layer<L, RB>(&mut self, layer: L) -> &mut Self
    where
        L: Layer<Inner> + Send + Sync + 'static,
        L::Service: tower_service::Service<http::Request<Body>, Response = http::Response<RB>>
            + Clone
            + Send
            + Sync
            + 'static,
        <L::Service as tower_service::Service<http::Request<Body>>>::Error: Into<BodyError>,
        <L::Service as tower_service::Service<http::Request<Body>>>::Future: Send + 'static,
        RB: http_body::Body<Data = Bytes> + Send + 'static,
        RB::Error: Into<BodyError>,
    {
        self.layers.push(Box::new(move |inner| inner.layered(&layer)));
        self
    }

    /// Wraps the app in a function: it gets the request and [the rest](Next), and returns a response.
    ///
    /// Functions and [layers](App::layer) share one order: the one added first is the innermost.
    ///
    /// ```no_run
    /// # use carboy::prelude::*;
    /// # let mut app = App::new("shop");
    /// app.middleware(|request: Request, next: Next| async move {
    ///     let mut response = next.run(request).await;
    ///     let _ = response.set_header("x-served-by", "carboy");
    ///     response
    /// });
    /// ```
    pub fn middleware<F, Fut>(&mut self, f: F) -> &mut Self
    where
        F: Fn(Request, Next) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Response> + Send + 'static,
    {
        let f: Function = Arc::new(move |request, next| Box::pin(f(request, next)));
        self.layers.push(Box::new(move |inner| inner.with_function(f)));
        self
    }

    /// Says which proxies stand before the app, so that a request shows the client's address, scheme and host in place of the proxy's:
    /// Flask's `app.wsgi_app = ProxyFix(app.wsgi_app, x_for=1, x_proto=1)`.
    ///
    /// It is done before everything else: layers, [trusted hosts](crate::config), routing, checks and logs see the request as the client made it.
    /// Who may speak for a client is better told by address, with [`ProxyFix::trusted_proxies`] or the key `TRUSTED_PROXIES`, which
    /// whoever runs the app can set; the key alone means one proxy that sets `X-Forwarded-For` and `X-Forwarded-Proto`. Without either
    /// nothing that a request says of proxies is believed.
    ///
    /// ```
    /// use carboy::{prelude::*, ProxyFix};
    ///
    /// #[route("/")]
    /// fn here() -> String {
    ///     request().url()
    /// }
    ///
    /// let mut app = App::new("shop");
    /// app.routes(routes![here]).proxy_fix(ProxyFix::new().x_for(1).x_proto(1).x_host(1).trusted_proxies(["10.0.0.0/8"])?);
    /// let answer = app
    ///     .test_client()
    ///     .get("/")
    ///     .remote_addr("10.0.0.1:4711".parse()?)
    ///     .header("X-Forwarded-Proto", "https")
    ///     .header("X-Forwarded-Host", "shop.example")
    ///     .send();
    /// assert_eq!(answer.text(), "https://shop.example/");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn proxy_fix(&mut self, proxies: ProxyFix) -> &mut Self {
        self.proxies = Some(proxies);
        self
    }

    /// Compresses the answers of this app, and those of its mounts and its fallback, for clients that take them so.
    ///
    /// It happens last, outside of all [layers](App::layer), whenever this is called.
    /// [`Compression`](crate::compression::Compression) says which answers, and which are left alone.
    #[cfg(feature = "compression")]
    pub fn compress(&mut self, compression: crate::compression::Compression) -> &mut Self {
        self.compression = Some(compression);
        self
    }

    /// Hands every request below a path to another service: an axum router, another app.
    ///
    /// The longest prefix of whole segments wins, before every rule. The service sees the path without the prefix and the
    /// prefix as its root; hooks, sessions and error handlers of this app do not run for it.
    pub fn mount<S, RB>(&mut self, prefix: &str, service: S) -> &mut Self
    where
        S: tower_service::Service<http::Request<Body>, Response = http::Response<RB>>
            + Clone
            + Send
            + Sync
            + 'static,
        S::Error: Into<BodyError>,
        S::Future: Send + 'static,
        RB: http_body::Body<Data = Bytes> + Send + 'static,
        RB::Error: Into<BodyError>,
    {
        if !prefix.starts_with('/') || prefix.len() < 2 {
            self.data
                .mistakes
                .push(format!("a mount's prefix starts with a slash and names a path: '{prefix}'"));
        }
        self.note_service(&service);
        self.mounts.add(prefix, Inner::foreign(service));
        self
    }

    /// Hands every request that is not for this app to another service: no rule takes its path, or its method; or it asks for a
    /// file below the automatic rule for static files which is not there.
    ///
    /// Hooks and sessions do not run for it. When the service fails the error handlers are asked.
    pub fn fallback<S, RB>(&mut self, service: S) -> &mut Self
    where
        S: tower_service::Service<http::Request<Body>, Response = http::Response<RB>>
            + Clone
            + Send
            + Sync
            + 'static,
        S::Error: Into<BodyError>,
        S::Future: Send + 'static,
        RB: http_body::Body<Data = Bytes> + Send + 'static,
        RB::Error: Into<BodyError>,
    {
        self.note_service(&service);
        self.fallback = Some(Inner::foreign(service));
        self
    }

    /// Lets [`url_for`](crate::url_for()) build the URLs of views that are still in the Flask application behind the
    /// [`fallback`](Self::fallback), in templates too. They match no request.
    ///
    /// The file is what `python/carboy_routes.py` of this repository writes in that application's place: `python carboy_routes.py --app
    /// flaskr > routes.json`. A relative path starts at the app's root path. It is read when the app is built; a file that cannot be used
    /// is one sentence there, and so is each rule that cannot: most likely one with a [`converter`](Self::converter) that this app does not
    /// have. Where an endpoint has a rule here too, this app's comes first.
    pub fn external_routes(&mut self, file: impl AsRef<Path>) -> &mut Self {
        self.external_routes.push(file.as_ref().to_owned());
        self
    }

    /// Keeps an upstream, so that its address is looked at when the app is built, and its health by `check`; and an app, so that it is
    /// told when the server stops.
    fn note_service(&mut self, service: &dyn Any) {
        self.upstreams.extend(service.downcast_ref::<Upstream>().cloned());
        self.mounted.extend(service.downcast_ref::<AppService>().cloned());
    }

    /// Matches rules by host: every rule needs a `host`, the static rule too.
    pub fn host_matching(&mut self, static_host: Option<&str>) -> &mut Self {
        self.host_matching = true;
        self.static_host = static_host.map(str::to_owned);
        self
    }

    /// Matches rules by subdomain of SERVER_NAME.
    pub fn subdomain_matching(&mut self) -> &mut Self {
        self.subdomain_matching = true;
        self
    }

    /// Whether a path without the slash at the end of its rule is redirected; `true` by default.
    pub fn strict_slashes(&mut self, strict: bool) -> &mut Self {
        self.strict_slashes = strict;
        self
    }

    /// Sets Jinja's options for all templates.
    pub fn jinja_options(&mut self, options: templating::JinjaOptions) -> &mut Self {
        self.data.templating.options(options);
        self
    }

    /// Adds templates that are built into the program, by name: what an extension brings. They are looked for last, so that a file of the
    /// same name in the app's or a blueprint's folder takes their place.
    ///
    /// ```
    /// use carboy::{App, context, render_template};
    ///
    /// let mut app = App::new("shop");
    /// app.built_in_templates("the greeter", &[("greeter/hello.txt", "Hello {{ name }}")]);
    /// let service = app.build()?;
    /// let page = service.app_context(|| render_template("greeter/hello.txt", context! { name => "Ada" }))?;
    /// assert_eq!(page.0, "Hello Ada");
    /// # Ok::<(), carboy::Error>(())
    /// ```
    pub fn built_in_templates(
        &mut self,
        owner: &str,
        templates: &'static [(&'static str, &'static str)],
    ) -> &mut Self {
        self.data.templating.built_in(owner, templates);
        self
    }

    /// Adds a filter for templates.
    pub fn template_filter<F, A>(&mut self, name: &str, f: F) -> &mut Self
    where
        F: templating::TemplateFunction<A>,
    {
        self.data.templating.filter(name, f);
        self
    }

    /// Adds a test for templates: `{% if x is name %}`.
    pub fn template_test<F, A>(&mut self, name: &str, f: F) -> &mut Self
    where
        F: templating::TemplateFunction<A>,
    {
        self.data.templating.test(name, f);
        self
    }

    /// Adds a function for templates.
    pub fn template_global<F, A>(&mut self, name: &str, f: F) -> &mut Self
    where
        F: templating::TemplateFunction<A>,
    {
        self.data.templating.global(name, f);
        self
    }

    /// Sets the app up for tests: TESTING, so that errors and panics surface in the test.
    pub fn testing(mut self) -> Self {
        self.config.set("TESTING", true);
        self
    }

    /// Chooses what [`run`](App::run) serves with: addresses, workers, limits, deadlines. May be called again, for more.
    ///
    /// The keys `SERVER_…` of the configuration win over it, and the options of `run` over both: see [`server`](crate::server).
    ///
    /// ```
    /// use carboy::prelude::*;
    ///
    /// let mut app = App::new("shop");
    /// app.server(|server| server.bind("[::]:8000").bind("unix:/run/shop.sock").workers(4));
    /// ```
    pub fn server(&mut self, choose: impl FnOnce(ServerConfig) -> ServerConfig) -> &mut Self {
        self.server = choose(std::mem::take(&mut self.server));
        self
    }

    /// Asks this too before the server's [readiness path](ServerConfig::readiness_path) says that the app is ready: whether a database
    /// answers, whether a cache is filled. Runs in a context of the app.
    ///
    /// A check that fails, or takes longer than five seconds, makes the answer a 503 that names it; the reason is logged.
    ///
    /// ```
    /// use carboy::prelude::*;
    ///
    /// let mut app = App::new("shop");
    /// app.server(|server| server.readiness_path("/readyz"));
    /// app.readiness_check("stock", || async {
    ///     if current_app().config().get::<bool>("STOCK")?.unwrap_or(true) { Ok(()) } else { Err(Error::msg("no stock")) }
    /// });
    /// ```
    pub fn readiness_check<F>(
        &mut self,
        name: &str,
        check: impl Fn() -> F + Send + Sync + 'static,
    ) -> &mut Self
    where
        F: Future<Output = Result<()>> + Send + 'static,
    {
        self.readiness_checks.push((name.to_owned(), Arc::new(move || Box::pin(check()))));
        self
    }

    /// Answers the command line: `run`, `routes`, `check`, own commands. Without a command it serves.
    pub fn run(&mut self) -> Result<()> {
        cli::main(self.take())
    }

    /// Freezes the app and starts its extensions. All mistakes are reported together.
    ///
    /// The calling thread waits for the extensions' start-up. An app is built once: building it again is an error.
    pub fn build(&mut self) -> Result<AppService> {
        let service = freeze::freeze(self.take())?;
        service.startup()?;
        Ok(service)
    }

    /// A client for tests, in test mode.
    ///
    /// # Panics
    /// When the app cannot be built, with the reasons.
    #[track_caller]
    pub fn test_client(&mut self) -> TestClient {
        self.config.set("TESTING", true);
        match self.build() {
            Ok(service) => service.test_client(),
            Err(error) => panic!("the app cannot be built: {error}"),
        }
    }
}

impl App {
    /// Runs the app's commands in a test, in test mode.
    pub fn test_cli_runner(&mut self) -> cli::CliRunner {
        self.config.set("TESTING", true);
        cli::CliRunner::new(self.take())
    }
}

impl Scaffold for App {
    fn data(&mut self) -> &mut ScaffoldData {
        &mut self.data
    }
}
