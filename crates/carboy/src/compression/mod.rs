//! Answers compressed on their way out, for clients that take them so.
//!
//! ```
//! use carboy::{compression::Compression, prelude::*};
//!
//! #[route("/")]
//! fn index() -> String {
//!     "All work and no play makes Jack a dull boy.\n".repeat(100)
//! }
//!
//! let mut app = App::new("overlook");
//! app.routes(routes![index]).compress(Compression::new());
//! let response = app.test_client().get("/").header("accept-encoding", "gzip").send();
//! assert_eq!(response.header("content-encoding"), Some("gzip"));
//! assert!(response.data().len() < 200);
//! ```
//!
//! `answer` decides which answers are compressed and says so in their header fields, `coding` holds the encoders, `body` puts one
//! of them between a body and the connection.

mod answer;
mod body;
mod coding;

pub use coding::Coding;

pub(crate) use answer::Wish;

/// How an app compresses its answers: what [`App::compress`](crate::App::compress) takes.
///
/// Compressed is what the client takes by its `Accept-Encoding`, is of a [type](Self::types) that gets smaller by it, and has no
/// less than [1 KiB](Self::min_size), or a length that is not known. Streams are passed on as they come: what the app has sent
/// is not held back.
///
/// Left as they are: answers that have a `Content-Encoding` already, parts (206), those that forbid it by `Cache-Control:
/// no-transform`, server-sent events, and those that **set a cookie or depend on the session** (`Vary: Cookie`). On those a secret
/// may stand beside something that an attacker chose, and the length of what is compressed tells how much the two have in common
/// (the attack BREACH). An answer can be told otherwise by [`Compress`].
///
/// An entity tag becomes weak, because the bytes are not those that it was made of; `If-None-Match` works on as before.
///
/// With the feature `compression` there is gzip; `brotli` and `zstd` add those.
#[derive(Debug, Clone)]
pub struct Compression {
    codings: Vec<Coding>,
    min_size: u64,
    types: Vec<String>,
    event_streams: bool,
    with_cookies: bool,
    gzip_level: u32,
    #[cfg(feature = "brotli")]
    brotli_level: u32,
    #[cfg(feature = "zstd")]
    zstd_level: i32,
}

/// What gets smaller. Images, sounds, films, archives and fonts of the web are compressed as they are.
const TYPES: &[&str] = &[
    "text/*",
    "*+json",
    "*+xml",
    "*+text",
    "application/ecmascript",
    "application/javascript",
    "application/json",
    "application/ld+json",
    "application/msgpack",
    "application/ndjson",
    "application/rtf",
    "application/wasm",
    "application/x-javascript",
    "application/x-ndjson",
    "application/x-sh",
    "application/xml",
    "application/yaml",
    "application/toml",
    "application/sql",
    "application/vnd.ms-fontobject",
    "font/otf",
    "font/ttf",
    "image/bmp",
    "image/x-icon",
    "image/vnd.microsoft.icon",
];

/// The work that brotli may make: what is above takes several times as long, for a few per cent.
#[cfg(feature = "brotli")]
const MAX_BROTLI: u32 = 5;

/// Beyond this, zstd's window is larger than browsers accept (RFC 9659).
#[cfg(feature = "zstd")]
const MAX_ZSTD: i32 = 19;

impl Default for Compression {
    fn default() -> Self {
        Compression {
            codings: Coding::ALL.to_vec(),
            min_size: 1024,
            types: TYPES.iter().map(|&pattern| pattern.to_owned()).collect(),
            event_streams: false,
            with_cookies: false,
            gzip_level: 6,
            #[cfg(feature = "brotli")]
            brotli_level: 4,
            #[cfg(feature = "zstd")]
            zstd_level: 3,
        }
    }
}

impl Compression {
    /// The defaults.
    pub fn new() -> Self {
        Compression::default()
    }

    /// The codings that are offered; of two that a client wants equally it gets the first. Default: all that the features bring,
    /// in the order zstd, brotli, gzip.
    pub fn codings(mut self, codings: impl IntoIterator<Item = Coding>) -> Self {
        self.codings = codings.into_iter().collect();
        self
    }

    /// How many bytes an answer must have; a stream without a length always has enough. Default 1024.
    pub fn min_size(mut self, bytes: u64) -> Self {
        self.min_size = bytes;
        self
    }

    /// The content types that are compressed, in place of those that are by default: text, JSON, XML, JavaScript, WebAssembly,
    /// SVG and fonts that are not compressed as they are. A `*` stands for anything: `text/*`, `*+json`.
    pub fn types<T: Into<String>>(mut self, patterns: impl IntoIterator<Item = T>) -> Self {
        self.types = patterns.into_iter().map(|pattern| pattern.into().to_ascii_lowercase()).collect();
        self
    }

    /// Whether server-sent events are compressed. Default no: each event is small, and every proxy on the way must pass it on at
    /// once.
    pub fn event_streams(mut self, compressed: bool) -> Self {
        self.event_streams = compressed;
        self
    }

    /// Whether answers are compressed that set a cookie or depend on the session. Default no, because of BREACH: only where no
    /// page holds both a secret and something that a stranger can choose, or tokens are masked anew each time.
    pub fn with_cookies(mut self, compressed: bool) -> Self {
        self.with_cookies = compressed;
        self
    }

    /// How hard gzip tries, from 1 to 9. Default 6.
    pub fn gzip_level(mut self, level: u32) -> Self {
        self.gzip_level = level.clamp(1, 9);
        self
    }

    /// How hard brotli tries, from 1 to 5. Default 4.
    #[cfg(feature = "brotli")]
    pub fn brotli_level(mut self, level: u32) -> Self {
        self.brotli_level = level.clamp(1, MAX_BROTLI);
        self
    }

    /// How hard zstd tries, from 1 to 19. Default 3.
    #[cfg(feature = "zstd")]
    pub fn zstd_level(mut self, level: i32) -> Self {
        self.zstd_level = level.clamp(1, MAX_ZSTD);
        self
    }

    /// Whether this content type is to be compressed.
    fn takes_type(&self, mimetype: &str) -> bool {
        if mimetype == "text/event-stream" {
            return self.event_streams;
        }
        self.types.iter().any(|pattern| match pattern.split_once('*') {
            Some((start, end)) => {
                mimetype.len() >= start.len() + end.len()
                    && mimetype.starts_with(start)
                    && mimetype.ends_with(end)
            }
            None => pattern == mimetype,
        })
    }
}

/// What an answer wants for itself, whatever the app's [`Compression`] would do: put it among its extensions.
///
/// ```
/// use carboy::{compression::{Compress, Compression}, prelude::*};
///
/// /// A page of the session, with nothing on it that is secret.
/// #[route("/cart")]
/// fn cart() -> Response {
///     session().set("seen", true);
///     let mut response = Response::html("<li>A thing</li>\n".repeat(100));
///     response.extensions_mut().insert(Compress::Always);
///     response
/// }
/// # let mut app = App::new("shop");
/// # app.config().set("SECRET_KEY", "k");
/// # app.routes(routes![cart]).compress(Compression::new());
/// # let response = app.test_client().get("/cart").header("accept-encoding", "gzip").send();
/// # assert_eq!(response.header("content-encoding"), Some("gzip"));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Compress {
    /// It is left as it is.
    Never,
    /// It is compressed although it sets a cookie or depends on the session, is small, or of another type.
    Always,
}
