//! The socket of one connection, as hyper sees it.
//!
//! It notes what happens in the connection's [`Link`], and it sends the answers to pipelined requests
//! together. (hyper can do that too, but then it buffers without limit while a client has sent ahead, and
//! loses its answer to a malformed head.)

use crate::{activity::Phase, link::Link, load::Held, transport::Transport};
use bytes::Bytes;
use std::{
    io::{self, IoSlice},
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// As many bytes as the HTTP/2 preface has.
pub(crate) const PREFACE: &[u8; 24] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// How many bytes of answers wait for each other.
const HOLD: usize = 16 * 1024;

/// How much memory an idle connection keeps for that; also how much is copied to be written as one piece, which costs
/// the system less than several.
const KEEP: usize = 4 * 1024;

/// A connection for hyper.
#[derive(Debug)]
pub(crate) struct Io {
    pub(crate) transport: Transport,
    sniffed: Bytes,
    link: Arc<Link>,
    /// Answers that are complete and wait for the next one, from `written` on.
    held: Vec<u8>,
    written: usize,
    /// What was read last may hold further requests: nobody has asked for more since.
    more: bool,
    ended: bool,
    sending_ended: bool,
    /// A tunnel outlives the connection that it was.
    _held: Held,
}

impl Io {
    pub(crate) fn new(transport: Transport, sniffed: Bytes, link: Arc<Link>, held: Held) -> Self {
        Io {
            transport,
            sniffed,
            link,
            held: Vec::new(),
            written: 0,
            more: false,
            ended: false,
            sending_ended: false,
            _held: held,
        }
    }

    /// Whether an answer may wait: it is complete, and another one may follow at once.
    fn may_hold(&self) -> bool {
        self.more && !self.link.http2 && self.link.activity.phase() == Phase::Between
    }

    /// Whether this much is put behind what is held, or is the first to be held.
    fn takes(&self, length: usize) -> bool {
        self.held.len() + length <= HOLD && (!self.held.is_empty() || self.may_hold())
    }

    /// After [`takes`](Io::takes): sends all of it unless it may wait for more. What the socket does not
    /// take stays held.
    fn took(&mut self, cx: &mut Context<'_>, length: usize) -> Poll<io::Result<usize>> {
        if !self.may_hold()
            && let Poll::Ready(Err(error)) = self.poll_send_held(cx)
        {
            return Poll::Ready(Err(error));
        }
        Poll::Ready(Ok(length))
    }

    fn poll_send_held(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while self.written < self.held.len() {
            let rest = &self.held[self.written..];
            let result = Pin::new(&mut self.transport).poll_write(cx, rest);
            self.link.note_write(&result);
            match ready!(result)? {
                0 => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                n => self.written += n,
            }
        }
        self.written = 0;
        if self.held.capacity() > KEEP {
            self.held = Vec::new();
        } else {
            self.held.clear();
        }
        Poll::Ready(Ok(()))
    }

    /// Reads and forgets until the client leaves, so that its system does not throw away the answer
    /// because bytes met a closed socket.
    fn poll_linger(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut waste = [0; 4096];
        for _ in 0..16 {
            let mut buf = ReadBuf::new(&mut waste);
            let read = Pin::new(&mut self.transport).poll_read(cx, &mut buf);
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
        // hyper wants more before it can go on: what is held must not wait with it. (While a request is
        // under way it only looks whether the client is still there, and will flush.)
        if !this.held.is_empty()
            && this.link.activity.phase() != Phase::Exchange
            && let Poll::Ready(Err(error)) = this.poll_send_held(cx)
        {
            return Poll::Ready(Err(error));
        }
        this.more = !this.sniffed.is_empty();
        if this.more {
            let n = this.sniffed.len().min(buf.remaining());
            buf.put_slice(&this.sniffed.split_to(n));
            // What else has come is read at the next call.
            return Poll::Ready(Ok(()));
        }
        let before = buf.filled().len();
        let result = Pin::new(&mut this.transport).poll_read(cx, buf);
        match &result {
            Poll::Pending => this.link.activity.starved(),
            Poll::Ready(Ok(())) if buf.filled().len() > before => {
                this.more = true;
                this.link.activity.received();
            }
            Poll::Ready(_) => this.ended = true,
        }
        result
    }
}

impl AsyncWrite for Io {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        if this.takes(buf.len()) {
            this.held.extend_from_slice(buf);
            return this.took(cx, buf.len());
        }
        if !this.held.is_empty() {
            ready!(this.poll_send_held(cx))?;
        }
        let result = Pin::new(&mut this.transport).poll_write(cx, buf);
        this.link.note_write(&result);
        result
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let length = bufs.iter().map(|buf| buf.len()).sum::<usize>();
        let small = length <= KEEP && this.held.is_empty();
        if small || this.takes(length) {
            bufs.iter().for_each(|buf| this.held.extend_from_slice(buf));
            return this.took(cx, length);
        }
        if !this.held.is_empty() {
            ready!(this.poll_send_held(cx))?;
        }
        let result = Pin::new(&mut this.transport).poll_write_vectored(cx, bufs);
        this.link.note_write(&result);
        result
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        // hyper asks again when the next request is under way, reads when there is none, and shuts
        // down when there will be none: each of them sends what is held here.
        let this = self.get_mut();
        if this.held.is_empty() || this.may_hold() { Poll::Ready(Ok(())) } else { this.poll_send_held(cx) }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let linger = this.link.activity.close() && !this.ended;
        if !this.sending_ended {
            if !this.held.is_empty() {
                ready!(this.poll_send_held(cx))?;
            }
            ready!(Pin::new(&mut this.transport).poll_shutdown(cx))?;
            this.sending_ended = true;
        }
        if linger { this.poll_linger(cx) } else { Poll::Ready(Ok(())) }
    }
}
