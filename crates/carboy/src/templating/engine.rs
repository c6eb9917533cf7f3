//! The template environment of an app: Jinja's dialect with Flask's rules.

use std::borrow::Cow;
use std::fmt;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use minijinja::{AutoEscape, Environment, Output, State, Value};

use super::args::Args;
use super::context::TemplateContext;
use super::error::{TemplateError, TemplateErrorKind};
use super::escape::{Escaping, write_escaped};
use super::loader::{Embedded, Loader};
use super::setup::JinjaOptions;
use super::value::{Live, TemplateFunction, TemplateValue, function_value, named_arguments};
use super::{builtins, checks, filters, macros, methods, percent, python, source, unquoted};

/// What templates given as text are called.
pub(crate) const STRING_TEMPLATE: &str = "<string>";

/// How deep templates may include each other, and macros call themselves.
const DEEPEST: usize = 400;

/// Flask's rule: these endings (in lower case) are escaped, and so are templates given as text.
pub(crate) fn escapes(name: &str) -> bool {
    name == STRING_TEMPLATE
        || [".html", ".htm", ".xml", ".xhtml", ".svg"].iter().any(|ending| name.ends_with(ending))
}

/// The environment while the app is being set up.
pub(crate) struct TemplatesBuilder {
    environment: Environment<'static>,
    loader: Loader,
}

impl Default for TemplatesBuilder {
    fn default() -> Self {
        let mut environment = Environment::new();
        environment.set_auto_escape_callback(
            |name| {
                if escapes(name) { AutoEscape::Html } else { AutoEscape::None }
            },
        );
        environment.set_formatter(write_value);
        environment.set_unknown_method_callback(methods::call);
        environment.set_recursion_limit(DEEPEST);
        // The engine then knows which name was undefined, and where; it costs nothing while all goes well.
        environment.set_debug(true);
        filters::install(&mut environment);
        checks::install(&mut environment);
        builtins::install(&mut environment);
        macros::install(&mut environment);
        percent::install(&mut environment);
        Self { environment, loader: Loader::default() }
    }
}

impl fmt::Debug for TemplatesBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TemplatesBuilder").field("loader", &self.loader).finish_non_exhaustive()
    }
}

impl TemplatesBuilder {
    /// Looks for templates in a folder, after the places added before. A folder that does not exist has none.
    pub(crate) fn folder(&mut self, owner: &str, folder: impl Into<PathBuf>) -> &mut Self {
        self.loader.add_folder(owner, folder);
        self
    }

    /// Looks for templates among those built into the program, after the places added before.
    pub(crate) fn embedded(&mut self, owner: &str, templates: Embedded) -> &mut Self {
        self.loader.add_embedded(owner, templates);
        self
    }

    /// Reads a template again when its file changed.
    pub(crate) fn auto_reload(&mut self, reload: bool) -> &mut Self {
        self.loader.set_reload(reload);
        self.environment.set_auto_reload(reload);
        self
    }

    /// Logs where each template was looked for.
    pub(crate) fn explain(&mut self, explain: bool) -> &mut Self {
        self.loader.set_explain(explain);
        self
    }

    /// Sets Jinja's options.
    pub(crate) fn options(&mut self, options: JinjaOptions) -> &mut Self {
        let syntax = minijinja::syntax::SyntaxConfig::builder()
            .trim_blocks(options.trim_blocks)
            .lstrip_blocks(options.lstrip_blocks)
            .keep_trailing_newline(options.keep_trailing_newline)
            .build();
        // Only delimiters can be wrong, and these are Jinja's.
        if let Ok(syntax) = syntax {
            self.environment.set_syntax(syntax);
        }
        self.environment.set_fuel(options.fuel);
        self
    }

    /// Adds a filter.
    pub(crate) fn filter<M, F: TemplateFunction<M>>(
        &mut self,
        name: impl Into<Cow<'static, str>>,
        function: F,
    ) -> &mut Self {
        let function = function_value(function);
        self.environment
            .add_filter(name, move |state: &mut State<'_, '_>, args: Args<'_>| function.call(state, args.0));
        self
    }

    /// Adds a test; its answer's truth counts.
    pub(crate) fn test<M, F: TemplateFunction<M>>(
        &mut self,
        name: impl Into<Cow<'static, str>>,
        function: F,
    ) -> &mut Self {
        let function = function_value(function);
        self.environment
            .add_test(name, move |state: &mut State<'_, '_>, args: Args<'_>| function.call(state, args.0));
        self
    }

    /// Adds a value that every template sees, also imported macros.
    pub(crate) fn global(&mut self, name: impl Into<Cow<'static, str>>, value: TemplateValue) -> &mut Self {
        self.environment.add_global(name, value.0);
        self
    }

    /// Adds a function that every template sees.
    pub(crate) fn function<M, F: TemplateFunction<M>>(
        &mut self,
        name: impl Into<Cow<'static, str>>,
        function: F,
    ) -> &mut Self {
        self.environment.add_global(name, function_value(function));
        self
    }

    /// Freezes the environment.
    pub(crate) fn build(mut self) -> Templates {
        let loader = Arc::new(self.loader);
        let used = loader.clone();
        self.environment.set_loader(move |name| used.load(name));
        Templates { environment: self.environment, loader }
    }
}

/// The environment of a running app.
pub(crate) struct Templates {
    environment: Environment<'static>,
    loader: Arc<Loader>,
}

impl fmt::Debug for Templates {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Templates").field("loader", &self.loader).finish_non_exhaustive()
    }
}

impl Templates {
    /// A new environment with nothing but Jinja's own.
    pub(crate) fn builder() -> TemplatesBuilder {
        TemplatesBuilder::default()
    }

    /// The first template of `names` that exists.
    fn template(&self, names: &[&str]) -> Result<minijinja::Template<'_, '_>, TemplateError> {
        for name in names {
            match self.environment.get_template(name) {
                Ok(template) => return Ok(template),
                Err(error) if error.kind() == minijinja::ErrorKind::TemplateNotFound && !caused(&error) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(TemplateError::not_found(names, &self.loader.looked_in()))
    }

    /// The name of the first template of `names` that exists.
    pub(crate) fn select<'n>(&self, names: &[&'n str]) -> Result<&'n str, TemplateError> {
        let found = self.template(names)?.name().to_owned();
        Ok(names.iter().find(|name| **name == found).copied().unwrap_or_default())
    }

    /// Renders the first template of `names` that exists.
    pub(crate) fn render(&self, names: &[&str], context: TemplateContext) -> Result<String, TemplateError> {
        Ok(self.template(names)?.render(context.into_engine())?)
    }

    /// Renders a template given as text.
    pub(crate) fn render_str(&self, text: &str, context: TemplateContext) -> Result<String, TemplateError> {
        let text = macros::prepare(text);
        Ok(self.environment.render_named_str(STRING_TEMPLATE, &text, context.into_engine())?)
    }

    /// Renders a template into a writer as it goes.
    pub(crate) fn render_to(
        &self,
        names: &[&str],
        context: TemplateContext,
        out: impl io::Write,
    ) -> Result<(), TemplateError> {
        self.template(names)?.render_captured_to(context.into_engine(), out)?;
        Ok(())
    }

    /// Renders a template given as text into a writer as it goes.
    pub(crate) fn render_str_to(
        &self,
        text: &str,
        context: TemplateContext,
        out: impl io::Write,
    ) -> Result<(), TemplateError> {
        let text = macros::prepare(text);
        self.environment
            .template_from_named_str(STRING_TEMPLATE, &text)
            .map_err(TemplateError::from)?
            .render_captured_to(context.into_engine(), out)?;
        Ok(())
    }

    /// Calls a macro that a template exports.
    pub(crate) fn call_macro(
        &self,
        template: &str,
        name: &str,
        positional: Vec<TemplateValue>,
        named: Vec<(String, TemplateValue)>,
    ) -> Result<TemplateValue, TemplateError> {
        let mut arguments: Vec<Value> = positional.into_iter().map(|value| value.0).collect();
        if !named.is_empty() {
            arguments.push(named_arguments(named));
        }
        let mut captured = self
            .template(&[template])?
            .render_captured(TemplateContext::new().into_engine())
            .map_err(TemplateError::from)?;
        captured
            .with_state_mut(|state| match state.lookup(name).filter(|_| !name.starts_with('_')) {
                Some(function) => function.call(state, &arguments).map_err(TemplateError::from),
                None => Err(missing_attribute(template, name)),
            })
            .map(TemplateValue)
    }

    /// A variable that a template exports.
    pub(crate) fn exported(&self, template: &str, name: &str) -> Result<TemplateValue, TemplateError> {
        let captured = self
            .template(&[template])?
            .render_captured(TemplateContext::new().into_engine())
            .map_err(TemplateError::from)?;
        let state = captured.state();
        if !state.exports().contains(&name) {
            return Err(missing_attribute(template, name));
        }
        state.lookup(name).map(TemplateValue).ok_or_else(|| missing_attribute(template, name))
    }

    /// Parses every template; answers how many there are and what is wrong with them.
    pub(crate) fn check(&self) -> io::Result<(usize, Vec<TemplateError>)> {
        let all = self.loader.all()?;
        let mut findings = Vec::new();
        for (name, text) in &all {
            let text = macros::prepare(text);
            if let Err(error) = self.environment.template_from_named_str(name, &text) {
                findings.push(error.into());
            }
        }
        Ok((all.len(), findings))
    }

    /// The literal endpoints in the templates' calls of `url_for`: template, line, endpoint.
    pub(crate) fn url_for_calls(&self) -> io::Result<Vec<(String, usize, String)>> {
        let mut calls = Vec::new();
        for (name, text) in self.loader.all()? {
            for (endpoint, line) in source::url_for_calls(&text) {
                calls.push((name.clone(), line, endpoint));
            }
        }
        Ok(calls)
    }

    /// The attributes into which templates of HTML print without quotation marks: template, line, attribute.
    pub(crate) fn unquoted_attributes(&self) -> io::Result<Vec<(String, usize, String)>> {
        let mut found = Vec::new();
        for (name, text) in self.loader.all()?.into_iter().filter(|(name, _)| escapes(name)) {
            for (attribute, line) in unquoted::unquoted_attributes(&text) {
                found.push((name.clone(), line, attribute));
            }
        }
        Ok(found)
    }
}

fn missing_attribute(template: &str, name: &str) -> TemplateError {
    TemplateError::new(
        TemplateErrorKind::Undefined,
        format!("the template {template:?} exports nothing named {name:?}"),
    )
}

/// Whether a failure while loading was an error of its own, not a missing template.
fn caused(error: &minijinja::Error) -> bool {
    std::error::Error::source(error).is_some()
}

/// Writes a printed value: Python's `str()`, escaped unless it is safe or the template is not HTML.
fn write_value(
    out: &mut Output<'_>,
    state: &mut State<'_, '_>,
    value: &Value,
) -> Result<(), minijinja::Error> {
    let escape = !matches!(state.auto_escape(), AutoEscape::None);
    if escape && let Some(html) = value.downcast_object_ref::<Live>().and_then(Live::html) {
        return out.write_str(&html).map_err(minijinja::Error::from);
    }
    let written = match python::as_text(value) {
        Some(text) if !escape || value.is_safe() => out.write_str(text),
        Some(text) => write_escaped(out, text),
        None if !escape || value.as_object().is_none() => python::write_str(out, value),
        None => python::write_str(&mut Escaping(out), value),
    };
    written.map_err(minijinja::Error::from)
}
