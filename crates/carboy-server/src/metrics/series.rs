//! The figures of one route.

use http::Method;
use std::{
    sync::atomic::{AtomicU64, Ordering::Relaxed},
    time::Duration,
};

/// What stands for all that is not told apart.
pub(super) const OTHER: &str = "other";

/// The upper bounds of the buckets in seconds, as they are written, and in microseconds.
pub(super) const BUCKETS: [(&str, u64); 13] = [
    ("0.0005", 500),
    ("0.001", 1_000),
    ("0.0025", 2_500),
    ("0.005", 5_000),
    ("0.01", 10_000),
    ("0.025", 25_000),
    ("0.05", 50_000),
    ("0.1", 100_000),
    ("0.25", 250_000),
    ("0.5", 500_000),
    ("1", 1_000_000),
    ("2.5", 2_500_000),
    ("10", 10_000_000),
];

/// The classes of status, 1xx to 5xx.
const CLASSES: usize = 5;

/// Requests of one method and route.
#[derive(Debug, Default)]
pub(super) struct Series {
    classes: [AtomicU64; CLASSES],
    /// Those that fell into each bucket, and into none.
    buckets: [AtomicU64; BUCKETS.len() + 1],
    micros: AtomicU64,
}

impl Series {
    pub(super) fn note(&self, status: u16, duration: Duration) {
        let class = usize::from(status / 100).clamp(1, CLASSES) - 1;
        self.classes[class].fetch_add(1, Relaxed);
        let micros = u64::try_from(duration.as_micros()).unwrap_or(u64::MAX);
        let bucket = BUCKETS.iter().position(|(_, bound)| micros <= *bound).unwrap_or(BUCKETS.len());
        self.buckets[bucket].fetch_add(1, Relaxed);
        self.micros.fetch_add(micros, Relaxed);
    }

    /// The classes that occurred, with their counts.
    pub(super) fn classes(&self) -> impl Iterator<Item = (usize, u64)> {
        self.classes.iter().enumerate().map(|(i, n)| (i + 1, n.load(Relaxed))).filter(|(_, n)| *n > 0)
    }

    /// How many took at most as long as each bucket, then how many there were.
    pub(super) fn cumulative(&self) -> [u64; BUCKETS.len() + 1] {
        let mut sum = 0;
        self.buckets.each_ref().map(|n| {
            sum += n.load(Relaxed);
            sum
        })
    }

    pub(super) fn seconds(&self) -> f64 {
        self.micros.load(Relaxed) as f64 / 1e6
    }
}

/// A method as a label: one of the standard's, or [`OTHER`].
pub(super) fn method_label(method: &Method) -> &'static str {
    const KNOWN: [&str; 9] = ["GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS", "PATCH", "TRACE", "CONNECT"];
    KNOWN.into_iter().find(|known| *known == method.as_str()).unwrap_or(OTHER)
}
