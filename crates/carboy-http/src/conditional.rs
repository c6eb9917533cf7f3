//! Conditional requests and ranges: may the client keep what it has, and which part does it want?
//!
//! Pure decisions over header texts. What they mean for a response (status, fields, body) is for the
//! response to apply.

use crate::{
    date::parse_date_unix,
    headers::{ETags, IfRange, Range, combined, unquote_etag},
};
use http::{HeaderMap, Method, header};
use std::borrow::Cow;

/// The fields of a request that make it conditional or ask for a part.
#[derive(Debug, Clone, Default)]
pub struct Conditions<'a> {
    /// `Range`.
    pub range: Option<Cow<'a, str>>,
    /// `If-Range`.
    pub if_range: Option<Cow<'a, str>>,
    /// `If-Modified-Since`.
    pub if_modified_since: Option<Cow<'a, str>>,
    /// `If-None-Match`.
    pub if_none_match: Option<Cow<'a, str>>,
    /// `If-Match`.
    pub if_match: Option<Cow<'a, str>>,
}

impl<'a> Conditions<'a> {
    /// The conditions of a request with these fields.
    pub fn of(headers: &'a HeaderMap) -> Self {
        Conditions {
            range: combined(headers, &header::RANGE),
            if_range: combined(headers, &header::IF_RANGE),
            if_modified_since: combined(headers, &header::IF_MODIFIED_SINCE),
            if_none_match: combined(headers, &header::IF_NONE_MATCH),
            if_match: combined(headers, &header::IF_MATCH),
        }
    }

    /// Whether there is none, so that the answer can only be the full one.
    pub fn is_empty(&self) -> bool {
        self.range.is_none()
            && self.if_range.is_none()
            && self.if_modified_since.is_none()
            && self.if_none_match.is_none()
            && self.if_match.is_none()
    }
}

/// What the response knows of the resource.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Validators<'a> {
    /// The `ETag` field as it stands there, with quotes.
    pub etag: Option<&'a str>,
    /// The `Last-Modified` field in seconds since 1970.
    pub last_modified: Option<i64>,
}

/// What becomes of the response.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// The response stays as it is.
    Full,
    /// 304: the client has it already.
    NotModified,
    /// 412: the client wanted something else to be there. The body is sent along.
    PreconditionFailed,
    /// 206: the bytes from `start` to before `stop` of `length`.
    Partial {
        /// The first byte.
        start: u64,
        /// The byte after the last one.
        stop: u64,
        /// How long the whole body is.
        length: u64,
    },
    /// 416: no such part in a body of this length.
    RangeNotSatisfiable {
        /// How long the whole body is.
        length: u64,
    },
}

/// Whether the resource has changed since the client got it: Werkzeug's `is_resource_modified`.
///
/// `If-None-Match` is compared weakly and overrules `If-Modified-Since`; `If-Match` is compared
/// strongly and overrules both, and `*` in it matches nothing. With `with_if_range`, and a `Range` in
/// the request, `If-Range` takes their place.
pub fn is_resource_modified(
    conditions: &Conditions<'_>,
    validators: Validators<'_>,
    with_if_range: bool,
) -> bool {
    let if_range = match &conditions.if_range {
        Some(value) if with_if_range && conditions.range.is_some() => IfRange::parse(value),
        _ => IfRange::Nothing,
    };
    let modified_since = match &if_range {
        IfRange::Date(date) => Some(*date),
        _ => conditions.if_modified_since.as_deref().and_then(parse_date_unix),
    };
    let mut unmodified = match (validators.last_modified, modified_since) {
        (Some(last_modified), Some(since)) => last_modified <= since,
        _ => false,
    };
    if let Some(etag) = validators.etag.filter(|etag| !etag.is_empty()) {
        let (tag, _) = unquote_etag(etag);
        if let IfRange::ETag(wanted) = &if_range {
            unmodified = wanted == tag;
        } else {
            let tags = |value: &Option<Cow<'_, str>>| {
                value.as_deref().map(ETags::parse).filter(|tags| !tags.is_empty())
            };
            if let Some(if_none_match) = tags(&conditions.if_none_match) {
                unmodified = if_none_match.contains_weak(tag);
            }
            if let Some(if_match) = tags(&conditions.if_match) {
                unmodified = !if_match.is_strong(tag);
            }
        }
    }
    !unmodified
}

/// Decides what becomes of a response, in Werkzeug's order: a range first, then the conditions.
///
/// `length` is the length of the whole body when parts of it may be asked for; without it (or with 0)
/// a `Range` is ignored. Only `GET` and `HEAD` are ever anything but [`Outcome::Full`]. At most one
/// range is served.
///
/// ```
/// use carboy_http::conditional::{Conditions, Outcome, Validators, decide};
/// let conditions = Conditions { range: Some("bytes=6-".into()), ..Conditions::default() };
/// let outcome = decide(&http::Method::GET, &conditions, Validators::default(), Some(12));
/// assert_eq!(outcome, Outcome::Partial { start: 6, stop: 12, length: 12 });
/// ```
pub fn decide(
    method: &Method,
    conditions: &Conditions<'_>,
    validators: Validators<'_>,
    length: Option<u64>,
) -> Outcome {
    if !matches!(*method, Method::GET | Method::HEAD) || conditions.is_empty() {
        return Outcome::Full;
    }
    if let (Some(range), Some(length @ 1..)) = (conditions.range.as_deref(), length)
        && (conditions.if_range.is_none() || !is_resource_modified(conditions, validators, true))
    {
        let part = Range::parse(range).and_then(|range| range.range_for_length(Some(length)));
        return match part {
            Some((start, stop)) => Outcome::Partial { start, stop, length },
            None => Outcome::RangeNotSatisfiable { length },
        };
    }
    if is_resource_modified(conditions, validators, false) {
        return Outcome::Full;
    }
    let if_match = conditions.if_match.as_deref().map(ETags::parse);
    match if_match {
        Some(tags) if !tags.is_empty() => Outcome::PreconditionFailed,
        _ => Outcome::NotModified,
    }
}
