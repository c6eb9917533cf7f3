//! Building URLs from an endpoint and values.

use indexmap::IndexMap;

use crate::bind::{Bind, lower};
use crate::error::{BuildError, BuildErrorKind};
use crate::quote;
use crate::rule::Rule;
use crate::suggest;
use crate::value::{Number, Value, Values};

/// How a URL is built: Flask's `_method`, `_external`, `_scheme` and `_anchor`.
///
/// ```
/// use carboy_routing::{Bind, BuildOptions, Rule, UrlMap, Values};
///
/// let mut map = UrlMap::default();
/// map.add(Rule::new("/").endpoint("index")).unwrap();
/// let options = BuildOptions::new().scheme("https").anchor("top");
/// let url = map.build(&Bind::new("example.com"), "index", &Values::new(), &options).unwrap();
/// assert_eq!(url, "https://example.com/#top");
/// ```
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct BuildOptions<'a> {
    /// Only rules that allow this method are used. Without it, rules that allow the method of the request are preferred.
    pub method: Option<&'a str>,
    /// Whether the URL has a scheme and a host. Without it, it has them if a scheme is given, if it leads to another host or
    /// subdomain, or if it is that of a WebSocket.
    pub external: Option<bool>,
    /// The scheme, instead of that of the request.
    pub scheme: Option<&'a str>,
    /// The fragment.
    pub anchor: Option<&'a str>,
    /// Whether values that the rule does not name go into the query; otherwise they are left out.
    pub append_unknown: bool,
}

impl Default for BuildOptions<'_> {
    fn default() -> Self {
        Self { method: None, external: None, scheme: None, anchor: None, append_unknown: true }
    }
}

impl<'a> BuildOptions<'a> {
    /// A URL as short as possible.
    pub fn new() -> Self {
        Self::default()
    }

    /// The same for a method.
    #[must_use]
    pub fn method(self, method: &'a str) -> Self {
        Self { method: Some(method), ..self }
    }

    /// The same with or without scheme and host.
    #[must_use]
    pub fn external(self, external: bool) -> Self {
        Self { external: Some(external), ..self }
    }

    /// The same with a scheme.
    #[must_use]
    pub fn scheme(self, scheme: &'a str) -> Self {
        Self { scheme: Some(scheme), ..self }
    }

    /// The same with a fragment.
    #[must_use]
    pub fn anchor(self, anchor: &'a str) -> Self {
        Self { anchor: Some(anchor), ..self }
    }

    /// The same with or without unknown values in the query.
    #[must_use]
    pub fn append_unknown(self, append: bool) -> Self {
        Self { append_unknown: append, ..self }
    }
}

/// The options of a map that building needs.
#[derive(Debug, Clone)]
pub(crate) struct BuildSettings {
    pub(crate) default_subdomain: String,
    pub(crate) host_matching: bool,
    pub(crate) sort_parameters: bool,
}

/// The rules of a map, by number and by endpoint.
#[derive(Debug)]
pub(crate) struct RuleTable {
    pub(crate) rules: Vec<Rule>,
    pub(crate) endpoints: IndexMap<String, Endpoint>,
    pub(crate) settings: BuildSettings,
}

/// The rules of an endpoint, in the order in which they are tried for building.
#[derive(Debug, Default)]
pub(crate) struct Endpoint {
    pub(crate) rules: Vec<u32>,
    /// Whether a rule of it has defaults.
    pub(crate) has_defaults: bool,
}

/// What a rule makes of values.
#[derive(Debug)]
pub(crate) struct Built {
    pub(crate) domain: String,
    /// With the query.
    pub(crate) path: String,
    pub(crate) websocket: bool,
}

impl RuleTable {
    pub(crate) fn add(&mut self, mut rule: Rule) {
        let number = rule.id.0;
        let (place, _) = match self.endpoints.get_index_of(&rule.endpoint) {
            Some(place) => (place, None),
            None => self.endpoints.insert_full(rule.endpoint.clone(), Endpoint::default()),
        };
        rule.compiled.endpoint = place;
        let key = rule.build_key();
        let endpoint = &mut self.endpoints[place];
        endpoint.has_defaults |= !rule.defaults.is_empty();
        let rules = &self.rules;
        let slot = endpoint.rules.partition_point(|own| rules[*own as usize].build_key() <= key);
        endpoint.rules.insert(slot, number);
        self.rules.push(rule);
    }

    /// The rules of an endpoint, in the order in which they are tried for building.
    pub(crate) fn of_endpoint(&self, endpoint: &str) -> impl Iterator<Item = &Rule> {
        self.endpoints
            .get(endpoint)
            .into_iter()
            .flat_map(|endpoint| endpoint.rules.iter().map(|rule| &self.rules[*rule as usize]))
    }

    /// The URL of an endpoint.
    pub(crate) fn url(
        &self,
        bind: &Bind<'_>,
        endpoint: &str,
        values: &Values,
        options: &BuildOptions<'_>,
    ) -> Result<String, BuildError> {
        if options.scheme.is_some() && options.external == Some(false) {
            let message = "When specifying '_scheme', '_external' must be True.";
            return Err(BuildError::new(BuildErrorKind::Scheme, endpoint, message));
        }
        let server_name = lower(bind.server_name);
        let built = self.build(bind, endpoint, values, options.method, options.append_unknown)?;
        let here = self.is_here(bind, &built);
        let scheme = self.scheme(options.scheme.unwrap_or(bind.scheme), built.websocket);
        let external = options.external.unwrap_or(options.scheme.is_some()) || built.websocket;
        let path = built.path.trim_start_matches('/');
        let mut url = if here && !external {
            let script_name = bind.script_name.trim_end_matches('/');
            let slash = if script_name.is_empty() || script_name.starts_with('/') { "" } else { "/" };
            format!("{slash}{script_name}/{path}")
        } else {
            let script_name = bind.script_name.strip_suffix('/').unwrap_or(bind.script_name);
            let slash = if script_name.is_empty() || script_name.starts_with('/') { "" } else { "/" };
            let colon = if scheme.is_empty() { "" } else { ":" };
            let host = self.host(&server_name, &built);
            format!("{scheme}{colon}//{host}{slash}{script_name}/{path}")
        };
        if let Some(anchor) = options.anchor {
            url.push('#');
            quote::push_quoted(&mut url, anchor, &quote::FRAGMENT);
        }
        Ok(url)
    }

    /// The scheme of an absolute URL: WebSocket rules have their own, and give none of it to others.
    pub(crate) fn scheme<'s>(&self, scheme: &'s str, websocket: bool) -> &'s str {
        match (websocket, scheme) {
            (true, "https" | "wss") => "wss",
            (true, _) => "ws",
            (false, "https" | "wss") => "https",
            (false, "") => "",
            (false, _) => "http",
        }
    }

    fn subdomain<'b>(&'b self, bind: &Bind<'b>) -> &'b str {
        bind.subdomain.unwrap_or(&self.settings.default_subdomain)
    }

    /// Whether what was built is on the host of the request.
    pub(crate) fn is_here(&self, bind: &Bind<'_>, built: &Built) -> bool {
        if self.settings.host_matching {
            // A rule without a host is on every host.
            built.domain.is_empty() || built.domain == lower(bind.server_name)
        } else {
            built.domain == self.subdomain(bind)
        }
    }

    /// The host of what was built.
    pub(crate) fn host(&self, server_name: &str, built: &Built) -> String {
        if self.settings.host_matching {
            return if built.domain.is_empty() { server_name.to_owned() } else { built.domain.clone() };
        }
        join_host(&built.domain, server_name)
    }

    /// The host of the request.
    pub(crate) fn own_host(&self, bind: &Bind<'_>) -> String {
        let server_name = lower(bind.server_name);
        if self.settings.host_matching {
            server_name.into_owned()
        } else {
            join_host(self.subdomain(bind), &server_name)
        }
    }

    /// The first rule of the endpoint that the values suit, filled: with the request's method first if none is given, and
    /// when hosts are matched, with the request's host first.
    pub(crate) fn build(
        &self,
        bind: &Bind<'_>,
        endpoint: &str,
        values: &Values,
        method: Option<&str>,
        append_unknown: bool,
    ) -> Result<Built, BuildError> {
        let suitable = |method| {
            let rules = self.of_endpoint(endpoint).filter(|rule| rule.suits(values, method));
            self.first_built(bind, rules, values, append_unknown)
        };
        let built = match method {
            Some(_) => suitable(method)?,
            None => match suitable(Some(bind.method))? {
                None => suitable(None)?,
                found => found,
            },
        };
        built.ok_or_else(|| {
            let rules = self.endpoints.values().flat_map(|endpoint| &endpoint.rules);
            let rules = rules.map(|rule| &self.rules[*rule as usize]);
            let message = suggest::message(endpoint, values, method, rules);
            BuildError::new(BuildErrorKind::NoRule, endpoint, message)
        })
    }

    /// Where an alias with these values leads: a rule of its endpoint for the method that is no alias itself.
    pub(crate) fn canonical(
        &self,
        bind: &Bind<'_>,
        alias: &Rule,
        values: &Values,
        method: &str,
    ) -> Option<Built> {
        let rules =
            self.of_endpoint(&alias.endpoint).filter(|rule| !rule.alias && rule.suits(values, Some(method)));
        self.first_built(bind, rules, values, false).ok().flatten()
    }

    fn first_built<'r>(
        &self,
        bind: &Bind<'_>,
        rules: impl Iterator<Item = &'r Rule>,
        values: &Values,
        append_unknown: bool,
    ) -> Result<Option<Built>, BuildError> {
        let mut elsewhere = None;
        for rule in rules {
            let Some(built) = self.fill(rule, values, append_unknown)? else { continue };
            if !self.settings.host_matching || built.domain == lower(bind.server_name) {
                return Ok(Some(built));
            }
            elsewhere.get_or_insert(built);
        }
        Ok(elsewhere)
    }

    /// Fills a rule with values that suit it; `None` if one of its converters is not meant for them.
    pub(crate) fn fill(
        &self,
        rule: &Rule,
        values: &Values,
        append_unknown: bool,
    ) -> Result<Option<Built>, BuildError> {
        let (domain, mut path) = match rule.fill(values) {
            Ok(filled) => filled,
            Err(error) if error.is_mismatch() => return Ok(None),
            Err(error) => {
                return Err(BuildError::new(BuildErrorKind::Value, &rule.endpoint, error.to_string()));
            }
        };
        if append_unknown {
            self.push_query(&mut path, rule, values);
        }
        Ok(Some(Built { domain, path, websocket: rule.websocket }))
    }

    fn push_query(&self, url: &mut String, rule: &Rule, values: &Values) {
        let mut unknown = values.iter().filter(|(name, _)| !rule.has_argument(name)).peekable();
        if unknown.peek().is_none() {
            return;
        }
        let mut pairs: Vec<(&str, &Value)> = Vec::new();
        for (name, value) in unknown {
            match value {
                Value::List(items) => pairs.extend(items.iter().map(|item| (name, item))),
                single => pairs.push((name, single)),
            }
        }
        pairs.retain(|(_, value)| !value.is_none());
        if self.settings.sort_parameters {
            pairs.sort_by(|a, b| a.0.cmp(b.0).then_with(|| compare(a.1, b.1)));
        }
        for (index, (name, value)) in pairs.into_iter().enumerate() {
            url.push(if index == 0 { '?' } else { '&' });
            quote::push_query_value(url, name);
            url.push('=');
            quote::push_query_value(url, &value.to_text());
        }
    }
}

/// `sub.server`, or the server alone.
fn join_host(subdomain: &str, server_name: &str) -> String {
    if subdomain.is_empty() { server_name.to_owned() } else { format!("{subdomain}.{server_name}") }
}

/// Numbers by size, everything else by its text.
fn compare(a: &Value, b: &Value) -> std::cmp::Ordering {
    match (Number::try_from(a), Number::try_from(b)) {
        (Ok(a), Ok(b)) => a.partial_cmp(&b).unwrap_or(std::cmp::Ordering::Equal),
        _ => a.to_text().cmp(&b.to_text()),
    }
}
