//! Which requests are answered from the cache, and which answers may be kept.

use carboy::{HeaderName, Method, Request, Response, StatusCode, try_session};

const VARY: HeaderName = HeaderName::from_static("vary");

/// What may become of an answer.
pub(super) enum Verdict {
    /// It may be kept; it depends on these fields of the request, in lower case and sorted.
    Keep(Vec<String>),
    /// It is for one alone.
    Never,
}

/// Whether a request may be answered from the cache at all: GET and HEAD, without credentials in `Authorization`, and when nobody has
/// looked at the session before the view, as a login does for those who are logged in.
pub(super) fn asks_for_what_may_be_kept(request: &Request) -> bool {
    matches!(*request.method(), Method::GET | Method::HEAD)
        && !request.headers().contains_key("authorization")
        && !touched_session()
}

/// Whether an answer may be kept, and on what it depends.
pub(super) fn verdict(request: &Request, response: &Response) -> Verdict {
    let kept =
        matches!(response.status(), StatusCode::OK | StatusCode::MOVED_PERMANENTLY | StatusCode::NOT_FOUND)
            && *request.method() == Method::GET
            && response.data().is_some()
            && !response.headers().contains_key("set-cookie")
            && !forbids(response)
            && !touched_session()
            && !carboy::security::csp_nonce_used();
    let fields = vary(response);
    let of_one = |field: &String| ["*", "cookie", "authorization"].contains(&field.as_str());
    if kept && !fields.iter().any(of_one) { Verdict::Keep(fields) } else { Verdict::Never }
}

/// Whether the answer itself says that it is not for others, or not for later.
fn forbids(response: &Response) -> bool {
    let control = response.headers().get_all("cache-control").iter();
    let words = control.flat_map(|value| value.as_bytes().split(|byte| *byte == b','));
    let mut names = words.map(|word| {
        let name = word.split(|byte| *byte == b'=').next().unwrap_or_default();
        name.trim_ascii().to_ascii_lowercase()
    });
    names.any(|name| matches!(name.as_slice(), b"private" | b"no-store" | b"no-cache"))
}

/// Whether anybody has looked at the session: the answer may show what is in it.
fn touched_session() -> bool {
    try_session().is_some_and(|session| session.accessed())
}

/// The fields of the request that the answer depends on.
fn vary(response: &Response) -> Vec<String> {
    let mut fields: Vec<String> = response
        .headers()
        .get_all(VARY)
        .iter()
        .flat_map(|value| value.as_bytes().split(|byte| *byte == b','))
        .map(|name| String::from_utf8_lossy(name.trim_ascii()).to_ascii_lowercase())
        .filter(|name| !name.is_empty())
        .collect();
    fields.sort();
    fields.dedup();
    fields
}

/// What a request has in these fields, as a part of a key: each text with its length before it, so that no value can be taken for two, nor
/// for the name of a field.
pub(super) fn variant(request: &Request, fields: &[String]) -> String {
    let mut text = String::new();
    for field in fields {
        text.push('\n');
        push_counted(&mut text, field);
        for value in request.headers().get_all(field.as_str()) {
            let value: String = value.as_bytes().iter().map(|byte| char::from(*byte)).collect();
            push_counted(&mut text, &value);
        }
    }
    text
}

fn push_counted(text: &mut String, part: &str) {
    text.push_str(&part.len().to_string());
    text.push(':');
    text.push_str(part);
}
