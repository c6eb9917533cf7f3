//! Answers that a client has asked for and does not take.
//!
//! On HTTP/1 such a client's socket is full, and the connection sees that. On HTTP/2 a client closes the window of a stream,
//! and the socket stays idle. Whose turn it is shows where the answer's body meets hyper: hyper asks the body for a piece,
//! waits until the client's windows have room, and asks for the next one. A body that is not asked waits for the client.

use super::link::Link;
use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use std::{
    cell::Cell,
    future::poll_fn,
    pin::{Pin, pin},
    sync::Arc,
    task::{Context, Poll, ready},
    time::Duration,
};
use tokio::time::{Instant, Sleep, sleep};

/// How much a body gives at once: what a client has to take within the write timeout. As much as a frame holds by default.
const PIECE: usize = 16 * 1024;

/// Whose turn it is in a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Turn {
    /// The body has given a piece.
    Client,
    /// The body was asked and has nothing yet.
    Application,
}

thread_local! {
    /// What the body of the stream that is being polled has told.
    static TURN: Cell<Option<Turn>> = const { Cell::new(None) };
}

/// A body that gives pieces of at most [`PIECE`], and tells its stream whose turn it is.
#[derive(Debug)]
pub(super) struct Paced<B> {
    body: B,
    rest: Bytes,
    link: Arc<Link>,
}

impl<B> Paced<B> {
    pub(super) fn new(body: B, link: Arc<Link>) -> Self {
        TURN.set(Some(Turn::Client));
        Paced { body, rest: Bytes::new(), link }
    }
}

impl<B: Body<Data = Bytes> + Unpin> Body for Paced<B> {
    type Data = Bytes;
    type Error = B::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, B::Error>>> {
        if self.rest.is_empty() {
            TURN.set(Some(Turn::Application));
            let polled = ready!(Pin::new(&mut self.body).poll_frame(cx));
            match polled.map(|polled| polled.map(Frame::into_data)) {
                Some(Ok(Ok(data))) => self.rest = data,
                Some(Ok(Err(trailers))) => return Poll::Ready(Some(Ok(trailers))),
                Some(Err(error)) => return Poll::Ready(Some(Err(error))),
                None => return Poll::Ready(None),
            }
        }
        TURN.set(Some(Turn::Client));
        self.link.budget.sent();
        let piece = self.rest.len().min(PIECE);
        Poll::Ready(Some(Ok(Frame::data(self.rest.split_to(piece)))))
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_empty() && self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        let (rest, mut hint) = (self.rest.len() as u64, self.body.size_hint());
        if let Some(upper) = hint.upper() {
            hint.set_upper(upper.saturating_add(rest));
        }
        hint.set_lower(hint.lower().saturating_add(rest));
        hint
    }
}

/// Runs the streams of a connection on its worker, each no longer than its client takes what it is sent.
#[derive(Debug, Clone)]
pub(super) struct Streams(pub(super) Arc<Link>);

impl<F> hyper::rt::Executor<F> for Streams
where
    F: Future<Output: Send> + Send + 'static,
{
    fn execute(&self, stream: F) {
        tokio::spawn(while_taken(stream, self.0.clone()));
    }
}

/// Polls a stream until it ends, or its client has not taken a piece for as long as the write timeout: then it is dropped,
/// which resets it.
async fn while_taken(stream: impl Future, link: Arc<Link>) {
    let mut stream = pin!(stream);
    let limit = link.config.deadlines.write_stall;
    let mut patience: Option<Pin<Box<Sleep>>> = None;
    poll_fn(|cx| {
        TURN.set(None);
        if stream.as_mut().poll(cx).is_ready() {
            return Poll::Ready(());
        }
        let Some(limit) = limit else { return Poll::Pending };
        match (TURN.take(), &mut patience) {
            (None, _) => {}
            (Some(Turn::Application), patience) => *patience = None,
            (Some(Turn::Client), Some(patience)) => patience.as_mut().reset(Instant::now() + limit),
            (Some(Turn::Client), none) => *none = Some(Box::pin(sleep(limit))),
        }
        let Some(patience) = &mut patience else { return Poll::Pending };
        loop {
            ready!(patience.as_mut().poll(cx));
            // A socket that is full has a deadline of its own; its streams wait for each other.
            if !link.activity.is_blocked() {
                tracing::debug!(target: "carboy::server", "stream reset: the client does not take the answer");
                return Poll::Ready(());
            }
            patience.as_mut().reset(Instant::now() + limit.max(Duration::from_millis(1)));
        }
    })
    .await;
}
