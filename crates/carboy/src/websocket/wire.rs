//! The driver of a connection: frames, their limits and their deadlines, between the bytes and the [`Channel`].

use super::{
    channel::Channel,
    error::{Close, WebSocketError, WebSocketErrorKind},
    message::Message,
    stream::{Blocking, is_blocked},
};
use crate::settings::WebSocketLimits;
use carboy_http::Upgraded;
use std::{
    mem::discriminant,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    time::{Instant, Sleep},
};
use tungstenite::{
    Error, Message as Frame,
    error::ProtocolError,
    protocol::{Role, WebSocketConfig, WebSocketContext},
};

/// How many bytes are read at once, and collected before they are written.
const READ: usize = 4 * 1024;
const WRITE: usize = 16 * 1024;

/// How many frames are looked at before other connections have their turn.
const TURN: usize = 64;

/// How long a client that was told that the connection is over may take to leave.
const LINGER: Duration = Duration::from_secs(2);

/// What a client may send within [`WINDOW`] without a message coming of it: so many pings, and so many times the largest message.
const PINGS: usize = 200;
const PIECES: usize = 8;
const WINDOW: Duration = Duration::from_secs(20);

/// How far the connection is on its way out; each has its end.
#[derive(Debug, Clone, Copy)]
enum Phase {
    Open,
    /// A close frame has gone or come; the other side's is waited for.
    Closing(Instant),
    /// The client was refused: what it still sends is thrown away until it leaves.
    Refused(Instant),
    /// Both sides have said that it is over.
    Ending(Instant),
}

/// What has been sent without a message coming of it.
#[derive(Debug)]
struct Fruitless {
    since: Instant,
    pings: usize,
    bytes: usize,
}

impl Fruitless {
    fn since(since: Instant) -> Self {
        Fruitless { since, pings: 0, bytes: 0 }
    }
}

/// What a deadline is for.
#[derive(Debug, Clone, Copy)]
enum Due {
    Ping,
    Pong,
    Write,
    End,
}

/// The connection is gone.
struct Gone;

/// A connection that is open.
pub(super) struct Wire {
    protocol: WebSocketContext,
    io: Upgraded,
    channel: Arc<Channel>,
    limits: WebSocketLimits,
    phase: Phase,
    /// How it was closed, as far as that is known.
    close: Option<Close>,
    /// A close frame that is still to go.
    refusal: Option<Close>,
    /// The sending side is shut down.
    ended: bool,
    /// A ping that is still to go.
    ping: bool,
    /// Something may still have to be flushed.
    dirty: bool,
    /// Since when the socket takes nothing.
    blocked: Option<Instant>,
    /// Since when nothing has come.
    quiet: Instant,
    /// When the ping went that nothing has come after.
    pinged: Option<Instant>,
    fruitless: Fruitless,
    timer: Pin<Box<Sleep>>,
    armed: bool,
}

impl Wire {
    pub(super) fn new(io: Upgraded, channel: Arc<Channel>, limits: WebSocketLimits) -> Self {
        let config = WebSocketConfig::default()
            .read_buffer_size(READ)
            .write_buffer_size(WRITE)
            .max_message_size(limits.max_message_size)
            .max_frame_size(limits.max_frame_size);
        let now = Instant::now();
        channel.open();
        Wire {
            protocol: WebSocketContext::new(Role::Server, Some(config)),
            io,
            channel,
            limits,
            phase: Phase::Open,
            close: None,
            refusal: None,
            ended: false,
            ping: false,
            dirty: false,
            blocked: None,
            quiet: now,
            pinged: None,
            fruitless: Fruitless::since(now),
            timer: Box::pin(tokio::time::sleep(Duration::ZERO)),
            armed: false,
        }
    }

    /// Carries on until the connection is gone.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        self.channel.driven_by(cx.waker());
        match self.carry(cx) {
            Ok(()) => Poll::Pending,
            Err(Gone) => {
                self.channel.end(self.close.take().unwrap_or_else(|| Close::new(1006, "")));
                Poll::Ready(())
            }
        }
    }

    fn carry(&mut self, cx: &mut Context<'_>) -> Result<(), Gone> {
        loop {
            let before = discriminant(&self.phase);
            match self.phase {
                Phase::Open | Phase::Closing(_) => {
                    self.write(cx)?;
                    self.read(cx)?;
                }
                Phase::Refused(_) => {
                    self.write(cx)?;
                    // The end of the stream tells the client to leave.
                    if !self.dirty && !self.ended {
                        self.ended = Pin::new(&mut self.io).poll_shutdown(cx).is_ready();
                    }
                    self.throw_away(cx)?;
                }
                Phase::Ending(_) => {
                    if Pin::new(&mut self.io).poll_shutdown(cx).is_ready() {
                        return Err(Gone);
                    }
                }
            }
            let changed = before != discriminant(&self.phase);
            // What was read may have to be answered: with a pong, with a close frame.
            let answers = self.dirty && self.blocked.is_none();
            if !changed && !answers && !self.expire(cx)? {
                return Ok(());
            }
        }
    }

    /// What is to be written next.
    fn next(&mut self) -> Option<Frame> {
        if let Some(close) = self.refusal.take() {
            return Some(Frame::Close(Some(close.into_wire())));
        }
        let Phase::Open = self.phase else { return None };
        if std::mem::take(&mut self.ping) {
            return Some(Frame::Ping(tungstenite::Bytes::new()));
        }
        if let Some(message) = self.channel.next() {
            return Some(message.into_wire());
        }
        let close = self.channel.close_wanted()?;
        self.phase = Phase::Closing(Instant::now() + self.limits.close_timeout);
        self.close = Some(close.clone());
        Some(Frame::Close(Some(close.into_wire())))
    }

    /// Writes what there is to say, as far as the socket takes it.
    fn write(&mut self, cx: &mut Context<'_>) -> Result<(), Gone> {
        let mut written = 0;
        loop {
            // As long as the socket takes nothing, what is to be said stays where it is bounded.
            let frame = if self.blocked.is_some() { None } else { self.next() };
            let flush = frame.is_none();
            if flush && !self.dirty {
                return Ok(());
            }
            let mut io = Blocking::new(&mut self.io, cx);
            let result = match frame {
                // A pong that waits goes first: nothing may come behind a close frame.
                Some(close) if close.is_close() && self.dirty => match self.protocol.flush(&mut io) {
                    Err(error) if !is_blocked(&error) => Err(error),
                    _ => self.protocol.write(&mut io, close),
                },
                Some(frame) => self.protocol.write(&mut io, frame),
                None => self.protocol.flush(&mut io),
            };
            written += io.written;
            self.dirty = !flush || result.is_err();
            match result {
                Ok(()) => self.blocked = None,
                Err(error) if is_blocked(&error) => {
                    let since = self.blocked.get_or_insert_with(Instant::now);
                    if written > 0 {
                        *since = Instant::now();
                    }
                    return Ok(());
                }
                Err(error) => return self.failed(error),
            }
        }
    }

    /// Reads as much as the handler takes.
    fn read(&mut self, cx: &mut Context<'_>) -> Result<(), Gone> {
        for _ in 0..TURN {
            let open = matches!(self.phase, Phase::Open);
            if open && !self.channel.has_room() {
                return Ok(());
            }
            let mut io = Blocking::new(&mut self.io, cx);
            let result = self.protocol.read(&mut io);
            let bytes = io.read;
            if bytes > 0 {
                self.heard(bytes);
            }
            match result {
                Ok(Frame::Close(frame)) => {
                    self.dirty = true;
                    if open {
                        let close = Close::from_wire(frame);
                        self.channel.closing(close.clone(), None);
                        self.close = Some(close);
                        self.phase = Phase::Closing(Instant::now() + self.limits.close_timeout);
                    }
                    return Ok(());
                }
                Ok(Frame::Ping(_)) => {
                    self.dirty = true;
                    self.fruitless.pings += 1;
                }
                Ok(frame) => {
                    if let Some(message) = Message::from_wire(frame) {
                        self.fruitless = Fruitless::since(self.quiet);
                        self.channel.deliver(message);
                    }
                }
                Err(error) if is_blocked(&error) => {
                    self.refuse_flood();
                    return Ok(());
                }
                Err(error) => return self.failed(error),
            }
            if self.refuse_flood() {
                return Ok(());
            }
        }
        cx.waker().wake_by_ref();
        Ok(())
    }

    fn heard(&mut self, bytes: usize) {
        self.quiet = Instant::now();
        self.pinged = None;
        if self.quiet - self.fruitless.since > WINDOW {
            self.fruitless = Fruitless::since(self.quiet);
        }
        self.fruitless.bytes += bytes;
    }

    fn refuse_flood(&mut self) -> bool {
        let most = self
            .limits
            .max_message_size
            .map_or(usize::MAX, |most| most.saturating_mul(PIECES).max(64 * 1024));
        let flood = matches!(self.phase, Phase::Open)
            && (self.fruitless.pings > PINGS || self.fruitless.bytes > most);
        if flood {
            self.refuse(WebSocketError::new(WebSocketErrorKind::Flood));
        }
        flood
    }

    /// What an error of the protocol, or the end of the stream, leads to.
    fn failed(&mut self, error: Error) -> Result<(), Gone> {
        use WebSocketErrorKind::{InvalidText, Protocol, TooLarge};
        let failure = match error {
            Error::ConnectionClosed | Error::AlreadyClosed => {
                self.phase = Phase::Ending(Instant::now() + LINGER);
                self.dirty = false;
                return Ok(());
            }
            // The client has left without a word.
            Error::Protocol(ProtocolError::ResetWithoutClosingHandshake) => return Err(Gone),
            Error::Protocol(detail) => WebSocketError::because(Protocol, detail),
            Error::Utf8(_) => WebSocketError::new(InvalidText),
            Error::Capacity(detail) => WebSocketError::because(TooLarge, detail),
            _ => return Err(Gone),
        };
        match self.phase {
            Phase::Refused(_) => Err(Gone),
            _ => {
                self.refuse(failure);
                Ok(())
            }
        }
    }

    /// Ends the connection because of the client, and tells both sides why.
    fn refuse(&mut self, failure: WebSocketError) {
        let close = Close::new(failure.code(), "");
        self.channel.closing(close.clone(), Some(failure));
        self.phase = Phase::Refused(Instant::now() + LINGER);
        self.close = Some(close.clone());
        self.refusal = Some(close);
    }

    /// Reads past what is not listened to any more, so that the client can read why: its system would throw that away otherwise.
    fn throw_away(&mut self, cx: &mut Context<'_>) -> Result<(), Gone> {
        let mut waste = [0; READ];
        for _ in 0..TURN {
            let mut buf = ReadBuf::new(&mut waste);
            match Pin::new(&mut self.io).poll_read(cx, &mut buf) {
                Poll::Pending => return Ok(()),
                Poll::Ready(Ok(())) if !buf.filled().is_empty() => {}
                Poll::Ready(_) => return Err(Gone),
            }
        }
        cx.waker().wake_by_ref();
        Ok(())
    }

    /// The next deadline.
    fn deadline(&self) -> Option<(Instant, Due)> {
        let limits = &self.limits;
        let end = match self.phase {
            Phase::Open => match (self.pinged, limits.ping_interval) {
                // While the handler does not keep up nothing is read, and an answer to a ping would not be seen.
                (Some(_), _) if !self.channel.has_room() => None,
                (Some(pinged), _) => Some((pinged + limits.ping_timeout, Due::Pong)),
                (None, Some(interval)) => Some((self.quiet + interval, Due::Ping)),
                (None, None) => None,
            },
            Phase::Closing(end) | Phase::Refused(end) | Phase::Ending(end) => Some((end, Due::End)),
        };
        let write = self.blocked.zip(limits.send_timeout).map(|(since, limit)| (since + limit, Due::Write));
        end.into_iter().chain(write).min_by_key(|(at, _)| *at)
    }

    /// Acts on a deadline that has passed; says whether there is something to do now.
    fn expire(&mut self, cx: &mut Context<'_>) -> Result<bool, Gone> {
        loop {
            let Some((at, due)) = self.deadline() else { return Ok(false) };
            // The timer never fires later than the next deadline; often earlier, because a busy connection's moves.
            if self.armed && self.timer.deadline() <= at && !self.timer.is_elapsed() {
                return Ok(false);
            }
            let now = Instant::now();
            if now < at {
                self.timer.as_mut().reset(at);
                self.armed = self.timer.as_mut().poll(cx).is_pending();
                if self.armed {
                    return Ok(false);
                }
                continue;
            }
            self.armed = false;
            match due {
                Due::Ping => {
                    self.ping = true;
                    self.quiet = now;
                    self.pinged = self.channel.has_room().then_some(now);
                }
                Due::Pong => self.refuse(WebSocketError::new(WebSocketErrorKind::Silent)),
                Due::Write => {
                    let failure = WebSocketError::new(WebSocketErrorKind::Stalled);
                    self.channel.closing(Close::new(1006, ""), Some(failure));
                    return Err(Gone);
                }
                Due::End => return Err(Gone),
            }
            return Ok(true);
        }
    }
}
