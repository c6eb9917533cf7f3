//! Stopping: one signal that everything in a server watches.

use std::{
    pin::pin,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicU8, Ordering},
    },
    task::Poll,
    time::{Duration, Instant},
};
use tokio::sync::Notify;

/// How far a server is on its way out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Stage {
    Running,
    /// Says that it will stop, and serves as before: whoever spreads the load looks elsewhere meanwhile.
    Leaving,
    /// No new connections; answers under way are finished.
    Draining,
    /// Ends now.
    Aborting,
}

#[derive(Debug)]
struct Signal {
    stage: AtomicU8,
    /// When it was first told.
    since: OnceLock<Instant>,
    leaving: Notify,
    /// Of what comes after [`Stage::Leaving`], which does not concern connections: they wait for one change and are woken once.
    changed: Notify,
}

/// Stops a server from anywhere; clones stop the same one.
#[derive(Debug, Clone)]
pub struct ShutdownHandle(Arc<Signal>);

impl ShutdownHandle {
    pub(crate) fn new() -> Self {
        ShutdownHandle(Arc::new(Signal {
            stage: AtomicU8::new(0),
            since: OnceLock::new(),
            leaving: Notify::new(),
            changed: Notify::new(),
        }))
    }

    /// Stops accepting (after the [drain delay](crate::ServerConfig::drain_delay), if there is one), lets answers under way finish within the
    /// drain deadline, then ends.
    pub fn shutdown(&self) {
        self.advance(Stage::Leaving);
    }

    /// As [`shutdown`](Self::shutdown), without the delay: somebody else serves already.
    pub(crate) fn drain(&self) {
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

    /// Whether connections are to end.
    pub(crate) fn is_draining(&self) -> bool {
        self.stage() >= Stage::Draining
    }

    /// How long ago it was first told to stop.
    pub fn stopping_for(&self) -> Option<Duration> {
        self.0.since.get().map(Instant::elapsed)
    }

    fn advance(&self, to: Stage) {
        self.0.since.get_or_init(Instant::now);
        self.0.stage.fetch_max(to as u8, Ordering::Relaxed);
        self.0.leaving.notify_waiters();
        if to > Stage::Leaving {
            self.0.changed.notify_waiters();
        }
    }

    pub(crate) fn stage(&self) -> Stage {
        match self.0.stage.load(Ordering::Relaxed) {
            0 => Stage::Running,
            1 => Stage::Leaving,
            2 => Stage::Draining,
            _ => Stage::Aborting,
        }
    }

    /// Waits until the server has come as far as `stage`.
    pub(crate) async fn reached(&self, stage: Stage) {
        let told = if stage == Stage::Leaving { &self.0.leaving } else { &self.0.changed };
        loop {
            let mut changed = pin!(told.notified());
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
