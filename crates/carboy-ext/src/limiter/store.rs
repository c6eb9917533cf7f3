//! Where counters are: in memory, or in Redis.

#[cfg(feature = "redis")]
use super::redis_store::RedisStore;
use super::{
    memory::{MemoryStore, wall_clock},
    rate::RateLimit,
    strategy::{Strategy, Window},
};
use std::{fmt, sync::Arc};

/// Counters, and how they count.
#[derive(Clone)]
pub(super) struct Store {
    strategy: Strategy,
    place: Place,
}

#[derive(Clone)]
enum Place {
    Memory(Arc<MemoryStore>),
    #[cfg(feature = "redis")]
    Redis(Arc<RedisStore>),
}

/// The store of the counters of rate limits does not answer.
///
/// It becomes a 500, unless the limiter counts in memory meanwhile or swallows errors.
#[derive(Debug, Clone)]
pub struct StoreError(pub(super) String);

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the counters of rate limits cannot be reached: {}", self.0)
    }
}

impl std::error::Error for StoreError {}

type Answer<T> = Result<T, StoreError>;

impl Store {
    pub(super) fn memory(strategy: Strategy, memory: MemoryStore) -> Self {
        Store { strategy, place: Place::Memory(Arc::new(memory)) }
    }

    #[cfg(feature = "redis")]
    pub(super) fn redis(strategy: Strategy, redis: RedisStore) -> Self {
        Store { strategy, place: Place::Redis(Arc::new(redis)) }
    }

    pub(super) async fn hit(&self, rate: &RateLimit, key: &str, cost: u64) -> Answer<bool> {
        // Nothing is taken, so nothing is written.
        if cost == 0 {
            return self.test(rate, key, 0).await;
        }
        match &self.place {
            Place::Memory(memory) => Ok(memory.hit(self.strategy, rate, key, cost)),
            #[cfg(feature = "redis")]
            Place::Redis(redis) => redis.hit(self.strategy, rate, key, cost, wall_clock()).await,
        }
    }

    pub(super) async fn test(&self, rate: &RateLimit, key: &str, cost: u64) -> Answer<bool> {
        match &self.place {
            Place::Memory(memory) => Ok(memory.test(self.strategy, rate, key, cost)),
            #[cfg(feature = "redis")]
            Place::Redis(redis) => redis.test(self.strategy, rate, key, cost, wall_clock()).await,
        }
    }

    pub(super) async fn window(&self, rate: &RateLimit, key: &str) -> Answer<Window> {
        match &self.place {
            Place::Memory(memory) => Ok(memory.window(self.strategy, rate, key)),
            #[cfg(feature = "redis")]
            Place::Redis(redis) => redis.window(self.strategy, rate, key, wall_clock()).await,
        }
    }

    pub(super) async fn clear(&self, key: &str) -> Answer<()> {
        match &self.place {
            Place::Memory(memory) => memory.clear(key),
            #[cfg(feature = "redis")]
            Place::Redis(redis) => redis.clear(self.strategy, key).await?,
        }
        Ok(())
    }

    pub(super) async fn reset(&self) -> Answer<()> {
        match &self.place {
            Place::Memory(memory) => memory.reset(),
            #[cfg(feature = "redis")]
            Place::Redis(redis) => redis.reset().await?,
        }
        Ok(())
    }

    /// Whether the store answers.
    pub(super) async fn check(&self) -> Result<(), StoreError> {
        match &self.place {
            Place::Memory(_) => Ok(()),
            #[cfg(feature = "redis")]
            Place::Redis(redis) => redis.check().await,
        }
    }

    /// The time, for those who say how long it is until another.
    pub(super) fn now() -> f64 {
        wall_clock()
    }
}
