//! Logins that were begun: kept in the session until the browser comes back, as Authlib keeps them.

use carboy::Session;
use serde::{Deserialize, Serialize};

/// So many logins may be begun and not finished in one browser; the oldest are forgotten.
const MAX_PENDING: usize = 5;
/// A login takes no longer.
const LIFETIME: f64 = 3600.0;
const PREFIX: &str = "_state_";

/// What is kept of a login. The names are Authlib's, so that a login which begins there can end here.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Pending {
    pub(super) redirect_uri: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) code_verifier: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) nonce: Option<String>,
    /// Where in this app the user wanted to go.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) next: Option<String>,
    /// The user who wants to be linked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) linking: Option<String>,
}

#[derive(Serialize, Deserialize)]
struct Record {
    data: Pending,
    exp: f64,
}

fn key(provider: &str, state: &str) -> String {
    format!("{PREFIX}{provider}_{state}")
}

/// Keeps a login.
pub(super) fn keep(session: &Session, provider: &str, state: &str, pending: Pending, now: u64) {
    let mut others: Vec<(f64, String)> = session
        .keys()
        .into_iter()
        .filter(|key| key.starts_with(PREFIX))
        .map(|key| (session.get::<Record>(&key).map_or(0.0, |record| record.exp), key))
        .collect();
    others.sort_by(|(a, _), (b, _)| b.total_cmp(a));
    let alive = others.iter().take_while(|(expires, _)| *expires > now as f64).count();
    for (_, key) in others.drain(alive.min(MAX_PENDING - 1)..) {
        session.remove(&key);
    }
    session.set(key(provider, state), Record { data: pending, exp: now as f64 + LIFETIME });
}

/// Takes a login out: each can be finished once, with the provider that it was begun with.
pub(super) fn take(session: &Session, provider: &str, state: &str, now: u64) -> Option<Pending> {
    let record: Record = session.pop(&key(provider, state))?;
    (record.exp > now as f64).then_some(record.data)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pending(uri: &str) -> Pending {
        Pending { redirect_uri: uri.to_owned(), ..Pending::default() }
    }

    #[test]
    fn a_login_is_finished_once_with_its_own_provider_and_in_time() {
        let session = Session::default();
        keep(&session, "a", "s1", pending("1"), 1000);
        assert_eq!(take(&session, "b", "s1", 1000), None);
        assert_eq!(take(&session, "a", "s2", 1000), None);
        assert_eq!(take(&session, "a", "s1", 1000), Some(pending("1")));
        assert_eq!(take(&session, "a", "s1", 1000), None);
        keep(&session, "a", "s3", pending("3"), 1000);
        assert_eq!(take(&session, "a", "s3", 4600), None);
        assert!(session.is_empty());
    }

    #[test]
    fn the_oldest_logins_are_forgotten_and_so_are_those_that_are_over() {
        let session = Session::default();
        session.set("cart", 7);
        for n in 0..20u64 {
            keep(&session, ["a", "b"][(n % 2) as usize], &format!("s{n}"), pending("x"), 1000 + n);
        }
        assert_eq!(session.len(), 1 + MAX_PENDING);
        assert_eq!(take(&session, "a", "s14", 1020), None);
        assert!(take(&session, "b", "s15", 1020).is_some());
        keep(&session, "a", "new", pending("x"), 9000);
        assert_eq!(session.len(), 2);
        assert_eq!(session.get::<u8>("cart"), Some(7));
    }
}
