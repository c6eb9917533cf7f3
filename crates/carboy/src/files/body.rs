//! A file as the body of a response: from memory where the system has it there, else read in pieces beside the workers.

use bytes::{Bytes, BytesMut};
use carboy_http::{Body, BodyError};
use http_body::{Frame, SizeHint};
use std::{
    fs::File,
    io::{self, Read, Seek, SeekFrom},
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};
use tokio::task::JoinHandle;

/// A file up to this size is read at once.
const SMALL: u64 = 64 * 1024;

/// A larger one is read in pieces of this size: few enough calls, and both copies of a piece stay in the processor's cache.
const PIECE: u64 = 128 * 1024;

/// A part of a file as a body: at hand when it is small, else read while it is sent.
pub(super) fn file_body(mut file: File, start: u64, length: u64) -> io::Result<Body> {
    if length <= SMALL {
        file.seek(SeekFrom::Start(start))?;
        let mut bytes = vec![0; usize::try_from(length).unwrap_or(0)];
        file.read_exact(&mut bytes)?;
        return Ok(bytes.into());
    }
    Ok(Body::stream(FilePieces {
        file: Arc::new(file),
        position: start,
        left: length,
        last: Bytes::new(),
        reading: None,
    }))
}

/// All that a reader gives as a body, read while it is sent.
pub(super) fn reader_body(reader: Box<dyn Read + Send>) -> Body {
    Body::stream(ReaderPieces { source: Some(reader), reading: None })
}

/// A part of a file, read piece by piece and only when the client has room for one.
///
/// The memory of a piece is used again for the next one when it was sent by then: a client, however slow, costs two pieces.
struct FilePieces {
    file: Arc<File>,
    position: u64,
    left: u64,
    /// The memory of the piece before.
    last: Bytes,
    /// A piece that is not in memory: reading it may take a disk's time.
    reading: Option<JoinHandle<io::Result<BytesMut>>>,
}

impl FilePieces {
    /// Room for a piece of this length.
    fn room(&mut self, wanted: usize) -> BytesMut {
        match std::mem::take(&mut self.last).try_into_mut() {
            Ok(room) if room.len() >= wanted => room,
            _ => BytesMut::zeroed(wanted),
        }
    }
}

/// Reads what the system holds in memory, without waiting for a disk; `None` when that is nothing, or cannot be told.
#[cfg(target_os = "linux")]
fn read_cached(file: &File, room: &mut [u8], position: u64) -> Option<usize> {
    use rustix::io::{ReadWriteFlags, preadv2};
    let read = preadv2(file, &mut [io::IoSliceMut::new(room)], position, ReadWriteFlags::NOWAIT);
    read.ok().filter(|read| *read > 0)
}

#[cfg(not(target_os = "linux"))]
fn read_cached(_: &File, _: &mut [u8], _: u64) -> Option<usize> {
    None
}

impl http_body::Body for FilePieces {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let this = &mut *self;
        if this.left == 0 {
            return Poll::Ready(None);
        }
        let wanted = this.left.min(PIECE) as usize;
        let (room, read) = match &mut this.reading {
            None => {
                let mut room = this.room(wanted);
                if let Some(read) = read_cached(&this.file, &mut room[..wanted], this.position) {
                    (room, read)
                } else {
                    let (file, position) = (this.file.clone(), this.position);
                    this.reading = Some(crate::runtime::handle().spawn_blocking(move || {
                        let mut file = &*file;
                        file.seek(SeekFrom::Start(position))?;
                        file.read_exact(&mut room[..wanted])?;
                        Ok(room)
                    }));
                    return self.poll_frame(cx);
                }
            }
            Some(reading) => {
                let room = ready!(Pin::new(reading).poll(cx));
                this.reading = None;
                match room.map_err(io::Error::from).flatten() {
                    Ok(room) => (room, wanted),
                    Err(error) => {
                        // The file became shorter after its length was sent, or the disk fails: the connection breaks off.
                        this.left = 0;
                        return Poll::Ready(Some(Err(error.into())));
                    }
                }
            }
        };
        this.position += read as u64;
        this.left -= read as u64;
        let room = room.freeze();
        let piece = room.slice(..read);
        if this.left > 0 {
            this.last = room;
        }
        Poll::Ready(Some(Ok(Frame::data(piece))))
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left)
    }

    fn is_end_stream(&self) -> bool {
        self.left == 0
    }
}

/// What was read, with the source to read on.
type Piece = (Box<dyn Read + Send>, io::Result<Bytes>);

/// A reader read piece by piece, one at a time and only when the client has room for it. It promises no length.
struct ReaderPieces {
    /// Empty while a piece is read, and at the end.
    source: Option<Box<dyn Read + Send>>,
    reading: Option<JoinHandle<Piece>>,
}

/// Reads until the piece is full or the source has ended.
fn read_piece(source: &mut dyn Read) -> io::Result<Bytes> {
    let mut piece = Vec::with_capacity(PIECE as usize);
    source.take(PIECE).read_to_end(&mut piece)?;
    Ok(piece.into())
}

impl http_body::Body for ReaderPieces {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        if let Some(mut source) = self.source.take() {
            self.reading = Some(crate::runtime::handle().spawn_blocking(move || {
                let read = read_piece(&mut *source);
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
        if piece.len() as u64 == PIECE {
            self.source = Some(source);
        }
        if piece.is_empty() { Poll::Ready(None) } else { Poll::Ready(Some(Ok(Frame::data(piece)))) }
    }

    fn is_end_stream(&self) -> bool {
        self.source.is_none() && self.reading.is_none()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A file of so many bytes, each of which says where it stands; its name is gone.
    fn file(name: &str, length: usize) -> File {
        let path = std::env::temp_dir().join(format!("carboy-{name}-{}", std::process::id()));
        std::fs::write(&path, (0..length).map(|i| (i % 251) as u8).collect::<Vec<_>>()).unwrap();
        let file = File::open(&path).unwrap();
        std::fs::remove_file(&path).unwrap();
        file
    }

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
        let body = file_body(file("shorter", 200_000), 0, 300_000).unwrap();
        let error = crate::runtime::block_on(body.collect()).unwrap_err();
        let error = error.downcast::<io::Error>().unwrap();
        assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof);
    }

    #[test]
    fn a_part_of_a_file_is_that_part_to_the_byte() {
        for (start, length) in [(0, 1_000_000), (1, 999_999), (77_777, 500_000), (999_999, 1), (500_000, 0)] {
            let body = file_body(file("part", 1_000_000), start, length).unwrap();
            let bytes = crate::runtime::block_on(body.collect()).unwrap();
            assert_eq!(bytes.len() as u64, length);
            assert!(
                bytes.iter().zip(start..).all(|(byte, at)| *byte == (at % 251) as u8),
                "{start} {length}"
            );
        }
    }

    #[test]
    fn the_memory_of_a_piece_that_was_sent_is_used_again_and_that_of_one_that_was_not_is_left_alone() {
        use http_body_util::BodyExt;
        let mut body = file_body(file("memory", 5 * PIECE as usize), 0, 5 * PIECE).unwrap();
        let mut next = || crate::runtime::block_on(body.frame()).unwrap().unwrap().into_data().unwrap();
        let first = next();
        let second = next();
        assert!(first.iter().enumerate().all(|(i, byte)| *byte == (i % 251) as u8));
        let place = second.as_ptr();
        drop((first, second));
        assert_eq!(next().as_ptr(), place);
    }
}
