//! How many WebSockets are open, and whose.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
};

/// The open WebSockets of an app.
#[derive(Debug, Default, Clone)]
pub(crate) struct Sockets(Arc<Counts>);

#[derive(Debug, Default)]
struct Counts {
    open: AtomicUsize,
    by_key: Mutex<HashMap<String, usize>>,
}

impl Sockets {
    /// How many are open.
    pub(crate) fn open(&self) -> usize {
        self.0.open.load(Relaxed)
    }

    /// Counts one until the result is dropped.
    pub(super) fn count(&self) -> Counted {
        self.0.open.fetch_add(1, Relaxed);
        Counted { counts: self.0.clone(), key: None }
    }

    /// Counts one by a key, unless there are as many already.
    pub(super) fn hold(&self, key: String, most: usize) -> Option<Counted> {
        let mut by_key = self.0.by_key.lock().unwrap_or_else(PoisonError::into_inner);
        let count = by_key.get(&key).copied().unwrap_or(0);
        if count >= most {
            return None;
        }
        by_key.insert(key.clone(), count + 1);
        Some(Counted { counts: self.0.clone(), key: Some(key) })
    }
}

/// One that is counted, until it is dropped.
#[derive(Debug)]
pub(super) struct Counted {
    counts: Arc<Counts>,
    key: Option<String>,
}

impl Drop for Counted {
    fn drop(&mut self) {
        let Some(key) = self.key.take() else {
            self.counts.open.fetch_sub(1, Relaxed);
            return;
        };
        let mut by_key = self.counts.by_key.lock().unwrap_or_else(PoisonError::into_inner);
        match by_key.get_mut(&key) {
            Some(count) if *count > 1 => *count -= 1,
            _ => drop(by_key.remove(&key)),
        }
    }
}
