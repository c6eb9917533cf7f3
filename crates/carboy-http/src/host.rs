//! The host that a request was made to, and whether it is one of ours.

use crate::idna;
use std::{borrow::Cow, fmt};

/// The host is not among the trusted ones; the answer is 400.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UntrustedHost(String);

impl UntrustedHost {
    /// The host as the client sent it, without a standard port.
    pub fn host(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for UntrustedHost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Host '{}' is not trusted.", self.0.escape_default())
    }
}

impl std::error::Error for UntrustedHost {}

/// The host of a request, with its port unless that is the scheme's own.
///
/// The `Host` field wins; without one it is the address the server listens on (`server`: name and
/// port; the port of a Unix socket is `None`, which says nothing). A host of invalid characters is
/// the empty string.
///
/// ```
/// use carboy_http::host::get_host;
/// let any: [&str; 0] = [];
/// assert_eq!(get_host("https", Some("example.com:443"), None, &any).unwrap(), "example.com");
/// assert_eq!(get_host("http", None, Some(("::1", Some(8080))), &any).unwrap(), "[::1]:8080");
/// assert_eq!(get_host("http", Some("not a host"), None, &any).unwrap(), "");
/// assert!(get_host("http", Some("evil.com"), None, &[".example.com"]).is_err());
/// ```
///
/// # Errors
/// There are trusted hosts and this is none of them.
pub fn get_host<'a>(
    scheme: &str,
    host_header: Option<&'a str>,
    server: Option<(&str, Option<u16>)>,
    trusted: &[impl AsRef<str>],
) -> Result<Cow<'a, str>, UntrustedHost> {
    let host = match (host_header, server) {
        (Some(host), _) => Cow::Borrowed(host),
        (None, Some((name, Some(port)))) if name.contains(':') && !name.starts_with('[') => {
            Cow::Owned(format!("[{name}]:{port}"))
        }
        (None, Some((name, Some(port)))) => Cow::Owned(format!("{name}:{port}")),
        (None, _) => return Ok(Cow::Borrowed("")),
    };
    let standard_port = match scheme {
        "http" | "ws" => ":80",
        "https" | "wss" => ":443",
        _ => "",
    };
    let length = host.strip_suffix(standard_port).unwrap_or(&host).len();
    let host = match host {
        Cow::Borrowed(host) => Cow::Borrowed(&host[..length]),
        Cow::Owned(mut host) => {
            host.truncate(length);
            Cow::Owned(host)
        }
    };
    if host_is_trusted(&host, trusted) {
        Ok(host)
    } else if trusted.is_empty() {
        Ok(Cow::Borrowed(""))
    } else {
        Err(UntrustedHost(host.into_owned()))
    }
}

/// Whether a `host:port` is well formed and, when there are trusted names, one of them.
///
/// A name with a leading dot stands for the domain and all below it. Ports do not matter, nor does
/// case. A trusted name that is no domain matches nothing.
pub fn host_is_trusted(host: &str, trusted: &[impl AsRef<str>]) -> bool {
    let Some(name) = valid_host_name(host) else { return false };
    trusted.is_empty()
        || trusted.iter().any(|reference| {
            let reference = reference.as_ref();
            let (reference, below) = match reference.strip_prefix('.') {
                Some(domain) => (domain, true),
                None => (reference, false),
            };
            // An IPv6 address keeps its colons, which are no port.
            let reference = match reference.strip_prefix('[').and_then(|rest| rest.find(']')) {
                Some(end) => &reference[..end + 2],
                None => reference.split(':').next().unwrap_or_default(),
            };
            let Some(reference) = idna::to_ascii(reference).filter(|name| !name.is_empty()) else {
                return false;
            };
            let Some(start) = name.len().checked_sub(reference.len()) else { return false };
            let (front, back) = name.as_bytes().split_at(start);
            back.eq_ignore_ascii_case(reference.as_bytes())
                && (front.is_empty() || (below && front.ends_with(b".")))
        })
}

/// The name without the port, when both are well formed: a domain or an IPv4 address of letters,
/// digits, dots and hyphens, or an IPv6 address in brackets.
pub fn valid_host_name(host: &str) -> Option<&str> {
    let (name, port) = match host.strip_prefix('[') {
        Some(rest) => {
            let end = rest.find(']')?;
            let (front, back) = rest[..end].split_once(':')?;
            let valid = front.bytes().all(|byte| byte.is_ascii_hexdigit())
                && !back.is_empty()
                && back.bytes().all(|byte| byte.is_ascii_hexdigit() || matches!(byte, b':' | b'.'));
            valid.then(|| host.split_at(end + 2))?
        }
        None => {
            let name = host.split(':').next().unwrap_or_default();
            let valid = !name.is_empty()
                && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-'));
            valid.then(|| host.split_at(name.len()))?
        }
    };
    let port_is_valid = match port.strip_prefix(':') {
        None => port.is_empty(),
        Some(digits) => {
            !digits.starts_with('0')
                && digits.bytes().all(|byte| byte.is_ascii_digit())
                && digits.parse::<u16>().is_ok()
        }
    };
    port_is_valid.then_some(name)
}
