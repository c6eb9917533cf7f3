//! What the targets share.

#![forbid(unsafe_code)]

use cpu_time::ThreadTime;
use std::time::Duration;

/// The time that the processor may spend on one input, which is far more than any input of a client should cost.
const SLOW: Duration = Duration::from_millis(100);

/// Runs the work on one input; more than 100 ms of the processor's time count as a crash.
///
/// Other programs on the machine do not make a unit slow: what they take is not counted.
pub fn quick<T>(work: impl FnOnce() -> T) -> T {
    let start = ThreadTime::now();
    let result = work();
    let took = start.elapsed();
    assert!(took < SLOW, "slow unit: {took:?}");
    result
}

/// The input's text, up to its first byte that is no UTF-8.
pub fn text(data: &[u8]) -> &str {
    match str::from_utf8(data) {
        Ok(text) => text,
        Err(error) => str::from_utf8(&data[..error.valid_up_to()]).unwrap_or_default(),
    }
}

/// The input's first line and what follows it.
pub fn line(data: &str) -> (&str, &str) {
    data.split_once('\n').unwrap_or((data, ""))
}

/// Cuts bytes into pieces of these sizes, over and over; the whole in one piece if there are no sizes.
pub fn pieces<'a>(bytes: &'a [u8], sizes: &'a [u8]) -> impl Iterator<Item = &'a [u8]> {
    let (mut rest, mut sizes) = (bytes, sizes.iter().cycle());
    std::iter::from_fn(move || {
        let size = sizes.next().map_or(rest.len(), |&size| usize::from(size).max(1)).min(rest.len());
        let (piece, after) = rest.split_at(size);
        rest = after;
        (!piece.is_empty()).then_some(piece)
    })
}
