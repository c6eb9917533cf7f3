//! How often somebody may try: NIST SP 800-63B-4, section 3.2.2.

mod memory;
#[cfg(feature = "redis")]
mod redis;

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use carboy::{Config, Error, ExtensionFuture};

pub use memory::MemoryThrottle;
#[cfg(feature = "redis")]
pub use redis::RedisThrottle;

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
    /// Any of these, and a login by a passkey, from one place. The key is the client's address, of IPv6 the network of 64 bits that it is in.
    Client,
}

impl Attempt {
    /// How many of one key are made in [`WINDOW`].
    const fn most(self) -> u32 {
        match self {
            Self::Password => 10,
            Self::Code | Self::Mail => 5,
            // Many people may share an address.
            Self::Client => 300,
        }
    }
}

/// Ten passwords in five minutes let nobody be locked out for longer than that.
const WINDOW: Duration = Duration::from_secs(300);

/// Counts attempts and says when there were too many. [`MemoryThrottle`] does by itself; an app with several processes counts in Redis
/// (`RedisThrottle`, with the feature `redis`).
///
/// The client is asked about first. One that has to wait is refused at once: nothing of it is counted for the user whom it tries.
pub trait Throttle: Send + Sync + 'static {
    /// Counts an attempt; the time to wait when there were too many, and then it is not made.
    fn count<'a>(
        &'a self,
        attempt: Attempt,
        key: &'a str,
    ) -> ExtensionFuture<'a, carboy::Result<Option<Duration>>>;

    /// Forgets the attempts after one that was right.
    fn forget<'a>(&'a self, attempt: Attempt, key: &'a str) -> ExtensionFuture<'a, carboy::Result<()>>;

    /// Says what is wrong with where attempts are counted, for the command `check`.
    fn check(&self) -> ExtensionFuture<'_, Vec<String>> {
        Box::pin(async { Vec::new() })
    }
}

/// Where SECURITY_THROTTLE_STORAGE_URI says that attempts are counted, else in memory.
pub(super) fn of(config: &Config) -> carboy::Result<Arc<dyn Throttle>> {
    match config.get_str(STORAGE)?.unwrap_or(MEMORY) {
        MEMORY => Ok(Arc::new(MemoryThrottle::new())),
        uri => in_redis(uri),
    }
}

const STORAGE: &str = "SECURITY_THROTTLE_STORAGE_URI";
const MEMORY: &str = "memory://";

#[cfg(feature = "redis")]
fn in_redis(uri: &str) -> carboy::Result<Arc<dyn Throttle>> {
    let throttle = RedisThrottle::open(uri);
    Ok(Arc::new(throttle.map_err(|error| Error::msg(format!("{STORAGE}: {error}")))?))
}

#[cfg(not(feature = "redis"))]
fn in_redis(_: &str) -> carboy::Result<Arc<dyn Throttle>> {
    Err(Error::msg(format!("{STORAGE}: places other than {MEMORY} need the feature `redis` of carboy-ext")))
}

/// The key of a client. Who has an address of IPv6 has the 2^64 addresses beside it, too.
pub(super) fn client_key(address: IpAddr) -> String {
    match address.to_canonical() {
        IpAddr::V4(address) => address.to_string(),
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            format!("{a:x}:{b:x}:{c:x}:{d:x}::/64")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::client_key;

    #[test]
    fn a_client_is_its_address_or_its_network() {
        for (address, key) in [
            ("192.0.2.7", "192.0.2.7"),
            ("::ffff:192.0.2.7", "192.0.2.7"),
            ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
            ("2001:db8:1:2::", "2001:db8:1:2::/64"),
            ("2001:db8:1:3::", "2001:db8:1:3::/64"),
            ("::1", "0:0:0:0::/64"),
        ] {
            assert_eq!(client_key(address.parse().unwrap()), key);
        }
    }
}
