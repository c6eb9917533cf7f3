//! One HTTP/1 connection's socket, what was read from it, what is to be written to it, and until when each wait may last.

use super::{
    head::{self, Head, LastHost},
    incoming::{Incoming, Pumped},
    output::Output,
    tunnel::Tunnel,
};
use crate::{
    ServerConfig, ShutdownHandle,
    alarm::Alarm,
    config::{DRAIN_IDLE, LINGER},
    load::Held,
    refusal::Refusal,
    shutdown::Stage,
    transport::Transport,
};
use bytes::BytesMut;
use http::StatusCode;
use std::{
    future::poll_fn,
    io,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
    time::{Duration, Instant},
};
use tokio::io::AsyncWrite;
use tokio_util::io::poll_read_buf;

/// How much is read at once: at first, and at the most for a body that comes faster.
const FIRST_READ: usize = 4 * 1024;
const MOST_READ: usize = 128 * 1024;

/// How much a client may send ahead of the answer that it waits for before no more is read.
const READ_AHEAD: usize = 16 * 1024;

/// How often a socket that bytes wait in is asked whether its client has left.
const LOOK: Duration = Duration::from_secs(1);

/// When a connection that waits for a request gives back the memory that it keeps to be quick.
const REST: Duration = Duration::from_secs(1);

/// What is said to a client whose head does not come to an end.
const TIMED_OUT: Refusal =
    Refusal::new(StatusCode::REQUEST_TIMEOUT, "The header fields did not come to an end in time.\n");

pub(super) struct Connection {
    transport: Transport,
    pub(super) input: BytesMut,
    /// How much of the input was searched for the end of a head.
    scanned: usize,
    read_size: usize,
    /// The client has sent its last byte.
    ended: bool,
    pub(super) output: Output,
    unflushed: bool,
    pub(super) config: Arc<ServerConfig>,
    shutdown: ShutdownHandle,
    /// Wakes this connection when the server begins to drain; polled once.
    draining: Option<Pin<Box<dyn Future<Output = ()> + Send>>>,
    alarm: Alarm,
    /// Since when the socket takes no bytes.
    blocked: Option<Instant>,
    /// A time that was looked up since the task was last woken, so that answers which leave together share one look at the clock.
    now: Option<Instant>,
    pub(super) last_host: LastHost,
    held: Held,
}

/// Why no further request comes.
pub(super) enum NoHead {
    /// There is nobody to talk to, or nothing more to say.
    Over,
    /// What was refused is in the input.
    Refused(Refusal),
}

/// What happened while an answer was worked on.
pub(super) enum Meanwhile {
    /// The application got something and should be polled.
    Progress,
    /// The client left, or takes nothing any more.
    Gone,
    /// The whole request takes too long.
    Expired,
}

impl Connection {
    pub(super) fn new(
        transport: Transport,
        input: BytesMut,
        config: Arc<ServerConfig>,
        shutdown: ShutdownHandle,
        held: Held,
    ) -> Self {
        Connection {
            transport,
            input,
            scanned: 0,
            read_size: FIRST_READ,
            ended: false,
            output: Output::default(),
            unflushed: false,
            config,
            shutdown,
            draining: None,
            alarm: Alarm::default(),
            blocked: None,
            now: None,
            last_host: LastHost::default(),
            held,
        }
    }

    /// The time, as it was a moment ago.
    pub(super) fn now(&mut self) -> Instant {
        *self.now.get_or_insert_with(Instant::now)
    }

    pub(super) fn is_draining(&self) -> bool {
        self.shutdown.is_draining()
    }

    /// The next request; waits for it if it is not there yet.
    pub(super) async fn next_head(&mut self) -> Result<Head, NoHead> {
        let mut began = None;
        let mut idle_since = None;
        loop {
            match head::take(&mut self.input, &mut self.scanned, &self.config.http1, &self.last_host) {
                Ok(Some(head)) => return Ok(head),
                Ok(None) => {}
                Err(refusal) => return Err(NoHead::Refused(refusal)),
            }
            poll_fn(|cx| self.poll_more(cx, &mut began, &mut idle_since)).await?;
        }
    }

    /// Waits for more of a head: sends what is held, then reads.
    fn poll_more(
        &mut self,
        cx: &mut Context<'_>,
        began: &mut Option<Instant>,
        idle_since: &mut Option<Instant>,
    ) -> Poll<Result<(), NoHead>> {
        if ready!(self.poll_flushed(cx)).is_err() || self.ended {
            return Poll::Ready(Err(NoHead::Over));
        }
        match self.poll_fill(cx) {
            Poll::Ready(Ok(1..)) => return Poll::Ready(Ok(())),
            Poll::Ready(_) => return Poll::Ready(Err(NoHead::Over)),
            Poll::Pending => {}
        }
        let idle = self.input.is_empty();
        let draining = self.poll_draining(cx);
        let deadlines = &self.config.deadlines;
        let (limit, since, expired) = if idle {
            // A client that was just answered may be sending its next request at this moment: it is still answered.
            let limit = if draining { Some(DRAIN_IDLE) } else { deadlines.idle };
            (limit, idle_since, NoHead::Over)
        } else {
            (deadlines.head, began, NoHead::Refused(TIMED_OUT))
        };
        let since = *since.get_or_insert_with(|| *self.now.get_or_insert_with(Instant::now));
        // What the last answer needed is worth keeping for the next one, not for a long wait.
        let rested = self.input.capacity() == self.input.len();
        if !rested && self.alarm.poll(cx, since + REST).is_ready() {
            self.rest();
        }
        if let Some(limit) = limit
            && self.alarm.poll(cx, since + limit).is_ready()
        {
            return Poll::Ready(Err(expired));
        }
        self.pending()
    }

    fn pending<T>(&mut self) -> Poll<T> {
        self.now = None;
        Poll::Pending
    }

    /// Keeps no more memory than what was received.
    fn rest(&mut self) {
        self.input = if self.input.is_empty() { BytesMut::new() } else { BytesMut::from(&self.input[..]) };
        self.output.rest();
        self.last_host = LastHost::default();
    }

    /// Whether the server drains; the task is woken when it begins to.
    fn poll_draining(&mut self, cx: &mut Context<'_>) -> bool {
        if self.draining.is_none() {
            let shutdown = self.shutdown.clone();
            let mut draining: Pin<Box<dyn Future<Output = ()> + Send>> =
                Box::pin(async move { shutdown.reached(Stage::Draining).await });
            let _ = draining.as_mut().poll(cx);
            self.draining = Some(draining);
        }
        self.shutdown.is_draining()
    }

    /// Reads once; 0 says that the client has sent its last byte.
    fn poll_fill(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        if self.input.capacity() - self.input.len() < self.read_size / 4 {
            self.input.reserve(self.read_size);
        }
        let room = self.input.capacity() - self.input.len();
        let n = ready!(poll_read_buf(Pin::new(&mut self.transport), cx, &mut self.input))?;
        self.now = None;
        self.ended = n == 0;
        if n == room {
            self.read_size = (self.read_size * 2).min(MOST_READ);
        }
        Poll::Ready(Ok(n))
    }

    /// Sends what there is; pending while the socket takes nothing, an error when that takes too long.
    pub(super) fn poll_flushed(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.output.is_empty() && !self.unflushed {
            return Poll::Ready(Ok(()));
        }
        self.unflushed = true;
        let blocked = &mut self.blocked;
        let sent = self.output.poll_send(cx, &mut self.transport, || *blocked = None);
        let flushed = match sent {
            Poll::Ready(Ok(())) => Pin::new(&mut self.transport).poll_flush(cx),
            other => other,
        };
        if flushed.is_ready() {
            (self.blocked, self.unflushed) = (None, false);
            return flushed;
        }
        self.poll_stalled(cx)
    }

    /// Ends the connection for writing. Over TLS a last record is written for that, which a client that takes nothing leaves no room for.
    fn poll_shutdown(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match Pin::new(&mut self.transport).poll_shutdown(cx) {
            Poll::Pending => self.poll_stalled(cx),
            shut => shut,
        }
    }

    /// Pending while the socket takes nothing, an error when that takes too long.
    fn poll_stalled(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.transport.took() {
            self.blocked = None;
        }
        let since = *self.blocked.get_or_insert_with(Instant::now);
        match self.config.deadlines.write_stall {
            Some(limit) if self.alarm.poll(cx, since + limit).is_ready() => {
                tracing::debug!(target: "carboy::server", "connection closed: the client takes no bytes");
                Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
            }
            _ => self.pending(),
        }
    }

    /// Waits until all is sent.
    pub(super) async fn flush(&mut self) -> io::Result<()> {
        poll_fn(|cx| self.poll_flushed(cx)).await
    }

    /// Waits until there is room for another piece.
    pub(super) async fn room(&mut self) -> io::Result<()> {
        if self.output.has_room() { Ok(()) } else { self.flush().await }
    }

    /// Does what there is to do while the application works on an answer: sends what is held, reads the body that it asks for, and sees
    /// whether the client is still there.
    pub(super) fn poll_meanwhile(
        &mut self,
        cx: &mut Context<'_>,
        incoming: &mut Incoming,
        deadline: Option<Instant>,
    ) -> Poll<Meanwhile> {
        loop {
            match incoming.pump(&mut self.input, cx) {
                Pumped::Progress => return Poll::Ready(Meanwhile::Progress),
                Pumped::NeedMore => {
                    if incoming.expects_continue && self.output.has_room() {
                        incoming.expects_continue = false;
                        self.output.small().extend_from_slice(b"HTTP/1.1 100 Continue\r\n\r\n");
                    }
                    match self.poll_fill(cx) {
                        Poll::Ready(Ok(1..)) => continue,
                        Poll::Ready(_) => {
                            incoming.client_left(cx);
                            return Poll::Ready(Meanwhile::Progress);
                        }
                        Poll::Pending => {}
                    }
                }
                Pumped::Idle => {
                    if self.poll_left(cx).is_ready() {
                        return Poll::Ready(Meanwhile::Gone);
                    }
                }
            }
            break;
        }
        if let Poll::Ready(Err(_)) = self.poll_flushed(cx) {
            return Poll::Ready(Meanwhile::Gone);
        }
        if let Some(deadline) = deadline
            && self.alarm.poll(cx, deadline).is_ready()
        {
            return Poll::Ready(Meanwhile::Expired);
        }
        self.pending()
    }

    /// Ready when the client has left. What it sends before somebody asks for it, the rest of its body or further requests, is kept up to a limit. Bytes
    /// beyond that stay in the socket, which then wakes nobody: its state is looked at from time to time.
    fn poll_left(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let half_close = self.config.http1.half_close;
        while !self.ended && self.input.len() < READ_AHEAD {
            match ready!(self.poll_fill(cx)) {
                Ok(0) if half_close => {}
                Ok(1..) => {}
                Ok(_) | Err(_) => return Poll::Ready(()),
            }
        }
        if self.ended || half_close {
            return Poll::Pending;
        }
        loop {
            if self.transport.is_read_closed() {
                return Poll::Ready(());
            }
            // Not by the time of a moment ago: a view may have blocked this thread since.
            ready!(self.alarm.poll(cx, Instant::now() + LOOK));
        }
    }

    /// Skips what nobody has read of a body; `false` if that is too much, or does not come.
    pub(super) async fn skip(&mut self, incoming: &mut Incoming, limit: u64) -> bool {
        use super::chunked::Decoded;
        incoming.abandon();
        let mut skipped = 0;
        let since = self.now();
        loop {
            match incoming.decode(&mut self.input) {
                Ok(Decoded::End) => return true,
                Ok(Decoded::Data(piece)) => {
                    skipped += piece.len() as u64;
                    if skipped > limit {
                        return false;
                    }
                    if incoming.is_done() {
                        return true;
                    }
                }
                Ok(Decoded::NeedMore) => {
                    let more = poll_fn(|cx| {
                        if ready!(self.poll_flushed(cx)).is_err() {
                            return Poll::Ready(false);
                        }
                        if let Poll::Ready(read) = self.poll_fill(cx) {
                            return Poll::Ready(matches!(read, Ok(1..)));
                        }
                        match self.config.deadlines.body_gap {
                            Some(limit) if self.alarm.poll(cx, since + limit).is_ready() => {
                                Poll::Ready(false)
                            }
                            _ => self.pending(),
                        }
                    });
                    if !more.await {
                        return false;
                    }
                }
                Err(_) => return false,
            }
        }
    }

    /// Sends what there is and closes. `linger`: the client may still be sending, so what comes is read and forgotten until it leaves, because its system throws
    /// the answer away when bytes meet a closed socket.
    pub(super) async fn close(mut self, linger: bool) {
        if self.flush().await.is_err() {
            return;
        }
        if poll_fn(|cx| self.poll_shutdown(cx)).await.is_err()
            || self.ended
            || !linger && self.input.is_empty()
        {
            return;
        }
        let until = Instant::now() + LINGER;
        poll_fn(|cx| {
            loop {
                self.input.clear();
                match self.poll_fill(cx) {
                    Poll::Ready(Ok(1..)) => {}
                    Poll::Ready(_) => return Poll::Ready(()),
                    Poll::Pending => return self.alarm.poll(cx, until),
                }
            }
        })
        .await;
    }

    /// The connection for another protocol.
    pub(super) fn into_tunnel(self) -> Tunnel {
        Tunnel { transport: self.transport, read: self.input, _held: self.held }
    }
}

#[cfg(all(test, feature = "tls"))]
mod tests {
    use super::*;
    use crate::{TlsConfig, load::Load, tls};
    use rustls::{
        ClientConfig, ClientConnection, RootCertStore, crypto::aws_lc_rs, pki_types::pem::PemObject,
    };
    use std::{io::Write, time::Duration};

    /// A connection over TLS whose client has shaken hands and takes nothing, and whose socket is full.
    async fn stuck(config: ServerConfig) -> (Connection, std::net::TcpStream) {
        let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        let (chain, key) = (made.cert.pem(), made.signing_key.serialize_pem());
        let tls = tls::Tls::load(TlsConfig::from_pem(&chain, key)).unwrap();
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let addr = listener.local_addr().unwrap();
        let client = std::thread::spawn(move || {
            let mut roots = RootCertStore::empty();
            roots.add(rustls::pki_types::CertificateDer::from_pem_slice(chain.as_bytes()).unwrap()).unwrap();
            let trusting = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
                .with_safe_default_protocol_versions()
                .unwrap()
                .with_root_certificates(roots)
                .with_no_client_auth();
            let mut session =
                ClientConnection::new(Arc::new(trusting), "localhost".try_into().unwrap()).unwrap();
            let mut socket = std::net::TcpStream::connect(addr).unwrap();
            while session.is_handshaking() {
                session.complete_io(&mut socket).unwrap();
            }
            socket
        });
        let (socket, _) = listener.accept().unwrap();
        socket.set_nonblocking(true).unwrap();
        let mut raw = socket.try_clone().unwrap();
        let socket = tokio::net::TcpStream::from_std(socket).unwrap();
        let secured = tls::handshake(socket, &tls).await.unwrap();
        let client = client.join().unwrap();
        while raw.write(&[0; 4096]).is_ok() {}
        let transport = Transport::Tls(Box::new(secured.stream));
        let held = Load::new(1, 1).take(0);
        let connection =
            Connection::new(transport, BytesMut::new(), Arc::new(config), ShutdownHandle::new(), held);
        (connection, client)
    }

    #[tokio::test]
    async fn the_goodbye_of_an_encrypted_connection_waits_no_longer_than_an_answer_does() {
        let limit = Duration::from_millis(100);
        let (connection, _client) = stuck(ServerConfig::new().write_timeout(limit)).await;
        let begin = Instant::now();
        let closed = tokio::time::timeout(Duration::from_secs(10), connection.close(false)).await;
        assert!(closed.is_ok(), "still open");
        assert!(begin.elapsed() >= limit, "{:?}", begin.elapsed());
    }
}
