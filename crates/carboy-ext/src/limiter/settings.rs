//! What was chosen in code and by the keys `RATELIMIT_…`.

use super::{
    limit::Limit,
    memory::{MemoryStore, SIZE},
    store::Store,
    strategy::Strategy,
};
use carboy::{Config, Error, HeaderName, Result, State, config::ConfigError};

/// The names of the header fields that tell about a limit.
#[derive(Debug, Clone)]
pub struct HeaderNames {
    /// How many requests the window lets in. Default `X-RateLimit-Limit`.
    pub limit: String,
    /// How many are left. Default `X-RateLimit-Remaining`.
    pub remaining: String,
    /// When there are more, in seconds since 1970. Default `X-RateLimit-Reset`.
    pub reset: String,
    /// In how many seconds. Default `Retry-After`.
    pub retry_after: String,
}

impl Default for HeaderNames {
    fn default() -> Self {
        HeaderNames {
            limit: "X-RateLimit-Limit".to_owned(),
            remaining: "X-RateLimit-Remaining".to_owned(),
            reset: "X-RateLimit-Reset".to_owned(),
            retry_after: "Retry-After".to_owned(),
        }
    }
}

/// What code chose; the configuration fills what it left open.
#[derive(Clone, Default)]
pub(super) struct Chosen {
    pub(super) enabled: Option<bool>,
    pub(super) strategy: Option<Strategy>,
    pub(super) storage_uri: Option<String>,
    pub(super) key_prefix: Option<String>,
    pub(super) headers: Option<bool>,
    pub(super) header_names: Option<HeaderNames>,
    pub(super) swallow_errors: Option<bool>,
    pub(super) fail_on_first_breach: Option<bool>,
    pub(super) in_memory_fallback: Vec<Limit>,
    pub(super) in_memory_fallback_enabled: Option<bool>,
}

/// All of it, for a running app.
pub(super) struct Settings {
    pub(super) key_prefix: String,
    pub(super) headers: Option<Headers>,
    pub(super) swallow_errors: bool,
    pub(super) fail_on_first_breach: bool,
    pub(super) store: Store,
    /// Counts while the store does not answer.
    pub(super) fallback: Option<Store>,
    /// Take the place of all others meanwhile.
    pub(super) fallback_limits: Vec<Limit>,
}

/// How answers tell about limits.
pub(super) struct Headers {
    pub(super) limit: HeaderName,
    pub(super) remaining: HeaderName,
    pub(super) reset: HeaderName,
    pub(super) retry_after: HeaderName,
    pub(super) retry_after_as_date: bool,
}

/// A key of the configuration that is a switch and may be absent.
fn switch(config: &Config, key: &str) -> Result<Option<bool>, ConfigError> {
    let there = config.value(key).is_some_and(|value| !value.is_null());
    if there { config.get_bool(key).map(Some) } else { Ok(None) }
}

/// Whether limits are on at all: the configuration wins over code here.
pub(super) fn enabled(chosen: &Chosen, config: &Config) -> Result<bool> {
    Ok(switch(config, "RATELIMIT_ENABLED")?.or(chosen.enabled).unwrap_or(true))
}

/// The limits of a key, with what keys say of how they count.
pub(super) fn limits(config: &Config, key: &str, per_method: &str, cost: &str) -> Result<Option<Limit>> {
    let Some(text) = config.get_str(key)?.filter(|text| !text.is_empty()) else { return Ok(None) };
    let mut limit = Limit::new(text);
    limit.per_method = switch(config, per_method)?.unwrap_or(false);
    if let Some(cost) = config.get::<u64>(cost)? {
        limit = limit.cost(cost);
    }
    Ok(Some(limit))
}

impl Settings {
    pub(super) fn of(chosen: &Chosen, app: &State) -> Result<Self> {
        let config = app.config();
        let strategy = match (chosen.strategy, config.get_str("RATELIMIT_STRATEGY")?) {
            (Some(strategy), _) => strategy,
            (None, Some(name)) => {
                name.parse().map_err(|error| Error::msg(format!("RATELIMIT_STRATEGY: {error}")))?
            }
            (None, None) => Strategy::default(),
        };
        let size = match config.get::<u64>("RATELIMIT_MEMORY_SIZE")? {
            Some(size) => usize::try_from(size).unwrap_or(usize::MAX),
            None => SIZE,
        };
        let memory = || Store::memory(strategy, MemoryStore::new(size));
        let uri = match &chosen.storage_uri {
            Some(uri) => Some(uri.as_str()),
            None => config.get_str("RATELIMIT_STORAGE_URI")?,
        };
        let store = match uri.unwrap_or("memory://") {
            "memory://" | "async+memory://" => memory(),
            uri => redis(strategy, uri, app)?,
        };
        let mut fallback_limits = chosen.in_memory_fallback.clone();
        if fallback_limits.is_empty()
            && let Some(text) =
                config.get_str("RATELIMIT_IN_MEMORY_FALLBACK")?.filter(|text| !text.is_empty())
        {
            fallback_limits.push(Limit::new(text));
        }
        let falls_back = match chosen.in_memory_fallback_enabled {
            Some(true) => true,
            _ => config.get_bool("RATELIMIT_IN_MEMORY_FALLBACK_ENABLED")? || !fallback_limits.is_empty(),
        };
        Ok(Settings {
            key_prefix: match &chosen.key_prefix {
                Some(prefix) => prefix.clone(),
                None => config.get_str("RATELIMIT_KEY_PREFIX")?.unwrap_or_default().to_owned(),
            },
            headers: match chosen.headers.or(switch(config, "RATELIMIT_HEADERS_ENABLED")?) {
                Some(true) => Some(Headers::of(chosen, config)?),
                _ => None,
            },
            swallow_errors: chosen
                .swallow_errors
                .or(switch(config, "RATELIMIT_SWALLOW_ERRORS")?)
                .unwrap_or(false),
            fail_on_first_breach: chosen
                .fail_on_first_breach
                .or(switch(config, "RATELIMIT_FAIL_ON_FIRST_BREACH")?)
                .unwrap_or(true),
            store,
            fallback: falls_back.then(memory),
            fallback_limits,
        })
    }
}

impl Headers {
    fn of(chosen: &Chosen, config: &Config) -> Result<Self> {
        let defaults = HeaderNames::default();
        let name = |chosen: Option<&String>, key: &str, default: &str| -> Result<HeaderName> {
            let name = match chosen {
                Some(name) => name.as_str(),
                None => config.get_str(key)?.unwrap_or(default),
            };
            name.parse().map_err(|_| Error::msg(format!("{key}: '{name}' is no name of a header field")))
        };
        let names = chosen.header_names.as_ref();
        Ok(Headers {
            limit: name(names.map(|n| &n.limit), "RATELIMIT_HEADER_LIMIT", &defaults.limit)?,
            remaining: name(names.map(|n| &n.remaining), "RATELIMIT_HEADER_REMAINING", &defaults.remaining)?,
            reset: name(names.map(|n| &n.reset), "RATELIMIT_HEADER_RESET", &defaults.reset)?,
            retry_after: name(
                names.map(|n| &n.retry_after),
                "RATELIMIT_HEADER_RETRY_AFTER",
                &defaults.retry_after,
            )?,
            retry_after_as_date: config.get_str("RATELIMIT_HEADER_RETRY_AFTER_VALUE")? == Some("http-date"),
        })
    }
}

#[cfg(feature = "redis")]
fn redis(strategy: Strategy, uri: &str, app: &State) -> Result<Store> {
    use super::redis_store::RedisStore;
    use crate::redis::{Link, PemFile, TIMEOUT, Tls};
    use serde::Deserialize;
    use std::{path::PathBuf, time::Duration};

    /// Those of redis-py and limits that mean something here.
    #[derive(Deserialize, Default)]
    struct Options {
        key_prefix: Option<String>,
        socket_timeout: Option<f64>,
        socket_connect_timeout: Option<f64>,
        ssl_ca_certs: Option<PathBuf>,
        ssl_certfile: Option<PathBuf>,
        ssl_keyfile: Option<PathBuf>,
    }

    let config = app.config();
    let options: Options = config.get("RATELIMIT_STORAGE_OPTIONS")?.unwrap_or_default();
    let timeout = options.socket_timeout.or(options.socket_connect_timeout);
    let timeout = match timeout.map(Duration::try_from_secs_f64) {
        None => TIMEOUT,
        Some(Ok(timeout)) if !timeout.is_zero() => timeout,
        Some(_) => {
            return Err(Error::msg("RATELIMIT_STORAGE_OPTIONS: a timeout is a number of seconds above zero"));
        }
    };
    let file = |key, path: Option<PathBuf>| {
        path.map(|path| PemFile { key, path: config.instance_path().join(path) })
    };
    let tls = Tls {
        authorities: file("ssl_ca_certs of RATELIMIT_STORAGE_OPTIONS", options.ssl_ca_certs),
        certificate: file("ssl_certfile of RATELIMIT_STORAGE_OPTIONS", options.ssl_certfile),
        key: file("ssl_keyfile of RATELIMIT_STORAGE_OPTIONS", options.ssl_keyfile),
        debug: app.debug(),
    };
    let link = Link::open("the store of rate limits", uri, timeout, &tls).map_err(Error::msg)?;
    Ok(Store::redis(
        strategy,
        RedisStore::new(link, options.key_prefix.unwrap_or_else(|| "LIMITS".to_owned())),
    ))
}

#[cfg(not(feature = "redis"))]
fn redis(_: Strategy, _: &str, _: &State) -> Result<Store> {
    Err(Error::msg(
        "RATELIMIT_STORAGE_URI: stores other than memory:// need the feature `redis` of carboy-ext",
    ))
}
