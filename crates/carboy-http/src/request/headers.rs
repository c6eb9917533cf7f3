//! What the header fields say, parsed.

use super::Request;
use crate::{
    MultiDict,
    cookie::parse_cookie,
    date::parse_date,
    headers::{
        Accept, AcceptKind, Authorization, ETags, HeaderSet, IfRange, Options, Range, RequestCacheControl,
        combined, parse_list_header, parse_options_header, text,
    },
};
use http::{HeaderMap, HeaderName, header};
use std::{borrow::Cow, net::IpAddr, time::SystemTime};

impl Request {
    /// The first value of a field as text, bytes outside ASCII read as Latin-1; `None` when it is missing.
    pub fn header(&self, name: &str) -> Option<Cow<'_, str>> {
        self.headers().get(name).map(text)
    }

    fn field(&self, name: HeaderName) -> Option<Cow<'_, str>> {
        self.headers().get(name).map(text)
    }

    /// All values of a field as one text, empty when it is missing.
    fn joined(&self, name: &HeaderName) -> Cow<'_, str> {
        combined(self.headers(), name).unwrap_or_default()
    }

    /// The cookies; of duplicates, the first counts.
    pub fn cookies(&self) -> MultiDict<String> {
        if !self.headers().contains_key(header::COOKIE) {
            return MultiDict::new();
        }
        let parse = || {
            let fields: Vec<&[u8]> =
                self.headers().get_all(header::COOKIE).iter().map(|v| v.as_bytes()).collect();
            let field = fields.join(&b';');
            let mut cookies = MultiDict::new();
            for (name, value) in parse_cookie(&field) {
                cookies.add(name, value.into_owned());
            }
            cookies
        };
        self.lazy().cookies.get_or_init(parse).clone()
    }

    /// One cookie, found without keeping the others: for code that runs for every request.
    pub fn cookie(&self, name: &str) -> Option<String> {
        if let Some(cookies) = self.0.lazy.get().and_then(|lazy| lazy.cookies.get()) {
            return cookies.get_str(name).map(str::to_owned);
        }
        let mut fields = self.headers().get_all(header::COOKIE).iter();
        fields.find_map(|field| {
            parse_cookie(field.as_bytes()).find(|(key, _)| key == name).map(|(_, v)| v.into_owned())
        })
    }

    /// The content type with its parameters, as it was sent.
    pub fn content_type(&self) -> Option<Cow<'_, str>> {
        self.field(header::CONTENT_TYPE)
    }

    /// The content type without its parameters, in lower case; empty when there is none.
    pub fn mimetype(&self) -> String {
        let content_type = self.content_type().unwrap_or_default();
        parse_options_header(&content_type).0.to_lowercase()
    }

    /// The parameters of the content type, such as `charset`.
    pub fn mimetype_params(&self) -> Options {
        let content_type = self.content_type().unwrap_or_default();
        parse_options_header(&content_type).1
    }

    /// Whether the content type is this one (which is in lower case), whatever its parameters.
    pub(super) fn has_mimetype(&self, mimetype: &str) -> bool {
        self.headers().get(header::CONTENT_TYPE).is_some_and(|value| {
            let value = value.as_bytes();
            let end = memchr::memchr(b';', value).unwrap_or(value.len());
            value[..end].trim_ascii().eq_ignore_ascii_case(mimetype.as_bytes())
        })
    }

    /// The length that the client announced.
    ///
    /// `None` when it announced none or sends chunks; 0 for text that is no length, which is Werkzeug's reading.
    pub fn content_length(&self) -> Option<u64> {
        content_length(self.headers())
    }

    /// How the content is encoded, as in `gzip`.
    pub fn content_encoding(&self) -> Option<Cow<'_, str>> {
        self.field(header::CONTENT_ENCODING)
    }

    /// The address of the client, or of the proxy before it.
    pub fn remote_addr(&self) -> Option<IpAddr> {
        self.connection().remote_addr.map(|address| address.ip().to_canonical())
    }

    /// The addresses from the client to the last proxy, as `X-Forwarded-For` has them: anybody can send that field.
    /// Without it, the address of the client alone.
    pub fn access_route(&self) -> Vec<String> {
        match self.header("x-forwarded-for") {
            Some(_) => parse_list_header(&self.joined(&HeaderName::from_static("x-forwarded-for"))),
            None => self.remote_addr().map(|address| address.to_string()).into_iter().collect(),
        }
    }

    /// Who the client says it is; `None` without the field, or when it is malformed.
    pub fn authorization(&self) -> Option<Authorization> {
        Authorization::parse(&self.field(header::AUTHORIZATION)?)
    }

    /// The media types that the client accepts.
    pub fn accept_mimetypes(&self) -> Accept {
        Accept::parse(&self.joined(&header::ACCEPT), AcceptKind::Mime)
    }

    /// The charsets that the client accepts.
    pub fn accept_charsets(&self) -> Accept {
        Accept::parse(&self.joined(&header::ACCEPT_CHARSET), AcceptKind::Charset)
    }

    /// The encodings, such as compressions, that the client accepts.
    pub fn accept_encodings(&self) -> Accept {
        Accept::parse(&self.joined(&header::ACCEPT_ENCODING), AcceptKind::Plain)
    }

    /// The languages that the client accepts.
    pub fn accept_languages(&self) -> Accept {
        Accept::parse(&self.joined(&header::ACCEPT_LANGUAGE), AcceptKind::Language)
    }

    /// What caches on the way are to do.
    pub fn cache_control(&self) -> RequestCacheControl {
        RequestCacheControl::parse(&self.joined(&header::CACHE_CONTROL))
    }

    /// The entity tags of `If-Match`.
    pub fn if_match(&self) -> ETags {
        ETags::parse(&self.joined(&header::IF_MATCH))
    }

    /// The entity tags of `If-None-Match`.
    pub fn if_none_match(&self) -> ETags {
        ETags::parse(&self.joined(&header::IF_NONE_MATCH))
    }

    /// The date of `If-Modified-Since`.
    pub fn if_modified_since(&self) -> Option<SystemTime> {
        parse_date(&self.field(header::IF_MODIFIED_SINCE)?)
    }

    /// The date of `If-Unmodified-Since`.
    pub fn if_unmodified_since(&self) -> Option<SystemTime> {
        parse_date(&self.field(header::IF_UNMODIFIED_SINCE)?)
    }

    /// The entity tag or date of `If-Range`.
    pub fn if_range(&self) -> IfRange {
        IfRange::parse(&self.field(header::IF_RANGE).unwrap_or_default())
    }

    /// The part that the client asks for; `None` without `Range`, or when it is malformed.
    pub fn range(&self) -> Option<Range> {
        Range::parse(&self.field(header::RANGE)?)
    }

    /// When the request was made, by the client's clock.
    pub fn date(&self) -> Option<SystemTime> {
        parse_date(&self.field(header::DATE)?)
    }

    /// The directives of `Pragma`.
    pub fn pragma(&self) -> HeaderSet {
        HeaderSet::of(self.headers(), &header::PRAGMA)
    }

    /// The name of the client's software; empty when it does not say.
    pub fn user_agent(&self) -> Cow<'_, str> {
        self.field(header::USER_AGENT).unwrap_or_default()
    }

    /// The page that led here, in the field's own spelling: `Referer`.
    pub fn referrer(&self) -> Option<Cow<'_, str>> {
        self.field(header::REFERER)
    }

    /// The origin of the page that sends the request.
    pub fn origin(&self) -> Option<Cow<'_, str>> {
        self.field(header::ORIGIN)
    }

    /// The method that a preflight request asks about.
    pub fn access_control_request_method(&self) -> Option<Cow<'_, str>> {
        self.field(header::ACCESS_CONTROL_REQUEST_METHOD)
    }

    /// The header fields that a preflight request asks about.
    pub fn access_control_request_headers(&self) -> HeaderSet {
        HeaderSet::of(self.headers(), &header::ACCESS_CONTROL_REQUEST_HEADERS)
    }

    /// How many proxies may still pass the request on.
    pub fn max_forwards(&self) -> Option<u32> {
        self.field(header::MAX_FORWARDS)?.trim().parse().ok()
    }
}

pub(super) fn content_length(headers: &HeaderMap) -> Option<u64> {
    let length = headers.get(header::CONTENT_LENGTH)?.as_bytes().trim_ascii();
    if headers.contains_key(header::TRANSFER_ENCODING)
        && HeaderSet::of(headers, &header::TRANSFER_ENCODING).contains("chunked")
    {
        return None;
    }
    if length.is_empty() || !length.iter().all(u8::is_ascii_digit) {
        return Some(0);
    }
    // Digits that pass 64 bits are more than any limit.
    Some(
        length
            .iter()
            .try_fold(0_u64, |n, b| n.checked_mul(10)?.checked_add(u64::from(b - b'0')))
            .unwrap_or(u64::MAX),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(fields: &[(&'static str, &'static str)]) -> Request {
        let mut request = Request::get("/");
        for (name, value) in fields {
            request.headers_mut().append(*name, value.parse().unwrap());
        }
        request
    }

    #[test]
    fn a_request_without_cookies_and_query_prepares_nothing_for_them() {
        let request = request(&[]);
        assert!(request.cookies().is_empty() && request.args().is_empty() && request.values().is_empty());
        assert_eq!(request.cookie("a"), None);
        assert!(request.0.lazy.get().is_none());
    }

    #[test]
    fn cookies_come_from_every_field_and_the_first_counts() {
        let request = request(&[("cookie", "a=1; b=2"), ("cookie", "a=3")]);
        assert_eq!(request.cookie("a").as_deref(), Some("1"));
        assert_eq!(request.cookies().get_str("a"), Some("1"));
        assert_eq!(request.cookies().getlist("a"), ["1", "3"]);
        assert_eq!(request.cookie("b").as_deref(), Some("2"));
    }

    #[test]
    fn text_that_is_no_length_counts_as_zero_and_chunks_have_none() {
        for (text, length) in
            [("5", Some(5)), ("abc", Some(0)), ("-1", Some(0)), ("+3", Some(0)), ("", Some(0))]
        {
            assert_eq!(request(&[("content-length", text)]).content_length(), length, "{text}");
        }
        assert_eq!(request(&[]).content_length(), None);
        assert_eq!(
            request(&[("content-length", "99999999999999999999999")]).content_length(),
            Some(u64::MAX)
        );
        assert_eq!(
            request(&[("content-length", "5"), ("transfer-encoding", "Chunked")]).content_length(),
            None
        );
    }

    #[test]
    fn a_content_type_is_split_into_type_and_parameters() {
        let request = request(&[("content-type", "Text/HTML ; Charset=\"utf-8\"; x=y")]);
        assert_eq!(request.mimetype(), "text/html");
        assert_eq!(request.mimetype_params().get("charset"), Some("utf-8"));
        assert!(request.has_mimetype("text/html"));
        assert!(!request.has_mimetype("text/htm"));
    }

    #[test]
    fn the_access_route_is_what_the_proxies_say_or_the_peer() {
        let mut request = request(&[]);
        assert!(request.access_route().is_empty());
        request.connection_mut().remote_addr = Some("[::ffff:10.0.0.1]:5".parse().unwrap());
        assert_eq!(request.remote_addr().unwrap().to_string(), "10.0.0.1");
        assert_eq!(request.access_route(), ["10.0.0.1"]);
        request.headers_mut().append("x-forwarded-for", "1.1.1.1, 2.2.2.2".parse().unwrap());
        assert_eq!(request.access_route(), ["1.1.1.1", "2.2.2.2"]);
    }
}
