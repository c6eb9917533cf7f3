//! How the code of a request is polled: in its context, with the background runtime entered, watched, and with panics caught.

use crate::{
    Error, Result,
    ctx::{self, Context},
    runtime, watch,
};
use std::{
    future::Future,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    task::{Context as TaskContext, Poll},
};

/// Calls a function; a panic is an error.
pub(crate) fn catch<T>(f: impl FnOnce() -> T) -> Result<T> {
    // What a panic may leave half done belongs to the request, and that ends here.
    catch_unwind(AssertUnwindSafe(f)).map_err(|panic| {
        PANICS.fetch_add(1, Relaxed);
        Error::from_panic(panic)
    })
}

static PANICS: AtomicU64 = AtomicU64::new(0);

/// How many panics were caught in this process.
pub(crate) fn panics() -> u64 {
    PANICS.load(Relaxed)
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

/// Polls a part of a request where it belongs: in the context that the slot holds.
pub(crate) fn poll_in<T>(slot: &mut Option<Arc<Context>>, poll: impl FnOnce() -> Poll<T>) -> Result<Poll<T>> {
    let _runtime = runtime::handle().enter();
    let mut blocked = None;
    let polled = watch::watched(|| ctx::lend(slot, || catch(poll)), |time| blocked = Some(time));
    if let Some(time) = blocked {
        tracing::warn!(
            target: "carboy::app",
            "the view `{}` blocked its worker for more than {} ms: make it `async` and await what takes long, or add `blocking` to its \
             route",
            slot.as_ref().and_then(|context| context.endpoint()).unwrap_or("?"),
            time.as_millis()
        );
    }
    polled
}
