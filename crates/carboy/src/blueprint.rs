//! Blueprints: registrations that are replayed under a name and a prefix.

use crate::scaffold::{Scaffold, ScaffoldData};
use carboy_routing::Value;

/// A part of an app that is registered as a whole: views, hooks, error handlers, templates and static files under one
/// name and one URL prefix.
///
/// ```no_run
/// use carboy::prelude::*;
///
/// #[route("/")]
/// fn index() -> &'static str { "all posts" }
///
/// pub fn bp() -> Blueprint {
///     let mut bp = Blueprint::new("posts");
///     bp.url_prefix("/posts").routes(routes![index]);   // endpoint "posts.index" at /posts/
///     bp
/// }
/// # let mut app = App::new("shop");
/// app.register(bp());
/// ```
pub struct Blueprint {
    pub(crate) name: String,
    pub(crate) data: ScaffoldData,
    pub(crate) options: BlueprintOptions,
    pub(crate) children: Vec<(Blueprint, BlueprintOptions)>,
    pub(crate) cli_group: Option<Option<String>>,
}

/// What a blueprint is registered with; what is `None` is taken from the blueprint itself.
#[derive(Debug, Clone, Default)]
pub struct BlueprintOptions {
    /// Registers it under another name.
    pub name: Option<String>,
    /// The prefix of its rules.
    pub url_prefix: Option<String>,
    /// The subdomain of its rules.
    pub subdomain: Option<String>,
    /// Values that every rule supplies itself.
    pub url_defaults: Vec<(String, Value)>,
}

impl Blueprint {
    /// A blueprint. Its name may not be empty or contain a dot; that is reported when the app starts.
    pub fn new(name: &str) -> Self {
        let mut data = ScaffoldData::default();
        if name.is_empty() {
            data.mistakes.push("'name' may not be empty.".to_owned());
        } else if name.contains('.') {
            data.mistakes.push(format!("'name' may not contain a dot '.' character: '{name}'"));
        }
        Blueprint {
            name: name.to_owned(),
            data,
            options: BlueprintOptions::default(),
            children: Vec::new(),
            cli_group: None,
        }
    }

    /// The prefix of its rules.
    pub fn url_prefix(&mut self, prefix: &str) -> &mut Self {
        self.options.url_prefix = Some(prefix.to_owned());
        self
    }

    /// The subdomain of its rules.
    pub fn subdomain(&mut self, subdomain: &str) -> &mut Self {
        self.options.subdomain = Some(subdomain.to_owned());
        self
    }

    /// A value that every rule supplies itself; it wins over one taken from the URL.
    pub fn url_default(&mut self, name: &str, value: impl Into<Value>) -> &mut Self {
        self.options.url_defaults.push((name.to_owned(), value.into()));
        self
    }

    /// Guards every view of this blueprint and of those nested in it, their static files too; before the guards of the views themselves.
    ///
    /// A [`Guard`](crate::Guard), or a function that one is made of.
    pub fn guard<M>(&mut self, guard: impl crate::IntoGuard<M>) -> &mut Self {
        self.data.registrations.hooks.guards.push(guard.into_guard());
        self
    }

    /// The name of the group of its commands; `None` puts them among the app's own.
    pub fn cli_group(&mut self, group: Option<&str>) -> &mut Self {
        self.cli_group = Some(group.map(str::to_owned));
        self
    }

    /// Nests a blueprint: its names and prefixes are put behind this one's.
    pub fn register(&mut self, child: Blueprint) -> &mut Self {
        self.register_with(child, BlueprintOptions::default())
    }

    /// [`register`](Self::register), with options.
    pub fn register_with(&mut self, child: Blueprint, options: BlueprintOptions) -> &mut Self {
        self.children.push((child, options));
        self
    }

    /// Runs `f` before each request of the whole app.
    pub fn before_app_request<R, M>(&mut self, f: impl Fn() -> R + Send + Sync + 'static) -> &mut Self
    where
        R: crate::hooks::Answer<crate::hooks::BeforeAnswer, M>,
    {
        self.for_app(|bp| bp.before_request(f))
    }

    /// Runs `f` on each response of the whole app.
    pub fn after_app_request<R, M>(
        &mut self,
        f: impl Fn(carboy_http::Response) -> R + Send + Sync + 'static,
    ) -> &mut Self
    where
        R: crate::hooks::Answer<crate::hooks::AfterAnswer, M>,
    {
        self.for_app(|bp| bp.after_request(f))
    }

    /// Runs `f` at the end of each request of the whole app.
    pub fn teardown_app_request<R, M>(
        &mut self,
        f: impl Fn(Option<crate::Error>) -> R + Send + Sync + 'static,
    ) -> &mut Self
    where
        R: crate::hooks::Answer<(), M>,
    {
        self.for_app(|bp| bp.teardown_request(f))
    }

    /// Answers errors of this status raised anywhere in the app.
    pub fn app_errorhandler<R, M>(
        &mut self,
        code: u16,
        f: impl Fn(crate::Error) -> R + Send + Sync + 'static,
    ) -> &mut Self
    where
        R: crate::hooks::Answer<crate::hooks::HandlerAnswer, M>,
    {
        self.for_app(|bp| bp.errorhandler(code, f))
    }

    /// Answers errors of type `E` raised anywhere in the app.
    pub fn app_errorhandler_for<E, R, M>(
        &mut self,
        f: impl Fn(crate::Caught<E>) -> R + Send + Sync + 'static,
    ) -> &mut Self
    where
        E: std::error::Error + Send + Sync + 'static,
        R: crate::hooks::Answer<crate::hooks::HandlerAnswer, M>,
    {
        self.for_app(|bp| bp.errorhandler_for(f))
    }

    /// Sees and changes the URL values of every request of the app.
    pub fn app_url_value_preprocessor(
        &mut self,
        f: impl Fn(Option<&str>, &mut crate::UrlValues) + Send + Sync + 'static,
    ) -> &mut Self {
        self.for_app(|bp| bp.url_value_preprocessor(f))
    }

    /// Sees and changes the values of every URL that is built.
    pub fn app_url_defaults(
        &mut self,
        f: impl Fn(&str, &mut crate::UrlValues) + Send + Sync + 'static,
    ) -> &mut Self {
        self.data.app_url_defaults.push(std::sync::Arc::new(f));
        self
    }

    /// Adds values to the context of every template of the app.
    pub fn app_context_processor(
        &mut self,
        f: impl Fn() -> crate::templating::TemplateContext + Send + Sync + 'static,
    ) -> &mut Self {
        self.data.app_templating.context_processor(std::sync::Arc::new(f));
        self
    }

    /// Adds a filter for every template of the app.
    pub fn app_template_filter<F, A>(&mut self, name: &str, f: F) -> &mut Self
    where
        F: crate::TemplateFunction<A>,
    {
        self.data.app_templating.filter::<F, A>(name, f);
        self
    }

    /// Adds a test for every template of the app.
    pub fn app_template_test<F, A>(&mut self, name: &str, f: F) -> &mut Self
    where
        F: crate::TemplateFunction<A>,
    {
        self.data.app_templating.test::<F, A>(name, f);
        self
    }

    /// Adds a function for every template of the app.
    pub fn app_template_global<F, A>(&mut self, name: &str, f: F) -> &mut Self
    where
        F: crate::TemplateFunction<A>,
    {
        self.data.app_templating.global::<F, A>(name, f);
        self
    }

    /// Registers through the shared methods, but for the whole app.
    fn for_app(&mut self, register: impl FnOnce(&mut Self) -> &mut Self) -> &mut Self {
        let registrations = &mut self.data.registrations;
        std::mem::swap(&mut registrations.hooks, &mut registrations.app_hooks);
        register(self);
        let registrations = &mut self.data.registrations;
        std::mem::swap(&mut registrations.hooks, &mut registrations.app_hooks);
        self
    }
}

impl Scaffold for Blueprint {
    fn data(&mut self) -> &mut ScaffoldData {
        &mut self.data
    }
}
