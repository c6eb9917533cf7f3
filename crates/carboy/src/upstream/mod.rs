//! The application that this one takes over from, a view at a time: what is not here is answered there.

mod address;
mod body;
mod exchange;
mod failure;
mod flow;
#[cfg(fuzzing)]
pub mod fuzzing;
mod head;
mod pool;
mod tunnel;

use crate::{runtime::Entered, view::BoxFuture};
use address::Address;
use carboy_http::{Body, BodyError, Method, Request, header};
use exchange::Answer;
use failure::Failure;
use head::Outgoing;
use pool::Pool;
use std::{
    fmt,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

/// A running application that answers what this one does not: a Flask application, most likely.
///
/// As the [fallback](crate::App::fallback) of an app it gets every request whose path or method has no rule here, and those for static
/// files that are not here; [mounted](crate::App::mount) it gets all below a path. Such a request touches no session, no hook and no
/// header of this app: what the upstream answers, cookies included, is what the client gets.
///
/// ```no_run
/// use carboy::{Upstream, prelude::*};
///
/// #[route("/new")]
/// fn new() -> &'static str { "written in Rust" }
///
/// fn main() -> carboy::Result<()> {
///     App::new("shop").routes(routes![new]).fallback(Upstream::new("http://127.0.0.1:5001")).run()
/// }
/// ```
///
/// Bodies are passed on a piece at a time, in both directions, and so are trailers; `Expect: 100-continue` is left to the upstream;
/// a connection that changes its protocol (a WebSocket) becomes a tunnel. The fields that belong to one connection stay behind (RFC
/// 9110 section 7.6.1). The upstream sees the `Host` that the client named, and `X-Forwarded-For`, `-Proto`, `-Host`, `-Port` and
/// `-Prefix` in place of what the client may have sent of them, so that Werkzeug's `ProxyFix(app, x_for=1, x_proto=1, x_host=1,
/// x_prefix=1)` sees the client. Let nobody else reach the upstream: it believes whoever connects.
///
/// When the upstream is away the error handlers of the app answer 502, when it takes too long 504; the command `check` tells whether it
/// is there. A request that may be sent twice and has no body is sent again, once, if an idle connection turns out to be dead.
/// Every other request gets a connection of its own.
///
/// Cloning is cheap; clones share their connections.
#[derive(Clone)]
pub struct Upstream(Arc<Inner>);

struct Inner {
    address: Result<Address, String>,
    options: Options,
    pool: Arc<Pool>,
}

/// What can be chosen; the defaults stand in [`Default`].
#[derive(Debug, Clone, Copy)]
struct Options {
    connect_timeout: Option<Duration>,
    response_timeout: Option<Duration>,
    idle_timeout: Option<Duration>,
    tunnel_idle_timeout: Option<Duration>,
    keep_alive: Duration,
    max_idle_connections: usize,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            connect_timeout: Some(Duration::from_secs(5)),
            response_timeout: Some(Duration::from_secs(60)),
            idle_timeout: Some(Duration::from_secs(60)),
            tunnel_idle_timeout: Some(Duration::from_secs(60 * 60)),
            // Less than the two seconds after which gunicorn closes an idle connection.
            keep_alive: Duration::from_secs(1),
            max_idle_connections: 32,
        }
    }
}

impl Upstream {
    /// The application at this address: `http://host:port`, with a path if all its paths begin with one, or
    /// `unix:/path/of/its/socket`.
    ///
    /// An address that means nothing is reported when the app is built. HTTPS is not spoken: the upstream listens on the same
    /// machine, or in a network of its own.
    pub fn new(address: &str) -> Self {
        Upstream(Arc::new(Inner {
            address: Address::parse(address),
            options: Options::default(),
            pool: Arc::default(),
        }))
    }

    fn with(self, change: impl FnOnce(&mut Options)) -> Self {
        let mut options = self.0.options;
        change(&mut options);
        Upstream(Arc::new(Inner { address: self.0.address.clone(), options, pool: Arc::default() }))
    }

    /// How long a connection may take, or `None` to wait for ever. Default: 5 seconds. When it passes, the answer is 504.
    pub fn connect_timeout(self, limit: impl Into<Option<Duration>>) -> Self {
        let limit = limit.into();
        self.with(|options| options.connect_timeout = limit)
    }

    /// How long the head of an answer may take, counted from the last piece of the request that the upstream took, or `None`.
    /// Default: 60 seconds. When it passes, the answer is 504.
    pub fn response_timeout(self, limit: impl Into<Option<Duration>>) -> Self {
        let limit = limit.into();
        self.with(|options| options.response_timeout = limit)
    }

    /// How long no piece of an answer's body may come, or `None`: a stream of events may be silent for long. Default: 60 seconds. When
    /// it passes the answer breaks off, which the client can tell.
    pub fn idle_timeout(self, limit: impl Into<Option<Duration>>) -> Self {
        let limit = limit.into();
        self.with(|options| options.idle_timeout = limit)
    }

    /// How long no byte may pass through a WebSocket or another tunnel, or `None`. Default: an hour.
    pub fn tunnel_idle_timeout(self, limit: impl Into<Option<Duration>>) -> Self {
        let limit = limit.into();
        self.with(|options| options.tunnel_idle_timeout = limit)
    }

    /// How long an idle connection is kept for another request; zero keeps none. Default: 1 second. Let it be less than the upstream's own
    /// limit, which is 2 seconds for gunicorn, so that no request meets a connection that is being closed.
    pub fn keep_alive(self, limit: Duration) -> Self {
        self.with(|options| options.keep_alive = limit)
    }

    /// How many idle connections are kept. Default: 32.
    pub fn max_idle_connections(self, connections: usize) -> Self {
        self.with(|options| options.max_idle_connections = connections)
    }

    /// What is wrong with its address.
    pub(crate) fn mistake(&self) -> Option<String> {
        self.0.address.as_ref().err().cloned()
    }

    /// Asks for the head of its front page; a sentence when something is wrong.
    pub(crate) async fn health(&self) -> Option<String> {
        let address = match &self.0.address {
            Ok(address) => address,
            Err(sentence) => return Some(sentence.clone()),
        };
        let mut parts = http::Request::new(()).into_parts().0;
        parts.method = Method::HEAD;
        parts.uri = address.target("/", None)?;
        parts.headers.insert(header::HOST, address.authority.clone());
        let outgoing = Outgoing { parts, upgrade: None, expects_continue: false };
        match exchange::answer(&self.0, outgoing, Body::empty()).await {
            Ok(Answer { response, .. }) if response.status().is_server_error() => {
                Some(format!("the upstream {address} answers with status {}", response.status()))
            }
            Ok(_) => None,
            Err(failure) => Some(format!("the upstream {address} {failure}")),
        }
    }
}

impl fmt::Debug for Upstream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0.address {
            Ok(address) => write!(f, "Upstream({address})"),
            Err(sentence) => write!(f, "Upstream({sentence})"),
        }
    }
}

impl tower_service::Service<http::Request<Body>> for Upstream {
    type Response = http::Response<Body>;
    type Error = BodyError;
    type Future = BoxFuture<Result<http::Response<Body>, BodyError>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BodyError>> {
        Poll::Ready(Ok(()))
    }

    /// Sends a request on. The error is an [`HttpError`](carboy_http::HttpError): 502 or 504, or what the client's body broke off with.
    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        let upstream = self.0.clone();
        let request: Request = request.into();
        Box::pin(Entered::new(async move {
            exchange::forward(&upstream, request).await.map_err(|failure: Failure| {
                let name = upstream.address.as_ref().map(ToString::to_string).unwrap_or_default();
                failure.into_http(&name).into()
            })
        }))
    }
}
