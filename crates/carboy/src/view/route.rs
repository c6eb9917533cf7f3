//! What `#[route]` says about a function: data that `App::routes` registers.

use super::{Around, FromContext, FromUrl, UrlParams, View};
use crate::{ctx::Context, extension::Requirement, guard::Guard, registry::RuleOptions};
use carboy_http::HttpError;
use carboy_routing::{Rule, Value};
use std::{any::TypeId, panic::Location, sync::Arc};

/// The struct beside an attributed function: what `routes![]` lists.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no view",
    label = "not a function under `#[route]`",
    note = "`routes![]` lists functions under `#[route]`, `#[get]`, `#[post]`, …"
)]
pub trait Route: 'static {
    /// The view as data.
    fn def() -> RouteDef;
}

/// A view as data: its rules, its arguments, and how to make it callable.
#[non_exhaustive]
pub struct RouteDef {
    /// The endpoint, without the name of a blueprint.
    pub endpoint: &'static str,
    /// The rules, at least one.
    pub rules: Vec<RuleDef>,
    /// The arguments in the order of the function.
    pub args: Vec<ArgDef>,
    /// The body is not read before the view runs.
    pub stream: bool,
    /// The extensions that the arguments need.
    pub requires: Vec<Requirement>,
    /// What has to hold before the view runs: its own guards, then those of its arguments.
    pub guards: Vec<Guard>,
    /// The function's doc comment.
    pub doc: &'static str,
    /// The module of the function.
    pub module: &'static str,
    /// Where the function stands.
    pub location: &'static Location<'static>,
    /// The type of the struct beside the function, by which `url_for!` finds the endpoint.
    pub type_id: TypeId,
    /// Makes the callable view.
    pub make: fn() -> View,
    /// What is around it, the innermost first.
    pub around: Vec<Arc<dyn Around>>,
}

impl RouteDef {
    #[doc(hidden)]
    #[track_caller]
    pub fn new<T: UrlParams>(
        endpoint: &'static str,
        rules: Vec<RuleDef>,
        args: Vec<ArgDef>,
        stream: bool,
        mut guards: Vec<Guard>,
        (doc, module): (&'static str, &'static str),
        make: fn() -> View,
    ) -> Self {
        let mut requires = Vec::new();
        let mut streams = stream;
        for arg in &args {
            if let ArgKind::Extractor { stream, require, guard, .. } = arg.kind {
                streams |= stream;
                require(&mut requires);
                guard(&mut guards);
            }
        }
        RouteDef {
            endpoint,
            rules,
            args,
            stream: streams,
            requires,
            guards,
            doc,
            module,
            location: Location::caller(),
            type_id: TypeId::of::<T>(),
            make,
            around: Vec::new(),
        }
    }

    /// Puts something around the view and what is around it already.
    #[must_use]
    pub fn around(mut self, around: impl Around) -> Self {
        self.around.push(Arc::new(around));
        self
    }
}

impl std::fmt::Debug for RouteDef {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RouteDef")
            .field("endpoint", &self.endpoint)
            .field("rules", &self.rules)
            .field("args", &self.args)
            .finish_non_exhaustive()
    }
}

/// One rule of a view, by the names of Werkzeug's `Rule`.
#[derive(Debug, Clone, Default)]
#[allow(missing_docs)]
pub struct RuleDef {
    /// The text of the rule.
    pub rule: &'static str,
    /// The methods in upper case; `None` stands for GET.
    pub methods: Option<&'static [&'static str]>,
    /// Values that the rule supplies itself.
    pub defaults: Vec<(&'static str, Value)>,
    pub strict_slashes: Option<bool>,
    pub merge_slashes: Option<bool>,
    pub subdomain: Option<&'static str>,
    pub host: Option<&'static str>,
    pub redirect_to: Option<&'static str>,
    pub provide_automatic_options: Option<bool>,
    pub websocket: bool,
    pub build_only: bool,
    pub alias: bool,
}

impl RuleDef {
    /// A rule without options.
    pub fn new(rule: &'static str) -> Self {
        RuleDef { rule, ..RuleDef::default() }
    }

    /// The options as `add_url_rule` takes them.
    pub fn options(&self) -> RuleOptions {
        RuleOptions {
            methods: self.methods.map(|methods| methods.iter().map(|method| (*method).to_owned()).collect()),
            defaults: self.defaults.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect(),
            strict_slashes: self.strict_slashes,
            merge_slashes: self.merge_slashes,
            subdomain: self.subdomain.map(str::to_owned),
            host: self.host.map(str::to_owned),
            redirect_to: self.redirect_to.map(str::to_owned),
            provide_automatic_options: self.provide_automatic_options,
            websocket: self.websocket,
            build_only: self.build_only,
            alias: self.alias,
            guards: Vec::new(),
        }
    }
}

/// One argument of a view.
#[derive(Debug, Clone, Copy)]
pub struct ArgDef {
    /// The name: of the URL parameter, or as the function has it.
    pub name: &'static str,
    /// Its Rust type.
    pub type_name: fn() -> &'static str,
    /// Where its value comes from.
    pub kind: ArgKind,
}

/// Where the value of an argument comes from.
#[derive(Debug, Clone, Copy)]
pub enum ArgKind {
    /// The URL.
    Url {
        /// The converters whose values the type takes; empty for any.
        converters: &'static [&'static str],
        /// Whether a rule may leave the parameter away.
        optional: bool,
    },
    /// The context, by type.
    Extractor {
        /// The type takes the body as a stream.
        stream: bool,
        /// Adds the extensions that the type needs.
        require: fn(&mut Vec<Requirement>),
        /// Adds the guards that the type brings along.
        guard: fn(&mut Vec<Guard>),
        /// Makes the answer to a body that could not be read.
        refuse: BodyRefused,
    },
}

/// [`FromContext::body_refused`] of a type.
pub type BodyRefused = fn(&Arc<Context>, HttpError) -> HttpError;

impl ArgDef {
    /// A URL parameter.
    pub fn url<T: FromUrl>(name: &'static str) -> Self {
        let kind = ArgKind::Url { converters: T::CONVERTERS, optional: T::missing().is_some() };
        ArgDef { name, type_name: std::any::type_name::<T>, kind }
    }

    /// Why this argument cannot be filled by a rule as it stands in the URL map: what the macro could not see, because
    /// the converter is the app's own or the parameter comes from a prefix. `preprocessed` says that a
    /// `url_value_preprocessor` may give values too.
    pub(crate) fn mistake(&self, rule: &Rule, preprocessed: bool) -> Option<String> {
        let ArgKind::Url { converters, optional, .. } = self.kind else { return None };
        let (name, text) = (self.name, rule.text());
        let Some(variable) = rule.variable(name) else {
            let given = optional || preprocessed || rule.get_defaults().contains(name);
            return (!given)
                .then(|| format!("the rule '{text}' gives no value for the argument '{name}' of its view"));
        };
        let converter = variable.converter_name();
        let fits = converters.is_empty() || converters.contains(&converter);
        (!fits).then(|| {
            let ty = (self.type_name)();
            format!("the rule '{text}' uses the converter '{converter}', whose values the argument '{name}: {ty}' does not take")
        })
    }

    /// What the argument makes of a body that cannot be read, if it is not of the URL.
    pub(crate) fn body_refused(&self) -> Option<BodyRefused> {
        match self.kind {
            ArgKind::Extractor { refuse, .. } => Some(refuse),
            ArgKind::Url { .. } => None,
        }
    }

    /// An argument by type.
    pub fn extractor<T: FromContext>(name: &'static str) -> Self {
        let kind = ArgKind::Extractor {
            stream: T::STREAMS_BODY,
            require: T::requires,
            guard: T::guards,
            refuse: T::body_refused,
        };
        ArgDef { name, type_name: std::any::type_name::<T>, kind }
    }
}

/// A list of views, as `routes![]` makes it.
#[derive(Debug, Default)]
pub struct Routes {
    /// The views.
    pub list: Vec<RouteDef>,
    /// The folder of the package that lists them, where its templates and static files lie.
    pub root_path: Option<&'static str>,
    /// What a release build holds of that folder.
    pub embedded: Option<&'static crate::files::Embedded>,
}

impl Routes {
    #[doc(hidden)]
    pub fn new(
        list: Vec<RouteDef>,
        root_path: &'static str,
        embedded: Option<&'static crate::files::Embedded>,
    ) -> Self {
        Routes { list, root_path: Some(root_path), embedded }
    }

    /// Puts [something around](Around) each of these views: `routes![index, about].around(cached(60))`. What is put there first is innermost.
    #[must_use]
    pub fn around(mut self, around: impl Around) -> Self {
        let around: Arc<dyn Around> = Arc::new(around);
        for route in &mut self.list {
            route.around.push(around.clone());
        }
        self
    }
}

impl From<Vec<RouteDef>> for Routes {
    fn from(list: Vec<RouteDef>) -> Self {
        Routes { list, root_path: None, embedded: None }
    }
}
