//! Counters in Redis, under limits' keys and in its forms, so that a Flask application and this one count together.

use super::{
    rate::RateLimit,
    store::StoreError,
    strategy::{Sliding, Strategy, Window, gcra_window},
};
use crate::redis::{Call, Link, LinkError};
use redis::{Cmd, Script, cmd, pipe};
use std::sync::LazyLock;

macro_rules! scripts {
    ($($name:ident = $file:literal;)*) => {
        $(static $name: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!(concat!("lua/", $file, ".lua"))));)*
    };
}

scripts! {
    FIXED_HIT = "fixed_hit";
    MOVING_HIT = "moving_hit";
    MOVING_WINDOW = "moving_window";
    SLIDING = "sliding";
    GCRA = "gcra";
}

/// Counters in one Redis.
pub(super) struct RedisStore {
    link: Link,
    prefix: String,
}

type Answer<T> = Result<T, StoreError>;

impl From<LinkError> for StoreError {
    fn from(error: LinkError) -> Self {
        StoreError(error.to_string())
    }
}

impl RedisStore {
    /// The keys begin with `prefix` and a colon.
    pub(super) fn new(link: Link, prefix: String) -> Self {
        RedisStore { link, prefix }
    }

    pub(super) async fn hit(
        &self,
        strategy: Strategy,
        rate: &RateLimit,
        key: &str,
        cost: u64,
        now: f64,
    ) -> Answer<bool> {
        let (amount, window) = (rate.amount(), rate.window());
        Ok(match strategy {
            Strategy::FixedWindow => {
                let mut script = FIXED_HIT.key(self.key(key));
                script.arg(window).arg(cost);
                self.link.ask::<u64>(&Call::Script(script)).await? <= amount
            }
            Strategy::MovingWindow => {
                let mut script = MOVING_HIT.key(self.key(key));
                script.arg(now).arg(amount).arg(window).arg(cost);
                self.link.ask(&Call::Script(script)).await?
            }
            Strategy::SlidingWindowCounter => self.sliding(rate, key, cost).await?.0,
            Strategy::Gcra => self.gcra(rate, key, cost).await?.0,
        })
    }

    pub(super) async fn test(
        &self,
        strategy: Strategy,
        rate: &RateLimit,
        key: &str,
        cost: u64,
        now: f64,
    ) -> Answer<bool> {
        let (amount, window) = (rate.amount(), rate.window());
        Ok(match strategy {
            Strategy::FixedWindow => {
                let get = Cmd::get(self.key(key));
                self.link.ask::<Option<u64>>(&Call::Command(get)).await?.unwrap_or(0).saturating_add(cost)
                    <= amount
            }
            Strategy::MovingWindow => {
                self.moving(key, now - window as f64).await?.1.saturating_add(cost) <= amount
            }
            Strategy::SlidingWindowCounter => {
                let sliding = self.sliding(rate, key, 0).await?.1;
                cost <= amount && sliding.weighted(window) < (amount - cost + 1) as f64
            }
            Strategy::Gcra => {
                gcra_window(self.gcra(rate, key, 0).await?.1, 0.0, amount, window).remaining >= cost
            }
        })
    }

    pub(super) async fn window(
        &self,
        strategy: Strategy,
        rate: &RateLimit,
        key: &str,
        now: f64,
    ) -> Answer<Window> {
        let (amount, window) = (rate.amount(), rate.window());
        Ok(match strategy {
            Strategy::FixedWindow => {
                let key = self.key(key);
                let mut both = pipe();
                both.get(&key).ttl(&key);
                let (hits, seconds): (Option<u64>, i64) = self.link.ask(&Call::Pipeline(both)).await?;
                Window {
                    reset: now + seconds.max(0) as f64,
                    remaining: amount.saturating_sub(hits.unwrap_or(0)),
                }
            }
            Strategy::MovingWindow => {
                let (oldest, hits) = self.moving(key, now - window as f64).await?;
                Window {
                    reset: oldest.unwrap_or(now) + window as f64,
                    remaining: amount.saturating_sub(hits),
                }
            }
            Strategy::SlidingWindowCounter => self.sliding(rate, key, 0).await?.1.window(now, amount, window),
            Strategy::Gcra => gcra_window(now + self.gcra(rate, key, 0).await?.1, now, amount, window),
        })
    }

    /// The oldest hit since then, and how many there are.
    async fn moving(&self, key: &str, since: f64) -> Answer<(Option<f64>, u64)> {
        let mut script = MOVING_WINDOW.key(self.key(key));
        script.arg(since);
        Ok(self.link.ask(&Call::Script(script)).await?)
    }

    /// Whether `cost` was taken, and what the counters said before.
    async fn sliding(&self, rate: &RateLimit, key: &str, cost: u64) -> Answer<(bool, Sliding)> {
        let [before, this] = self.sliding_keys(key);
        let mut script = SLIDING.key(before);
        script.key(this).arg(rate.window()).arg(rate.amount()).arg(cost);
        let (taken, previous, previous_for, current, current_for): (bool, u64, f64, u64, f64) =
            self.link.ask(&Call::Script(script)).await?;
        let sliding = Sliding {
            previous,
            previous_for: previous_for / 1000.0,
            current,
            current_for: current_for / 1000.0,
        };
        Ok((taken, sliding))
    }

    /// Whether `cost` was taken, and in how many seconds the counter is full.
    async fn gcra(&self, rate: &RateLimit, key: &str, cost: u64) -> Answer<(bool, f64)> {
        let mut script = GCRA.key(self.gcra_key(key));
        script.arg(rate.window()).arg(rate.amount()).arg(cost);
        let (taken, micros): (bool, f64) = self.link.ask(&Call::Script(script)).await?;
        Ok((taken, micros / 1e6))
    }

    pub(super) async fn clear(&self, strategy: Strategy, key: &str) -> Answer<()> {
        let keys = match strategy {
            Strategy::FixedWindow | Strategy::MovingWindow => vec![self.key(key)],
            Strategy::SlidingWindowCounter => self.sliding_keys(key).to_vec(),
            Strategy::Gcra => vec![self.gcra_key(key)],
        };
        Ok(self.link.ask(&Call::Command(Cmd::del(&keys))).await?)
    }

    /// Forgets all counters, a few at a time, so that others are served meanwhile.
    pub(super) async fn reset(&self) -> Answer<()> {
        let pattern = format!("{}:*", crate::redis::escaped(&self.prefix));
        Ok(self.link.delete_matching(&pattern).await?)
    }

    pub(super) async fn check(&self) -> Answer<()> {
        Ok(self.link.ask(&Call::Command(cmd("PING"))).await?)
    }

    fn key(&self, key: &str) -> String {
        format!("{}:{key}", self.prefix)
    }

    /// The braces keep both on one node of a cluster.
    fn sliding_keys(&self, key: &str) -> [String; 2] {
        [format!("{}:{{{key}}}/-1", self.prefix), format!("{}:{{{key}}}", self.prefix)]
    }

    fn gcra_key(&self, key: &str) -> String {
        format!("{}:{key}/gcra", self.prefix)
    }
}
