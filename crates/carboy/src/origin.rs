//! The `Origin` of a request (RFC 6454) and the host that it was sent to.

use carboy_http::Request;

/// Whether an origin is the host that the request was sent to, whatever its scheme.
pub(crate) fn is_same_host(origin: &str, request: &Request) -> bool {
    host_of(origin).is_some_and(|host| host.eq_ignore_ascii_case(request.host()))
}

/// The host of an origin, without the default port of its scheme.
fn host_of(origin: &str) -> Option<&str> {
    let (scheme, host) = origin.split_once("://")?;
    let default = match scheme {
        "https" => ":443",
        "http" => ":80",
        _ => return None,
    };
    Some(host.strip_suffix(default).unwrap_or(host))
}
