//! How the code of a request is polled: in its context, with the background runtime entered, watched, and with panics caught.

use crate::{Error, Result, ctx::Context, runtime};
use std::{
    future::Future,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::Pin,
    sync::Arc,
    task::{Context as TaskContext, Poll},
    time::{Duration, Instant},
};

/// A poll longer than this is logged: it held up every other request of its worker.
const LONG_POLL: Duration = Duration::from_millis(100);

/// Calls a function; a panic is an error.
pub(crate) fn catch<T>(f: impl FnOnce() -> T) -> Result<T> {
    // What a panic may leave half done belongs to the request, and that ends here.
    catch_unwind(AssertUnwindSafe(f)).map_err(Error::from_panic)
}

pin_project_lite::pin_project! {
    /// A future whose panics are errors.
    pub(crate) struct Caught<F> {
        #[pin]
        inner: F,
    }
}

impl<F> Caught<F> {
    pub(crate) fn new(inner: F) -> Self {
        Caught { inner }
    }
}

impl<F: Future> Future for Caught<F> {
    type Output = Result<F::Output>;
    fn poll(self: Pin<&mut Self>, cx: &mut TaskContext<'_>) -> Poll<Self::Output> {
        let inner = self.project().inner;
        match catch(|| inner.poll(cx)) {
            Ok(Poll::Ready(value)) => Poll::Ready(Ok(value)),
            Ok(Poll::Pending) => Poll::Pending,
            Err(panic) => Poll::Ready(Err(panic)),
        }
    }
}

/// Polls a part of a request where it belongs.
pub(crate) fn poll_in<T>(context: &Arc<Context>, poll: impl FnOnce() -> Poll<T>) -> Result<Poll<T>> {
    let _runtime = runtime::handle().enter();
    let start = Instant::now();
    let polled = context.sync_scope(|| catch(poll));
    let taken = start.elapsed();
    if taken > LONG_POLL {
        tracing::warn!(
            target: "carboy::app",
            "the view `{}` blocked its worker for {} ms: make it `async` and await what takes long, or add `blocking` to its \
             route",
            context.endpoint().unwrap_or("?"),
            taken.as_millis()
        );
    }
    polled
}
