//! The page at which Prometheus reads the figures.

use super::Metrics;
use carboy_http::{HttpError, Method, Request, Response, Service, StatusCode, header};
use http::HeaderValue;
use std::net::IpAddr;

/// Answers `GET /metrics`, on an address of its own.
pub(crate) struct MetricsPage(pub(crate) Metrics);

impl Service for MetricsPage {
    async fn call(&self, request: Request) -> Response {
        if !is_meant(&request) {
            return HttpError::new(StatusCode::FORBIDDEN).to_response();
        }
        if request.path() != "/metrics" {
            return HttpError::new(StatusCode::NOT_FOUND).to_response();
        }
        if !matches!(*request.method(), Method::GET | Method::HEAD) {
            return HttpError::method_not_allowed(["GET", "HEAD"]).to_response();
        }
        let mut response = Response::new(self.0.render());
        let content_type = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");
        response.headers_mut().insert(header::CONTENT_TYPE, content_type);
        response
    }
}

/// Whether a request to this machine's own address names it: a page of another site, whose name was pointed here, does not.
fn is_meant(request: &Request) -> bool {
    let local =
        request.connection().local_addr.is_some_and(|address| address.ip().to_canonical().is_loopback());
    let host = request.host();
    let name = match host.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or_default(),
        None => host.split(':').next().unwrap_or_default(),
    };
    !local
        || name.eq_ignore_ascii_case("localhost")
        || name.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}
