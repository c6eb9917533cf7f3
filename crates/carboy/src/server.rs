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
//! | `SERVER_FIRST_BYTE_TIMEOUT` | [`first_byte_timeout`](ServerConfig::first_byte_timeout) | seconds, at least one |
//! | `SERVER_HEADER_TIMEOUT` | [`header_timeout`](ServerConfig::header_timeout) | seconds, at least one |
//! | `SERVER_BODY_GAP_TIMEOUT` | [`body_gap_timeout`](ServerConfig::body_gap_timeout) | seconds, at least one |
//! | `SERVER_MIN_BODY_RATE` | [`min_body_rate`](ServerConfig::min_body_rate) | bytes a second |
//! | `SERVER_WRITE_TIMEOUT` | [`write_timeout`](ServerConfig::write_timeout) | seconds, at least one |
//! | `SERVER_REQUEST_TIMEOUT` | [`request_timeout`](ServerConfig::request_timeout) | seconds, at least one |
//! | `SERVER_HALF_CLOSE` | [`half_close`](ServerConfig::half_close) | whether |
//! | `SERVER_MAX_HEADERS` | [`max_headers`](ServerConfig::max_headers) | fields |
//! | `SERVER_MAX_HEAD_SIZE` | [`max_head_size`](ServerConfig::max_head_size) | bytes |
//! | `SERVER_HTTP2_MAX_STREAMS` | [`http2_max_concurrent_streams`](ServerConfig::http2_max_concurrent_streams) | requests |
//! | `SERVER_HTTP2_MAX_HEADER_LIST_SIZE` | [`http2_max_header_list_size`](ServerConfig::http2_max_header_list_size) | bytes |
//! | `SERVER_HTTP2_MAX_CONTROL_FRAMES` | [`http2_max_control_frames`](ServerConfig::http2_max_control_frames) | frames a second |
//! | `SERVER_REDIRECT` | `redirect_to_https`, with the feature `tls` | an address: `0.0.0.0:80` |
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
    if let Some(limit) = deadline(config, "SERVER_FIRST_BYTE_TIMEOUT")? {
        server = server.first_byte_timeout(limit);
    }
    if let Some(limit) = deadline(config, "SERVER_HEADER_TIMEOUT")? {
        server = server.header_timeout(limit);
    }
    if let Some(limit) = deadline(config, "SERVER_BODY_GAP_TIMEOUT")? {
        server = server.body_gap_timeout(limit);
    }
    if let Some(rate) = config.get("SERVER_MIN_BODY_RATE")? {
        server = server.min_body_rate(rate);
    }
    if let Some(limit) = deadline(config, "SERVER_WRITE_TIMEOUT")? {
        server = server.write_timeout(limit);
    }
    if let Some(limit) = deadline(config, "SERVER_REQUEST_TIMEOUT")? {
        server = server.request_timeout(limit);
    }
    if let Some(allowed) = config.get("SERVER_HALF_CLOSE")? {
        server = server.half_close(allowed);
    }
    if let Some(fields) = config.get("SERVER_MAX_HEADERS")? {
        server = server.max_headers(fields);
    }
    if let Some(bytes) = config.get("SERVER_MAX_HEAD_SIZE")? {
        server = server.max_head_size(bytes);
    }
    if let Some(streams) = config.get("SERVER_HTTP2_MAX_STREAMS")? {
        server = server.http2_max_concurrent_streams(streams);
    }
    if let Some(bytes) = config.get("SERVER_HTTP2_MAX_HEADER_LIST_SIZE")? {
        server = server.http2_max_header_list_size(bytes);
    }
    if let Some(frames) = config.get("SERVER_HTTP2_MAX_CONTROL_FRAMES")? {
        server = server.http2_max_control_frames(frames);
    }
    if let Some(address) = config.get::<String>("SERVER_REDIRECT")? {
        server = redirected(server, address)?;
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

/// A server that sends plain HTTP to HTTPS from this address.
#[cfg(feature = "tls")]
fn redirected(server: ServerConfig, address: String) -> Result<ServerConfig> {
    Ok(server.redirect_to_https(HttpsRedirect::on(address)))
}

#[cfg(not(feature = "tls"))]
fn redirected(_: ServerConfig, _: String) -> Result<ServerConfig> {
    Err(Error::msg("SERVER_REDIRECT needs the feature \"tls\" of carboy: this program cannot serve HTTPS"))
}

/// A time in which nobody can be served when it is zero.
fn deadline(config: &Config, key: &str) -> Result<Option<Duration>> {
    match seconds(config, key)? {
        Some(Duration::ZERO) => {
            Err(Error::msg(format!("{key} is 0: nobody is so quick; it takes seconds, at least one")))
        }
        limit => Ok(limit),
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

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn configured_by(key: &str, value: impl Into<serde_json::Value>) -> Result<String> {
        let mut config = Config::default();
        config.set(key, value.into());
        configured(ServerConfig::new(), &config).map(|server| format!("{server:?}"))
    }

    #[test]
    fn each_deadline_and_limit_has_a_key() {
        let s = Duration::from_secs;
        let new = ServerConfig::new;
        for (key, value, chosen) in [
            ("SERVER_FIRST_BYTE_TIMEOUT", json!(3), new().first_byte_timeout(s(3))),
            ("SERVER_HEADER_TIMEOUT", json!(3), new().header_timeout(s(3))),
            ("SERVER_KEEP_ALIVE_TIMEOUT", json!(3), new().keep_alive_timeout(s(3))),
            ("SERVER_BODY_GAP_TIMEOUT", json!(3), new().body_gap_timeout(s(3))),
            ("SERVER_MIN_BODY_RATE", json!(3), new().min_body_rate(3)),
            ("SERVER_WRITE_TIMEOUT", json!(3), new().write_timeout(s(3))),
            ("SERVER_REQUEST_TIMEOUT", json!(3), new().request_timeout(s(3))),
            ("SERVER_HALF_CLOSE", json!(true), new().half_close(true)),
            ("SERVER_MAX_HEADERS", json!(3), new().max_headers(3)),
            ("SERVER_MAX_HEAD_SIZE", json!(9000), new().max_head_size(9000)),
            ("SERVER_HTTP2_MAX_STREAMS", json!(3), new().http2_max_concurrent_streams(3)),
            ("SERVER_HTTP2_MAX_HEADER_LIST_SIZE", json!(3), new().http2_max_header_list_size(3)),
            ("SERVER_HTTP2_MAX_CONTROL_FRAMES", json!(3), new().http2_max_control_frames(3)),
        ] {
            let chosen = format!("{chosen:?}");
            assert_ne!(chosen, format!("{:?}", new()), "{key}");
            assert_eq!(configured_by(key, value).unwrap(), chosen, "{key}");
        }
    }

    #[test]
    fn a_deadline_of_no_seconds_is_refused_with_its_key() {
        for key in ["FIRST_BYTE", "HEADER", "BODY_GAP", "WRITE", "REQUEST"] {
            let key = format!("SERVER_{key}_TIMEOUT");
            let error = configured_by(&key, 0).unwrap_err().to_string();
            assert!(error.starts_with(&format!("{key} is 0")), "{error}");
        }
    }
}
