//! The content codings, and their encoders behind one face.

use super::Compression;
use flate2::write::GzEncoder;
use std::io::{self, Write};

/// A content coding (RFC 9110 section 8.4.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Coding {
    /// Zstandard (RFC 8878): the fastest, and smaller than gzip.
    #[cfg(feature = "zstd")]
    Zstd,
    /// Brotli (RFC 7932): the smallest text. Browsers take it over https and from this machine.
    #[cfg(feature = "brotli")]
    Brotli,
    /// gzip (RFC 1952): everybody takes it.
    Gzip,
}

impl Coding {
    /// All that the features bring.
    pub(super) const ALL: &[Coding] = &[
        #[cfg(feature = "zstd")]
        Coding::Zstd,
        #[cfg(feature = "brotli")]
        Coding::Brotli,
        Coding::Gzip,
    ];

    /// Its name in header fields.
    pub const fn name(self) -> &'static str {
        match self {
            #[cfg(feature = "zstd")]
            Coding::Zstd => "zstd",
            #[cfg(feature = "brotli")]
            Coding::Brotli => "br",
            Coding::Gzip => "gzip",
        }
    }
}

/// How far back brotli looks, as a power of two: half a megabyte, as much as nginx's module takes.
#[cfg(feature = "brotli")]
const BROTLI_WINDOW: u32 = 19;

/// An encoder; what it has ready is taken from it.
pub(super) enum Encoder {
    #[cfg(feature = "zstd")]
    Zstd(zstd::stream::write::Encoder<'static, Vec<u8>>),
    #[cfg(feature = "brotli")]
    Brotli(Box<brotli::CompressorWriter<Vec<u8>>>),
    Gzip(GzEncoder<Vec<u8>>),
}

impl Encoder {
    pub(super) fn new(coding: Coding, settings: &Compression) -> io::Result<Self> {
        Ok(match coding {
            #[cfg(feature = "zstd")]
            Coding::Zstd => {
                Encoder::Zstd(zstd::stream::write::Encoder::new(Vec::new(), settings.zstd_level)?)
            }
            #[cfg(feature = "brotli")]
            Coding::Brotli => Encoder::Brotli(Box::new(brotli::CompressorWriter::new(
                Vec::new(),
                4096,
                settings.brotli_level,
                BROTLI_WINDOW,
            ))),
            Coding::Gzip => {
                Encoder::Gzip(GzEncoder::new(Vec::new(), flate2::Compression::new(settings.gzip_level)))
            }
        })
    }

    fn writer(&mut self) -> &mut dyn Write {
        match self {
            #[cfg(feature = "zstd")]
            Encoder::Zstd(encoder) => encoder,
            #[cfg(feature = "brotli")]
            Encoder::Brotli(encoder) => encoder,
            Encoder::Gzip(encoder) => encoder,
        }
    }

    fn output(&mut self) -> &mut Vec<u8> {
        match self {
            #[cfg(feature = "zstd")]
            Encoder::Zstd(encoder) => encoder.get_mut(),
            #[cfg(feature = "brotli")]
            Encoder::Brotli(encoder) => encoder.get_mut(),
            Encoder::Gzip(encoder) => encoder.get_mut(),
        }
    }

    /// Compresses these bytes, or keeps them until there are more.
    pub(super) fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.writer().write_all(bytes)
    }

    /// Makes ready what was written, so that the client can read all of it.
    pub(super) fn flush(&mut self) -> io::Result<()> {
        self.writer().flush()
    }

    /// How many bytes are ready.
    pub(super) fn ready(&mut self) -> usize {
        self.output().len()
    }

    /// Takes out what is ready.
    pub(super) fn take(&mut self) -> Vec<u8> {
        std::mem::take(self.output())
    }

    /// The end: what is left.
    pub(super) fn finish(self) -> io::Result<Vec<u8>> {
        match self {
            #[cfg(feature = "zstd")]
            Encoder::Zstd(encoder) => encoder.finish(),
            #[cfg(feature = "brotli")]
            Encoder::Brotli(encoder) => Ok(encoder.into_inner()),
            Encoder::Gzip(encoder) => encoder.finish(),
        }
    }
}
