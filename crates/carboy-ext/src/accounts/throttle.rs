//! How often somebody may try: NIST SP 800-63B-4, section 3.2.2.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use carboy::ExtensionFuture;

/// What is tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Attempt {
    /// A password. The key is what was typed as the user, known or not.
    Password,
    /// A code of an authenticator app, or a recovery code. The key is the account's id.
    Code,
    /// A mail that somebody asks for (sign-up, confirmation, reset, another address). The key is the address it goes to.
    Mail,
    /// Any of these from one place. The key is the client's address.
    Client,
}

/// Counts attempts and says when there were too many. [`MemoryThrottle`] does by itself; an app with several processes may count in Redis.
pub trait Throttle: Send + Sync + 'static {
    /// Counts an attempt; the time to wait when there were too many, and then it is not made.
    fn count<'a>(
        &'a self,
        attempt: Attempt,
        key: &'a str,
    ) -> ExtensionFuture<'a, carboy::Result<Option<Duration>>>;

    /// Forgets the attempts after one that was right.
    fn forget<'a>(&'a self, attempt: Attempt, key: &'a str) -> ExtensionFuture<'a, carboy::Result<()>>;
}

/// Counts attempts in this process, in windows of five minutes: 10 passwords a user, 5 codes an account, 5 mails an address, 300 of all a
/// client, as many people may share one. At most a hundred thousand keys are kept.
///
/// Ten passwords in five minutes let nobody be locked out for longer than that.
#[derive(Debug, Default)]
pub struct MemoryThrottle {
    counts: Mutex<HashMap<(Attempt, String), Count>>,
}

#[derive(Debug)]
struct Count {
    since: Instant,
    attempts: u32,
}

const WINDOW: Duration = Duration::from_secs(300);
const MAX_KEYS: usize = 100_000;

impl MemoryThrottle {
    /// Nothing counted yet.
    pub fn new() -> Self {
        Self::default()
    }
}

impl Throttle for MemoryThrottle {
    fn count<'a>(
        &'a self,
        attempt: Attempt,
        key: &'a str,
    ) -> ExtensionFuture<'a, carboy::Result<Option<Duration>>> {
        let most = match attempt {
            Attempt::Password => 10,
            Attempt::Code | Attempt::Mail => 5,
            Attempt::Client => 300,
        };
        let now = Instant::now();
        let key = (attempt, key.to_owned());
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        if counts.len() >= MAX_KEYS && !counts.contains_key(&key) {
            counts.retain(|_, count| now.duration_since(count.since) < WINDOW);
            if counts.len() >= MAX_KEYS {
                // So many keys in five minutes are an attack: it may not have what it tried forgotten by trying more.
                return Box::pin(async { Ok(Some(WINDOW)) });
            }
        }
        let count = counts.entry(key).or_insert(Count { since: now, attempts: 0 });
        let age = now.duration_since(count.since);
        if age >= WINDOW {
            *count = Count { since: now, attempts: 0 };
        }
        let wait = (count.attempts >= most).then(|| WINDOW.saturating_sub(age));
        if wait.is_none() {
            count.attempts += 1;
        }
        Box::pin(async move { Ok(wait) })
    }

    fn forget<'a>(&'a self, attempt: Attempt, key: &'a str) -> ExtensionFuture<'a, carboy::Result<()>> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner).remove(&(attempt, key.to_owned()));
        Box::pin(async { Ok(()) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn when_there_are_too_many_keys_those_that_are_known_count_on_and_new_ones_wait() {
        let throttle = MemoryThrottle::new();
        let count = async |key: &str| throttle.count(Attempt::Password, key).await.unwrap();
        for n in 0..MAX_KEYS {
            assert_eq!(count(&n.to_string()).await, None);
        }
        assert_eq!(count("another").await, Some(WINDOW));
        for _ in 1..10 {
            assert_eq!(count("7").await, None);
        }
        assert!(count("7").await.is_some());
    }
}
