//! Attempts, counted in Redis, for all processes of an app.

use std::fmt;
use std::sync::LazyLock;
use std::time::Duration;

use carboy::security::signing::base64_encode;
use carboy::{Error, ExtensionFuture, Result};
use redis::{Cmd, Script, ScriptInvocation, cmd};
use sha2::{Digest, Sha256};

use super::{Attempt, MemoryThrottle, Throttle, WINDOW};
use crate::redis::{Call, Link, TIMEOUT, Tls};

/// How long the key has to wait in milliseconds, or zero and the attempt is counted.
static COUNT: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        "local made = tonumber(redis.call('GET', KEYS[1]) or 0)
         if made >= tonumber(ARGV[1]) then
             return math.max(redis.call('PTTL', KEYS[1]), 1)
         end
         if redis.call('INCR', KEYS[1]) == 1 then
             redis.call('PEXPIRE', KEYS[1], ARGV[2])
         end
         return 0",
    )
});

/// Counts attempts in Redis, as [`MemoryThrottle`] does in memory: for an app with several processes.
///
/// While Redis does not answer each process counts for itself, in memory: nobody is locked out, and nobody may guess without end. That it does
/// not is logged once. Keys are digests below `carboy_accounts/`.
///
/// The configuration chooses it, too: SECURITY_THROTTLE_STORAGE_URI.
///
/// ```
/// use carboy_ext::accounts::{Accounts, MemoryStore, RedisThrottle};
///
/// let throttle = RedisThrottle::open("redis://127.0.0.1:6379/0")?;
/// let accounts = Accounts::new(MemoryStore::new()).with_throttle(throttle);
/// # Ok::<(), carboy::Error>(())
/// ```
pub struct RedisThrottle {
    link: Link,
    meanwhile: MemoryThrottle,
}

impl RedisThrottle {
    /// Counts in the server of this URL: `redis://host:port/db`, `rediss://` with the feature `redis-tls`, `unix:///path`. It is connected at the
    /// first attempt.
    ///
    /// # Errors
    ///
    /// The URL is not one of a Redis server.
    pub fn open(url: &str) -> Result<Self> {
        let link =
            Link::open("the throttle of accounts", url, TIMEOUT, &Tls::default()).map_err(Error::msg)?;
        Ok(Self { link, meanwhile: MemoryThrottle::new() })
    }

    fn count_there(attempt: Attempt, key: &str) -> ScriptInvocation<'static> {
        let mut script = COUNT.key(name(attempt, key));
        script.arg(attempt.most()).arg(WINDOW.as_millis() as u64);
        script
    }
}

fn name(attempt: Attempt, key: &str) -> String {
    let kind = match attempt {
        Attempt::Password => "password",
        Attempt::Code => "code",
        Attempt::Mail => "mail",
        Attempt::Client => "client",
    };
    format!("carboy_accounts/{kind}/{}", base64_encode(&Sha256::digest(key)[..16]))
}

impl Throttle for RedisThrottle {
    fn count<'a>(&'a self, attempt: Attempt, key: &'a str) -> ExtensionFuture<'a, Result<Option<Duration>>> {
        Box::pin(async move {
            let call = Call::Script(Self::count_there(attempt, key));
            match self.link.ask::<u64>(&call).await {
                Ok(0) => Ok(None),
                Ok(wait) => Ok(Some(Duration::from_millis(wait))),
                Err(_) => self.meanwhile.count(attempt, key).await,
            }
        })
    }

    fn forget<'a>(&'a self, attempt: Attempt, key: &'a str) -> ExtensionFuture<'a, Result<()>> {
        Box::pin(async move {
            // What is not forgotten there ends by itself.
            let _ = self.link.ask::<()>(&Call::Command(Cmd::del(name(attempt, key)))).await;
            self.meanwhile.forget(attempt, key).await
        })
    }

    fn check(&self) -> ExtensionFuture<'_, Vec<String>> {
        Box::pin(async move {
            let answer = self.link.ask::<()>(&Call::Command(cmd("PING"))).await;
            answer.err().map(|error| error.to_string()).into_iter().collect()
        })
    }
}

impl fmt::Debug for RedisThrottle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisThrottle").field("link", &self.link).finish_non_exhaustive()
    }
}
