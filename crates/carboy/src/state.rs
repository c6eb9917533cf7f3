//! What a running app knows: everything that code in flight may read, and nothing that it may run.

use crate::{
    config::Config,
    drain::Drain,
    guard::Guard,
    json::JsonStyle,
    session::{SessionConfig, SessionInterface},
    settings::Settings,
    signals::Signals,
    templating::Engine,
    urls::UrlHooks,
};
use carboy_http::Request;
use carboy_routing::{INVALID_SUBDOMAIN, Redirect, UrlMap, subdomain_of};
use std::{
    any::{Any, TypeId},
    collections::HashMap,
    path::{Path, PathBuf},
    sync::Arc,
};

/// What a running app knows: its name, folders, configuration, URL map, templates, signals and extensions.
///
/// Made when an [`App`](crate::App) is frozen and shared by everything that answers its requests;
/// [`current_app`](crate::current_app) returns it.
pub struct State {
    pub(crate) name: String,
    pub(crate) root_path: PathBuf,
    pub(crate) config: Config,
    pub(crate) settings: Settings,
    pub(crate) session_config: SessionConfig,
    pub(crate) sessions: Box<dyn SessionInterface>,
    pub(crate) url_map: UrlMap,
    pub(crate) has_own_converters: bool,
    pub(crate) host_matching: bool,
    /// Some rule names a subdomain or a host, so that URLs may need this one's.
    pub(crate) has_domains: bool,
    /// Some rule is for WebSockets, whose URLs are absolute.
    pub(crate) has_websockets: bool,
    pub(crate) subdomain_matching: bool,
    pub(crate) url_hooks: UrlHooks,
    /// The endpoints under which each attributed view was registered.
    pub(crate) endpoints_of: HashMap<TypeId, Vec<String>>,
    /// The guards of each endpoint that has a view.
    pub(crate) guards: HashMap<String, Arc<[Guard]>>,
    pub(crate) static_sources: crate::files::StaticSources,
    /// The doc comments of attributed views, by endpoint.
    pub(crate) docs: HashMap<String, &'static str>,
    pub(crate) templates: Engine,
    pub(crate) translations: &'static [(&'static str, &'static [u8])],
    pub(crate) signals: Signals,
    pub(crate) extensions: HashMap<TypeId, Arc<dyn Any + Send + Sync>>,
    pub(crate) drain: Drain,
    #[cfg(feature = "websocket")]
    pub(crate) sockets: crate::websocket::Sockets,
}

impl State {
    /// The app's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The folder that relative folders are taken from.
    pub fn root_path(&self) -> &Path {
        &self.root_path
    }

    /// The folder for what this instance keeps: database, uploads, secret key. It is not created by itself.
    pub fn instance_path(&self) -> &Path {
        self.config.instance_path()
    }

    /// The configuration.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// Whether the app runs in debug mode.
    pub fn debug(&self) -> bool {
        self.settings.debug
    }

    /// Whether the app is under test.
    pub fn testing(&self) -> bool {
        self.settings.testing
    }

    /// Whether rules are matched by host: URLs are made of the request's host then, and of no other.
    pub fn host_matching(&self) -> bool {
        self.host_matching
    }

    /// The URL map.
    pub fn url_map(&self) -> &UrlMap {
        &self.url_map
    }

    /// What the doc comment of an endpoint's view says; `None` for views without one.
    pub fn doc(&self, endpoint: &str) -> Option<&'static str> {
        self.docs.get(endpoint).copied()
    }

    /// The endpoints that have a view, in alphabetical order.
    pub fn endpoints(&self) -> Vec<&str> {
        let mut endpoints: Vec<&str> = self.guards.keys().map(String::as_str).collect();
        endpoints.sort_unstable();
        endpoints
    }

    /// What has to hold before the view of an endpoint runs: the guards of its blueprints, outer to inner, then its own.
    pub fn guards(&self, endpoint: &str) -> &[Guard] {
        self.guards.get(endpoint).map_or(&[], |guards| guards)
    }

    /// The files of the package's folder `translations` that a release build holds: name with slashes, content. None in a debug build, which
    /// reads the folder itself.
    pub fn embedded_translations(&self) -> &'static [(&'static str, &'static [u8])] {
        self.translations
    }

    /// The signals.
    pub fn signals(&self) -> &Signals {
        &self.signals
    }

    /// How many WebSockets are open.
    #[cfg(feature = "websocket")]
    pub fn open_websockets(&self) -> usize {
        self.sockets.open()
    }

    /// How the app writes JSON.
    pub fn json(&self) -> &JsonStyle {
        &self.settings.json
    }

    /// The extension of type `T`, if it is registered.
    pub(crate) fn extension<T: Any + Send + Sync>(&self) -> Option<Arc<T>> {
        self.extensions.get(&TypeId::of::<T>())?.clone().downcast().ok()
    }

    pub(crate) fn settings(&self) -> &Settings {
        &self.settings
    }

    pub(crate) fn session_config(&self) -> &SessionConfig {
        &self.session_config
    }

    pub(crate) fn sessions(&self) -> &dyn SessionInterface {
        &*self.sessions
    }

    pub(crate) fn templates(&self) -> &Engine {
        &self.templates
    }

    /// Whether matching looks at the host at all.
    pub(crate) fn needs_host(&self) -> bool {
        self.host_matching || self.subdomain_matching
    }

    /// The server's name and the subdomain, as Werkzeug binds its map to a request: with subdomain matching SERVER_NAME
    /// and what the host has before it, otherwise SERVER_NAME, or the host where there is none or hosts are matched.
    pub(crate) fn server_and_subdomain(&self, request: &Request) -> (String, Option<String>) {
        let host = request.host();
        match &self.settings.server_name {
            Some(server_name) if self.subdomain_matching => {
                let subdomain = subdomain_of(host, server_name, request.scheme());
                if subdomain == INVALID_SUBDOMAIN {
                    tracing::warn!(
                        target: "carboy::app",
                        "Current server name '{}' doesn't match configured server name '{server_name}'",
                        crate::logging::escaped(host)
                    );
                }
                (server_name.clone(), Some(subdomain.into_owned()))
            }
            // A name that was configured is not the client's to choose.
            Some(server_name) if !self.host_matching => (server_name.clone(), None),
            _ => (host.to_string(), None),
        }
    }

    /// Where a redirect of the URL map leads: a path of this host, unless the host may be named.
    pub(crate) fn redirect_location(&self, redirect: &Redirect) -> String {
        if self.settings.trusted_hosts.is_some() {
            redirect.absolute()
        } else {
            redirect.location().into_owned()
        }
    }
}
