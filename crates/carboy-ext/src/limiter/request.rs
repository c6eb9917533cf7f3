//! What a limiter knows about a request.

use super::{limit::Limit, rate::RateLimit};
use carboy::{G, try_g};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// A limit that was looked at for a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestLimit {
    /// The rate.
    pub rate: RateLimit,
    /// The name of the counter, without the prefix of its store: `LIMITER/127.0.0.1/index/5/1/minute`.
    pub key: String,
    /// Whether the request is one too many.
    pub breached: bool,
    /// Whether other views count with it.
    pub shared: bool,
}

/// The limits of a request.
#[derive(Default)]
pub(super) struct Seen {
    /// The one that the answer tells about.
    pub(super) current: Option<RequestLimit>,
    pub(super) all: Vec<RequestLimit>,
    /// The guards of the view have counted it.
    pub(super) guarded: bool,
    /// Those that are taken from when the response is there.
    pub(super) later: Vec<(Limit, RateLimit, String)>,
}

/// The limits of the current request, if there is one.
pub(super) fn seen() -> Option<Arc<Mutex<Seen>>> {
    let g: G = try_g()?;
    if g.of_type::<Mutex<Seen>>().is_none() {
        g.insert(Mutex::new(Seen::default()));
    }
    g.of_type()
}

pub(super) fn lock(seen: &Mutex<Seen>) -> MutexGuard<'_, Seen> {
    seen.lock().unwrap_or_else(PoisonError::into_inner)
}
