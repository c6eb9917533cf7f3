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
pub(super) const PIECE: u64 = 64 * 1024;

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
    Ok(Body::stream(FileBody { file: Some(file), left: length, reading: None }))
}

/// The piece that was read, with the file to read on.
type Read1 = (File, io::Result<Bytes>);

struct FileBody {
    file: Option<File>,
    left: u64,
    reading: Option<JoinHandle<Read1>>,
}

impl http_body::Body for FileBody {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        if self.left == 0 {
            return Poll::Ready(None);
        }
        let wanted = usize::try_from(self.left.min(PIECE)).unwrap_or(usize::MAX);
        if let Some(mut file) = self.file.take() {
            self.reading = Some(crate::runtime::handle().spawn_blocking(move || {
                let mut piece = vec![0; wanted];
                let read = file.read_exact(&mut piece).map(|()| piece.into());
                (file, read)
            }));
        }
        let Some(reading) = &mut self.reading else { return Poll::Ready(None) };
        let read = ready!(Pin::new(reading).poll(cx));
        self.reading = None;
        match read {
            Ok((file, Ok(piece))) => {
                self.left -= piece.len() as u64;
                self.file = Some(file);
                Poll::Ready(Some(Ok(Frame::data(piece))))
            }
            // The file became shorter after its length was sent: the connection breaks off.
            Ok((_, Err(error))) => {
                self.left = 0;
                Poll::Ready(Some(Err(error.into())))
            }
            Err(error) => {
                self.left = 0;
                Poll::Ready(Some(Err(error.into())))
            }
        }
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left)
    }

    fn is_end_stream(&self) -> bool {
        self.left == 0
    }
}
