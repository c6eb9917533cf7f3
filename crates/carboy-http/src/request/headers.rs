//! What the header fields say, parsed.

use super::Request;
use std::net::IpAddr;

impl Request {
    /// The first value of a field as text; `None` when it is missing or not UTF-8.
    pub fn header(&self, name: &str) -> Option<&str> {
        std::str::from_utf8(self.headers().get(name)?.as_bytes()).ok()
    }

    /// The content type with its parameters, as it was sent.
    pub fn content_type(&self) -> Option<&str> {
        self.header("content-type")
    }

    /// The content type without its parameters, in lower case; empty when there is none.
    pub fn mimetype(&self) -> String {
        self.raw_mimetype().to_ascii_lowercase()
    }

    /// As [`mimetype`](Request::mimetype), in the case in which it was sent.
    pub(super) fn raw_mimetype(&self) -> &str {
        let content_type = self.content_type().unwrap_or_default();
        content_type.split(';').next().unwrap_or_default().trim_matches([' ', '\t'])
    }

    /// The length that the client announced.
    ///
    /// `None` when it announced none or sends chunks; 0 for text that is no length, which is Werkzeug's reading.
    pub fn content_length(&self) -> Option<u64> {
        let chunked = |value: &str| value.split(',').any(|c| c.trim().eq_ignore_ascii_case("chunked"));
        if self.header("transfer-encoding").is_some_and(chunked) {
            return None;
        }
        let text = self.headers().get(http::header::CONTENT_LENGTH)?.as_bytes();
        if text.is_empty() || !text.iter().all(u8::is_ascii_digit) {
            return Some(0);
        }
        Some(std::str::from_utf8(text).ok().and_then(|text| text.parse().ok()).unwrap_or(u64::MAX))
    }

    /// How the content is encoded, as in `gzip`.
    pub fn content_encoding(&self) -> Option<&str> {
        self.header("content-encoding")
    }

    /// The address of the client, or of the proxy before it.
    pub fn remote_addr(&self) -> Option<IpAddr> {
        self.connection().remote_addr.map(|address| address.ip().to_canonical())
    }

    /// The name of the client's software.
    pub fn user_agent(&self) -> &str {
        self.header("user-agent").unwrap_or_default()
    }

    /// The page that led here, in the field's own spelling: `Referer`.
    pub fn referrer(&self) -> Option<&str> {
        self.header("referer")
    }

    /// The origin of the page that sends the request.
    pub fn origin(&self) -> Option<&str> {
        self.header("origin")
    }

    /// The method that a preflight request asks about.
    pub fn access_control_request_method(&self) -> Option<&str> {
        self.header("access-control-request-method")
    }

    /// How many proxies may still pass the request on.
    pub fn max_forwards(&self) -> Option<u32> {
        self.header("max-forwards")?.trim().parse().ok()
    }
}
