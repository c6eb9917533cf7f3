//! HTTP errors as values: what Werkzeug has as a tree of exception classes.

use crate::{Response, html, status_name};
use http::{HeaderName, HeaderValue, StatusCode, header};
use std::{
    borrow::Cow,
    error::Error,
    fmt,
    sync::{Mutex, PoisonError},
};

/// An answer that is an error: a status, a text for the client, header fields.
///
/// It is a [`std::error::Error`], so `?` carries it out of a view; the application turns it into a page.
/// Names and texts are those of `werkzeug.exceptions`.
///
/// ```
/// use carboy_http::HttpError;
/// let error = HttpError::from_code(404).unwrap();
/// assert_eq!(error.name(), "Not Found");
/// assert!(error.body().starts_with("<!doctype html>\n<html lang=en>\n<title>404 Not Found</title>"));
/// assert!(HttpError::from_code(999).is_err());
/// ```
pub struct HttpError(Box<Inner>);

struct Inner {
    status: StatusCode,
    kind: HttpErrorKind,
    description: Option<Cow<'static, str>>,
    headers: Vec<(HeaderName, HeaderValue)>,
    // A body need not be `Sync`, an error must be; the lock is only ever held to take the response out.
    response: Option<Mutex<Option<Response>>>,
    source: Option<Box<dyn Error + Send + Sync>>,
}

/// What is special about an [`HttpError`], beside its status.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum HttpErrorKind {
    /// Nothing: the status says it all.
    Plain,
    /// A form field, argument, cookie or file that was asked for is missing (`BadRequestKeyError`).
    BadRequestKey(String),
    /// The body is not the JSON that was asked for; the text says why.
    InvalidJson(String),
    /// The body is not the form that its content type announces; the text says why.
    MalformedForm(&'static str),
    /// The request was refused because it looks like an attack (`SecurityError`), such as by its host.
    Security,
    /// The URL exists, the method does not; with the methods that do, sorted.
    MethodNotAllowed(Vec<String>),
    /// The client went away, or broke off, before the body was complete (`ClientDisconnected`).
    ClientDisconnected,
    /// Nothing but a finished response (`abort(response)`): no error handler is asked.
    Response,
}

impl HttpError {
    /// The error of this status with Werkzeug's standard text, which is empty for a status that
    /// Werkzeug has no exception for.
    pub fn new(status: StatusCode) -> Self {
        HttpError(Box::new(Inner {
            status,
            kind: HttpErrorKind::Plain,
            description: None,
            headers: Vec::new(),
            response: None,
            source: None,
        }))
    }

    /// The error of this code, as Flask's `abort(code)` looks it up.
    ///
    /// # Errors
    /// [`UnknownCode`] for a code that Werkzeug has no exception for, such as 302, 402 or 999.
    pub fn from_code(code: u16) -> Result<Self, UnknownCode> {
        match StatusCode::from_u16(code) {
            Ok(status) if default_description(code).is_some() => Ok(HttpError::new(status)),
            _ => Err(UnknownCode(code)),
        }
    }

    /// An error that is nothing but this response: no error handler is asked (`abort(response)`).
    pub fn from_response(response: Response) -> Self {
        let mut error = HttpError::new(response.status()).with_kind(HttpErrorKind::Response);
        error.0.response = Some(Mutex::new(Some(response)));
        error
    }

    /// 400: the client did not send this field, argument, cookie or file.
    pub fn bad_request_key(key: impl Into<String>) -> Self {
        HttpError::new(StatusCode::BAD_REQUEST).with_kind(HttpErrorKind::BadRequestKey(key.into()))
    }

    /// 400: the body is not valid JSON.
    pub fn invalid_json(why: impl Into<String>) -> Self {
        HttpError::new(StatusCode::BAD_REQUEST).with_kind(HttpErrorKind::InvalidJson(why.into()))
    }

    /// 400: the body is not the form that it claims to be.
    pub fn malformed_form(why: &'static str) -> Self {
        HttpError::new(StatusCode::BAD_REQUEST).with_kind(HttpErrorKind::MalformedForm(why))
    }

    /// 400: refused as a likely attack, with a text that the client may see.
    pub fn security(description: impl Into<Cow<'static, str>>) -> Self {
        HttpError::new(StatusCode::BAD_REQUEST)
            .with_kind(HttpErrorKind::Security)
            .with_description(description)
    }

    /// 400: the body ended before it was complete.
    pub fn client_disconnected() -> Self {
        HttpError::new(StatusCode::BAD_REQUEST).with_kind(HttpErrorKind::ClientDisconnected)
    }

    /// 413: the body, a field or a count passed its limit.
    pub fn request_entity_too_large() -> Self {
        HttpError::new(StatusCode::PAYLOAD_TOO_LARGE)
    }

    /// 507: there is no room for what was uploaded.
    pub fn insufficient_storage() -> Self {
        HttpError::new(StatusCode::INSUFFICIENT_STORAGE)
            .with_description("The server has no room for the uploaded file at the moment.")
    }

    /// 405, with the methods that the URL has; they are sorted, and named in an `Allow` field.
    pub fn method_not_allowed(methods: impl IntoIterator<Item = impl Into<String>>) -> Self {
        let mut methods: Vec<String> = methods.into_iter().map(Into::into).collect();
        methods.sort_unstable();
        methods.dedup();
        let mut error = HttpError::new(StatusCode::METHOD_NOT_ALLOWED);
        if !methods.is_empty()
            && let Ok(value) = HeaderValue::try_from(methods.join(", "))
        {
            error = error.with_header(header::ALLOW, value);
        }
        error.with_kind(HttpErrorKind::MethodNotAllowed(methods))
    }

    /// 401, with the challenges that the client may answer, each a `WWW-Authenticate` field.
    pub fn unauthorized(challenges: impl IntoIterator<Item = HeaderValue>) -> Self {
        let mut error = HttpError::new(StatusCode::UNAUTHORIZED);
        for challenge in challenges {
            error = error.with_header(header::WWW_AUTHENTICATE, challenge);
        }
        error
    }

    /// 416 for a file of so many bytes, which `Content-Range` tells.
    pub fn range_not_satisfiable(length: u64) -> Self {
        let value = HeaderValue::try_from(format!("bytes */{length}"));
        let error = HttpError::new(StatusCode::RANGE_NOT_SATISFIABLE);
        value
            .map(|value| HttpError::with_header(error, header::CONTENT_RANGE, value))
            .unwrap_or_else(|_| HttpError::new(StatusCode::RANGE_NOT_SATISFIABLE))
    }

    /// 500 for an error that nobody handled; it stays the [`source`](Error::source).
    pub fn internal(error: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        HttpError::new(StatusCode::INTERNAL_SERVER_ERROR).with_source(error)
    }

    /// Replaces the text.
    pub fn with_description(mut self, text: impl Into<Cow<'static, str>>) -> Self {
        self.0.description = Some(text.into());
        self
    }

    /// Adds a header field to the answer.
    pub fn with_header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.0.headers.push((name, value));
        self
    }

    /// Tells the client when to come back, in seconds (429 and 503). Zero says nothing, as in Werkzeug.
    pub fn with_retry_after(self, seconds: u64) -> Self {
        if seconds == 0 { self } else { self.with_header(header::RETRY_AFTER, seconds.into()) }
    }

    /// Keeps the error that led to this one, as its [`source`](Error::source).
    pub fn with_source(mut self, error: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        self.0.source = Some(error.into());
        self
    }

    fn with_kind(mut self, kind: HttpErrorKind) -> Self {
        self.0.kind = kind;
        self
    }

    /// Answers with this response in place of the default page, still as the error of its status
    /// (`abort(404, response=…)`): error handlers are asked as ever.
    pub fn with_response(mut self, response: Response) -> Self {
        self.0.response = Some(Mutex::new(Some(response)));
        self
    }

    /// The status.
    pub fn status(&self) -> StatusCode {
        self.0.status
    }

    /// The status code; `None` for [a finished response](HttpError::from_response).
    pub fn code(&self) -> Option<u16> {
        (self.0.kind != HttpErrorKind::Response).then(|| self.0.status.as_u16())
    }

    /// The name of the status, such as `Not Found`.
    pub fn name(&self) -> &'static str {
        self.code().and_then(status_name).unwrap_or("Unknown Error")
    }

    /// What is special about this error.
    pub fn kind(&self) -> &HttpErrorKind {
        &self.0.kind
    }

    /// The key that the client did not send, for a [`BadRequestKey`](HttpErrorKind::BadRequestKey).
    pub fn key(&self) -> Option<&str> {
        match &self.0.kind {
            HttpErrorKind::BadRequestKey(key) => Some(key),
            _ => None,
        }
    }

    /// The text for the client.
    pub fn description(&self) -> &str {
        match &self.0.description {
            Some(text) => text,
            None => default_description(self.0.status.as_u16()).unwrap_or_default(),
        }
    }

    /// The text with what only a developer should see: the missing key, what is wrong with the JSON.
    pub fn debug_description(&self) -> Cow<'_, str> {
        match &self.0.kind {
            HttpErrorKind::BadRequestKey(key) => {
                format!("{}\nKeyError: {}", self.description(), quoted(key)).into()
            }
            HttpErrorKind::InvalidJson(why) => format!("Failed to decode JSON object: {why}").into(),
            HttpErrorKind::MalformedForm(why) => format!("{}\n{why}", self.description()).into(),
            _ => self.description().into(),
        }
    }

    /// The header fields that the answer has beside its content type.
    pub fn headers(&self) -> &[(HeaderName, HeaderValue)] {
        &self.0.headers
    }

    /// The default page: Werkzeug's `get_body()`.
    pub fn body(&self) -> String {
        self.page(self.description())
    }

    /// The default page with the text of [`debug_description`](HttpError::debug_description).
    pub fn debug_body(&self) -> String {
        self.page(&self.debug_description())
    }

    fn page(&self, description: &str) -> String {
        let name = self.name();
        let mut page = String::with_capacity(120 + 2 * name.len() + description.len());
        page.push_str("<!doctype html>\n<html lang=en>\n<title>");
        match self.code() {
            Some(code) => page.push_str(&code.to_string()),
            None => page.push_str("None"),
        }
        page.push(' ');
        html::push_escaped(&mut page, name);
        page.push_str("</title>\n<h1>");
        html::push_escaped(&mut page, name);
        page.push_str("</h1>\n<p>");
        for (i, line) in description.split('\n').enumerate() {
            if i > 0 {
                page.push_str("<br>");
            }
            html::push_escaped(&mut page, line);
        }
        page.push_str("</p>\n");
        page
    }

    /// The answer: the response that the error wraps, the first time it is asked for, or else the
    /// default page with the header fields (Werkzeug's `get_response()`).
    pub fn to_response(&self) -> Response {
        self.response_with(|error| error.body())
    }

    /// As [`to_response`](HttpError::to_response), with the page for developers.
    pub fn to_debug_response(&self) -> Response {
        self.response_with(|error| error.debug_body())
    }

    fn response_with(&self, page: impl FnOnce(&Self) -> String) -> Response {
        if let Some(slot) = &self.0.response
            && let Some(response) = slot.lock().unwrap_or_else(PoisonError::into_inner).take()
        {
            return response;
        }
        let mut response = Response::html(page(self));
        response.set_status(self.0.status);
        for (name, value) in &self.0.headers {
            response.headers_mut().append(name, value.clone());
        }
        response
    }
}

/// `repr()` of a Python string, which is how a `KeyError` prints its key.
fn quoted(key: &str) -> String {
    let quote = if key.contains('\'') && !key.contains('"') { '"' } else { '\'' };
    let mut out = String::with_capacity(key.len() + 2);
    out.push(quote);
    for c in key.chars() {
        match c {
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if c == quote => {
                out.push('\\');
                out.push(c);
            }
            c if (c as u32) < 0x20 || (0x7f..=0xa0).contains(&(c as u32)) || c == '\u{ad}' => {
                out.push_str(&format!("\\x{:02x}", c as u32));
            }
            c => out.push(c),
        }
    }
    out.push(quote);
    out
}

impl From<StatusCode> for HttpError {
    fn from(status: StatusCode) -> Self {
        HttpError::new(status)
    }
}

impl fmt::Debug for HttpError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpError")
            .field("status", &self.0.status)
            .field("kind", &self.0.kind)
            .field("description", &self.description())
            .field("headers", &self.0.headers)
            .field("source", &self.0.source)
            .finish()
    }
}

impl fmt::Display for HttpError {
    /// `404 Not Found: The requested URL …`, as Python prints the exception.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.code() {
            Some(code) => write!(f, "{code} ")?,
            None => f.write_str("??? ")?,
        }
        match (&self.0.description, self.code().and_then(default_description)) {
            (None, None) => write!(f, "{}: None", self.name()),
            _ => write!(f, "{}: {}", self.name(), self.description()),
        }
    }
}

impl Error for HttpError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.0.source.as_ref().map(|error| &**error as _)
    }
}

/// A status code that there is no HTTP error for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UnknownCode(u16);

impl UnknownCode {
    /// The code.
    pub fn code(&self) -> u16 {
        self.0
    }
}

impl fmt::Display for UnknownCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "no exception for {}", self.0)
    }
}

impl Error for UnknownCode {}

/// The codes that there is an HTTP error for: those that `abort` and `errorhandler` accept.
pub fn error_codes() -> impl Iterator<Item = u16> {
    (400..=505).filter(|code| default_description(*code).is_some())
}

/// The standard text of an error, for every code that has one.
const fn default_description(code: u16) -> Option<&'static str> {
    Some(match code {
        400 => "The browser (or proxy) sent a request that this server could not understand.",
        401 => {
            "The server could not verify that you are authorized to access the URL requested. You either \
             supplied the wrong credentials (e.g. a bad password), or your browser doesn't understand how \
             to supply the credentials required."
        }
        403 => {
            "You don't have the permission to access the requested resource. It is either read-protected \
             or not readable by the server."
        }
        404 => {
            "The requested URL was not found on the server. If you entered the URL manually please check \
             your spelling and try again."
        }
        405 => "The method is not allowed for the requested URL.",
        406 => {
            "The resource identified by the request is only capable of generating response entities which \
             have content characteristics not acceptable according to the accept headers sent in the \
             request."
        }
        408 => {
            "The server closed the network connection because the browser didn't finish the request \
             within the specified time."
        }
        409 => {
            "A conflict happened while processing the request. The resource might have been modified \
             while the request was being processed."
        }
        410 => {
            "The requested URL is no longer available on this server and there is no forwarding address. \
             If you followed a link from a foreign page, please contact the author of this page."
        }
        411 => "A request with this method requires a valid <code>Content-Length</code> header.",
        412 => "The precondition on the request for the URL failed positive evaluation.",
        413 => "The data value transmitted exceeds the capacity limit.",
        414 => {
            "The length of the requested URL exceeds the capacity limit for this server. The request \
             cannot be processed."
        }
        415 => "The server does not support the media type transmitted in the request.",
        416 => "The server cannot provide the requested range.",
        417 => "The server could not meet the requirements of the Expect header",
        418 => "This server is a teapot, not a coffee machine",
        421 => "The server is not able to produce a response.",
        422 => "The request was well-formed but was unable to be followed due to semantic errors.",
        423 => "The resource that is being accessed is locked.",
        424 => {
            "The method could not be performed on the resource because the requested action depended on \
             another action and that action failed."
        }
        428 => {
            "This request is required to be conditional; try using \"If-Match\" or \
             \"If-Unmodified-Since\"."
        }
        429 => "This user has exceeded an allotted request count. Try again later.",
        431 => "One or more header fields exceeds the maximum size.",
        451 => "Unavailable for legal reasons.",
        500 => {
            "The server encountered an internal error and was unable to complete your request. Either the \
             server is overloaded or there is an error in the application."
        }
        501 => "The server does not support the action requested by the browser.",
        502 => "The proxy server received an invalid response from an upstream server.",
        503 => {
            "The server is temporarily unable to service your request due to maintenance downtime or \
             capacity problems. Please try again later."
        }
        504 => "The connection to an upstream server timed out.",
        505 => "The server does not support the HTTP protocol version used in the request.",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_key_is_shown_to_developers_only() {
        let error = HttpError::bad_request_key("na'me");
        assert!(!error.body().contains("na"), "{}", error.body());
        assert_eq!(
            error.debug_description(),
            "The browser (or proxy) sent a request that this server could not understand.\nKeyError: \"na'me\""
        );
    }

    #[test]
    fn a_wrapped_response_is_the_answer_and_has_no_code() {
        let mut response = Response::text("mine");
        response.set_status(StatusCode::IM_A_TEAPOT);
        let error = HttpError::from_response(response);
        assert_eq!(error.code(), None);
        assert_eq!(error.kind(), &HttpErrorKind::Response);
        let answer = error.to_response();
        assert_eq!(answer.status(), 418);
        assert_eq!(answer.body().as_bytes(), Some(&b"mine"[..]));
    }

    #[test]
    fn an_error_can_be_boxed_and_found_again() {
        let boxed: Box<dyn Error + Send + Sync> = HttpError::internal("disk full").into();
        let error = boxed.downcast::<HttpError>().unwrap();
        assert_eq!(error.source().unwrap().to_string(), "disk full");
    }
}
