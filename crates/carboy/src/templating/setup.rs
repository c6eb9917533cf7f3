//! How an app's registrations become its template environment.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use super::context::TemplateContext;
use super::engine::{Templates, TemplatesBuilder};
use super::globals;
use super::value::TemplateFunction;
use crate::scaffold::Folders;

pub(super) type ContextProcessor = Arc<dyn Fn() -> TemplateContext + Send + Sync>;

type Change = Box<dyn FnOnce(&mut TemplatesBuilder) + Send + Sync>;

/// Jinja's options, as Flask's `jinja_options`.
///
/// ```
/// # use carboy::prelude::*;
/// let mut app = App::new("shop");
/// app.jinja_options(carboy::JinjaOptions { trim_blocks: true, lstrip_blocks: true, ..Default::default() });
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct JinjaOptions {
    /// The line break after a block tag is left out.
    pub trim_blocks: bool,
    /// Blanks before a block tag are left out.
    pub lstrip_blocks: bool,
    /// The line break at the end of a template stays.
    pub keep_trailing_newline: bool,
    /// A rendering that takes more steps than this fails: for templates that others write. Unlimited by default.
    pub fuel: Option<u64>,
}

/// What an app or a blueprint registered for templates.
#[derive(Default)]
pub(crate) struct Registrations {
    processors: Vec<ContextProcessor>,
    changes: Vec<Change>,
}

impl Registrations {
    pub(crate) fn context_processor(&mut self, f: ContextProcessor) {
        self.processors.push(f);
    }

    pub(crate) fn filter<F: TemplateFunction<A>, A>(&mut self, name: &str, f: F) {
        let name = name.to_owned();
        self.changes.push(Box::new(move |builder| {
            builder.filter(name, f);
        }));
    }

    pub(crate) fn test<F: TemplateFunction<A>, A>(&mut self, name: &str, f: F) {
        let name = name.to_owned();
        self.changes.push(Box::new(move |builder| {
            builder.test(name, f);
        }));
    }

    pub(crate) fn options(&mut self, options: JinjaOptions) {
        self.changes.push(Box::new(move |builder| {
            builder.options(options);
        }));
    }

    pub(crate) fn built_in(&mut self, owner: &str, templates: super::loader::Embedded) {
        let owner = owner.to_owned();
        // Changes run when all folders are known, so these come last.
        self.changes.push(Box::new(move |builder| {
            builder.embedded(&owner, templates);
        }));
    }

    pub(crate) fn global<F: TemplateFunction<A>, A>(&mut self, name: &str, f: F) {
        let name = name.to_owned();
        self.changes.push(Box::new(move |builder| {
            builder.function(name, f);
        }));
    }
}

/// What the environment is made of. Scopes are the full names of blueprints; the empty one is the app's.
pub(crate) struct EngineOptions<'a> {
    pub(crate) root_path: &'a Path,
    pub(crate) app_folders: &'a Folders,
    pub(crate) folders: &'a [(String, Folders)],
    pub(crate) registrations: Vec<(String, Registrations)>,
    pub(crate) auto_reload: bool,
    pub(crate) explain: bool,
}

/// The templates of a running app, and the functions that add to their context.
pub(crate) struct Engine {
    pub(super) templates: Templates,
    processors: HashMap<String, Vec<ContextProcessor>>,
}

impl Engine {
    pub(crate) fn build(options: EngineOptions<'_>) -> Result<Self, String> {
        let mut builder = Templates::builder();
        builder.auto_reload(options.auto_reload).explain(options.explain);
        globals::install(&mut builder);
        add_places(&mut builder, "the app", options.root_path, options.app_folders, true)?;
        for (scope, folders) in options.folders {
            let owner = format!("the blueprint {scope:?}");
            add_places(&mut builder, &owner, options.root_path, folders, false)?;
        }
        let mut processors: HashMap<String, Vec<ContextProcessor>> = HashMap::new();
        for (scope, registrations) in options.registrations {
            if !registrations.processors.is_empty() {
                processors.entry(scope).or_default().extend(registrations.processors);
            }
            for change in registrations.changes {
                change(&mut builder);
            }
        }
        Ok(Self { templates: builder.build(), processors })
    }

    /// What context processors give, those of the app first, then of the blueprints from the outer to the inner, and
    /// over it the context given to the rendering itself.
    pub(super) fn processed(&self, context: TemplateContext) -> TemplateContext {
        if self.processors.is_empty() {
            return context;
        }
        let request = crate::try_request();
        let blueprints = request.as_ref().map(|request| request.blueprints()).unwrap_or_default();
        let mut all: Option<TemplateContext> = None;
        for scope in std::iter::once("").chain(blueprints.into_iter().rev()) {
            for processor in self.processors.get(scope).into_iter().flatten() {
                let given = processor();
                match &mut all {
                    Some(all) => {
                        all.update(given);
                    }
                    None => all = Some(given),
                }
            }
        }
        match all {
            Some(mut all) => {
                all.update(context);
                all
            }
            None => context,
        }
    }

    /// Looks for templates that do not parse and for endpoints in `url_for('…')` that `known` does not know.
    pub(crate) fn check(&self, known: &dyn Fn(&str) -> bool) -> Vec<String> {
        let mut problems = Vec::new();
        match self.templates.check() {
            Ok((_, errors)) => problems.extend(errors.iter().map(ToString::to_string)),
            Err(error) => problems.push(format!("the templates cannot be read: {error}")),
        }
        for (template, line, endpoint) in self.templates.url_for_calls().unwrap_or_default() {
            if !known(&endpoint) {
                problems.push(format!("url_for names no endpoint: {endpoint:?} ({template}, line {line})"));
            }
        }
        problems
    }

    /// Where escaping does not protect what templates print; what cannot be read is for [`check`](Self::check) to tell.
    pub(crate) fn check_deploy(&self) -> Vec<String> {
        let found = self.templates.unquoted_attributes().unwrap_or_default();
        let sentence = |(template, line, attribute): (String, usize, String)| {
            format!(
                "the value of the attribute {attribute:?} has no quotation marks around it ({template}, line {line}): a blank in it begins \
                 another attribute. Write {attribute}=\"{{{{ … }}}}\""
            )
        };
        found.into_iter().map(sentence).collect()
    }
}

/// The templates of an app or a blueprint: what a build holds of the app's, unless a folder was named, else the folder.
/// A folder that was named must be there.
fn add_places(
    builder: &mut TemplatesBuilder,
    owner: &str,
    root_path: &Path,
    folders: &Folders,
    is_app: bool,
) -> Result<(), String> {
    let folder = match (&folders.template_folder, folders.embedded) {
        (None, Some(embedded)) if is_app => {
            builder.embedded(owner, embedded.templates);
            return Ok(());
        }
        (None, _) if is_app => Path::new("templates"),
        (Some(folder), _) => folder,
        (None, _) => return Ok(()),
    };
    let path = folders.root_path.as_deref().unwrap_or(root_path).join(folder);
    if folders.template_folder.is_some() && !path.is_dir() {
        return Err(format!("the template folder of {owner} is not there: {}", path.display()));
    }
    builder.folder(owner, path);
    Ok(())
}
