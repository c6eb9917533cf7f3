//! A stream of this runtime as the protocol's crate wants one: what cannot go on now is `WouldBlock`.

use std::{
    io::{self, Read, Write},
    pin::Pin,
    task::{Context, Poll},
};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// A stream while a task is polled, which it wakes when it can go on.
pub(crate) struct Blocking<'a, 'c, T> {
    io: &'a mut T,
    cx: &'a mut Context<'c>,
    /// How many bytes were read and written through this.
    pub(crate) read: usize,
    pub(crate) written: usize,
}

impl<'a, 'c, T> Blocking<'a, 'c, T> {
    pub(crate) fn new(io: &'a mut T, cx: &'a mut Context<'c>) -> Self {
        Blocking { io, cx, read: 0, written: 0 }
    }
}

fn now<T>(polled: Poll<io::Result<T>>) -> io::Result<T> {
    match polled {
        Poll::Ready(result) => result,
        Poll::Pending => Err(io::ErrorKind::WouldBlock.into()),
    }
}

impl<T: AsyncRead + Unpin> Read for Blocking<'_, '_, T> {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        let mut buf = ReadBuf::new(bytes);
        now(Pin::new(&mut self.io).poll_read(self.cx, &mut buf))?;
        self.read += buf.filled().len();
        Ok(buf.filled().len())
    }
}

impl<T: AsyncWrite + Unpin> Write for Blocking<'_, '_, T> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = now(Pin::new(&mut self.io).poll_write(self.cx, bytes))?;
        self.written += written;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        now(Pin::new(&mut self.io).poll_flush(self.cx))
    }
}

/// Whether the stream can only go on later.
pub(crate) fn is_blocked(error: &tungstenite::Error) -> bool {
    matches!(error, tungstenite::Error::Io(error) if error.kind() == io::ErrorKind::WouldBlock)
}
