//! What a handler and the driver of its connection share: messages that have come, messages that are to go.
//!
//! Both directions are bounded: the driver stops reading when the handler does not keep up, and a handler that sends waits when the
//! client does not.

use super::{
    error::{Close, WebSocketError, WebSocketErrorKind},
    message::Message,
};
use std::{
    collections::VecDeque,
    sync::{Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, Waker},
};

/// How many messages wait for the handler, and how many bytes: one more is read when there are fewer.
const INBOX_MESSAGES: usize = 16;
const INBOX_BYTES: usize = 64 * 1024;

/// What a message costs beside its bytes.
const OVERHEAD: usize = 64;

/// How far a connection has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// The handshake is not answered yet.
    Waiting,
    Open,
    /// One side has begun to close it: nothing more is sent.
    Closing,
    Closed,
}

#[derive(Debug)]
pub(super) struct Channel(Mutex<State>);

#[derive(Debug)]
struct State {
    stage: Stage,
    /// The handler waits for the handshake to be answered.
    accepted: bool,
    subprotocol: Option<&'static str>,
    inbox: VecDeque<Message>,
    inbox_bytes: usize,
    /// Nobody will ask for what comes.
    deaf: bool,
    outbox: VecDeque<Message>,
    outbox_bytes: usize,
    send_buffer: usize,
    /// What this side closes the connection with.
    close: Option<Close>,
    /// How it was closed.
    closed: Option<Close>,
    /// What the client did wrong, until the handler is told.
    failure: Option<WebSocketError>,
    receiver: Option<Waker>,
    /// Senders that wait for room, and whoever waits for the handshake or the end.
    waiting: Vec<Waker>,
    driver: Option<Waker>,
}

impl State {
    fn wait(&mut self, cx: &Context<'_>) {
        if !self.waiting.iter().any(|waker| waker.will_wake(cx.waker())) {
            self.waiting.push(cx.waker().clone());
        }
    }

    fn wake_driver(&self) {
        if let Some(waker) = &self.driver {
            waker.wake_by_ref();
        }
    }

    fn wake_receiver(&mut self) {
        if let Some(waker) = self.receiver.take() {
            waker.wake();
        }
    }

    fn wake_waiting(&mut self) {
        self.waiting.drain(..).for_each(Waker::wake);
    }

    fn is_full(&self) -> bool {
        self.outbox_bytes >= self.send_buffer
    }

    fn push(&mut self, message: Message) {
        self.outbox_bytes += message.len() + OVERHEAD;
        self.outbox.push_back(message);
        self.wake_driver();
    }
}

fn closed() -> WebSocketError {
    WebSocketError::new(WebSocketErrorKind::Closed)
}

impl Channel {
    pub(super) fn new(send_buffer: usize) -> Self {
        Channel(Mutex::new(State {
            stage: Stage::Waiting,
            accepted: false,
            subprotocol: None,
            inbox: VecDeque::new(),
            inbox_bytes: 0,
            deaf: false,
            outbox: VecDeque::new(),
            outbox_bytes: 0,
            send_buffer,
            close: None,
            closed: None,
            failure: None,
            receiver: None,
            waiting: Vec::new(),
            driver: None,
        }))
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Each critical section leaves the state whole.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// For the handler.
impl Channel {
    /// Waits until the handshake is answered, and lets it be.
    pub(super) fn poll_accept(&self, cx: &Context<'_>) -> Poll<Result<(), WebSocketError>> {
        let mut state = self.lock();
        match state.stage {
            Stage::Waiting => {
                state.accepted = true;
                state.wait(cx);
                state.wake_driver();
                Poll::Pending
            }
            Stage::Open => Poll::Ready(Ok(())),
            Stage::Closing | Stage::Closed => Poll::Ready(Err(closed())),
        }
    }

    /// The next message; `None` when there will be none.
    pub(super) fn poll_recv(&self, cx: &Context<'_>) -> Poll<Option<Result<Message, WebSocketError>>> {
        let mut state = self.lock();
        if let Some(message) = state.inbox.pop_front() {
            state.inbox_bytes -= message.len();
            state.wake_driver();
            return Poll::Ready(Some(Ok(message)));
        }
        match state.stage {
            Stage::Closing | Stage::Closed => Poll::Ready(state.failure.take().map(Err)),
            stage => {
                if stage == Stage::Waiting {
                    state.accepted = true;
                    state.wake_driver();
                }
                match &mut state.receiver {
                    Some(waker) => waker.clone_from(cx.waker()),
                    none => *none = Some(cx.waker().clone()),
                }
                Poll::Pending
            }
        }
    }

    /// Puts a message among those that are to go, once there is room.
    pub(super) fn poll_send(
        &self,
        cx: &Context<'_>,
        message: &mut Option<Message>,
    ) -> Poll<Result<(), WebSocketError>> {
        let mut state = self.lock();
        match state.stage {
            Stage::Open if !state.is_full() => {
                message.take().into_iter().for_each(|message| state.push(message));
                Poll::Ready(Ok(()))
            }
            Stage::Closing | Stage::Closed => Poll::Ready(Err(closed())),
            stage => {
                state.accepted |= stage == Stage::Waiting;
                state.wait(cx);
                state.wake_driver();
                Poll::Pending
            }
        }
    }

    /// As [`poll_send`](Self::poll_send), without waiting. Before the handshake is answered messages wait for that.
    pub(super) fn try_send(&self, message: Message) -> Result<(), WebSocketError> {
        let mut state = self.lock();
        match state.stage {
            Stage::Closing | Stage::Closed => Err(closed()),
            _ if state.is_full() => Err(WebSocketError::new(WebSocketErrorKind::Full)),
            _ => {
                state.push(message);
                Ok(())
            }
        }
    }

    /// Begins to close the connection, behind what is still to go; the first word counts.
    pub(super) fn close(&self, close: Close) {
        let mut state = self.lock();
        if matches!(state.stage, Stage::Waiting | Stage::Open) {
            state.close.get_or_insert_with(|| close.clone());
            state.closed.get_or_insert(close);
            if state.stage == Stage::Open {
                state.stage = Stage::Closing;
            }
            state.accepted = true;
            state.wake_driver();
            state.wake_receiver();
            state.wake_waiting();
        }
    }

    /// Waits until the connection is closed.
    pub(super) fn poll_closed(&self, cx: &Context<'_>) -> Poll<Close> {
        let mut state = self.lock();
        match (&state.closed, state.stage) {
            (Some(close), Stage::Closed) => Poll::Ready(close.clone()),
            _ => {
                state.wait(cx);
                Poll::Pending
            }
        }
    }

    /// How the connection was closed, once somebody has begun to.
    pub(super) fn closed(&self) -> Option<Close> {
        self.lock().closed.clone()
    }

    pub(super) fn is_open(&self) -> bool {
        matches!(self.lock().stage, Stage::Waiting | Stage::Open)
    }

    /// Nobody will receive any more: what comes is thrown away.
    pub(super) fn set_deaf(&self) {
        let mut state = self.lock();
        state.deaf = true;
        state.inbox.clear();
        state.inbox_bytes = 0;
        state.wake_driver();
    }

    /// Names the subprotocol; `false` when the handshake was answered already.
    pub(super) fn set_subprotocol(&self, name: &'static str) -> bool {
        let mut state = self.lock();
        let early = state.stage == Stage::Waiting;
        if early {
            state.subprotocol = Some(name);
        }
        early
    }

    pub(super) fn subprotocol(&self) -> Option<&'static str> {
        self.lock().subprotocol
    }
}

/// For the driver.
impl Channel {
    /// Is woken from now on when the handler wants something.
    pub(super) fn driven_by(&self, waker: &Waker) {
        match &mut self.lock().driver {
            Some(driver) => driver.clone_from(waker),
            none => *none = Some(waker.clone()),
        }
    }

    /// Whether the handler waits for the handshake to be answered.
    pub(super) fn is_accepted(&self) -> bool {
        self.lock().accepted
    }

    /// The handshake is answered.
    pub(super) fn open(&self) {
        let mut state = self.lock();
        if state.stage == Stage::Waiting {
            state.stage = if state.close.is_some() { Stage::Closing } else { Stage::Open };
            state.wake_receiver();
            state.wake_waiting();
        }
    }

    /// Whether another message may be read.
    pub(super) fn has_room(&self) -> bool {
        let state = self.lock();
        state.deaf || (state.inbox.len() < INBOX_MESSAGES && state.inbox_bytes < INBOX_BYTES)
    }

    /// A message has come. One that comes while the connection closes is nobody's.
    pub(super) fn deliver(&self, message: Message) {
        let mut state = self.lock();
        if state.stage == Stage::Open && !state.deaf {
            state.inbox_bytes += message.len();
            state.inbox.push_back(message);
            state.wake_receiver();
        }
    }

    /// The next message that is to go.
    pub(super) fn next(&self) -> Option<Message> {
        let mut state = self.lock();
        let message = state.outbox.pop_front()?;
        let was_full = state.is_full();
        state.outbox_bytes -= message.len() + OVERHEAD;
        if was_full && !state.is_full() {
            state.wake_waiting();
        }
        Some(message)
    }

    /// What this side is to close the connection with.
    pub(super) fn close_wanted(&self) -> Option<Close> {
        self.lock().close.clone()
    }

    /// The other side closes, or has done something wrong: nothing more is sent.
    pub(super) fn closing(&self, close: Close, failure: Option<WebSocketError>) {
        let mut state = self.lock();
        if state.stage != Stage::Closed {
            state.stage = Stage::Closing;
        }
        state.closed.get_or_insert(close);
        state.failure = state.failure.take().or(failure);
        state.outbox.clear();
        state.outbox_bytes = 0;
        state.wake_receiver();
        state.wake_waiting();
    }

    /// The connection is gone.
    pub(super) fn end(&self, close: Close) {
        let mut state = self.lock();
        state.stage = Stage::Closed;
        state.closed.get_or_insert(close);
        state.outbox.clear();
        state.outbox_bytes = 0;
        state.wake_receiver();
        state.wake_waiting();
    }
}
