//! What was chosen by the keys `CACHE_…`.

use super::store::{Memory, Store};
use carboy::{Error, Result, State};
use std::time::Duration;
#[cfg(feature = "redis")]
use std::{path::PathBuf, sync::Arc};

/// What was chosen.
pub(super) struct Settings {
    pub(super) prefix: String,
    pub(super) timeout: Duration,
    pub(super) max_entry_size: usize,
    pub(super) memory_size: u64,
    /// After how long a process that makes something is no longer waited for by others; zero is not at all.
    pub(super) lock: Duration,
}

/// What the configuration says; a URL of code comes before its type.
pub(super) fn of(app: &State, redis_url: Option<&str>) -> Result<(Settings, Store)> {
    let config = app.config();
    let size = |key, default: u64| -> Result<u64> { Ok(config.get(key)?.unwrap_or(default)) };
    let settings = Settings {
        prefix: config.get_str("CACHE_KEY_PREFIX")?.unwrap_or("carboy_cache_").to_owned(),
        timeout: config.get_duration("CACHE_DEFAULT_TIMEOUT")?.unwrap_or(Duration::from_secs(300)),
        max_entry_size: usize::try_from(size("CACHE_MAX_ENTRY_SIZE", 1 << 20)?).unwrap_or(usize::MAX),
        lock: config.get_duration("CACHE_LOCK_TIMEOUT")?.unwrap_or(Duration::from_secs(5)),
        memory_size: size("CACHE_MEMORY_SIZE", 64 << 20)?,
    };
    let kind = match redis_url {
        Some(_) => "redis",
        None => config.get_str("CACHE_TYPE")?.unwrap_or("SimpleCache"),
    };
    // Flask-Caching takes the full name of a class too.
    let store = match kind.rsplit('.').next().unwrap_or(kind).to_ascii_lowercase().as_str() {
        "simplecache" | "simple" | "memory" => Store::Memory(Memory::new(settings.memory_size)),
        "nullcache" | "null" => Store::Null,
        "rediscache" | "redis" => redis(app, redis_url)?,
        _ => {
            return Err(Error::msg(format!(
                "CACHE_TYPE: '{kind}' is no cache: there are SimpleCache, RedisCache and NullCache"
            )));
        }
    };
    Ok((settings, store))
}

#[cfg(feature = "redis")]
fn redis(app: &State, url: Option<&str>) -> Result<Store> {
    use crate::redis::{Link, PemFile, TIMEOUT, Tls};

    let config = app.config();
    let url = match (url, config.get_str("CACHE_REDIS_URL")?) {
        (Some(url), _) | (None, Some(url)) => url.to_owned(),
        (None, None) => {
            let host = config.get_str("CACHE_REDIS_HOST")?.unwrap_or("localhost");
            let port: u16 = config.get("CACHE_REDIS_PORT")?.unwrap_or(6379);
            let database: u16 = config.get("CACHE_REDIS_DB")?.unwrap_or(0);
            let password = match config.get_str("CACHE_REDIS_PASSWORD")? {
                Some(password) => format!(":{}@", percent_encoded(password)),
                None => String::new(),
            };
            format!("redis://{password}{host}:{port}/{database}")
        }
    };
    let timeout = config.get_duration("CACHE_REDIS_TIMEOUT")?.filter(|timeout| !timeout.is_zero());
    let file = |key| -> Result<Option<PemFile>> {
        let path = config.get::<PathBuf>(key)?;
        Ok(path.map(|path| PemFile { key, path: config.instance_path().join(path) }))
    };
    let tls = Tls {
        authorities: file("CACHE_REDIS_CA_FILE")?,
        certificate: file("CACHE_REDIS_CERT_FILE")?,
        key: file("CACHE_REDIS_KEY_FILE")?,
        debug: app.debug(),
    };
    Link::open("the store of the cache", &url, timeout.unwrap_or(TIMEOUT), &tls)
        .map(|link| Store::Redis(Arc::new(link)))
        .map_err(Error::msg)
}

#[cfg(feature = "redis")]
fn percent_encoded(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}

#[cfg(not(feature = "redis"))]
fn redis(_: &State, _: Option<&str>) -> Result<Store> {
    Err(Error::msg("CACHE_TYPE: RedisCache needs the feature `redis` of carboy-ext"))
}
