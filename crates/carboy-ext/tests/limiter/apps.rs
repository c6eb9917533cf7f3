//! Apps with limits of all kinds, beside the same with Flask-Limiter.

use carboy::{StatusCode, prelude::*, testing::TestClient};
use carboy_conformance::{Replay, load};
use carboy_ext::limiter::{Exemption, Limit, Limiter};
use serde_json::{Value, json};

fn status() -> (&'static str, u16) {
    ("text", field("X-Status").parse().unwrap_or(200))
}

fn field(name: &str) -> String {
    request().header(name).unwrap_or_default().into_owned()
}

#[route("/index", methods = ["GET", "POST"])]
fn index() -> (&'static str, u16) {
    status()
}
#[route("/one", methods = ["GET", "POST"])]
fn one() -> (&'static str, u16) {
    status()
}
#[route("/two", methods = ["GET", "POST"])]
fn two() -> (&'static str, u16) {
    status()
}
#[get("/x")]
fn x() -> (&'static str, u16) {
    status()
}
#[get("/y")]
fn y() -> (&'static str, u16) {
    status()
}
#[get("/z")]
fn z() -> (&'static str, u16) {
    status()
}
#[get("/w")]
fn w() -> (&'static str, u16) {
    status()
}
/// Where Flask has its static folder.
#[get("/static/none", endpoint = "static")]
fn none() -> carboy::Result<&'static str> {
    abort(404)
}

/// The limit that the vectors write down.
fn limit(told: &Value) -> Limit {
    let text = |name: &str| told[name].as_str().map(str::to_owned);
    let mut limit = match (text("rates"), text("dynamic")) {
        (Some(rates), _) => Limit::new(&rates),
        (None, dynamic) => {
            let name = dynamic.unwrap();
            Limit::dynamic(move || field(&name))
        }
    };
    for (name, value) in told.as_object().unwrap() {
        let text = value.as_str().unwrap_or_default().to_owned();
        limit = match name.as_str() {
            "per_method" => limit.per_method(),
            "methods" => limit.methods(value.as_array().unwrap().iter().map(|m| m.as_str().unwrap())),
            "key" => limit.key(move || field(&text)),
            "exempt_when" => limit.exempt_when(move || request().header(&text).is_some()),
            "deduct_when" => {
                let status = value.as_u64().unwrap();
                limit.deduct_when(move |response| u64::from(response.status().as_u16()) == status)
            }
            "cost" => limit.cost(value.as_u64().unwrap()),
            "cost_by" => limit.cost_by(move || field(&text).parse().unwrap_or(1)),
            "error_message" => limit.error_message(&text),
            "on_breach" => limit.on_breach(move |_| {
                Some(Response::html(text.clone()).with_status(StatusCode::from_u16(420).unwrap()))
            }),
            "override_defaults" => limit.override_defaults(value.as_bool().unwrap()),
            "scope" if told["shared"] == true => limit.shared_as(&text),
            "scope" => limit.scope(&text),
            "scope_by" => limit.scope_by(move |endpoint| format!("{text}{endpoint}")),
            _ => limit,
        };
    }
    limit
}

fn limits(told: &Value) -> Vec<Limit> {
    told.as_array().unwrap().iter().map(limit).collect()
}

fn exemption(names: &Value) -> Exemption {
    let flag = |name: &Value| match name.as_str().unwrap() {
        "application" => Exemption::APPLICATION,
        "meta" => Exemption::META,
        "default" => Exemption::DEFAULT,
        "descendents" => Exemption::DESCENDENTS,
        _ => Exemption::ANCESTORS,
    };
    names.as_array().unwrap().iter().map(flag).reduce(|a, b| a | b).unwrap()
}

fn endpoint(view: &str) -> String {
    match view {
        "x" | "y" => format!("outer.{view}"),
        "z" | "w" => format!("outer.inner.{view}"),
        _ => view.to_owned(),
    }
}

fn client(told: &Value) -> TestClient {
    let mut limiter = Limiter::by(|| field("X-Who"))
        .default_limits(limits(&told["default"]))
        .application_limits(limits(&told["application"]))
        .meta_limits(limits(&told["meta"]))
        .fail_on_first_breach(told["fail_on_first_breach"].as_bool().unwrap())
        .key_prefix(told["key_prefix"].as_str().unwrap());
    for (view, own) in told["views"].as_object().unwrap() {
        limiter =
            limits(own).into_iter().fold(limiter, |limiter, limit| limiter.limit(&endpoint(view), limit));
    }
    for (view, names) in told["exempt"].as_object().unwrap() {
        limiter = limiter.exempt_from(&endpoint(view), exemption(names));
    }
    for (name, own) in told["blueprints"].as_object().unwrap() {
        limiter =
            limits(own).into_iter().fold(limiter, |limiter, limit| limiter.limit_blueprint(name, limit));
    }
    for (name, names) in told["exempt_blueprints"].as_object().unwrap() {
        limiter = limiter.exempt_blueprint(name, exemption(names));
    }
    let mut app = App::new("limits");
    app.no_static_folder();
    app.config().set("RATELIMIT_HEADERS_ENABLED", true);
    for (key, value) in told["config"].as_object().unwrap() {
        app.config().set(key, value);
    }
    let (mut outer, mut inner) = (Blueprint::new("outer"), Blueprint::new("inner"));
    inner.url_prefix("/inner").routes(routes![z, w]);
    outer.url_prefix("/outer").routes(routes![x, y]);
    outer.register(inner);
    app.routes(routes![index, one, two, none]).register(outer);
    app.ext(limiter).test_client()
}

fn asked(client: &TestClient, case: &Value) -> Value {
    let method = case["method"].as_str().unwrap().parse().unwrap();
    let mut request = client.open(method, case["path"].as_str().unwrap());
    for (name, value) in case["headers"].as_object().unwrap() {
        request = request.header(name, value.as_str().unwrap());
    }
    let answer = request.send();
    let mut fields = serde_json::Map::new();
    for name in ["x-ratelimit-limit", "x-ratelimit-remaining"] {
        if let Some(value) = answer.header(name) {
            fields.insert(name.to_owned(), json!(value));
        }
    }
    let status = answer.status().as_u16();
    let mut seen =
        json!({ "status": status, "fields": fields, "retry": answer.header("retry-after").is_some() });
    if [420, 429].contains(&status) {
        seen["text"] = json!(answer.text());
    }
    seen
}

#[test]
fn every_request_is_counted_and_answered_as_by_flask_limiter() {
    for file in ["limiter/apps-1.json", "limiter/apps-2.json"] {
        let mut replay = Replay::of(file, &["expect"]);
        for (number, group) in load(file).as_array().unwrap().iter().enumerate() {
            let client = client(group);
            for (at, case) in group["requests"].as_array().unwrap().iter().enumerate() {
                let seen = asked(&client, case);
                replay.case(&format!("/{number}/requests/{at}"), case, |case| {
                    if seen == case["expect"] { Ok(()) } else { Err(format!("got {seen}")) }
                });
            }
        }
        replay.finish(1650);
    }
}
