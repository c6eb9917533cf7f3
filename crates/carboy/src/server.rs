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
//! | `SERVER_ACCESS_LOG` | [`access_log`](ServerConfig::access_log) | `off`, `common`, `combined`, `json` |
//! | `SERVER_ACCESS_LOG_FILE` | [`access_log_to`](ServerConfig::access_log_to) | a file, `stdout`, `stderr` |
//! | `SERVER_REQUEST_IDS` | [`request_ids`](ServerConfig::request_ids) | `off`, `on`, `echo` |
//! | `SERVER_METRICS` | [`metrics_on`](ServerConfig::metrics_on) | an address: `127.0.0.1:9100` |
//! | `SERVER_PROXY_PROTOCOL` | [`proxy_protocol`](ServerConfig::proxy_protocol) | networks, or `unix`: `["10.0.0.0/8"]` |
//!
//! ```
//! use carboy::prelude::*;
//! use std::time::Duration;
//!
//! let mut app = App::new("shop");
//! app.server(|server| server.bind("127.0.0.1:8000").drain_timeout(Duration::from_secs(10)));
//! ```

use crate::{Config, Error, Result, logging, polling, watch};
use carboy_http::proxy::TrustedProxies;
use std::time::Duration;

#[cfg(feature = "acme")]
pub use carboy_server::AcmeConfig;
pub use carboy_server::{
    AccessLog, BindAddress, BoundAddress, Inherited, Listener, LogSink, Metrics, RequestIds, RunningServer,
    Server, ServerConfig, ServerError, ServerErrorKind, ShutdownHandle,
};
#[cfg(feature = "tls")]
pub use carboy_server::{ClientCertificates, HttpsRedirect, TlsConfig};

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
    if let Some(form) = word(config, "SERVER_ACCESS_LOG", &ACCESS_LOGS)? {
        server = server.access_log(form);
    }
    if let Some(place) = config.get::<String>("SERVER_ACCESS_LOG_FILE")? {
        server = server.access_log_to(log_sink(&place)?);
    }
    if let Some(ids) = word(config, "SERVER_REQUEST_IDS", &REQUEST_IDS)? {
        server = server.request_ids(ids);
    }
    if let Some(address) = config.get::<String>("SERVER_METRICS")? {
        server = server.metrics_on(address);
    }
    if let Some(peers) = config.get::<Vec<String>>("SERVER_PROXY_PROTOCOL")? {
        let peers = TrustedProxies::new(peers)
            .map_err(|wrong| Error::msg(format!("SERVER_PROXY_PROTOCOL: {wrong}")))?;
        server = server.proxy_protocol(peers);
    }
    Ok(server)
}

/// Adds what an app knows of itself to the figures: panics that became answers, workers that are held up, and lines of the log that were lost.
///
/// [`App::run`](crate::App::run) does so by itself.
pub fn add_figures_of_apps(metrics: &Metrics) {
    metrics.counter("carboy_view_panics_total", "Panics in views and hooks.", polling::panics);
    metrics.gauge(
        "carboy_blocked_workers",
        "Threads that one poll of a view holds up for more than 100 ms.",
        || watch::blocked() as f64,
    );
    metrics.counter("carboy_log_lines_dropped_total", "Lines of the log that were lost.", logging::lost);
}

/// The value that a key's word stands for.
fn word<T: Copy, const N: usize>(config: &Config, key: &str, words: &[(&str, T); N]) -> Result<Option<T>> {
    let Some(said) = config.get::<String>(key)? else { return Ok(None) };
    match words.iter().find(|(word, _)| *word == said.to_ascii_lowercase()) {
        Some((_, value)) => Ok(Some(*value)),
        None => {
            let words = words.each_ref().map(|(word, _)| *word).join(", ");
            Err(Error::msg(format!("{key} is \"{said}\": it takes one of {words}")))
        }
    }
}

/// Where an access log goes.
pub(crate) fn log_sink(place: &str) -> Result<LogSink> {
    match place {
        "stdout" | "-" => Ok(LogSink::stdout()),
        "stderr" => Ok(LogSink::stderr()),
        file => LogSink::file(file)
            .map_err(|error| Error::msg(format!("the access log cannot be written to {file}: {error}"))),
    }
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
pub(crate) const ACCESS_LOGS: [(&str, AccessLog); 4] = [
    ("off", AccessLog::Off),
    ("common", AccessLog::Common),
    ("combined", AccessLog::Combined),
    ("json", AccessLog::Json),
];

const REQUEST_IDS: [(&str, RequestIds); 3] =
    [("off", RequestIds::Off), ("on", RequestIds::On), ("echo", RequestIds::Echo)];

/// The form that a word names.
pub(crate) fn access_log(word: &str) -> Option<AccessLog> {
    ACCESS_LOGS.iter().find(|(name, _)| *name == word).map(|(_, form)| *form)
}
