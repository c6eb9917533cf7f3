//! Streams that keep the context of the request they answer.

use crate::ctx::{self, Context};
use futures_util::Stream;
use std::{
    pin::Pin,
    sync::Arc,
    task::{Context as TaskContext, Poll},
};

pin_project_lite::pin_project! {
    /// A stream that is polled in the context of the request: what [`stream_with_context`] returns.
    pub struct StreamWithContext<S> {
        context: Arc<Context>,
        #[pin]
        inner: S,
    }
}

/// Keeps the context of the current request for a stream: `request()`, `session()` and `g()` work while it is sent.
///
/// The head of the response is on its way by then, so what the stream changes in the session is lost. Teardown functions run
/// when the stream has ended, or when the client goes away.
///
/// ```
/// use carboy::prelude::*;
/// use futures_util::stream;
///
/// #[route("/numbers")]
/// fn numbers() -> Response {
///     let lines = stream::iter(0..3).map(|n| Ok::<_, std::io::Error>(format!("{n} for {}\n", request().path())));
///     Response::stream(carboy::stream_with_context(lines))
/// }
/// # use futures_util::StreamExt;
/// # let mut app = App::new("doc");
/// # app.routes(routes![numbers]);
/// # assert!(app.test_client().get("/numbers").send().text().starts_with("0 for /numbers\n1"));
/// ```
///
/// # Panics
/// Outside a request, with Flask's sentence.
#[track_caller]
pub fn stream_with_context<S: Stream>(stream: S) -> StreamWithContext<S> {
    match ctx::try_current() {
        Some(context) if context.has_request() => StreamWithContext { context, inner: stream },
        _ => panic!(
            "'stream_with_context' can only be used when a request context is active, such as in a view function."
        ),
    }
}

impl<S: Stream> Stream for StreamWithContext<S> {
    type Item = S::Item;

    fn poll_next(self: Pin<&mut Self>, cx: &mut TaskContext<'_>) -> Poll<Option<S::Item>> {
        let this = self.project();
        this.context.sync_scope(|| this.inner.poll_next(cx))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.inner.size_hint()
    }
}
