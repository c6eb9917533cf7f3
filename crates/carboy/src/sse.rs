//! Server-sent events (HTML standard, section 9.2): a stream of small messages that a browser's `EventSource` reads, and comes back to.
//!
//! ```
//! use carboy::{prelude::*, sse::{Event, Sse}};
//! use futures_util::stream;
//!
//! #[route("/count")]
//! fn count() -> Sse {
//!     let from: u32 = carboy::sse::last_event_id().and_then(|id| id.parse().ok()).unwrap_or(0);
//!     let numbers = stream::iter((from + 1..=3).map(|n| Event::data(n).id(n).event("number")));
//!     Sse::new(numbers)
//! }
//! # let mut app = App::new("doc");
//! # app.routes(routes![count]);
//! let page = app.test_client().get("/count").header("last-event-id", "2").send();
//! assert_eq!(page.text(), "id: 3\nevent: number\ndata: 3\n\n");
//! assert_eq!(page.header("content-type"), Some("text/event-stream"));
//! ```
//!
//! The context of the request stays: `request()`, `session()` and `g()` work while the stream runs. (What it changes in the session is
//! lost: the head of the answer has gone.) It is dropped as soon as the client leaves, and teardown functions run then. When the server
//! stops the stream ends, and the browser is told when to come back.
//!
//! A browser comes back whenever the stream has ended, too. To end it for good, answer it with 204 when it does.

use crate::{
    Result,
    ctx::{self, Context},
    runtime,
    state::State,
    view::{BoxFuture, IntoResponse},
};
use bytes::Bytes;
use carboy_http::{Body, BodyError, HeaderName, HeaderValue, Response, header};
use futures_util::Stream;
use http_body::Frame;
use std::{
    fmt::{self, Display, Write as _},
    pin::Pin,
    sync::Arc,
    task::{Context as TaskContext, Poll},
    time::{Duration, SystemTime},
};
use tokio::time::Sleep;

/// How often a silent stream says that it is still there.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

/// The id of the last event that the browser has seen, when it comes back to a stream (`Last-Event-ID`).
///
/// # Panics
/// Outside a request.
#[track_caller]
pub fn last_event_id() -> Option<String> {
    crate::request().header("last-event-id").map(|id| id.into_owned())
}

/// One event.
///
/// Its fields come in the order in which they are given. Text with several lines is several `data` lines, which the browser puts
/// together again. A line break in the name or the id would begin a field of its own: it makes the event an error, which ends the stream.
#[derive(Debug, Clone, Default)]
pub struct Event {
    fields: String,
    data: String,
    mistake: Option<&'static str>,
}

impl Event {
    /// An event with this text.
    pub fn data(text: impl Display) -> Self {
        let mut event = Event::default();
        let text = text.to_string();
        // The three line ends that the format has; a browser gets each of them as a line feed.
        for line in text.replace("\r\n", "\n").split(['\n', '\r']) {
            let _ = writeln!(event.data, "data: {line}");
        }
        event
    }

    /// An event with a value as JSON.
    ///
    /// # Errors
    /// When the value cannot be written as JSON.
    pub fn json<T: serde::Serialize + ?Sized>(value: &T) -> Result<Self> {
        Ok(Event::data(serde_json::to_string(value)?))
    }

    /// What a browser ignores.
    pub fn comment(text: impl Display) -> Self {
        let mut event = Event::default();
        for line in text.to_string().split(['\n', '\r']) {
            let _ = writeln!(event.fields, ": {line}");
        }
        event
    }

    /// The name by which `addEventListener` listens to it; `message` if it has none.
    pub fn event(self, name: impl Display) -> Self {
        self.field("event", name, "the name of an event holds a line break")
    }

    /// The id that the browser says when it [comes back](last_event_id).
    pub fn id(self, id: impl Display) -> Self {
        self.field("id", id, "the id of an event holds a line break or a NUL")
    }

    /// How long the browser waits before it comes back, from now on.
    pub fn retry(self, delay: Duration) -> Self {
        self.field("retry", delay.as_millis(), "")
    }

    fn field(mut self, name: &str, value: impl Display, mistake: &'static str) -> Self {
        let value = value.to_string();
        match value.contains(['\n', '\r', '\0']) {
            true => self.mistake = Some(mistake),
            false => {
                let _ = writeln!(self.fields, "{name}: {value}");
            }
        }
        self
    }

    fn into_bytes(self) -> Result<Bytes, BodyError> {
        match self.mistake {
            Some(mistake) => Err(mistake.into()),
            None => Ok(Bytes::from(format!("{}{}\n", self.fields, self.data))),
        }
    }
}

/// What a stream for [`Sse::new`] gives: an [`Event`], or a `Result` of one.
pub trait IntoEvent {
    #[doc(hidden)]
    fn into_event(self) -> Result<Event, BodyError>;
}

impl IntoEvent for Event {
    fn into_event(self) -> Result<Event, BodyError> {
        Ok(self)
    }
}

impl<E: Into<BodyError>> IntoEvent for Result<Event, E> {
    fn into_event(self) -> Result<Event, BodyError> {
        self.map_err(Into::into)
    }
}

/// A stream of events as the answer of a view.
///
/// It is sent as it comes: caches and proxies are told not to hold it back. While nothing comes a comment is sent every 15 seconds, so
/// that a client that has vanished is noticed, and proxies keep the connection.
pub struct Sse {
    events: Events,
    keep_alive: Option<Duration>,
    reconnect: Duration,
}

type Events = Pin<Box<dyn Stream<Item = Result<Event, BodyError>> + Send>>;

impl Sse {
    /// Sends the events of a stream: of [`Event`]s, or of `Result`s, whose first `Err` ends it.
    pub fn new<S>(events: S) -> Self
    where
        S: Stream<Item: IntoEvent> + Send + 'static,
    {
        use futures_util::StreamExt;
        // Not all of them at the same moment.
        let spread = SystemTime::UNIX_EPOCH.elapsed().map_or(0, |time| time.subsec_micros() % 2000);
        Sse {
            events: Box::pin(events.map(IntoEvent::into_event)),
            keep_alive: Some(KEEP_ALIVE),
            reconnect: Duration::from_millis(1000 + u64::from(spread)),
        }
    }

    /// How often a silent stream sends a comment, or `None`. Default: 15 seconds.
    pub fn keep_alive(mut self, interval: impl Into<Option<Duration>>) -> Self {
        self.keep_alive = interval.into().filter(|interval| !interval.is_zero());
        self
    }

    /// How long browsers wait before they come back when the server stops. Default: from one to three seconds, so that not all of them
    /// come at once.
    pub fn reconnect_after(mut self, delay: Duration) -> Self {
        self.reconnect = delay;
        self
    }
}

impl IntoResponse for Sse {
    fn into_response(self) -> Result<Response> {
        let context = ctx::try_current();
        let drained = context.as_ref().map(|context| drained(context.state().clone()));
        let body = EventBody {
            events: Some(self.events),
            context,
            drained,
            keep_alive: self.keep_alive,
            timer: None,
            reconnect: self.reconnect,
        };
        let mut response = Response::new(Body::stream(body));
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
        // nginx holds answers back otherwise.
        headers.insert(HeaderName::from_static("x-accel-buffering"), HeaderValue::from_static("no"));
        Ok(response)
    }
}

impl fmt::Debug for Sse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sse").field("keep_alive", &self.keep_alive).finish_non_exhaustive()
    }
}

fn drained(state: Arc<State>) -> BoxFuture<()> {
    Box::pin(async move { state.drain.begun().await })
}

/// The events as they are sent.
struct EventBody {
    /// Gone at the end.
    events: Option<Events>,
    context: Option<Arc<Context>>,
    drained: Option<BoxFuture<()>>,
    keep_alive: Option<Duration>,
    timer: Option<Pin<Box<Sleep>>>,
    reconnect: Duration,
}

impl EventBody {
    fn poll_event(&mut self, cx: &mut TaskContext<'_>) -> Poll<Option<Result<Bytes, BodyError>>> {
        let Some(events) = &mut self.events else { return Poll::Ready(None) };
        if self.drained.as_mut().is_some_and(|drained| drained.as_mut().poll(cx).is_ready()) {
            self.events = None;
            return Poll::Ready(Some(Event::default().retry(self.reconnect).into_bytes()));
        }
        let polled = match &self.context {
            Some(context) => context.sync_scope(|| events.as_mut().poll_next(cx)),
            None => events.as_mut().poll_next(cx),
        };
        if let Poll::Ready(event) = polled {
            let bytes = event.map(|event| event.and_then(Event::into_bytes));
            if !matches!(bytes, Some(Ok(_))) {
                self.events = None;
            }
            self.timer = None;
            return Poll::Ready(bytes);
        }
        let Some(interval) = self.keep_alive else { return Poll::Pending };
        let timer = self.timer.get_or_insert_with(|| Box::pin(tokio::time::sleep(interval)));
        match timer.as_mut().poll(cx) {
            Poll::Pending => Poll::Pending,
            Poll::Ready(()) => {
                self.timer = None;
                Poll::Ready(Some(Ok(Bytes::from_static(b":\n\n"))))
            }
        }
    }
}

impl http_body::Body for EventBody {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut TaskContext<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let _runtime = runtime::handle().enter();
        self.get_mut().poll_event(cx).map(|event| event.map(|event| event.map(Frame::data)))
    }

    fn is_end_stream(&self) -> bool {
        self.events.is_none()
    }
}

impl Drop for EventBody {
    /// Whatever the stream does at its end, it does in its context.
    fn drop(&mut self) {
        if let (Some(context), Some(events)) = (&self.context, self.events.take()) {
            context.sync_scope(|| drop(events));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(event: Event) -> Result<String, String> {
        let bytes = event.into_bytes().map_err(|error| error.to_string())?;
        Ok(String::from_utf8(bytes.to_vec()).unwrap())
    }

    #[test]
    fn each_line_of_a_text_is_a_line_of_the_event() {
        assert_eq!(text(Event::data("a\nb\r\nc\rd")).unwrap(), "data: a\ndata: b\ndata: c\ndata: d\n\n");
        assert_eq!(text(Event::data("")).unwrap(), "data: \n\n");
        assert_eq!(
            text(Event::data("x\n\ndata: forged")).unwrap(),
            "data: x\ndata: \ndata: data: forged\n\n"
        );
        assert_eq!(
            text(Event::data("x").event("tick").id(7).retry(Duration::from_secs(2))).unwrap(),
            "event: tick\nid: 7\nretry: 2000\ndata: x\n\n"
        );
        assert_eq!(text(Event::comment("a\nb")).unwrap(), ": a\n: b\n\n");
    }

    #[test]
    fn a_field_cannot_hold_another_one() {
        assert!(text(Event::data("x").event("a\ndata: forged")).is_err());
        assert!(text(Event::data("x").id("a\rdata: forged")).is_err());
        assert!(text(Event::data("x").id("a\0b")).is_err());
    }
}
