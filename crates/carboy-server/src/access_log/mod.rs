//! One line for each answer, in the formats that log tools know; what a client wrote cannot forge one.

mod escape;
mod json;
mod text;

use crate::{AccessLog, ServerConfig};
use carboy_http::{MatchedRoute, without_secrets};
use http::{HeaderValue, Method, Uri, Version, header, request::Parts};
use std::{
    borrow::Cow,
    net::SocketAddr,
    time::{Duration, SystemTime},
};

/// What the line of a request needs, kept until its answer is complete.
#[derive(Debug)]
pub(crate) struct Entry {
    format: AccessLog,
    client: Option<SocketAddr>,
    method: Method,
    uri: Uri,
    version: Version,
    host: Option<HeaderValue>,
    referer: Option<HeaderValue>,
    agent: Option<HeaderValue>,
}

/// What is known of an answer.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Outcome<'a> {
    pub(crate) status: u16,
    /// How many bytes of the body went out.
    pub(crate) bytes: u64,
    pub(crate) duration: Duration,
    pub(crate) request_id: Option<&'a str>,
    pub(crate) user: Option<&'a str>,
    pub(crate) route: Option<&'a MatchedRoute>,
}

impl Entry {
    /// Begins a line; nothing when the log is off or nobody listens to it.
    pub(crate) fn begin(config: &ServerConfig, peer: Option<SocketAddr>, parts: &Parts) -> Option<Entry> {
        let format = config.access_log;
        let listens = config.access_log_to.is_some()
            || tracing::enabled!(target: "carboy::access", tracing::Level::INFO);
        if format == AccessLog::Off || !listens {
            return None;
        }
        let field = |name| if format == AccessLog::Common { None } else { parts.headers.get(name).cloned() };
        let client = config.proxies.as_ref().map_or(peer, |proxies| proxies.client(peer, &parts.headers));
        Some(Entry {
            format,
            client,
            method: parts.method.clone(),
            uri: parts.uri.clone(),
            version: parts.version,
            host: if format == AccessLog::Json { field(header::HOST) } else { None },
            referer: field(header::REFERER),
            agent: field(header::USER_AGENT),
        })
    }

    /// Writes the line.
    pub(crate) fn end(&self, config: &ServerConfig, outcome: Outcome<'_>) {
        let line = self.line(outcome, SystemTime::now());
        match &config.access_log_to {
            Some(sink) => sink.write_line(line.as_bytes()),
            None => tracing::info!(target: "carboy::access", "{line}"),
        }
    }

    fn line(&self, outcome: Outcome<'_>, now: SystemTime) -> String {
        let mut line = String::with_capacity(256);
        match self.format {
            AccessLog::Json => json::write(&mut line, self, outcome, now),
            _ => text::write(&mut line, self, outcome, now),
        }
        line
    }

    /// The target as it came in, without a host and without secrets.
    fn target(&self) -> Cow<'_, [u8]> {
        self.uri
            .path_and_query()
            .map_or(Cow::Borrowed(b"-"), |target| without_secrets(target.as_str().as_bytes()))
    }

    /// The page that the client came from, likewise.
    fn referer(&self) -> Option<Cow<'_, [u8]>> {
        self.referer.as_ref().map(|value| without_secrets(value.as_bytes()))
    }

    fn agent(&self) -> Option<Cow<'_, [u8]>> {
        self.agent.as_ref().map(|value| Cow::Borrowed(value.as_bytes()))
    }
}

#[cfg(test)]
fn example(format: AccessLog, agent: &[u8]) -> Entry {
    Entry {
        format,
        client: Some(([10, 0, 0, 7], 4711).into()),
        method: Method::GET,
        uri: "/a?b=c".parse().unwrap(),
        version: Version::HTTP_11,
        host: Some(HeaderValue::from_static("shop.example")),
        referer: None,
        agent: HeaderValue::from_bytes(agent).ok(),
    }
}
