//! Tokens of letters, digits, `-`, `_` and `.`, compressed where that helps (`itsdangerous.url_safe`).

use std::fmt;
use std::sync::{Mutex, PoisonError};

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

/// Whether no stream of a text pays: it is short, and no three bytes occur twice in it. A copy of former bytes is of three at
/// least; without any, only codes shorter than bytes save something, and their table outweighs that in so short a text.
fn is_incompressible(plain: &[u8]) -> bool {
    const SHORT: usize = 28;
    if plain.len() > SHORT {
        return false;
    }
    let mut groups = [0; SHORT];
    for (group, bytes) in groups.iter_mut().zip(plain.windows(3)) {
        *group = u32::from_be_bytes([0, bytes[0], bytes[1], bytes[2]]);
    }
    let count = plain.len().saturating_sub(2);
    (1..count).all(|at| !groups[..at].contains(&groups[at]))
}

/// Compressors at rest: to make one costs more than to use it. So many are kept that the workers of a process do not wait for
/// each other, and no more, as each holds a quarter of a megabyte.
static IDLE: Mutex<Vec<Compress>> = Mutex::new(Vec::new());
const MOST_IDLE: usize = 16;

/// The zlib stream of `plain` if it fits into two bytes less, which is all that is of use.
fn deflate(plain: &[u8]) -> Option<Vec<u8>> {
    let room = plain.len().checked_sub(2).filter(|&room| room >= SHORTEST_STREAM)?;
    if is_incompressible(plain) {
        return None;
    }
    compress(plain, room)
}

/// The zlib stream of `plain` if it fits into `room`.
fn compress(plain: &[u8], room: usize) -> Option<Vec<u8>> {
    let mut compressed = Vec::with_capacity(room);
    let idle = || IDLE.lock().unwrap_or_else(PoisonError::into_inner);
    let kept = idle().pop();
    let mut stream = kept.unwrap_or_else(|| Compress::new(Compression::best(), true));
    let status = stream.compress_vec(plain, &mut compressed, FlushCompress::Finish).ok()?;
    stream.reset();
    let mut idle = idle();
    if idle.len() < MOST_IDLE {
        idle.push(stream);
    }
    drop(idle);
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

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_compressor_that_was_used_before_writes_the_same_again() {
        let plain = br#"{"_fresh":true,"_id":"0123456789abcdef0123456789abcdef","_user_id":"1"}"#;
        let first = compress(plain, plain.len()).unwrap();
        for _ in 0..3 {
            assert!(compress(&[b'x'; 1000], 500).is_some());
            assert!(compress(b"0123456789abcdefghijklmnop", 24).is_none());
            assert_eq!(compress(plain, plain.len()).unwrap(), first);
        }
        assert_eq!(inflate(&first, 1000).unwrap(), plain);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(3_000))]

        #[test]
        fn what_is_not_tried_to_be_compressed_would_have_come_out_longer(
            letters in (2_u8..12).prop_flat_map(|alphabet| proptest::collection::vec(b'a'..b'a' + alphabet, 10..80))
        ) {
            // As few different letters as can be without the same three twice: that compresses best.
            let mut plain = Vec::new();
            for letter in letters {
                plain.push(letter);
                if plain.len() > 28 || !is_incompressible(&plain) {
                    plain.pop();
                }
            }
            prop_assert!(is_incompressible(&plain));
            prop_assert_eq!(compress(&plain, plain.len().saturating_sub(2)), None, "{:?}", plain);
        }
    }
}
