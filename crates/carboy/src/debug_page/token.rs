//! The token without which nobody sees a debug page that comes over a socket: another user of this machine does not know it.
//!
//! Whoever starts the app reads it on the terminal, enters it once a browser, and has a cookie from then on.

use crate::{CurrentRequest, templating::escaped};
use carboy_http::{
    Request, Response, StatusCode,
    cookie::{SameSite, SetCookie},
    header, url,
};
use std::sync::{Once, OnceLock};

/// The argument in which it is entered, and the cookie that has it afterwards.
const NAME: &str = "carboy_debug_token";

/// The environment variable that says it: for what starts the app again at each change.
const VARIABLE: &str = "CARBOY_DEBUG_TOKEN";

/// The token of this process.
pub(crate) fn token() -> &'static str {
    static TOKEN: OnceLock<String> = OnceLock::new();
    TOKEN.get_or_init(|| match std::env::var(VARIABLE) {
        Ok(token) if token.len() >= 8 && token.bytes().all(|b| b.is_ascii_alphanumeric()) => token,
        _ => {
            let mut bytes = [0u8; 8];
            getrandom::fill(&mut bytes).expect("the system has random bytes");
            bytes.iter().map(|byte| format!("{byte:02x}")).collect()
        }
    })
}

/// Whether a request shows the token, or needs none: it came over no socket but from this program, as in tests.
pub(super) fn is_shown_by(request: &Request) -> bool {
    request.connection().local_addr.is_none() || request.cookie(NAME).is_some_and(|shown| is_token(&shown))
}

/// Compares without telling by the time how much of it was right.
fn is_token(shown: &str) -> bool {
    let token = token();
    shown.len() == token.len()
        && shown.bytes().zip(token.bytes()).fold(0, |wrong, (a, b)| wrong | (a ^ b)) == 0
}

/// The answer to a request that enters the token: the same place without it, with a cookie when it is right. `None` for all others.
pub(crate) fn entered(request: &Request) -> Option<Response> {
    let shown = request.args().get_str(NAME)?.to_owned();
    let kept: Vec<&str> =
        request.query_string().split('&').filter(|pair| pair.split('=').next() != Some(NAME)).collect();
    let path = format!("{}{}", request.script_root(), request.path());
    let mut location = url::quote(&path, &url::PATH).into_owned();
    if !kept.is_empty() {
        location.push('?');
        location.push_str(&kept.join("&"));
    }
    let mut response = Response::new("").with_status(StatusCode::SEE_OTHER);
    let _ = response.set_header(header::LOCATION.as_str(), &location);
    let _ = response.set_header(header::CACHE_CONTROL.as_str(), "no-store");
    if is_token(&shown) {
        let cookie = SetCookie::new(NAME, token()).path("/").http_only(true).same_site(SameSite::Strict);
        let _ = response.set_cookie(cookie);
    }
    Some(response)
}

/// The page that asks for it.
pub(super) fn question(request: &CurrentRequest) -> String {
    static TOLD: Once = Once::new();
    TOLD.call_once(
        || tracing::warn!(target: "carboy::app", "the details of errors are shown to who enters {}", token()),
    );
    format!(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>500 Internal Server Error</title></head>\n<body>\
         <h1>Internal Server Error</h1><p>The app runs in debug mode. Who started it sees the details: they are shown in this browser once \
         the token is entered that the app printed when it started.</p>\
         <form action=\"{}\"><label>Token <input name=\"{NAME}\" autocomplete=\"off\" autofocus></label> <button>Show</button></form>\
         </body></html>\n",
        escaped(&url::quote(&format!("{}{}", request.script_root(), request.path()), &url::PATH))
    )
}
