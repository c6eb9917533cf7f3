//! The head gate: what is refused before an application sees it.
//!
//! Whoever parsed the head has refused what is no HTTP; here is what is valid although two readers of the same head could take it for
//! different requests (RFC 9112 §3.2; RFC 9110 §7.2, §9.3.8). How the body is framed is the protocols' own matter.

use crate::{headers::first, refusal::Refusal};
use http::{HeaderValue, Method, StatusCode, Version, header::HOST, request::Parts, uri::Authority};

/// Lets a head pass or refuses it. An HTTP/2 request that names its host by `:authority` only gets a `Host` field, so that there is
/// one place to look at. `known` is a host that has passed before: a field that is this very value passes, too.
pub(crate) fn admit(parts: &mut Parts, known: Option<&HeaderValue>) -> Result<(), Refusal> {
    if matches!(parts.method, Method::TRACE | Method::CONNECT) {
        return Err(Refusal::new(
            StatusCode::METHOD_NOT_ALLOWED,
            "This server does not answer TRACE and CONNECT.\n",
        ));
    }
    // HTTP/1 takes blanks around a value away; HTTP/2 has none to take away (RFC 9113 §8.2.1).
    if parts.version == Version::HTTP_2 && parts.headers.values().any(has_blank_at_an_end) {
        return Err(Refusal::bad("A header value begins or ends with a blank.\n"));
    }
    let host = first(&parts.headers, &HOST);
    // Most heads have no field twice, which the map knows without a search.
    let unique = parts.headers.len() == parts.headers.keys_len();
    if !unique && parts.headers.get_all(HOST).iter().count() > 1 {
        return Err(Refusal::bad("More than one Host header.\n"));
    }
    let is_known =
        |host: &HeaderValue| known.is_some_and(|known| std::ptr::eq(known.as_bytes(), host.as_bytes()));
    if let Some(host) = host
        && !is_known(host)
        && !is_host(host.as_bytes())
    {
        return Err(Refusal::bad("Invalid Host header.\n"));
    }
    match (parts.uri.authority(), host) {
        (Some(authority), host) => {
            if !is_host(authority.as_str().as_bytes()) {
                return Err(Refusal::bad("Invalid host in the request target.\n"));
            }
            match host {
                Some(host) if !same_host(authority, host, parts.uri.scheme_str()) => {
                    return Err(Refusal::bad("The Host header is not the host of the request target.\n"));
                }
                Some(_) => {}
                None if parts.version == Version::HTTP_11 => return Err(Refusal::bad("No Host header.\n")),
                None => {
                    let value = HeaderValue::from_str(authority.as_str())
                        .map_err(|_| Refusal::bad("Invalid host in the request target.\n"))?;
                    parts.headers.insert(HOST, value);
                }
            }
        }
        (None, None) if parts.version > Version::HTTP_10 => return Err(Refusal::bad("No Host header.\n")),
        (None, _) => {}
    }
    // A target without a path is the form for CONNECT; `*` belongs to OPTIONS.
    let path = parts.uri.path();
    let valid = path.starts_with('/') || (path == "*" && parts.method == Method::OPTIONS);
    if !valid {
        return Err(Refusal::bad("Invalid request target.\n"));
    }
    Ok(())
}

fn has_blank_at_an_end(value: &HeaderValue) -> bool {
    let blank = |byte: Option<&u8>| matches!(byte, Some(b' ' | b'\t'));
    let value = value.as_bytes();
    blank(value.first()) || blank(value.last())
}

/// Whether the two are one host; a port that is the scheme's own may be left out.
fn same_host(authority: &Authority, host: &HeaderValue, scheme: Option<&str>) -> bool {
    let default: &[u8] = if scheme == Some("https") { b":443" } else { b":80" };
    let bare = |host: &[u8]| host.len() - if host.ends_with(default) { default.len() } else { 0 };
    let (a, b) = (authority.as_str().as_bytes(), host.as_bytes());
    a[..bare(a)].eq_ignore_ascii_case(&b[..bare(b)])
}

/// What may stand in a host's name: RFC 3986 `reg-name` without percent-encoding, which no resolver
/// takes and which every reader decodes in its own way.
const NAME: [bool; 256] = {
    let mut table = [false; 256];
    let mut i = 0;
    while i < 256 {
        let b = i as u8;
        table[i] = b.is_ascii_alphanumeric()
            || matches!(
                b,
                b'-' | b'.'
                    | b'_'
                    | b'~'
                    | b'!'
                    | b'$'
                    | b'&'
                    | b'\''
                    | b'('
                    | b')'
                    | b'*'
                    | b'+'
                    | b','
                    | b';'
                    | b'='
            );
        i += 1;
    }
    table
};

/// Whether this is `host`, `host:port`, `[ipv6]` or `[ipv6]:port`.
fn is_host(text: &[u8]) -> bool {
    let (name, rest) = match text {
        [b'[', inner @ ..] => {
            let address = |b: u8| b.is_ascii_hexdigit() || matches!(b, b':' | b'.');
            match inner.iter().position(|&b| !address(b)) {
                Some(end) if inner[end] == b']' => (&inner[..end], &inner[end + 1..]),
                _ => return false,
            }
        }
        _ => text.split_at(text.iter().position(|&b| !NAME[b as usize]).unwrap_or(text.len())),
    };
    let port = match rest {
        [] => true,
        [b':', port @ ..] => port.len() <= 5 && port.iter().all(u8::is_ascii_digit),
        _ => false,
    };
    port && !name.is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gate(version: Version, method: &str, target: &str, headers: &[(&'static str, &str)]) -> u16 {
        let mut request = http::Request::builder().method(method).uri(target).version(version);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let (mut parts, ()) = request.body(()).unwrap().into_parts();
        admit(&mut parts, None).map_or_else(|refusal| refusal.status().as_u16(), |()| 200)
    }

    #[test]
    fn a_host_is_a_name_or_an_address_with_an_optional_port() {
        for host in ["a", "a.example:80", "127.0.0.1:5000", "[::1]", "[::1]:80", "a_b.example", "a:"] {
            assert!(is_host(host.as_bytes()), "{host}");
        }
        for host in [
            "", ":80", "a b", "a/b", "a@b", "a%41", "[::1", "[::1]x", "[]", "a:b", "a:123456", "é", "a,b/",
            "a\t",
        ] {
            assert!(!is_host(host.as_bytes()), "{host}");
        }
    }

    #[test]
    fn heads_that_two_readers_could_understand_differently_are_refused() {
        let v11 = |target, headers: &[_]| gate(Version::HTTP_11, "GET", target, headers);
        assert_eq!(v11("/", &[("host", "a")]), 200);
        assert_eq!(v11("/", &[]), 400);
        assert_eq!(v11("/", &[("host", "a"), ("host", "a")]), 400);
        assert_eq!(v11("/", &[("host", "a b/..")]), 400);
        assert_eq!(v11("http://evil/", &[("host", "a")]), 400);
        assert_eq!(v11("http://A:80/", &[("host", "a")]), 200);
        assert_eq!(v11("http://user@a/", &[("host", "a")]), 400);
        assert_eq!(v11("a:80", &[("host", "a:80")]), 400);
        assert_eq!(v11("*", &[("host", "a")]), 400);
        assert_eq!(gate(Version::HTTP_10, "GET", "/", &[]), 200);
        assert_eq!(gate(Version::HTTP_11, "OPTIONS", "*", &[("host", "a")]), 200);
        assert_eq!(gate(Version::HTTP_11, "TRACE", "/", &[("host", "a")]), 405);
        assert_eq!(gate(Version::HTTP_2, "GET", "http://a/", &[]), 200);
        assert_eq!(gate(Version::HTTP_2, "GET", "/", &[]), 400);
    }
}
