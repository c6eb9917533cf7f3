//! Return values: what a view may give back, and the response that it becomes.

use super::Json;
use crate::{Error, Result};
use bytes::Bytes;
use carboy_http::{Body, HeaderMap, HeaderName, HeaderValue, HttpError, Response, Status, StatusCode};
use serde::Serialize;
use std::{borrow::Cow, sync::Arc};

/// A value that a view may return, by the rules of Flask's `make_response`.
///
/// | value | response |
/// |---|---|
/// | text, bytes, [`Html`] | 200, `text/html; charset=utf-8` |
/// | `serde_json::Value`, [`Json<T>`] | 200, `application/json`, as Flask's `jsonify` writes it |
/// | `(body, status)`, `(body, headers)`, `(body, status, headers)` | the body's, with another status and header fields |
/// | [`Redirect`] | what `redirect()` was told |
/// | [`Response`] | itself; also a streamed one |
/// | [`HttpError`] | its page |
/// | `()` | 200, empty |
/// | `Option<T>` | that of the `T`, or the error 404 |
/// | `Result<T, E>` | that of the `T`, or the error |
///
/// A status is a number, a [`StatusCode`] or text such as `"299 Custom"`. Header fields are an array, a slice or a `Vec` of
/// pairs, or a [`HeaderMap`]; they replace fields of the same name that the body brought, and repeat if they repeat in the
/// list.
///
/// ```
/// use carboy::IntoResponse;
///
/// fn created() -> impl IntoResponse {
///     ("made", 201, [("X-Id", "7")])
/// }
/// let response = created().into_response()?;
/// assert_eq!(response.status(), 201);
/// assert_eq!(response.headers()["x-id"], "7");
/// # Ok::<(), carboy::Error>(())
/// ```
#[diagnostic::on_unimplemented(
    message = "a view cannot return `{Self}`",
    label = "not a response",
    note = "return text, `Html`, `Json`, `Redirect`, `Response`, `(body, status)`, `(body, status, headers)`, an `Option` \
            or a `Result` of one of them"
)]
pub trait IntoResponse {
    /// The response.
    ///
    /// # Errors
    /// What the error handlers are asked about: the `Err` of a `Result`, 404 for `None`, and an internal error for a value
    /// that cannot be serialized or a header field that cannot be sent.
    fn into_response(self) -> Result<Response>;
}

impl IntoResponse for Response {
    #[inline]
    fn into_response(self) -> Result<Response> {
        Ok(self)
    }
}

macro_rules! bodies {
    ($($ty:ty => |$value:ident| $body:expr;)+) => {$(
        impl IntoResponse for $ty {
            #[inline]
            fn into_response(self) -> Result<Response> {
                let $value = self;
                Ok(Response::html($body))
            }
        }
    )+};
}

bodies! {
    &'static str => |text| text;
    String => |text| text;
    Box<str> => |text| text.into_string();
    Arc<str> => |text| text.to_string();
    Cow<'static, str> => |text| match text { Cow::Borrowed(text) => Body::from(text), Cow::Owned(text) => Body::from(text) };
    &'static [u8] => |bytes| Bytes::from_static(bytes);
    Vec<u8> => |bytes| bytes;
    Box<[u8]> => |bytes| Bytes::from(bytes);
    Bytes => |bytes| bytes;
    Body => |body| body;
}

impl<const N: usize> IntoResponse for &'static [u8; N] {
    fn into_response(self) -> Result<Response> {
        self.as_slice().into_response()
    }
}

impl IntoResponse for () {
    fn into_response(self) -> Result<Response> {
        Ok(Response::empty())
    }
}

impl IntoResponse for serde_json::Value {
    fn into_response(self) -> Result<Response> {
        Json(self).into_response()
    }
}

impl<T: Serialize> IntoResponse for Json<T> {
    fn into_response(self) -> Result<Response> {
        crate::json::jsonify(&self.0)
    }
}

impl IntoResponse for HttpError {
    /// The error as an answer, without asking the error handlers; `Err(error)` and `abort` ask them.
    fn into_response(self) -> Result<Response> {
        Ok(self.to_response())
    }
}

impl<T: IntoResponse> IntoResponse for Option<T> {
    fn into_response(self) -> Result<Response> {
        match self {
            Some(value) => value.into_response(),
            None => Err(HttpError::new(StatusCode::NOT_FOUND).into()),
        }
    }
}

impl<T: IntoResponse, E: Into<Error>> IntoResponse for std::result::Result<T, E> {
    #[inline]
    fn into_response(self) -> Result<Response> {
        match self {
            Ok(value) => value.into_response(),
            Err(error) => Err(error.into()),
        }
    }
}

/// A status or header fields: what stands behind the body in a tuple.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is neither a status nor header fields",
    label = "not a status, and not header fields",
    note = "the tuple must have the form `(body, status)`, `(body, headers)` or `(body, status, headers)`: a status is a \
            number, a `StatusCode` or text, header fields are pairs of texts"
)]
pub trait ResponsePart {
    /// Changes the response.
    ///
    /// # Errors
    /// For a status or a header field that cannot be sent.
    fn apply(self, response: &mut Response) -> Result<()>;
}

impl ResponsePart for StatusCode {
    fn apply(self, response: &mut Response) -> Result<()> {
        response.set_status(self);
        Ok(())
    }
}

impl ResponsePart for Status {
    fn apply(self, response: &mut Response) -> Result<()> {
        response.set_status(self);
        Ok(())
    }
}

impl ResponsePart for u16 {
    fn apply(self, response: &mut Response) -> Result<()> {
        response.set_status(Status::try_from(self)?);
        Ok(())
    }
}

impl ResponsePart for &str {
    fn apply(self, response: &mut Response) -> Result<()> {
        response.set_status(Status::try_from(self)?);
        Ok(())
    }
}

impl ResponsePart for HeaderMap {
    fn apply(self, response: &mut Response) -> Result<()> {
        // `extend` replaces the fields that were there, and keeps those that repeat in the argument.
        response.headers_mut().extend(self);
        Ok(())
    }
}

impl<K: AsRef<[u8]>, V: AsRef<[u8]>, const N: usize> ResponsePart for [(K, V); N] {
    fn apply(self, response: &mut Response) -> Result<()> {
        self.as_slice().apply(response)
    }
}

impl<K: AsRef<[u8]>, V: AsRef<[u8]>> ResponsePart for Vec<(K, V)> {
    fn apply(self, response: &mut Response) -> Result<()> {
        self.as_slice().apply(response)
    }
}

impl<K: AsRef<[u8]>, V: AsRef<[u8]>> ResponsePart for &[(K, V)] {
    fn apply(self, response: &mut Response) -> Result<()> {
        let mut fields = HeaderMap::with_capacity(self.len());
        for (name, value) in self {
            let name = HeaderName::from_bytes(name.as_ref())?;
            fields.append(name, header_value(value.as_ref())?);
        }
        fields.apply(response)
    }
}

fn header_value(value: &[u8]) -> Result<HeaderValue> {
    if value.iter().any(|byte| matches!(byte, b'\r' | b'\n')) {
        return Err(Error::msg("Header values must not contain newline characters."));
    }
    match std::str::from_utf8(value) {
        // Text goes out as Latin-1, as in WSGI.
        Ok(text) if !text.is_ascii() => {
            let bytes: Option<Vec<u8>> = text.chars().map(|c| u8::try_from(c).ok()).collect();
            let bytes = bytes.ok_or_else(|| Error::msg("Header values are Latin-1 text."))?;
            Ok(HeaderValue::try_from(bytes)?)
        }
        _ => Ok(HeaderValue::from_bytes(value)?),
    }
}

impl<B: IntoResponse, P: ResponsePart> IntoResponse for (B, P) {
    fn into_response(self) -> Result<Response> {
        let mut response = self.0.into_response()?;
        self.1.apply(&mut response)?;
        Ok(response)
    }
}

impl<B: IntoResponse, S: ResponsePart, H: ResponsePart> IntoResponse for (B, S, H) {
    fn into_response(self) -> Result<Response> {
        let mut response = (self.0, self.1).into_response()?;
        self.2.apply(&mut response)?;
        Ok(response)
    }
}

/// A page: text of the type `text/html`, as rendering a template gives it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct Html(pub String);

impl From<String> for Html {
    fn from(text: String) -> Self {
        Html(text)
    }
}

impl From<&str> for Html {
    fn from(text: &str) -> Self {
        Html(text.to_owned())
    }
}

impl std::fmt::Display for Html {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl IntoResponse for Html {
    #[inline]
    fn into_response(self) -> Result<Response> {
        Ok(Response::html(self.0))
    }
}

/// An answer that sends the client elsewhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Redirect {
    location: String,
    status: StatusCode,
}

/// Sends the client to another URL with 302 Found, as `flask.redirect` does.
///
/// ```
/// use carboy::{IntoResponse, redirect};
///
/// let response = redirect("/é?x=1 2").into_response()?;
/// assert_eq!(response.status(), 302);
/// assert_eq!(response.headers()["location"], "/%C3%A9?x=1%202");
/// # Ok::<(), carboy::Error>(())
/// ```
pub fn redirect(location: impl Into<String>) -> Redirect {
    Redirect { location: location.into(), status: StatusCode::FOUND }
}

impl Redirect {
    /// Another status: 303 after a form, 307 and 308 keep the method, 301 and 308 are remembered.
    pub fn with_status(mut self, status: StatusCode) -> Self {
        self.status = status;
        self
    }

    /// 303 See Other: the client asks for the new URL with GET.
    pub fn see_other(location: impl Into<String>) -> Self {
        redirect(location).with_status(StatusCode::SEE_OTHER)
    }

    /// 307 Temporary Redirect: the client repeats the request there.
    pub fn temporary(location: impl Into<String>) -> Self {
        redirect(location).with_status(StatusCode::TEMPORARY_REDIRECT)
    }

    /// 308 Permanent Redirect: the client repeats the request there, and remembers.
    pub fn permanent(location: impl Into<String>) -> Self {
        redirect(location).with_status(StatusCode::PERMANENT_REDIRECT)
    }

    /// Where to.
    pub fn location(&self) -> &str {
        &self.location
    }
}

impl IntoResponse for Redirect {
    /// Werkzeug's page, which shows the target as it was given; `Location` is ASCII.
    fn into_response(self) -> Result<Response> {
        Ok(carboy_http::redirect(&self.location, self.status)?)
    }
}

impl From<Html> for Response {
    fn from(html: Html) -> Self {
        Response::html(html.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(value: impl IntoResponse) -> (u16, String, String) {
        let response = value.into_response().unwrap();
        let kind = response.headers()["content-type"].to_str().unwrap().to_owned();
        let body = String::from_utf8(response.body().as_bytes().unwrap().to_vec()).unwrap();
        (response.status().as_u16(), kind, body)
    }

    fn html(status: u16, body: &str) -> (u16, String, String) {
        (status, "text/html; charset=utf-8".to_owned(), body.to_owned())
    }

    #[test]
    fn text_and_bytes_are_pages() {
        assert_eq!(answer("é"), html(200, "é"));
        assert_eq!(answer(String::from("a")), html(200, "a"));
        assert_eq!(answer(Cow::Borrowed("a")), html(200, "a"));
        assert_eq!(answer(b"a"), html(200, "a"));
        assert_eq!(answer(vec![b'a']), html(200, "a"));
        assert_eq!(answer(Html::from("a")), html(200, "a"));
        assert_eq!(answer(()), html(200, ""));
    }

    #[test]
    fn a_tuple_has_body_status_and_headers_in_this_order() {
        assert_eq!(answer(("a", 201)), html(201, "a"));
        assert_eq!(answer(("a", StatusCode::ACCEPTED)), html(202, "a"));
        let response = ("a", 201, [("X-A", "1")]).into_response().unwrap();
        assert_eq!((response.status().as_u16(), response.headers()["x-a"].to_str().unwrap()), (201, "1"));
        let response = ("a", vec![("X-A".to_owned(), "1")]).into_response().unwrap();
        assert_eq!(response.headers()["x-a"], "1");
    }

    #[test]
    fn a_status_may_be_text_with_a_reason() {
        let response = ("a", "299 Custom").into_response().unwrap();
        assert_eq!(response.status_line().to_string(), "299 Custom");
        assert!(("a", "").into_response().is_err());
        assert!(("a", "teapot").into_response().is_err());
    }

    #[test]
    fn headers_replace_fields_of_the_body_and_repeat_among_themselves() {
        let response =
            ("a", [("Content-Type", "text/plain"), ("X-A", "1"), ("x-a", "2")]).into_response().unwrap();
        assert_eq!(response.headers()["content-type"], "text/plain");
        assert_eq!(response.headers().get_all("x-a").iter().collect::<Vec<_>>(), ["1", "2"]);
        assert_eq!(response.headers().get_all("content-type").iter().count(), 1);
    }

    #[test]
    fn a_header_with_a_newline_is_an_internal_error() {
        let error = ("a", [("X-A", "1\r\nX-B: 2")]).into_response().unwrap_err();
        assert_eq!(error.to_string(), "Header values must not contain newline characters.");
        assert_eq!(error.status(), 500);
    }

    #[test]
    fn nothing_found_is_404() {
        assert_eq!(None::<&'static str>.into_response().unwrap_err().status(), 404);
        assert_eq!(answer(Some("a")), html(200, "a"));
    }

    #[test]
    fn an_error_of_any_type_is_passed_on() {
        let returned: std::result::Result<&'static str, std::num::ParseIntError> =
            "x".parse::<u8>().map(|_| "a");
        assert!(returned.into_response().unwrap_err().is::<std::num::ParseIntError>());
    }

    #[test]
    fn a_redirect_shows_its_target_and_sends_it_in_ascii() {
        let response = redirect("/é?x=1 2&y=\"").into_response().unwrap();
        assert_eq!(response.headers()["location"], "/%C3%A9?x=1%202&y=%22");
        let (status, kind, body) = answer(redirect("/é?x=1 2&y=\""));
        assert_eq!((status, kind.as_str()), (302, "text/html; charset=utf-8"));
        assert!(body.contains(r#"<a href="/é?x=1 2&amp;y=&#34;">/é?x=1 2&amp;y=&#34;</a>"#), "{body}");
    }

    #[test]
    fn a_line_break_in_a_redirect_is_an_error() {
        let error = redirect("/a\r\nX-B: 1").into_response().unwrap_err();
        assert_eq!(error.status(), 500);
        assert_eq!(error.to_string(), "Header values must not contain newline characters.");
    }

    #[test]
    fn text_in_header_fields_is_latin_1_as_in_wsgi() {
        let response = ("", [("X-A", "é"), ("X-B", "plain")]).into_response().unwrap();
        assert_eq!(response.headers()["x-a"].as_bytes(), b"\xe9");
        assert_eq!(response.headers()["x-b"], "plain");
        assert!(("", [("X-A", "日")]).into_response().is_err());
        // Bytes that are no text are the caller's own.
        let response = ("", [("X-A", b"\xe9\xff")]).into_response().unwrap();
        assert_eq!(response.headers()["x-a"].as_bytes(), b"\xe9\xff");
    }
}
