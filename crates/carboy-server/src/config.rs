//! What can be chosen about a server, and the defaults: the one place where they stand.

use crate::{BindAddress, LogSink, Metrics};
use carboy_http::proxy::{ProxyFix, TrustedProxies};
use std::{path::PathBuf, time::Duration};

/// How a server listens, how long it waits for what, and how much it takes.
///
/// Deadlines are given as a [`Duration`], or `None` for "wait for ever", which a server that faces the
/// internet should not do. The defaults are safe there.
///
/// ```
/// use carboy_server::{AccessLog, ServerConfig};
/// use std::time::Duration;
///
/// let config = ServerConfig::new()
///     .bind("0.0.0.0:8000")
///     .workers(4)
///     .keep_alive_timeout(Duration::from_secs(5))
///     .access_log(AccessLog::Combined);
/// ```
#[derive(Debug, Clone)]
pub struct ServerConfig {
    pub(crate) addresses: Vec<BindAddress>,
    pub(crate) backlog: u32,
    pub(crate) workers: usize,
    pub(crate) max_connections: usize,
    pub(crate) http1: Http1Config,
    pub(crate) http2: Http2Config,
    pub(crate) deadlines: Deadlines,
    pub(crate) access_log: AccessLog,
    /// Where its lines go, when not to `tracing`.
    pub(crate) access_log_to: Option<LogSink>,
    request_ids: Option<RequestIds>,
    pub(crate) proxies: Option<ProxyFix>,
    pub(crate) proxy_protocol: Option<TrustedProxies>,
    pub(crate) metrics: Option<Metrics>,
    pub(crate) metrics_on: Option<BindAddress>,
    #[cfg(feature = "tls")]
    pub(crate) tls: Option<crate::TlsConfig>,
    #[cfg(feature = "tls")]
    pub(crate) redirect: Option<crate::HttpsRedirect>,
    pub(crate) life: Life,
}

/// How a server comes and goes.
#[derive(Debug, Clone)]
pub(crate) struct Life {
    pub(crate) drain_delay: Duration,
    pub(crate) restart_timeout: Duration,
    pub(crate) pid_file: Option<PathBuf>,
    pub(crate) health: HealthPaths,
}

/// The paths that the server answers by itself.
#[derive(Debug, Clone, Default)]
pub(crate) struct HealthPaths {
    pub(crate) ready: Option<String>,
    pub(crate) live: Option<String>,
    pub(crate) logged: bool,
}

impl HealthPaths {
    /// Whether a request for this path is left out of the access log.
    pub(crate) fn is_silent(&self, path: &str) -> bool {
        let is = |own: &Option<String>| own.as_deref() == Some(path);
        !self.logged && (is(&self.ready) || is(&self.live))
    }
}

#[derive(Debug, Clone)]
pub(crate) struct Http1Config {
    pub(crate) max_headers: usize,
    pub(crate) max_head_size: usize,
    pub(crate) half_close: bool,
}

#[derive(Debug, Clone)]
pub(crate) struct Http2Config {
    pub(crate) prior_knowledge: bool,
    pub(crate) max_concurrent_streams: u32,
    pub(crate) stream_window: u32,
    pub(crate) connection_window: u32,
    pub(crate) max_header_list: u32,
    pub(crate) max_send_buffer: usize,
    pub(crate) max_control_frames: u32,
    pub(crate) ping_interval: Option<Duration>,
    pub(crate) ping_timeout: Duration,
}

#[derive(Debug, Clone)]
pub(crate) struct Deadlines {
    pub(crate) first_byte: Option<Duration>,
    pub(crate) head: Option<Duration>,
    pub(crate) idle: Option<Duration>,
    pub(crate) body_gap: Option<Duration>,
    /// Bytes a second; measured once [`BODY_RATE_GRACE`] was spent waiting.
    pub(crate) min_body_rate: u32,
    pub(crate) write_stall: Option<Duration>,
    /// From the end of a head to the head of its answer.
    pub(crate) request: Option<Duration>,
    pub(crate) drain: Duration,
}

/// How long a client may take before the rate of its body is looked at.
pub(crate) const BODY_RATE_GRACE: Duration = Duration::from_secs(5);

/// How long a connection that the server closes goes on reading what the client still sends, so that
/// the client can read the answer instead of being reset.
pub(crate) const LINGER: Duration = Duration::from_secs(2);

/// How long a connection that has not sent anything yet may still send a request once the server
/// drains: its client connected to a server that was up.
pub(crate) const DRAIN_FIRST_BYTE: Duration = Duration::from_secs(1);

/// How long a connection has to be silent between two requests to be closed once the server drains: a client that was answered
/// less than that ago may be sending the next one.
pub(crate) const DRAIN_IDLE: Duration = Duration::from_secs(1);

/// The form of the access log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum AccessLog {
    /// No line, and no cost.
    #[default]
    Off,
    /// The Common Log Format: address, time, request line, status, bytes of the body.
    Common,
    /// The Combined Log Format: the common one with `Referer` and `User-Agent`.
    Combined,
    /// A JSON object a line: `time` (RFC 3339), `client`, `method`, `target`, `protocol`, `status`, `bytes` (of the body), `duration` (seconds), and
    /// what there is of `request_id`, `route`, `user`, `host`, `referer`, `user_agent`.
    Json,
}

/// Whether requests have ids, by which they can be followed through logs.
///
/// An id is that of `X-Request-ID`, when one of the [trusted peers](ServerConfig::proxies) sent it and it is one (1 to 128 of `A-Za-z0-9._-`); else it is
/// new, 32 hexadecimal digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RequestIds {
    /// No request has one.
    Off,
    /// Each request has one.
    On,
    /// Each request has one, and its answer says it in `X-Request-ID`.
    Echo,
}

impl Default for ServerConfig {
    fn default() -> Self {
        ServerConfig {
            addresses: Vec::new(),
            backlog: 1024,
            workers: std::thread::available_parallelism().map_or(1, |n| n.get()),
            max_connections: 25_000,
            http1: Http1Config { max_headers: 100, max_head_size: 64 * 1024, half_close: false },
            http2: Http2Config {
                prior_knowledge: true,
                max_concurrent_streams: 100,
                stream_window: 64 * 1024,
                connection_window: 1024 * 1024,
                max_header_list: 16 * 1024,
                max_send_buffer: 64 * 1024,
                max_control_frames: 100,
                ping_interval: Some(Duration::from_secs(20)),
                ping_timeout: Duration::from_secs(20),
            },
            deadlines: Deadlines {
                first_byte: Some(Duration::from_secs(10)),
                head: Some(Duration::from_secs(10)),
                idle: Some(Duration::from_secs(15)),
                body_gap: Some(Duration::from_secs(15)),
                min_body_rate: 500,
                write_stall: Some(Duration::from_secs(30)),
                request: None,
                drain: Duration::from_secs(30),
            },
            access_log: AccessLog::Off,
            access_log_to: None,
            request_ids: None,
            proxies: None,
            proxy_protocol: None,
            metrics: None,
            metrics_on: None,
            #[cfg(feature = "tls")]
            tls: None,
            #[cfg(feature = "tls")]
            redirect: None,
            life: Life {
                drain_delay: Duration::ZERO,
                restart_timeout: Duration::from_secs(60),
                pid_file: None,
                health: HealthPaths::default(),
            },
        }
    }
}

impl ServerConfig {
    /// The defaults: 127.0.0.1:5000, a worker per core, no access log.
    pub fn new() -> Self {
        ServerConfig::default()
    }

    /// Adds an address to listen on; without any it is `127.0.0.1:5000`. Port 0 takes a free one.
    ///
    /// `[::]:port` takes IPv4 too where the system allows it, unless an IPv4 address is listed as well.
    pub fn bind(mut self, address: impl Into<BindAddress>) -> Self {
        self.addresses.push(address.into());
        self
    }

    /// Listens on these addresses and on none that were added before.
    pub fn bind_only<A: Into<BindAddress>>(mut self, addresses: impl IntoIterator<Item = A>) -> Self {
        self.addresses = addresses.into_iter().map(Into::into).collect();
        self
    }

    /// The addresses that were added; none means the default one.
    pub fn addresses(&self) -> &[BindAddress] {
        &self.addresses
    }

    /// Speaks TLS on every TCP address; Unix sockets stay as they are, their clients are on this machine. Default: it does not.
    #[cfg(feature = "tls")]
    pub fn tls(mut self, tls: crate::TlsConfig) -> Self {
        self.tls = Some(tls);
        self
    }

    /// Refuses TLS 1.2, as [`TlsConfig::only_tls13`](crate::TlsConfig::only_tls13) does, in what was given to [`tls`](Self::tls) before.
    #[cfg(feature = "tls")]
    pub fn only_tls13(mut self) -> Self {
        self.tls = self.tls.map(|tls| tls.only_tls13(true));
        self
    }

    /// Listens on one more address, for plain HTTP, and sends every request there to HTTPS. Means nothing without [`tls`](Self::tls).
    /// Default: it does not.
    #[cfg(feature = "tls")]
    pub fn redirect_to_https(mut self, redirect: crate::HttpsRedirect) -> Self {
        self.redirect = Some(redirect);
        self
    }

    /// Sends nobody from plain HTTP to hosts but these, unless [the redirect](Self::redirect_to_https) that was chosen before says
    /// [which](crate::HttpsRedirect::trusted_hosts). Means nothing without one. An application says here what its own hosts are.
    #[cfg(feature = "tls")]
    pub fn trusted_hosts<H: Into<String>>(mut self, hosts: impl IntoIterator<Item = H>) -> Self {
        let hosts: Vec<String> = hosts.into_iter().map(Into::into).collect();
        self.redirect = self.redirect.map(|redirect| redirect.or_trusted_hosts(&hosts));
        self
    }

    /// How many connections the system holds that were not accepted yet. Default 1024.
    pub fn backlog(mut self, connections: u32) -> Self {
        self.backlog = connections;
        self
    }

    /// How many threads serve connections; at least one. Default: one per core.
    pub fn workers(mut self, threads: usize) -> Self {
        self.workers = threads.max(1);
        self
    }

    /// How many connections are held at once; more wait in the backlog. Default 25 000, and never more
    /// than the process may open files, less 64 for the application. An eighth of them, 1024 at most, are for the
    /// [redirect to HTTPS](crate::HttpsRedirect), where there is one.
    pub fn max_connections(mut self, connections: usize) -> Self {
        self.max_connections = connections.max(1);
        self
    }

    /// How many header fields an HTTP/1 request may have; more are answered with 431. Default 100.
    pub fn max_headers(mut self, fields: usize) -> Self {
        self.http1.max_headers = fields;
        self
    }

    /// How many bytes an HTTP/1 request line and header fields may have together; more are answered
    /// with 431. Default 64 KiB, at least 8 KiB.
    pub fn max_head_size(mut self, bytes: usize) -> Self {
        self.http1.max_head_size = bytes.max(8 * 1024);
        self
    }

    /// Whether an HTTP/1 client that closed its sending half still gets its answer. Default no: a client
    /// that ends its stream before it has the answer is taken to have left, and the view is cancelled.
    ///
    /// That is noticed at once, and within a second or so when more than 16 KiB wait to be read, of a body that the view has not asked
    /// for or of further requests. It is not noticed before the answer is sent when the client's system could not deliver its last bytes, because
    /// the socket is full of such ones; and, with `half_close`, when more than 16 KiB wait.
    pub fn half_close(mut self, allowed: bool) -> Self {
        self.http1.half_close = allowed;
        self
    }

    /// Whether a client may speak HTTP/2 without TLS, by its preface ("prior knowledge"). Default yes.
    pub fn http2_prior_knowledge(mut self, allowed: bool) -> Self {
        self.http2.prior_knowledge = allowed;
        self
    }

    /// How many requests an HTTP/2 connection may have open at once. Default 100.
    pub fn http2_max_concurrent_streams(mut self, streams: u32) -> Self {
        self.http2.max_concurrent_streams = streams;
        self
    }

    /// How many bytes of request bodies an HTTP/2 client may send unasked: for one request, and for all
    /// of a connection. Default 64 KiB and 1 MiB.
    pub fn http2_windows(mut self, stream: u32, connection: u32) -> Self {
        (self.http2.stream_window, self.http2.connection_window) = (stream, connection);
        self
    }

    /// How many bytes the header fields of an HTTP/2 request may have, unpacked. Default 16 KiB.
    pub fn http2_max_header_list_size(mut self, bytes: u32) -> Self {
        self.http2.max_header_list = bytes;
        self
    }

    /// How many bytes of a response an HTTP/2 stream buffers for a slow client, besides the 16 KiB that come next. Default 64 KiB.
    pub fn http2_max_send_buffer(mut self, bytes: usize) -> Self {
        self.http2.max_send_buffer = bytes;
        self
    }

    /// How many frames a second an HTTP/2 client may send that ask for nothing: PING, SETTINGS, PRIORITY, WINDOW_UPDATE,
    /// RST_STREAM, empty and unknown ones. It may save up ten seconds' worth, and more of them come with each request and
    /// with each 16 KiB of an answer. A client that sends more is told `ENHANCE_YOUR_CALM` (RFC 9113 §7, §10.5) and closed.
    /// Default 100, 0 is off.
    pub fn http2_max_control_frames(mut self, frames_per_second: u32) -> Self {
        self.http2.max_control_frames = frames_per_second;
        self
    }

    /// How often an HTTP/2 client is asked whether it is still there, and how long it may take to
    /// answer. Default 20 s and 20 s.
    pub fn http2_ping(mut self, interval: impl Into<Option<Duration>>, timeout: Duration) -> Self {
        (self.http2.ping_interval, self.http2.ping_timeout) = (interval.into(), timeout);
        self
    }

    /// From the connection to its first byte (TLS handshake included). Default 10 s.
    pub fn first_byte_timeout(mut self, limit: impl Into<Option<Duration>>) -> Self {
        self.deadlines.first_byte = limit.into();
        self
    }

    /// From the first byte of an HTTP/1 request to the end of its header fields; then 408. Default 10 s.
    pub fn header_timeout(mut self, limit: impl Into<Option<Duration>>) -> Self {
        self.deadlines.head = limit.into();
        self
    }

    /// From the end of an answer to the first byte of the next request. Default 15 s.
    pub fn keep_alive_timeout(mut self, limit: impl Into<Option<Duration>>) -> Self {
        self.deadlines.idle = limit.into();
        self
    }

    /// Between two pieces of a request body; then reading it fails with 408. Default 15 s.
    pub fn body_gap_timeout(mut self, limit: impl Into<Option<Duration>>) -> Self {
        self.deadlines.body_gap = limit.into();
        self
    }

    /// How many bytes a second of a request body must arrive once the server waited five seconds for
    /// it; fewer fail with 408. Only waiting counts, not the time the application takes. Default 500, 0 is off.
    pub fn min_body_rate(mut self, bytes_per_second: u32) -> Self {
        self.deadlines.min_body_rate = bytes_per_second;
        self
    }

    /// How long a client may take no byte of its answer; over HTTP/2 also how long it may keep the window of a stream closed
    /// for the next 16 KiB: then the stream is reset. Default 30 s.
    pub fn write_timeout(mut self, limit: impl Into<Option<Duration>>) -> Self {
        self.deadlines.write_stall = limit.into();
        self
    }

    /// How long the application may take for an answer, reading the body included; then its view is given up and the client gets 503. A
    /// stream that has begun may take any time. Default: as long as it likes.
    pub fn request_timeout(mut self, limit: impl Into<Option<Duration>>) -> Self {
        self.deadlines.request = limit.into();
        self
    }

    /// How long a server that was told to stop waits for answers under way. Default 30 s.
    pub fn drain_timeout(mut self, limit: Duration) -> Self {
        self.deadlines.drain = limit;
        self
    }

    /// How long a server that was told to stop serves as before while its [readiness path](Self::readiness_path) says 503 already: so long
    /// a load balancer takes to look elsewhere. Default 0. It comes before the [drain deadline](Self::drain_timeout); a second signal ends
    /// both.
    pub fn drain_delay(mut self, delay: Duration) -> Self {
        self.life.drain_delay = delay;
        self
    }

    /// The longest time from the word to stop to the end: [delay](Self::drain_delay) and [deadline](Self::drain_timeout).
    pub fn longest_drain(&self) -> Duration {
        self.life.drain_delay + self.deadlines.drain
    }

    /// How long a new process may take to serve after SIGUSR2; then it is ended and the old one goes on. Default 60 s.
    pub fn restart_timeout(mut self, limit: Duration) -> Self {
        self.life.restart_timeout = limit;
        self
    }

    /// A file for the number of the process that serves: written once it does, removed at its end, taken over by a new process on a
    /// restart. Default: none.
    pub fn pid_file(mut self, path: impl Into<PathBuf>) -> Self {
        self.life.pid_file = Some(path.into());
        self
    }

    /// A path such as `/readyz` that the server answers before the application: 200 while it takes requests and every
    /// [check](crate::Server::readiness_check) holds, 503 otherwise, and from the moment that it is told to stop. Default: none, because paths
    /// are the application's.
    pub fn readiness_path(mut self, path: impl Into<String>) -> Self {
        self.life.health.ready = Some(path.into());
        self
    }

    /// A path such as `/livez` that the server answers before the application: 200 as long as it answers at all. Default: none.
    pub fn liveness_path(mut self, path: impl Into<String>) -> Self {
        self.life.health.live = Some(path.into());
        self
    }

    /// Whether requests for the readiness and liveness paths appear in the access log. Default no.
    pub fn log_health(mut self, logged: bool) -> Self {
        self.life.health.logged = logged;
        self
    }

    /// Whether a line is logged for each answer, to the `tracing` target `carboy::access` at level INFO or to a
    /// [sink of its own](Self::access_log_to).
    /// Control characters, quotes and text-direction marks of the client are escaped, long fields cut at
    /// 1 KiB. Default off.
    pub fn access_log(mut self, format: AccessLog) -> Self {
        self.access_log = format;
        self
    }

    /// Writes the access log to a place of its own, in place of `tracing`: no request ever waits for it.
    pub fn access_log_to(mut self, sink: LogSink) -> Self {
        self.access_log_to = Some(sink);
        self
    }

    /// Whether requests have ids: among the extensions of a request, in the lines of the access log. Default on with the access log as JSON, else
    /// off.
    pub fn request_ids(mut self, ids: RequestIds) -> Self {
        self.request_ids = Some(ids);
        self
    }

    /// The proxies before this server: whose client the access log names, and, when they are told by address, whose request ids are taken
    /// over. The request itself stays as it is; an application [applies](ProxyFix::apply) what its proxies say by itself.
    pub fn proxies(mut self, proxies: ProxyFix) -> Self {
        self.proxies = Some(proxies);
        self
    }

    /// Expects every connection to begin with a header of the PROXY protocol, version 1 or 2, from one of these peers, within the
    /// [time for the first byte](Self::first_byte_timeout). Who sends something else, or is none of them, is closed without an answer.
    ///
    /// The peer of a connection is then the client that the header names; for a `LOCAL` command it is the proxy. Default: no such header.
    pub fn proxy_protocol(mut self, peers: TrustedProxies) -> Self {
        self.proxy_protocol = Some(peers);
        self
    }

    /// Counts what happens into these figures. Default: nothing is counted.
    pub fn metrics(mut self, metrics: Metrics) -> Self {
        self.metrics = Some(metrics);
        self
    }

    /// Shows the figures to Prometheus at `/metrics` of an address of their own, such as `127.0.0.1:9100`. It is meant to be one that only
    /// the machine or its network can reach.
    pub fn metrics_on(mut self, address: impl Into<BindAddress>) -> Self {
        self.metrics_on = Some(address.into());
        self.metrics.get_or_insert_default();
        self
    }

    /// The figures that are counted into, when there are any.
    pub fn figures(&self) -> Option<&Metrics> {
        self.metrics.as_ref()
    }

    /// Whether anybody wants to know about requests.
    pub(crate) fn watched(&self) -> bool {
        self.access_log != AccessLog::Off || self.metrics.is_some() || self.gives_request_ids()
    }

    pub(crate) fn gives_request_ids(&self) -> bool {
        match self.request_ids {
            Some(ids) => ids != RequestIds::Off,
            None => self.access_log == AccessLog::Json,
        }
    }

    pub(crate) fn echoes_request_ids(&self) -> bool {
        self.request_ids == Some(RequestIds::Echo)
    }
}
