//! A request: its head, where it came from, and its body until somebody takes it.

use crate::{
    Body, Limits, MultiDict, RequestId,
    form::urlencoded,
    recycle::{self, Spare},
};
use body::{BodySlot, Loaded};
use http::{Extensions, HeaderMap, Method, Uri, Version, request::Parts};
use std::{
    net::SocketAddr,
    sync::{Mutex, OnceLock},
};

mod body;
mod headers;
mod json;
mod peer;
mod url;

pub use body::BodyState;
pub(crate) use json::is_json_mimetype;
pub use peer::PeerCertificate;

/// How a request reached the server.
#[derive(Debug, Clone, Default)]
pub struct ConnectionInfo {
    /// The peer's address; `None` on a Unix socket and in tests that do not set it.
    pub remote_addr: Option<SocketAddr>,
    /// The address that the connection was accepted on.
    pub local_addr: Option<SocketAddr>,
    /// Whether the connection itself is encrypted.
    pub is_secure: bool,
    /// What the client has proved to be, where the server asks for certificates; `None` if it has not shown one.
    pub peer_certificate: Option<PeerCertificate>,
}

/// One HTTP request.
///
/// Everything but the mount point is read through shared references, so that a request can be shared
/// by whatever code runs while it is answered; the body is read or taken out once. What is parsed is parsed at first
/// use and kept: a request without cookies, query or body pays for none of them.
///
/// ```
/// use carboy_http::Request;
/// let request = Request::get("/search?q=rust&page=2");
/// assert_eq!(request.path(), "/search");
/// assert_eq!(request.args().get::<u32>("page"), Some(2));
/// ```
#[derive(Debug)]
pub struct Request(Box<Inner>);

/// Boxed, because a request changes hands several times before it is answered.
#[derive(Debug)]
struct Inner {
    parts: Parts,
    connection: ConnectionInfo,
    script_root: String,
    /// The path behind the mount point, once there is one.
    mounted_path: Option<String>,
    /// Whether bytes come, or were announced; asked by every request, so it stands outside of the lock.
    has_body: bool,
    body: Mutex<BodySlot>,
    loaded: OnceLock<Box<Loaded>>,
    lazy: OnceLock<Box<Lazy>>,
}

thread_local! {
    static SPARE: Spare<Request> = const { Spare::new() };
}

/// What was worked out from the head.
#[derive(Debug, Default)]
struct Lazy {
    path: OnceLock<String>,
    args: OnceLock<MultiDict<String>>,
    values: OnceLock<MultiDict<String>>,
    cookies: OnceLock<MultiDict<String>>,
    host: OnceLock<String>,
}

/// What a request carries through layers that only know `http::Request`.
#[derive(Clone)]
struct Carried {
    script_root: String,
    mounted_path: Option<String>,
    limits: Limits,
}

impl Request {
    /// A request from its head, its connection and its body.
    ///
    /// A method in lower case is that in upper case, as in Werkzeug: `get` is answered as `GET`.
    pub fn new(parts: Parts, connection: ConnectionInfo, body: Body) -> Self {
        let empty = body.is_at_end() && headers::content_length(&parts.headers).unwrap_or(0) == 0;
        Request::with(parts, connection, body, !empty)
    }

    /// A request without a body, whose head does not announce one either: for servers, which know.
    pub fn without_body(parts: Parts, connection: ConnectionInfo) -> Self {
        Request::with(parts, connection, Body::empty(), false)
    }

    fn with(parts: Parts, connection: ConnectionInfo, body: Body, has_body: bool) -> Self {
        let mut request = Request(Box::new(Inner {
            parts,
            connection,
            script_root: String::new(),
            mounted_path: None,
            has_body,
            body: Mutex::new(BodySlot::new(body)),
            loaded: OnceLock::new(),
            lazy: OnceLock::new(),
        }));
        request.raise_method();
        request
    }

    fn raise_method(&mut self) {
        let method = &mut self.0.parts.method;
        if !matches!(*method, Method::GET | Method::POST | Method::HEAD)
            && method.as_str().bytes().any(|byte| byte.is_ascii_lowercase())
            && let Ok(upper) = Method::from_bytes(method.as_str().to_ascii_uppercase().as_bytes())
        {
            *method = upper;
        }
    }

    /// A request whose head is still to be written, into [`parts_mut`](Self::parts_mut), before [`begin`](Self::begin) says the rest: for
    /// servers, whose heads need not be moved into a request then.
    pub fn blank() -> Self {
        match SPARE.try_with(Spare::take) {
            Ok(Some(request)) => request,
            _ => {
                let parts = http::Request::new(()).into_parts().0;
                Request::without_body(parts, ConnectionInfo::default())
            }
        }
    }

    /// The parts of the head, for a server that writes or judges them.
    pub fn parts_mut(&mut self) -> &mut Parts {
        &mut self.0.parts
    }

    /// Says how a request whose head stands has come, and the body behind it; `None` if the head announces none. Does what [`new`](Self::new) does.
    pub fn begin(&mut self, connection: &ConnectionInfo, body: Option<Body>) {
        self.raise_method();
        self.0.connection.clone_from(connection);
        if let Some(body) = body {
            self.set_body(body);
        }
    }

    /// Ends a request that was answered, and keeps its memory for the next one that comes to this thread.
    pub fn recycle(mut self) {
        let inner = &mut *self.0;
        if !recycle::clear(&mut inner.parts.headers) {
            return;
        }
        let parts = &mut inner.parts;
        (parts.method, parts.uri, parts.version) = (Method::GET, Uri::default(), Version::HTTP_11);
        if !parts.extensions.is_empty() {
            parts.extensions.clear();
        }
        inner.connection = ConnectionInfo::default();
        inner.script_root = String::new();
        inner.mounted_path = None;
        inner.has_body = false;
        inner.body = Mutex::new(BodySlot::new(Body::empty()));
        inner.loaded = OnceLock::new();
        inner.lazy = OnceLock::new();
        let _ = SPARE.try_with(|spare| spare.keep(self));
    }

    /// A GET request without a body, for tests.
    ///
    /// # Panics
    /// When the target is not a valid URI.
    pub fn get(target: &str) -> Self {
        http::Request::get(target).body(Body::empty()).expect("a valid request target").into()
    }

    /// A request with the same head and connection, and no body.
    pub fn head(&self) -> Self {
        let mut parts = http::Request::new(()).into_parts().0;
        parts.method.clone_from(&self.0.parts.method);
        parts.uri.clone_from(&self.0.parts.uri);
        parts.version = self.0.parts.version;
        parts.headers.clone_from(&self.0.parts.headers);
        parts.extensions.clone_from(&self.0.parts.extensions);
        let mut head = Request::new(parts, self.0.connection.clone(), Body::empty());
        head.0.script_root.clone_from(&self.0.script_root);
        head.0.mounted_path.clone_from(&self.0.mounted_path);
        head.set_limits(self.limits());
        head
    }

    /// The request method.
    pub fn method(&self) -> &Method {
        &self.0.parts.method
    }

    /// Changes the method, for layers such as a method override.
    pub fn set_method(&mut self, method: Method) {
        self.0.parts.method = method;
    }

    /// The target as it came in.
    pub fn uri(&self) -> &Uri {
        &self.0.parts.uri
    }

    /// Changes the target. A mount point that was entered stays; what was parsed is forgotten.
    pub fn set_uri(&mut self, uri: Uri) {
        self.0.parts.uri = uri;
        self.0.mounted_path = None;
        self.0.lazy = OnceLock::new();
    }

    /// The protocol version.
    pub fn version(&self) -> Version {
        self.0.parts.version
    }

    /// The header fields.
    pub fn headers(&self) -> &HeaderMap {
        &self.0.parts.headers
    }

    /// The header fields, for middleware that changes them before the app sees the request.
    pub fn headers_mut(&mut self) -> &mut HeaderMap {
        self.0.lazy = OnceLock::new();
        &mut self.0.parts.headers
    }

    /// How the request reached the server.
    pub fn connection(&self) -> &ConnectionInfo {
        &self.0.connection
    }

    /// How the request reached the server, for middleware that knows better, behind a trusted proxy.
    pub fn connection_mut(&mut self) -> &mut ConnectionInfo {
        self.0.lazy = OnceLock::new();
        &mut self.0.connection
    }

    /// Values that layers attach for one another.
    pub fn extensions(&self) -> &Extensions {
        &self.0.parts.extensions
    }

    /// Values that layers attach for one another, to change them.
    pub fn extensions_mut(&mut self) -> &mut Extensions {
        &mut self.0.parts.extensions
    }

    /// The id by which this request can be found in logs; `None` when the server gives none, as in tests.
    pub fn request_id(&self) -> Option<&str> {
        self.extensions().get::<RequestId>().map(RequestId::as_str)
    }

    fn lazy(&self) -> &Lazy {
        self.0.lazy.get_or_init(Box::default)
    }

    /// The arguments of the query string.
    ///
    /// No more than [`Limits::max_args`] are looked at; [`Request::check_args`] refuses a request that has more.
    pub fn args(&self) -> MultiDict<String> {
        match self.query_string() {
            "" => MultiDict::new(),
            query => {
                let parse = || urlencoded::parse(query, self.limits().max_args);
                self.lazy().args.get_or_init(parse).clone()
            }
        }
    }

    /// The arguments, then the fields of the form; for a GET request the arguments alone, so that a cache
    /// that looks at the URL is not fooled by a body.
    pub fn values(&self) -> MultiDict<String> {
        let form = self.form();
        if form.is_empty() || self.method() == Method::GET {
            return self.args();
        }
        self.lazy().values.get_or_init(|| self.args().combined(&form)).clone()
    }
}

impl From<http::Request<Body>> for Request {
    fn from(request: http::Request<Body>) -> Self {
        let (mut parts, body) = request.into_parts();
        let connection = parts.extensions.remove::<ConnectionInfo>().unwrap_or_default();
        let carried = parts.extensions.remove::<Carried>();
        let mut request = Request::new(parts, connection, body);
        if let Some(carried) = carried {
            request.0.script_root = carried.script_root;
            request.0.mounted_path = carried.mounted_path;
            request.set_limits(carried.limits);
        }
        request
    }
}

impl From<Request> for http::Request<Body> {
    fn from(mut request: Request) -> Self {
        let limits = request.limits();
        let body = request.take_body().unwrap_or_default();
        let mut parts = request.0.parts;
        parts.extensions.insert(request.0.connection);
        if !request.0.script_root.is_empty() || limits != Limits::DEFAULT {
            parts.extensions.insert(Carried {
                script_root: std::mem::take(&mut request.0.script_root),
                mounted_path: request.0.mounted_path,
                limits,
            });
        }
        http::Request::from_parts(parts, body)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_method_in_lower_case_is_that_in_upper_case() {
        let with = |method: &str| {
            let request = http::Request::builder().method(method).body(Body::empty()).unwrap();
            Request::from(request).method().clone()
        };
        assert_eq!(with("get"), Method::GET);
        assert_eq!(with("pOsT"), Method::POST);
        assert_eq!(with("purge").as_str(), "PURGE");
        assert_eq!(with("M-SEARCH").as_str(), "M-SEARCH");
    }

    #[test]
    fn memory_that_is_used_again_holds_nothing_of_the_request_before() {
        let mut request = Request::blank();
        let place = |request: &Request| std::ptr::from_ref::<Inner>(&request.0);
        let first = place(&request);
        let parts = request.parts_mut();
        (parts.method, parts.version) = (Method::POST, Version::HTTP_10);
        parts.uri = "/shop/cart?n=1".parse().unwrap();
        for (name, value) in [("host", "a"), ("cookie", "secret=1"), ("content-length", "4")] {
            parts.headers.append(name, value.parse().unwrap());
        }
        parts.extensions.insert("from a layer");
        let address = Some(([127, 0, 0, 1], 5000).into());
        let connection =
            ConnectionInfo { remote_addr: address, is_secure: true, ..ConnectionInfo::default() };
        request.begin(&connection, Some("a=1&".into()));
        assert!(request.enter_mount("/shop"));
        request.set_max_content_length(Some(1));
        assert_eq!((request.args().len(), request.cookies().len(), request.host()), (1, 1, "a"));
        let mut waker = std::task::Context::from_waker(std::task::Waker::noop());
        assert!(Box::pin(request.load_body()).as_mut().poll(&mut waker).is_ready());
        assert_eq!(request.body_state(), BodyState::Failed(http::StatusCode::PAYLOAD_TOO_LARGE));

        request.recycle();
        let again = Request::blank();
        assert_eq!(place(&again), first);
        let fresh = Request::without_body(http::Request::new(()).into_parts().0, ConnectionInfo::default());
        assert_eq!(format!("{again:?}"), format!("{fresh:?}"));
    }

    #[test]
    fn a_thread_keeps_a_few_requests_and_none_whose_header_map_has_grown() {
        let kept = || SPARE.with(Spare::len);
        (0..100).map(|_| Request::blank()).collect::<Vec<_>>().into_iter().for_each(Request::recycle);
        let few = kept();
        assert!((1..100).contains(&few), "{few}");
        let mut request = Request::blank();
        for n in 0..60 {
            let name = http::HeaderName::from_bytes(format!("x-{n}").as_bytes()).unwrap();
            request.headers_mut().append(name, "1".parse().unwrap());
        }
        request.recycle();
        assert_eq!(kept(), few - 1);
    }
}
