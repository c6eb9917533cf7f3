//! Finds code that blocks its worker, without a clock in the way of every request.
//!
//! A thread that polls requests counts up when it begins and when it ends one. A task of the background runtime looks at
//! those counters from time to time: one that stands still in the middle of a poll belongs to a worker that is held up.
//! While nothing is polled at all, the task sleeps.

use crate::runtime;
use std::{
    sync::{
        Arc, Mutex, PoisonError, Weak,
        atomic::{AtomicBool, AtomicU64, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};
use tokio::sync::Notify;

/// A poll that is longer held up every other request of its worker. It is noticed at the next look after this time, so
/// one that is hardly longer may escape.
const LONG: Duration = Duration::from_millis(100);

/// How often the counters are looked at.
const TICK: Duration = Duration::from_millis(50);

/// After so many looks at counters that all stand still between two polls, nobody looks any more.
const QUIET: u32 = 20;

/// The counter of a thread: odd while it polls a request.
#[derive(Default)]
struct Counter {
    polls: AtomicU64,
    /// The poll that was found to be long.
    long: AtomicU64,
    /// Since when at least.
    since: Mutex<Option<Instant>>,
}

static COUNTERS: Mutex<Vec<Weak<Counter>>> = Mutex::new(Vec::new());
static ASLEEP: AtomicBool = AtomicBool::new(false);
static WAKE: Notify = Notify::const_new();

thread_local! {
    static COUNTER: Arc<Counter> = register();
}

fn register() -> Arc<Counter> {
    static STARTED: AtomicBool = AtomicBool::new(false);
    let counter = Arc::<Counter>::default();
    lock(&COUNTERS).push(Arc::downgrade(&counter));
    if !STARTED.swap(true, Relaxed) {
        runtime::handle().spawn(look());
    }
    counter
}

/// Runs `f`; if it took too long, tells `report` how long.
pub(crate) fn watched<T>(f: impl FnOnce() -> T, report: impl FnOnce(Duration)) -> T {
    COUNTER.with(|counter| {
        // A poll inside a poll belongs to the outer one.
        let before = counter.polls.load(Relaxed);
        if before % 2 == 1 {
            return f();
        }
        let now = before + 1;
        counter.polls.store(now, Relaxed);
        if ASLEEP.load(Relaxed) {
            WAKE.notify_one();
        }
        let value = f();
        counter.polls.store(now + 1, Relaxed);
        if counter.long.load(Relaxed) == now
            && let Some(since) = lock(&counter.since).take()
        {
            report(since.elapsed());
        }
        value
    })
}

/// How many threads are held up now, as far as it was noticed.
pub(crate) fn blocked() -> usize {
    let counters = lock(&COUNTERS);
    let held_up = |counter: &Counter| {
        let polls = counter.polls.load(Relaxed);
        polls % 2 == 1 && counter.long.load(Relaxed) == polls
    };
    counters.iter().filter_map(Weak::upgrade).filter(|counter| held_up(counter)).count()
}

/// The task that looks at the counters.
async fn look() {
    let mut seen: Vec<(Weak<Counter>, u64, Instant)> = Vec::new();
    let mut quiet = 0;
    loop {
        if quiet >= QUIET {
            ASLEEP.store(true, Relaxed);
            WAKE.notified().await;
            ASLEEP.store(false, Relaxed);
            quiet = 0;
        }
        tokio::time::sleep(TICK).await;
        let now = Instant::now();
        quiet += 1;
        let mut counters = lock(&COUNTERS);
        counters.retain(|counter| counter.strong_count() > 0);
        seen.retain(|(counter, ..)| counter.strong_count() > 0);
        for counter in counters.iter() {
            if !seen.iter().any(|(known, ..)| known.ptr_eq(counter)) {
                seen.push((counter.clone(), 0, now));
            }
        }
        drop(counters);
        for (counter, polls, since) in &mut seen {
            let Some(counter) = counter.upgrade() else { continue };
            let current = counter.polls.load(Relaxed);
            if current != *polls {
                (*polls, *since) = (current, now);
                quiet = 0;
            } else if current % 2 == 1 {
                quiet = 0;
                if now - *since >= LONG && counter.long.load(Relaxed) != current {
                    *lock(&counter.since) = Some(*since);
                    counter.long.store(current, Relaxed);
                }
            }
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
