//! Where a redirect of the URL map leads, in pieces, and how a target is joined to the root of the application.

use std::borrow::Cow;

use crate::quote;

/// The target of a redirect that the URL map answers (always with status 308).
///
/// [`location`](Self::location) is what to send: relative to the origin as long as the target is on the request's host,
/// so that a forged `Host` header cannot lead a client away. [`absolute`](Self::absolute) is what Werkzeug sends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Redirect {
    scheme: String,
    host: String,
    /// Path and query; or the whole URL when it has no host at all (`mailto:…`).
    target: String,
    same_host: bool,
}

impl Redirect {
    /// The status code of every redirect of the map; it keeps method and body.
    pub const STATUS: u16 = 308;

    /// A redirect to a quoted path below a script name, with the query as the request had it.
    ///
    /// However many slashes the pieces begin with, the target begins with exactly one.
    pub(crate) fn new(
        scheme: &str,
        host: &str,
        same_host: bool,
        script_name: &str,
        path: &str,
        query: &str,
    ) -> Self {
        let mut target = String::with_capacity(script_name.len() + path.len() + query.len() + 3);
        target.push('/');
        let script_name = script_name.trim_matches('/');
        if !script_name.is_empty() {
            // A backslash at its start would be read as a second slash.
            quote::push_quoted(&mut target, script_name, &quote::QUOTED_PATH);
            target.push('/');
        }
        target.push_str(path.trim_start_matches('/'));
        if !query.is_empty() {
            target.push('?');
            quote::push_quoted(&mut target, query, &quote::QUOTED_QUERY);
        }
        let scheme = if scheme.is_empty() { "http" } else { scheme };
        Self { scheme: scheme.to_owned(), host: host.to_owned(), target, same_host }
    }

    /// A redirect to `reference`, resolved against the root of the application (RFC 3986, section 5.2).
    ///
    /// Only a reference that names a scheme leaves the host: `//elsewhere` is read as a path, so that a value put behind a
    /// slash cannot become a host.
    pub(crate) fn join(scheme: &str, host: &str, script_name: &str, reference: &str) -> Self {
        let scheme = if scheme.is_empty() { "http" } else { scheme };
        if let Some((other, rest)) = split_scheme(reference) {
            if let Some(rest) = rest.strip_prefix("//") {
                let end = rest.find(['/', '?', '#', '\\']).unwrap_or(rest.len());
                let (authority, rest) = rest.split_at(end);
                let slash = if rest.starts_with(['/', '\\']) { "" } else { "/" };
                let same_host = authority.eq_ignore_ascii_case(host);
                let target = quote_reference(&format!("{slash}{rest}"));
                return Self { scheme: other.to_owned(), host: authority.to_owned(), target, same_host };
            }
            if !other.eq_ignore_ascii_case(scheme) {
                let target = quote_reference(reference);
                return Self { scheme: other.to_owned(), host: String::new(), target, same_host: false };
            }
            return Self::join_path(scheme, host, script_name, rest);
        }
        Self::join_path(scheme, host, script_name, reference)
    }

    fn join_path(scheme: &str, host: &str, script_name: &str, reference: &str) -> Self {
        let cut = reference.find(['?', '#']).unwrap_or(reference.len());
        let (path, tail) = reference.split_at(cut);
        let base = script_name.trim_matches('/');
        let mut segments: Vec<&str> = Vec::new();
        if !path.starts_with(['/', '\\']) {
            segments.extend(base.split('/').filter(|segment| !segment.is_empty()));
        }
        let relative = path.trim_start_matches(['/', '\\']);
        let mut directory = relative.is_empty();
        for segment in relative.split('/') {
            directory = matches!(segment, "" | "." | "..");
            match segment {
                ".." => {
                    segments.pop();
                }
                "" | "." => {}
                _ => segments.push(segment),
            }
        }
        let mut target = String::from("/");
        target.push_str(&segments.join("/"));
        if directory && !segments.is_empty() {
            target.push('/');
        }
        target.push_str(tail);
        Self {
            scheme: scheme.to_owned(),
            host: host.to_owned(),
            target: quote_reference(&target),
            same_host: true,
        }
    }

    /// The value of the `Location` header: a path and query that begin with exactly one slash, or an absolute URL when
    /// the target is on another host.
    pub fn location(&self) -> Cow<'_, str> {
        if self.same_host { Cow::Borrowed(&self.target) } else { Cow::Owned(self.absolute()) }
    }

    /// The absolute URL, as Werkzeug's `RequestRedirect.new_url` has it.
    pub fn absolute(&self) -> String {
        if self.host.is_empty() && !self.target.starts_with('/') {
            return self.target.clone();
        }
        format!("{}://{}{}", self.scheme, self.host, self.target)
    }

    /// Whether the target is on the host that the request was for.
    pub fn is_same_host(&self) -> bool {
        self.same_host
    }

    /// The scheme of the absolute URL.
    pub fn scheme(&self) -> &str {
        &self.scheme
    }

    /// The host of the absolute URL, with its port; empty for a URL that has none.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// Path and query.
    pub fn target(&self) -> &str {
        &self.target
    }
}

/// `scheme:rest`, when the text begins with a scheme (RFC 3986, section 3.1).
pub(crate) fn split_scheme(reference: &str) -> Option<(&str, &str)> {
    let (scheme, rest) = reference.split_once(':')?;
    let valid = scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.'));
    valid.then_some((scheme, rest))
}

/// Quotes what may not stand in a `Location` header; what is quoted already stays.
fn quote_reference(reference: &str) -> String {
    quote::quote(reference, &quote::FRAGMENT).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_begins_with_exactly_one_slash() {
        for path in ["/x", "//x", "///x", "x", "", "%5Cx", "/%5Cx", "/%09/x"] {
            for script_name in ["", "/", "//", "//evil.example/", "\\evil"] {
                let redirect = Redirect::new("http", "localhost", true, script_name, path, "");
                let location = redirect.location();
                assert!(location.starts_with('/'), "{location}");
                assert!(!location[1..].starts_with(['/', '\\', '\t']), "{location}");
            }
        }
    }

    #[test]
    fn a_joined_reference_stays_on_the_host_unless_it_names_a_scheme() {
        let join = |reference: &str| Redirect::join("http", "localhost", "/app/", reference);
        for reference in [
            "//evil.example/x",
            "/\\evil.example",
            "\\\\evil.example",
            "/\t/evil.example",
            "///x",
            "../..//x",
        ] {
            let redirect = join(reference);
            let location = redirect.location();
            assert!(redirect.is_same_host(), "{reference}");
            assert!(location.starts_with('/') && !location[1..].starts_with(['/', '\\', '\t']), "{location}");
        }
        assert_eq!(join("https://other.example/x?y#z").location(), "https://other.example/x?y#z");
        assert_eq!(join("mailto:me@example.com").absolute(), "mailto:me@example.com");
    }

    #[test]
    fn a_joined_reference_resolves_as_in_rfc_3986() {
        let join = |reference: &str| Redirect::join("http", "localhost", "/app/", reference).absolute();
        assert_eq!(join("new/x"), "http://localhost/app/new/x");
        assert_eq!(join("/new"), "http://localhost/new");
        assert_eq!(join("../new/./x/"), "http://localhost/new/x/");
        assert_eq!(join(""), "http://localhost/app/");
        assert_eq!(join("?a=b c"), "http://localhost/app/?a=b%20c");
        assert_eq!(join("http:x"), "http://localhost/app/x");
        assert_eq!(join("http://h"), "http://h/");
    }
}
