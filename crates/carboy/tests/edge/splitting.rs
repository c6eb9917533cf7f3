use crate::socket::{serve, talk};
use carboy::{SendFile, SetCookie, prelude::*, server::AccessLog};

/// The text that a client wants to have somewhere.
fn wish() -> String {
    request().args().get_str("q").unwrap_or_default().to_owned()
}

#[route("/redirect")]
fn to() -> Redirect {
    redirect(wish())
}

#[route("/redirect-path")]
fn to_path() -> Redirect {
    redirect(format!("/search/{}", wish()))
}

#[route("/header")]
fn header() -> carboy::Result<Response> {
    let mut response = Response::text("ok");
    response.set_header("x-wish", wish())?;
    Ok(response)
}

#[route("/header-name")]
fn header_name() -> carboy::Result<Response> {
    let mut response = Response::text("ok");
    response.set_header(wish().as_str(), "x")?;
    Ok(response)
}

#[route("/cookie")]
fn cookie() -> carboy::Result<Response> {
    let mut response = Response::text("ok");
    response.set_cookie(SetCookie::new("wish", wish()))?;
    Ok(response)
}

#[route("/cookie-name")]
fn cookie_name() -> carboy::Result<Response> {
    let mut response = Response::text("ok");
    response.set_cookie(SetCookie::new(wish(), "x").path(wish()))?;
    Ok(response)
}

#[route("/file")]
fn file() -> carboy::Result<Response> {
    SendFile::new(b"content".to_vec()).download_name(wish()).as_attachment().send()
}

#[route("/reason")]
fn reason() -> (&'static str, &'static str) {
    ("ok", format!("299 {}", wish()).leak())
}

#[route("/mimetype")]
fn mimetype() -> carboy::Result<Response> {
    let mut response = Response::text("ok");
    response.set_header("content-type", format!("text/plain; x={}", wish()))?;
    Ok(response)
}

#[route("/flash")]
fn flashed() -> &'static str {
    session().set("wish", wish());
    "ok"
}

const VIEWS: [&str; 10] = [
    "/redirect",
    "/redirect-path",
    "/header",
    "/header-name",
    "/cookie",
    "/cookie-name",
    "/file",
    "/reason",
    "/mimetype",
    "/flash",
];

/// What ends a line, somewhere or in some reading, as it stands in a query.
const BREAKS: [&str; 14] = [
    "%0d%0a",
    "%0a",
    "%0d",
    "%0d%0d%0a",
    "%00%0a",
    "%0b",
    "%0c",
    "%1c",
    "%c2%85",
    "%e2%80%a8",
    "%e5%98%8d%e5%98%8a",
    "%85",
    "%0d%0a%0d%0a",
    "%09%0d%0a%20",
];

const AFTER: [&str; 3] = [
    "x-evil: 1",
    "Set-Cookie: evil=1",
    "Content-Length: 0%0d%0a%0d%0aHTTP/1.1 200 OK%0d%0ax-evil: 1%0d%0a%0d%0a",
];

#[test]
fn no_text_of_a_client_splits_an_answer_wherever_a_view_puts_it() {
    let mut app = App::new("splitting");
    app.config().set("SECRET_KEY", "k");
    app.routes(routes![
        to,
        to_path,
        header,
        header_name,
        cookie,
        cookie_name,
        file,
        reason,
        mimetype,
        flashed
    ]);
    let served = serve(&mut app, |server| server.access_log(AccessLog::Off));
    let mut seen = std::collections::BTreeSet::new();
    for view in VIEWS {
        for line_end in BREAKS {
            for after in AFTER {
                for begin in ["", "a"] {
                    let query = format!("{begin}{line_end}{after}").replace(' ', "%20");
                    let request = format!(
                        "GET {view}?q={query} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
                    );
                    let answer = talk(served.address, request.as_bytes());
                    let status = whole(&answer).unwrap_or_else(|why| {
                        panic!("{why}: {request:?} got {:?}", String::from_utf8_lossy(&answer))
                    });
                    seen.insert((view, status));
                }
            }
        }
    }
    // Both ways were taken: what can be encoded is, what cannot is a 500.
    assert!(seen.contains(&("/file", 200)) && seen.contains(&("/cookie", 200)), "{seen:?}");
    assert!(seen.contains(&("/header", 500)), "{seen:?}");
}

/// The status of an answer that is one, as the server meant it.
fn whole(answer: &[u8]) -> Result<u16, &'static str> {
    let end = answer.windows(4).position(|w| w == b"\r\n\r\n").ok_or("there is no head")?;
    let (head, body) = (&answer[..end], &answer[end + 4..]);
    let mut lines = head.split(|b| *b == b'\n').map(|line| line.strip_suffix(b"\r").unwrap_or(line));
    if head.iter().filter(|b| **b == b'\r').count() != head.iter().filter(|b| **b == b'\n').count() {
        return Err("a line does not end with CR LF");
    }
    let status =
        lines.next().filter(|line| line.starts_with(b"HTTP/1.1 ")).ok_or("there is no status line")?;
    let mut length = None;
    for line in lines {
        if line.iter().any(|b| b.is_ascii_control() && *b != b'\t') {
            return Err("a field has a control character");
        }
        let line = String::from_utf8_lossy(line).to_lowercase();
        if line.starts_with("x-evil") || line.starts_with("set-cookie: evil") {
            return Err("a field was made up");
        }
        if let Some(value) = line.strip_prefix("content-length: ")
            && length.replace(value.parse::<usize>().map_err(|_| "a length that is none")?).is_some()
        {
            return Err("two lengths");
        }
    }
    if length != Some(body.len()) {
        return Err("the body is not as long as it is said to be");
    }
    std::str::from_utf8(&status[9..12]).ok().and_then(|code| code.parse().ok()).ok_or("there is no status")
}
