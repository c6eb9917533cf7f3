//! Answers of every kind.

use carboy::{UrlValue, prelude::*};
use carboy_http::{HeaderName, Status, cookie::SetCookie, header, headers::HeaderSet};
use futures_util::stream::{self, StreamExt};
use serde_json::{Value, json};
use std::time::{Duration, SystemTime};

/// 2026-01-02 03:04:05 UTC.
pub(crate) fn moment() -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(1_767_323_045)
}

#[route("/resp/status/<int:code>")]
fn status(code: u16) -> (String, u16) {
    (format!("status {code}"), code)
}

#[route("/resp/line")]
fn line() -> carboy::Result {
    let line: String = request().args().get("line").unwrap_or_else(|| "299 Custom".to_owned());
    Ok(Response::html("line").with_status(line.parse::<Status>()?))
}

#[route("/resp/headers")]
fn headers() -> carboy::Result {
    let args = request().args();
    let fields: Vec<(&str, &str)> =
        args.getlist("h").iter().filter_map(|field| field.split_once(':')).collect();
    ("headers", fields).into_response()
}

#[route("/resp/redirect", methods = ["GET", "POST"], name = "redirect")]
fn moved() -> carboy::Result {
    let args = request().args();
    let code = args.get::<u16>("code").unwrap_or(302);
    let to: String = args.get("to").unwrap_or_else(|| "/".to_owned());
    redirect(to).with_status(carboy::StatusCode::from_u16(code)?).into_response()
}

#[route("/resp/cookie")]
fn cookie() -> carboy::Result {
    let args = request().args();
    let text = |name: &str, default: &str| args.get::<String>(name).unwrap_or_else(|| default.to_owned());
    let mut cookie = SetCookie::new(text("name", "a"), text("value", ""))
        .path(text("path", "/"))
        .secure(args.contains("secure"))
        .http_only(args.contains("httponly"))
        .partitioned(args.contains("partitioned"));
    if let Some(seconds) = args.get("max_age") {
        cookie = cookie.max_age(seconds);
    }
    if let Some(domain) = args.get_str("domain") {
        cookie = cookie.domain(domain);
    }
    if let Some(word) = args.get_str("samesite") {
        cookie = cookie.same_site(word.parse::<carboy_http::cookie::SameSite>()?);
    }
    let mut response = Response::html("cookie");
    response.set_cookie(cookie)?;
    if args.contains("again") {
        response.set_cookie(SetCookie::new("again", "1"))?;
    }
    Ok(response)
}

#[route("/resp/uncookie")]
fn uncookie() -> carboy::Result {
    let args = request().args();
    let name: String = args.get("name").unwrap_or_else(|| "a".to_owned());
    let path: String = args.get("path").unwrap_or_else(|| "/".to_owned());
    let mut response = Response::html("no cookie");
    response.set_cookie(SetCookie::removal(name).path(path))?;
    Ok(response)
}

#[route("/resp/json/<any(dates, uuid, decimal, floats, integers, text, sorted, list):kind>")]
fn value(kind: String) -> Value {
    match kind.as_str() {
        "dates" => {
            let date = carboy_http::date::http_date(moment());
            json!({ "datetime": date, "aware": date })
        }
        "uuid" => json!(uuid::uuid!("12345678-1234-5678-1234-567812345678")),
        "decimal" => json!(["1.50", "1E+3"]),
        "floats" => {
            json!([0.1, 1e16, 1e-7, 1.0, -0.0, 123456789012345680.0, 5e-324, 1.7976931348623157e308])
        }
        "integers" => json!([0, -1, (1_i64 << 53) + 1, i64::MAX, i64::MIN]),
        "text" => json!("é\u{2028}</script>\u{1f600}\0\u{7f}\"\\/"),
        "sorted" => json!({ "b": 1, "a": { "d": 2, "c": 3 }, "C": null, "é": true }),
        _ => json!([1, [2, [3]], {}, [], "", null, false]),
    }
}

#[route("/resp/conditional", methods = ["GET", "POST"])]
fn conditional() -> carboy::Result {
    let request = request();
    let args = request.args();
    let body: String = args.get("body").unwrap_or_else(|| "0123456789ab".to_owned());
    let length = body.len() as u64;
    let mut response = Response::text(body);
    if args.contains("lm") {
        response.set_last_modified(moment());
    }
    match args.get_str("etag") {
        Some(etag) => response.set_etag(etag, args.contains("weak"))?,
        None => response.add_etag(),
    };
    response.make_conditional(&request, args.contains("ranges"), Some(length))?;
    Ok(response)
}

#[route("/resp/fields")]
fn fields() -> carboy::Result {
    let mut response = Response::html("fields");
    response.set_mimetype("text/css")?;
    response.update_cache_control(|cache_control| {
        cache_control.set_public(true).set_max_age(60);
    })?;
    response.add_vary(&header::ACCEPT).add_vary(&header::COOKIE);
    let languages: HeaderSet = ["de"].into_iter().collect();
    languages.store(response.headers_mut(), &header::CONTENT_LANGUAGE);
    response.add_header("X-Many", "1")?.add_header("X-Many", "2")?.set_header("Age", "5")?;
    response.set_retry_after(120);
    Ok(response)
}

#[route("/resp/stream", name = "stream")]
fn streamed() -> Response {
    let count = request().args().get::<i64>("n").unwrap_or(3).min(20);
    let chunks = stream::iter(0..count).map(|n| Ok::<_, std::io::Error>(format!("chunk {n}\n")));
    Response::stream(chunks)
}

#[route("/resp/context")]
fn context() -> carboy::Result {
    let lines =
        stream::iter(0..3).map(|n| Ok::<_, std::io::Error>(format!("{n} for {}\n", request().path())));
    let mut response = Response::stream(carboy::stream_with_context(lines));
    response.set_mimetype("text/plain")?;
    Ok(response)
}

#[route("/resp/after")]
fn after() -> &'static str {
    after_this_request(|mut response: Response| -> carboy::Result {
        response.set_header("X-This", "first")?;
        Ok(response)
    });
    after_this_request(|mut response: Response| -> carboy::Result {
        let marks = response.header("x-this").unwrap_or_default().into_owned();
        response.set_header("X-This", format!("{marks}, second"))?;
        Ok(response)
    });
    "after"
}

#[route("/resp/kind/<name>")]
fn kind(name: String) -> carboy::Result {
    match name.as_str() {
        "text" => "text é".into_response(),
        "bytes" => b"\x00\xff bytes".into_response(),
        "dict" => json!({ "b": 1, "a": "é" }).into_response(),
        "list" => json!([1, "two", null]).into_response(),
        "empty" => "".into_response(),
        "status" => ("made", 201).into_response(),
        "headers" => ("made", [("X-Made", "1"), ("Content-Type", "text/plain")]).into_response(),
        "both" => ("made", 202, [("X-Made", "1"), ("x-made", "2")]).into_response(),
        "json" => (json!({ "made": true }), 201).into_response(),
        "custom" => {
            let mut response = Response::html("<x/>");
            response.set_mimetype("application/xml")?;
            Ok(response)
        }
        "octets" => Ok(Response::bytes("raw")),
        "length" => {
            let mut response = Response::html("abc");
            response.set_header("Content-Length", "3")?;
            Ok(response)
        }
        "options" => {
            let mut response = Response::html("o");
            let methods: HeaderSet = ["GET", "BREW"].into_iter().collect();
            methods.store(response.headers_mut(), &HeaderName::from_static("allow"));
            Ok(response)
        }
        _ => ("unknown", 404).into_response(),
    }
}

#[route("/resp/link")]
fn link() -> carboy::Result {
    let mut values: Vec<(String, UrlValue)> = Vec::new();
    let mut endpoint = "string".to_owned();
    for (name, value) in request().args().to_dict() {
        match name.as_str() {
            "endpoint" => endpoint = value,
            "_external" => values.push((name, UrlValue::Bool(value == "1"))),
            _ => values.push((name, value.into())),
        }
    }
    match carboy::try_url_for(&endpoint, values) {
        Ok(url) => url.into_response(),
        Err(_) => ("cannot be built", 409).into_response(),
    }
}

pub(crate) fn register(app: &mut App) {
    app.routes(routes![
        status,
        line,
        headers,
        moved,
        cookie,
        uncookie,
        value,
        conditional,
        fields,
        streamed,
        context,
        after,
        kind,
        link
    ]);
}
