//! Attempts, counted in this process.

use std::collections::{BTreeSet, HashMap};
use std::hash::{BuildHasher, RandomState};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use carboy::{ExtensionFuture, Result};

use super::{Attempt, Throttle, WINDOW};

/// How many keys of each kind are kept.
const MAX_KEYS: usize = 100_000;

/// Counts attempts in this process, in windows of five minutes: 10 passwords a user, 5 codes an account, 5 mails an address, 300 of all a
/// client, as many people may share one.
///
/// At most a hundred thousand keys of each kind are kept. Beyond that the one that was tried least, and longest ago, makes room for a new one: whoever
/// tries many keys has nothing forgotten that was tried often, and makes nobody else wait.
#[derive(Default)]
pub struct MemoryThrottle {
    kinds: [Mutex<Counts>; 4],
    hasher: RandomState,
}

/// The counts of one kind. A key is its hash, by a secret of the process.
#[derive(Default)]
struct Counts {
    by_key: HashMap<u64, Count>,
    /// The oldest first: those whose window is over.
    by_age: BTreeSet<(Instant, u64)>,
    /// The least first, and of them the oldest: those that make room.
    by_attempts: BTreeSet<(u32, Instant, u64)>,
}

#[derive(Clone, Copy)]
struct Count {
    since: Instant,
    attempts: u32,
}

impl MemoryThrottle {
    /// Nothing counted yet.
    pub fn new() -> Self {
        Self::default()
    }

    fn counts(&self, attempt: Attempt) -> MutexGuard<'_, Counts> {
        let kind = match attempt {
            Attempt::Password => 0,
            Attempt::Code => 1,
            Attempt::Mail => 2,
            Attempt::Client => 3,
        };
        self.kinds[kind].lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn count_at(&self, attempt: Attempt, key: &str, now: Instant) -> Option<Duration> {
        let key = self.hasher.hash_one(key);
        let mut counts = self.counts(attempt);
        counts.forget_ended(now);
        let known = counts.by_key.get(&key).copied().filter(|count| !count.has_ended(now));
        let count = known.unwrap_or(Count { since: now, attempts: 0 });
        if count.attempts >= attempt.most() {
            return Some(WINDOW.saturating_sub(now.duration_since(count.since)));
        }
        counts.put(key, Count { attempts: count.attempts + 1, ..count });
        None
    }
}

impl Count {
    fn has_ended(self, now: Instant) -> bool {
        now.duration_since(self.since) >= WINDOW
    }
}

impl Counts {
    /// Drops some whose window is over: faster than new ones come, and never so many at once that others wait for it.
    fn forget_ended(&mut self, now: Instant) {
        for _ in 0..16 {
            match self.by_age.first() {
                Some(&(since, key)) if (Count { since, attempts: 0 }).has_ended(now) => self.remove(key),
                _ => return,
            }
        }
    }

    fn put(&mut self, key: u64, count: Count) {
        self.remove(key);
        if self.by_key.len() >= MAX_KEYS
            && let Some(&(_, _, least)) = self.by_attempts.first()
        {
            self.remove(least);
        }
        self.by_key.insert(key, count);
        self.by_age.insert((count.since, key));
        self.by_attempts.insert((count.attempts, count.since, key));
    }

    fn remove(&mut self, key: u64) {
        if let Some(count) = self.by_key.remove(&key) {
            self.by_age.remove(&(count.since, key));
            self.by_attempts.remove(&(count.attempts, count.since, key));
        }
    }
}

impl Throttle for MemoryThrottle {
    fn count<'a>(&'a self, attempt: Attempt, key: &'a str) -> ExtensionFuture<'a, Result<Option<Duration>>> {
        let wait = self.count_at(attempt, key, Instant::now());
        Box::pin(async move { Ok(wait) })
    }

    fn forget<'a>(&'a self, attempt: Attempt, key: &'a str) -> ExtensionFuture<'a, Result<()>> {
        self.counts(attempt).remove(self.hasher.hash_one(key));
        Box::pin(async { Ok(()) })
    }
}

impl std::fmt::Debug for MemoryThrottle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("MemoryThrottle").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_ends_and_its_count_with_it() {
        let (throttle, now) = (MemoryThrottle::new(), Instant::now());
        let count = |seconds| throttle.count_at(Attempt::Mail, "ada", now + Duration::from_secs(seconds));
        for _ in 0..5 {
            assert_eq!(count(0), None);
        }
        assert_eq!(count(100), Some(Duration::from_secs(200)));
        assert_eq!(count(300), None);
        assert_eq!(throttle.counts(Attempt::Mail).by_key.len(), 1);
    }

    #[test]
    fn very_many_keys_make_neither_a_new_one_wait_nor_have_one_forgotten_that_was_tried_often() {
        let (throttle, now) = (MemoryThrottle::new(), Instant::now());
        let count = |key: &str| throttle.count_at(Attempt::Password, key, now);
        for _ in 0..10 {
            assert_eq!(count("ada"), None);
        }
        for n in 0..MAX_KEYS + 1000 {
            assert_eq!(count(&n.to_string()), None);
        }
        assert!(count("ada").is_some(), "what was tried is not forgotten");
        assert_eq!(count("bob"), None, "nobody else has to wait");
        let counts = throttle.counts(Attempt::Password);
        let sizes = [counts.by_key.len(), counts.by_age.len(), counts.by_attempts.len()];
        assert_eq!(sizes, [MAX_KEYS; 3]);
        drop(counts);
        assert_eq!(throttle.count_at(Attempt::Client, "192.0.2.1", now), None);
        // What is over is dropped by and by.
        for _ in 0..10 {
            assert_eq!(throttle.count_at(Attempt::Password, "ada", now + WINDOW), None);
        }
        assert!(throttle.count_at(Attempt::Password, "ada", now + WINDOW).is_some());
        assert!(throttle.counts(Attempt::Password).by_key.len() < MAX_KEYS - 100);
    }
}
