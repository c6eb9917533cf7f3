//! What can go wrong with a template.

use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;

/// What kind of thing went wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TemplateErrorKind {
    /// No template of that name (Jinja's `TemplateNotFound` and `TemplatesNotFound`).
    NotFound,
    /// The template cannot be parsed (Jinja's `TemplateSyntaxError`).
    Syntax,
    /// Something undefined was used, not only printed (Jinja's `UndefinedError`).
    Undefined,
    /// There is no filter of that name.
    UnknownFilter,
    /// There is no test of that name.
    UnknownTest,
    /// A value could not be turned into a template value or back.
    Value,
    /// The template used up its fuel or nested too deeply.
    Limit,
    /// Any other failure while rendering.
    Runtime,
}

/// A template that could not be found, parsed or rendered.
///
/// It knows the template, the line and the source around it; the error of a function called by the template is its
/// [`source`](StdError::source).
#[derive(Clone)]
pub struct TemplateError(Box<Repr>);

#[derive(Clone)]
struct Repr {
    kind: TemplateErrorKind,
    message: String,
    template: Option<String>,
    line: Option<usize>,
    excerpt: Vec<(usize, String)>,
    cause: Option<Arc<dyn StdError + Send + Sync>>,
}

impl TemplateError {
    /// An error of a function, filter or test of one's own.
    pub fn new(kind: TemplateErrorKind, message: impl Into<String>) -> Self {
        Self(Box::new(Repr {
            kind,
            message: message.into(),
            template: None,
            line: None,
            excerpt: Vec::new(),
            cause: None,
        }))
    }

    /// Keeps the error that caused this one.
    #[must_use]
    pub fn with_source(mut self, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        self.0.cause = Some(Arc::from(source.into()));
        self
    }

    pub(super) fn not_found(names: &[&str], looked_in: &[String]) -> Self {
        let message = match names {
            [name] => (*name).to_owned(),
            [] => "Tried to select from an empty list of templates.".to_owned(),
            names => format!("none of the templates given were found: {}", names.join(", ")),
        };
        let mut error = Self::new(TemplateErrorKind::NotFound, message);
        if !looked_in.is_empty() {
            error.0.message.push_str(&format!(" (looked in {})", looked_in.join(", ")));
        }
        error
    }

    /// What kind of thing went wrong.
    #[must_use]
    pub fn kind(&self) -> TemplateErrorKind {
        self.0.kind
    }

    /// The message without the place.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// The name of the template in which it happened; `<string>` for templates given as text.
    #[must_use]
    pub fn template(&self) -> Option<&str> {
        self.0.template.as_deref()
    }

    /// The line in the template, from 1.
    #[must_use]
    pub fn line(&self) -> Option<usize> {
        self.0.line
    }

    /// The lines of the template around the failure, with their numbers.
    #[must_use]
    pub fn excerpt(&self) -> &[(usize, String)] {
        &self.0.excerpt
    }

    /// The error of the function that the template called, if it was one of type `E`.
    #[must_use]
    pub fn cause<E: StdError + 'static>(&self) -> Option<&E> {
        let mut error: Option<&(dyn StdError + 'static)> = StdError::source(self);
        while let Some(current) = error {
            if let Some(found) = current.downcast_ref() {
                return Some(found);
            }
            error = current.source();
        }
        None
    }
}

impl fmt::Debug for TemplateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TemplateError")
            .field("kind", &self.0.kind)
            .field("message", &self.0.message)
            .field("template", &self.0.template)
            .field("line", &self.0.line)
            .field("source", &self.0.cause)
            .finish()
    }
}

impl fmt::Display for TemplateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.message)?;
        match (&self.0.template, self.0.line) {
            (Some(template), Some(line)) => write!(f, " ({template}, line {line})"),
            (Some(template), None) => write!(f, " ({template})"),
            _ => Ok(()),
        }
    }
}

impl StdError for TemplateError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.0.cause.as_deref().map(|cause| cause as &(dyn StdError + 'static))
    }
}

/// How many lines before and after the failure belong to the excerpt.
const AROUND: usize = 4;

fn excerpt(source: &str, line: usize) -> Vec<(usize, String)> {
    source
        .lines()
        .enumerate()
        .map(|(index, text)| (index + 1, text))
        .filter(|(number, _)| number.abs_diff(line) <= AROUND)
        .map(|(number, text)| (number, text.to_owned()))
        .collect()
}

impl From<minijinja::Error> for TemplateError {
    fn from(outer: minijinja::Error) -> Self {
        // Inheritance and includes wrap the error once a level; the innermost says what happened and where.
        let mut error = &outer;
        let mut cause = None;
        let mut next = StdError::source(error);
        while let Some(current) = next {
            if let Some(inner) = current.downcast_ref::<minijinja::Error>() {
                error = inner;
            } else if let Some(own) = current.downcast_ref::<TemplateError>() {
                cause = Some(own.clone());
                break;
            }
            next = current.source();
        }
        let (kind, message) = describe(error);
        let mut repr = match cause {
            Some(own) => *own.0,
            None => *TemplateError::new(kind, message).0,
        };
        if repr.template.is_none() {
            repr.template = error.name().map(str::to_owned);
            repr.line = error.line();
            if let (Some(source), Some(line)) = (error.template_source(), error.line()) {
                repr.excerpt = excerpt(source, line);
            }
        }
        TemplateError(Box::new(repr))
    }
}

impl From<TemplateError> for minijinja::Error {
    fn from(error: TemplateError) -> Self {
        let kind = match error.kind() {
            TemplateErrorKind::NotFound => minijinja::ErrorKind::TemplateNotFound,
            TemplateErrorKind::Undefined => minijinja::ErrorKind::UndefinedError,
            _ => minijinja::ErrorKind::InvalidOperation,
        };
        minijinja::Error::new(kind, error.message().to_owned()).with_source(error)
    }
}

fn between_quotes(text: &str, quote: char) -> Option<&str> {
    let (_, rest) = text.split_once(quote)?;
    rest.split_once(quote).map(|(name, _)| name)
}

/// Jinja's kind and wording for an error of the engine.
fn describe(error: &minijinja::Error) -> (TemplateErrorKind, String) {
    use minijinja::ErrorKind as Engine;
    let detail = error.detail().unwrap_or_default();
    match error.kind() {
        Engine::SyntaxError | Engine::BadEscape | Engine::InvalidDelimiter => (
            TemplateErrorKind::Syntax,
            if detail.is_empty() { error.kind().to_string() } else { detail.to_owned() },
        ),
        Engine::TemplateNotFound => {
            let message = match between_quotes(detail, '"') {
                Some(name)
                    if detail.starts_with("template \"")
                        || detail.starts_with("tried to include non-existing") =>
                {
                    name.to_owned()
                }
                _ => detail.to_owned(),
            };
            (TemplateErrorKind::NotFound, message)
        }
        Engine::UndefinedError => (TemplateErrorKind::Undefined, undefined_message(detail)),
        Engine::UnknownFunction => {
            let name = detail.strip_suffix(" is unknown").unwrap_or(detail);
            (TemplateErrorKind::Undefined, format!("'{name}' is undefined"))
        }
        Engine::UnknownMethod => match detail.split_once(" has no method named ") {
            Some((kind, name)) => (
                TemplateErrorKind::Undefined,
                match between_quotes(name, '`') {
                    Some(undefined) => undefined_message(&format!("`{undefined}`")),
                    None => format!("'{}' has no attribute '{name}'", python_kind(kind)),
                },
            ),
            None => (TemplateErrorKind::Undefined, detail.to_owned()),
        },
        Engine::UnknownFilter => {
            let name = detail.strip_prefix("filter ").and_then(|name| name.strip_suffix(" is unknown"));
            let message = name.map_or(detail.to_owned(), |name| format!("No filter named '{name}'."));
            (TemplateErrorKind::UnknownFilter, message)
        }
        Engine::UnknownTest => {
            let name = detail.strip_prefix("test ").and_then(|name| name.strip_suffix(" is unknown"));
            let message = name.map_or(detail.to_owned(), |name| format!("No test named '{name}'."));
            (TemplateErrorKind::UnknownTest, message)
        }
        Engine::OutOfFuel => {
            (TemplateErrorKind::Limit, "the template took too long and was stopped".to_owned())
        }
        Engine::BadSerialization | Engine::CannotDeserialize | Engine::NonPrimitive | Engine::NonKey => {
            (TemplateErrorKind::Value, format!("{}: {detail}", error.kind()))
        }
        _ if detail.contains("is undefined`") || detail.contains("` is undefined") => {
            (TemplateErrorKind::Undefined, undefined_message(detail))
        }
        _ if detail.contains("recursion limit") => (TemplateErrorKind::Limit, detail.to_owned()),
        kind if detail.is_empty() => (TemplateErrorKind::Runtime, kind.to_string()),
        _ => (TemplateErrorKind::Runtime, detail.to_owned()),
    }
}

fn python_kind(kind: &str) -> String {
    match kind {
        "map" => "dict object",
        "sequence" | "iterator" => "list object",
        "string" => "str object",
        "number" => "int object",
        "none" => "None",
        other => other,
    }
    .to_owned()
}

/// `` `a.b` is undefined`` in Jinja's words.
fn undefined_message(detail: &str) -> String {
    let Some(expression) = between_quotes(detail, '`') else {
        return if detail.is_empty() { "the value is undefined".to_owned() } else { detail.to_owned() };
    };
    if let Some(key) = expression.strip_suffix(']').and_then(|head| head.rsplit_once('[')).map(|(_, key)| key)
    {
        return match key.parse::<i64>() {
            Ok(index) => format!("list object has no element {index}"),
            Err(_) => format!("'dict object' has no attribute {key}"),
        };
    }
    match expression.rsplit_once('.') {
        Some((_, name)) => format!("'dict object' has no attribute '{name}'"),
        None => format!("'{expression}' is undefined"),
    }
}
