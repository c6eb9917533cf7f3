//! A file as the body of a response: read in pieces, beside the workers.

use bytes::Bytes;
use carboy_http::{Body, BodyError};
use http_body::{Frame, SizeHint};
use std::{
    fs::File,
    io::{self, Read, Seek, SeekFrom},
    pin::Pin,
    task::{Context, Poll, ready},
};
use tokio::task::JoinHandle;

/// A file up to this size is read at once; a larger one in pieces of this size.
const PIECE: u64 = 64 * 1024;

/// A part of a file as a body: at hand when it is small, else read while it is sent.
pub(super) fn file_body(mut file: File, start: u64, length: u64) -> io::Result<Body> {
    if start > 0 {
        file.seek(SeekFrom::Start(start))?;
    }
    if length <= PIECE {
        let mut bytes = vec![0; usize::try_from(length).unwrap_or(0)];
        file.read_exact(&mut bytes)?;
        return Ok(bytes.into());
    }
    Ok(Body::stream(Pieces { source: Some(Box::new(file)), left: Some(length), reading: None }))
}

/// All that a reader gives as a body, read while it is sent.
pub(super) fn reader_body(reader: Box<dyn Read + Send>) -> Body {
    Body::stream(Pieces { source: Some(reader), left: None, reading: None })
}

/// What was read, with the source to read on.
type Piece = (Box<dyn Read + Send>, io::Result<Bytes>);

/// A source read piece by piece, one at a time and only when the client has room for it.
struct Pieces {
    /// Empty while a piece is read, and at the end.
    source: Option<Box<dyn Read + Send>>,
    /// How many bytes are promised; a reader promises nothing.
    left: Option<u64>,
    reading: Option<JoinHandle<Piece>>,
}

/// Reads until the piece is full or the source has ended.
fn read_piece(source: &mut dyn Read, wanted: u64) -> io::Result<Bytes> {
    let mut piece = Vec::with_capacity(usize::try_from(wanted).unwrap_or(0));
    source.take(wanted).read_to_end(&mut piece)?;
    Ok(piece.into())
}

impl http_body::Body for Pieces {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        if self.left == Some(0) {
            return Poll::Ready(None);
        }
        let wanted = self.left.map_or(PIECE, |left| left.min(PIECE));
        if let Some(mut source) = self.source.take() {
            self.reading = Some(crate::runtime::handle().spawn_blocking(move || {
                let read = read_piece(&mut *source, wanted);
                (source, read)
            }));
        }
        let Some(reading) = &mut self.reading else { return Poll::Ready(None) };
        let read = ready!(Pin::new(reading).poll(cx));
        self.reading = None;
        let (source, piece) = match read {
            Ok((source, Ok(piece))) => (source, piece),
            Ok((_, Err(error))) => return Poll::Ready(Some(Err(error.into()))),
            Err(panicked) => return Poll::Ready(Some(Err(panicked.into()))),
        };
        let length = piece.len() as u64;
        if let Some(left) = &mut self.left {
            if length < wanted {
                // The file became shorter after its length was sent: the connection breaks off.
                return Poll::Ready(Some(Err(io::Error::from(io::ErrorKind::UnexpectedEof).into())));
            }
            *left -= length;
        }
        if length == wanted {
            self.source = Some(source);
        }
        if length == 0 { Poll::Ready(None) } else { Poll::Ready(Some(Ok(Frame::data(piece)))) }
    }

    fn size_hint(&self) -> SizeHint {
        self.left.map_or_else(SizeHint::default, SizeHint::with_exact)
    }

    fn is_end_stream(&self) -> bool {
        self.left == Some(0) || (self.source.is_none() && self.reading.is_none())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reader_that_fails_breaks_the_body_off() {
        struct Broken(bool);
        impl Read for Broken {
            fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
                if std::mem::replace(&mut self.0, true) {
                    return Err(io::Error::other("the disk is gone"));
                }
                buf[0] = b'x';
                Ok(1)
            }
        }
        let body = reader_body(Box::new(Broken(false)));
        let error = crate::runtime::block_on(body.collect()).unwrap_err();
        assert_eq!(error.to_string(), "the disk is gone");
    }

    #[test]
    fn a_file_that_became_shorter_breaks_the_body_off() {
        let path = std::env::temp_dir().join(format!("carboy-shorter-{}", std::process::id()));
        std::fs::write(&path, vec![b'x'; 200_000]).unwrap();
        let body = file_body(File::open(&path).unwrap(), 0, 300_000).unwrap();
        let error = crate::runtime::block_on(body.collect()).unwrap_err();
        std::fs::remove_file(&path).unwrap();
        let error = error.downcast::<io::Error>().unwrap();
        assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof);
    }
}
