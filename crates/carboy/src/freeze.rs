//! From an [`App`] to an [`AppService`]: registrations are put under their names and prefixes, checked together, and
//! turned into what a request needs.

use crate::{
    Error, Result,
    app::{App, Registered},
    blueprint::{Blueprint, BlueprintOptions},
    extension, external, files,
    guard::Guard,
    middleware::Inner,
    registry::{Entry, Plans, Registry, RouteRegistration, RuleOptions, ViewRegistration},
    running::{AppService, Frozen, blueprint_of},
    scaffold::Folders,
    session::SecureCookieSessionInterface,
    settings::{self, Settings},
    state::State,
    templating::Engine,
    upstream::Upstream,
    urls::{IntoUrlValues, UrlHooks},
    view::ArgDef,
};
use carboy_routing::{MapOptions, Rule, UrlMap, Value};
use indexmap::IndexMap;
use std::{any::TypeId, collections::HashMap, panic::Location, path::PathBuf, sync::Arc};

/// What an outer blueprint hands on to those nested in it.
struct Outer {
    name: String,
    url_prefix: Option<String>,
    subdomain: Option<String>,
    url_defaults: Vec<(String, Value)>,
}

/// Puts a blueprint's registrations among the app's.
pub(crate) fn register_blueprint(app: &mut App, blueprint: Blueprint, options: BlueprintOptions) {
    // Rules keep the order of their registration, whoever they belong to.
    app.routes.append(&mut app.data.registrations.routes);
    register(app, blueprint, options, None);
}

fn register(app: &mut App, blueprint: Blueprint, options: BlueprintOptions, outer: Option<&Outer>) {
    let Blueprint { name, mut data, options: own, children, cli_group } = blueprint;
    let name = options.name.unwrap_or(name);
    let full = match outer {
        Some(outer) => format!("{}.{name}", outer.name),
        None => name.clone(),
    };
    app.data.mistakes.append(&mut data.mistakes);
    if app.scopes.contains_key(&full) {
        app.data.mistakes.push(format!(
            "The name '{full}' is already registered for a different blueprint. Use 'name' in the options to provide a unique name."
        ));
        return;
    }

    let mut url_defaults = outer.map(|o| o.url_defaults.clone()).unwrap_or_default();
    for (key, value) in own.url_defaults.into_iter().chain(options.url_defaults) {
        url_defaults.retain(|(k, _)| *k != key);
        url_defaults.push((key, value));
    }
    let state = Outer {
        url_prefix: join_prefixes(
            outer.and_then(|o| o.url_prefix.as_deref()),
            options.url_prefix.or(own.url_prefix).as_deref(),
        ),
        subdomain: join_subdomains(
            outer.and_then(|o| o.subdomain.as_deref()),
            options.subdomain.or(own.subdomain).as_deref(),
        ),
        url_defaults,
        name: full.clone(),
    };

    // A blueprint that has a static folder of its own serves it under its prefix.
    if let Some(Some(folder)) = &data.folders.static_folder {
        let path = data.folders.static_url_path.clone().unwrap_or_else(|| files::url_path_of(folder));
        let registration = static_route(&path, None, &full);
        app.routes.push(placed(registration, &state));
    }
    for registration in data.registrations.routes {
        if registration.endpoint.contains('.') {
            app.data.mistakes.push(format!(
                "{}: 'endpoint' may not contain a dot '.' character: '{}'",
                registration.location, registration.endpoint
            ));
        }
        app.routes.push(placed(registration, &state));
    }
    app.data.registrations.hooks.extend(data.registrations.app_hooks);
    app.scopes.insert(full.clone(), data.registrations.hooks);
    let told = std::mem::take(&mut app.data.url_defaults);
    app.url_defaults.extend(told.into_iter().map(|f| (String::new(), f)));
    app.url_defaults.extend(data.url_defaults.into_iter().map(|f| (full.clone(), f)));
    app.url_defaults.extend(data.app_url_defaults.into_iter().map(|f| (String::new(), f)));
    // What the app was told before comes before what the blueprint says for the whole app.
    app.templating.push((String::new(), std::mem::take(&mut app.data.templating)));
    app.templating.push((full.clone(), data.templating));
    app.templating.push((String::new(), data.app_templating));
    if app.data.folders.root_path.is_none() {
        app.data.folders.root_path.clone_from(&data.folders.root_path);
    }
    if app.data.folders.embedded.is_none() {
        app.data.folders.embedded = data.folders.embedded;
    }
    app.folders.push((full.clone(), data.folders));
    let group = cli_group.unwrap_or(Some(name));
    app.commands.extend(data.commands.into_iter().map(|c| (group.clone(), c)));
    for (child, options) in children {
        register(app, child, options, Some(&state));
    }
}

/// A rule of a blueprint in its place in the app.
fn placed(mut registration: RouteRegistration, outer: &Outer) -> RouteRegistration {
    if let Some(prefix) = &outer.url_prefix {
        registration.rule = if registration.rule.is_empty() {
            prefix.clone()
        } else {
            format!("{}/{}", prefix.trim_end_matches('/'), registration.rule.trim_start_matches('/'))
        };
    }
    if registration.options.subdomain.is_none() {
        registration.options.subdomain.clone_from(&outer.subdomain);
    }
    let mut defaults = outer.url_defaults.clone();
    for (key, value) in std::mem::take(&mut registration.options.defaults) {
        defaults.retain(|(k, _)| *k != key);
        defaults.push((key, value));
    }
    registration.options.defaults = defaults;
    registration.endpoint = format!("{}.{}", outer.name, registration.endpoint).trim_matches('.').to_owned();
    registration
}

fn join_prefixes(outer: Option<&str>, inner: Option<&str>) -> Option<String> {
    match (outer, inner) {
        (Some(outer), Some(inner)) => {
            Some(format!("{}/{}", outer.trim_end_matches('/'), inner.trim_start_matches('/')))
        }
        (one, other) => one.or(other).map(str::to_owned),
    }
}

fn join_subdomains(outer: Option<&str>, inner: Option<&str>) -> Option<String> {
    match (outer, inner) {
        (Some(outer), Some(inner)) => Some(format!("{inner}.{outer}")),
        (one, other) => one.or(other).map(str::to_owned),
    }
}

#[track_caller]
fn static_route(url_path: &str, host: Option<String>, scope: &str) -> RouteRegistration {
    let scope = scope.to_owned();
    RouteRegistration {
        rule: format!("{url_path}/<path:filename>"),
        endpoint: "static".to_owned(),
        options: RuleOptions { host, ..RuleOptions::default() },
        view: Some(ViewRegistration {
            view: Arc::new(files::static_view(scope)),
            type_id: None,
            stream: true,
            static_files: true,
            requires: Vec::new(),
            guards: Vec::new(),
            args: Vec::new(),
            doc: "Static files",
        }),
        location: Location::caller(),
    }
}

/// Freezes an app: checks what it was told, and makes the service of it.
pub(crate) fn freeze(mut app: App) -> Result<AppService> {
    let mut mistakes = std::mem::take(&mut app.data.mistakes);
    mistakes.extend(app.config.take_errors().iter().map(ToString::to_string));
    mistakes.extend(app.upstreams.iter().filter_map(Upstream::mistake));

    if matches!(app.config.get::<bool>("HARDENED"), Ok(Some(true))) {
        crate::security::harden(&mut app);
    }

    // What was registered on the app itself comes before the blueprints', the static rule before everything.
    let own = std::mem::take(&mut app.data.registrations);
    let mut routes = Vec::new();
    if let Some(folder) = app_static_folder(&app.data.folders) {
        let path = app.data.folders.static_url_path.clone().unwrap_or_else(|| files::url_path_of(&folder));
        if app.host_matching == app.static_host.is_some() {
            routes.push(static_route(&path, app.static_host.clone(), ""));
        } else if app.data.folders.static_folder.is_some() || app.static_host.is_some() {
            mistakes.push("Invalid static_host/host_matching combination".to_owned());
        }
    }
    routes.append(&mut app.routes);
    routes.extend(own.routes);
    app.scopes.insert(String::new(), own.hooks);

    let settings = Settings::from_config(&app.config).map_err(|e| collect(&mut mistakes, e)).ok();
    let session_config = settings::session_config(&app.config).map_err(|e| collect(&mut mistakes, e)).ok();

    let proxies = app.proxies.take();
    let proxies = settings::proxies(proxies, &app.config).unwrap_or_else(|e| {
        collect(&mut mistakes, e);
        None
    });

    let server_name = app.config.get::<String>("SERVER_NAME").ok().flatten();
    if app.subdomain_matching && server_name.is_none() {
        mistakes.push(
            "subdomain matching needs SERVER_NAME: it is the host that subdomains are taken from".to_owned(),
        );
    }
    let mut url_map = UrlMap::new(MapOptions {
        host_matching: app.host_matching,
        strict_slashes: app.strict_slashes,
        ..MapOptions::default()
    });
    let has_own_converters = !app.converters.is_empty();
    for add_converter in std::mem::take(&mut app.converters) {
        add_converter(&mut url_map);
    }
    let options_by_default = settings.as_ref().is_none_or(|s| s.provide_automatic_options);
    let mut table = Table::default();
    let mut plans = Plans::new(&app.scopes);
    for route in &routes {
        table.add(route, &mut url_map, &mut plans, options_by_default, &mut mistakes);
    }
    let root_path = match &app.data.folders.root_path {
        Some(path) => path.clone(),
        None => std::env::current_dir().unwrap_or_else(|_| PathBuf::from(".")),
    };
    for file in &app.external_routes {
        external::add(&root_path.join(file), &mut url_map, app.host_matching, &mut mistakes);
    }
    check_extensions(&app.extensions, &routes, &mut mistakes);

    app.templating.push((String::new(), std::mem::take(&mut app.data.templating)));
    let templates = Engine::build(crate::templating::EngineOptions {
        root_path: &root_path,
        app_folders: &app.data.folders,
        folders: &app.folders,
        registrations: std::mem::take(&mut app.templating),
        auto_reload: settings.as_ref().is_some_and(|s| s.templates_auto_reload),
        explain: settings.as_ref().is_some_and(|s| s.explain_template_loading),
    })
    .map_err(|e| mistakes.push(e))
    .ok();

    let plans = plans.plans;
    let (Some(settings), Some(session_config), Some(templates), true) =
        (settings, session_config, templates, mistakes.is_empty())
    else {
        return Err(Error::msg(mistakes_sentence(&app.name, &mistakes)));
    };
    if session_config.secret_key.is_none() {
        tracing::warn!(
            target: "carboy::app",
            "SECRET_KEY is not set: nothing can be written to the session. Set it, or call `app.secret_key_file()`."
        );
    }

    app.url_defaults
        .extend(std::mem::take(&mut app.data.url_defaults).into_iter().map(|f| (String::new(), f)));
    let static_sources = files::StaticSources::new(&root_path, &app.data.folders, &app.folders);
    let has_domains = url_map.iter().any(|rule| {
        [rule.get_subdomain(), rule.get_host()].iter().flatten().any(|domain| !domain.is_empty())
    });
    let has_websockets = url_map.iter().any(Rule::is_websocket);
    let state = Arc::new(State {
        name: app.name,
        root_path,
        config: app.config,
        settings,
        session_config,
        sessions: app.sessions.unwrap_or_else(|| Box::new(SecureCookieSessionInterface)),
        has_domains,
        has_websockets,
        url_map,
        has_own_converters,
        host_matching: app.host_matching,
        subdomain_matching: app.subdomain_matching,
        url_hooks: UrlHooks::new(app.url_defaults, app.url_build_error_handlers),
        endpoints_of: table.endpoints_of,
        guards: table.guards,
        docs: table
            .views
            .iter()
            .filter(|(_, v)| !v.doc.is_empty())
            .map(|(e, v)| (e.clone(), v.doc))
            .collect(),
        static_sources,
        templates,
        translations: app.data.folders.embedded.map_or(&[], |embedded| embedded.translations),
        signals: app.signals,
        extensions: app.extensions.iter().map(|e| (e.type_id, e.any.clone())).collect(),
        drain: Default::default(),
        #[cfg(feature = "websocket")]
        sockets: Default::default(),
    });
    let registry = Registry {
        entries: table.entries,
        plans,
        prepare_request: app.prepare_request,
        teardown_appcontext: reversed(app.teardown_appcontext),
    };
    let mut commands = app.commands;
    commands.extend(std::mem::take(&mut app.data.commands).into_iter().map(|c| (None, c)));
    let layers = app.layers;
    let wrapped = !layers.is_empty();
    #[cfg(feature = "compression")]
    let wrapped = wrapped || app.compression.is_some();
    Ok(AppService(Arc::new_cyclic(|weak| Frozen {
        state,
        registry,
        layers: wrapped.then(|| {
            let inner = Inner::dispatching(weak.clone());
            let inner = layers.into_iter().fold(inner, |inner, layer| layer(inner));
            // Outermost: no layer sees bytes that it cannot read.
            #[cfg(feature = "compression")]
            let inner = match app.compression {
                Some(compression) => inner.compressed(compression),
                None => inner,
            };
            inner
        }),
        mounts: app.mounts,
        fallback: app.fallback,
        upstreams: app.upstreams,
        mounted: app.mounted,
        extensions: app.extensions.into_iter().map(|e| e.extension).collect(),
        stopped: Default::default(),
        commands,
        proxies,
        server: app.server,
        readiness_checks: app.readiness_checks,
    })))
}

fn reversed<T>(mut list: Vec<T>) -> Vec<T> {
    list.reverse();
    list
}

fn collect(mistakes: &mut Vec<String>, error: Error) {
    mistakes.push(error.to_string());
}

/// The folder of the app's static files: `static` unless it was told otherwise.
pub(crate) fn app_static_folder(folders: &Folders) -> Option<PathBuf> {
    folders.static_folder.clone().unwrap_or_else(|| Some(PathBuf::from("static")))
}

fn mistakes_sentence(name: &str, mistakes: &[String]) -> String {
    match mistakes {
        [one] => format!("the app '{name}' cannot start: {one}"),
        many => {
            format!("the app '{name}' cannot start, for {} reasons:\n  - {}", many.len(), many.join("\n  - "))
        }
    }
}

/// Rules with their views, while they are put together.
#[derive(Default)]
struct Table {
    entries: Vec<Entry>,
    views: IndexMap<String, ViewRegistration>,
    /// The entries whose view may still come from another registration of their endpoint.
    waiting: Vec<(usize, String)>,
    endpoints_of: HashMap<TypeId, Vec<String>>,
    /// The guards of each endpoint that has a view.
    guards: HashMap<String, Arc<[Guard]>>,
}

impl Table {
    fn add(
        &mut self,
        route: &RouteRegistration,
        map: &mut UrlMap,
        plans: &mut Plans<'_>,
        options_by_default: bool,
        mistakes: &mut Vec<String>,
    ) {
        if let Some(view) = &route.view {
            self.add_view(route, view, mistakes);
        }
        let options = &route.options;
        let mut methods: Vec<String> = match &options.methods {
            Some(methods) => methods.iter().map(|m| m.to_ascii_uppercase()).collect(),
            None => vec!["GET".to_owned()],
        };
        let lists_options = options
            .provide_automatic_options
            .unwrap_or(options_by_default && !methods.iter().any(|m| m == "OPTIONS"));
        if lists_options && !methods.iter().any(|m| m == "OPTIONS") {
            methods.push("OPTIONS".to_owned());
        }
        // A rule for WebSockets lists it as well, but nobody gets there.
        let automatic_options = lists_options && !options.websocket;
        let mut rule = Rule::new(&route.rule).endpoint(&route.endpoint).tag(self.entries.len() as u32);
        rule = rule.methods(&methods);
        rule = rule.defaults(options.defaults.clone().into_url_values());
        if let Some(strict) = options.strict_slashes {
            rule = rule.strict_slashes(strict);
        }
        if let Some(merge) = options.merge_slashes {
            rule = rule.merge_slashes(merge);
        }
        if let Some(subdomain) = &options.subdomain {
            rule = rule.subdomain(subdomain);
        }
        if let Some(host) = &options.host {
            rule = rule.host(host);
        }
        if let Some(target) = &options.redirect_to {
            rule = rule.redirect_to(target.clone());
        }
        if options.websocket {
            rule = rule.websocket();
        }
        if options.alias {
            rule = rule.alias();
        }
        if options.build_only {
            rule = rule.build_only();
        }
        let plan = plans.of(blueprint_of(&route.endpoint));
        match map.add(rule) {
            Ok(_) if options.build_only || options.redirect_to.is_some() => {}
            Ok(id) => {
                let preprocessed = !plans.plans[plan].url_value_preprocessors.is_empty();
                let args = route.view.iter().flat_map(|view| &view.args);
                let wrong = args.filter_map(|arg| arg.mistake(map.rule(id), preprocessed));
                mistakes.extend(wrong.map(|mistake| format!("{}: {mistake}", route.location)));
            }
            Err(error) => {
                mistakes.push(format!("{}: {error}", route.location));
                return;
            }
        }
        self.waiting.push((self.entries.len(), route.endpoint.clone()));
        self.entries.push(Entry {
            stream: false,
            body_refused: Vec::new(),
            static_files: route.view.as_ref().is_some_and(|v| v.static_files),
            view: None,
            guards: Arc::default(),
            plan,
            automatic_options,
        });
        self.settle(&route.endpoint, &plans.plans[plan].guards);
    }

    fn add_view(&mut self, route: &RouteRegistration, view: &ViewRegistration, mistakes: &mut Vec<String>) {
        if let Some(type_id) = view.type_id {
            let endpoints = self.endpoints_of.entry(type_id).or_default();
            if !endpoints.contains(&route.endpoint) {
                endpoints.push(route.endpoint.clone());
            }
        }
        match self.views.get(&route.endpoint) {
            Some(known) if known.type_id.is_none() || known.type_id != view.type_id => {
                mistakes.push(format!(
                    "{}: View function mapping is overwriting an existing endpoint function: {}",
                    route.location, route.endpoint
                ))
            }
            Some(_) => {}
            None => {
                self.views.insert(route.endpoint.clone(), view.clone());
            }
        }
    }

    /// Gives a view that has come to the rules that waited for it.
    fn settle(&mut self, endpoint: &str, outer: &[Guard]) {
        let Some(view) = self.views.get(endpoint) else { return };
        let (view, stream) = (view.clone(), view.stream);
        let guards = self.guards.entry(endpoint.to_owned());
        let guards = guards.or_insert_with(|| outer.iter().chain(&view.guards).cloned().collect());
        for (index, _) in self.waiting.extract_if(.., |(_, e)| e == endpoint) {
            self.entries[index].view = Some(view.view.clone());
            self.entries[index].guards = guards.clone();
            self.entries[index].stream = stream;
            self.entries[index].body_refused = view.args.iter().filter_map(ArgDef::body_refused).collect();
        }
    }
}

/// Extensions that are registered twice, and all that views and extensions ask for and the app does not have, each named once with
/// those that ask.
fn check_extensions(extensions: &[Registered], routes: &[RouteRegistration], mistakes: &mut Vec<String>) {
    for (index, one) in extensions.iter().enumerate() {
        if extensions[..index].iter().any(|other| other.type_id == one.type_id) {
            mistakes.push(format!("the extension {} is registered twice", one.extension.name()));
        }
    }
    let of_extensions =
        extensions.iter().map(|e| (format!("the extension {}", e.extension.name()), e.extension.requires()));
    let of_views =
        routes.iter().filter_map(|r| Some((r.endpoint.clone(), r.view.as_ref()?.requires.clone())));
    let mut missing: IndexMap<&str, Vec<String>> = IndexMap::new();
    for (asking, requirements) in of_extensions.chain(of_views) {
        for requirement in requirements {
            if !extensions.iter().any(|e| e.type_id == requirement.type_id) {
                let all = missing.entry(requirement.type_name).or_default();
                if !all.contains(&asking) {
                    all.push(asking.clone());
                }
            }
        }
    }
    for (name, asking) in missing {
        mistakes.push(format!("{} (asked for by: {})", extension::missing(name), asking.join(", ")));
    }
}
