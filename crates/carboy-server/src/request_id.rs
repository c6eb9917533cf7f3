//! The id by which a request is followed through logs.

use crate::{ServerConfig, record::REQUEST_ID};
use carboy_http::RequestId;
use http::HeaderMap;
use std::{
    cell::RefCell,
    fmt::Write,
    hash::{BuildHasher, RandomState},
    net::SocketAddr,
};

/// The id of a request: what a trusted proxy says, else a new one; none when ids are off.
pub(crate) fn of(config: &ServerConfig, peer: Option<SocketAddr>, headers: &HeaderMap) -> Option<RequestId> {
    if !config.gives_request_ids() {
        return None;
    }
    let trusted = config.proxies.as_ref().and_then(|proxies| proxies.trusted());
    let told = if trusted.is_some_and(|trusted| trusted.trusts(peer)) {
        headers.get(REQUEST_ID).and_then(|value| RequestId::new(value.to_str().ok()?))
    } else {
        None
    };
    Some(told.unwrap_or_else(new))
}

thread_local! {
    /// Keys that the system gave once, and how many ids were made with them.
    static SOURCE: RefCell<(RandomState, RandomState, u64)> = RefCell::new((RandomState::new(), RandomState::new(), 0));
}

/// 128 bits that nobody can guess: a keyed hash of a counter, without asking the system.
fn new() -> RequestId {
    let (high, low) = SOURCE.with_borrow_mut(|(high, low, count)| {
        *count += 1;
        (high.hash_one(*count), low.hash_one((*count, 1u8)))
    });
    let mut text = String::with_capacity(32);
    // Writing into a string cannot fail.
    let _ = write!(text, "{high:016x}{low:016x}");
    RequestId::new(&text).expect("hexadecimal digits are an id")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn ids_differ_on_all_threads() {
        let make = || (0..2000).map(|_| new().as_str().to_owned()).collect::<Vec<_>>();
        let threads: Vec<_> = (0..4).map(|_| std::thread::spawn(make)).collect();
        let ids: HashSet<String> = threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect();
        assert_eq!(ids.len(), 8000);
        assert!(ids.iter().all(|id| id.len() == 32 && id.bytes().all(|b| b.is_ascii_hexdigit())));
    }
}
