//! Where the request goes: path, mount point, query, scheme, host.

use super::Request;
use crate::{
    HttpError,
    host::{UntrustedHost, get_host},
    url::{current_url, unquote},
};
use http::{StatusCode, header};
use std::borrow::Cow;

impl Request {
    /// The path behind the mount point, percent-decoded, with one slash in front.
    ///
    /// Bytes that are not UTF-8 become U+FFFD, as in Werkzeug.
    pub fn path(&self) -> &str {
        if let Some(path) = &self.0.mounted_path {
            return path;
        }
        let raw = self.uri().path();
        // Nearly every path is its own: one slash in front, nothing encoded.
        let bytes = raw.as_bytes();
        if bytes.first() == Some(&b'/') && bytes.get(1) != Some(&b'/') && !bytes.contains(&b'%') {
            return raw;
        }
        self.lazy().path.get_or_init(|| format!("/{}", unquote(raw).trim_start_matches('/')))
    }

    /// The path and the query, with a `?` between them even when there is no query.
    pub fn full_path(&self) -> String {
        format!("{}?{}", self.path(), self.query_string())
    }

    /// The query as it came in, without its `?`.
    pub fn query_string(&self) -> &str {
        self.uri().query().unwrap_or_default()
    }

    /// Refuses a query of more arguments than [`Limits::max_args`](crate::Limits::max_args).
    ///
    /// # Errors
    /// 414.
    pub fn check_args(&self) -> Result<(), HttpError> {
        let query = self.query_string().as_bytes();
        match self.limits().max_args {
            // A query of n bytes has at most (n + 1) / 2 arguments.
            Some(max) if query.len() / 2 >= max && crate::form::urlencoded::field_count(query) > max => {
                Err(HttpError::new(StatusCode::URI_TOO_LONG))
            }
            _ => Ok(()),
        }
    }

    /// The prefix that the application is mounted under, without a slash at its end; empty at the root.
    pub fn script_root(&self) -> &str {
        &self.0.script_root
    }

    /// Says that the application is mounted under this prefix, which is no part of the target: a proxy took it
    /// off (`X-Forwarded-Prefix`), or WSGI's `SCRIPT_NAME` has it.
    pub fn set_script_root(&mut self, prefix: &str) {
        self.0.script_root = prefix.trim_end_matches('/').to_owned();
        self.0.lazy = Default::default();
    }

    /// Moves a prefix from the path to the mount point; `false`, with nothing changed, when the path does not
    /// begin with it or goes on in the middle of a segment.
    ///
    /// ```
    /// use carboy_http::Request;
    /// let mut request = Request::get("/shop/cart");
    /// assert!(!request.enter_mount("/sho"));
    /// assert!(request.enter_mount("/shop"));
    /// assert_eq!((request.script_root(), request.path()), ("/shop", "/cart"));
    /// ```
    pub fn enter_mount(&mut self, prefix: &str) -> bool {
        let prefix = prefix.trim_end_matches('/');
        let path = match self.path().strip_prefix(prefix) {
            Some("") => "/".to_owned(),
            Some(rest) if rest.starts_with('/') => format!("/{}", rest.trim_start_matches('/')),
            _ => return false,
        };
        self.0.script_root.push_str(prefix);
        self.0.mounted_path = Some(path);
        self.0.lazy = Default::default();
        true
    }

    /// `https` or `http`, by the connection.
    pub fn scheme(&self) -> &'static str {
        if self.is_secure() { "https" } else { "http" }
    }

    /// Whether the request came over an encrypted connection.
    pub fn is_secure(&self) -> bool {
        self.connection().is_secure
    }

    /// The host that the request was made to, with its port unless that is the scheme's own; the address
    /// of the server when the client does not say, and empty when it says something that is no host.
    pub fn host(&self) -> &str {
        match self.find_host(&[""; 0]) {
            Ok(Cow::Borrowed(host)) => host,
            Ok(Cow::Owned(host)) => self.lazy().host.get_or_init(|| host),
            Err(_) => "",
        }
    }

    /// Refuses a request to a host that is not among those, unless there are none. A name with a leading dot
    /// stands for a domain and all below it.
    ///
    /// # Errors
    /// 400, as a [security error](crate::HttpErrorKind::Security).
    pub fn check_host(&self, trusted: &[impl AsRef<str>]) -> Result<(), HttpError> {
        if trusted.is_empty() {
            return Ok(());
        }
        self.find_host(trusted).map(drop).map_err(|error| HttpError::security(error.to_string()))
    }

    fn find_host(&self, trusted: &[impl AsRef<str>]) -> Result<Cow<'_, str>, UntrustedHost> {
        // A target with a host overrules the field (RFC 9112, section 3.2.2); HTTP/2 has the host there.
        let host = match self.uri().authority() {
            Some(authority) => {
                let authority = authority.as_str();
                Some(authority.rsplit_once('@').map_or(authority, |(_, host)| host))
            }
            // Bytes that are no text make a host that is none.
            None => self.headers().get(header::HOST).map(|host| host.to_str().unwrap_or_default()),
        };
        match (host, self.connection().local_addr) {
            (None, Some(address)) => {
                let name = address.ip().to_string();
                get_host(self.scheme(), None, Some((&name, Some(address.port()))), trusted)
            }
            _ => get_host(self.scheme(), host, None, trusted),
        }
    }

    /// Says that the request was made to this host, as a trusted proxy tells.
    pub fn set_host(&mut self, host: http::HeaderValue) {
        if self.uri().authority().is_some() {
            let mut target = http::uri::Parts::default();
            target.path_and_query = self.uri().path_and_query().cloned();
            self.0.parts.uri = http::Uri::from_parts(target).unwrap_or_default();
        }
        self.headers_mut().insert(header::HOST, host);
    }

    /// The whole URL of the request, for display: what can be read stands there unquoted.
    pub fn url(&self) -> String {
        self.current_url(Some(self.script_root()), Some(self.path()), Some(self.query_string().as_bytes()))
    }

    /// As [`url`](Request::url), without the query.
    pub fn base_url(&self) -> String {
        self.current_url(Some(self.script_root()), Some(self.path()), None)
    }

    /// The URL of the application, with a slash at its end.
    pub fn url_root(&self) -> String {
        self.current_url(Some(self.script_root()), None, None)
    }

    /// The URL of the host, with a slash at its end.
    pub fn host_url(&self) -> String {
        self.current_url(None, None, None)
    }

    fn current_url(&self, root: Option<&str>, path: Option<&str>, query: Option<&[u8]>) -> String {
        current_url(self.scheme(), self.host(), root, path, query)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::ptr;

    #[test]
    fn a_path_with_nothing_to_decode_is_borrowed_from_the_target() {
        let request = Request::get("/a/b?c");
        assert!(ptr::eq(request.path().as_ptr(), request.uri().path().as_ptr()));
        assert!(request.0.lazy.get().is_none());
    }

    #[test]
    fn a_path_is_decoded_and_has_one_slash_in_front() {
        for (target, path) in [
            ("/", "/"),
            ("//x/y", "/x/y"),
            ("/%2Fx", "/x"),
            ("/%C3%A9%20+", "/é +"),
            ("/%ff%e2%82", "/\u{fffd}\u{fffd}"),
            ("*", "/*"),
            ("http://host", "/"),
        ] {
            assert_eq!(Request::get(target).path(), path, "{target}");
        }
    }

    #[test]
    fn a_full_path_has_its_question_mark_even_without_a_query() {
        assert_eq!(Request::get("/q").full_path(), "/q?");
        assert_eq!(Request::get("/q?a=%20").full_path(), "/q?a=%20");
    }

    fn to_host(host: &str) -> Request {
        let mut request = Request::get("/a/%C3%A9?x=%C3%A9&y=%ff");
        request.headers_mut().insert(header::HOST, host.parse().unwrap());
        request
    }

    #[test]
    fn urls_are_shown_unquoted() {
        let mut request = to_host("example.com:80");
        request.set_script_root("/app/");
        assert_eq!(request.url(), "http://example.com/app/a/é?x=é&y=%FF");
        assert_eq!(request.base_url(), "http://example.com/app/a/é");
        assert_eq!(request.url_root(), "http://example.com/app/");
        assert_eq!(request.host_url(), "http://example.com/");
        request.connection_mut().is_secure = true;
        assert_eq!(request.url_root(), "https://example.com:80/app/");
    }

    #[test]
    fn a_host_of_invalid_characters_is_empty() {
        assert_eq!(to_host("under_score").host(), "");
        assert_eq!(to_host("a b").url_root(), "http:///");
        assert_eq!(to_host("[::1]:5000").host(), "[::1]:5000");
    }

    #[test]
    fn the_target_overrules_the_host_field_and_the_server_stands_in_for_it() {
        let mut request = Request::get("http://user@other.example:8080/x");
        request.headers_mut().insert(header::HOST, "example.com".parse().unwrap());
        assert_eq!(request.host(), "other.example:8080");
        request.set_host("proxied.example".parse().unwrap());
        assert_eq!((request.host(), request.path()), ("proxied.example", "/x"));

        let mut request = Request::get("/");
        assert_eq!(request.host(), "");
        request.connection_mut().local_addr = Some("[::1]:8000".parse().unwrap());
        assert_eq!(request.host(), "[::1]:8000");
    }

    #[test]
    fn a_host_that_is_not_trusted_is_refused() {
        let error = to_host("evil.example").check_host(&["example.com", ".example.org"]).unwrap_err();
        assert_eq!(error.status(), 400);
        assert_eq!(error.description(), "Host 'evil.example' is not trusted.");
        assert!(to_host("a.example.org:80").check_host(&["example.com", ".example.org"]).is_ok());
        assert!(to_host("evil.example").check_host(&[""; 0]).is_ok());
    }

    #[test]
    fn too_many_arguments_are_refused_and_not_parsed() {
        let query = "a&".repeat(1001);
        let request = Request::get(&format!("/?{query}"));
        assert_eq!(request.check_args().unwrap_err().status(), 414);
        assert_eq!(request.args().getlist("a").len(), 1000);
        assert!(Request::get(&format!("/?{}", "a&".repeat(1000))).check_args().is_ok());
    }
}
