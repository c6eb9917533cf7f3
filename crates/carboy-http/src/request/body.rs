//! Reading the body: once, within the limits, before the code that asks for it runs.

use super::Request;
use crate::{
    Body, FileStorage, HttpError, HttpErrorKind, Limits, MultiDict,
    form::{Collector, urlencoded},
};
use bytes::{Bytes, BytesMut};
use http::StatusCode;
use http_body::Frame;
use std::{
    borrow::Cow,
    future::poll_fn,
    pin::Pin,
    sync::{MutexGuard, OnceLock, PoisonError},
    task::{Context, Poll, Waker},
};

/// What has become of a request's body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BodyState {
    /// Nobody has asked for it yet, or it is being read.
    NotRead,
    /// It was read to its end, or there was none.
    Read,
    /// Reading it failed; with the status of the error.
    Failed(StatusCode),
    /// It was taken out as a stream.
    Taken,
}

/// The body on its way from stream to data, and the limits for that.
#[derive(Debug)]
pub(super) struct BodySlot {
    limits: Limits,
    state: State,
}

#[derive(Debug)]
enum State {
    Unread(Body),
    Loading(Vec<Waker>),
    Read,
    Failed(Failure),
    Taken,
}

impl BodySlot {
    pub(super) fn new(body: Body) -> Self {
        BodySlot { limits: Limits::DEFAULT, state: State::Unread(body) }
    }
}

/// A failed load, remembered: every later question for the body gets the same answer.
#[derive(Debug, Clone)]
struct Failure {
    status: StatusCode,
    kind: HttpErrorKind,
}

impl Failure {
    fn error(&self) -> HttpError {
        match &self.kind {
            HttpErrorKind::ClientDisconnected => HttpError::client_disconnected(),
            HttpErrorKind::MalformedForm(why) => HttpError::malformed_form(why),
            _ if self.status == StatusCode::INSUFFICIENT_STORAGE => HttpError::insufficient_storage(),
            _ => HttpError::new(self.status),
        }
    }
}

impl From<&HttpError> for Failure {
    fn from(error: &HttpError) -> Self {
        Failure { status: error.status(), kind: error.kind().clone() }
    }
}

/// What a call of [`Request::load_body`] has to do.
enum Begin {
    Done(Result<(), HttpError>),
    Wait,
    Read(Body, Limits),
}

/// What was read.
#[derive(Debug)]
pub(super) struct Loaded {
    /// The bytes, unless the body was a multipart form.
    data: Bytes,
    is_form: bool,
    /// The fields: parsed while a multipart body was read, or from the bytes when somebody asks.
    form: OnceLock<MultiDict<String>>,
    files: MultiDict<FileStorage>,
}

impl Request {
    fn slot(&self) -> MutexGuard<'_, BodySlot> {
        self.0.body.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How much of this request is read.
    pub fn limits(&self) -> Limits {
        self.slot().limits
    }

    /// Changes how much of this request is read; it counts until the body is read.
    pub fn set_limits(&self, limits: Limits) {
        self.slot().limits = limits;
    }

    /// How much of this request is read, to change it while nobody shares the request.
    pub fn limits_mut(&mut self) -> &mut Limits {
        &mut self.0.body.get_mut().unwrap_or_else(PoisonError::into_inner).limits
    }

    /// How many bytes of body are read.
    pub fn max_content_length(&self) -> Option<u64> {
        self.limits().max_content_length
    }

    /// Changes how many bytes of body are read.
    pub fn set_max_content_length(&self, limit: Option<u64>) {
        self.slot().limits.max_content_length = limit;
    }

    /// How many bytes of multipart fields are kept in memory.
    pub fn max_form_memory_size(&self) -> Option<usize> {
        self.limits().max_form_memory_size
    }

    /// Changes how many bytes of multipart fields are kept in memory.
    pub fn set_max_form_memory_size(&self, limit: Option<usize>) {
        self.slot().limits.max_form_memory_size = limit;
    }

    /// How many parts or fields a form may have.
    pub fn max_form_parts(&self) -> Option<usize> {
        self.limits().max_form_parts
    }

    /// Changes how many parts or fields a form may have.
    pub fn set_max_form_parts(&self, limit: Option<usize>) {
        self.slot().limits.max_form_parts = limit;
    }

    /// Takes the body out as it came; `None` when it was read or taken before.
    ///
    /// A body that was read already is given back as bytes, for layers behind one that looked at it.
    pub fn take_body(&self) -> Option<Body> {
        let mut slot = self.slot();
        match std::mem::replace(&mut slot.state, State::Taken) {
            State::Unread(body) => Some(body),
            State::Read => {
                slot.state = State::Read;
                self.0.loaded.get().map(|loaded| loaded.data.clone().into())
            }
            other => {
                slot.state = other;
                None
            }
        }
    }

    /// Takes the body out as a stream that keeps to the limit and to the length announced: it breaks off with
    /// an [`HttpError`] (413, 400) as its error. `None` when the body was read or taken before.
    pub fn take_stream(&self) -> Option<Body> {
        let expected = self.content_length();
        let limit = self.limits().max_content_length;
        let body = self.take_body()?;
        if body.as_bytes() == Some(b"") && expected.unwrap_or(0) == 0 {
            return Some(body);
        }
        Some(Body::stream(Bounded { body, expected, limit, read: 0, done: false }))
    }

    /// Puts another body in place of the one that there is, unread.
    pub fn set_body(&mut self, body: impl Into<Body>) {
        let body = body.into();
        self.0.has_body = !body.is_at_end() || self.content_length().unwrap_or(0) > 0;
        self.slot().state = State::Unread(body);
        self.0.loaded = OnceLock::new();
        self.0.lazy = OnceLock::new();
    }

    /// What has become of the body.
    pub fn body_state(&self) -> BodyState {
        match &self.slot().state {
            State::Unread(_) if !self.0.has_body => BodyState::Read,
            State::Unread(_) | State::Loading(_) => BodyState::NotRead,
            State::Read => BodyState::Read,
            State::Failed(failure) => BodyState::Failed(failure.status),
            State::Taken => BodyState::Taken,
        }
    }

    /// The error that reading the body ended with.
    pub fn body_error(&self) -> Option<HttpError> {
        match &self.slot().state {
            State::Failed(failure) => Some(failure.error()),
            _ => None,
        }
    }

    /// Reads the body within the limits; then [`form`](Request::form), [`data`](Request::data),
    /// [`json`](Request::json) and the like answer from memory.
    ///
    /// The first call reads, calls during that wait for it, later ones repeat its result. A body that was taken
    /// out counts as empty. Dropping the future in the middle loses what was read.
    ///
    /// # Errors
    /// 413 as soon as a limit is passed, be it by the length announced or by what came; 400 when the client went
    /// away, the body is shorter than announced or not the form that it claims to be; 507 when there is no room for
    /// the files.
    pub async fn load_body(&self) -> Result<(), HttpError> {
        let (body, limits) = loop {
            match self.begin_loading() {
                Begin::Done(result) => return result,
                Begin::Wait => poll_fn(|cx| self.poll_loading(cx)).await,
                Begin::Read(body, limits) => break (body, limits),
            }
        };
        let guard = Loading(self);
        let result = self.read(body, limits).await;
        let state = match &result {
            Ok(()) => State::Read,
            Err(error) => State::Failed(error.into()),
        };
        guard.finish(state);
        result
    }

    /// What [`load_body`](Request::load_body) would answer, when there is nothing left to wait for; `None` when there is.
    ///
    /// A request without a body is done here, without a future.
    pub fn body_loaded(&self) -> Option<Result<(), HttpError>> {
        if !self.0.has_body {
            return Some(Ok(()));
        }
        match &self.slot().state {
            State::Read | State::Taken => Some(Ok(())),
            State::Failed(failure) => Some(Err(failure.error())),
            State::Loading(_) | State::Unread(_) => None,
        }
    }

    fn begin_loading(&self) -> Begin {
        if let Some(result) = self.body_loaded() {
            return Begin::Done(result);
        }
        let mut slot = self.slot();
        let limits = slot.limits;
        match &mut slot.state {
            State::Unread(body) => {
                let body = std::mem::take(body);
                slot.state = State::Loading(Vec::new());
                Begin::Read(body, limits)
            }
            _ => Begin::Wait,
        }
    }

    fn poll_loading(&self, cx: &Context<'_>) -> Poll<()> {
        match &mut self.slot().state {
            State::Loading(wakers) => {
                if !wakers.iter().any(|waker| waker.will_wake(cx.waker())) {
                    wakers.push(cx.waker().clone());
                }
                Poll::Pending
            }
            _ => Poll::Ready(()),
        }
    }

    async fn read(&self, body: Body, limits: Limits) -> Result<(), HttpError> {
        let expected = self.content_length();
        let mut bounded = Bounded { body, expected, limit: limits.max_content_length, read: 0, done: false };
        let loaded = if self.has_mimetype("multipart/form-data") {
            let params = self.mimetype_params();
            let mut collector = Collector::new(params.get("boundary").unwrap_or_default(), &limits)?;
            while let Some(chunk) = bounded.next_chunk().await? {
                collector.feed(&chunk)?;
            }
            let (form, files) = collector.finish()?;
            Loaded { data: Bytes::new(), is_form: true, form: form.into(), files }
        } else {
            let data = bounded.read_all().await?;
            let is_form = self.has_mimetype("application/x-www-form-urlencoded");
            if is_form
                && let Some(max) = limits.max_form_parts
                && data.len() / 2 >= max
                && urlencoded::field_count(&data) > max
            {
                return Err(HttpError::request_entity_too_large());
            }
            Loaded { data, is_form, form: OnceLock::new(), files: MultiDict::new() }
        };
        let _ = self.0.loaded.set(Box::new(loaded));
        Ok(())
    }

    /// The bytes of the body, empty when it is a form (`request.data`); for the bytes of an urlencoded form see
    /// [`get_data`](Request::get_data).
    pub fn data(&self) -> Bytes {
        self.0
            .loaded
            .get()
            .filter(|loaded| !loaded.is_form)
            .map_or_else(Bytes::new, |loaded| loaded.data.clone())
    }

    /// The bytes of the body. Those of a multipart form are not kept.
    pub fn get_data(&self) -> Bytes {
        self.0.loaded.get().map_or_else(Bytes::new, |loaded| loaded.data.clone())
    }

    /// The bytes of the body as text; what is not UTF-8 becomes U+FFFD.
    pub fn text(&self) -> String {
        match String::from_utf8_lossy(&self.get_data()) {
            Cow::Borrowed(text) => text.to_owned(),
            Cow::Owned(text) => text,
        }
    }

    /// The fields of the form, whatever the method; empty when the body is no form.
    ///
    /// An urlencoded body that is not UTF-8 is an empty form, as in Werkzeug.
    pub fn form(&self) -> MultiDict<String> {
        let Some(loaded) = self.0.loaded.get().filter(|loaded| loaded.is_form) else {
            return MultiDict::new();
        };
        let parse = || {
            std::str::from_utf8(&loaded.data).map(|text| urlencoded::parse(text, None)).unwrap_or_default()
        };
        loaded.form.get_or_init(parse).clone()
    }

    /// The files of a multipart form. A file input that was left empty is there, with an empty filename.
    pub fn files(&self) -> MultiDict<FileStorage> {
        self.0.loaded.get().map_or_else(MultiDict::new, |loaded| loaded.files.clone())
    }
}

/// Marks the load as failed, and wakes those that wait for it, when its future is dropped in the middle.
struct Loading<'a>(&'a Request);

impl Loading<'_> {
    fn finish(self, state: State) {
        self.0.end_loading(state);
    }
}

impl Drop for Loading<'_> {
    fn drop(&mut self) {
        self.0.end_loading(State::Failed(Failure::from(&HttpError::client_disconnected())));
    }
}

impl Request {
    fn end_loading(&self, state: State) {
        let mut slot = self.slot();
        if let State::Loading(wakers) = &mut slot.state {
            let wakers = std::mem::take(wakers);
            slot.state = state;
            drop(slot);
            wakers.into_iter().for_each(Waker::wake);
        }
    }
}

/// A body that keeps to a limit and to the length that was announced.
struct Bounded {
    body: Body,
    expected: Option<u64>,
    limit: Option<u64>,
    read: u64,
    done: bool,
}

impl Bounded {
    async fn read_all(mut self) -> Result<Bytes, HttpError> {
        let Some(first) = self.next_chunk().await? else {
            return Ok(Bytes::new());
        };
        let Some(second) = self.next_chunk().await? else {
            return Ok(first);
        };
        // The length announced is a hint at most: memory is taken as bytes arrive.
        let expected = self.expected.unwrap_or(0).min(64 * 1024) as usize;
        let mut all = BytesMut::with_capacity(expected.max(first.len() + second.len()));
        all.extend_from_slice(&first);
        all.extend_from_slice(&second);
        while let Some(chunk) = self.next_chunk().await? {
            all.extend_from_slice(&chunk);
        }
        Ok(all.freeze())
    }

    /// The next bytes, none of them beyond the limit or the length announced; `None` at the end.
    async fn next_chunk(&mut self) -> Result<Option<Bytes>, HttpError> {
        poll_fn(|cx| self.poll_chunk(cx)).await.transpose()
    }

    fn poll_chunk(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, HttpError>>> {
        if self.done {
            return Poll::Ready(None);
        }
        let result = match self.poll_bounded(cx) {
            Poll::Ready(result) => result,
            Poll::Pending => return Poll::Pending,
        };
        if !matches!(result, Ok(Some(_))) {
            self.done = true;
            self.body = Body::empty();
        }
        Poll::Ready(result.transpose())
    }

    fn poll_bounded(&mut self, cx: &mut Context<'_>) -> Poll<Result<Option<Bytes>, HttpError>> {
        if let (Some(expected), Some(limit)) = (self.expected, self.limit)
            && expected > limit
        {
            return Poll::Ready(Err(HttpError::request_entity_too_large()));
        }
        loop {
            if self.expected == Some(self.read) {
                return Poll::Ready(Ok(None));
            }
            let frame = match http_body::Body::poll_frame(Pin::new(&mut self.body), cx) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(None) => {
                    return Poll::Ready(match self.expected {
                        Some(_) => Err(HttpError::client_disconnected()),
                        None => Ok(None),
                    });
                }
                Poll::Ready(Some(Ok(frame))) => frame,
                // A layer that limits or times the body may say what it is; anything else is the client's breaking off.
                Poll::Ready(Some(Err(error))) => {
                    return Poll::Ready(Err(match error.downcast::<HttpError>() {
                        Ok(error) => *error,
                        Err(error) => HttpError::client_disconnected().with_source(error),
                    }));
                }
            };
            let Ok(mut data) = frame.into_data() else { continue };
            if let Some(expected) = self.expected {
                data.truncate(usize::try_from(expected - self.read).unwrap_or(usize::MAX));
            }
            if data.is_empty() {
                continue;
            }
            self.read += data.len() as u64;
            if self.limit.is_some_and(|limit| self.read > limit) {
                return Poll::Ready(Err(HttpError::request_entity_too_large()));
            }
            return Poll::Ready(Ok(Some(data)));
        }
    }
}

impl http_body::Body for Bounded {
    type Data = Bytes;
    type Error = HttpError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, HttpError>>> {
        self.poll_chunk(cx).map(|chunk| chunk.map(|data| data.map(Frame::data)))
    }
}

#[cfg(test)]
mod tests;
