//! The `Date` field of answers: made once a second for each thread.

use std::{
    cell::RefCell,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

struct Cached {
    text: String,
    until: Option<Instant>,
}

thread_local! {
    static CACHED: RefCell<Cached> = const { RefCell::new(Cached { text: String::new(), until: None }) };
}

/// Appends the end of the line before, the field, and the end of the head. `now` is a time not long ago, so that answers that leave together need one look at the clock.
pub(crate) fn append(out: &mut Vec<u8>, now: Instant) {
    CACHED.with_borrow_mut(|cached| {
        if cached.until.is_none_or(|until| now >= until) {
            let time = SystemTime::now();
            let into_second = time.duration_since(UNIX_EPOCH).unwrap_or_default().subsec_nanos();
            cached.text = format!("\r\ndate: {}\r\n\r\n", httpdate::fmt_http_date(time));
            cached.until =
                Some(Instant::now() + Duration::from_secs(1) - Duration::from_nanos(into_second.into()));
        }
        out.extend_from_slice(cached.text.as_bytes());
    });
}
