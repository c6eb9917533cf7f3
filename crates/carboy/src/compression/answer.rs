//! Which answers are compressed, and what their header fields say then.

use super::{
    Compress, Compression,
    body::{AT_ONCE, Compressed},
    coding::{Coding, Encoder},
};
use carboy_http::{
    Body, HeaderMap, HeaderName, HeaderValue, Method, Response, StatusCode, header,
    headers::{Accept, AcceptKind, ETags, HeaderSet, text, unquote_etag},
};
use std::{convert::Infallible, io};

/// What a request says about compressed answers.
pub(crate) struct Wish {
    accept: Option<String>,
    if_none_match: Option<String>,
    head: bool,
}

/// Statements about the bytes of an answer (RFC 9530): such an answer is left as it is.
static DIGESTS: [HeaderName; 4] = [
    HeaderName::from_static("content-digest"),
    HeaderName::from_static("content-md5"),
    HeaderName::from_static("digest"),
    HeaderName::from_static("repr-digest"),
];

impl Wish {
    /// Takes note of a request before it is answered.
    ///
    /// A part is asked for under the condition that the rest is still the same: a weak tag cannot say so (RFC 9110 section
    /// 13.1.5), least of all one that was made weak here. Such a request gets the whole.
    pub(crate) fn of(method: &Method, headers: &mut HeaderMap) -> Wish {
        let weak = headers.get(header::IF_RANGE).is_some_and(|tag| tag.as_bytes().starts_with(b"W/"));
        if weak {
            headers.remove(header::RANGE);
        }
        let field = |name| headers.get(name).map(|value| text(value).into_owned());
        Wish {
            accept: carboy_http::headers::combined(headers, &header::ACCEPT_ENCODING)
                .map(|value| value.into_owned()),
            if_none_match: field(header::IF_NONE_MATCH),
            head: *method == Method::HEAD,
        }
    }
}

impl Compression {
    /// The answer, compressed if it may be.
    pub(crate) fn answer(&self, wish: &Wish, response: http::Response<Body>) -> http::Response<Body> {
        let mut response = Response::from(response);
        if response.status() == StatusCode::NOT_MODIFIED {
            not_modified(wish, &mut response);
            return response.into();
        }
        let accept = Accept::parse(wish.accept.as_deref().unwrap_or_default(), AcceptKind::Plain);
        if !self.is_candidate(&response, wish.head, accept.refuses_identity()) {
            return response.into();
        }
        response.add_vary(&header::ACCEPT_ENCODING);
        let names: Vec<&str> = self.codings.iter().map(|coding| coding.name()).collect();
        let chosen = accept.best_coding(&names);
        match self.codings.iter().find(|coding| Some(coding.name()) == chosen) {
            Some(&coding) => match self.compress(coding, wish.head, response) {
                Ok(response) => response.into(),
                Err(error) => {
                    tracing::error!(target: "carboy::app", "an answer cannot be compressed: {error}");
                    carboy_http::HttpError::internal(error).to_response().into()
                }
            },
            None => response.into(),
        }
    }

    /// Whether the answer is compressed for clients that take it so. Neither its size nor its type counts for one that does not
    /// take it otherwise.
    fn is_candidate(&self, response: &Response, head: bool, refused: bool) -> bool {
        let headers = response.headers();
        let wanted = response.extensions().get::<Compress>().copied();
        let status = response.status();
        let coded = headers.get(header::CONTENT_ENCODING).is_some_and(|coding| coding != "identity");
        if wanted == Some(Compress::Never)
            || coded
            || status.is_informational()
            || matches!(
                status,
                StatusCode::NO_CONTENT | StatusCode::RESET_CONTENT | StatusCode::PARTIAL_CONTENT
            )
            || headers.contains_key(header::CONTENT_RANGE)
            || DIGESTS.iter().any(|digest| headers.contains_key(digest))
            || response.cache_control().no_transform()
        {
            return false;
        }
        let known = response.body().as_bytes().map(|bytes| bytes.len() as u64);
        // The answer to HEAD has lost its bytes, but still says how many there were.
        let length = if head {
            response.content_length().or(known.filter(|length| *length > 0))
        } else {
            known.or(response.content_length())
        };
        if length == Some(0) {
            return false;
        }
        if wanted == Some(Compress::Always) {
            return true;
        }
        let secret = headers.contains_key(header::SET_COOKIE)
            || HeaderSet::of(headers, &header::VARY).contains("cookie");
        if secret && !self.with_cookies {
            return false;
        }
        refused
            || (length.is_none_or(|length| length >= self.min_size)
                && response
                    .mimetype()
                    .is_some_and(|mimetype| self.takes_type(&mimetype.to_ascii_lowercase())))
    }

    fn compress(&self, coding: Coding, head: bool, mut response: Response) -> io::Result<Response> {
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static(coding.name()));
        headers.remove(header::CONTENT_LENGTH);
        // Parts are parts of what is not compressed.
        headers.remove(header::ACCEPT_RANGES);
        weaken(headers);
        if head {
            *response.body_mut() =
                Body::from_stream(futures_util::stream::empty::<Result<&[u8], Infallible>>());
            return Ok(response);
        }
        let mut encoder = Encoder::new(coding, self)?;
        match response.data() {
            Some(data) if data.len() <= AT_ONCE => {
                encoder.write(data)?;
                response.set_data(encoder.finish()?);
                Ok(response)
            }
            _ => Ok(response.map_body(|body| Body::stream(Compressed::new(body, encoder)))),
        }
    }
}

/// Makes an entity tag weak: the bytes are others, their meaning is the same (RFC 9110 section 8.8.1).
fn weaken(headers: &mut HeaderMap) {
    if let Some(tag) = headers.get(header::ETAG)
        && tag.as_bytes().starts_with(b"\"")
        && let Ok(weak) = HeaderValue::from_bytes(&[b"W/", tag.as_bytes()].concat())
    {
        headers.insert(header::ETAG, weak);
    }
}

/// A 304 has the tag that the whole answer would have (RFC 9110 section 15.4.5): the client has said which one it got.
fn not_modified(wish: &Wish, response: &mut Response) {
    let Some(tag) = response.headers().get(header::ETAG).map(|tag| text(tag).into_owned()) else { return };
    let (tag, is_weak) = unquote_etag(&tag);
    let known = wish.if_none_match.as_deref().map(ETags::parse);
    if !is_weak && known.is_some_and(|known| known.is_weak(tag) && !known.is_strong(tag)) {
        weaken(response.headers_mut());
        response.add_vary(&header::ACCEPT_ENCODING);
    }
}
