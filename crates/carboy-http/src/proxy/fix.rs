//! Werkzeug's `ProxyFix`: what proxies say about a request, believed as far as there are proxies.

use super::{
    forwarded::{ForwardedElement, Node, parse_forwarded},
    trusted::{InvalidNetwork, TrustedProxies},
};
use crate::{
    Request,
    headers::{as_it_came, combined, parse_list_header},
};
use http::{HeaderMap, HeaderName, HeaderValue, header};
use std::net::SocketAddr;

const FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");
const HOST: HeaderName = HeaderName::from_static("x-forwarded-host");
const PORT: HeaderName = HeaderName::from_static("x-forwarded-port");
const PREFIX: HeaderName = HeaderName::from_static("x-forwarded-prefix");

/// How many proxies stand before the application and what each of them says, as in Werkzeug's `ProxyFix`.
///
/// Of a list such as `X-Forwarded-For: a, b, c` each proxy appended one value, so with `x_for(2)` the second from the right is what the
/// outermost of two proxies saw; everything left of it came from the client. A field with fewer values is left alone. Count a field
/// only if your proxies set it: one that they pass on as it came is the client's to write.
///
/// With [`trusted_proxies`](Self::trusted_proxies) it also matters where a connection comes from: other peers are not believed, and
/// nothing that they wrote into these fields is seen by the application.
///
/// ```
/// use carboy_http::{Request, proxy::ProxyFix};
/// let fix = ProxyFix::new().x_for(1).x_proto(1).x_host(1);
/// let mut request = Request::get("/cart");
/// request.headers_mut().insert("x-forwarded-for", "203.0.113.9, 192.0.2.1".parse()?);
/// request.headers_mut().insert("x-forwarded-proto", "https".parse()?);
/// request.headers_mut().insert("x-forwarded-host", "shop.example".parse()?);
/// fix.apply(&mut request);
/// assert_eq!(request.remote_addr(), Some("192.0.2.1".parse()?));
/// assert_eq!(request.url(), "https://shop.example/cart");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProxyFix {
    x_for: usize,
    x_proto: usize,
    x_host: usize,
    x_port: usize,
    x_prefix: usize,
    forwarded: usize,
    trusted: Option<TrustedProxies>,
}

impl Default for ProxyFix {
    fn default() -> Self {
        ProxyFix { x_for: 1, x_proto: 1, x_host: 0, x_port: 0, x_prefix: 0, forwarded: 0, trusted: None }
    }
}

impl ProxyFix {
    /// One proxy, which sets `X-Forwarded-For` and `X-Forwarded-Proto`: Werkzeug's defaults.
    pub fn new() -> Self {
        ProxyFix::default()
    }

    /// How many proxies append to `X-Forwarded-For`: the address of the client. Default 1.
    ///
    /// A value that is no address says nothing: the client is then the proxy.
    pub fn x_for(mut self, proxies: usize) -> Self {
        self.x_for = proxies;
        self
    }

    /// How many proxies append to `X-Forwarded-Proto`: the scheme. Default 1.
    pub fn x_proto(mut self, proxies: usize) -> Self {
        self.x_proto = proxies;
        self
    }

    /// How many proxies append to `X-Forwarded-Host`: the host that the client asked. Default 0.
    pub fn x_host(mut self, proxies: usize) -> Self {
        self.x_host = proxies;
        self
    }

    /// How many proxies append to `X-Forwarded-Port`: the port that the client connected to. Default 0.
    pub fn x_port(mut self, proxies: usize) -> Self {
        self.x_port = proxies;
        self
    }

    /// How many proxies append to `X-Forwarded-Prefix`: the path below which they show the application. Default 0.
    ///
    /// A prefix is a path: one that does not begin with a slash, or with more than one, says nothing.
    pub fn x_prefix(mut self, proxies: usize) -> Self {
        self.x_prefix = proxies;
        self
    }

    /// How many proxies append to `Forwarded` (RFC 7239), from which client, scheme and host are then taken in place of
    /// `X-Forwarded-For`, `-Proto` and `-Host`. Default 0.
    pub fn forwarded(mut self, proxies: usize) -> Self {
        self.forwarded = proxies;
        self
    }

    /// Believes these peers only: addresses, networks (`10.0.0.0/8`), and `unix` for those of a Unix socket. What others say in
    /// `Forwarded` and `X-Forwarded-…`, and what the peers passed on without having been counted on, is taken out of the request.
    ///
    /// # Errors
    /// Text that names no network.
    pub fn trusted_proxies<T: AsRef<str>>(
        mut self,
        networks: impl IntoIterator<Item = T>,
    ) -> Result<Self, InvalidNetwork> {
        self.trusted = Some(TrustedProxies::new(networks)?);
        Ok(self)
    }

    /// The peers that are believed; `None` when every peer is.
    pub fn trusted(&self) -> Option<&TrustedProxies> {
        self.trusted.as_ref()
    }

    /// The address of the client that a request with these fields comes from, as the proxies say; else the peer's.
    pub fn client(&self, peer: Option<SocketAddr>, headers: &HeaderMap) -> Option<SocketAddr> {
        if !self.believes(peer) {
            return peer;
        }
        let node = match self.forwarded {
            0 => value(headers, &FOR, self.x_for).and_then(|text| text.parse().ok()),
            proxies => element(headers, proxies).and_then(|element| element.r#for),
        };
        match node {
            Some(Node::Address(address, port)) => Some(SocketAddr::new(address, port.unwrap_or(0))),
            _ => peer,
        }
    }

    fn believes(&self, peer: Option<SocketAddr>) -> bool {
        self.trusted.as_ref().is_none_or(|trusted| trusted.trusts(peer))
    }

    /// Makes a request what the proxies say that it was. Done twice it does the same as once, where the peers that are believed are
    /// named.
    pub fn apply(&self, request: &mut Request) {
        let peer = request.connection().remote_addr;
        if !self.believes(peer) {
            forget(request.headers_mut(), &[&FOR, &PROTO, &HOST, &PORT, &PREFIX, &header::FORWARDED]);
            return;
        }
        let client = self.client(peer, request.headers());
        if client != peer {
            request.connection_mut().remote_addr = client;
        }
        let element =
            (self.forwarded > 0).then(|| element(request.headers(), self.forwarded).unwrap_or_default());
        let (proto, host) = match element {
            Some(ForwardedElement { proto, host, .. }) => (proto, host),
            None => {
                let headers = request.headers();
                (value(headers, &PROTO, self.x_proto), value(headers, &HOST, self.x_host))
            }
        };
        if let Some(proto) = proto {
            request.connection_mut().is_secure =
                proto.eq_ignore_ascii_case("https") || proto.eq_ignore_ascii_case("wss");
        }
        if let Some(host) = host.and_then(|host| as_it_came(&host)) {
            request.set_host(host);
        }
        if let Some(port) = value(request.headers(), &PORT, self.x_port) {
            set_port(request, &port);
        }
        let prefix = value(request.headers(), &PREFIX, self.x_prefix);
        if let Some(prefix) = prefix.filter(|prefix| is_path(prefix)) {
            request.set_script_root(&prefix);
        }
        if self.trusted.is_some() {
            self.tidy(request.headers_mut());
        }
    }

    /// Leaves of the fields what was believed.
    fn tidy(&self, headers: &mut HeaderMap) {
        let x = |count| if self.forwarded > 0 { 0 } else { count };
        let counted = [
            (&FOR, x(self.x_for)),
            (&PROTO, x(self.x_proto)),
            (&HOST, x(self.x_host)),
            (&PORT, self.x_port),
            (&PREFIX, self.x_prefix),
        ];
        // What a list has left of its values was appended to what the client sent.
        let mut believed: Vec<(&HeaderName, HeaderValue)> = Vec::new();
        for (name, count) in counted {
            if count > 0
                && let Some(field) = combined(headers, name)
                && let Some(values) = last(&field, count)
                && let Some(value) = as_it_came(&values.join(", "))
                && !value.is_empty()
            {
                believed.push((name, value));
            }
        }
        // Elements have quotes and commas of their own; their text is not cut. One proxy alone overwrites the field.
        let elements = combined(headers, &header::FORWARDED).and_then(|field| parse_forwarded(&field));
        let forwarded =
            elements.is_some_and(|elements| self.forwarded > 0 && elements.len() == self.forwarded);
        let kept = if forwarded { headers.get(header::FORWARDED).cloned() } else { None };
        forget(headers, &[&FOR, &PROTO, &HOST, &PORT, &PREFIX, &header::FORWARDED]);
        for (name, value) in believed {
            headers.insert(name, value);
        }
        if let Some(value) = kept {
            headers.insert(header::FORWARDED, value);
        }
    }
}

/// Takes fields out, also where an underscore stands for a dash: a gateway behind this one may make one name of both.
fn forget(headers: &mut HeaderMap, names: &[&HeaderName]) {
    for name in names {
        headers.remove(*name);
    }
    let is = |name: &HeaderName, known: &HeaderName| {
        let (name, known) = (name.as_str().as_bytes(), known.as_str().as_bytes());
        name.len() == known.len() && name.iter().zip(known).all(|(a, b)| a == b || (*a == b'_' && *b == b'-'))
    };
    let odd: Vec<HeaderName> = headers
        .keys()
        .filter(|name| name.as_str().contains('_') && names.iter().any(|known| is(name, known)))
        .cloned()
        .collect();
    for name in odd {
        headers.remove(name);
    }
}

/// The last values of a list, when it has so many.
///
/// A quotation mark of the client's that is not closed must not hide what was appended behind it.
fn last(field: &str, count: usize) -> Option<Vec<String>> {
    let mut values = parse_list_header(field);
    if values.is_empty() && field.contains('"') {
        values = field.split(',').map(|value| value.trim().to_owned()).collect();
    }
    let from = values.len().checked_sub(count)?;
    Some(values.split_off(from))
}

/// The value that the outermost of so many proxies appended.
fn value(headers: &HeaderMap, name: &HeaderName, proxies: usize) -> Option<String> {
    if proxies == 0 {
        return None;
    }
    let values = last(&combined(headers, name)?, proxies)?;
    values.into_iter().next().filter(|value| !value.is_empty())
}

/// The element that the outermost of so many proxies appended.
fn element(headers: &HeaderMap, proxies: usize) -> Option<ForwardedElement> {
    let field = combined(headers, &header::FORWARDED)?;
    let appended = || field.rmatch_indices(',').nth(proxies - 1).map_or(&*field, |(at, _)| &field[at + 1..]);
    // Likewise: what the client sent may be malformed, but not what was appended.
    let mut elements = parse_forwarded(&field).or_else(|| parse_forwarded(appended()))?;
    let at = elements.len().checked_sub(proxies)?;
    Some(elements.swap_remove(at))
}

/// The port goes to the host's name, or, for a client that names no host, to the server's address.
fn set_port(request: &mut Request, port: &str) {
    let host = match request.uri().authority() {
        Some(authority) => Some(authority.as_str()),
        None => request.headers().get(header::HOST).and_then(|host| host.to_str().ok()),
    };
    match host.filter(|host| !host.is_empty()) {
        Some(host) => {
            let name = match host.rsplit_once(':') {
                Some((name, _)) if !host.ends_with(']') => name,
                _ => host,
            };
            if let Some(host) = as_it_came(&format!("{name}:{port}")) {
                request.set_host(host);
            }
        }
        None => {
            if let (Some(address), Ok(port)) = (&mut request.connection_mut().local_addr, port.parse()) {
                address.set_port(port);
            }
        }
    }
}

/// Whether this can be put before a path without becoming a host's name.
fn is_path(prefix: &str) -> bool {
    prefix.starts_with('/') && !prefix.starts_with("//") && !prefix.contains(['\\', '\r', '\n', '\0'])
}
