//! The heads of requests and responses on their way through: what belongs to one connection only stays behind, and the upstream
//! is told who asks.

use super::address::Address;
use carboy_http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Status, StatusCode, header, url};
use http::{Version, request, response};

/// The fields that belong to one connection (RFC 9110 section 7.6.1), and those of the hop before (section 11.7).
static HOP_BY_HOP: [HeaderName; 8] = [
    header::CONNECTION,
    HeaderName::from_static("keep-alive"),
    HeaderName::from_static("proxy-connection"),
    header::PROXY_AUTHENTICATE,
    header::PROXY_AUTHORIZATION,
    header::TE,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
];

const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");
const FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");
const FORWARDED_PORT: HeaderName = HeaderName::from_static("x-forwarded-port");
const FORWARDED_PREFIX: HeaderName = HeaderName::from_static("x-forwarded-prefix");

/// What this proxy calls itself in `Via`.
const VIA: &str = "1.1 carboy";

/// How often a request may come through a proxy of this name; a greater number is a circle.
const MAX_HOPS: usize = 10;

/// A request's head for the upstream.
pub(super) struct Outgoing {
    pub(super) parts: request::Parts,
    /// The protocol that the connection is to change to.
    pub(super) upgrade: Option<HeaderValue>,
    /// The body is to wait until the upstream asks for it.
    pub(super) expects_continue: bool,
}

/// Makes the head for the upstream of a request that has come in; takes its fields out of it. `None` when the request goes in
/// a circle, or its path cannot be a target.
pub(super) fn outgoing(request: &mut Request, address: &Address, can_upgrade: bool) -> Option<Outgoing> {
    let uri = address.target(&raw_path(request), request.uri().query())?;
    let remote = request.connection().remote_addr.map(|address| address.ip().to_canonical().to_string());
    let (scheme, prefix) = (request.scheme(), request.script_root().to_owned());
    let (method, version) = (request.method().clone(), request.version());
    let mut headers = std::mem::take(request.headers_mut());

    let upgrade = if can_upgrade { upgrade(&headers) } else { None };
    let trailers = has_token(&headers, &header::TE, "trailers");
    strip(&mut headers);
    if let Some(protocol) = &upgrade {
        headers.insert(header::CONNECTION, HeaderValue::from_static("upgrade"));
        headers.insert(header::UPGRADE, protocol.clone());
    } else if trailers {
        headers.insert(header::CONNECTION, HeaderValue::from_static("te"));
        headers.insert(header::TE, HeaderValue::from_static("trailers"));
    }

    forget_forwarded(&mut headers);
    let host = headers.entry(header::HOST).or_insert_with(|| address.authority.clone()).clone();
    let mut tell = |name: HeaderName, value: Option<HeaderValue>| {
        if let Some(value) = value {
            headers.insert(name, value);
        }
    };
    tell(FORWARDED_FOR, remote.and_then(|remote| remote.parse().ok()));
    tell(FORWARDED_PROTO, Some(HeaderValue::from_static(scheme)));
    tell(FORWARDED_PORT, port(&host, scheme));
    tell(FORWARDED_HOST, Some(host));
    if !prefix.is_empty() {
        tell(FORWARDED_PREFIX, url::quote(&prefix, &url::PATH).parse().ok());
    }

    if hops(&headers) >= MAX_HOPS {
        return None;
    }
    headers.append(header::VIA, HeaderValue::from_static(VIA));
    join_cookies(&mut headers);
    let expects_continue =
        version >= Version::HTTP_11 && has_token(&headers, &header::EXPECT, "100-continue");

    let mut parts = http::Request::new(()).into_parts().0;
    parts.method = method;
    parts.uri = uri;
    parts.headers = headers;
    Some(Outgoing { parts, upgrade, expects_continue })
}

/// The head of a response on its way back: nothing is added. `switched` is the protocol that both sides have agreed on.
pub(super) fn returning(parts: &mut response::Parts, switched: Option<HeaderValue>) {
    let required = match parts.status {
        StatusCode::UPGRADE_REQUIRED => parts.headers.get(header::UPGRADE).cloned(),
        _ => switched,
    };
    strip(&mut parts.headers);
    if let Some(protocol) = required {
        parts.headers.insert(header::CONNECTION, HeaderValue::from_static("upgrade"));
        parts.headers.insert(header::UPGRADE, protocol);
    }
    // hyper keeps the phrase in a type of its own.
    if let Some(phrase) = parts.extensions.remove::<hyper::ext::ReasonPhrase>()
        && let Ok(phrase) = str::from_utf8(phrase.as_bytes())
        && let Ok(status) = format!("{} {phrase}", parts.status.as_str()).parse::<Status>()
        && let Some(phrase) = status.reason()
    {
        parts.extensions.insert(phrase.clone());
    }
    parts.version = Version::HTTP_11;
}

/// Whether a request of this method may be sent again when nobody knows what became of it (RFC 9110 section 9.2.2).
pub(super) fn is_repeatable(method: &Method) -> bool {
    matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS | Method::PUT | Method::DELETE)
}

/// The path as it came in, behind the root that the app is mounted at.
fn raw_path(request: &Request) -> String {
    let raw = request.uri().path();
    if request.script_root().is_empty() || url::unquote(raw) == request.path() {
        return raw.to_owned();
    }
    url::quote(request.path(), &url::PATH).into_owned()
}

/// Takes the fields of one connection out, those that `Connection` names too. (What frames or routes the message cannot be
/// named away.)
fn strip(headers: &mut HeaderMap) {
    let named: Vec<HeaderName> = headers
        .get_all(header::CONNECTION)
        .iter()
        .flat_map(tokens)
        .filter_map(|token| HeaderName::from_bytes(token).ok())
        .filter(|name| *name != header::HOST && *name != header::CONTENT_LENGTH)
        .collect();
    for name in named.iter().chain(&HOP_BY_HOP) {
        headers.remove(name);
    }
}

/// The protocol that a request asks to change to (RFC 9110 section 7.8). HTTP/2 without encryption is none of them: what it
/// carries would go past this app's rules.
fn upgrade(headers: &HeaderMap) -> Option<HeaderValue> {
    let protocol = headers.get(header::UPGRADE)?;
    let asks = has_token(headers, &header::CONNECTION, "upgrade");
    let http2 = tokens(protocol).any(|token| token.eq_ignore_ascii_case(b"h2c"));
    (asks && !http2).then(|| protocol.clone())
}

/// Takes out what says where a request came from, in every spelling that WSGI makes one of: only this app knows it.
fn forget_forwarded(headers: &mut HeaderMap) {
    let forged: Vec<HeaderName> = headers
        .keys()
        .filter(|name| {
            let name = name.as_str();
            let is = |known: &str| {
                name.len() == known.len()
                    && name.bytes().zip(known.bytes()).all(|(a, b)| a == b || (a == b'_' && b == b'-'))
            };
            is("forwarded")
                || [&FORWARDED_FOR, &FORWARDED_PROTO, &FORWARDED_HOST, &FORWARDED_PORT, &FORWARDED_PREFIX]
                    .into_iter()
                    .any(|known| is(known.as_str()))
        })
        .cloned()
        .collect();
    for name in forged {
        headers.remove(name);
    }
}

/// The port that the client connected to, as it sees it.
fn port(host: &HeaderValue, scheme: &str) -> Option<HeaderValue> {
    let host = host.to_str().ok()?;
    match host.rsplit_once(':') {
        Some((_, port)) if !port.is_empty() && port.bytes().all(|b| b.is_ascii_digit()) => port.parse().ok(),
        _ => Some(HeaderValue::from_static(if scheme == "https" { "443" } else { "80" })),
    }
}

fn hops(headers: &HeaderMap) -> usize {
    let via = headers.get_all(header::VIA);
    via.iter().flat_map(tokens).filter(|hop| hop.eq_ignore_ascii_case(VIA.as_bytes())).count()
}

/// HTTP/2 may send cookies in several fields; HTTP/1 knows one (RFC 9113 section 8.2.3).
fn join_cookies(headers: &mut HeaderMap) {
    let mut cookies = headers.get_all(header::COOKIE).iter();
    if cookies.next().is_none() || cookies.next().is_none() {
        return;
    }
    let all: Vec<&[u8]> = headers.get_all(header::COOKIE).iter().map(HeaderValue::as_bytes).collect();
    if let Ok(joined) = HeaderValue::from_bytes(&all.join(&b"; "[..])) {
        headers.insert(header::COOKIE, joined);
    }
}

fn has_token(headers: &HeaderMap, name: &HeaderName, wanted: &str) -> bool {
    headers.get_all(name).iter().flat_map(tokens).any(|token| token.eq_ignore_ascii_case(wanted.as_bytes()))
}

fn tokens(value: &HeaderValue) -> impl Iterator<Item = &[u8]> {
    value.as_bytes().split(|b| *b == b',').map(<[u8]>::trim_ascii).filter(|token| !token.is_empty())
}
