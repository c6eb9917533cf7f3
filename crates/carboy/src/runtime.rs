//! The background runtime: where pools, clients and spawned tasks live, whichever worker opened them.
//!
//! Each worker of the server drives its own connections on its own thread. What a view opens must outlive that worker's
//! drain and serve the other workers too, so everything a view starts (sockets, timers, tasks) is registered with one
//! multi-thread runtime that lives as long as the process. Views themselves stay on their worker: this runtime is only
//! *entered* while they are polled, plain ones too: a pool that one opens lazily spawns tasks.

use crate::ctx;
use std::{
    future::Future,
    pin::Pin,
    sync::{
        OnceLock,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Poll},
};
use tokio::{
    runtime::{Builder, Handle, Runtime},
    sync::Notify,
};

/// The background runtime, made at first use.
pub(crate) fn handle() -> &'static Handle {
    static RUNTIME: OnceLock<Runtime> = OnceLock::new();
    RUNTIME
        .get_or_init(|| {
            Builder::new_multi_thread()
                .worker_threads(std::thread::available_parallelism().map_or(2, |n| n.get().min(4)))
                .thread_name("carboy-background")
                .enable_all()
                .build()
                .expect("the operating system refuses to start threads")
        })
        .handle()
}

/// Starts a task that keeps the current context: `request()`, `session()` and `g()` work inside.
///
/// The task runs on the background runtime and outlives the request. Outside a context it is an ordinary task.
/// The counterpart of Flask's `copy_current_request_context`.
pub fn spawn<F>(future: F) -> tokio::task::JoinHandle<F::Output>
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    match ctx::try_current() {
        Some(context) => handle().spawn(context.scope(future)),
        None => handle().spawn(future),
    }
}

/// Runs a function that blocks (a driver without async, a long computation) on the blocking pool, with the context.
///
/// A panic inside is raised again in the caller.
pub async fn blocking<T: Send + 'static>(f: impl FnOnce() -> T + Send + 'static) -> T {
    let context = ctx::try_current();
    let task = handle().spawn_blocking(move || match context {
        Some(context) => context.sync_scope(f),
        None => f(),
    });
    match task.await {
        Ok(value) => value,
        Err(e) => match e.try_into_panic() {
            Ok(payload) => std::panic::resume_unwind(payload),
            Err(_) => unreachable!("the background runtime lives as long as the process"),
        },
    }
}

/// Work that a drain waits for: asynchronous teardown functions.
static TRACKED: AtomicUsize = AtomicUsize::new(0);
static TRACKED_DONE: Notify = Notify::const_new();

/// Starts a task that [`drain`] waits for.
pub(crate) fn spawn_tracked(future: impl Future<Output = ()> + Send + 'static) {
    struct Done;
    impl Drop for Done {
        fn drop(&mut self) {
            if TRACKED.fetch_sub(1, Ordering::AcqRel) == 1 {
                TRACKED_DONE.notify_waiters();
            }
        }
    }
    TRACKED.fetch_add(1, Ordering::AcqRel);
    let done = Done;
    handle().spawn(async move {
        let _done = done;
        future.await;
    });
}

/// Waits until every tracked task has ended.
pub(crate) async fn drain() {
    loop {
        let woken = TRACKED_DONE.notified();
        if TRACKED.load(Ordering::Acquire) == 0 {
            return;
        }
        woken.await;
    }
}

/// Runs a future to its end from code that is not async: the test client, commands.
///
/// # Panics
/// Inside an async runtime, where blocking would stall its thread: `.await` the future there instead.
#[track_caller]
pub(crate) fn block_on<F: Future>(future: F) -> F::Output {
    if Handle::try_current().is_ok_and(|h| h.id() != handle().id()) || in_background() {
        panic!("this call blocks and was made inside an async function: use `.await` there");
    }
    handle().block_on(future)
}

/// Whether this thread is one of the background runtime's own.
fn in_background() -> bool {
    std::thread::current().name().is_some_and(|n| n.starts_with("carboy-background"))
}

pin_project_lite::pin_project! {
    /// Polls a future with the background runtime entered.
    pub(crate) struct Entered<F> {
        #[pin]
        inner: F,
    }
}

impl<F> Entered<F> {
    pub(crate) fn new(inner: F) -> Self {
        Entered { inner }
    }
}

impl<F: Future> Future for Entered<F> {
    type Output = F::Output;
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let _entered = handle().enter();
        self.project().inner.poll(cx)
    }
}

/// Waits for a future from any thread, also one that drives a runtime of its own: for start-up and shutdown.
pub(crate) fn wait<T: Send + 'static>(future: impl Future<Output = T> + Send + 'static) -> T {
    let (sender, receiver) = std::sync::mpsc::sync_channel(1);
    handle().spawn(async move {
        let _ = sender.send(future.await);
    });
    receiver.recv().unwrap_or_else(|_| panic!("a function of an extension panicked"))
}
