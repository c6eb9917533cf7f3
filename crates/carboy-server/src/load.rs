//! Who holds how many connections: the counts by which connections are spread and capped.

use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicUsize, Ordering},
};
use tokio::sync::Notify;

/// The connections of all workers.
#[derive(Debug)]
pub(crate) struct Load {
    held: Vec<AtomicUsize>,
    cap: usize,
    next: AtomicUsize,
    /// Whether somebody waits for a connection to end; saves the notification otherwise.
    watched: AtomicBool,
    released: Notify,
}

impl Load {
    pub(crate) fn new(workers: usize, cap: usize) -> Arc<Self> {
        Arc::new(Load {
            held: (0..workers).map(|_| AtomicUsize::new(0)).collect(),
            cap,
            next: AtomicUsize::new(0),
            watched: AtomicBool::new(false),
            released: Notify::new(),
        })
    }

    pub(crate) fn total(&self) -> usize {
        self.held.iter().map(|n| n.load(Ordering::SeqCst)).sum()
    }

    pub(crate) fn cap(&self) -> usize {
        self.cap
    }

    /// The worker that holds the fewest connections; among equals, in turns.
    pub(crate) fn least_loaded(&self) -> usize {
        let workers = self.held.len();
        let start = self.next.fetch_add(1, Ordering::Relaxed);
        (0..workers)
            .map(|i| start.wrapping_add(i) % workers)
            .min_by_key(|&i| self.held[i].load(Ordering::Relaxed))
            .unwrap_or(0)
    }

    /// Counts one connection for `worker` until the result is dropped.
    pub(crate) fn take(self: &Arc<Self>, worker: usize) -> Held {
        self.held[worker].fetch_add(1, Ordering::SeqCst);
        Held { load: self.clone(), worker }
    }

    /// Waits until at most `limit` connections are held.
    pub(crate) async fn at_most(&self, limit: usize) {
        self.until(|| self.total() <= limit).await;
    }

    /// Waits until `worker` holds none.
    pub(crate) async fn none_of(&self, worker: usize) {
        self.until(|| self.held[worker].load(Ordering::SeqCst) == 0).await;
    }

    async fn until(&self, done: impl Fn() -> bool) {
        loop {
            let mut released = std::pin::pin!(self.released.notified());
            released.as_mut().enable();
            self.watched.store(true, Ordering::SeqCst);
            if done() {
                return;
            }
            released.await;
        }
    }
}

/// One counted connection.
#[derive(Debug)]
pub(crate) struct Held {
    load: Arc<Load>,
    worker: usize,
}

impl Drop for Held {
    fn drop(&mut self) {
        self.load.held[self.worker].fetch_sub(1, Ordering::SeqCst);
        if self.load.watched.load(Ordering::SeqCst) {
            self.load.watched.store(false, Ordering::SeqCst);
            self.load.released.notify_waiters();
        }
    }
}

/// How many files this process may open; `None` where that is not told.
pub(crate) fn open_file_limit() -> Option<usize> {
    let limits = std::fs::read_to_string("/proc/self/limits").ok()?;
    let line = limits.lines().find_map(|l| l.strip_prefix("Max open files"))?;
    line.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_emptiest_worker_is_next_and_equals_take_turns() {
        let load = Load::new(3, 10);
        let first: Vec<_> = (0..6)
            .map(|_| {
                let worker = load.least_loaded();
                (worker, load.take(worker))
            })
            .collect();
        let mut counts = [0; 3];
        first.iter().for_each(|(worker, _)| counts[*worker] += 1);
        assert_eq!(counts, [2, 2, 2]);
        let (worker, held) = first.into_iter().next().unwrap();
        drop(held);
        assert_eq!(load.least_loaded(), worker);
    }
}
