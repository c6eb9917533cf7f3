//! Where an upstream listens, as it is written down.

use carboy_http::HeaderValue;
use http::uri::{PathAndQuery, Uri};
use std::fmt;

/// An upstream's address, taken apart.
#[derive(Debug, Clone)]
pub(super) struct Address {
    pub(super) place: Place,
    /// What it calls itself in a request that names no host.
    pub(super) authority: HeaderValue,
    /// The path that all its paths begin with; without a slash at its end.
    pub(super) prefix: String,
    text: String,
}

/// What is connected to.
#[derive(Debug, Clone)]
pub(super) enum Place {
    Tcp(String, u16),
    #[cfg(unix)]
    Unix(std::path::PathBuf),
}

impl Address {
    /// Reads `http://host[:port][/prefix]` or `unix:/path/of/socket`.
    ///
    /// # Errors
    /// The sentence that says what is wrong.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let malformed = || {
            format!(
                "the upstream's address '{}' must be like http://127.0.0.1:5001 or unix:/run/flask.sock",
                text.escape_debug()
            )
        };
        #[cfg(unix)]
        if let Some(path) = text.strip_prefix("unix:") {
            if !path.starts_with('/') || path.ends_with('/') {
                return Err(malformed());
            }
            return Ok(Address {
                place: Place::Unix(path.into()),
                authority: HeaderValue::from_static("localhost"),
                prefix: String::new(),
                text: text.to_owned(),
            });
        }
        if text.get(..8).is_some_and(|start| start.eq_ignore_ascii_case("https://")) {
            return Err(format!(
                "the upstream '{}' is not reached by HTTPS: let it listen on this machine or in a network of its own, and \
                 write http://",
                text.escape_debug()
            ));
        }
        let uri: Uri = text.parse().map_err(|_| malformed())?;
        let (Some("http"), Some(authority)) = (uri.scheme_str(), uri.authority()) else {
            return Err(malformed());
        };
        if authority.as_str().contains('@') || authority.host().is_empty() || uri.query().is_some() {
            return Err(malformed());
        }
        // `Authority::port` says nothing about a port that is none.
        let port = match authority.as_str()[authority.host().len()..].strip_prefix(':') {
            Some(port) => port.parse().map_err(|_| malformed())?,
            None => 80,
        };
        Ok(Address {
            place: Place::Tcp(authority.host().trim_matches(['[', ']']).to_owned(), port),
            authority: HeaderValue::from_str(authority.as_str()).map_err(|_| malformed())?,
            prefix: uri.path().trim_end_matches('/').to_owned(),
            text: text.to_owned(),
        })
    }

    /// The target of a request for this path; `*` stays what it is.
    pub(super) fn target(&self, path: &str, query: Option<&str>) -> Option<Uri> {
        let prefix = if path == "*" { "" } else { self.prefix.as_str() };
        let target = match query {
            Some(query) => format!("{prefix}{path}?{query}"),
            None => format!("{prefix}{path}"),
        };
        PathAndQuery::try_from(target).ok().map(Uri::from)
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_a_plain_http_url_or_a_unix_socket() {
        let address = Address::parse("http://127.0.0.1:5001").unwrap();
        assert!(matches!(&address.place, Place::Tcp(host, 5001) if host == "127.0.0.1"));
        assert_eq!(address.target("/a%20b", Some("q=1")).unwrap(), "/a%20b?q=1");
        let address = Address::parse("http://[::1]/old/").unwrap();
        assert!(matches!(&address.place, Place::Tcp(host, 80) if host == "::1"));
        assert_eq!(address.authority, "[::1]");
        assert_eq!(address.target("/", None).unwrap(), "/old/");
        assert_eq!(address.target("*", None).unwrap(), "*");
        assert!(matches!(Address::parse("unix:/run/a.sock").unwrap().place, Place::Unix(_)));
    }

    #[test]
    fn an_address_that_cannot_be_used_says_what_to_write() {
        for text in [
            "",
            "127.0.0.1:5001",
            "http://",
            "http://a:",
            "http://a:99999",
            "http://u:p@a",
            "http://a/?q",
            "ftp://a",
            "unix:run.sock",
            "unix:/run/",
            "http://a b",
        ] {
            assert_eq!(
                Address::parse(text).unwrap_err(),
                format!(
                    "the upstream's address '{text}' must be like http://127.0.0.1:5001 or unix:/run/flask.sock"
                )
            );
        }
        assert!(Address::parse("HTTPS://a").unwrap_err().contains("is not reached by HTTPS"));
    }
}
