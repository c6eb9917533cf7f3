//! Of several processes one makes it: a lock in Redis beside what is made.
//!
//! The lock runs out by itself, so a process that dies holding it delays the others by that time at most. Whoever holds it takes away only
//! its own: a token tells it from the one of another process. When Redis does not answer, everybody makes it. A Redis that was silent obeys late
//! what it was told meanwhile, so there may be a lock that nobody knows to have: its process takes it for its own, as it makes a thing once at a time.

use super::store::Store;
#[cfg(feature = "redis")]
use crate::redis::{Call, Link};
#[cfg(feature = "redis")]
use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant};

#[cfg(feature = "redis")]
static TAKE: LazyLock<redis::Script> = LazyLock::new(|| {
    redis::Script::new(
        "local holder = redis.call('GET', KEYS[1])
         if holder and holder ~= ARGV[1] then return 0 end
         redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
         return 1",
    )
});

#[cfg(feature = "redis")]
static RELEASE: LazyLock<redis::Script> = LazyLock::new(|| {
    redis::Script::new(
        "if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end return 0",
    )
});

/// How long one waits before it asks again, at first and at last.
const PAUSES: [Duration; 2] = [Duration::from_millis(10), Duration::from_millis(100)];

/// The lock of a thing, from the first look on.
pub(super) struct Turn<'a> {
    store: &'a Store,
    key: String,
    token: &'a str,
    time: Duration,
    /// Until when another is waited for; `None` before the first look.
    until: Option<Instant>,
    pause: Duration,
}

/// Whose turn it is to make a thing.
pub(super) enum Whose {
    /// Ours, until the lock is released.
    Ours(Lock),
    /// That of another process.
    Theirs,
}

/// What keeps other processes waiting, or nothing where there is nobody to wait.
#[must_use = "others wait until it is released"]
pub(super) struct Lock {
    #[cfg(feature = "redis")]
    held: Option<Held>,
}

#[cfg(feature = "redis")]
struct Held {
    link: Arc<Link>,
    key: String,
    token: String,
}

impl<'a> Turn<'a> {
    /// For a thing under this key, and the process of this token. The lock runs out after this time; zero is no lock.
    pub(super) fn new(store: &'a Store, prefix: &str, key: &str, token: &'a str, time: Duration) -> Self {
        let key = format!("{prefix}lock/{}", key.strip_prefix(prefix).unwrap_or(key));
        Turn { store, key, token, time, until: None, pause: PAUSES[0] }
    }

    /// Tries to get it: at once when asked for the first time, after a moment then. Look at the thing after each, for it may have been made: also when
    /// it is ours.
    pub(super) async fn next(&mut self) -> Whose {
        let now = Instant::now();
        match self.until {
            None => self.until = Some(now + self.time),
            Some(until) if now >= until => return Whose::Ours(Lock::none()),
            Some(until) => {
                tokio::time::sleep(self.pause.min(until - now)).await;
                self.pause = (self.pause * 2).min(PAUSES[1]);
            }
        }
        self.take().await
    }

    #[cfg(not(feature = "redis"))]
    #[allow(clippy::unused_async, reason = "as with the feature")]
    async fn take(&self) -> Whose {
        let (Store::Null | Store::Memory(_)) = self.store;
        Whose::Ours(Lock::none())
    }

    #[cfg(feature = "redis")]
    async fn take(&self) -> Whose {
        let Store::Redis(link) = self.store else { return Whose::Ours(Lock::none()) };
        let milliseconds = u64::try_from(self.time.as_millis()).unwrap_or(u64::MAX);
        if milliseconds == 0 {
            return Whose::Ours(Lock::none());
        }
        let mut take = TAKE.key(&self.key);
        take.arg(self.token).arg(milliseconds);
        match link.ask::<bool>(&Call::Script(take)).await {
            Ok(true) => {
                let (link, key, token) = (link.clone(), self.key.clone(), self.token.to_owned());
                Whose::Ours(Lock { held: Some(Held { link, key, token }) })
            }
            Ok(false) => Whose::Theirs,
            Err(error) => {
                tracing::debug!(target: "carboy::cache", "{error}");
                Whose::Ours(Lock::none())
            }
        }
    }
}

impl Lock {
    fn none() -> Self {
        Lock {
            #[cfg(feature = "redis")]
            held: None,
        }
    }

    /// Lets the others look.
    #[cfg_attr(
        not(feature = "redis"),
        allow(clippy::unused_async, unused_mut, reason = "as with the feature")
    )]
    pub(super) async fn release(mut self) {
        #[cfg(feature = "redis")]
        if let Some(held) = self.held.take() {
            held.release().await;
        }
    }
}

/// Whoever was to make it panicked, or its client left.
#[cfg(feature = "redis")]
impl Drop for Lock {
    fn drop(&mut self) {
        if let Some(held) = self.held.take() {
            carboy::spawn(held.release());
        }
    }
}

#[cfg(feature = "redis")]
impl Held {
    async fn release(self) {
        let mut release = RELEASE.key(self.key);
        release.arg(self.token);
        if let Err(error) = self.link.ask::<()>(&Call::Script(release)).await {
            tracing::debug!(target: "carboy::cache", "a lock stays until it runs out: {error}");
        }
    }
}
