//! A body compressed while it is sent.

use super::coding::Encoder;
use bytes::Bytes;
use carboy_http::{Body, BodyError};
use http_body::Frame;
use std::{
    io,
    pin::Pin,
    task::{Context, Poll, ready},
    time::{Duration, Instant},
};
use tokio::task::JoinHandle;

/// So many bytes are compressed by the worker itself: about as long as a page takes to be rendered.
pub(super) const AT_ONCE: usize = 32 * 1024;

/// So many bytes are compressed in one go beside the workers.
const PIECE: usize = 256 * 1024;

/// So many bytes that are ready are passed on; fewer wait for more, unless none come.
const FULL: usize = 16 * 1024;

/// How long bytes wait at most while the app goes on without a pause.
const PATIENCE: Duration = Duration::from_millis(50);

/// A body with an encoder behind it.
///
/// What the source gives is passed on when enough is ready, when the source makes a pause, and at the end. Large chunks are
/// compressed on the blocking pool: a worker that compressed a megabyte would keep its other requests waiting.
pub(super) struct Compressed {
    source: Body,
    /// What the source gave and was not compressed yet.
    chunk: Bytes,
    stage: Stage,
    /// Since when something is in the encoder that the client cannot read yet.
    since: Option<Instant>,
    trailers: Option<Frame<Bytes>>,
}

enum Stage {
    Ready(Box<Encoder>),
    /// The encoder is on the blocking pool.
    Away(JoinHandle<io::Result<Box<Encoder>>>),
    /// The encoder has ended, trailers may follow.
    Ended,
}

impl Compressed {
    pub(super) fn new(source: Body, encoder: Encoder) -> Self {
        Compressed {
            source,
            chunk: Bytes::new(),
            stage: Stage::Ready(Box::new(encoder)),
            since: None,
            trailers: None,
        }
    }

    /// Gives a chunk of the source to the encoder: here, or on the blocking pool.
    fn feed(&mut self, mut encoder: Box<Encoder>) -> io::Result<()> {
        let piece = self.chunk.split_to(self.chunk.len().min(PIECE));
        self.since.get_or_insert_with(Instant::now);
        if piece.len() <= AT_ONCE {
            encoder.write(&piece)?;
            self.stage = Stage::Ready(encoder);
        } else {
            self.stage = Stage::Away(crate::runtime::handle().spawn_blocking(move || {
                encoder.write(&piece)?;
                Ok(encoder)
            }));
        }
        Ok(())
    }

    fn poll_compressed(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let mut worked = 0;
        loop {
            let mut encoder = match std::mem::replace(&mut self.stage, Stage::Ended) {
                Stage::Ready(encoder) => encoder,
                Stage::Away(mut task) => match Pin::new(&mut task).poll(cx) {
                    Poll::Ready(encoder) => encoder??,
                    Poll::Pending => {
                        self.stage = Stage::Away(task);
                        return Poll::Pending;
                    }
                },
                Stage::Ended => return Poll::Ready(self.trailers.take().map(Ok)),
            };
            let late = self.since.is_some_and(|since| since.elapsed() > PATIENCE);
            if late {
                encoder.flush()?;
            }
            if late || encoder.ready() >= FULL {
                if let Some(frame) = self.pass_on(encoder) {
                    return Poll::Ready(Some(Ok(frame)));
                }
                continue;
            }
            if !self.chunk.is_empty() {
                if worked > AT_ONCE {
                    // A source that never makes a pause must not keep the worker to itself.
                    self.stage = Stage::Ready(encoder);
                    cx.waker().wake_by_ref();
                    return Poll::Pending;
                }
                worked += self.chunk.len();
                self.feed(encoder)?;
                continue;
            }
            match http_body::Body::poll_frame(Pin::new(&mut self.source), cx) {
                Poll::Ready(Some(Ok(frame))) => {
                    match frame.into_data() {
                        Ok(data) => self.chunk = data,
                        Err(trailers) => self.trailers = Some(trailers),
                    }
                    self.stage = Stage::Ready(encoder);
                }
                Poll::Ready(Some(Err(error))) => return Poll::Ready(Some(Err(error))),
                Poll::Ready(None) => {
                    let rest = encoder.finish()?;
                    return Poll::Ready(Some(Ok(Frame::data(rest.into()))));
                }
                Poll::Pending if self.since.is_some() => {
                    encoder.flush()?;
                    return match self.pass_on(encoder) {
                        Some(frame) => Poll::Ready(Some(Ok(frame))),
                        None => Poll::Pending,
                    };
                }
                Poll::Pending => {
                    self.stage = Stage::Ready(encoder);
                    return Poll::Pending;
                }
            }
        }
    }

    /// What is ready, unless that is nothing.
    fn pass_on(&mut self, mut encoder: Box<Encoder>) -> Option<Frame<Bytes>> {
        self.since = None;
        let bytes = encoder.take();
        self.stage = Stage::Ready(encoder);
        (!bytes.is_empty()).then(|| Frame::data(bytes.into()))
    }
}

impl http_body::Body for Compressed {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let this = self.get_mut();
        let frame = ready!(this.poll_compressed(cx));
        if matches!(frame, Some(Err(_))) {
            this.stage = Stage::Ended;
            this.trailers = None;
            this.source = Body::empty();
        }
        Poll::Ready(frame)
    }
}
