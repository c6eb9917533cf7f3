//! A connection of HTTP/2 whose client is not let waste the server's time.

use super::{
    connection::PREFACE,
    frames::{DATA, Frame, Frames, GOAWAY, HEADERS},
    link::Link,
};
use crate::config::LINGER;
use std::{
    io::{self, IoSlice},
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    time::{Sleep, sleep},
};

/// [RFC 9113, section 7](https://www.rfc-editor.org/rfc/rfc9113#section-7).
const ENHANCE_YOUR_CALM: u32 = 0xb;

/// How much is still read of a client that was told to leave, so that it can read that.
const FAREWELL: usize = 512 * 1024;

/// Looks at the frames that pass by, and ends the connection when its [budget](super::budget) is overdrawn.
#[derive(Debug)]
pub(crate) struct Guarded<T> {
    io: T,
    link: Arc<Link>,
    incoming: Frames,
    outgoing: Frames,
    last_stream: u32,
    leaving: Option<Farewell>,
}

/// A client was told to leave.
#[derive(Debug)]
struct Farewell {
    /// How much is still read.
    left: usize,
    until: Pin<Box<Sleep>>,
}

impl<T: AsyncRead + AsyncWrite + Unpin> Guarded<T> {
    /// For a connection whose client's preface is still to be read.
    pub(crate) fn new(io: T, link: Arc<Link>) -> Self {
        Guarded {
            io,
            link,
            incoming: Frames::after(PREFACE.len()),
            outgoing: Frames::after(0),
            last_stream: 0,
            leaving: None,
        }
    }

    /// Looks at bytes that came in, and whether they end within a head; `false`: the client has to leave.
    fn received(&mut self, bytes: &[u8]) -> bool {
        let (last_stream, budget) = (&mut self.last_stream, &self.link.budget);
        let mut covered = true;
        self.incoming.feed(bytes, |frame| {
            if frame.kind == HEADERS {
                *last_stream = frame.stream.max(*last_stream);
            }
            covered = covered && budget.covers(frame);
        });
        self.link.activity.received(self.incoming.within_fields());
        covered
    }

    /// Looks at the first so many bytes of what was sent.
    fn sent<'b>(&mut self, mut count: usize, buffers: impl Iterator<Item = &'b [u8]>) {
        let mut data = false;
        let mut seen = |frame: Frame| data |= frame.kind == DATA && frame.length > 0;
        for buffer in buffers {
            let taken = buffer.len().min(count);
            self.outgoing.feed(&buffer[..taken], &mut seen);
            count -= taken;
        }
        if data {
            self.link.activity.served();
        }
    }

    fn say_goodbye(&mut self, cx: &mut Context<'_>) {
        tracing::debug!(target: "carboy::server", "connection closed: too many frames that ask for nothing");
        self.leaving = Some(Farewell { left: FAREWELL, until: Box::pin(sleep(LINGER)) });
        // Within a frame that the socket did not take whole, another one would be garbage.
        if self.link.activity.is_blocked() {
            return;
        }
        let mut frame = [0, 0, 8, GOAWAY, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
        frame[9..13].copy_from_slice(&self.last_stream.to_be_bytes());
        frame[13..].copy_from_slice(&ENHANCE_YOUR_CALM.to_be_bytes());
        // A socket that does not take these bytes at once does not get them.
        let _ = Pin::new(&mut self.io).poll_write(cx, &frame);
        let _ = Pin::new(&mut self.io).poll_flush(cx);
    }

    /// Reads and forgets what a client still sends that has to leave. Always an end.
    fn poll_leave(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut waste = [0; 8 * 1024];
        while let Some(farewell) = &mut self.leaving
            && farewell.left > 0
            && farewell.until.as_mut().poll(cx).is_pending()
        {
            let mut buf = ReadBuf::new(&mut waste);
            ready!(Pin::new(&mut self.io).poll_read(cx, &mut buf))?;
            match buf.filled().len() {
                0 => break,
                read => farewell.left = farewell.left.saturating_sub(read),
            }
        }
        Poll::Ready(Err(io::Error::other("too many frames that ask for nothing")))
    }
}

impl<T: AsyncRead + AsyncWrite + Unpin> AsyncRead for Guarded<T> {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if this.leaving.is_some() {
            return this.poll_leave(cx);
        }
        let before = buf.filled().len();
        ready!(Pin::new(&mut this.io).poll_read(cx, buf))?;
        if this.received(&buf.filled()[before..]) {
            return Poll::Ready(Ok(()));
        }
        buf.set_filled(before);
        this.say_goodbye(cx);
        this.poll_leave(cx)
    }
}

impl<T: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Guarded<T> {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        if this.leaving.is_some() {
            return Poll::Ready(Ok(buf.len()));
        }
        let written = ready!(Pin::new(&mut this.io).poll_write(cx, buf))?;
        this.sent(written, std::iter::once(buf));
        Poll::Ready(Ok(written))
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        if this.leaving.is_some() {
            return Poll::Ready(Ok(bufs.iter().map(|buf| buf.len()).sum()));
        }
        let written = ready!(Pin::new(&mut this.io).poll_write_vectored(cx, bufs))?;
        this.sent(written, bufs.iter().map(|buf| &**buf));
        Poll::Ready(Ok(written))
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().io).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().io).poll_shutdown(cx)
    }
}
