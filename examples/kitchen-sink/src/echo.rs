//! What carboy's request says, as JSON.

use crate::routing::view_args;
use carboy::{
    MultiDict, RuleOptions,
    prelude::*,
    view::{Args, view},
};
use carboy_http::{
    FileStorage,
    date::{HttpDate, http_date},
    headers::{Accept, Authorization, ETags, IfRange},
};
use serde_json::{Value, json};
use std::time::SystemTime;

fn pairs(items: &MultiDict<String>) -> Value {
    items.items_multi().map(|(key, value)| json!([key, value])).collect()
}

fn lists(items: &MultiDict<String>) -> Value {
    items.lists().map(|(key, values)| (key.to_owned(), json!(values))).collect()
}

fn accepts(accept: &Accept, offered: &[&str]) -> Value {
    let list: Value = accept.iter().map(|(value, quality)| json!([value, quality])).collect();
    json!({ "list": list, "best": accept.best_match(offered) })
}

fn sorted<'a>(words: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let mut words: Vec<&str> = words.collect();
    words.sort_unstable();
    words.dedup();
    words
}

fn tags(etags: &ETags) -> Value {
    json!({ "strong": sorted(etags.strong()), "weak": sorted(etags.weak()), "star": etags.is_star() })
}

fn when(date: Option<SystemTime>) -> Option<String> {
    date.map(http_date)
}

fn credentials(authorization: Option<Authorization>) -> Value {
    let Some(authorization) = authorization else { return Value::Null };
    let mut parameters: Vec<_> = authorization.parameters().iter().collect();
    parameters.sort_by_key(|(name, _)| *name);
    json!({
        "type": authorization.scheme(),
        "token": authorization.token(),
        "username": authorization.username(),
        "password": authorization.password(),
        "parameters": parameters,
    })
}

fn target() -> Value {
    let request = request();
    json!({
        "method": request.method().as_str(),
        "path": request.path(),
        "full_path": request.full_path(),
        "url": request.url(),
        "base_url": request.base_url(),
        "url_root": request.url_root(),
        "host_url": request.host_url(),
        "host": request.host(),
        "script_root": request.script_root(),
        "scheme": request.scheme(),
        "is_secure": request.is_secure(),
        "query_string": request.query_string(),
        "args": pairs(&request.args()),
        "endpoint": request.endpoint(),
        "rule": request.url_rule(),
        "view_args": view_args(),
        "blueprint": request.blueprint(),
    })
}

fn head() -> Value {
    let request = request();
    let cache_control = request.cache_control();
    let if_range = match request.if_range() {
        IfRange::ETag(etag) => json!({ "etag": etag, "date": null }),
        IfRange::Date(date) => json!({ "etag": null, "date": HttpDate::from_unix(date).to_string() }),
        _ => json!({ "etag": null, "date": null }),
    };
    let mut params: Vec<_> = Vec::new();
    let given = request.mimetype_params();
    params.extend(given.iter());
    let pragma = request.pragma();
    // Each side signs sessions with its own clock.
    let cookies = request.cookies();
    let cookies: Value = cookies
        .items_multi()
        .filter(|(name, _)| *name != "session")
        .map(|(name, value)| json!([name, value]))
        .collect();
    let offered = ["text/html", "application/json", "application/xhtml+xml", "image/png"];
    let types = request.accept_mimetypes();
    json!({
        "cookies": cookies,
        "content_type": request.content_type(),
        "mimetype": request.mimetype(),
        "mimetype_params": params,
        "content_length": request.content_length(),
        "content_encoding": request.content_encoding(),
        "is_json": request.is_json(),
        "user_agent": request.user_agent(),
        "referrer": request.referrer(),
        "origin": request.origin(),
        "remote_addr": request.remote_addr().map(|address| address.to_string()),
        "access_route": request.access_route(),
        "types": accepts(&types, &offered),
        "accept_json": types.accept_json(),
        "accept_html": types.accept_html(),
        "accept_xhtml": types.accept_xhtml(),
        "languages": accepts(&request.accept_languages(), &["en", "de", "pt-BR", "zh_Hans"]),
        "charsets": accepts(&request.accept_charsets(), &["utf-8", "iso-8859-1"]),
        "encodings": accepts(&request.accept_encodings(), &["gzip", "br", "identity"]),
        "authorization": credentials(request.authorization()),
        "range": request.range().map(|range| json!({ "units": range.units(), "ranges": range.ranges() })),
        "if_range": if_range,
        "if_match": tags(&request.if_match()),
        "if_none_match": tags(&request.if_none_match()),
        "if_modified_since": when(request.if_modified_since()),
        "if_unmodified_since": when(request.if_unmodified_since()),
        "date": when(request.date()),
        "max_age": cache_control.max_age(),
        "no_cache": cache_control.no_cache(),
        "no_store": cache_control.no_store(),
        "only_if_cached": cache_control.only_if_cached(),
        "min_fresh": cache_control.min_fresh(),
        "pragma": pragma.iter().collect::<Vec<_>>(),
        "max_forwards": request.max_forwards(),
        "x": request.header("x-word"),
    })
}

fn latin1(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| char::from(*byte)).collect()
}

fn file(storage: &FileStorage) -> carboy::Result<Value> {
    Ok(json!({
        "filename": storage.filename(),
        "content_type": storage.content_type(),
        "mimetype": storage.mimetype(),
        "body": latin1(&storage.bytes()?),
        "headers": storage.headers().iter().collect::<Vec<_>>(),
    }))
}

fn body() -> carboy::Result<Value> {
    let request = request();
    let mut files = Vec::new();
    for (key, storage) in request.files().items_multi() {
        files.push(json!([key, file(storage)?]));
    }
    Ok(json!({ "form": pairs(&request.form()), "files": files, "values": lists(&request.values()) }))
}

fn data() -> Value {
    let request = request();
    json!({ "data": latin1(&request.data()), "form": pairs(&request.form()) })
}

fn loaded() -> carboy::Result<Value> {
    Ok(request().json()?)
}

fn forced() -> carboy::Result<Value> {
    Ok(request().get_json::<Value>(true, true)?.unwrap_or(Value::Null))
}

fn silent() -> carboy::Result<Value> {
    Ok(request().get_json::<Value>(false, true)?.unwrap_or(Value::Null))
}

fn key() -> carboy::Result<String> {
    Ok(request().args().get_required("k")?)
}

fn field() -> carboy::Result<String> {
    Ok(request().form().get_required("k")?)
}

fn number() -> Value {
    let args = request().args();
    json!({ "n": args.get::<i64>("n").unwrap_or(7), "all": args.getlist("n") })
}

fn unread() -> carboy::Result {
    let mut response = Response::new(r#"{"read": false}"#);
    response.set_mimetype("application/json")?;
    Ok(response)
}

fn add<R: IntoResponse + 'static>(app: &mut App, name: &str, f: fn() -> R) {
    let rule = if name == "at" { "/echo/at/<path:rest>".to_owned() } else { format!("/echo/{name}") };
    let methods = ["GET", "POST", "PUT", "PATCH", "DELETE"].map(str::to_owned).to_vec();
    let options = RuleOptions { methods: Some(methods), ..RuleOptions::default() };
    app.add_url_rule(&rule, &format!("echo_{name}"), view(move |_: Args| f().into_response()), options);
}

pub(crate) fn register(app: &mut App) {
    add(app, "target", target);
    add(app, "head", head);
    add(app, "body", body);
    add(app, "data", data);
    add(app, "loaded", loaded);
    add(app, "forced", forced);
    add(app, "silent", silent);
    add(app, "key", key);
    add(app, "field", field);
    add(app, "number", number);
    add(app, "unread", unread);
    add(app, "at", target);
}
