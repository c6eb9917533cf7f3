//! Stopping: one signal that everything in a server watches.

use std::{
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicU8, Ordering},
    },
    task::Poll,
};
use tokio::sync::Notify;

/// How far a server is on its way out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Stage {
    Running,
    /// No new connections; answers under way are finished.
    Draining,
    /// Ends now.
    Aborting,
}

#[derive(Debug)]
struct Signal {
    stage: AtomicU8,
    changed: Notify,
}

/// Stops a server from anywhere; clones stop the same one.
#[derive(Debug, Clone)]
pub struct ShutdownHandle(Arc<Signal>);

impl ShutdownHandle {
    pub(crate) fn new() -> Self {
        ShutdownHandle(Arc::new(Signal { stage: AtomicU8::new(0), changed: Notify::new() }))
    }

    /// Stops accepting, lets answers under way finish within the drain deadline, then ends.
    pub fn shutdown(&self) {
        self.advance(Stage::Draining);
    }

    /// Ends without waiting for answers under way.
    pub fn abort(&self) {
        self.advance(Stage::Aborting);
    }

    /// Whether the server was told to stop.
    pub fn is_stopping(&self) -> bool {
        self.stage() > Stage::Running
    }

    fn advance(&self, to: Stage) {
        self.0.stage.fetch_max(to as u8, Ordering::Relaxed);
        self.0.changed.notify_waiters();
    }

    pub(crate) fn stage(&self) -> Stage {
        match self.0.stage.load(Ordering::Relaxed) {
            0 => Stage::Running,
            1 => Stage::Draining,
            _ => Stage::Aborting,
        }
    }

    /// Waits until the server has come as far as `stage`.
    pub(crate) async fn reached(&self, stage: Stage) {
        loop {
            let mut changed = pin!(self.0.changed.notified());
            changed.as_mut().enable();
            if self.stage() >= stage {
                return;
            }
            changed.await;
        }
    }
}

/// What ended first.
pub(crate) enum Either<A, B> {
    First(A),
    Second(B),
}

/// Waits for the first of two; looks at `a` first.
pub(crate) async fn race<A: Future, B: Future>(a: A, b: B) -> Either<A::Output, B::Output> {
    let (mut a, mut b) = (pin!(a), pin!(b));
    std::future::poll_fn(|cx| {
        if let Poll::Ready(a) = a.as_mut().poll(cx) {
            return Poll::Ready(Either::First(a));
        }
        b.as_mut().poll(cx).map(Either::Second)
    })
    .await
}
