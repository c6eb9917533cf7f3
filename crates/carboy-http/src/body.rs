//! A message body: nothing, bytes at hand, or a stream. One type for requests and responses.

use bytes::{Buf, Bytes};
use futures_util::{Stream, StreamExt};
use http_body::{Frame, SizeHint};
use http_body_util::{BodyExt, StreamBody};
use std::{
    convert::Infallible,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::Pin,
    task::{Context, Poll},
};

/// Why a body broke off.
pub type BodyError = Box<dyn std::error::Error + Send + Sync>;

/// The body of a request or a response.
#[derive(Default)]
pub struct Body {
    kind: Kind,
    on_close: Option<Box<CloseHooks>>,
}

#[derive(Default)]
enum Kind {
    #[default]
    Empty,
    Full(Bytes),
    Stream(Pin<Box<dyn http_body::Body<Data = Bytes, Error = BodyError> + Send>>),
}

impl Body {
    /// A body without bytes.
    pub const fn empty() -> Self {
        Body { kind: Kind::Empty, on_close: None }
    }

    /// Wraps any [`http_body::Body`]; one that has already ended costs no allocation.
    pub fn stream<B>(body: B) -> Self
    where
        B: http_body::Body<Data = Bytes> + Send + 'static,
        B::Error: Into<BodyError>,
    {
        if body.is_end_stream() {
            return Body::empty();
        }
        Kind::Stream(Box::pin(body.map_err(Into::into))).into()
    }

    /// Sends the chunks of a [`Stream`] as they come.
    pub fn from_stream<S, T, E>(chunks: S) -> Self
    where
        S: Stream<Item = Result<T, E>> + Send + 'static,
        T: Into<Bytes>,
        E: Into<BodyError>,
    {
        let frames = chunks.map(|chunk| chunk.map(|data| Frame::data(data.into())).map_err(Into::into));
        Body::stream(StreamBody::new(frames))
    }

    /// Sends the items of an iterator as chunks: what Flask does with a generator.
    ///
    /// Each item is asked for when the client has room for it, and never before.
    pub fn from_chunks<I>(chunks: I) -> Self
    where
        I: IntoIterator,
        I::Item: Into<Bytes>,
        I::IntoIter: Send + 'static,
    {
        Body::from_stream(futures_util::stream::iter(
            chunks.into_iter().map(|chunk| Ok::<Bytes, Infallible>(chunk.into())),
        ))
    }

    /// The bytes, when they are at hand (empty included); `None` for a stream.
    pub fn as_bytes(&self) -> Option<&[u8]> {
        match &self.kind {
            Kind::Empty => Some(&[]),
            Kind::Full(bytes) => Some(bytes),
            Kind::Stream(_) => None,
        }
    }

    /// Takes the bytes out when they are at hand; the body is empty after that. What should run when it closes still does.
    pub fn take_bytes(&mut self) -> Option<Bytes> {
        match std::mem::take(&mut self.kind) {
            Kind::Empty => Some(Bytes::new()),
            Kind::Full(bytes) => Some(bytes),
            stream => {
                self.kind = stream;
                None
            }
        }
    }

    /// Whether it is known that no byte comes.
    pub(crate) fn is_at_end(&self) -> bool {
        matches!(self.kind, Kind::Empty)
    }

    /// Whether the body is a stream whose bytes are still to come.
    pub fn is_stream(&self) -> bool {
        matches!(self.kind, Kind::Stream(_))
    }

    /// All bytes, waiting for those of a stream.
    ///
    /// # Errors
    /// What broke the stream off. There is no limit here: a request's body is read by
    /// [`Request::load_body`](crate::Request::load_body), which has them.
    pub async fn collect(self) -> Result<Bytes, BodyError> {
        match self.kind {
            Kind::Empty => Ok(Bytes::new()),
            Kind::Full(bytes) => Ok(bytes),
            Kind::Stream(stream) => Ok(BodyExt::collect(stream).await?.to_bytes()),
        }
    }

    /// Waits for the bytes of a stream and keeps them at hand (`make_sequence`). What should run when the body closes
    /// still runs then.
    ///
    /// # Errors
    /// What broke the stream off; the body is empty after that.
    pub async fn buffer(&mut self) -> Result<&[u8], BodyError> {
        if self.is_stream()
            && let Kind::Stream(stream) = std::mem::take(&mut self.kind)
        {
            self.kind = Body::from(BodyExt::collect(stream).await?.to_bytes()).kind;
        }
        Ok(self.as_bytes().unwrap_or_default())
    }

    /// Runs a function once, when the last byte was handed over or the body is dropped before that
    /// (Werkzeug's `call_on_close`). Functions run in the order in which they were added.
    pub fn on_close(&mut self, function: impl FnOnce() + Send + 'static) {
        self.on_close.get_or_insert_default().0.push(Box::new(function));
    }

    /// Drops all bytes but `length` ones from `start` on.
    pub(crate) fn keep_part(&mut self, start: u64, length: u64) {
        self.kind = match std::mem::take(&mut self.kind) {
            Kind::Empty => Kind::Empty,
            Kind::Full(bytes) => {
                let at = |position: u64| usize::try_from(position).unwrap_or(usize::MAX).min(bytes.len());
                Kind::Full(bytes.slice(at(start)..at(start.saturating_add(length))))
            }
            Kind::Stream(stream) => Kind::Stream(Box::pin(Part { stream, skip: start, left: length })),
        };
    }

    /// What is sent in place of this body in answer to HEAD: no bytes, and a stream stays one, so that
    /// nobody takes it for a body whose length is known.
    pub(crate) fn withheld(&self) -> Body {
        match self.kind {
            Kind::Stream(_) => Kind::Stream(Box::pin(
                http_body_util::Empty::new().map_err(|never: Infallible| match never {}),
            ))
            .into(),
            _ => Body::empty(),
        }
    }

    /// The bytes of this body with the close functions of that one, which is how a body is replaced.
    pub(crate) fn replace(&mut self, body: Body) {
        let mut hooks = self.on_close.take();
        *self = body;
        if let Some(hooks) = &mut hooks {
            let target = &mut self.on_close.get_or_insert_default().0;
            target.splice(0..0, hooks.0.drain(..));
        }
    }
}

/// Part of a stream.
struct Part {
    stream: Pin<Box<dyn http_body::Body<Data = Bytes, Error = BodyError> + Send>>,
    skip: u64,
    left: u64,
}

impl http_body::Body for Part {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        while self.left > 0 {
            let data = match self.stream.as_mut().poll_frame(cx) {
                Poll::Ready(Some(Ok(frame))) => frame.into_data(),
                other => return other,
            };
            let Ok(mut data) = data else { continue };
            let skipped = data.len().min(usize::try_from(self.skip).unwrap_or(usize::MAX));
            data.advance(skipped);
            self.skip -= skipped as u64;
            data.truncate(usize::try_from(self.left).unwrap_or(usize::MAX));
            self.left -= data.len() as u64;
            if !data.is_empty() {
                return Poll::Ready(Some(Ok(Frame::data(data))));
            }
        }
        Poll::Ready(None)
    }

    fn is_end_stream(&self) -> bool {
        self.left == 0
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::new()
    }
}

/// Functions to run when the body is over; a panic in one does not keep the others from running.
#[derive(Default)]
struct CloseHooks(Vec<Box<dyn FnOnce() + Send>>);

impl Drop for CloseHooks {
    fn drop(&mut self) {
        for function in self.0.drain(..) {
            let _ = catch_unwind(AssertUnwindSafe(function));
        }
    }
}

impl From<Kind> for Body {
    fn from(kind: Kind) -> Self {
        Body { kind, on_close: None }
    }
}
impl From<Bytes> for Body {
    fn from(bytes: Bytes) -> Self {
        if bytes.is_empty() { Body::empty() } else { Kind::Full(bytes).into() }
    }
}
impl From<Vec<u8>> for Body {
    fn from(bytes: Vec<u8>) -> Self {
        Bytes::from(bytes).into()
    }
}
impl From<String> for Body {
    fn from(text: String) -> Self {
        Bytes::from(text).into()
    }
}
impl From<&'static str> for Body {
    fn from(text: &'static str) -> Self {
        Bytes::from_static(text.as_bytes()).into()
    }
}
impl From<&'static [u8]> for Body {
    fn from(bytes: &'static [u8]) -> Self {
        Bytes::from_static(bytes).into()
    }
}
impl From<std::borrow::Cow<'static, str>> for Body {
    fn from(text: std::borrow::Cow<'static, str>) -> Self {
        match text {
            std::borrow::Cow::Borrowed(text) => text.into(),
            std::borrow::Cow::Owned(text) => text.into(),
        }
    }
}

impl http_body::Body for Body {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        match &mut self.kind {
            Kind::Empty => {
                self.on_close = None;
                Poll::Ready(None)
            }
            Kind::Full(bytes) => {
                let bytes = std::mem::take(bytes);
                self.kind = Kind::Empty;
                Poll::Ready(Some(Ok(Frame::data(bytes))))
            }
            Kind::Stream(stream) => {
                let frame = stream.as_mut().poll_frame(cx);
                if matches!(frame, Poll::Ready(None | Some(Err(_)))) {
                    // The stream goes first: a close function must find what it owned released.
                    self.kind = Kind::Empty;
                    self.on_close = None;
                }
                frame
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.kind {
            Kind::Empty => true,
            Kind::Full(_) => false,
            Kind::Stream(stream) => stream.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.kind {
            Kind::Empty => SizeHint::with_exact(0),
            Kind::Full(bytes) => SizeHint::with_exact(bytes.len() as u64),
            Kind::Stream(stream) => stream.size_hint(),
        }
    }
}

impl std::fmt::Debug for Body {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.kind {
            Kind::Empty => f.write_str("Body(empty)"),
            Kind::Full(bytes) => write!(f, "Body({} bytes)", bytes.len()),
            Kind::Stream(_) => f.write_str("Body(stream)"),
        }
    }
}
