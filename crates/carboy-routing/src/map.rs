//! The URL map: rules go in, matches and URLs come out.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use indexmap::IndexMap;

use crate::bind::{Bind, Target, lower};
use crate::build::{BuildOptions, BuildSettings, RuleTable};
use crate::compile::{self, Settings};
use crate::converter::{Bound, Converter, ConverterArgs, Factory};
use crate::error::{BuildError, MatchError, RuleError};
use crate::matcher::{Found, Matcher, Search, SlashRequired};
use crate::method::{Method, MethodSet};
use crate::quote;
use crate::redirect::Redirect;
use crate::rule::{RedirectContext, RedirectTo, Rule, RuleId};
use crate::value::{Args, Values};

/// The settings of a [`UrlMap`]; those of Flask's by default.
#[derive(Debug, Clone)]
pub struct MapOptions {
    /// The subdomain of rules and requests that have none. `""`.
    pub default_subdomain: String,
    /// Whether a path without the slash at the end of its rule redirects to the path with it; otherwise both match. `true`.
    pub strict_slashes: bool,
    /// Whether a path with several slashes in a row redirects to the path with one. `true`.
    pub merge_slashes: bool,
    /// Whether a path that spells out the defaults of another rule of its endpoint redirects to that rule. `true`.
    pub redirect_defaults: bool,
    /// Whether rules are matched against the whole host instead of the subdomain. `false`.
    pub host_matching: bool,
    /// Whether the parameters of built queries are sorted by name; otherwise they keep their order. `false`.
    pub sort_parameters: bool,
}

impl Default for MapOptions {
    fn default() -> Self {
        Self {
            default_subdomain: String::new(),
            strict_slashes: true,
            merge_slashes: true,
            redirect_defaults: true,
            host_matching: false,
            sort_parameters: false,
        }
    }
}

/// A rule that matched, and the arguments for its view.
#[derive(Debug, Clone)]
pub struct Match<'m> {
    /// The rule.
    pub rule: &'m Rule,
    /// The values of its variables in their order, then its defaults.
    pub args: Args,
}

/// The rules of an application, and the way from URLs to them and back: Werkzeug's `Map` and `MapAdapter`.
///
/// Rules are added while the application is put together; matching and building take `&self` and are safe from any
/// thread. How long a match takes depends on the path, not on the number of rules.
#[derive(Debug)]
pub struct UrlMap {
    options: MapOptions,
    converters: Converters,
    table: RuleTable,
    matcher: Matcher,
}

#[derive(Default)]
struct Converters(HashMap<String, Factory>);

impl fmt::Debug for Converters {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

impl Converters {
    fn bind(&self, name: &str, args: &ConverterArgs) -> Option<Result<Bound, String>> {
        match self.0.get(name) {
            Some(factory) => Some(factory(args).map(Bound::Custom)),
            None => Bound::built_in(name, args),
        }
    }
}

impl Default for UrlMap {
    fn default() -> Self {
        Self::new(MapOptions::default())
    }
}

impl UrlMap {
    /// A map without rules.
    pub fn new(options: MapOptions) -> Self {
        let settings = BuildSettings {
            default_subdomain: options.default_subdomain.clone(),
            host_matching: options.host_matching,
            sort_parameters: options.sort_parameters,
        };
        Self {
            options,
            converters: Converters::default(),
            table: RuleTable { rules: Vec::new(), endpoints: IndexMap::new(), settings },
            matcher: Matcher::new(),
        }
    }

    /// The settings of the map.
    pub fn options(&self) -> &MapOptions {
        &self.options
    }

    /// Makes a converter known under a name, for rules added from now on. It takes no arguments in the rule.
    ///
    /// The names `default`, `string`, `path`, `int`, `float`, `uuid` and `any` are known from the start; a converter added
    /// under one of them replaces it.
    pub fn add_converter(&mut self, name: impl Into<String>, converter: impl Converter) {
        let converter: Arc<dyn Converter> = Arc::new(converter);
        let factory = move |args: &ConverterArgs| {
            if args.is_empty() { Ok(Arc::clone(&converter)) } else { Err("it takes none".to_owned()) }
        };
        self.converters.0.insert(name.into(), Arc::new(factory));
    }

    /// Makes a converter known that takes arguments in the rule: for each variable, `factory` makes one of them.
    ///
    /// The message of an error becomes that of the rule.
    pub fn add_converter_factory<C: Converter>(
        &mut self,
        name: impl Into<String>,
        factory: impl Fn(&ConverterArgs) -> Result<C, String> + Send + Sync + 'static,
    ) {
        let factory =
            move |args: &ConverterArgs| factory(args).map(|own| Arc::new(own) as Arc<dyn Converter>);
        self.converters.0.insert(name.into(), Arc::new(factory));
    }

    /// Whether a converter of this name is known.
    pub fn has_converter(&self, name: &str) -> bool {
        self.converters.bind(name, &ConverterArgs::default()).is_some()
    }

    /// Adds a rule.
    ///
    /// # Errors
    /// A pattern that cannot be parsed, or options that contradict each other; the map is as before then.
    pub fn add(&mut self, mut rule: Rule) -> Result<RuleId, RuleError> {
        let settings = Settings {
            default_subdomain: &self.options.default_subdomain,
            strict_slashes: self.options.strict_slashes,
            merge_slashes: self.options.merge_slashes,
            host_matching: self.options.host_matching,
        };
        let parts = compile::compile(&mut rule, &settings, &|name, args| self.converters.bind(name, args))?;
        let id = RuleId(u32::try_from(self.table.rules.len()).unwrap_or(u32::MAX));
        rule.id = id;
        if !rule.build_only {
            self.matcher.add(&rule, &parts)?;
        }
        self.table.add(rule);
        Ok(id)
    }

    /// Adds rules until one is refused.
    ///
    /// # Errors
    /// As [`add`](Self::add).
    pub fn extend(&mut self, rules: impl IntoIterator<Item = Rule>) -> Result<(), RuleError> {
        rules.into_iter().try_for_each(|rule| self.add(rule).map(drop))
    }

    /// The rule of a number.
    ///
    /// # Panics
    /// If the number is from another map.
    pub fn rule(&self, id: RuleId) -> &Rule {
        &self.table.rules[id.index()]
    }

    /// The rules in the order in which they were added.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &Rule> {
        self.table.rules.iter()
    }

    /// The rules of an endpoint, in the order in which they are tried for building.
    pub fn rules_of(&self, endpoint: &str) -> impl Iterator<Item = &Rule> {
        self.table.of_endpoint(endpoint)
    }

    /// Whether a rule of the endpoint takes all of these arguments.
    pub fn is_endpoint_expecting(&self, endpoint: &str, arguments: &[&str]) -> bool {
        self.rules_of(endpoint).any(|rule| rule.takes_all(arguments))
    }

    /// The rule without variables that a path has, if it takes the method and leads nowhere else: what
    /// [`matches`](Self::matches) answers for a request without a subdomain that opens no WebSocket.
    ///
    /// Most requests are for such a path, and this costs a fraction of a match. `None` says nothing: ask `matches`.
    pub fn fixed(&self, method: &str, path: &str) -> Option<&Rule> {
        if self.options.host_matching || !self.options.default_subdomain.is_empty() {
            return None;
        }
        let entry = self.matcher.first_of_path(path.strip_prefix('/')?)?;
        let rule = &self.table.rules[entry.rule as usize];
        let takes = rule.methods.as_ref().is_none_or(|methods| methods.contains(method));
        (takes && !entry.websocket && !self.may_redirect(rule) && rule.compiled.defaults.is_empty())
            .then_some(rule)
    }

    /// Finds the rule for a request.
    ///
    /// # Errors
    /// [`MatchError`]: no such path, not with this method, elsewhere, or not over this kind of connection. A value that its
    /// converter refuses after the rule was chosen (a number out of range) is a path not found; no other rule is tried.
    pub fn matches<'m>(&'m self, target: &Target<'_>) -> Result<Match<'m>, MatchError> {
        let bind = &target.bind;
        let mut upper = String::new();
        let method = Method::of(bind.method, &mut upper);
        let server_name;
        let domain = if self.options.host_matching {
            server_name = lower(bind.server_name);
            &*server_name
        } else {
            bind.subdomain.unwrap_or(&self.options.default_subdomain)
        };
        // Leading slashes beyond the first do not count; no slash at all is a path of its own.
        let path = match target.path.strip_prefix('/') {
            Some(rest) if rest.starts_with('/') => Some(rest.trim_start_matches('/')),
            Some(rest) => Some(rest),
            None if target.path.is_empty() => None,
            None => Some(target.path),
        };
        let rules = &self.table.rules;
        let mut search = Search::new(method, target.websocket);
        let found = match self.matcher.find(rules, domain, path, &mut search) {
            Ok(Some(found)) => found,
            Ok(None) => return Err(self.merged(target, domain, path, search)),
            Err(SlashRequired) => return Err(self.with_slash(target, path.unwrap_or(""))),
        };
        self.finish(target, method.name(), found, search)
    }

    /// The answer for a path that no rule matches as it is.
    fn merged(
        &self,
        target: &Target<'_>,
        domain: &str,
        path: Option<&str>,
        mut search: Search<'_>,
    ) -> MatchError {
        let Some(path) = path.filter(|path| self.options.merge_slashes && path.contains("//")) else {
            return no_match(search);
        };
        let (merged, _) = crate::parse::merge_slashes(path);
        match self.matcher.find(&self.table.rules, domain, Some(&merged), &mut search) {
            Err(SlashRequired) => self.with_slash(target, &merged),
            Ok(Some(found)) if self.table.rules[found.rule as usize].compiled.merge_slashes => {
                self.redirect(target, &merged)
            }
            Ok(_) => no_match(search),
        }
    }

    fn with_slash(&self, target: &Target<'_>, path: &str) -> MatchError {
        if path.is_empty() {
            return self.redirect(target, "");
        }
        self.redirect(target, &format!("{path}/"))
    }

    /// A redirect on the same host to an unquoted path.
    fn redirect(&self, target: &Target<'_>, path: &str) -> MatchError {
        let bind = &target.bind;
        let host = self.table.own_host(bind);
        let path = quote::quote(path, &quote::PATH);
        let redirect = Redirect::new(bind.scheme, &host, true, bind.script_name, &path, target.query);
        MatchError::Redirect(Box::new(redirect))
    }

    /// Whether the way may lead elsewhere from a rule that is chosen.
    fn may_redirect(&self, rule: &Rule) -> bool {
        let endpoint = || self.table.endpoints.get_index(rule.compiled.endpoint);
        rule.redirect_to.is_some()
            || self.options.redirect_defaults
                && (rule.alias || endpoint().is_some_and(|(_, endpoint)| endpoint.has_defaults))
    }

    /// What remains once a rule is chosen: its values, and the redirects that depend on them.
    fn finish<'m>(
        &'m self,
        target: &Target<'_>,
        method: &str,
        found: Found<'_>,
        search: Search<'_>,
    ) -> Result<Match<'m>, MatchError> {
        let rule = &self.table.rules[found.rule as usize];
        let mut args = Args::with_capacity(rule.compiled.variables.len() + rule.compiled.defaults.len());
        for (variable, text) in rule.compiled.variables.iter().zip(&found.texts) {
            match variable.converter.to_value(text) {
                Ok(value) => args.push(Arc::clone(&variable.name), value),
                Err(_) => return Err(no_match(search)),
            }
        }
        for (name, value) in &rule.compiled.defaults {
            args.insert_named(Arc::clone(name), value.clone());
        }
        if !self.may_redirect(rule) {
            return Ok(Match { rule, args });
        }
        if self.options.redirect_defaults {
            let elsewhere = if rule.alias {
                self.canonical(target, method, rule, &args)
            } else {
                self.without_defaults(target, method, rule, &args)
            };
            if let Some(redirect) = elsewhere {
                return Err(MatchError::Redirect(Box::new(redirect)));
            }
        }
        if let Some(redirect_to) = &rule.redirect_to {
            return Err(self.redirect_to(target, rule, redirect_to, &args));
        }
        Ok(Match { rule, args })
    }

    /// Where an alias leads; nowhere if its endpoint has no other rule for the method.
    fn canonical(&self, target: &Target<'_>, method: &str, rule: &Rule, args: &Args) -> Option<Redirect> {
        let bind = &target.bind;
        let built = self.table.canonical(bind, rule, args, method)?;
        let here = self.table.is_here(bind, &built);
        let host = self.table.host(&lower(bind.server_name), &built);
        let scheme = self.table.scheme(bind.scheme, built.websocket);
        Some(Redirect::new(scheme, &host, here, bind.script_name, &built.path, target.query))
    }

    /// The rule of the same endpoint that has as defaults what this URL spells out.
    fn without_defaults(
        &self,
        target: &Target<'_>,
        method: &str,
        rule: &Rule,
        args: &Args,
    ) -> Option<Redirect> {
        let (_, endpoint) = self.table.endpoints.get_index(rule.compiled.endpoint)?;
        let bind = &target.bind;
        let before = endpoint.rules.iter().take_while(|number| **number != rule.id.0);
        for other in before.map(|number| &self.table.rules[*number as usize]) {
            if other.provides_defaults_for(rule) && other.suits(args, Some(method)) {
                let mut values = args.clone();
                for (name, value) in &other.compiled.defaults {
                    values.insert_named(Arc::clone(name), value.clone());
                }
                let built = self.table.fill(other, &values, true).ok()??;
                let here = self.table.is_here(bind, &built);
                let host = self.table.host(&lower(bind.server_name), &built);
                return Some(Redirect::new(
                    bind.scheme,
                    &host,
                    here,
                    bind.script_name,
                    &built.path,
                    target.query,
                ));
            }
        }
        None
    }

    fn redirect_to(&self, target: &Target<'_>, rule: &Rule, to: &RedirectTo, args: &Args) -> MatchError {
        let bind = &target.bind;
        let reference = match to {
            RedirectTo::Template(template) => {
                match compile::fill_template(rule, template, |name| args.get(name).cloned()) {
                    Some(reference) => reference,
                    None => return MatchError::NotFound,
                }
            }
            RedirectTo::Function(function) => {
                let build = |endpoint: &str, values: &Values| {
                    self.build(bind, endpoint, values, &BuildOptions::new())
                };
                function(&RedirectContext { bind, args, build: &build })
            }
        };
        let redirect = Redirect::join(bind.scheme, &self.table.own_host(bind), bind.script_name, &reference);
        MatchError::Redirect(Box::new(redirect))
    }

    /// The methods that the rules of a path allow; empty if there are none or if they allow all.
    pub fn allowed_methods(&self, target: &Target<'_>) -> MethodSet {
        let bind = target.bind.method("--");
        match self.matches(&Target { bind, ..*target }) {
            Err(MatchError::MethodNotAllowed { allowed }) => allowed,
            _ => MethodSet::new(),
        }
    }

    /// Builds the URL of an endpoint.
    ///
    /// Values that the chosen rule does not name go into the query, in their order; a list becomes a repeated key. Of several
    /// rules the first that the values suit is used: aliases last, most variables first, most defaults first.
    ///
    /// # Errors
    /// [`BuildError`] with Werkzeug's message: no rule that suits, or a value that a converter refuses.
    pub fn build(
        &self,
        bind: &Bind<'_>,
        endpoint: &str,
        values: &Values,
        options: &BuildOptions<'_>,
    ) -> Result<String, BuildError> {
        self.table.url(bind, endpoint, values, options)
    }
}

fn no_match(search: Search<'_>) -> MatchError {
    if !search.allowed.is_empty() {
        MatchError::MethodNotAllowed { allowed: search.allowed }
    } else if search.websocket_mismatch {
        MatchError::WebsocketMismatch
    } else {
        MatchError::NotFound
    }
}
