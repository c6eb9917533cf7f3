//! The server that [`App::run`](crate::App::run) starts, and what can be chosen about it.
//!
//! An app chooses in [`App::server`](crate::App::server). Whoever runs it chooses in the configuration, by the keys
//! below, and with the options of `run`; each of these wins over the one before it.
//!
//! | key | [`ServerConfig`] | value |
//! |---|---|---|
//! | `SERVER_BIND` | [`bind`](ServerConfig::bind) | addresses: `["127.0.0.1:8000", "unix:/run/shop.sock?mode=660"]` |
//! | `SERVER_WORKERS` | [`workers`](ServerConfig::workers) | threads |
//! | `SERVER_MAX_CONNECTIONS` | [`max_connections`](ServerConfig::max_connections) | connections |
//! | `SERVER_KEEP_ALIVE_TIMEOUT` | [`keep_alive_timeout`](ServerConfig::keep_alive_timeout) | seconds |
//! | `SERVER_DRAIN_DELAY` | [`drain_delay`](ServerConfig::drain_delay) | seconds |
//! | `SERVER_DRAIN_TIMEOUT` | [`drain_timeout`](ServerConfig::drain_timeout) | seconds |
//! | `SERVER_READINESS_PATH` | [`readiness_path`](ServerConfig::readiness_path) | a path: `/readyz` |
//! | `SERVER_LIVENESS_PATH` | [`liveness_path`](ServerConfig::liveness_path) | a path: `/livez` |
//! | `SERVER_PID_FILE` | [`pid_file`](ServerConfig::pid_file) | a file |
//! | `SERVER_ACCESS_LOG` | [`access_log`](ServerConfig::access_log) | `off`, `common`, `combined` |
//!
//! ```
//! use carboy::prelude::*;
//! use std::time::Duration;
//!
//! let mut app = App::new("shop");
//! app.server(|server| server.bind("127.0.0.1:8000").drain_timeout(Duration::from_secs(10)));
//! ```

use crate::{Config, Error, Result};
use std::time::Duration;

pub use carboy_server::{
    AccessLog, BindAddress, BoundAddress, Inherited, Listener, LogSink, Metrics, RequestIds, RunningServer,
    Server, ServerConfig, ServerError, ServerErrorKind, ShutdownHandle,
};

/// What the configuration says about the server, over what the app chose.
pub(crate) fn configured(mut server: ServerConfig, config: &Config) -> Result<ServerConfig> {
    if let Some(addresses) = config.get::<Vec<String>>("SERVER_BIND")? {
        server = server.bind_only(addresses);
    }
    if let Some(threads) = config.get("SERVER_WORKERS")? {
        server = server.workers(threads);
    }
    if let Some(connections) = config.get("SERVER_MAX_CONNECTIONS")? {
        server = server.max_connections(connections);
    }
    if let Some(limit) = seconds(config, "SERVER_KEEP_ALIVE_TIMEOUT")? {
        server = server.keep_alive_timeout(limit);
    }
    if let Some(delay) = seconds(config, "SERVER_DRAIN_DELAY")? {
        server = server.drain_delay(delay);
    }
    if let Some(path) = path(config, "SERVER_READINESS_PATH")? {
        server = server.readiness_path(path);
    }
    if let Some(path) = path(config, "SERVER_LIVENESS_PATH")? {
        server = server.liveness_path(path);
    }
    if let Some(file) = config.get::<String>("SERVER_PID_FILE")? {
        server = server.pid_file(file);
    }
    if let Some(limit) = seconds(config, "SERVER_DRAIN_TIMEOUT")? {
        server = server.drain_timeout(limit);
    }
    if let Some(form) = config.get::<String>("SERVER_ACCESS_LOG")? {
        server = server.access_log(access_log(&form).ok_or_else(|| {
            Error::msg(format!(
                "SERVER_ACCESS_LOG is \"{form}\": it takes one of {}",
                ACCESS_LOGS.map(|(name, _)| name).join(", ")
            ))
        })?);
    }
    Ok(server)
}

fn seconds(config: &Config, key: &str) -> Result<Option<Duration>> {
    Ok(config.get::<u64>(key)?.map(Duration::from_secs))
}

fn path(config: &Config, key: &str) -> Result<Option<String>> {
    match config.get::<String>(key)? {
        Some(path) if !path.starts_with('/') => {
            Err(Error::msg(format!("{key} is \"{path}\": a path begins with a slash")))
        }
        path => Ok(path),
    }
}

/// The forms of the access log by the words for them.
pub(crate) const ACCESS_LOGS: [(&str, AccessLog); 3] =
    [("off", AccessLog::Off), ("common", AccessLog::Common), ("combined", AccessLog::Combined)];

/// The form that a word names.
pub(crate) fn access_log(word: &str) -> Option<AccessLog> {
    ACCESS_LOGS.iter().find(|(name, _)| *name == word).map(|(_, form)| *form)
}
