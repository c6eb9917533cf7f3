//! The word that a server begins to stop, for answers that do not end by themselves.

use std::{
    pin::pin,
    sync::atomic::{AtomicBool, Ordering},
};
use tokio::sync::Notify;

/// Whether the app is to come to its end, and who waits for that.
#[derive(Debug, Default)]
pub(crate) struct Drain {
    begun: AtomicBool,
    waiting: Notify,
}

impl Drain {
    /// The end begins.
    pub(crate) fn begin(&self) {
        self.begun.store(true, Ordering::SeqCst);
        self.waiting.notify_waiters();
    }

    /// Waits until the end begins.
    pub(crate) async fn begun(&self) {
        let mut told = pin!(self.waiting.notified());
        told.as_mut().enable();
        if !self.begun.load(Ordering::SeqCst) {
            told.await;
        }
    }
}
