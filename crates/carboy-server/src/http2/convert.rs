//! A response as the application made it → one that hyper may send.

use crate::headers::first;
use carboy_http::{Body, Method, Response};
use http::{HeaderValue, StatusCode, header, response::Parts};

/// Readies a response for hyper, which adds `Date` and `Content-Length`. `head`: the request was a HEAD.
pub(super) fn to_hyper(mut response: Response, head: bool) -> (Parts, Body) {
    let status = response.status();
    let bodyless = head
        || status.is_informational()
        || status == StatusCode::NO_CONTENT
        || status == StatusCode::NOT_MODIFIED;
    if bodyless {
        // Bytes after such a head would be taken for the next answer.
        response.finalize(if head { &Method::HEAD } else { &Method::GET });
    } else {
        correct_length(&mut response);
    }
    response.into_parts()
}

/// A `Content-Length` that is not the body's would shift every later answer on the connection; hyper
/// sends it as it is.
fn correct_length(response: &mut Response) {
    let Some(length) = response.body().as_bytes().map(<[u8]>::len) else { return };
    let Some(said) = first(response.headers(), &header::CONTENT_LENGTH) else { return };
    if said.to_str().ok().and_then(|text| text.parse::<usize>().ok()) != Some(length) {
        tracing::warn!(target: "carboy::server", length, "wrong Content-Length corrected");
        response.headers_mut().insert(header::CONTENT_LENGTH, HeaderValue::from(length));
    }
}
