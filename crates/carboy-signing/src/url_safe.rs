//! Tokens of letters, digits, `-`, `_` and `.`, compressed where that helps (`itsdangerous.url_safe`).

use std::fmt;

use flate2::{Compress, Compression, Decompress, FlushCompress, FlushDecompress, Status};

use crate::encoding::{base64_append, base64_decode};
use crate::error::{Error, Result};
use crate::serializer::{CompactJson, Decode, Encode, Serializer};
use crate::timed::TimedSerializer;

/// How many bytes a compressed payload may inflate to unless said otherwise: 64 KiB.
pub const DEFAULT_INFLATE_LIMIT: usize = 64 * 1024;

/// Signs values as URL-safe text.
///
/// ```
/// use carboy_signing::UrlSafeSerializer;
///
/// let serializer = UrlSafeSerializer::new("secret-key");
/// let token = serializer.dumps(&serde_json::json!({"name": "é"}))?;
/// assert_eq!(token, "eyJuYW1lIjoiw6kifQ.JPg_fJNcbTuz18qpXJScZdtQFBU");
/// # Ok::<(), carboy_signing::Error>(())
/// ```
pub type UrlSafeSerializer = Serializer<UrlSafe<CompactJson>>;

/// Signs values together with the current second, as URL-safe text.
pub type UrlSafeTimedSerializer = TimedSerializer<UrlSafe<CompactJson>>;

/// Wraps a codec: its bytes become base64, after zlib where that saves at least two bytes.
///
/// Any zlib reads what another one wrote, but may compress to bytes of its own: an uncompressed token equals Python's, a
/// compressed one mostly.
#[derive(Clone, Copy, Debug)]
pub struct UrlSafe<C> {
    codec: C,
    inflate_limit: usize,
}

impl<C> UrlSafe<C> {
    /// A codec for URL-safe text around another one.
    pub const fn new(codec: C) -> Self {
        Self { codec, inflate_limit: DEFAULT_INFLATE_LIMIT }
    }

    /// Refuses compressed payloads that inflate to more bytes than this. Counted while inflating: what lies beyond
    /// the limit is never made.
    #[must_use]
    pub fn with_inflate_limit(mut self, bytes: usize) -> Self {
        self.inflate_limit = bytes;
        self
    }
}

impl<C: Default> Default for UrlSafe<C> {
    fn default() -> Self {
        Self::new(C::default())
    }
}

impl<C> Serializer<UrlSafe<C>> {
    /// See [`UrlSafe::with_inflate_limit`].
    #[must_use]
    pub fn with_inflate_limit(mut self, bytes: usize) -> Self {
        self.codec_mut().inflate_limit = bytes;
        self
    }
}

impl<C> TimedSerializer<UrlSafe<C>> {
    /// See [`UrlSafe::with_inflate_limit`].
    #[must_use]
    pub fn with_inflate_limit(mut self, bytes: usize) -> Self {
        self.codec_mut().inflate_limit = bytes;
        self
    }
}

impl<T: ?Sized, C: Encode<T>> Encode<T> for UrlSafe<C> {
    fn encode(&self, value: &T, out: &mut Vec<u8>) -> Result<()> {
        let mut plain = Vec::with_capacity(128);
        self.codec.encode(value, &mut plain)?;
        match deflate(&plain) {
            Some(compressed) => {
                out.push(b'.');
                base64_append(&compressed, out);
            }
            None => base64_append(&plain, out),
        }
        Ok(())
    }
}

impl<T, C: Decode<T>> Decode<T> for UrlSafe<C> {
    fn decode(&self, payload: &[u8]) -> Result<T> {
        let (compressed, text) = match payload.strip_prefix(b".") {
            Some(text) => (true, text),
            None => (false, payload),
        };
        let decoded = base64_decode(text).map_err(Error::payload_no_base64)?;
        if !compressed {
            return self.codec.decode(&decoded);
        }
        self.codec.decode(&inflate(&decoded, self.inflate_limit)?)
    }
}

/// The shortest that zlib makes of something that pays: 2 bytes of header, 2 of an empty block, 4 of checksum.
const SHORTEST_STREAM: usize = 8;

/// The second byte of a zlib stream of the default level, whose first byte is `0x78` (RFC 1950, section 2.2).
const DEFAULT_LEVEL: u8 = 0x9c;

/// The zlib stream of `plain` if it fits into two bytes less, which is all that is of use.
fn deflate(plain: &[u8]) -> Option<Vec<u8>> {
    let room = plain.len().checked_sub(2).filter(|&room| room >= SHORTEST_STREAM)?;
    let mut compressed = Vec::with_capacity(room);
    let mut stream = Compress::new(Compression::best(), true);
    let status = stream.compress_vec(plain, &mut compressed, FlushCompress::Finish).ok()?;
    // The best level finds what zlib finds at its default level, mostly, and the faster ones of this library find less.
    // With the default level in the header, where it informs and no more, most tokens are those of Python.
    *compressed.get_mut(1)? = DEFAULT_LEVEL;
    (status == Status::StreamEnd && compressed.len() <= room).then_some(compressed)
}

/// Inflates at most `limit` bytes. What follows the end of the stream is ignored, as Python's zlib does.
fn inflate(compressed: &[u8], limit: usize) -> Result<Vec<u8>> {
    let mut stream = Decompress::new(true);
    let mut plain = Vec::new();
    loop {
        let room = (plain.len() + compressed.len() * 2 + 64).min(limit + 1 - plain.len());
        plain.reserve_exact(room);
        let (taken, made) = (stream.total_in(), plain.len());
        let rest = &compressed[taken as usize..];
        let status = stream.decompress_vec(rest, &mut plain, FlushDecompress::Finish);
        let status = status.map_err(Error::payload_no_zlib)?;
        if plain.len() > limit {
            return Err(Error::payload_no_zlib(BadStream::TooLong(limit)));
        }
        if status == Status::StreamEnd {
            return Ok(plain);
        }
        if stream.total_in() == taken && plain.len() == made {
            return Err(Error::payload_no_zlib(BadStream::Truncated));
        }
    }
}

#[derive(Debug)]
enum BadStream {
    TooLong(usize),
    Truncated,
}

impl fmt::Display for BadStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLong(limit) => write!(f, "the payload inflates to more than {limit} bytes"),
            Self::Truncated => f.write_str("incomplete or truncated stream"),
        }
    }
}

impl std::error::Error for BadStream {}
