//! A response: status, header fields, body.

use crate::{
    Body, ReasonPhrase, Status,
    recycle::{self, Spare},
};
use bytes::Bytes;
use http::{Extensions, HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Version, header};

mod conditional;
mod headers;
mod redirect;

pub use headers::HeaderError;
pub use redirect::redirect;

/// One HTTP response.
///
/// Boxed, because a response changes hands a dozen times before it is sent.
#[derive(Debug)]
pub struct Response(Box<http::Response<Body>>);

thread_local! {
    static SPARE: Spare<Response> = const { Spare::new() };
}

const HTML: HeaderValue = HeaderValue::from_static("text/html; charset=utf-8");
const TEXT: HeaderValue = HeaderValue::from_static("text/plain; charset=utf-8");
const JSON: HeaderValue = HeaderValue::from_static("application/json");
const OCTETS: HeaderValue = HeaderValue::from_static("application/octet-stream");

impl Response {
    /// A response with status 200, no header fields and this body.
    pub fn new(body: impl Into<Body>) -> Self {
        Response::with(body.into())
    }

    fn with(body: Body) -> Self {
        match SPARE.try_with(Spare::take) {
            Ok(Some(mut response)) => {
                *response.body_mut() = body;
                response
            }
            _ => http::Response::new(body).into(),
        }
    }

    /// Ends a response that was sent, and keeps its memory for the next one that this thread makes: for servers.
    pub fn recycle(mut self) {
        if !recycle::clear(self.headers_mut()) {
            return;
        }
        *self.body_mut() = Body::empty();
        *self.0.status_mut() = StatusCode::OK;
        *self.0.version_mut() = Version::HTTP_11;
        if !self.extensions().is_empty() {
            self.extensions_mut().clear();
        }
        let _ = SPARE.try_with(|spare| spare.keep(self));
    }

    /// An empty response with status 200 and Flask's default content type (`make_response()`).
    pub fn empty() -> Self {
        Response::typed(Body::empty(), HTML)
    }

    /// A page: `text/html; charset=utf-8`, which is also Flask's type for a view's text or bytes.
    pub fn html(body: impl Into<Body>) -> Self {
        Response::typed(body.into(), HTML)
    }

    /// Plain text: `text/plain; charset=utf-8`.
    pub fn text(body: impl Into<Body>) -> Self {
        Response::typed(body.into(), TEXT)
    }

    /// Bytes: `application/octet-stream`.
    pub fn bytes(body: impl Into<Body>) -> Self {
        Response::typed(body.into(), OCTETS)
    }

    /// JSON that is already serialized: `application/json`.
    pub fn json_bytes(body: impl Into<Body>) -> Self {
        Response::typed(body.into(), JSON)
    }

    /// A streamed response of Flask's default content type, without a length.
    pub fn stream<S, T, E>(chunks: S) -> Self
    where
        S: futures_util::Stream<Item = Result<T, E>> + Send + 'static,
        T: Into<Bytes>,
        E: Into<crate::BodyError>,
    {
        Response::typed(Body::from_stream(chunks), HTML)
    }

    fn typed(body: Body, content_type: HeaderValue) -> Self {
        let mut response = Response::with(body);
        response.headers_mut().insert(header::CONTENT_TYPE, content_type);
        response
    }

    /// The status.
    pub fn status(&self) -> StatusCode {
        self.0.status()
    }

    /// The status with its reason phrase: prints as Werkzeug's `response.status`, such as `404 NOT FOUND`.
    pub fn status_line(&self) -> Status {
        Status::new(self.status(), self.0.extensions().get::<ReasonPhrase>().cloned())
    }

    /// Changes the status.
    ///
    /// It takes a [`StatusCode`], or a [`Status`], which may have a reason phrase of its own.
    pub fn set_status(&mut self, status: impl Into<Status>) -> &mut Self {
        let (code, reason) = status.into().into_parts();
        *self.0.status_mut() = code;
        match reason {
            Some(reason) => {
                self.0.extensions_mut().insert(reason);
            }
            None if !self.0.extensions().is_empty() => {
                self.0.extensions_mut().remove::<ReasonPhrase>();
            }
            None => {}
        }
        self
    }

    /// The same response with this status.
    pub fn with_status(mut self, status: impl Into<Status>) -> Self {
        self.set_status(status);
        self
    }

    /// The header fields.
    pub fn headers(&self) -> &HeaderMap {
        self.0.headers()
    }

    /// The header fields, to change them.
    pub fn headers_mut(&mut self) -> &mut HeaderMap {
        self.0.headers_mut()
    }

    /// Values that layers attach for one another; they are not sent.
    pub fn extensions(&self) -> &Extensions {
        self.0.extensions()
    }

    /// Values that layers attach for one another, to change them.
    pub fn extensions_mut(&mut self) -> &mut Extensions {
        self.0.extensions_mut()
    }

    /// The body.
    pub fn body(&self) -> &Body {
        self.0.body()
    }

    /// The body, to replace it.
    pub fn body_mut(&mut self) -> &mut Body {
        self.0.body_mut()
    }

    /// Replaces the body by what the function makes of it. A length that was set is removed.
    pub fn map_body(self, map: impl FnOnce(Body) -> Body) -> Self {
        let mut response = (*self.0).map(map);
        response.headers_mut().remove(header::CONTENT_LENGTH);
        response.into()
    }

    /// Head and body apart.
    pub fn into_parts(self) -> (http::response::Parts, Body) {
        self.0.into_parts()
    }

    /// A response of a head and a body.
    pub fn from_parts(parts: http::response::Parts, body: Body) -> Self {
        http::Response::from_parts(parts, body).into()
    }

    /// The bytes of the body when they are at hand; `None` for a stream.
    pub fn data(&self) -> Option<&[u8]> {
        self.body().as_bytes()
    }

    /// Replaces the body, sets `Content-Length`, and keeps what should run when the response closes.
    pub fn set_data(&mut self, data: impl Into<Bytes>) -> &mut Self {
        let data = data.into();
        self.headers_mut().insert(header::CONTENT_LENGTH, length_value(data.len()));
        self.body_mut().replace(Body::from(data));
        self
    }

    /// The body read as JSON.
    ///
    /// `None` for a response that is not JSON by its content type, as in Werkzeug.
    ///
    /// # Errors
    /// When the bytes do not parse as `T`; a stream counts as empty.
    pub fn json<T: serde::de::DeserializeOwned>(&self) -> Result<Option<T>, serde_json::Error> {
        if !self.is_json() {
            return Ok(None);
        }
        serde_json::from_slice(self.data().unwrap_or_default()).map(Some)
    }

    /// Whether the content type is `application/json` or `application/*+json`.
    pub fn is_json(&self) -> bool {
        self.mimetype().is_some_and(|mimetype| crate::request::is_json_mimetype(&mimetype))
    }

    /// Runs a function once, after the last byte was sent or the client has gone (`call_on_close`).
    pub fn on_close(&mut self, function: impl FnOnce() + Send + 'static) -> &mut Self {
        self.body_mut().on_close(function);
        self
    }

    /// Makes the response fit to be sent as the answer to a request of this method.
    ///
    /// Sets `Content-Length` when the bytes are at hand and it is not set; takes the body of an answer to
    /// HEAD and of statuses that have none, and the fields that describe it (Werkzeug's
    /// `get_wsgi_response`; RFC 9110 sections 6.4.1 and 8.6). Doing it again changes nothing.
    pub fn finalize(&mut self, method: &Method) {
        let status = self.status();
        if status.is_informational() || status == StatusCode::NO_CONTENT {
            self.headers_mut().remove(header::CONTENT_LENGTH);
            *self.body_mut() = Body::empty();
        } else if status == StatusCode::NOT_MODIFIED {
            for name in &ENTITY_HEADERS {
                self.headers_mut().remove(name);
            }
            *self.body_mut() = Body::empty();
        } else {
            if let Some(length) = self.body().as_bytes().map(<[u8]>::len)
                && let header::Entry::Vacant(entry) = self.headers_mut().entry(header::CONTENT_LENGTH)
            {
                entry.insert(length_value(length));
            }
            if *method == Method::HEAD {
                let withheld = self.body().withheld();
                *self.body_mut() = withheld;
            }
        }
    }
}

/// A length as a header value; one of up to three digits costs no allocation.
fn length_value(length: usize) -> HeaderValue {
    const SMALL: [[u8; 3]; 1000] = {
        let mut table = [[0; 3]; 1000];
        let mut n = 0;
        while n < 1000 {
            table[n] = [b'0' + (n / 100) as u8, b'0' + (n / 10 % 10) as u8, b'0' + (n % 10) as u8];
            n += 1;
        }
        table
    };
    static DIGITS: [[u8; 3]; 1000] = SMALL;
    let leading_zeros = match length {
        0..10 => 2,
        10..100 => 1,
        _ => 0,
    };
    match DIGITS.get(length).map(|digits| str::from_utf8(&digits[leading_zeros..])) {
        Some(Ok(text)) => HeaderValue::from_static(text),
        _ => HeaderValue::from(length),
    }
}

/// The fields that describe content, which a 304 must not have (Werkzeug's `remove_entity_headers`).
static ENTITY_HEADERS: [HeaderName; 8] = [
    header::ALLOW,
    header::CONTENT_ENCODING,
    header::CONTENT_LANGUAGE,
    header::CONTENT_LENGTH,
    HeaderName::from_static("content-md5"),
    header::CONTENT_RANGE,
    header::CONTENT_TYPE,
    header::LAST_MODIFIED,
];

impl From<http::Response<Body>> for Response {
    fn from(response: http::Response<Body>) -> Self {
        Response(Box::new(response))
    }
}

impl From<Response> for http::Response<Body> {
    fn from(response: Response) -> Self {
        *response.0
    }
}

#[cfg(test)]
mod tests;
