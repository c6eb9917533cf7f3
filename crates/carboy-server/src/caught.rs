//! Panics of an application, caught.

use carboy_http::{Response, StatusCode};
use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::atomic::{AtomicU64, Ordering::Relaxed},
};

/// How many panics have come as far as a server of this process.
static PANICS: AtomicU64 = AtomicU64::new(0);

pub(crate) fn panics() -> u64 {
    PANICS.load(Relaxed)
}

/// Runs `f`; a panic is its message.
pub(crate) fn caught<T>(f: impl FnOnce() -> T) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(f)).map_err(|payload| {
        let text = payload.downcast_ref::<&str>().map(|s| (*s).to_owned());
        text.or_else(|| payload.downcast_ref::<String>().cloned()).unwrap_or_else(|| "no message".to_owned())
    })
}

/// The answer of a server whose application panicked; what it panicked with is for the log.
pub(crate) fn panicked(panic: &str) -> Response {
    PANICS.fetch_add(1, Relaxed);
    tracing::error!(target: "carboy::server", %panic, "the service panicked");
    internal_error()
}

/// The answer when an application has none.
pub(crate) fn internal_error() -> Response {
    Response::new("Internal Server Error\n").with_status(StatusCode::INTERNAL_SERVER_ERROR)
}

/// The answer of an application that takes longer than a request may.
pub(crate) fn expired() -> Response {
    tracing::warn!(target: "carboy::server", "request given up: it took longer than the request timeout");
    Response::new("The answer took too long.\n").with_status(StatusCode::SERVICE_UNAVAILABLE)
}
