//! Rules: what the application says about a URL, and what the map makes of it.

use std::fmt;
use std::sync::Arc;

use crate::bind::Bind;
use crate::converter::{Bound, Converter, ConverterArgs};
use crate::error::{BuildError, ConvertError};
use crate::method::MethodSet;
use crate::quote;
use crate::value::{Args, Value, Values};

/// The number of a rule in its map, in the order in which the rules were added.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RuleId(pub(crate) u32);

impl RuleId {
    /// The number, from 0.
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// What a function given to [`Rule::redirect_to_with`] may use: the request's binding, the arguments of the match, and
/// the map's builder.
#[derive(Clone, Copy)]
pub struct RedirectContext<'a> {
    /// Where the application is reached.
    pub bind: &'a Bind<'a>,
    /// What the rule matched.
    pub args: &'a Args,
    pub(crate) build: &'a dyn Fn(&str, &Values) -> Result<String, BuildError>,
}

impl RedirectContext<'_> {
    /// Builds the URL of an endpoint.
    ///
    /// # Errors
    /// Those of [`UrlMap::build`](crate::UrlMap::build).
    pub fn build(&self, endpoint: &str, values: &Values) -> Result<String, BuildError> {
        (self.build)(endpoint, values)
    }
}

impl fmt::Debug for RedirectContext<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedirectContext")
            .field("bind", self.bind)
            .field("args", self.args)
            .finish_non_exhaustive()
    }
}

type RedirectFn = Arc<dyn Fn(&RedirectContext<'_>) -> String + Send + Sync>;

/// Where a rule redirects to.
#[derive(Clone)]
pub(crate) enum RedirectTo {
    Template(String),
    Function(RedirectFn),
}

/// A variable of a rule, with the converter that the rule gives it.
#[derive(Clone)]
pub struct Variable {
    pub(crate) name: Arc<str>,
    pub(crate) converter_name: String,
    pub(crate) args: ConverterArgs,
    pub(crate) converter: Bound,
    pub(crate) in_domain: bool,
}

impl Variable {
    /// The variable's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The name of its converter; `"default"` when the rule names none.
    pub fn converter_name(&self) -> &str {
        &self.converter_name
    }

    /// The arguments of its converter.
    pub fn converter_args(&self) -> &ConverterArgs {
        &self.args
    }

    /// Its converter.
    pub fn converter(&self) -> &dyn Converter {
        self.converter.as_converter()
    }

    /// Whether it stands in the rule's host or subdomain instead of its path.
    pub fn is_in_host(&self) -> bool {
        self.in_domain
    }
}

impl fmt::Debug for Variable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<{}:{}>", self.converter_name, self.name)
    }
}

/// A piece of the URL that a rule builds.
#[derive(Debug, Clone)]
pub(crate) enum Segment {
    /// Text, percent-encoded.
    Text(String),
    /// A variable, by its place among the rule's variables.
    Variable(usize),
}

/// What a map makes of a rule when it is added.
#[derive(Debug, Clone, Default)]
pub(crate) struct Compiled {
    /// In the order of the rule, those of the host or subdomain first.
    pub(crate) variables: Vec<Variable>,
    pub(crate) domain: Vec<Segment>,
    pub(crate) path: Vec<Segment>,
    /// The rule with its host without converters: rules that build the same URLs have the same trace.
    pub(crate) trace: String,
    /// The names of variables and defaults, sorted.
    pub(crate) arguments: Vec<Arc<str>>,
    pub(crate) strict_slashes: bool,
    pub(crate) merge_slashes: bool,
    /// The defaults with names that can be shared.
    pub(crate) defaults: Vec<(Arc<str>, Value)>,
    /// The place of the rule's endpoint among those of the map.
    pub(crate) endpoint: usize,
}

/// A URL pattern and what belongs to it.
///
/// Everything but the pattern is optional and set as on a builder. The pattern is parsed when the rule is added to a
/// [`UrlMap`](crate::UrlMap), because the map knows the converters; until then [`variables`](Self::variables) is empty.
///
/// ```
/// use carboy_routing::{Rule, UrlMap};
///
/// let mut map = UrlMap::default();
/// let id = map.add(Rule::new("/user/<int:id>").endpoint("user").methods(["GET", "POST"])).unwrap();
/// let rule = map.rule(id);
/// assert_eq!(rule.to_string(), "/user/<int:id>");
/// assert_eq!(rule.get_methods().unwrap().to_string(), "GET, HEAD, POST");
/// assert_eq!(rule.variable("id").unwrap().converter_name(), "int");
/// ```
#[derive(Clone)]
pub struct Rule {
    pub(crate) id: RuleId,
    pub(crate) text: String,
    pub(crate) endpoint: String,
    pub(crate) methods: Option<MethodSet>,
    pub(crate) defaults: Values,
    pub(crate) subdomain: Option<String>,
    pub(crate) host: Option<String>,
    pub(crate) strict_slashes: Option<bool>,
    pub(crate) merge_slashes: Option<bool>,
    pub(crate) build_only: bool,
    pub(crate) alias: bool,
    pub(crate) websocket: bool,
    pub(crate) redirect_to: Option<RedirectTo>,
    pub(crate) tag: u32,
    pub(crate) compiled: Compiled,
}

impl Rule {
    /// A rule for a pattern such as `/user/<int:id>`. A pattern that ends with a slash is a branch: without that slash it
    /// redirects.
    pub fn new(text: impl Into<String>) -> Self {
        Self {
            id: RuleId(0),
            text: text.into(),
            endpoint: String::new(),
            methods: None,
            defaults: Values::new(),
            subdomain: None,
            host: None,
            strict_slashes: None,
            merge_slashes: None,
            build_only: false,
            alias: false,
            websocket: false,
            redirect_to: None,
            tag: 0,
            compiled: Compiled::default(),
        }
    }

    /// The name that the application knows the rule by; several rules may have the same.
    #[must_use]
    pub fn endpoint(mut self, endpoint: impl Into<String>) -> Self {
        self.endpoint = endpoint.into();
        self
    }

    /// The methods that the rule matches, upper-cased; `HEAD` comes with `GET`. Without this call it matches all.
    #[must_use]
    pub fn methods<S: AsRef<str>>(mut self, methods: impl IntoIterator<Item = S>) -> Self {
        let mut methods: MethodSet = methods.into_iter().collect();
        if methods.contains("GET") {
            methods.insert("HEAD");
        }
        self.methods = Some(methods);
        self
    }

    /// Arguments that the URL does not carry. A variable of the same name always has this value.
    #[must_use]
    pub fn defaults(mut self, defaults: impl Into<Values>) -> Self {
        self.defaults = defaults.into();
        self
    }

    /// The subdomain, a pattern like the rule's own; the map's default subdomain without this call.
    #[must_use]
    pub fn subdomain(mut self, subdomain: impl Into<String>) -> Self {
        self.subdomain = Some(subdomain.into());
        self
    }

    /// The host, a pattern like the rule's own, for maps that match hosts.
    #[must_use]
    pub fn host(mut self, host: impl Into<String>) -> Self {
        self.host = Some(host.into());
        self
    }

    /// Whether a missing slash at the end redirects, instead of the map's setting. If not, both forms match.
    #[must_use]
    pub fn strict_slashes(mut self, strict: bool) -> Self {
        self.strict_slashes = Some(strict);
        self
    }

    /// Whether runs of slashes redirect to the path without them, instead of the map's setting.
    #[must_use]
    pub fn merge_slashes(mut self, merge: bool) -> Self {
        self.merge_slashes = Some(merge);
        self
    }

    /// The rule never matches; it only builds URLs.
    #[must_use]
    pub fn build_only(mut self) -> Self {
        self.build_only = true;
        self
    }

    /// The rule redirects to the endpoint's rule that is no alias.
    #[must_use]
    pub fn alias(mut self) -> Self {
        self.alias = true;
        self
    }

    /// The rule matches requests that open a WebSocket, and no others.
    #[must_use]
    pub fn websocket(mut self) -> Self {
        self.websocket = true;
        self
    }

    /// The rule redirects to a URL relative to the root of the application, in which `<name>` stands for a variable.
    #[must_use]
    pub fn redirect_to(mut self, template: impl Into<String>) -> Self {
        self.redirect_to = Some(RedirectTo::Template(template.into()));
        self
    }

    /// The rule redirects to the URL that a function returns, relative to the root of the application.
    ///
    /// Only a URL that names a scheme leaves the host; `//elsewhere` is a path.
    #[must_use]
    pub fn redirect_to_with(
        mut self,
        function: impl Fn(&RedirectContext<'_>) -> String + Send + Sync + 'static,
    ) -> Self {
        self.redirect_to = Some(RedirectTo::Function(Arc::new(function)));
        self
    }

    /// A number of the caller's, kept with the rule.
    #[must_use]
    pub fn tag(mut self, tag: u32) -> Self {
        self.tag = tag;
        self
    }

    /// The rule's number in its map.
    pub fn id(&self) -> RuleId {
        self.id
    }

    /// The pattern as it was given.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The endpoint; empty if none was given.
    pub fn get_endpoint(&self) -> &str {
        &self.endpoint
    }

    /// The methods; `None` for all.
    pub fn get_methods(&self) -> Option<&MethodSet> {
        self.methods.as_ref()
    }

    /// The caller's number.
    pub fn get_tag(&self) -> u32 {
        self.tag
    }

    /// The defaults.
    pub fn get_defaults(&self) -> &Values {
        &self.defaults
    }

    /// The pattern of the subdomain.
    pub fn get_subdomain(&self) -> Option<&str> {
        self.subdomain.as_deref()
    }

    /// The pattern of the host.
    pub fn get_host(&self) -> Option<&str> {
        self.host.as_deref()
    }

    /// The names of all variables and defaults, sorted.
    pub fn arguments(&self) -> impl Iterator<Item = &str> {
        self.compiled.arguments.iter().map(|name| &**name)
    }

    /// The variables in the order of the rule, those of its host or subdomain first.
    pub fn variables(&self) -> &[Variable] {
        &self.compiled.variables
    }

    /// The variable of a name.
    pub fn variable(&self, name: &str) -> Option<&Variable> {
        self.compiled.variables.iter().find(|variable| &*variable.name == name)
    }

    /// Whether the pattern ends without a slash.
    pub fn is_leaf(&self) -> bool {
        !self.text.ends_with('/')
    }

    /// Whether the rule never matches.
    pub fn is_build_only(&self) -> bool {
        self.build_only
    }

    /// Whether the rule is an alias.
    pub fn is_alias(&self) -> bool {
        self.alias
    }

    /// Whether the rule is for WebSockets.
    pub fn is_websocket(&self) -> bool {
        self.websocket
    }

    pub(crate) fn has_argument(&self, name: &str) -> bool {
        self.compiled.arguments.iter().any(|own| **own == *name)
    }

    /// Whether the rule takes all of these arguments.
    pub(crate) fn takes_all(&self, arguments: &[&str]) -> bool {
        arguments.iter().all(|name| self.has_argument(name))
    }

    /// The order in which the rules of an endpoint are tried for building: aliases last, most variables first, most
    /// defaults first.
    pub(crate) fn build_key(&self) -> (bool, std::cmp::Reverse<usize>, std::cmp::Reverse<usize>) {
        (self.alias, std::cmp::Reverse(self.compiled.arguments.len()), std::cmp::Reverse(self.defaults.len()))
    }

    /// Whether the values are enough to build the rule, and do not contradict its defaults.
    pub(crate) fn suits(&self, values: &Values, method: Option<&str>) -> bool {
        let allowed = match (method, &self.methods) {
            (Some(method), Some(methods)) => methods.contains(method),
            _ => true,
        };
        allowed
            && self
                .compiled
                .arguments
                .iter()
                .all(|name| self.defaults.contains(name) || given(values, name).is_some())
            && self
                .defaults
                .iter()
                .all(|(name, default)| given(values, name).is_none_or(|value| value == default))
    }

    /// Whether this rule is where requests go that spell out its defaults in the URL of the other.
    pub(crate) fn provides_defaults_for(&self, rule: &Self) -> bool {
        !self.build_only
            && !self.defaults.is_empty()
            && self.endpoint == rule.endpoint
            && self.compiled.trace != rule.compiled.trace
            && self.compiled.arguments == rule.compiled.arguments
    }

    /// The host or subdomain, and the path, filled with values that [suit](Self::suits) the rule.
    pub(crate) fn fill(&self, values: &Values) -> Result<(String, String), ConvertError> {
        Ok((
            self.fill_segments(&self.compiled.domain, values)?,
            self.fill_segments(&self.compiled.path, values)?,
        ))
    }

    fn fill_segments(&self, segments: &[Segment], values: &Values) -> Result<String, ConvertError> {
        let mut out = String::new();
        for segment in segments {
            match segment {
                Segment::Text(text) => out.push_str(text),
                Segment::Variable(place) => {
                    let variable = &self.compiled.variables[*place];
                    match (&variable.converter, values.get(&variable.name)) {
                        (Bound::String(_) | Bound::Path(_), Some(Value::Str(text))) => {
                            quote::push_quoted(&mut out, text, &quote::PATH);
                        }
                        (converter, value) => {
                            out.push_str(&converter.as_converter().to_url(value.unwrap_or(&Value::None))?);
                        }
                    }
                }
            }
        }
        Ok(out)
    }
}

/// The value of a name, unless it is none.
pub(crate) fn given<'v>(values: &'v Values, name: &str) -> Option<&'v Value> {
    values.get(name).filter(|value| !value.is_none())
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Debug for Rule {
    /// As Werkzeug shows a rule: `<Rule '/user/<id>' (GET, HEAD) -> user>`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<Rule '{}'", self.text)?;
        if let Some(methods) = &self.methods {
            write!(f, " ({methods})")?;
        }
        write!(f, " -> {}>", self.endpoint)
    }
}
