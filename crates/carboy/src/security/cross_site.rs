//! The default protection against cross-site request forgery: browsers say where a request comes from.
//!
//! A request with an unsafe method that a browser marks as coming from elsewhere is refused. The scheme is that of
//! Fetch Metadata with the `Origin` header as its fallback: `Sec-Fetch-Site` must be `same-origin` or `none`; without it
//! the host of `Origin` must be the request's; a request with neither header is no browser's and passes. CSRF_CHECK
//! switches it off, CSRF_TRUSTED_ORIGINS lists origins (`https://app.example.com`) that may send anything.

use crate::{Result, abort, ctx::peek_request, origin, request};
use carboy_http::{Method, Request, header};

/// Refuses unsafe requests from other sites with 403. Requests that no rule takes are left to their 404 or 405.
pub(super) fn check() -> Result<()> {
    let safe = peek_request(|request| {
        matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS | Method::TRACE)
    });
    if safe != Some(false) {
        return Ok(());
    }
    let request = request();
    let app = crate::current_app();
    if !app.settings().csrf_check || request.endpoint().is_none() || comes_from_here(&request) {
        return Ok(());
    }
    let origin = request.header(header::ORIGIN.as_str());
    if origin.is_some_and(|origin| app.settings().csrf_trusted_origins.iter().any(|o| *o == origin)) {
        return Ok(());
    }
    abort((403u16, "The request was sent by a page of another site and was refused."))
}

fn comes_from_here(request: &Request) -> bool {
    match request.header("sec-fetch-site").as_deref() {
        Some(site) => matches!(site, "same-origin" | "none"),
        None => match request.header(header::ORIGIN.as_str()).as_deref() {
            Some(origin) => origin::is_same_host(origin, request),
            None => true,
        },
    }
}
