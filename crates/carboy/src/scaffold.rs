//! What an app and a blueprint have in common: the registrations.

use crate::{
    Caught, Error,
    hooks::{AfterAnswer, Answer, BeforeAnswer, HandlerAnswer, UrlValues, typed_handler},
    registry::{Registrations, RouteRegistration, RuleOptions, ViewRegistration},
    templating::{self, TemplateContext},
    view::{MethodView, RouteDef, RuleDef, View},
};
use carboy_http::{HttpError, Response};
use std::{
    any::TypeId,
    error::Error as StdError,
    panic::Location,
    path::{Path, PathBuf},
    sync::Arc,
};

/// Where the files of an app or a blueprint lie, and what a release build holds of them.
#[derive(Debug, Clone, Default)]
pub(crate) struct Folders {
    /// The folder of the package that registered its routes here.
    pub(crate) root_path: Option<PathBuf>,
    /// Static files: `None` is the default of an app, `Some(None)` is none.
    pub(crate) static_folder: Option<Option<PathBuf>>,
    pub(crate) static_url_path: Option<String>,
    pub(crate) template_folder: Option<PathBuf>,
    pub(crate) embedded: Option<&'static crate::files::Embedded>,
}

/// What the shared methods write to.
#[doc(hidden)]
#[derive(Default)]
pub struct ScaffoldData {
    pub(crate) registrations: Registrations,
    pub(crate) templating: templating::Registrations,
    pub(crate) app_templating: templating::Registrations,
    pub(crate) url_defaults: Vec<crate::urls::UrlDefaults>,
    pub(crate) app_url_defaults: Vec<crate::urls::UrlDefaults>,
    pub(crate) folders: Folders,
    pub(crate) commands: Vec<crate::cli::CommandDef>,
    /// Mistakes found while registering, reported together when the app starts.
    pub(crate) mistakes: Vec<String>,
}

/// The registrations that an [`App`](crate::App) and a [`Blueprint`](crate::Blueprint) share, by Flask's names.
///
/// Every method returns its receiver, so registrations can be chained or stand as statements. Mistakes (two views on one
/// endpoint, a rule that does not parse) are collected and reported together, with their places, when the app starts.
///
/// Functions may be plain or `async`. They take no context: `request()`, `session()` and `g()` work inside.
pub trait Scaffold: Sized {
    #[doc(hidden)]
    fn data(&mut self) -> &mut ScaffoldData;

    /// Registers attributed views: `app.routes(routes![index, user])`.
    fn routes(&mut self, routes: impl Into<crate::view::Routes>) -> &mut Self {
        let routes = routes.into();
        let data = self.data();
        if let Some(root) = routes.root_path {
            data.folders.root_path.get_or_insert_with(|| root.into());
        }
        if let Some(embedded) = routes.embedded {
            data.folders.embedded.get_or_insert(embedded);
        }
        for route in routes.list {
            data.registrations.routes.extend(registrations_of(route));
        }
        self
    }

    /// Registers a view without a macro, for rules that are made at run time.
    ///
    /// `view` is what [`view`](crate::view::view()) makes of a function; `None` registers the rule alone, for an endpoint whose view
    /// is registered elsewhere.
    #[track_caller]
    fn add_url_rule(
        &mut self,
        rule: &str,
        endpoint: &str,
        view: impl Into<Option<View>>,
        mut options: RuleOptions,
    ) -> &mut Self {
        let location = Location::caller();
        let guards = std::mem::take(&mut options.guards);
        let view = view.into();
        if view.is_none() && !guards.is_empty() {
            self.data()
                .mistakes
                .push(format!("{location}: guards belong to a view, and '{rule}' is registered without one"));
        }
        let view = view.map(|view| ViewRegistration {
            view: Arc::new(view),
            type_id: None,
            stream: false,
            static_files: false,
            requires: Vec::new(),
            guards,
            args: Vec::new(),
            doc: "",
        });
        self.data().registrations.routes.push(RouteRegistration {
            rule: rule.to_owned(),
            endpoint: endpoint.to_owned(),
            options,
            view,
            location,
        });
        self
    }

    /// Registers a value with a function for each HTTP method, under a rule and an endpoint of its own.
    ///
    /// For other options of the rule use [`add_url_rule`](Self::add_url_rule) with
    /// [`method_view`](crate::view::method_view).
    #[track_caller]
    fn add_method_view<V: MethodView>(&mut self, rule: &str, endpoint: &str, view: V) -> &mut Self {
        let (view, options) = crate::view::method_view(view);
        self.add_url_rule(rule, endpoint, view, options)
    }

    /// Runs `f` before each request of this scope; an answer ends the way to the view.
    ///
    /// It returns nothing, `Option` of anything a view may return, or a `Result` of either.
    fn before_request<R, M>(&mut self, f: impl Fn() -> R + Send + Sync + 'static) -> &mut Self
    where
        R: Answer<BeforeAnswer, M>,
    {
        self.data().registrations.hooks.before_request.push(Arc::new(move || f().answer()));
        self
    }

    /// Runs `f` on each response of this scope, also on those of error handlers. It returns the response.
    fn after_request<R, M>(&mut self, f: impl Fn(Response) -> R + Send + Sync + 'static) -> &mut Self
    where
        R: Answer<AfterAnswer, M>,
    {
        self.data().registrations.hooks.after_request.push(Arc::new(move |response| f(response).answer()));
        self
    }

    /// Runs `f` at the end of each request of this scope, exactly once, also when the client went away: with the error
    /// that no handler dealt with, if any. For a streamed body the end is the end of the stream.
    fn teardown_request<R, M>(&mut self, f: impl Fn(Option<Error>) -> R + Send + Sync + 'static) -> &mut Self
    where
        R: Answer<(), M>,
    {
        self.data().registrations.hooks.teardown_request.push(Arc::new(move |error| f(error).answer()));
        self
    }

    /// Answers errors of this status raised in this scope. The handler returns what a view may return; without a status
    /// of its own the answer is 200, as in Flask.
    ///
    /// A status that is no HTTP error (see [`abort`](crate::abort)) is a mistake reported at start-up.
    fn errorhandler<R, M>(&mut self, code: u16, f: impl Fn(Error) -> R + Send + Sync + 'static) -> &mut Self
    where
        R: Answer<HandlerAnswer, M>,
    {
        if HttpError::from_code(code).is_err() {
            self.data().mistakes.push(format!(
                "'{code}' is not a recognized HTTP error code: a handler can only be registered for an HTTP error"
            ));
        }
        self.data()
            .registrations
            .hooks
            .error_handlers
            .on_code(code, Arc::new(move |error| f(error).answer()));
        self
    }

    /// Answers errors of type `E` raised in this scope; [`HttpError`] stands for every HTTP error.
    fn errorhandler_for<E, R, M>(&mut self, f: impl Fn(Caught<E>) -> R + Send + Sync + 'static) -> &mut Self
    where
        E: StdError + Send + Sync + 'static,
        R: Answer<HandlerAnswer, M>,
    {
        self.data().registrations.hooks.error_handlers.on_type(TypeId::of::<E>(), typed_handler(f));
        self
    }

    /// Answers every error raised in this scope that no more specific handler answers: Flask's handler for `Exception`.
    fn errorhandler_any<R, M>(&mut self, f: impl Fn(Error) -> R + Send + Sync + 'static) -> &mut Self
    where
        R: Answer<HandlerAnswer, M>,
    {
        self.data().registrations.hooks.error_handlers.on_any(Arc::new(move |error| f(error).answer()));
        self
    }

    /// Sees the endpoint and the URL values of each request of this scope before the `before_request` functions, and may
    /// change the values; also called when no rule matched, with `None` and no values.
    fn url_value_preprocessor(
        &mut self,
        f: impl Fn(Option<&str>, &mut UrlValues) + Send + Sync + 'static,
    ) -> &mut Self {
        self.data().registrations.hooks.url_value_preprocessors.push(Arc::new(f));
        self
    }

    /// Sees the endpoint and the values of each URL built for an endpoint of this scope, and may change the values.
    fn url_defaults(&mut self, f: impl Fn(&str, &mut UrlValues) + Send + Sync + 'static) -> &mut Self {
        self.data().url_defaults.push(Arc::new(f));
        self
    }

    /// Adds values to the context of every template rendered in this scope; what is given to the rendering itself wins.
    fn context_processor(&mut self, f: impl Fn() -> TemplateContext + Send + Sync + 'static) -> &mut Self {
        self.data().templating.context_processor(Arc::new(f));
        self
    }

    /// The folder of the static files, relative to the root path; an app's default is `static`.
    fn static_folder(&mut self, folder: impl AsRef<Path>) -> &mut Self {
        self.data().folders.static_folder = Some(Some(folder.as_ref().to_owned()));
        self
    }

    /// No static files.
    fn no_static_folder(&mut self) -> &mut Self {
        self.data().folders.static_folder = Some(None);
        self
    }

    /// The URL below which the static files are served; the default is `/` and the name of their folder.
    fn static_url_path(&mut self, path: &str) -> &mut Self {
        self.data().folders.static_url_path = Some(path.trim_end_matches('/').to_owned());
        self
    }

    /// The folder of the templates, relative to the root path; an app's default is `templates`.
    /// A folder named here that is not there is an error when the app is built.
    fn template_folder(&mut self, folder: impl AsRef<Path>) -> &mut Self {
        self.data().folders.template_folder = Some(folder.as_ref().to_owned());
        self
    }

    /// The folder that relative folders are taken from; the default is that of the package whose `routes![…]` were
    /// registered first.
    fn root_path(&mut self, folder: impl AsRef<Path>) -> &mut Self {
        self.data().folders.root_path = Some(folder.as_ref().to_owned());
        self
    }

    /// Adds commands to the app's own command line: `app.commands(commands![init_db])`.
    fn commands(&mut self, commands: impl IntoIterator<Item = crate::cli::CommandDef>) -> &mut Self {
        self.data().commands.extend(commands);
        self
    }
}

fn registrations_of(route: RouteDef) -> Vec<RouteRegistration> {
    let callable = route.around.into_iter().fold((route.make)(), View::around);
    let view = ViewRegistration {
        view: Arc::new(callable),
        type_id: Some(route.type_id),
        stream: route.stream,
        static_files: false,
        requires: route.requires,
        guards: route.guards,
        args: route.args,
        doc: route.doc,
    };
    let registration = |rule: &RuleDef| RouteRegistration {
        rule: rule.rule.to_owned(),
        endpoint: route.endpoint.to_owned(),
        options: rule.options(),
        view: Some(view.clone()),
        location: route.location,
    };
    route.rules.iter().map(registration).collect()
}
