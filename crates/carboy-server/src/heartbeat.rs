//! Whether every worker still runs: each beats now and then, and who asks sees whether all have since it asked last.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};

/// The beats of all workers.
#[derive(Debug)]
pub(crate) struct Beats {
    counts: Vec<AtomicU64>,
    seen: Mutex<Vec<Option<u64>>>,
    asked: Duration,
}

impl Beats {
    /// For so many workers, asked no more often than this.
    pub(crate) fn new(workers: usize, asked: Duration) -> Arc<Self> {
        Arc::new(Beats {
            counts: (0..workers).map(|_| AtomicU64::new(0)).collect(),
            seen: Mutex::new(vec![None; workers]),
            asked,
        })
    }

    /// How often it is meant to be asked.
    pub(crate) fn asked(&self) -> Duration {
        self.asked
    }

    /// Beats for a worker, on its runtime. Does not end.
    pub(crate) async fn beat(&self, worker: usize) {
        loop {
            self.counts[worker].fetch_add(1, Relaxed);
            tokio::time::sleep(self.asked / 3).await;
        }
    }

    /// Whether every worker has beaten since the last time.
    pub(crate) fn all_alive(&self) -> bool {
        let mut seen = self.seen.lock().unwrap_or_else(|lock| lock.into_inner());
        let mut alive = true;
        for (seen, count) in seen.iter_mut().zip(&self.counts) {
            let count = Some(count.load(Relaxed));
            alive &= *seen != count;
            *seen = count;
        }
        alive
    }
}
