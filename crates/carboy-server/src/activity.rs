//! What a connection is doing, and until when it may.
//!
//! A timer per event would cost a request more than its parsing. Instead everybody who sees something
//! happen (the socket, the request, its answer) stores a word here, and the connection's only timer is
//! looked at again when it fires: a busy connection touches it every few seconds.

use crate::config::{Deadlines, LINGER};
use std::{
    sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering::Relaxed},
    time::{Duration, Instant},
};

/// What a connection is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Phase {
    /// A request is under way to an answer; the client owes nothing that is watched here.
    Exchange,
    /// The last answer is handed over, and what was read may hold the next request.
    Between,
    /// Waiting for the first byte of the next request.
    Idle,
    /// The first byte of a head has come, its last has not.
    Head,
    /// The server is done; what the client still sends is thrown away until it leaves.
    Closing,
}

const PHASES: [Phase; 5] = [Phase::Exchange, Phase::Between, Phase::Idle, Phase::Head, Phase::Closing];

/// The begin of a phase that nobody has looked at the clock for yet: that is done once a poll of the connection, when it
/// is over, whatever happened in it.
const LATELY: u64 = u64::MAX >> 3;

/// The state of one connection, shared by its socket, its requests and its timer.
#[derive(Debug)]
pub(crate) struct Activity {
    epoch: Instant,
    multiplexed: bool,
    /// The phase in the lowest three bits, above them its begin in milliseconds since `epoch`, or [`LATELY`].
    phase: AtomicU64,
    /// Since when the socket takes no bytes, in milliseconds plus one; 0: it does.
    blocked: AtomicU64,
    /// The socket was asked for bytes and had none; nobody asks again before some come.
    starved: AtomicBool,
    /// Requests under way; only counted on connections that carry several at once.
    exchanges: AtomicUsize,
    /// The connection must not be used for another request.
    spent: AtomicBool,
    /// A request body was left unread.
    unread: AtomicBool,
}

/// What has run out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Expired {
    Head,
    Idle,
    Write,
    Closing,
}

impl Activity {
    /// For a connection that has just sent its first byte; `multiplexed` says that it is HTTP/2.
    pub(crate) fn new(multiplexed: bool) -> Self {
        Activity {
            epoch: Instant::now(),
            multiplexed,
            phase: AtomicU64::new(if multiplexed { Phase::Idle } else { Phase::Head } as u64),
            blocked: AtomicU64::new(0),
            starved: AtomicBool::new(false),
            exchanges: AtomicUsize::new(0),
            spent: AtomicBool::new(false),
            unread: AtomicBool::new(false),
        }
    }

    fn now(&self) -> u64 {
        self.epoch.elapsed().as_millis() as u64
    }

    pub(crate) fn phase(&self) -> Phase {
        PHASES[(self.phase.load(Relaxed) & 7) as usize % PHASES.len()]
    }

    fn enter(&self, phase: Phase, since: u64) {
        self.phase.store(since << 3 | phase as u64, Relaxed);
    }

    fn enter_now(&self, phase: Phase) {
        // The requests of an HTTP/2 connection are tasks of their own: they end while nobody polls the connection.
        self.enter(phase, if self.multiplexed { self.now() } else { LATELY });
    }

    /// The socket gave bytes.
    pub(crate) fn received(&self) {
        self.starved.store(false, Relaxed);
        if !self.multiplexed && matches!(self.phase(), Phase::Between | Phase::Idle) {
            self.enter_now(Phase::Head);
        }
    }

    /// The socket was asked for bytes and has none.
    pub(crate) fn starved(&self) {
        self.starved.store(true, Relaxed);
        if self.phase() == Phase::Between {
            self.enter_now(Phase::Idle);
        }
    }

    /// The socket took bytes.
    pub(crate) fn sent(&self) {
        if self.blocked.load(Relaxed) != 0 {
            self.blocked.store(0, Relaxed);
        }
    }

    /// The socket takes no bytes.
    pub(crate) fn blocked(&self) {
        if self.blocked.load(Relaxed) == 0 {
            self.blocked.store(self.now() + 1, Relaxed);
        }
    }

    pub(crate) fn is_blocked(&self) -> bool {
        self.blocked.load(Relaxed) != 0
    }

    /// A request's head is complete.
    pub(crate) fn begin(&self) {
        if self.multiplexed {
            self.exchanges.fetch_add(1, Relaxed);
        }
        self.enter(Phase::Exchange, 0);
    }

    /// A request's answer is handed over, or given up.
    pub(crate) fn end(&self) {
        if !self.multiplexed || self.exchanges.fetch_sub(1, Relaxed) == 1 {
            if self.starved.load(Relaxed) {
                self.enter_now(Phase::Idle);
            } else {
                self.enter(Phase::Between, 0);
            }
        }
    }

    /// Begins to close; says whether the client may still be sending.
    pub(crate) fn close(&self) -> bool {
        let phase = self.phase();
        if phase != Phase::Closing {
            self.enter(Phase::Closing, self.now());
        }
        // A head that never became a request was refused by the parser: more of it may be on its way.
        phase == Phase::Head || phase == Phase::Closing || self.unread.load(Relaxed)
    }

    pub(crate) fn set_spent(&self) {
        self.spent.store(true, Relaxed);
    }

    /// Whether the answer must say that the connection ends.
    pub(crate) fn is_spent(&self) -> bool {
        self.spent.load(Relaxed)
    }

    pub(crate) fn set_unread(&self) {
        self.unread.store(true, Relaxed);
    }

    /// Which deadline comes next, and when. Asked after each poll of the connection.
    pub(crate) fn deadline(&self, limits: &Deadlines) -> Option<(Instant, Expired)> {
        let mut state = self.phase.load(Relaxed);
        if state >> 3 == LATELY {
            state = self.now() << 3 | state & 7;
            self.phase.store(state, Relaxed);
        }
        let waiting = match self.phase() {
            Phase::Exchange | Phase::Between => None,
            Phase::Idle => limits.idle.map(|limit| (limit, Expired::Idle)),
            Phase::Head => limits.head.map(|limit| (limit, Expired::Head)),
            Phase::Closing => Some((LINGER, Expired::Closing)),
        }
        .map(|(limit, what)| (self.instant(state >> 3, limit), what));
        let stalled = match (self.blocked.load(Relaxed), limits.write_stall) {
            (0, _) | (_, None) => return waiting,
            (since, Some(limit)) => (self.instant(since - 1, limit), Expired::Write),
        };
        match waiting {
            Some(waiting) if waiting.0 <= stalled.0 => Some(waiting),
            _ => Some(stalled),
        }
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
    fn each_phase_of_a_connection_has_its_own_deadline() {
        let activity = Activity::new(false);
        assert_eq!(next(&activity), Some(Expired::Head));
        activity.begin();
        assert_eq!(next(&activity), None);
        activity.received();
        assert_eq!(next(&activity), None, "a pipelined request does not count while one is answered");
        activity.end();
        assert_eq!(next(&activity), None);
        activity.starved();
        assert_eq!(next(&activity), Some(Expired::Idle));
        activity.received();
        assert_eq!(next(&activity), Some(Expired::Head));
        activity.begin();
        activity.starved();
        activity.end();
        assert_eq!(next(&activity), Some(Expired::Idle), "nobody asks a socket twice that has nothing");
        activity.blocked();
        activity.begin();
        assert_eq!(next(&activity), Some(Expired::Write));
        activity.sent();
        assert_eq!(next(&activity), None);
    }

    #[test]
    fn an_http2_connection_is_idle_when_its_last_request_has_ended_and_pings_do_not_change_that() {
        let activity = Activity::new(true);
        assert_eq!(next(&activity), Some(Expired::Idle));
        activity.begin();
        activity.begin();
        activity.end();
        activity.starved();
        assert_eq!(next(&activity), None);
        activity.end();
        activity.starved();
        activity.received();
        assert_eq!(next(&activity), Some(Expired::Idle));
    }
}
