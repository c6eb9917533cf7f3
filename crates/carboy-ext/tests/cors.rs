//! CORS beside the real Flask-CORS (the vectors of `conformance/cors`), and what an app's author and a browser see.
#![cfg(feature = "cors")]

use carboy::{prelude::*, testing::TestClient};
use carboy_conformance::Replay;
use carboy_ext::cors::{Cors, CorsOptions, Pattern};
use serde_json::{Map, Value, json};
use std::{collections::BTreeMap, time::Duration};

#[route("/", methods = ["GET", "POST"])]
fn index() -> &'static str {
    "text"
}
#[route("/api/x", methods = ["GET", "POST"])]
fn api_x() -> &'static str {
    "text"
}
#[route("/api/v1/x", methods = ["GET", "POST"])]
fn api_v1_x() -> &'static str {
    "text"
}
#[route("/API/x", methods = ["GET", "POST"])]
fn upper_api_x() -> &'static str {
    "text"
}
#[route("/api", methods = ["GET", "POST"])]
fn api() -> &'static str {
    "text"
}
#[route("/apix", methods = ["GET", "POST"])]
fn apix() -> &'static str {
    "text"
}
#[route("/x/<rest>", methods = ["GET", "POST"])]
fn rest(rest: String) -> &'static str {
    drop(rest);
    "text"
}
#[get("/open")]
fn open() -> (&'static str, [(&'static str, &'static str); 1]) {
    ("text", [("Access-Control-Allow-Origin", "https://own.example")])
}
#[get("/vary")]
fn vary() -> (&'static str, [(&'static str, &'static str); 1]) {
    ("text", [("Vary", "Accept")])
}
#[get("/session")]
fn touched() -> &'static str {
    session().set("seen", true);
    "text"
}
#[get("/fail")]
fn fail() -> carboy::Result<&'static str> {
    Err(Error::msg("broken"))
}
#[get("/teapot")]
fn teapot() -> carboy::Result<&'static str> {
    abort(418)
}
#[get("/view")]
fn view() -> &'static str {
    "text"
}
#[get("/x")]
fn bp_x() -> &'static str {
    "text"
}
#[get("/fail")]
fn bp_fail() -> carboy::Result<&'static str> {
    Err(Error::msg("broken"))
}

fn create_app(blueprint: Blueprint) -> App {
    let mut app = App::new("cors");
    app.config().set("SECRET_KEY", "dev").set("CSRF_CHECK", false).set("PROPAGATE_EXCEPTIONS", false);
    app.routes(routes![
        index,
        api_x,
        api_v1_x,
        upper_api_x,
        api,
        apix,
        rest,
        open,
        vary,
        touched,
        fail,
        teapot,
        view
    ]);
    app.errorhandler(418, |_: Error| ("short and stout", 418));
    app.register(blueprint);
    app
}

fn bp() -> Blueprint {
    let mut bp = Blueprint::new("bp");
    bp.url_prefix("/bp").routes(routes![bp_x, bp_fail]);
    bp
}

/// A pattern as the vectors write it: text, or a compiled expression.
fn pattern(value: &Value) -> Pattern {
    match value.get("regex") {
        Some(regex) => Pattern::regex(regex.as_str().unwrap()),
        None => value.as_str().unwrap().into(),
    }
}

fn patterns(value: &Value) -> Vec<Pattern> {
    match value.as_array() {
        Some(list) => list.iter().map(pattern).collect(),
        None => vec![pattern(value)],
    }
}

fn texts(value: &Value) -> Vec<String> {
    match value.as_array() {
        Some(list) => list.iter().map(|text| text.as_str().unwrap().to_owned()).collect(),
        None => vec![value.as_str().unwrap().to_owned()],
    }
}

/// Flask-CORS' keyword arguments.
fn options(told: &Map<String, Value>) -> CorsOptions {
    told.iter().fold(CorsOptions::new(), |options, (name, value)| {
        let on = value.as_bool().unwrap_or_default();
        match name.as_str() {
            "origins" => options.origins(patterns(value)),
            "methods" => options.methods(texts(value)),
            "allow_headers" => options.allow_headers(patterns(value)),
            "expose_headers" => options.expose_headers(texts(value)),
            "supports_credentials" => options.supports_credentials(on),
            "max_age" => options.max_age(Duration::from_secs_f64(value["seconds"].as_f64().unwrap())),
            "send_wildcard" => options.send_wildcard(on),
            "vary_header" => options.vary_header(on),
            "always_send" => options.always_send(on),
            "automatic_options" => options.automatic_options(on),
            "allow_private_network" => options.allow_private_network(on),
            "intercept_exceptions" => options.intercept_exceptions(on),
            "resources" => options,
            unknown => panic!("{unknown}"),
        }
    })
}

fn cors(told: &Map<String, Value>) -> Cors {
    let cors = Cors::with(options(told));
    match told.get("resources") {
        None => cors,
        Some(Value::Object(map)) if !map.contains_key("regex") => {
            let none: [&str; 0] = [];
            map.iter().fold(cors.resources(none), |cors, (path, own)| {
                cors.resource(path.as_str(), options(own.as_object().unwrap()))
            })
        }
        Some(paths) => cors.resources(patterns(paths)),
    }
}

fn built(group: &Value) -> carboy::Result<TestClient> {
    let mut blueprint = bp();
    if let Some(told) = group["blueprint"].as_object() {
        Cors::with(options(told)).blueprint(&mut blueprint)?;
    }
    let mut app = create_app(blueprint);
    for (key, value) in group["config"].as_object().unwrap() {
        app.config().set(key, value);
    }
    let mut extension = cors(group["options"].as_object().unwrap());
    if let Some(told) = group["view"].as_object() {
        extension = extension.view("view", options(told));
    }
    app.ext(extension);
    Ok(app.build()?.test_client())
}

/// The fields of CORS on an answer; several of `Vary` are one list.
fn asked(client: &TestClient, case: &Value) -> Value {
    let method = case["method"].as_str().unwrap().parse().unwrap();
    let mut request = client.open(method, case["path"].as_str().unwrap());
    for (name, value) in case["headers"].as_object().unwrap() {
        request = request.header(name, value.as_str().unwrap());
    }
    let answer = request.send();
    let mut fields: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (name, value) in answer.headers() {
        if name.as_str().starts_with("access-control-") || name == "vary" {
            let value = String::from_utf8_lossy(value.as_bytes());
            fields.entry(name.to_string()).or_default().push(value.into_owned());
        }
    }
    if let Some(vary) = fields.get_mut("vary") {
        *vary = vec![vary.join(", ")];
    }
    json!({ "status": answer.status().as_u16(), "fields": fields })
}

#[test]
fn every_answer_has_the_fields_that_flask_cors_gives_it() {
    for (file, at_least) in
        [("cors/apps-1.json", 1400), ("cors/apps-2.json", 1300), ("cors/apps-3.json", 1100)]
    {
        let mut replay = Replay::of(file, &["expect", "refused"]);
        for (number, group) in carboy_conformance::load(file).as_array().unwrap().iter().enumerate() {
            let client = built(group);
            if group.get("refused").is_some() {
                replay.case(&format!("/{number}"), group, |group| {
                    assert_eq!(json!(client.is_err()), group["refused"]);
                });
                continue;
            }
            let client = client.unwrap_or_else(|error| panic!("{file}/{number}: {error}"));
            for (at, case) in group["requests"].as_array().unwrap().iter().enumerate() {
                replay.case(&format!("/{number}/requests/{at}"), case, |case| {
                    let seen = asked(&client, case);
                    if seen == case["expect"] { Ok(()) } else { Err(format!("got {seen}")) }
                });
            }
        }
        replay.finish(at_least);
    }
}

#[test]
fn errors_of_a_view_with_options_of_its_own_get_those_options() {
    let mut app = create_app(bp());
    app.ext(
        Cors::with(CorsOptions::new().origins(["https://b.example"]))
            .view("fail", CorsOptions::new().origins(["https://shop.example"])),
    );
    let client = app.test_client().propagate_errors(false);
    let answer = client.get("/fail").header("Origin", "https://shop.example").send();
    assert_eq!(answer.status(), 500);
    assert_eq!(answer.header("access-control-allow-origin"), Some("https://shop.example"));
    let answer = client.get("/").header("Origin", "https://shop.example").send();
    assert_eq!(answer.header("access-control-allow-origin"), None);
}

#[test]
fn a_preflight_that_is_left_to_the_view_gets_the_options_of_its_path() {
    let mut app = create_app(bp());
    let own = CorsOptions::new().origins(["https://shop.example"]).automatic_options(false);
    app.ext(Cors::with(CorsOptions::new().origins(["https://b.example"])).view("view", own));
    let client = app.test_client();
    let origin = |method: carboy::Method, origin: &str| {
        client
            .open(method, "/view")
            .header("Origin", origin)
            .send()
            .header_all("access-control-allow-origin")
            .len()
    };
    assert_eq!(origin(carboy::Method::GET, "https://shop.example"), 1);
    assert_eq!(origin(carboy::Method::OPTIONS, "https://shop.example"), 0);
    assert_eq!(origin(carboy::Method::OPTIONS, "https://b.example"), 1);
}

fn refused(cors: Cors) -> String {
    let mut app = create_app(bp());
    app.ext(cors);
    app.build().err().expect("the app is refused").to_string()
}

#[test]
fn options_that_cannot_be_meant_are_told_at_start_up() {
    let all = CorsOptions::new().supports_credentials(true).send_wildcard(true);
    assert!(refused(Cors::with(all.clone())).contains("name the origins that may send credentials"));
    assert!(refused(Cors::new().resource("/api/*", all.clone())).contains("send_wildcard"));
    assert!(refused(Cors::new().view("view", all)).contains("send_wildcard"));
    let sentence = refused(Cors::with(CorsOptions::new().origins(["https://(shop"])));
    assert!(sentence.contains("'https://(shop' is a regular expression that cannot be used"), "{sentence}");
    let sentence = refused(Cors::new().resource(r"/(?!private)", CorsOptions::new()));
    assert!(sentence.contains("look-around"), "{sentence}");
    let sentence = refused(Cors::new().view("viev", CorsOptions::new()));
    assert!(sentence.contains("there is no view with the endpoint 'viev'"), "{sentence}");
    let mut app = create_app(bp());
    app.config().set("CORS_RESOURCES", json!({"/api/*": {"origin": "*"}}));
    let sentence = app.ext(Cors::new()).build().err().unwrap().to_string();
    assert!(sentence.contains("CORS_RESOURCES"), "{sentence}");
    assert!(Cors::with(CorsOptions::new().origins(["("])).blueprint(&mut bp()).is_err());
}

#[test]
fn a_site_that_may_read_may_not_send_anything_until_it_is_trusted_too() {
    let shop = "https://shop.example";
    let make = |trusted: &[&str]| {
        let mut app = create_app(bp());
        app.config().set("CSRF_CHECK", true).set("CSRF_TRUSTED_ORIGINS", trusted);
        app.ext(Cors::with(CorsOptions::new().origins([shop])));
        app.test_client().post("/").header("Origin", shop).header("Sec-Fetch-Site", "cross-site").send()
    };
    let refused = make(&[]);
    assert_eq!(refused.status(), 403);
    // The page may know why.
    assert_eq!(refused.header("access-control-allow-origin"), Some(shop));
    assert_eq!(make(&[shop]).status(), 200);
}

#[test]
fn a_hostile_origin_does_not_make_a_pattern_backtrack() {
    let mut app = create_app(bp());
    app.ext(Cors::with(CorsOptions::new().origins([r"^https://(([a-z])+.)+shop\.example$"])));
    let origin = format!("https://{}!", "a".repeat(50_000));
    let answer = app.test_client().get("/").header("Origin", &origin).send();
    assert_eq!(answer.header("access-control-allow-origin"), None);
}
