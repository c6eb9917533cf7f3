//! What can go wrong: with a rule, with a conversion, with a match, with building a URL.

use std::fmt;

use crate::method::MethodSet;
use crate::redirect::Redirect;

/// What is wrong with a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum RuleErrorKind {
    /// The rule does not start with a slash.
    MissingSlash,
    /// A `<` does not open a variable.
    Malformed,
    /// No converter of this name was added to the map.
    UnknownConverter,
    /// The converter does not take these arguments, or they cannot be parsed.
    ConverterArguments,
    /// A variable stands in the rule twice.
    DuplicateArgument,
    /// The regular expression of a custom converter does not compile.
    Pattern,
    /// A WebSocket rule names a method other than `GET`, `HEAD` and `OPTIONS`.
    Methods,
    /// A default is no value for its variable's converter.
    Default,
    /// `redirect_to` names a variable that the rule does not have.
    RedirectTo,
    /// A rule template names a value that was not given.
    Template,
}

/// Why a rule was refused: the message, and the place in the text that it is about.
///
/// ```
/// use carboy_routing::{Rule, RuleErrorKind, UrlMap};
///
/// let error = UrlMap::default().add(Rule::new("/user/<nope:name>")).unwrap_err();
/// assert_eq!(error.kind(), RuleErrorKind::UnknownConverter);
/// assert_eq!(error.to_string(), "the converter 'nope' does not exist");
/// assert_eq!((error.text(), error.position()), ("/user/<nope:name>", 6));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleError {
    kind: RuleErrorKind,
    message: String,
    text: String,
    position: usize,
}

impl RuleError {
    pub(crate) fn new(kind: RuleErrorKind, message: impl Into<String>, text: &str, position: usize) -> Self {
        Self { kind, message: message.into(), text: text.to_owned(), position }
    }

    /// What is wrong.
    pub fn kind(&self) -> RuleErrorKind {
        self.kind
    }

    /// The text at fault: the rule, or its host or subdomain pattern.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The byte in [`text`](Self::text) at which the fault begins.
    pub fn position(&self) -> usize {
        self.position
    }
}

impl fmt::Display for RuleError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for RuleError {}

/// Why a converter refuses a text or a value.
///
/// When a URL is matched, any refusal makes it a 404. When one is built, [`mismatch`](Self::mismatch) lets the next rule
/// of the endpoint try, as Werkzeug's `ValidationError` does, and [`invalid`](Self::invalid) ends the search, as any
/// other Python exception does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConvertError(Option<String>);

impl ConvertError {
    /// The converter is not meant for this; another rule may be.
    pub fn mismatch() -> Self {
        Self(None)
    }

    /// The value is wrong, and this is why.
    pub fn invalid(message: impl Into<String>) -> Self {
        Self(Some(message.into()))
    }

    /// Whether another rule may be tried.
    pub fn is_mismatch(&self) -> bool {
        self.0.is_none()
    }
}

impl fmt::Display for ConvertError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.as_deref().unwrap_or("the value does not fit this converter"))
    }
}

impl std::error::Error for ConvertError {}

/// Why a path has no match.
#[derive(Debug, Clone, PartialEq)]
pub enum MatchError {
    /// No rule matches: 404.
    NotFound,
    /// Rules match the path, but none of them this method: 405.
    MethodNotAllowed {
        /// The methods of the rules that match the path, for the `Allow` header.
        allowed: MethodSet,
    },
    /// The resource is elsewhere: 308.
    Redirect(Box<Redirect>),
    /// Only a WebSocket rule matches a plain request, or the reverse: 400.
    WebsocketMismatch,
}

impl fmt::Display for MatchError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotFound => f.write_str("no rule matches the path"),
            Self::MethodNotAllowed { allowed } => write!(f, "the path allows only {allowed}"),
            Self::Redirect(redirect) => write!(f, "the path moved to {}", redirect.location()),
            Self::WebsocketMismatch => {
                f.write_str("the only rule that matches is for the other kind of connection")
            }
        }
    }
}

impl std::error::Error for MatchError {}

/// What kept a URL from being built.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum BuildErrorKind {
    /// No rule of the endpoint can be filled with the values.
    NoRule,
    /// A converter refused a value.
    Value,
    /// A scheme was asked for together with a relative URL.
    Scheme,
}

/// Why a URL could not be built, in Werkzeug's words.
///
/// ```
/// use carboy_routing::{Bind, BuildOptions, Rule, UrlMap, Values};
///
/// let mut map = UrlMap::default();
/// map.add(Rule::new("/u/<name>").endpoint("user")).unwrap();
/// let error = map.build(&Bind::new("localhost"), "user", &Values::new(), &BuildOptions::new()).unwrap_err();
/// assert_eq!(
///     error.to_string(),
///     "Could not build url for endpoint 'user'. Did you forget to specify values ['name']?"
/// );
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BuildError {
    kind: BuildErrorKind,
    endpoint: String,
    message: String,
}

impl BuildError {
    pub(crate) fn new(kind: BuildErrorKind, endpoint: &str, message: impl Into<String>) -> Self {
        Self { kind, endpoint: endpoint.to_owned(), message: message.into() }
    }

    /// What kept the URL from being built.
    pub fn kind(&self) -> BuildErrorKind {
        self.kind
    }

    /// The endpoint that was asked for.
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }
}

impl fmt::Display for BuildError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for BuildError {}
