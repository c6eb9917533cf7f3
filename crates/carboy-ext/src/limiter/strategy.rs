//! How hits are counted.

use std::str::FromStr;

/// How the hits of a counter are counted: limits' strategies, and one more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Strategy {
    /// All hits since the first one count until the window is over (`fixed-window`). Cheapest; around the end of a window twice the amount
    /// can pass.
    #[default]
    FixedWindow,
    /// The hits of the last window count, each by its time (`moving-window`). Exact; keeps a time for each hit.
    MovingWindow,
    /// The hits of this window and a share of those of the one before (`sliding-window-counter`). Nearly exact, with two numbers.
    SlidingWindowCounter,
    /// Hits are let in at a steady rate, with a burst of the whole amount (`gcra`, the generic cell rate algorithm). One number a counter, and
    /// no window that many clients wait for together. limits has no such strategy: its counters have names of their own.
    Gcra,
}

impl Strategy {
    /// Its name in `RATELIMIT_STRATEGY`.
    pub fn name(self) -> &'static str {
        match self {
            Strategy::FixedWindow => "fixed-window",
            Strategy::MovingWindow => "moving-window",
            Strategy::SlidingWindowCounter => "sliding-window-counter",
            Strategy::Gcra => "gcra",
        }
    }
}

impl FromStr for Strategy {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        [Strategy::FixedWindow, Strategy::MovingWindow, Strategy::SlidingWindowCounter, Strategy::Gcra]
            .into_iter()
            .find(|strategy| strategy.name() == name)
            .ok_or_else(|| {
                format!(
                    "'{name}' is no strategy: there are fixed-window, moving-window, sliding-window-counter and gcra"
                )
            })
    }
}

/// How a counter stands.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Window {
    /// When it is full again, or is less full than now, in seconds since 1970.
    pub reset: f64,
    /// How many hits it lets in now.
    pub remaining: u64,
}

/// What the counters of a sliding window say: hits of the window before, seconds until they stop counting, hits of this one, seconds
/// until they stop counting.
pub(super) struct Sliding {
    pub(super) previous: u64,
    pub(super) previous_for: f64,
    pub(super) current: u64,
    pub(super) current_for: f64,
}

impl Sliding {
    /// The hits that count now.
    pub(super) fn weighted(&self, window: u64) -> f64 {
        self.previous as f64 * self.previous_for / window as f64 + self.current as f64
    }

    /// How the counter stands.
    pub(super) fn window(&self, now: f64, amount: u64, window: u64) -> Window {
        let remaining = amount.saturating_sub(self.weighted(window).floor() as u64);
        if self.previous == 0 && self.current == 0 {
            return Window { reset: now, remaining };
        }
        let previous = match self.previous {
            0 => f64::INFINITY,
            hits => self.previous_for % (window as f64 / hits as f64),
        };
        let current = if self.current == 0 { f64::INFINITY } else { self.current_for % window as f64 };
        Window { reset: now + previous.min(current), remaining }
    }
}

/// How a counter of GCRA stands: `full_at` is when its last hit is paid off.
pub(super) fn gcra_window(full_at: f64, now: f64, amount: u64, window: u64) -> Window {
    let (full_at, step) = (full_at.max(now), window as f64 / amount.max(1) as f64);
    // A hundred-thousandth of a step is what floats may lose.
    let remaining = ((now + window as f64 - full_at) / step + 1e-5).floor().max(0.0) as u64;
    Window { reset: full_at, remaining: remaining.min(amount) }
}
