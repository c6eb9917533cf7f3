//! The socket of one connection, as hyper sees it: it notes what happens in the connection's [`Link`].

use crate::link::Link;
use std::{
    io::{self, IoSlice},
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
};

/// The kinds of connections.
#[derive(Debug)]
pub(crate) enum Transport {
    Tcp(TcpStream),
    #[cfg(unix)]
    Unix(tokio::net::UnixStream),
}

macro_rules! each {
    ($transport:expr, $stream:ident => $do:expr) => {
        match $transport {
            Transport::Tcp($stream) => $do,
            #[cfg(unix)]
            Transport::Unix($stream) => $do,
        }
    };
}

impl Transport {
    /// Waits until there is something to read, the end of the stream included.
    pub(crate) async fn readable(&self) -> io::Result<()> {
        each!(self, s => s.readable().await)
    }

    pub(crate) fn try_read(&self, buf: &mut [u8]) -> io::Result<usize> {
        each!(self, s => s.try_read(buf))
    }

    /// Writes what the socket takes at once; the rest is lost.
    pub(crate) fn write_now(&self, bytes: &[u8]) {
        let _ = each!(self, s => s.try_write(bytes));
    }
}

/// As many bytes as the HTTP/2 preface has.
pub(crate) const PREFACE: &[u8; 24] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// The first bytes of a connection, read to learn its protocol.
#[derive(Debug, Default)]
pub(crate) struct Sniffed {
    bytes: [u8; PREFACE.len()],
    read: u8,
    given: u8,
}

impl Sniffed {
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes[self.given as usize..self.read as usize]
    }

    pub(crate) fn room(&mut self) -> &mut [u8] {
        &mut self.bytes[self.read as usize..]
    }

    pub(crate) fn filled(&mut self, n: usize) {
        self.read += n as u8;
    }
}

/// A connection for hyper.
#[derive(Debug)]
pub(crate) struct Io {
    pub(crate) transport: Transport,
    sniffed: Sniffed,
    link: Arc<Link>,
    ended: bool,
    sending_ended: bool,
}

impl Io {
    pub(crate) fn new(transport: Transport, sniffed: Sniffed, link: Arc<Link>) -> Self {
        Io { transport, sniffed, link, ended: false, sending_ended: false }
    }

    fn note_write(&self, result: &Poll<io::Result<usize>>) {
        match result {
            Poll::Ready(_) => self.link.activity.sent(),
            Poll::Pending => self.link.activity.blocked(),
        }
    }

    /// Reads and forgets until the client leaves, so that its system does not throw away the answer
    /// because bytes met a closed socket.
    fn poll_linger(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut waste = [0; 4096];
        for _ in 0..16 {
            let mut buf = ReadBuf::new(&mut waste);
            let read = each!(&mut self.transport, s => Pin::new(s).poll_read(cx, &mut buf));
            if ready!(read).is_err() || buf.filled().is_empty() {
                return Poll::Ready(Ok(()));
            }
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }
}

impl AsyncRead for Io {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = &mut *self;
        let first = this.sniffed.bytes();
        if !first.is_empty() {
            let n = first.len().min(buf.remaining());
            buf.put_slice(&first[..n]);
            this.sniffed.given += n as u8;
            // What else has come is read at the next call.
            return Poll::Ready(Ok(()));
        }
        let before = buf.filled().len();
        let result = each!(&mut this.transport, s => Pin::new(s).poll_read(cx, buf));
        match &result {
            Poll::Pending => this.link.activity.starved(),
            Poll::Ready(Ok(())) if buf.filled().len() > before => this.link.activity.received(),
            Poll::Ready(_) => this.ended = true,
        }
        result
    }
}

impl AsyncWrite for Io {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let result = each!(&mut this.transport, s => Pin::new(s).poll_write(cx, buf));
        this.note_write(&result);
        result
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let result = each!(&mut this.transport, s => Pin::new(s).poll_write_vectored(cx, bufs));
        this.note_write(&result);
        result
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        // A socket keeps nothing back.
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let linger = this.link.activity.close() && !this.ended;
        if !this.sending_ended {
            ready!(each!(&mut this.transport, s => Pin::new(s).poll_shutdown(cx)))?;
            this.sending_ended = true;
        }
        if linger { this.poll_linger(cx) } else { Poll::Ready(Ok(())) }
    }
}
