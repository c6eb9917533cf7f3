//! How many frames a client may send that ask for nothing.
//!
//! PING, SETTINGS, PRIORITY, WINDOW_UPDATE, RST_STREAM, empty and unknown frames cost their sender nothing and the server
//! some work each. A client needs them now and then, and more of them the more it asks for and is sent: so each costs one
//! unit of a budget that grows with time, with requests, and with what is sent. hyper and h2 bound resets, CONTINUATION and
//! small DATA frames, but not these.

use super::frames::{DATA, END_STREAM, Frame, HEADERS};
use std::{
    sync::atomic::{AtomicI64, AtomicU64, Ordering::Relaxed},
    time::Instant,
};

/// So many seconds' worth may be saved up by being quiet.
const SAVED: i64 = 10;
/// So many seconds' worth may be saved up by asking and being sent.
const EARNED: i64 = 100;
/// What a request earns: a client may reset it, and may say how urgent it is.
const REQUEST: i64 = 2;
/// What a piece of an answer earns: clients open the windows of a stream and of the connection again, some of them twice.
const PIECE: i64 = 4;

/// The budget of one connection.
#[derive(Debug)]
pub(crate) struct Budget {
    /// Frames a second; 0: as many as the client likes.
    rate: i64,
    epoch: Instant,
    left: AtomicI64,
    /// Until when time has been credited, in milliseconds since `epoch`.
    credited: AtomicU64,
}

impl Budget {
    /// For a connection that may send `rate` such frames a second for ever; 0: as many as it likes.
    pub(crate) fn new(rate: u32) -> Self {
        let rate = i64::from(rate);
        Budget {
            rate,
            epoch: Instant::now(),
            left: AtomicI64::new(rate * SAVED),
            credited: AtomicU64::new(0),
        }
    }

    /// Accounts for a frame that came in; `false`: there were too many.
    pub(crate) fn covers(&self, frame: Frame) -> bool {
        match frame {
            _ if self.rate == 0 => true,
            Frame { kind: HEADERS, .. } => {
                self.earn(REQUEST);
                true
            }
            Frame { kind: DATA, length: 1.., .. } => true,
            // The end of a body whose length its sender did not know.
            Frame { kind: DATA, flags, .. } if flags & END_STREAM != 0 => true,
            _ => self.spend(),
        }
    }

    /// A piece of an answer is on its way.
    pub(crate) fn sent(&self) {
        self.earn(PIECE);
    }

    fn earn(&self, units: i64) {
        let left = self.left.load(Relaxed);
        self.left.store((left + units).min(self.rate * EARNED).max(left), Relaxed);
    }

    fn spend(&self) -> bool {
        let mut left = self.left.load(Relaxed) - 1;
        // The clock is looked at when it matters.
        if left < 0 {
            let now = self.epoch.elapsed().as_millis() as u64;
            let passed = now - self.credited.swap(now, Relaxed);
            let credit = (passed as i64).saturating_mul(self.rate) / 1000;
            left = (left + credit).min(self.rate * SAVED);
        }
        self.left.store(left, Relaxed);
        left >= 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    const PING: Frame = Frame { length: 8, kind: 6, flags: 0, stream: 0 };
    const REQUEST_HEAD: Frame = Frame { length: 20, kind: HEADERS, flags: 5, stream: 1 };

    fn pings_until_refused(budget: &Budget) -> usize {
        (0..100_000).take_while(|_| budget.covers(PING)).count()
    }

    #[test]
    fn ten_seconds_worth_may_come_at_once_and_a_hundred_a_second_for_ever() {
        let mut budget = Budget::new(100);
        let pings = pings_until_refused(&budget);
        assert!((1000..1100).contains(&pings), "{pings}");
        // As if half a minute had passed: ten seconds of it count.
        let Some(before) = budget.epoch.checked_sub(Duration::from_secs(30)) else { return };
        budget.epoch = before;
        let pings = pings_until_refused(&budget);
        assert!((990..1100).contains(&pings), "{pings}");
        let unlimited = Budget::new(0);
        assert_eq!(pings_until_refused(&unlimited), 100_000);
    }

    #[test]
    fn who_asks_and_is_sent_may_send_more() {
        let budget = Budget::new(100);
        for _ in 0..100_000 {
            assert!(budget.covers(REQUEST_HEAD));
            budget.sent();
            (0..6).for_each(|_| assert!(budget.covers(PING)));
        }
        for _ in 0..100_000 {
            assert!(budget.covers(REQUEST_HEAD));
        }
        let rest = pings_until_refused(&budget);
        assert!(
            (10_000..10_100).contains(&rest),
            "no more than a hundred seconds' worth is saved up: {rest}"
        );
    }

    #[test]
    fn bodies_cost_nothing_and_empty_frames_do() {
        let data = |length, flags| Frame { length, kind: DATA, flags, stream: 1 };
        let budget = Budget::new(100);
        for _ in 0..10_000 {
            assert!(budget.covers(data(1, 0)) && budget.covers(data(0, END_STREAM)));
        }
        let empty = (0..100_000).take_while(|_| budget.covers(data(0, 0))).count();
        assert!((1000..1100).contains(&empty), "{empty}");
    }
}
