//! Redirects.

use super::{HeaderError, Response};
use crate::html;
use http::StatusCode;

/// A redirect to another URL, with Werkzeug's page for clients that do not follow it.
///
/// ```
/// use carboy_http::{StatusCode, redirect};
/// let response = redirect("/é?x=1 2", StatusCode::FOUND)?;
/// assert_eq!(response.location().unwrap(), "/%C3%A9?x=1%202");
/// # Ok::<(), carboy_http::HeaderError>(())
/// ```
///
/// # Errors
/// For a location with a line end, and for one whose host or port cannot be one.
pub fn redirect(location: &str, status: StatusCode) -> Result<Response, HeaderError> {
    let mut page = String::with_capacity(220 + 2 * location.len());
    page.push_str(
        "<!doctype html>\n<html lang=en>\n<title>Redirecting...</title>\n<h1>Redirecting...</h1>\n\
         <p>You should be redirected automatically to the target URL: <a href=\"",
    );
    html::push_escaped(&mut page, location);
    page.push_str("\">");
    html::push_escaped(&mut page, location);
    page.push_str("</a>. If not, click the link.\n");
    let mut response = Response::html(page);
    response.set_status(status).set_location(location)?;
    Ok(response)
}
