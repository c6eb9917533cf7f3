//! For how long things are good.

use super::Live;
use std::time::Duration;

/// For how long something is good, and for how long after that it is better than nothing.
#[derive(Clone, Copy)]
pub(super) struct Times {
    timeout: Duration,
    stale: Duration,
}

impl Times {
    pub(super) fn of(live: &Live, timeout: Option<Duration>, stale: Duration) -> Self {
        Times { timeout: timeout.unwrap_or(live.settings.timeout), stale }
    }

    /// How long it is kept; zero is for ever.
    pub(super) fn kept(self) -> Duration {
        if self.timeout.is_zero() { Duration::ZERO } else { self.timeout.saturating_add(self.stale) }
    }

    /// Whether something has run out that is kept for so long still.
    pub(super) fn has_run_out(self, left: Option<Duration>) -> bool {
        left.is_some_and(|left| left <= self.stale) && !self.stale.is_zero()
    }
}
