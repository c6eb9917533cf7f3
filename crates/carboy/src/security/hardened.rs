//! The header fields of a hardened app: Flask-Talisman's defaults.

use crate::{App, Scaffold, try_request};
use carboy_http::{HeaderName, HeaderValue, Response, header};

const FIELDS: [(HeaderName, &str); 4] = [
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::X_FRAME_OPTIONS, "SAMEORIGIN"),
    (header::CONTENT_SECURITY_POLICY, "default-src 'self'; object-src 'none'"),
    (header::REFERRER_POLICY, "strict-origin-when-cross-origin"),
];
const PERMISSIONS: (&str, &str) = ("permissions-policy", "browsing-topics=()");
const TRANSPORT: &str = "max-age=31556926; includeSubDomains";

/// Adds the header fields to every response that does not have them; Strict-Transport-Security over https alone.
pub(super) fn attach(app: &mut App) {
    app.after_request(|mut response: Response| {
        let headers = response.headers_mut();
        for (name, value) in FIELDS {
            headers.entry(name).or_insert(HeaderValue::from_static(value));
        }
        headers.entry(PERMISSIONS.0).or_insert(HeaderValue::from_static(PERMISSIONS.1));
        if try_request().is_some_and(|request| request.is_secure()) {
            headers.entry(header::STRICT_TRANSPORT_SECURITY).or_insert(HeaderValue::from_static(TRANSPORT));
        }
        response
    });
}
