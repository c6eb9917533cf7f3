//! What is noted of one request for those who watch: the access log, metrics, and whoever follows a request by its id.
//!
//! When nobody watches there is no record, and a request pays for a look at one flag.

use crate::{
    AccessLog, ServerConfig,
    access_log::{Entry, Outcome},
    metrics::InFlight,
    request_id,
};
use carboy_http::{LogUser, MatchedRoute, RequestId, Response};
use http::{HeaderName, HeaderValue, request::Parts};
use std::{net::SocketAddr, sync::Arc, time::Instant};

/// nginx's status for "client closed request"; only ever logged.
const CLIENT_LEFT: u16 = 499;

/// The field in which a request's id travels.
pub(crate) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// What is noted of a request; told to those who watch when it is dropped, with its exchange.
#[derive(Debug)]
pub(crate) struct Record {
    config: Arc<ServerConfig>,
    started: Instant,
    entry: Option<Entry>,
    request_id: Option<RequestId>,
    route: MatchedRoute,
    user: Option<LogUser>,
    in_flight: Option<InFlight>,
    /// Until there is an answer, that the client left before one.
    status: u16,
    bytes: u64,
}

impl Record {
    /// Begins a record when anybody watches, and tells the request what it will be known by.
    pub(crate) fn begin(
        config: &Arc<ServerConfig>,
        peer: Option<SocketAddr>,
        parts: &mut Parts,
    ) -> Option<Box<Self>> {
        if !config.watched() || config.life.health.is_silent(parts.uri.path()) {
            return None;
        }
        Self::of(config, peer, parts)
    }

    /// Begins a record of what was refused before it was a request, when anybody watches: of what can be read of it.
    pub(crate) fn refused(
        config: &Arc<ServerConfig>,
        peer: Option<SocketAddr>,
        read: impl FnOnce() -> Parts,
    ) -> Option<Box<Self>> {
        if config.watched() { Self::of(config, peer, &mut read()) } else { None }
    }

    fn of(config: &Arc<ServerConfig>, peer: Option<SocketAddr>, parts: &mut Parts) -> Option<Box<Self>> {
        let request_id = request_id::of(config, peer, &parts.headers);
        let entry = Entry::begin(config, peer, parts);
        let in_flight = config.metrics.as_ref().map(|metrics| metrics.begin(&parts.method, parts.version));
        if request_id.is_none() && entry.is_none() && in_flight.is_none() {
            return None;
        }
        let route = MatchedRoute::default();
        if let Some(id) = &request_id {
            parts.extensions.insert(id.clone());
        }
        if in_flight.is_some() || config.access_log == AccessLog::Json {
            parts.extensions.insert(route.clone());
        }
        Some(Box::new(Record {
            config: config.clone(),
            started: Instant::now(),
            entry,
            request_id,
            route,
            user: None,
            in_flight,
            status: CLIENT_LEFT,
            bytes: 0,
        }))
    }

    /// The application has answered.
    pub(crate) fn answered(&mut self, response: &mut Response) {
        self.status = response.status().as_u16();
        if !response.extensions().is_empty() {
            self.user = response.extensions_mut().remove::<LogUser>();
        }
        if self.config.echoes_request_ids()
            && let Some(id) = &self.request_id
            && let Ok(value) = HeaderValue::from_str(id.as_str())
        {
            response.headers_mut().insert(REQUEST_ID, value);
        }
    }

    /// Bytes of the body went out.
    pub(crate) fn sent(&mut self, bytes: usize) {
        self.bytes += bytes as u64;
    }
}

impl Drop for Record {
    fn drop(&mut self) {
        let duration = self.started.elapsed();
        if let Some(in_flight) = self.in_flight.take() {
            in_flight.end(self.route.get(), self.status, duration, self.bytes);
        }
        if let Some(entry) = &self.entry {
            let outcome = Outcome {
                status: self.status,
                bytes: self.bytes,
                duration,
                request_id: self.request_id.as_ref().map(RequestId::as_str),
                user: self.user.as_ref().map(LogUser::as_str),
                route: Some(&self.route),
            };
            entry.end(&self.config, outcome);
        }
    }
}
