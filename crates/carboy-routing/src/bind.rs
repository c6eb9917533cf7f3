//! The request's side of a match or of building a URL: which host, which mount point, which scheme.

use std::borrow::Cow;

/// The subdomain that stands for "the host is not one of ours"; no static subdomain matches it.
pub const INVALID_SUBDOMAIN: &str = "<invalid>";

/// Where the application is reached: what Werkzeug's `Map.bind` is given.
///
/// Host names are ASCII (punycode) and compared in lower case; the port belongs to them unless it is the scheme's own.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Bind<'a> {
    /// The server's name. Without host matching, subdomains stand before it.
    pub server_name: &'a str,
    /// The path below which the application is mounted, `""` or `"/"` for the root.
    pub script_name: &'a str,
    /// The subdomain of the request; `None` is the map's default subdomain. Ignored when the map matches hosts.
    pub subdomain: Option<&'a str>,
    /// `http`, `https`, `ws`, `wss`, or `""` for URLs that leave the scheme to the client.
    pub scheme: &'a str,
    /// The request's method, which is preferred when a URL is built.
    pub method: &'a str,
}

impl<'a> Bind<'a> {
    /// A server's root, over `http`, for `GET`.
    #[inline]
    pub fn new(server_name: &'a str) -> Self {
        Self { server_name, script_name: "", subdomain: None, scheme: "http", method: "GET" }
    }

    /// The same with a mount point.
    #[must_use]
    #[inline]
    pub fn script_name(self, script_name: &'a str) -> Self {
        Self { script_name, ..self }
    }

    /// The same with a subdomain.
    #[must_use]
    #[inline]
    pub fn subdomain(self, subdomain: &'a str) -> Self {
        Self { subdomain: Some(subdomain), ..self }
    }

    /// The same with a scheme.
    #[must_use]
    #[inline]
    pub fn scheme(self, scheme: &'a str) -> Self {
        Self { scheme, ..self }
    }

    /// The same with a method.
    #[must_use]
    #[inline]
    pub fn method(self, method: &'a str) -> Self {
        Self { method, ..self }
    }
}

/// What is matched: a request line and where it arrived.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Target<'a> {
    /// Where the application is reached; its method is the request's.
    pub bind: Bind<'a>,
    /// The path below the mount point, percent-decoded.
    pub path: &'a str,
    /// The query as it was sent; only redirects need it.
    pub query: &'a str,
    /// Whether the request opens a WebSocket.
    pub websocket: bool,
}

impl<'a> Target<'a> {
    /// A path, asked for with the method of `bind`; a WebSocket if its scheme says so.
    #[inline]
    pub fn new(bind: Bind<'a>, path: &'a str) -> Self {
        Self { bind, path, query: "", websocket: matches!(bind.scheme, "ws" | "wss") }
    }

    /// The same with a query.
    #[must_use]
    #[inline]
    pub fn query(self, query: &'a str) -> Self {
        Self { query, ..self }
    }

    /// The same for a WebSocket or not.
    #[must_use]
    #[inline]
    pub fn websocket(self, websocket: bool) -> Self {
        Self { websocket, ..self }
    }
}

/// The labels of `host` before `server_name`, or [`INVALID_SUBDOMAIN`] when the host is not below that name.
///
/// Both are compared label by label and in lower case; the scheme's own port is dropped from `server_name`, as it is from
/// a request's host.
///
/// ```
/// use carboy_routing::subdomain_of;
///
/// assert_eq!(subdomain_of("api.v2.example.com", "example.com", "http"), "api.v2");
/// assert_eq!(subdomain_of("example.com", "example.com:80", "http"), "");
/// assert_eq!(subdomain_of("127.0.0.1", "example.com", "http"), "<invalid>");
/// ```
pub fn subdomain_of<'a>(host: &'a str, server_name: &str, scheme: &str) -> Cow<'a, str> {
    let port = match scheme {
        "http" | "ws" => ":80",
        "https" | "wss" => ":443",
        _ => "",
    };
    let server_name = server_name.strip_suffix(port).unwrap_or(server_name);
    let Some(split) = host.len().checked_sub(server_name.len()).filter(|split| host.is_char_boundary(*split))
    else {
        return Cow::Borrowed(INVALID_SUBDOMAIN);
    };
    let (labels, rest) = host.split_at(split);
    if !rest.eq_ignore_ascii_case(server_name) || !(labels.is_empty() || labels.ends_with('.')) {
        return Cow::Borrowed(INVALID_SUBDOMAIN);
    }
    let labels = labels.strip_suffix('.').unwrap_or(labels);
    if labels.starts_with('.') || labels.ends_with('.') || labels.contains("..") {
        let kept: Vec<_> = labels.split('.').filter(|label| !label.is_empty()).collect();
        return Cow::Owned(kept.join(".").to_ascii_lowercase());
    }
    lower(labels)
}

/// The text in lower case, borrowed if it is.
pub(crate) fn lower(text: &str) -> Cow<'_, str> {
    if text.bytes().any(|byte| byte.is_ascii_uppercase()) {
        Cow::Owned(text.to_ascii_lowercase())
    } else {
        Cow::Borrowed(text)
    }
}

/// The text in upper case, borrowed if it is.
pub(crate) fn upper(text: &str) -> Cow<'_, str> {
    if text.bytes().any(|byte| !byte.is_ascii() || byte.is_ascii_lowercase()) {
        Cow::Owned(text.to_uppercase())
    } else {
        Cow::Borrowed(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_that_only_ends_alike_is_no_subdomain() {
        assert_eq!(subdomain_of("notexample.com", "example.com", "http"), INVALID_SUBDOMAIN);
        assert_eq!(subdomain_of("com", "example.com", "http"), INVALID_SUBDOMAIN);
    }

    #[test]
    fn case_empty_labels_and_the_usual_port_do_not_count() {
        assert_eq!(subdomain_of("API..Example.COM", "example.com:443", "https"), "api");
        assert_eq!(subdomain_of("a.example.com:8080", "example.com:8080", "http"), "a");
    }
}
