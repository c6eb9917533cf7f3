//! A `tracing` span for each request, when REQUEST_SPANS is set.
//!
//! Its fields are those of OpenTelemetry's conventions for HTTP servers, so that `tracing-opentelemetry` exports it as one; `otel.name` is the method with the
//! pattern of the route.

use crate::logging::escaped;
use carboy_http::{MatchedRoute, Request, Response, Version};
use std::future::Future;
use tracing::{Instrument, Span, field::Empty};

/// The span of a request, and where its route is noted.
pub(crate) struct RequestSpan {
    span: Span,
    method: String,
    route: MatchedRoute,
}

impl RequestSpan {
    /// Begins a span; the request learns where to note its route.
    pub(crate) fn begin(request: &mut Request) -> Self {
        let route = match request.extensions().get::<MatchedRoute>() {
            Some(route) => route.clone(),
            None => {
                let route = MatchedRoute::default();
                request.extensions_mut().insert(route.clone());
                route
            }
        };
        let method = escaped(request.method().as_str());
        let version = match request.version() {
            Version::HTTP_2 => "2",
            Version::HTTP_10 => "1.0",
            _ => "1.1",
        };
        let span = tracing::info_span!(
            target: "carboy::request",
            "request",
            otel.name = Empty,
            otel.kind = "server",
            otel.status_code = Empty,
            http.request.method = method,
            http.route = Empty,
            http.response.status_code = Empty,
            url.scheme = request.scheme(),
            url.path = escaped(request.path()),
            server.address = escaped(request.host()),
            client.address = request.remote_addr().map(tracing::field::display),
            network.protocol.version = version,
            request.id = request.request_id(),
        );
        RequestSpan { span, method, route }
    }

    /// Awaits an answer in the span, and notes what came of it.
    pub(crate) async fn around(self, answer: impl Future<Output = Response>) -> Response {
        let response = answer.instrument(self.span.clone()).await;
        let status = response.status();
        match self.route.get() {
            Some(route) => {
                self.span.record("http.route", route);
                self.span.record("otel.name", format!("{} {route}", self.method));
            }
            None => _ = self.span.record("otel.name", self.method),
        }
        self.span.record("http.response.status_code", status.as_u16());
        if status.is_server_error() {
            self.span.record("otel.status_code", "ERROR");
        }
        response
    }
}
