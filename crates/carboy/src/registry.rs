//! What may be run: rules with their views, hooks and error handlers by scope. Data only.
//!
//! While an app is made it fills [`Registrations`]. Freezing turns them into a [`Registry`], in which everything a
//! request needs is found by an index: the rule that matched names its view and its *plan*, the functions of its scopes
//! already in the order in which they run.

use crate::{
    extension::Requirement,
    guard::Guard,
    hooks::{
        AfterRequest, BeforeRequest, ErrorHandlers, Hooks, PrepareRequest, Teardown, UrlValuePreprocessor,
    },
    view::{ArgDef, BodyRefused, View},
};
use carboy_routing::Value;
use indexmap::IndexMap;
use std::{any::TypeId, panic::Location, sync::Arc};

/// A rule as it was registered, before prefixes are applied.
#[derive(Clone)]
pub(crate) struct RouteRegistration {
    pub(crate) rule: String,
    pub(crate) endpoint: String,
    pub(crate) options: RuleOptions,
    /// The view, unless only the rule is registered.
    pub(crate) view: Option<ViewRegistration>,
    pub(crate) location: &'static Location<'static>,
}

/// A view and what is known about it.
#[derive(Clone)]
pub(crate) struct ViewRegistration {
    pub(crate) view: Arc<View>,
    /// The route struct of an attributed function: the same function may stand under several rules.
    pub(crate) type_id: Option<TypeId>,
    /// The view takes the body as a stream, so nothing is read before it runs.
    pub(crate) stream: bool,
    /// The view serves the files of a static folder by itself.
    pub(crate) static_files: bool,
    pub(crate) requires: Vec<Requirement>,
    /// What has to hold before it runs.
    pub(crate) guards: Vec<Guard>,
    /// What an attributed function takes; empty for other views.
    pub(crate) args: Vec<ArgDef>,
    pub(crate) doc: &'static str,
}

/// The options of a rule, by Werkzeug's and Flask's names.
#[derive(Debug, Clone, Default)]
pub struct RuleOptions {
    /// The methods; `None` stands for GET (and the implicit HEAD and OPTIONS).
    pub methods: Option<Vec<String>>,
    /// Values that the rule supplies itself.
    pub defaults: Vec<(String, Value)>,
    /// Overrides the map's `strict_slashes`.
    pub strict_slashes: Option<bool>,
    /// Overrides the map's `merge_slashes`.
    pub merge_slashes: Option<bool>,
    /// The subdomain rule.
    pub subdomain: Option<String>,
    /// The host rule, in an app with host matching.
    pub host: Option<String>,
    /// Redirects to the canonical rule of the endpoint.
    pub alias: bool,
    /// Never matches, only builds.
    pub build_only: bool,
    /// Matches WebSocket handshakes only.
    pub websocket: bool,
    /// Redirects to another rule's text.
    pub redirect_to: Option<String>,
    /// Overrides PROVIDE_AUTOMATIC_OPTIONS.
    pub provide_automatic_options: Option<bool>,
    /// What has to hold before the view runs that is registered with these options.
    pub guards: Vec<Guard>,
}

/// What an app or a blueprint was told.
#[derive(Default)]
pub(crate) struct Registrations {
    pub(crate) routes: Vec<RouteRegistration>,
    /// Functions for this scope.
    pub(crate) hooks: Hooks,
    /// Functions that a blueprint registers for the whole app (`before_app_request` and its kin).
    pub(crate) app_hooks: Hooks,
}

/// A rule of the frozen app.
pub(crate) struct Entry {
    pub(crate) view: Option<Arc<View>>,
    pub(crate) plan: usize,
    /// Those of the view's blueprints, outer to inner, then its own.
    pub(crate) guards: Arc<[Guard]>,
    pub(crate) stream: bool,
    /// What the view's arguments make of a body that cannot be read.
    pub(crate) body_refused: Vec<BodyRefused>,
    /// The rule is the automatic one for a static folder.
    pub(crate) static_files: bool,
    /// OPTIONS is answered by the app itself.
    pub(crate) automatic_options: bool,
}

/// The functions of a chain of scopes, in the order in which they run.
#[derive(Default)]
pub(crate) struct Plan {
    /// App, then outer to inner blueprint.
    pub(crate) url_value_preprocessors: Vec<UrlValuePreprocessor>,
    /// App, then outer to inner blueprint.
    pub(crate) before_request: Vec<BeforeRequest>,
    /// Outer to inner blueprint.
    pub(crate) guards: Vec<Guard>,
    /// Inner to outer blueprint, then app; each scope's last first.
    pub(crate) after_request: Vec<AfterRequest>,
    /// As `after_request`.
    pub(crate) teardown_request: Vec<Teardown>,
    /// Inner to outer blueprint, then app.
    pub(crate) error_handlers: Vec<ErrorHandlers>,
}

/// What the frozen app may run.
#[derive(Default)]
pub(crate) struct Registry {
    /// Indexed by the tags of the rules.
    pub(crate) entries: Vec<Entry>,
    /// The first is the app's alone.
    pub(crate) plans: Vec<Plan>,
    pub(crate) prepare_request: Vec<PrepareRequest>,
    pub(crate) teardown_appcontext: Vec<Teardown>,
}

impl Registry {
    /// The entry of the rule that has this tag.
    pub(crate) fn entry(&self, tag: u32) -> &Entry {
        &self.entries[tag as usize]
    }
}

/// Makes plans out of scopes, one for each chain of blueprints.
pub(crate) struct Plans<'a> {
    scopes: &'a IndexMap<String, Hooks>,
    known: IndexMap<String, usize>,
    pub(crate) plans: Vec<Plan>,
}

impl<'a> Plans<'a> {
    /// `scopes` holds the hooks of the app under `""` and of each blueprint under its full name.
    pub(crate) fn new(scopes: &'a IndexMap<String, Hooks>) -> Self {
        let mut plans = Plans { scopes, known: IndexMap::new(), plans: Vec::new() };
        plans.of("");
        plans
    }

    /// The plan for the endpoints of a blueprint; `""` stands for the app alone.
    pub(crate) fn of(&mut self, blueprint: &str) -> usize {
        if let Some(index) = self.known.get(blueprint) {
            return *index;
        }
        let inward: Vec<&Hooks> =
            chain(blueprint).into_iter().filter_map(|name| self.scopes.get(name)).collect();
        let outward = || inward.iter().rev();
        self.plans.push(Plan {
            url_value_preprocessors: inward
                .iter()
                .flat_map(|h| h.url_value_preprocessors.iter().cloned())
                .collect(),
            before_request: inward.iter().flat_map(|h| h.before_request.iter().cloned()).collect(),
            guards: inward.iter().flat_map(|h| h.guards.iter().cloned()).collect(),
            after_request: outward().flat_map(|h| h.after_request.iter().rev().cloned()).collect(),
            teardown_request: outward().flat_map(|h| h.teardown_request.iter().rev().cloned()).collect(),
            error_handlers: outward().map(|h| h.error_handlers.clone()).collect(),
        });
        self.known.insert(blueprint.to_owned(), self.plans.len() - 1);
        self.plans.len() - 1
    }
}

/// The scopes of a blueprint from the app inwards: `"a.b"` is `["", "a", "a.b"]`.
pub(crate) fn chain(blueprint: &str) -> Vec<&str> {
    let mut names: Vec<&str> =
        std::iter::successors(Some(blueprint), |b| b.rsplit_once('.').map(|(outer, _)| outer)).collect();
    if !blueprint.is_empty() {
        names.push("");
    }
    names.reverse();
    names
}
