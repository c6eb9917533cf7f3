//! The bytes of one connection, whatever carries them.

use std::{
    io::{self, IoSlice},
    pin::{Pin, pin},
    task::{Context, Poll, Waker},
};
use tokio::{
    io::{AsyncRead, AsyncWrite, Interest, ReadBuf, Ready},
    net::TcpStream,
};

/// The kinds of connections.
///
/// What a write takes has not reached the socket of an encrypted one before a flush says so.
#[derive(Debug)]
pub(crate) enum Transport {
    Tcp(TcpStream),
    #[cfg(unix)]
    Unix(tokio::net::UnixStream),
    #[cfg(feature = "tls")]
    Tls(Box<crate::tls::Stream>),
}

macro_rules! each {
    ($transport:expr, $stream:ident => $do:expr) => {
        match $transport {
            Transport::Tcp($stream) => $do,
            #[cfg(unix)]
            Transport::Unix($stream) => $do,
            #[cfg(feature = "tls")]
            Transport::Tls($stream) => $do,
        }
    };
}

impl Transport {
    /// Whether the socket has taken bytes although what was written to it is [`Poll::Pending`]: encrypted ones wait in
    /// between. Asking begins anew.
    pub(crate) fn took(&mut self) -> bool {
        match self {
            #[cfg(feature = "tls")]
            Transport::Tls(stream) => stream.took(),
            _ => false,
        }
    }

    /// Whether the system has seen the peer's last byte, or that it is gone, although bytes before it wait to be read. One whose last bytes find
    /// no room in the socket is not known to be gone.
    pub(crate) fn is_read_closed(&self) -> bool {
        match self {
            Transport::Tcp(stream) => says_closed(stream.ready(Interest::READABLE)),
            #[cfg(unix)]
            Transport::Unix(stream) => says_closed(stream.ready(Interest::READABLE)),
            #[cfg(feature = "tls")]
            Transport::Tls(stream) => says_closed(stream.socket().ready(Interest::READABLE)),
        }
    }
}

/// What is known of a socket at this moment.
fn says_closed(ready: impl Future<Output = io::Result<Ready>>) -> bool {
    match pin!(ready).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(Ok(ready)) => ready.is_read_closed(),
        Poll::Ready(Err(_)) => true,
        Poll::Pending => false,
    }
}

impl AsyncRead for Transport {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        each!(self.get_mut(), stream => Pin::new(stream).poll_read(cx, buf))
    }
}

impl AsyncWrite for Transport {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        each!(self.get_mut(), stream => Pin::new(stream).poll_write(cx, buf))
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        each!(self.get_mut(), stream => Pin::new(stream).poll_write_vectored(cx, bufs))
    }

    fn is_write_vectored(&self) -> bool {
        each!(self, stream => stream.is_write_vectored())
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        each!(self.get_mut(), stream => Pin::new(stream).poll_flush(cx))
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        each!(self.get_mut(), stream => Pin::new(stream).poll_shutdown(cx))
    }
}
