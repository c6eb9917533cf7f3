//! The keys every app has, with their defaults: the one place where they stand.

use serde_json::{Value, json};

/// What a value of a known key must look like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    /// True or false.
    Bool,
    /// True, false or null.
    OptionalBool,
    /// A whole number, zero or more.
    Size,
    /// A whole number, zero or more, or null.
    OptionalSize,
    /// A number of seconds, or a duration.
    Seconds,
    /// A number of seconds, a duration, or null.
    OptionalSeconds,
    /// Text.
    Text,
    /// Text or null.
    OptionalText,
    /// A key for signing: text, a list of bytes, or null.
    OptionalKey,
    /// A list of keys for signing, or null.
    OptionalKeys,
    /// A list of text, or null.
    OptionalTexts,
    /// One of these words.
    Word(&'static [&'static str]),
    /// One of these words, or null; upper and lower case are the same.
    OptionalWord(&'static [&'static str]),
}

/// A key that every app's configuration has.
#[derive(Clone, Copy, Debug)]
pub struct DefaultKey {
    /// The key.
    pub name: &'static str,
    /// What it does, in a sentence.
    pub about: &'static str,
    pub(super) shape: Shape,
    value: Literal,
}

#[derive(Clone, Copy, Debug)]
enum Literal {
    Null,
    Bool(bool),
    Number(u64),
    Text(&'static str),
}

impl DefaultKey {
    /// The default value.
    pub fn value(&self) -> Value {
        match self.value {
            Null => Value::Null,
            Bool(b) => json!(b),
            Number(n) => json!(n),
            Text(s) => json!(s),
        }
    }
}

const fn key(name: &'static str, shape: Shape, value: Literal, about: &'static str) -> DefaultKey {
    DefaultKey { name, about, shape, value }
}

use Literal::{Bool, Null, Number, Text};

/// Every key that an app has from the start: Flask's, in Flask's order, then carboy's own.
///
/// `DEBUG` stands here with `false`; a new configuration takes it from the environment, see [`Config::for_app`].
///
/// [`Config::for_app`]: super::Config::for_app
pub const DEFAULT_KEYS: &[DefaultKey] = &[
    key(
        "DEBUG",
        Shape::Bool,
        Bool(false),
        "Debug mode: error pages with details, templates reloaded, indented JSON.",
    ),
    key(
        "TESTING",
        Shape::Bool,
        Bool(false),
        "Testing mode: errors reach the test instead of becoming a page.",
    ),
    key(
        "PROPAGATE_EXCEPTIONS",
        Shape::OptionalBool,
        Null,
        "Errors are passed on instead of handled; null means: while testing or debugging.",
    ),
    key(
        "SECRET_KEY",
        Shape::OptionalKey,
        Null,
        "Signs the session cookie and everything else that is signed.",
    ),
    key(
        "SECRET_KEY_FALLBACKS",
        Shape::OptionalKeys,
        Null,
        "Former secret keys that still verify, but no longer sign.",
    ),
    key(
        "PERMANENT_SESSION_LIFETIME",
        Shape::Seconds,
        Number(31 * 24 * 60 * 60),
        "How long a permanent session lasts, and the oldest session cookie accepted, in seconds.",
    ),
    key(
        "USE_X_SENDFILE",
        Shape::Bool,
        Bool(false),
        "Files are sent by the web server in front, by an `X-Sendfile` header.",
    ),
    key(
        "TRUSTED_HOSTS",
        Shape::OptionalTexts,
        Null,
        "The hosts this app answers for; others get a 400. A leading dot means all subdomains.",
    ),
    key(
        "SERVER_NAME",
        Shape::OptionalText,
        Null,
        "Host and port of the app: for subdomains and for URLs built outside a request.",
    ),
    key(
        "APPLICATION_ROOT",
        Shape::Text,
        Text("/"),
        "The path the app is mounted under, for URLs built outside a request and for cookies.",
    ),
    key("SESSION_COOKIE_NAME", Shape::Text, Text("session"), "Name of the session cookie."),
    key(
        "SESSION_COOKIE_DOMAIN",
        Shape::OptionalText,
        Null,
        "Domain of the session cookie; null means this host only.",
    ),
    key(
        "SESSION_COOKIE_PATH",
        Shape::OptionalText,
        Null,
        "Path of the session cookie; null means `APPLICATION_ROOT`.",
    ),
    key("SESSION_COOKIE_HTTPONLY", Shape::Bool, Bool(true), "Scripts cannot read the session cookie."),
    key("SESSION_COOKIE_SECURE", Shape::Bool, Bool(false), "The session cookie is sent over https only."),
    key(
        "SESSION_COOKIE_PARTITIONED",
        Shape::Bool,
        Bool(false),
        "The session cookie is kept apart for each top-level site.",
    ),
    key(
        "SESSION_COOKIE_SAMESITE",
        Shape::OptionalWord(&["Strict", "Lax", "None"]),
        Null,
        "When other sites' requests carry the session cookie: `Strict`, `Lax` or `None`.",
    ),
    key(
        "SESSION_REFRESH_EACH_REQUEST",
        Shape::Bool,
        Bool(true),
        "A permanent session's cookie is sent anew with every response.",
    ),
    key(
        "MAX_CONTENT_LENGTH",
        Shape::OptionalSize,
        Number(16 * 1024 * 1024),
        "The largest request body in bytes; a larger one gets a 413. Null means no limit.",
    ),
    key(
        "MAX_FORM_MEMORY_SIZE",
        Shape::OptionalSize,
        Number(500_000),
        "The largest form field, other than a file, in bytes. Null means no limit.",
    ),
    key(
        "MAX_FORM_PARTS",
        Shape::OptionalSize,
        Number(1000),
        "The largest number of fields and files in a form. Null means no limit.",
    ),
    key(
        "SEND_FILE_MAX_AGE_DEFAULT",
        Shape::OptionalSeconds,
        Null,
        "How long browsers may keep a file without asking, in seconds; null means that they ask each time.",
    ),
    key(
        "TRAP_BAD_REQUEST_ERRORS",
        Shape::OptionalBool,
        Null,
        "Missing form keys and other bad requests are treated as errors; null means: missing keys, while debugging.",
    ),
    key(
        "TRAP_HTTP_EXCEPTIONS",
        Shape::Bool,
        Bool(false),
        "HTTP errors without a handler are treated as errors of the app.",
    ),
    key(
        "EXPLAIN_TEMPLATE_LOADING",
        Shape::Bool,
        Bool(false),
        "Each template lookup is logged with the places tried.",
    ),
    key("PREFERRED_URL_SCHEME", Shape::Text, Text("http"), "Scheme of URLs built outside a request."),
    key(
        "TEMPLATES_AUTO_RELOAD",
        Shape::OptionalBool,
        Null,
        "Changed templates are loaded again; null means: while debugging.",
    ),
    key(
        "MAX_COOKIE_SIZE",
        Shape::Size,
        Number(4093),
        "A cookie larger than this is warned about, because browsers drop it; 0 warns never.",
    ),
    key("PROVIDE_AUTOMATIC_OPTIONS", Shape::Bool, Bool(true), "Every rule answers OPTIONS by itself."),
    key(
        "SYNC_VIEWS",
        Shape::Word(&["inline", "blocking"]),
        Text("inline"),
        "Where a view that is not async runs: `inline` on the worker, or `blocking` on threads of its own.",
    ),
    key(
        "MAX_ARGS",
        Shape::OptionalSize,
        Number(1000),
        "The largest number of arguments in a query; a longer one gets a 414. Null means no limit.",
    ),
    key(
        "MAX_PATH_LENGTH",
        Shape::OptionalSize,
        Number(8 * 1024),
        "The longest path in bytes, as it was sent; a longer one gets a 414. Null means no limit.",
    ),
    key(
        "MAX_SPOOL_SIZE",
        Shape::OptionalSize,
        Number(1024 * 1024 * 1024),
        "The bytes that all uploads under way may have on disk together; beyond that they get a 507. Null means no limit.",
    ),
    key(
        "SPOOL_FOLDER",
        Shape::OptionalText,
        Null,
        "Where uploads lie that are too large for memory; null means the system's folder. A relative path starts at the instance folder.",
    ),
    key(
        "STATIC_PRECOMPRESSED",
        Shape::Bool,
        Bool(false),
        "A static file is sent from `NAME.br`, `NAME.zst` or `NAME.gz` beside it to clients that take it.",
    ),
    key(
        "SESSION_CACHE_CONTROL",
        Shape::OptionalText,
        Null,
        "The `Cache-Control` of answers that depend on the session, unless they have one, such as `no-store`; null means none, or `no-store` when hardened.",
    ),
    key(
        "HARDENED",
        Shape::Bool,
        Bool(false),
        "Production's strictest settings: secure cookies with a `__Host-` name, security headers, HTTPS alone with TLS 1.3, `TRUSTED_HOSTS` required.",
    ),
    key(
        "INTEROP",
        Shape::Bool,
        Bool(false),
        "Cookie names and formats stay those a Flask app beside this one reads, also when hardened.",
    ),
    key(
        "SERVER_BIND",
        Shape::OptionalTexts,
        Null,
        "Addresses to listen on, in place of those that the app chose.",
    ),
    key("SERVER_WORKERS", Shape::OptionalSize, Null, "Threads that serve; null means one a core."),
    key("SERVER_MAX_CONNECTIONS", Shape::OptionalSize, Null, "Connections held at once; null means 25 000."),
    key(
        "SERVER_KEEP_ALIVE_TIMEOUT",
        Shape::OptionalSeconds,
        Null,
        "How long a connection may be idle between two requests, in seconds; null means 15.",
    ),
    key(
        "SERVER_FIRST_BYTE_TIMEOUT",
        Shape::OptionalSeconds,
        Null,
        "From the connection to its first byte, TLS handshake included, in seconds; null means 10.",
    ),
    key(
        "SERVER_HEADER_TIMEOUT",
        Shape::OptionalSeconds,
        Null,
        "From the first byte of a request to the end of its header fields, in seconds; null means 10.",
    ),
    key(
        "SERVER_BODY_GAP_TIMEOUT",
        Shape::OptionalSeconds,
        Null,
        "Between two pieces of a request's body, in seconds; null means 15.",
    ),
    key(
        "SERVER_MIN_BODY_RATE",
        Shape::OptionalSize,
        Null,
        "Bytes a second of a request's body that must come once five seconds were waited; null means 500, 0 any.",
    ),
    key(
        "SERVER_WRITE_TIMEOUT",
        Shape::OptionalSeconds,
        Null,
        "How long a client may take no byte of its answer, in seconds; null means 30.",
    ),
    key(
        "SERVER_REQUEST_TIMEOUT",
        Shape::OptionalSeconds,
        Null,
        "How long the app may take for an answer, in seconds; null means as long as it likes.",
    ),
    key(
        "SERVER_HALF_CLOSE",
        Shape::OptionalBool,
        Null,
        "Whether a client that has closed its sending half gets its answer; null means no.",
    ),
    key("SERVER_MAX_HEADERS", Shape::OptionalSize, Null, "Header fields of a request; null means 100."),
    key(
        "SERVER_MAX_HEAD_SIZE",
        Shape::OptionalSize,
        Null,
        "Bytes of a request line and its header fields; null means 64 KiB.",
    ),
    key(
        "SERVER_HTTP2_MAX_STREAMS",
        Shape::OptionalSize,
        Null,
        "Requests that a connection of HTTP/2 may have open; null means 100.",
    ),
    key(
        "SERVER_HTTP2_MAX_HEADER_LIST_SIZE",
        Shape::OptionalSize,
        Null,
        "Bytes of the header fields of a request over HTTP/2, unpacked; null means 16 KiB.",
    ),
    key(
        "SERVER_HTTP2_MAX_CONTROL_FRAMES",
        Shape::OptionalSize,
        Null,
        "Frames a second of HTTP/2 that ask for nothing; null means 100, 0 any.",
    ),
    key(
        "SERVER_REDIRECT",
        Shape::OptionalText,
        Null,
        "An address, such as `0.0.0.0:80`, at which plain HTTP is sent to HTTPS.",
    ),
    key(
        "SERVER_DRAIN_DELAY",
        Shape::OptionalSeconds,
        Null,
        "How long a server that stops still serves while its readiness path says 503, in seconds; null means 0.",
    ),
    key(
        "SERVER_READINESS_PATH",
        Shape::OptionalText,
        Null,
        "A path that the server answers: whether the app is ready.",
    ),
    key("SERVER_LIVENESS_PATH", Shape::OptionalText, Null, "A path that the server answers: that it lives."),
    key("SERVER_PID_FILE", Shape::OptionalText, Null, "A file for the number of the process that serves."),
    key(
        "SERVER_DRAIN_TIMEOUT",
        Shape::OptionalSeconds,
        Null,
        "How long a server that stops waits for answers under way, in seconds; null means 30.",
    ),
    key(
        "SERVER_ACCESS_LOG",
        Shape::OptionalWord(&["off", "common", "combined", "json"]),
        Null,
        "The form of the access log; null means `common` in debug mode, else `off`.",
    ),
    key(
        "SERVER_ACCESS_LOG_FILE",
        Shape::OptionalText,
        Null,
        "Where the access log goes: a file, `stdout` or `stderr`; null means with all other log lines.",
    ),
    key(
        "SERVER_REQUEST_IDS",
        Shape::OptionalWord(&["off", "on", "echo"]),
        Null,
        "Whether requests have ids, and whether answers say them; null means `on` with the access log as JSON, else `off`.",
    ),
    key(
        "SERVER_METRICS",
        Shape::OptionalText,
        Null,
        "An address, such as `127.0.0.1:9100`, at which Prometheus finds `/metrics`; null means that nothing is counted.",
    ),
    key(
        "SERVER_PROXY_PROTOCOL",
        Shape::OptionalTexts,
        Null,
        "The peers whose connections all begin with a PROXY header, such as `10.0.0.0/8` or `unix`; null means that none do.",
    ),
    key(
        "TRUSTED_PROXIES",
        Shape::OptionalTexts,
        Null,
        "The proxies that may say who a client is, such as `10.0.0.0/8` or `unix`; others are not believed.",
    ),
    key("REQUEST_SPANS", Shape::Bool, Bool(false), "Each request is a `tracing` span."),
    key(
        "WEBSOCKET_ORIGINS",
        Shape::OptionalTexts,
        Null,
        "Origins, beside the host itself, whose pages may open WebSockets: `https://app.example`; `*` is all.",
    ),
    key(
        "WEBSOCKET_MAX_MESSAGE_SIZE",
        Shape::OptionalSize,
        Number(1024 * 1024),
        "The largest message through a WebSocket in bytes; a larger one closes it. Null means no limit.",
    ),
    key(
        "WEBSOCKET_MAX_FRAME_SIZE",
        Shape::OptionalSize,
        Number(256 * 1024),
        "The largest frame of such a message in bytes; a larger one closes it. Null means no limit.",
    ),
    key(
        "WEBSOCKET_PING_INTERVAL",
        Shape::OptionalSeconds,
        Number(20),
        "After how many seconds of silence a WebSocket's client is sent a ping. Null sends none.",
    ),
    key(
        "WEBSOCKET_PING_TIMEOUT",
        Shape::Seconds,
        Number(20),
        "How long a WebSocket's client may take to answer a ping, in seconds.",
    ),
    key(
        "WEBSOCKET_SEND_BUFFER",
        Shape::Size,
        Number(1024 * 1024),
        "How many bytes may wait for a WebSocket's client before sending waits.",
    ),
    key(
        "WEBSOCKET_SEND_TIMEOUT",
        Shape::OptionalSeconds,
        Number(30),
        "How long a WebSocket's client may take nothing of what it is sent, in seconds. Null waits for ever.",
    ),
    key(
        "WEBSOCKET_CLOSE_TIMEOUT",
        Shape::Seconds,
        Number(10),
        "How long a WebSocket's client, and its handler, may take to agree that it is closed, in seconds.",
    ),
    key(
        "WEBSOCKET_MAX_PER_CLIENT",
        Shape::OptionalSize,
        Null,
        "How many WebSockets one address may have open; more get a 429. Null means no limit.",
    ),
];
