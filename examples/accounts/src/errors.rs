//! Pages about what went wrong, in the app's layout; programs get a problem in JSON (RFC 9457).

use carboy::{Result, StatusCode, prelude::*};
use carboy_ext::translations::gettext;
use serde_json::json;

const CODES: [u16; 8] = [400, 401, 403, 404, 405, 413, 429, 500];

pub(crate) fn register(app: &mut App) {
    for code in CODES {
        app.errorhandler(code, move |error: Error| answer(code, &error));
    }
}

fn answer(code: u16, error: &Error) -> Result<Response> {
    let title = StatusCode::from_u16(code)?.canonical_reason().unwrap_or_default();
    if request().path().starts_with("/api/") {
        let mut response =
            (Json(json!({ "title": title, "status": code, "detail": text(code) })), code).into_response()?;
        response.set_header("content-type", "application/problem+json")?;
        return Ok(with_fields_of(error, response));
    }
    let title = heading(code);
    Ok(with_fields_of(error, (render!("error.html", code, title, text = text(code))?, code).into_response()?))
}

fn heading(code: u16) -> String {
    match code {
        401 | 403 => gettext("This is not for you"),
        404 => gettext("There is nothing here"),
        429 => gettext("That was too often"),
        500 => gettext("Something went wrong"),
        _ => gettext("This was not understood"),
    }
}

fn text(code: u16) -> String {
    match code {
        401 => gettext("Log in first."),
        403 => gettext("Your account is not allowed to do this."),
        404 => gettext("The page does not exist, or does not exist any more."),
        413 => gettext("It is too large."),
        429 => gettext("Wait a little, then try again."),
        500 => gettext("It is our fault. Try again later."),
        _ => gettext("Go back and try again."),
    }
}

/// What an error tells in header fields (`Allow`, `Retry-After`, `WWW-Authenticate`) its page tells, too.
fn with_fields_of(error: &Error, mut response: Response) -> Response {
    for (name, value) in error.http().map(|http| http.headers()).unwrap_or_default() {
        response.headers_mut().append(name.clone(), value.clone());
    }
    response
}
