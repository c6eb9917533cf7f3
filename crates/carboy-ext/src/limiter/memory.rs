//! Counters in the memory of the process: those of limits' `MemoryStorage`, within bounds.
//!
//! A counter is charged with the memory that it may come to need, and the charges together have a limit. Counters that have run out make
//! room. When there is none, **no counter is dropped**, for whoever makes many keys would then be free of their own: new keys share a
//! fixed number of counters, found by a keyed hash. They may be limited too early, never too late, and those who were counted before
//! notice nothing.

use super::{
    rate::RateLimit,
    strategy::{Sliding, Strategy, Window, gcra_window},
};
use std::{
    collections::{BTreeSet, HashMap, VecDeque},
    hash::{BuildHasher, RandomState},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{SystemTime, UNIX_EPOCH},
};

/// The memory of all counters, unless it is chosen.
pub(super) const SIZE: usize = 64 << 20;

/// How many counters new keys share for each rate when there is no room.
const SHARED: u64 = 1024;

/// What a counter costs beside its name and its times.
const OVERHEAD: usize = 256;

/// A moving window keeps no more times than this: where more hits are allowed, those that are close to each other count as one time.
const TIMES: u64 = 1024;

/// Seconds since 1970.
pub(super) fn wall_clock() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0.0, |since| since.as_secs_f64())
}

/// The counters of one process.
pub(super) struct MemoryStore {
    counters: Mutex<Counters>,
    hasher: RandomState,
    size: usize,
    clock: fn() -> f64,
}

#[derive(Default)]
struct Counters {
    by_key: HashMap<Arc<str>, Counter>,
    /// When counters may have run out, in microseconds since 1970.
    ends: BTreeSet<(u64, Arc<str>)>,
    charged: usize,
    /// Whether somebody was told that there is no room.
    told: bool,
}

struct Counter {
    count: Count,
    end: u64,
    charge: usize,
}

enum Count {
    Fixed {
        hits: u64,
        until: f64,
    },
    /// The newest first: a time and its hits.
    Moving(VecDeque<(f64, u64)>),
    /// The number of the window, its hits, and those of the window before.
    Sliding {
        window: u64,
        hits: u64,
        before: u64,
    },
    Gcra {
        full_at: f64,
    },
}

impl Count {
    fn new(strategy: Strategy) -> Self {
        match strategy {
            Strategy::FixedWindow => Count::Fixed { hits: 0, until: 0.0 },
            Strategy::MovingWindow => Count::Moving(VecDeque::new()),
            Strategy::SlidingWindowCounter => Count::Sliding { window: 0, hits: 0, before: 0 },
            Strategy::Gcra => Count::Gcra { full_at: 0.0 },
        }
    }
}

impl MemoryStore {
    /// A store whose counters take about so many bytes at most.
    pub(super) fn new(size: usize) -> Self {
        MemoryStore::with_clock(size, wall_clock)
    }

    fn with_clock(size: usize, clock: fn() -> f64) -> Self {
        MemoryStore { counters: Mutex::default(), hasher: RandomState::new(), size, clock }
    }

    fn lock(&self) -> MutexGuard<'_, Counters> {
        // A panic while the lock was held left a counter a hit short at worst.
        self.counters.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes `cost` from a counter, if it has that much.
    pub(super) fn hit(&self, strategy: Strategy, rate: &RateLimit, key: &str, cost: u64) -> bool {
        let now = (self.clock)();
        let mut counters = self.lock();
        let key = self.place(&mut counters, strategy, rate, key, now);
        let Counters { by_key, ends, .. } = &mut *counters;
        let Some(counter) = by_key.get_mut(&key) else { return false };
        let passed = counter.count.hit(rate, now, cost);
        let end = micros(counter.count.end(rate, now));
        if end != counter.end {
            ends.remove(&(counter.end, key.clone()));
            ends.insert((end, key));
            counter.end = end;
        }
        passed
    }

    /// Whether a counter has `cost` left.
    pub(super) fn test(&self, strategy: Strategy, rate: &RateLimit, key: &str, cost: u64) -> bool {
        let now = (self.clock)();
        self.look(strategy, rate, key, |count| count.test(rate, now, cost))
    }

    /// How a counter stands.
    pub(super) fn window(&self, strategy: Strategy, rate: &RateLimit, key: &str) -> Window {
        let now = (self.clock)();
        self.look(strategy, rate, key, |count| count.window(rate, now))
    }

    /// Forgets a counter.
    pub(super) fn clear(&self, key: &str) {
        let mut counters = self.lock();
        counters.remove(key);
    }

    /// Forgets all of them.
    pub(super) fn reset(&self) {
        *self.lock() = Counters::default();
    }

    fn look<T>(&self, strategy: Strategy, rate: &RateLimit, key: &str, f: impl Fn(&Count) -> T) -> T {
        let counters = self.lock();
        let counter = counters.by_key.get(key).or_else(|| {
            let full = counters.told.then(|| self.shared_key(strategy, rate, key))?;
            counters.by_key.get(full.as_str())
        });
        match counter {
            Some(counter) => f(&counter.count),
            None => f(&Count::new(strategy)),
        }
    }

    /// The key of the counter to use, which is there afterwards.
    fn place(
        &self,
        counters: &mut Counters,
        strategy: Strategy,
        rate: &RateLimit,
        key: &str,
        now: f64,
    ) -> Arc<str> {
        if let Some((known, _)) = counters.by_key.get_key_value(key) {
            return known.clone();
        }
        let charge = OVERHEAD
            + 2 * key.len()
            + if strategy == Strategy::MovingWindow { 16 * rate.amount().min(TIMES) as usize } else { 0 };
        counters.forget_ended(micros(now), 2);
        if counters.charged + charge > self.size {
            counters.forget_ended(micros(now), usize::MAX);
        }
        let (key, charge): (Arc<str>, usize) = if counters.charged + charge <= self.size {
            counters.told = false;
            (Arc::from(key), charge)
        } else {
            if !std::mem::replace(&mut counters.told, true) {
                tracing::warn!(
                    target: "carboy::limiter",
                    "the counters of rate limits fill their memory (RATELIMIT_MEMORY_SIZE): new keys share counters until others run out"
                );
            }
            let shared = self.shared_key(strategy, rate, key);
            if let Some((known, _)) = counters.by_key.get_key_value(shared.as_str()) {
                return known.clone();
            }
            // Their number is fixed, so they are not counted.
            (Arc::from(shared), 0)
        };
        let counter =
            Counter { count: Count::new(strategy), end: micros(now + rate.window() as f64), charge };
        counters.charged += charge;
        counters.ends.insert((counter.end, key.clone()));
        counters.by_key.insert(key.clone(), counter);
        key
    }

    /// One of the counters that new keys share.
    fn shared_key(&self, strategy: Strategy, rate: &RateLimit, key: &str) -> String {
        let number = self.hasher.hash_one(key) % SHARED;
        format!("shared/{number}/{}/{rate}", strategy.name())
    }
}

impl Counters {
    /// Drops up to so many counters that have run out, those first that did first.
    fn forget_ended(&mut self, now: u64, at_most: usize) {
        for _ in 0..at_most {
            match self.ends.first() {
                Some((end, key)) if *end <= now => {
                    let key = key.clone();
                    self.remove(&key);
                }
                _ => return,
            }
        }
    }

    fn remove(&mut self, key: &str) {
        if let Some((key, counter)) = self.by_key.remove_entry(key) {
            self.ends.remove(&(counter.end, key));
            self.charged -= counter.charge;
        }
    }
}

impl Count {
    fn hit(&mut self, rate: &RateLimit, now: f64, cost: u64) -> bool {
        let (amount, window) = (rate.amount(), rate.window());
        match self {
            Count::Fixed { hits, until } => {
                if *until <= now {
                    *hits = 0;
                }
                *hits = hits.saturating_add(cost);
                if *hits == cost {
                    *until = now + window as f64;
                }
                *hits <= amount
            }
            Count::Moving(times) => {
                let passed = cost <= amount && moving_has_room(times, rate, now, cost);
                if passed {
                    note(times, rate, now, cost);
                }
                passed
            }
            Count::Sliding { .. } => {
                self.slide(window, now);
                let sliding = self.sliding(window, now);
                let passed = cost <= amount && sliding.weighted(window).floor() as u64 + cost <= amount;
                if let Count::Sliding { hits, .. } = self
                    && passed
                {
                    *hits += cost;
                }
                passed
            }
            Count::Gcra { full_at } => {
                let step = window as f64 / amount.max(1) as f64;
                let paid = full_at.max(now) + step * cost as f64;
                // What floats may lose must not cost a hit.
                let passed = cost <= amount && paid - now <= window as f64 + step * 1e-5;
                if passed {
                    *full_at = paid;
                }
                passed
            }
        }
    }

    fn test(&self, rate: &RateLimit, now: f64, cost: u64) -> bool {
        let amount = rate.amount();
        match self {
            Count::Fixed { hits, until } => {
                let hits = if *until <= now { 0 } else { *hits };
                hits.saturating_add(cost) <= amount
            }
            Count::Moving(times) => hits_since(times, now - rate.window() as f64).1 + cost <= amount,
            Count::Sliding { .. } => {
                let weighted = self.sliding(rate.window(), now).weighted(rate.window());
                cost <= amount && weighted < (amount - cost + 1) as f64
            }
            Count::Gcra { full_at } => gcra_window(*full_at, now, amount, rate.window()).remaining >= cost,
        }
    }

    fn window(&self, rate: &RateLimit, now: f64) -> Window {
        let (amount, window) = (rate.amount(), rate.window());
        match self {
            Count::Fixed { until, .. } if *until <= now => Window { reset: now, remaining: amount },
            Count::Fixed { hits, until } => Window { reset: *until, remaining: amount.saturating_sub(*hits) },
            Count::Moving(times) => {
                let (oldest, hits) = hits_since(times, now - window as f64);
                Window {
                    reset: oldest.unwrap_or(now) + window as f64,
                    remaining: amount.saturating_sub(hits),
                }
            }
            Count::Sliding { .. } => self.sliding(window, now).window(now, amount, window),
            Count::Gcra { full_at } => gcra_window(*full_at, now, amount, window),
        }
    }

    /// When nothing of it counts any more.
    fn end(&self, rate: &RateLimit, now: f64) -> f64 {
        match self {
            Count::Fixed { until, .. } => *until,
            Count::Moving(times) => times.front().map_or(now, |(time, _)| time + rate.window() as f64),
            Count::Sliding { window, .. } => ((*window + 2) * rate.window()) as f64,
            Count::Gcra { full_at } => *full_at,
        }
    }

    /// Brings a sliding window to the present.
    fn slide(&mut self, length: u64, now: f64) {
        let present = (now / length as f64) as u64;
        if let Count::Sliding { window, hits, before } = self
            && *window != present
        {
            *before = if *window + 1 == present { *hits } else { 0 };
            (*window, *hits) = (present, 0);
        }
    }

    fn sliding(&self, length: u64, now: f64) -> Sliding {
        let (position, length) = (now / length as f64, length as f64);
        let Count::Sliding { window, hits, before } = self else {
            return Sliding { previous: 0, previous_for: 0.0, current: 0, current_for: 0.0 };
        };
        let present = position as u64;
        let (previous, current) = match present.checked_sub(*window) {
            Some(0) => (*before, *hits),
            Some(1) => (*hits, 0),
            _ => (0, 0),
        };
        let previous_for =
            if previous == 0 { 0.0 } else { (1.0 - ((now - length) / length).rem_euclid(1.0)) * length };
        Sliding { previous, previous_for, current, current_for: (1.0 - position % 1.0) * length + length }
    }
}

/// Whether `cost` more hits fit: the one that would be pushed out of the window must have left it by itself.
fn moving_has_room(times: &VecDeque<(f64, u64)>, rate: &RateLimit, now: f64, cost: u64) -> bool {
    let mut newer = 0;
    let place = rate.amount() - cost;
    for (time, hits) in times {
        newer += hits;
        if newer > place {
            return *time < now - rate.window() as f64;
        }
    }
    true
}

/// Notes hits, and forgets those that never count again.
fn note(times: &mut VecDeque<(f64, u64)>, rate: &RateLimit, now: f64, cost: u64) {
    let (amount, window) = (rate.amount(), rate.window() as f64);
    match times.front_mut() {
        Some((time, hits)) if *time >= now => *hits += cost,
        // With many hits a time stands for a slice of the window, and for its end: too late rather than too early.
        _ if amount > TIMES => times.push_front((now + window / TIMES as f64, cost)),
        _ => times.push_front((now, cost)),
    }
    while times.back().is_some_and(|(time, _)| *time < now - window) {
        times.pop_back();
    }
}

/// The oldest hit since then, and how many there are.
fn hits_since(times: &VecDeque<(f64, u64)>, since: f64) -> (Option<f64>, u64) {
    let counting = times.iter().take_while(|(time, _)| *time >= since);
    counting.fold((None, 0), |(_, all), (time, hits)| (Some(*time), all + hits))
}

fn micros(seconds: f64) -> u64 {
    (seconds * 1e6) as u64
}

#[cfg(test)]
mod tests;
