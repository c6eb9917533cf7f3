//! A request's body between the connection, which has the bytes, and the application, which wants them: perhaps on another thread, perhaps
//! when the answer is long under way, perhaps never.
//!
//! One piece at a time passes, when the application asks for it. What the connection reads before that, to see whether the client is still there, is
//! limited, so that a client cannot send more than somebody takes.

use crate::request_body::GiveUp;
use bytes::Bytes;
use http::HeaderMap;
use http_body::{Frame, SizeHint};
use std::{
    fmt,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, Waker},
};

/// Makes both ends. `length` is that of the whole body, if it was announced.
pub(super) fn pipe(length: Option<u64>) -> (Sender, Reader) {
    let shared = Arc::new(Mutex::new(Shared::default()));
    (Sender(shared.clone()), Reader { shared, left: length, ended: false })
}

#[derive(Default)]
struct Shared {
    piece: Option<Bytes>,
    /// What comes behind the last piece.
    trailers: Option<HeaderMap>,
    end: Option<Result<(), BrokenOff>>,
    reader: ReaderState,
    /// Who waits for a piece, and who waits for somebody to ask for one.
    reader_waker: Option<Waker>,
    sender_waker: Option<Waker>,
}

#[derive(Default, Clone, Copy, PartialEq, Eq)]
enum ReaderState {
    #[default]
    Idle,
    Asks,
    Gone,
    /// It waited for too long; what comes now comes too late.
    GaveUp,
}

/// The body will not become whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum BrokenOff {
    /// The client left.
    Left,
    /// What came is no chunk.
    Malformed,
}

impl fmt::Display for BrokenOff {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            BrokenOff::Left => "the client left in the middle of its body",
            BrokenOff::Malformed => "the chunks of the body are malformed",
        })
    }
}

impl std::error::Error for BrokenOff {}

fn lock(shared: &Mutex<Shared>) -> MutexGuard<'_, Shared> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The connection's end.
pub(super) struct Sender(Arc<Mutex<Shared>>);

impl Sender {
    /// Ready when the application asks for a piece; otherwise the task is woken when it does. `false`: it never will again.
    pub(super) fn poll_asked(&self, cx: &Context<'_>) -> Poll<bool> {
        let mut shared = lock(&self.0);
        match shared.reader {
            ReaderState::Asks => Poll::Ready(true),
            ReaderState::Gone | ReaderState::GaveUp => Poll::Ready(false),
            ReaderState::Idle => {
                if !shared.sender_waker.as_ref().is_some_and(|waker| waker.will_wake(cx.waker())) {
                    shared.sender_waker = Some(cx.waker().clone());
                }
                Poll::Pending
            }
        }
    }

    /// Whether somebody may still read.
    pub(super) fn has_reader(&self) -> bool {
        matches!(lock(&self.0).reader, ReaderState::Idle | ReaderState::Asks)
    }

    /// Whether the client was too slow for the reader.
    pub(super) fn was_given_up(&self) -> bool {
        lock(&self.0).reader == ReaderState::GaveUp
    }

    /// Hands a piece over, within a poll of the task that `here` wakes, which will poll the reader itself if that is its own.
    pub(super) fn send(&self, piece: Bytes, here: &Context<'_>) {
        self.tell(Some(here), |shared| shared.piece = Some(piece));
    }

    /// Keeps the fields that follow the body until its end is read.
    pub(super) fn trailers(&self, trailers: HeaderMap) {
        lock(&self.0).trailers = Some(trailers);
    }

    /// As [`send`](Sender::send), for the end of the body.
    pub(super) fn end(&self, end: Result<(), BrokenOff>, here: &Context<'_>) {
        self.tell(Some(here), |shared| shared.end = Some(end));
    }

    fn tell(&self, here: Option<&Context<'_>>, change: impl FnOnce(&mut Shared)) {
        let waker = {
            let mut shared = lock(&self.0);
            change(&mut shared);
            if shared.reader == ReaderState::Asks {
                shared.reader = ReaderState::Idle;
            }
            shared.reader_waker.take()
        };
        wake(waker, here);
    }
}

/// Wakes a task, unless it is the one that is polled right now.
fn wake(waker: Option<Waker>, here: Option<&Context<'_>>) {
    if let Some(waker) = waker
        && !here.is_some_and(|here| here.waker().will_wake(&waker))
    {
        waker.wake();
    }
}

impl Drop for Sender {
    fn drop(&mut self) {
        self.tell(None, |shared| {
            shared.end.get_or_insert(Err(BrokenOff::Left));
        });
    }
}

/// The application's end.
pub(super) struct Reader {
    shared: Arc<Mutex<Shared>>,
    left: Option<u64>,
    ended: bool,
}

impl http_body::Body for Reader {
    type Data = Bytes;
    type Error = BrokenOff;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BrokenOff>>> {
        let this = &mut *self;
        let waker = {
            let mut shared = lock(&this.shared);
            if let Some(piece) = shared.piece.take() {
                if let Some(left) = &mut this.left {
                    *left = left.saturating_sub(piece.len() as u64);
                }
                return Poll::Ready(Some(Ok(Frame::data(piece))));
            }
            match shared.end {
                Some(Ok(())) => {
                    if let Some(trailers) = shared.trailers.take() {
                        return Poll::Ready(Some(Ok(Frame::trailers(trailers))));
                    }
                    this.ended = true;
                    return Poll::Ready(None);
                }
                Some(Err(error)) => return Poll::Ready(Some(Err(error))),
                None => {}
            }
            shared.reader = ReaderState::Asks;
            if !shared.reader_waker.as_ref().is_some_and(|waker| waker.will_wake(cx.waker())) {
                shared.reader_waker = Some(cx.waker().clone());
            }
            shared.sender_waker.take()
        };
        // The connection looks at the pipe after each poll of the application.
        wake(waker, Some(cx));
        Poll::Pending
    }

    fn is_end_stream(&self) -> bool {
        self.ended
    }

    fn size_hint(&self) -> SizeHint {
        self.left.map_or_else(SizeHint::default, SizeHint::with_exact)
    }
}

impl Reader {
    fn leave(&self, state: ReaderState) {
        let waker = {
            let mut shared = lock(&self.shared);
            if shared.reader != ReaderState::GaveUp {
                shared.reader = state;
            }
            shared.piece = None;
            shared.sender_waker.take()
        };
        wake(waker, None);
    }
}

impl GiveUp for Reader {
    fn give_up(&mut self) {
        self.leave(ReaderState::GaveUp);
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        self.leave(ReaderState::Gone);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http_body::Body as _;

    fn poll(reader: &mut Reader) -> Poll<Option<Result<Bytes, BrokenOff>>> {
        let cx = &mut Context::from_waker(Waker::noop());
        Pin::new(reader).poll_frame(cx).map(|frame| frame.map(|f| f.map(|f| f.into_data().unwrap())))
    }

    #[test]
    fn a_piece_is_asked_for_before_it_is_sent() {
        let (sender, mut reader) = pipe(Some(5));
        let cx = Context::from_waker(Waker::noop());
        assert_eq!(sender.poll_asked(&cx), Poll::Pending);
        assert_eq!(poll(&mut reader), Poll::Pending);
        assert_eq!(sender.poll_asked(&cx), Poll::Ready(true));
        sender.send(Bytes::from_static(b"hello"), &cx);
        assert_eq!(sender.poll_asked(&cx), Poll::Pending);
        assert_eq!(poll(&mut reader), Poll::Ready(Some(Ok(Bytes::from_static(b"hello")))));
        assert_eq!(reader.size_hint().exact(), Some(0));
        sender.end(Ok(()), &cx);
        assert_eq!(poll(&mut reader), Poll::Ready(None));
        assert!(reader.is_end_stream());
    }

    #[test]
    fn a_body_is_broken_off_when_its_connection_goes() {
        let (sender, mut reader) = pipe(None);
        sender.send(Bytes::from_static(b"half"), &Context::from_waker(Waker::noop()));
        drop(sender);
        assert_eq!(poll(&mut reader), Poll::Ready(Some(Ok(Bytes::from_static(b"half")))));
        for _ in 0..2 {
            assert_eq!(poll(&mut reader), Poll::Ready(Some(Err(BrokenOff::Left))));
        }
    }

    #[test]
    fn a_reader_that_goes_away_asks_for_nothing() {
        let (sender, reader) = pipe(None);
        drop(reader);
        assert_eq!(sender.poll_asked(&Context::from_waker(Waker::noop())), Poll::Ready(false));
    }
}
