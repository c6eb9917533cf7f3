//! What is on its way to the client: small pieces put together, one large one as it is.

use bytes::{Buf, Bytes};
use std::{
    io::{self, IoSlice},
    pin::Pin,
    task::{Context, Poll, ready},
};
use tokio::io::AsyncWrite;

/// Answers wait for each other up to here, so that those to pipelined requests leave together.
const HOLD: usize = 16 * 1024;

/// How much memory a connection keeps when all is sent; a piece of up to this size is copied, which costs less than a second one.
const KEEP: usize = 4 * 1024;

/// Bytes to be sent, in this order: `small` from `sent` on, `large`, `tail`.
#[derive(Debug, Default)]
pub(super) struct Output {
    small: Vec<u8>,
    sent: usize,
    large: Bytes,
    tail: &'static [u8],
}

impl Output {
    /// Where small pieces are put. Only while there [is room](Output::has_room): behind a large piece nothing is put.
    pub(super) fn small(&mut self) -> &mut Vec<u8> {
        debug_assert!(self.large.is_empty() && self.tail.is_empty());
        &mut self.small
    }

    /// Whether another piece may follow before some are sent.
    pub(super) fn has_room(&self) -> bool {
        self.large.is_empty() && self.tail.is_empty() && self.small.len() < HOLD
    }

    pub(super) fn is_empty(&self) -> bool {
        self.small.is_empty() && self.large.is_empty() && self.tail.is_empty()
    }

    /// Puts a piece of any size behind the small ones, and `tail` behind it.
    pub(super) fn piece(&mut self, piece: Bytes, tail: &'static [u8]) {
        if piece.len() <= KEEP {
            self.small.extend_from_slice(&piece);
            self.small.extend_from_slice(tail);
        } else {
            (self.large, self.tail) = (piece, tail);
        }
    }

    /// Sends all of it. `sent` is told each time when the socket took something.
    pub(super) fn poll_send<W: AsyncWrite + Unpin>(
        &mut self,
        cx: &mut Context<'_>,
        socket: &mut W,
        mut sent: impl FnMut(),
    ) -> Poll<io::Result<()>> {
        while !self.is_empty() {
            let small = &self.small[self.sent..];
            let mut socket = Pin::new(&mut *socket);
            let n = if self.large.is_empty() && self.tail.is_empty() {
                ready!(socket.poll_write(cx, small))?
            } else {
                let pieces = [IoSlice::new(small), IoSlice::new(&self.large), IoSlice::new(self.tail)];
                ready!(socket.as_mut().poll_write_vectored(cx, &pieces))?
            };
            if n == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            sent();
            self.advance(n);
        }
        Poll::Ready(Ok(()))
    }

    fn advance(&mut self, mut n: usize) {
        let small = n.min(self.small.len() - self.sent);
        self.sent += small;
        n -= small;
        if self.sent == self.small.len() {
            self.sent = 0;
            if self.small.capacity() > KEEP {
                self.small = Vec::new();
            } else {
                self.small.clear();
            }
        }
        let large = n.min(self.large.len());
        self.large.advance(large);
        if self.large.is_empty() {
            // The memory goes at once, not with the next piece.
            self.large = Bytes::new();
        }
        self.tail = &self.tail[n - large..];
    }

    /// Gives memory back while nothing is to be sent.
    pub(super) fn rest(&mut self) {
        if self.is_empty() {
            self.small = Vec::new();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::task::Waker;

    /// A socket that takes a few bytes at a time.
    struct Trickle(Vec<u8>, usize);

    impl AsyncWrite for Trickle {
        fn poll_write(mut self: Pin<&mut Self>, _: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
            let n = buf.len().min(self.1);
            self.0.extend_from_slice(&buf[..n]);
            Poll::Ready(Ok(n))
        }

        fn poll_write_vectored(
            mut self: Pin<&mut Self>,
            _: &mut Context<'_>,
            bufs: &[IoSlice<'_>],
        ) -> Poll<io::Result<usize>> {
            let all = bufs.iter().map(|buf| &**buf).collect::<Vec<_>>().concat();
            let n = all.len().min(self.1);
            self.0.extend_from_slice(&all[..n]);
            Poll::Ready(Ok(n))
        }

        fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Ok(()))
        }

        fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Ok(()))
        }
    }

    #[test]
    fn bytes_leave_in_order_however_few_the_socket_takes() {
        for step in [1, 3, 7, 4096, 1 << 20] {
            let mut output = Output::default();
            output.small().extend_from_slice(b"head");
            output.piece(Bytes::from_static(b"little"), b"\r\n");
            assert!(output.has_room());
            output.piece(Bytes::from(vec![b'x'; KEEP + 1]), b"tail");
            assert!(!output.has_room());
            let mut socket = Trickle(Vec::new(), step);
            let cx = &mut Context::from_waker(Waker::noop());
            assert!(matches!(output.poll_send(cx, &mut socket, || ()), Poll::Ready(Ok(()))));
            assert!(output.is_empty());
            let expected = [b"headlittle\r\n".as_slice(), &[b'x'; KEEP + 1], b"tail"].concat();
            assert!(socket.0 == expected, "{step}");
        }
    }
}
