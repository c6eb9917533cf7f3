//! Requests and responses whose time is over, kept for the next ones of the same thread.
//!
//! A box that was used a moment ago lies in the nearest cache, while an allocator goes on to the next one it has; and its header map keeps the room that it grew to. Only who
//! owns one to its end gives it back, and what it held is dropped then: what is taken is as good as new.

use std::cell::RefCell;

/// As many as may be under way in a thread that answers one request after the other, and some more.
const KEPT: usize = 16;

/// A header map that grew beyond this is not worth its memory.
const MOST_FIELDS: usize = 48;

/// What a thread keeps.
pub(crate) struct Spare<T>(RefCell<Vec<T>>);

impl<T> Spare<T> {
    pub(crate) const fn new() -> Self {
        Spare(RefCell::new(Vec::new()))
    }

    pub(crate) fn take(&self) -> Option<T> {
        self.0.borrow_mut().pop()
    }

    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        self.0.borrow().len()
    }

    /// Keeps something that is as good as new; what is too much is dropped.
    pub(crate) fn keep(&self, spare: T) {
        let mut kept = self.0.borrow_mut();
        if kept.len() < KEPT {
            kept.push(spare);
        }
    }
}

/// Empties a header map; `false` if it is not worth keeping.
pub(crate) fn clear(headers: &mut http::HeaderMap) -> bool {
    headers.clear();
    headers.capacity() <= MOST_FIELDS
}
