//! Where things are kept.

#[cfg(feature = "redis")]
use crate::redis::{Call, Link, LinkError};
use moka::{Expiry, sync::Cache};
use std::{
    sync::Arc,
    time::{Duration, Instant},
};

/// What is kept beside the bytes of a thing: its key, and what keeps account of it.
const OVERHEAD: usize = 128;

/// Where things are kept. What cannot be reached is not there.
pub(super) enum Store {
    Null,
    Memory(Memory),
    #[cfg(feature = "redis")]
    Redis(Arc<Link>),
}

/// The memory of the process, with a limit for all of it. What was used least goes first.
pub(super) struct Memory(Cache<Arc<str>, Thing>);

/// Something that is kept.
#[derive(Clone)]
struct Thing {
    bytes: Arc<[u8]>,
    timeout: Option<Duration>,
    kept_since: Instant,
}

impl Thing {
    /// For how long it is kept still, if not for ever.
    fn left(&self) -> Option<Duration> {
        self.timeout.map(|timeout| timeout.saturating_sub(self.kept_since.elapsed()))
    }
}

struct Timeouts;

impl Expiry<Arc<str>, Thing> for Timeouts {
    fn expire_after_create(&self, _: &Arc<str>, thing: &Thing, _: Instant) -> Option<Duration> {
        thing.timeout
    }

    fn expire_after_update(
        &self,
        _: &Arc<str>,
        thing: &Thing,
        _: Instant,
        _: Option<Duration>,
    ) -> Option<Duration> {
        thing.timeout
    }
}

impl Memory {
    pub(super) fn new(size: u64) -> Self {
        let weight = |key: &Arc<str>, thing: &Thing| {
            u32::try_from(2 * key.len() + thing.bytes.len() + OVERHEAD).unwrap_or(u32::MAX)
        };
        Memory(Cache::builder().max_capacity(size).weigher(weight).expire_after(Timeouts).build())
    }

    pub(super) fn get(&self, key: &str) -> Option<Arc<[u8]>> {
        self.0.get(key).map(|thing| thing.bytes)
    }

    fn get_with_time(&self, key: &str) -> Option<(Arc<[u8]>, Option<Duration>)> {
        self.0.get(key).map(|thing| (thing.bytes.clone(), thing.left()))
    }

    pub(super) fn set(&self, key: &str, bytes: Vec<u8>, timeout: Option<Duration>) {
        self.0.insert(key.into(), Thing { bytes: bytes.into(), timeout, kept_since: Instant::now() });
    }

    pub(super) fn delete(&self, key: &str) {
        self.0.invalidate(key);
    }

    pub(super) fn delete_prefix(&self, prefix: &str) {
        for (key, _) in &self.0 {
            if key.starts_with(prefix) {
                self.0.invalidate(&**key);
            }
        }
    }
}

impl Store {
    pub(super) async fn get(&self, key: &str) -> Option<Vec<u8>> {
        match self {
            Store::Null => None,
            Store::Memory(memory) => memory.get(key).map(|bytes| bytes.to_vec()),
            #[cfg(feature = "redis")]
            Store::Redis(link) => answered(link.ask(&Call::Command(redis::Cmd::get(key))).await)?,
        }
    }

    /// What is kept, and for how long still, if not for ever.
    pub(super) async fn get_with_time(&self, key: &str) -> Option<(Vec<u8>, Option<Duration>)> {
        match self {
            Store::Null => None,
            Store::Memory(memory) => memory.get_with_time(key).map(|(bytes, left)| (bytes.to_vec(), left)),
            #[cfg(feature = "redis")]
            Store::Redis(link) => {
                let mut both = redis::pipe();
                both.get(key).pttl(key);
                let (bytes, left): (Option<Vec<u8>>, i64) = answered(link.ask(&Call::Pipeline(both)).await)?;
                // Below zero it has no end, or has just ended.
                Some((bytes?, u64::try_from(left).ok().map(Duration::from_millis)))
            }
        }
    }

    pub(super) async fn set(&self, key: &str, bytes: Vec<u8>, timeout: Option<Duration>) {
        match self {
            Store::Null => {}
            Store::Memory(memory) => memory.set(key, bytes, timeout),
            #[cfg(feature = "redis")]
            Store::Redis(link) => {
                let mut set = redis::Cmd::set(key, bytes);
                if let Some(timeout) = timeout {
                    set.arg("PX").arg(u64::try_from(timeout.as_millis()).unwrap_or(u64::MAX).max(1));
                }
                answered(link.ask::<()>(&Call::Command(set)).await);
            }
        }
    }

    pub(super) async fn delete(&self, keys: &[String]) {
        match self {
            Store::Null => {}
            Store::Memory(memory) => keys.iter().for_each(|key| memory.delete(key)),
            #[cfg(feature = "redis")]
            Store::Redis(link) => {
                if !keys.is_empty() {
                    answered(link.ask::<()>(&Call::Command(redis::Cmd::del(keys))).await);
                }
            }
        }
    }

    pub(super) async fn delete_prefix(&self, prefix: &str) {
        match self {
            Store::Null => {}
            Store::Memory(memory) => memory.delete_prefix(prefix),
            #[cfg(feature = "redis")]
            Store::Redis(link) => {
                let pattern = format!("{}*", crate::redis::escaped(prefix));
                answered(link.delete_matching(&pattern).await);
            }
        }
    }

    /// Whether the store answers, or why not.
    pub(super) async fn check(&self) -> Result<(), String> {
        match self {
            Store::Null | Store::Memory(_) => Ok(()),
            #[cfg(feature = "redis")]
            Store::Redis(link) => link
                .ask::<()>(&Call::Command(redis::cmd("PING")))
                .await
                .map_err(|error| format!("the store of the cache does not answer: {error}")),
        }
    }
}

/// An answer of Redis; of one that is away the connection has told.
#[cfg(feature = "redis")]
fn answered<T>(answer: Result<T, LinkError>) -> Option<T> {
    answer.inspect_err(|error| tracing::debug!(target: "carboy::cache", "{error}")).ok()
}
