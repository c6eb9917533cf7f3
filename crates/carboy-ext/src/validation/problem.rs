//! Input that is not taken, as an error that views and handlers see and that answers by itself.

use super::report::Violation;
use carboy::{Error, HeaderName, HeaderValue, HttpError, HttpErrorKind, Request, Response, StatusCode};
use serde_json::{Value as Json, json};
use std::fmt;

/// Where input came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Source {
    /// The body, as JSON.
    Json,
    /// The fields of a form.
    Form,
    /// The query string.
    Query,
    /// The path of the URL.
    Path,
}

impl Source {
    fn noun(self) -> &'static str {
        match self {
            Source::Json => "body",
            Source::Form => "form",
            Source::Query => "query string",
            Source::Path => "path",
        }
    }
}

/// Input that breaks rules, is of another type, or is no JSON: the error of [`Valid`](super::Valid).
///
/// It is answered as `application/problem+json` (RFC 9457) or as an HTML page: what the `Accept` field prefers, and when that leaves it
/// open the kind of what was sent. Handlers registered for this type, then those for the status, come first:
///
/// ```
/// use carboy::prelude::*;
/// use carboy_ext::validation::{InvalidInput, Valid, Validate};
/// use serde::Deserialize;
///
/// #[derive(Deserialize, Validate)]
/// struct Contact {
///     #[validate(email)]
///     email: String,
/// }
///
/// #[post("/contact")]
/// fn contact(contact: Valid<Json<Contact>>) -> String {
///     contact.email.clone()
/// }
///
/// let mut app = App::new("doc");
/// app.routes(routes![contact]);
/// let answer = app.test_client().post("/contact").json(&serde_json::json!({"email": "nobody"})).send();
/// assert_eq!(answer.status(), 422);
/// assert_eq!(answer.header("Content-Type"), Some("application/problem+json"));
/// let problem: serde_json::Value = answer.json();
/// assert_eq!(problem["errors"][0], serde_json::json!({"detail": "Invalid email address.", "pointer": "#/email", "rule": "email"}));
///
/// let mut app = App::new("doc");
/// app.routes(routes![contact]);
/// app.errorhandler_for::<InvalidInput, _, _>(|error| (error.violations()[0].message().to_owned(), 400u16));
/// let answer = app.test_client().post("/contact").json(&serde_json::json!({"email": "nobody"})).send();
/// assert_eq!((answer.status().as_u16(), answer.text().as_str()), (400, "Invalid email address."));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvalidInput {
    source: Source,
    violations: Vec<Violation>,
    malformed: Option<(String, usize, usize)>,
}

impl InvalidInput {
    /// Input that breaks rules.
    pub fn new(source: Source, violations: Vec<Violation>) -> Self {
        InvalidInput { source, violations, malformed: None }
    }

    pub(super) fn malformed(why: String, line: usize, column: usize) -> Self {
        InvalidInput { source: Source::Json, violations: Vec::new(), malformed: Some((why, line, column)) }
    }

    /// Where the input came from.
    pub fn source(&self) -> Source {
        self.source
    }

    /// What is wrong; empty for a body that is no JSON.
    pub fn violations(&self) -> &[Violation] {
        &self.violations
    }

    /// The line and the column at which a body is no longer JSON.
    pub fn position(&self) -> Option<(usize, usize)> {
        self.malformed.as_ref().map(|(_, line, column)| (*line, *column))
    }

    /// 400 for a body that is no JSON, 422 for values that are not taken.
    pub fn status(&self) -> StatusCode {
        if self.malformed.is_some() { StatusCode::BAD_REQUEST } else { StatusCode::UNPROCESSABLE_ENTITY }
    }

    /// The problem as JSON (RFC 9457): `type`, `title`, `status`, `detail`, and `errors` with a `detail`, the `rule`, and the `pointer` into
    /// the body, or the name of the `field` or `parameter`.
    pub fn to_json(&self) -> Json {
        let status = self.status();
        let title = HttpError::new(status).name();
        let mut problem = json!({
            "type": "about:blank",
            "title": title,
            "status": status.as_u16(),
            "detail": self.to_string(),
        });
        if let Some((_, line, column)) = &self.malformed {
            problem["line"] = (*line).into();
            problem["column"] = (*column).into();
        } else {
            problem["errors"] = self.violations.iter().map(|violation| self.entry(violation)).collect();
        }
        problem
    }

    fn entry(&self, violation: &Violation) -> Json {
        let (detail, rule) = (violation.message(), violation.rule());
        match self.source {
            Source::Json => json!({"detail": detail, "pointer": fragment(violation.pointer()), "rule": rule}),
            Source::Form => json!({"detail": detail, "field": violation.field(), "rule": rule}),
            Source::Query => {
                json!({"detail": detail, "parameter": violation.field(), "in": "query", "rule": rule})
            }
            Source::Path => {
                json!({"detail": detail, "parameter": violation.field(), "in": "path", "rule": rule})
            }
        }
    }

    /// The error with the answer for this request.
    #[track_caller]
    pub(super) fn into_error(self, request: &Request) -> Error {
        let mut lines = vec![self.to_string()];
        lines.extend(self.violations.iter().map(|violation| match violation.field() {
            field if field.is_empty() => violation.message().to_owned(),
            field => format!("{field}: {}", violation.message()),
        }));
        let answer = HttpError::new(self.status()).with_description(lines.join("\n"));
        let answer = told(answer, &self.to_json(), wants_json(request, self.source));
        Error::with_http(self, answer)
    }
}

impl fmt::Display for InvalidInput {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some((why, line, column)) = &self.malformed {
            return write!(f, "The body is not JSON: {why} at line {line} column {column}.");
        }
        match self.violations.len() {
            1 => write!(f, "A value of the {} is not valid.", self.source.noun()),
            n => write!(f, "{n} values of the {} are not valid.", self.source.noun()),
        }
    }
}

impl std::error::Error for InvalidInput {}

/// An error about the body itself, in the form of the errors about what is in it.
pub(super) fn body_error(error: HttpError, source: Source, request: &Request) -> HttpError {
    let detail = match error.kind() {
        HttpErrorKind::InvalidJson(why) => format!("The body is not JSON: {why}."),
        _ => error.description().to_owned(),
    };
    let problem = json!({
        "type": "about:blank",
        "title": error.name(),
        "status": error.status().as_u16(),
        "detail": detail,
    });
    told(error.with_description(detail), &problem, wants_json(request, source))
}

/// An error with its problem as the answer, unless the client wants the page.
fn told(answer: HttpError, problem: &Json, as_json: bool) -> HttpError {
    let vary = HeaderName::from_static("vary");
    let answer = answer.with_header(vary, HeaderValue::from_static("Accept"));
    if !as_json {
        return answer;
    }
    let mut response = Response::new(serde_json::to_vec(problem).unwrap_or_default());
    response.set_status(answer.status());
    let headers = response.headers_mut();
    headers.insert(
        HeaderName::from_static("content-type"),
        HeaderValue::from_static("application/problem+json"),
    );
    for (name, value) in answer.headers() {
        headers.append(name, value.clone());
    }
    answer.with_response(response)
}

/// Whether JSON is to be answered: by the `Accept` field, else as the view and the request speak themselves.
fn wants_json(request: &Request, source: Source) -> bool {
    let accept = request.accept_mimetypes();
    let json = accept.quality("application/problem+json").max(accept.quality("application/json"));
    let html = accept.quality("text/html");
    match json.partial_cmp(&html) {
        Some(std::cmp::Ordering::Greater) => true,
        Some(std::cmp::Ordering::Less) => false,
        _ => source == Source::Json || request.is_json(),
    }
}

/// A JSON Pointer as the fragment of a URI (RFC 6901, section 6).
fn fragment(pointer: &str) -> String {
    let mut out = String::from("#");
    for byte in pointer.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' => out.push(char::from(byte)),
            b if b"/-._~!$&'()*+,;=:@?".contains(&b) => out.push(char::from(b)),
            b => out.push_str(&format!("%{b:02X}")),
        }
    }
    out
}
