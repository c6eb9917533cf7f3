//! What a connection is doing, and until when it may.
//!
//! A timer per event would cost a request more than its parsing. Instead everybody who sees something
//! happen (the socket, the request, its answer) stores a word here, and the connection's only timer is
//! looked at again when it fires: a busy connection touches it every few seconds.

use crate::config::{Deadlines, LINGER};
use std::{
    sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed},
    time::{Duration, Instant},
};

/// What a connection is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    /// Requests are under way to their answers; the client owes nothing that is watched here.
    Exchange,
    /// Waiting for a request.
    Idle,
    /// The server is done and waits for the client to leave.
    Closing,
}

const PHASES: [Phase; 3] = [Phase::Exchange, Phase::Idle, Phase::Closing];

/// The state of one connection, shared by its socket, its requests and its timer.
#[derive(Debug)]
pub(super) struct Activity {
    epoch: Instant,
    /// The phase in the lowest two bits, above them its begin in milliseconds since `epoch`.
    phase: AtomicU64,
    /// Since when the socket takes no bytes, in milliseconds plus one; 0: it does.
    blocked: AtomicU64,
    /// Since when header fields have begun and not come to their end, likewise.
    head: AtomicU64,
    /// Requests under way.
    exchanges: AtomicUsize,
}

/// What has run out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Expired {
    Idle,
    Head,
    Write,
    Closing,
}

impl Activity {
    /// For a connection that has just sent its preface.
    pub(super) fn new() -> Self {
        Activity {
            epoch: Instant::now(),
            phase: AtomicU64::new(Phase::Idle as u64),
            blocked: AtomicU64::new(0),
            head: AtomicU64::new(0),
            exchanges: AtomicUsize::new(0),
        }
    }

    fn now(&self) -> u64 {
        self.epoch.elapsed().as_millis() as u64
    }

    fn phase(&self) -> Phase {
        PHASES[(self.phase.load(Relaxed) & 3) as usize % PHASES.len()]
    }

    fn enter(&self, phase: Phase) {
        self.phase.store(self.now() << 2 | phase as u64, Relaxed);
    }

    /// The socket took bytes.
    pub(super) fn sent(&self) {
        if self.blocked.load(Relaxed) != 0 {
            self.blocked.store(0, Relaxed);
        }
    }

    /// The socket takes no bytes.
    pub(super) fn blocked(&self) {
        if self.blocked.load(Relaxed) == 0 {
            self.blocked.store(self.now() + 1, Relaxed);
        }
    }

    pub(super) fn is_blocked(&self) -> bool {
        self.blocked.load(Relaxed) != 0
    }

    /// Bytes came in; whether they ended `within` header fields. However many pieces these come in, they began once.
    pub(super) fn received(&self, within: bool) {
        match (within, self.head.load(Relaxed)) {
            (true, 0) => self.head.store(self.now() + 1, Relaxed),
            (true, _) | (false, 0) => {}
            (false, _) => self.head.store(0, Relaxed),
        }
    }

    /// A piece of an answer was sent, maybe the end of one whose request is over here: the client is not idle, it reads.
    pub(super) fn served(&self) {
        match self.phase() {
            Phase::Exchange => {}
            waiting => self.enter(waiting),
        }
    }

    /// A request's head is complete.
    pub(super) fn begin(&self) {
        self.exchanges.fetch_add(1, Relaxed);
        if self.phase() != Phase::Closing {
            self.phase.store(Phase::Exchange as u64, Relaxed);
        }
    }

    /// A request's answer is handed over, or given up.
    pub(super) fn end(&self) {
        if self.exchanges.fetch_sub(1, Relaxed) == 1 && self.phase() != Phase::Closing {
            self.enter(Phase::Idle);
        }
    }

    /// Begins to close.
    pub(super) fn close(&self) {
        if self.phase() != Phase::Closing {
            self.enter(Phase::Closing);
        }
    }

    /// Which deadline comes next, and when. Asked after each poll of the connection.
    pub(super) fn deadline(&self, limits: &Deadlines) -> Option<(Instant, Expired)> {
        let since = self.phase.load(Relaxed) >> 2;
        let waiting = match self.phase() {
            Phase::Exchange => None,
            Phase::Idle => limits.idle.map(|limit| (limit, Expired::Idle)),
            Phase::Closing => Some((LINGER, Expired::Closing)),
        }
        .map(|(limit, what)| (self.instant(since, limit), what));
        let begun = |since: &AtomicU64, limit: Option<Duration>, what| match since.load(Relaxed) {
            0 => None,
            since => limit.map(|limit| (self.instant(since - 1, limit), what)),
        };
        let head = begun(&self.head, limits.head, Expired::Head);
        let stalled = begun(&self.blocked, limits.write_stall, Expired::Write);
        [waiting, head, stalled].into_iter().flatten().min_by_key(|(when, _)| *when)
    }

    fn instant(&self, since: u64, limit: Duration) -> Instant {
        self.epoch + Duration::from_millis(since) + limit
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ServerConfig;

    fn next(activity: &Activity) -> Option<Expired> {
        activity.deadline(&ServerConfig::new().deadlines).map(|(_, what)| what)
    }

    #[test]
    fn a_connection_is_idle_when_its_last_request_has_ended() {
        let activity = Activity::new();
        assert_eq!(next(&activity), Some(Expired::Idle));
        activity.begin();
        activity.begin();
        activity.end();
        assert_eq!(next(&activity), None);
        activity.blocked();
        assert_eq!(next(&activity), Some(Expired::Write));
        activity.sent();
        activity.end();
        assert_eq!(next(&activity), Some(Expired::Idle));
        activity.close();
        assert_eq!(next(&activity), Some(Expired::Closing));
    }

    #[test]
    fn a_head_has_its_time_from_its_first_byte_whatever_else_is_under_way() {
        let limits = ServerConfig::new().keep_alive_timeout(None).deadlines;
        let activity = Activity::new();
        activity.begin();
        let deadline = || activity.deadline(&limits);
        assert_eq!(deadline(), None);
        activity.received(true);
        let first = deadline();
        assert_eq!(first.map(|(_, what)| what), Some(Expired::Head));
        std::thread::sleep(Duration::from_millis(5));
        activity.received(true);
        assert_eq!(deadline(), first);
        activity.received(false);
        assert_eq!(deadline(), None);
    }

    #[test]
    fn a_connection_that_still_takes_an_answer_is_not_idle() {
        let limits = ServerConfig::new().deadlines;
        let activity = Activity::new();
        let when = || activity.deadline(&limits).map(|(when, _)| when);
        let before = when();
        std::thread::sleep(Duration::from_millis(5));
        activity.served();
        assert!(when() > before);
        assert_eq!(next(&activity), Some(Expired::Idle));
    }
}
