//! The same visitors as those of the real Flask-Login (`conformance/generate/login.py`): what they do, step after step.

use super::app::{find, find_by_key};
use carboy::security::signing::Clock;
use carboy::session::TaggedJson;
use carboy::testing::TestClient;
use carboy::{AppService, Method, RuleOptions, prelude::*};
use carboy_conformance::{load, replay, same};
use carboy_ext::login::{self, Login, SessionProtection};
use serde_json::Value;
use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

const NOW: u64 = 1_700_000_000;

type Told = Arc<Mutex<Vec<&'static str>>>;

fn text<'v>(value: &'v Value, key: &str) -> Option<&'v str> {
    value.get(key)?.as_str()
}

fn extension(options: &Value, told: &Told) -> Login {
    let mut login = if options.get("user_loader") == Some(&Value::Bool(false)) {
        Login::by_request(find_by_key)
    } else if options.get("request_loader").is_some() {
        Login::new(find).request_loader(find_by_key)
    } else {
        Login::new(find)
    };
    login = login.clock(Clock::fixed(NOW));
    if let Some(protection) = options.get("session_protection") {
        login = login.session_protection(match protection.as_str() {
            Some("strong") => SessionProtection::Strong,
            Some(_) => SessionProtection::Basic,
            None => SessionProtection::Off,
        });
    }
    for (key, set) in [
        ("login_view", Login::login_view as fn(Login, &str) -> Login),
        ("refresh_view", Login::refresh_view),
        ("login_message", Login::login_message),
        ("login_message_category", Login::login_message_category),
        ("needs_refresh_message", Login::needs_refresh_message),
        ("needs_refresh_message_category", Login::needs_refresh_message_category),
    ] {
        if let Some(value) = text(options, key) {
            login = set(login, value);
        }
    }
    for (blueprint, view) in
        options.get("blueprint_login_views").and_then(Value::as_object).into_iter().flatten()
    {
        login = login.blueprint_login_view(blueprint, view.as_str().unwrap());
    }
    if options.get("handlers").is_some() {
        login = login
            .unauthorized_handler(|| ("please log in", 403))
            .needs_refresh_handler(|| ("once more, please", 403));
    }
    if options.get("localize").is_some() {
        login = login.localize(|message| message.to_uppercase());
    }
    let note = |word: &'static str| {
        let told = told.clone();
        move || told.lock().unwrap_or_else(PoisonError::into_inner).push(word)
    };
    macro_rules! listen {
        ($($signal:ident $word:literal),+) => {$(
            let tell = note($word);
            let _ = login.signals().$signal.connect(move |_| tell());
        )+};
    }
    listen!(
        user_accessed "accessed", user_logged_in "logged in", user_logged_out "logged out",
        user_loaded_from_cookie "from cookie", user_loaded_from_request "from request",
        user_login_confirmed "confirmed", user_unauthorized "unauthorized", user_needs_refresh "needs refresh",
        session_protected "protected"
    );
    login
}

#[route("/cellar")]
fn bar() -> &'static str {
    "beer"
}

#[route("/remembered")]
fn remembered() -> String {
    login::login_remembered().to_string()
}

#[route("/put/<key>/<value>")]
fn put(key: String, value: String) -> &'static str {
    session().set(key, value);
    "put"
}

#[route("/permanent")]
fn permanent() -> &'static str {
    session().set_permanent(true);
    "permanent"
}

#[route("/files/<path:name>", guard = login::login_required)]
fn files(name: String) -> String {
    name
}

fn club(options: &Value, told: &Told) -> App {
    let mut app = App::new("club");
    app.config().set("SECRET_KEY", "dev").from_mapping(&options["config"]);
    app.no_static_folder().ext(extension(options, told));
    super::app::views(&mut app);
    app.routes(routes![remembered, put, permanent, files]);
    for name in ["bp", "other"] {
        let mut bp = Blueprint::new(name);
        bp.url_prefix(&format!("/{name}")).guard(login::login_required).add_url_rule(
            "/cellar",
            "cellar",
            carboy::view::view(|_| bar()),
            RuleOptions::default(),
        );
        app.register(bp);
    }
    app
}

fn session_of(client: &TestClient) -> Value {
    let json = client.session(|session| TaggedJson.dumps(&session.to_dict()).unwrap());
    serde_json::from_slice(&json).unwrap()
}

fn step(
    client: &TestClient,
    told: &Told,
    options: &Value,
    step: &Value,
    expected: &Value,
) -> Result<(), String> {
    let config = &options["config"];
    let name = text(config, "REMEMBER_COOKIE_NAME").unwrap_or("remember_token");
    if step.get("closed").is_some() {
        client.delete_cookie("session");
    }
    if let Some(cookie) = step.get("cookie") {
        client.delete_cookie(name);
        if let Some(value) = cookie.as_str() {
            client.set_cookie(name, value);
        }
    }
    told.lock().unwrap_or_else(PoisonError::into_inner).clear();
    let method: Method = text(step, "method").unwrap_or("GET").parse().unwrap();
    let mut request =
        client.open(method, text(step, "path").unwrap()).header("User-Agent", text(step, "agent").unwrap());
    if let Some(base) = text(step, "base") {
        request = request.base_url(base);
    }
    let address: std::net::IpAddr = text(step, "address").unwrap_or("127.0.0.1").parse().unwrap();
    request = request.remote_addr((address, 4711).into());
    for (name, value) in step.get("headers").and_then(Value::as_object).into_iter().flatten() {
        request = request.header(name, value.as_str().unwrap());
    }
    let answer = request.send();
    let told = told.lock().unwrap_or_else(PoisonError::into_inner).clone();
    let what = format!("{}: ", text(step, "path").unwrap());
    same(&(what.clone() + "status"), answer.status().as_u16().into(), expected["status"].as_u64().unwrap())?;
    same(&(what.clone() + "location"), answer.location(), text(expected, "location"))?;
    if let Some(body) = text(expected, "body") {
        same(&(what.clone() + "body"), answer.text().as_str(), body)?;
    }
    let prefix = format!("{name}=");
    let cookies: Vec<&str> =
        answer.header_all("set-cookie").into_iter().filter(|line| line.starts_with(&prefix)).collect();
    same(&(what.clone() + "cookies"), serde_json::json!(cookies), expected["cookies"].clone())?;
    same(&(what.clone() + "session"), session_of(client), expected["session"].clone())?;
    same(&(what + "signals"), serde_json::json!(told), expected["signals"].clone())
}

/// Apps by their options, each with what it has told: a walk has a client of its own.
type Clubs = RefCell<HashMap<String, (AppService, Told)>>;

fn walk(clubs: &Clubs, case: &Value) -> Result<(), String> {
    let mut clubs = clubs.borrow_mut();
    let (service, told) = clubs.entry(case["app"].to_string()).or_insert_with(|| {
        let told = Told::default();
        (club(&case["app"], &told).testing().build().unwrap(), told)
    });
    let client = service.test_client();
    let steps = case["steps"].as_array().unwrap().iter().zip(case["answers"].as_array().unwrap());
    steps.enumerate().try_for_each(|(index, (asked, expected))| {
        step(&client, told, &case["app"], asked, expected).map_err(|why| format!("step {index}: {why}"))
    })
}

#[test]
fn visitors_are_treated_as_flask_login_treats_them() {
    let (clubs, mut steps) = (Clubs::default(), 0);
    for file in ["login/walks-1.json", "login/walks-2.json", "login/walks-3.json", "login/walks-4.json"] {
        replay(file, "", &["/answers/0/**", "/answers/5/**"], 50, |case| walk(&clubs, case));
        steps += load(file)
            .as_array()
            .unwrap()
            .iter()
            .map(|case| case["steps"].as_array().unwrap().len())
            .sum::<usize>();
    }
    assert!(steps > 3000, "{steps}");
}

#[test]
fn pages_to_log_in_have_the_urls_that_flask_login_makes() {
    let app = |host: Option<&str>| {
        let mut app = App::new("club");
        app.config().set("SECRET_KEY", "dev").set("FORCE_HOST_FOR_REDIRECTS", host);
        app.ext(Login::new(find));
        app.add_url_rule("/endpoint/7", "login", carboy::view::view(|_| ""), RuleOptions::default());
        app.build().unwrap()
    };
    let (plain, forced) = (app(None), app(Some("forced.example:8443")));
    replay("login/urls.json", "", &["url"], 500, |case| {
        let app = if case["host"].is_null() { &plain } else { &forced };
        let (view, page) = (text(case, "view").unwrap(), text(case, "page").unwrap());
        let url = app.test_request_context("/", || login::login_url(view, page));
        same(view, url.as_str(), text(case, "url").unwrap())
    });
}
