//! A response as the application made it → one that may go on the wire.

use carboy_http::{Body, Response};
use http::{HeaderValue, StatusCode, header};

/// Readies a response for hyper, which adds `Date`, `Content-Length` or chunks, and leaves the body of
/// an answer to HEAD unsent. `head`: the request was a HEAD; `close`: say that the connection ends.
pub(crate) fn to_hyper(response: Response, head: bool, close: bool) -> http::Response<Body> {
    let mut response: http::Response<Body> = response.into();
    if close {
        response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
    let status = response.status();
    let bodyless =
        status.is_informational() || status == StatusCode::NO_CONTENT || status == StatusCode::NOT_MODIFIED;
    if bodyless {
        // RFC 9110 §6.4.1: these end with their header fields; bytes after them would be the next answer.
        *response.body_mut() = Body::empty();
        if status != StatusCode::NOT_MODIFIED {
            response.headers_mut().remove(header::CONTENT_LENGTH);
        }
        return response;
    }
    if let Some(length) = response.body().as_bytes().map(|bytes| bytes.len())
        && !(head && length == 0)
        && response.headers().get(header::CONTENT_LENGTH).is_some_and(|said| !says(said, length))
    {
        // Another number than the body's would shift every later answer on the connection.
        tracing::warn!(target: "carboy::server", length, "wrong Content-Length corrected");
        response.headers_mut().insert(header::CONTENT_LENGTH, HeaderValue::from(length));
    }
    if head {
        if let Some(length) = http_body::Body::size_hint(response.body()).exact().filter(|&n| n > 0) {
            response.headers_mut().entry(header::CONTENT_LENGTH).or_insert_with(|| length.into());
        }
        *response.body_mut() = Body::empty();
    }
    response
}

fn says(value: &HeaderValue, length: usize) -> bool {
    value.to_str().ok().and_then(|text| text.parse::<usize>().ok()) == Some(length)
}
