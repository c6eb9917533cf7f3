//! Replays what Flask answered, and the order in which it ran things, for random small apps
//! (`conformance/generate/hall.py`).

use carboy::{
    BlueprintOptions, Caught, Method, RuleOptions, UrlValue,
    prelude::*,
    testing::TestResponse,
    view::{Args, View, view},
};
use carboy_conformance::{Replay, load, same};
use serde_json::{Value, json};
use std::{
    fmt,
    sync::{Arc, Mutex},
};

#[derive(Debug)]
struct ErrorA;
#[derive(Debug)]
struct ErrorB;

impl fmt::Display for ErrorA {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a")
    }
}

impl fmt::Display for ErrorB {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("b")
    }
}

impl std::error::Error for ErrorA {}
impl std::error::Error for ErrorB {}

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<String>>>);

impl Log {
    fn add(&self, line: String) {
        self.0.lock().unwrap().push(line);
    }

    fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.0.lock().unwrap())
    }
}

/// The words of the vectors for an error.
fn kind(error: &Error) -> String {
    match (error.http(), error.original()) {
        // A response that was raised has no code.
        (Some(http), None) if http.code().is_none() => "None".to_owned(),
        (Some(http), None) => http.status().as_u16().to_string(),
        (Some(http), Some(original)) => format!("{} after {}", http.status().as_u16(), kind(original)),
        (None, _) if error.is::<ErrorA>() => "a".to_owned(),
        (None, _) if error.is::<ErrorB>() => "b".to_owned(),
        (None, _) => "other".to_owned(),
    }
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_else(|| panic!("{value} is no text"))
}

fn code(value: &Value) -> u16 {
    value.as_u64().unwrap().try_into().unwrap()
}

fn list(value: &Value) -> &[Value] {
    value.as_array().unwrap()
}

fn fields(value: &Value) -> Vec<(String, String)> {
    list(value).iter().map(|pair| (text(&pair[0]).to_owned(), text(&pair[1]).to_owned())).collect()
}

/// Does what an action of the vectors says.
fn perform(action: &Value) -> carboy::Result {
    let body = || text(&action[1]).to_owned();
    match text(&action[0]) {
        "text" => body().into_response(),
        "abort" if action[2].is_string() => abort((code(&action[1]), text(&action[2]).to_owned())),
        "abort" => abort(code(&action[1])),
        "raise" => match text(&action[1]) {
            "a" => Err(ErrorA.into()),
            "b" => Err(ErrorB.into()),
            _ => Err(fmt::Error.into()),
        },
        "panic" => panic!("on purpose"),
        "tuple" => match (&action[2], &action[3]) {
            (Value::Null, Value::Null) => body().into_response(),
            (Value::Null, headers) => (body(), fields(headers)).into_response(),
            (Value::String(status), Value::Null) => (body(), status.as_str()).into_response(),
            (Value::String(status), headers) => (body(), status.as_str(), fields(headers)).into_response(),
            (status, Value::Null) => (body(), code(status)).into_response(),
            (status, headers) => (body(), code(status), fields(headers)).into_response(),
        },
        "response" => abort((body(), code(&action[2])).into_response()?),
        "page" => HttpError::from_code(code(&action[1])).unwrap().into_response(),
        "redirect" => redirect(text(&action[1])).into_response(),
        other => panic!("unknown action {other}"),
    }
}

fn acts(id: &str) -> bool {
    request().header("x-act").is_some_and(|ids| ids.split(',').any(|i| i == id))
}

fn register_this(spec: &Value, log: &Log) {
    for id in list(&spec["this"]) {
        let (id, log) = (text(id).to_owned(), log.clone());
        after_this_request(move |mut response| {
            log.add(format!("this {id}"));
            response.headers_mut().append("x-this", id.parse().unwrap());
            response
        });
    }
}

/// Every other function is async, so that both kinds are proved.
fn is_async(spec: &Value) -> bool {
    text(&spec["id"]).as_bytes().last().is_some_and(|digit| digit % 2 == 0)
}

fn before(spec: &Value, log: &Log) -> carboy::Result<Option<Response>> {
    let id = text(&spec["id"]);
    log.add(format!("before {id}"));
    register_this(spec, log);
    if acts(id) { perform(&spec["action"]).map(Some) } else { Ok(None) }
}

fn after(spec: &Value, log: &Log, mut response: Response) -> carboy::Result {
    let id = text(&spec["id"]);
    log.add(format!("after {id}"));
    if acts(id) {
        return perform(&spec["action"]);
    }
    response.headers_mut().append("x-after", id.parse().unwrap());
    Ok(response)
}

fn teardown(spec: &Value, log: &Log, error: Option<Error>) {
    let error = error.as_ref().map_or_else(|| "none".to_owned(), kind);
    log.add(format!("teardown {} {error}", text(&spec["id"])));
}

/// What an app and a blueprint do alike, but under different names when it is for the whole app.
trait Registers: Scaffold {
    fn whole(&mut self) -> Option<&mut Blueprint>;
    fn nest(&mut self, blueprint: Blueprint, options: BlueprintOptions);
}

impl Registers for App {
    fn whole(&mut self) -> Option<&mut Blueprint> {
        None
    }

    fn nest(&mut self, blueprint: Blueprint, options: BlueprintOptions) {
        self.register_with(blueprint, options);
    }
}

impl Registers for Blueprint {
    fn whole(&mut self) -> Option<&mut Blueprint> {
        Some(self)
    }

    fn nest(&mut self, blueprint: Blueprint, options: BlueprintOptions) {
        self.register_with(blueprint, options);
    }
}

macro_rules! register {
    ($scaffold:ident, $spec:ident, $own:ident / $app:ident, $($f:expr),+) => {
        if $spec["app"] == true {
            $scaffold.whole().unwrap().$app($($f),+);
        } else {
            $scaffold.$own($($f),+);
        }
    };
}

fn add_hook<S: Registers>(scaffold: &mut S, spec: &'static Value, log: &Log) {
    let log = log.clone();
    match (text(&spec["kind"]), is_async(spec)) {
        ("before", false) => {
            register!(scaffold, spec, before_request / before_app_request, move || before(spec, &log));
        }
        ("before", true) => {
            register!(scaffold, spec, before_request / before_app_request, move || {
                let log = log.clone();
                async move {
                    tokio::task::yield_now().await;
                    before(spec, &log)
                }
            });
        }
        ("after", false) => {
            register!(scaffold, spec, after_request / after_app_request, move |r| after(spec, &log, r));
        }
        ("after", true) => {
            register!(scaffold, spec, after_request / after_app_request, move |response| {
                let log = log.clone();
                async move {
                    tokio::task::yield_now().await;
                    after(spec, &log, response)
                }
            });
        }
        ("teardown", false) => {
            register!(scaffold, spec, teardown_request / teardown_app_request, move |e| teardown(
                spec, &log, e
            ));
        }
        ("teardown", true) => {
            register!(scaffold, spec, teardown_request / teardown_app_request, move |error| {
                let log = log.clone();
                async move { teardown(spec, &log, error) }
            });
        }
        ("preprocess", _) => {
            let preprocess = move |endpoint: Option<&str>, values: &mut carboy::UrlValues| {
                let id = text(&spec["id"]);
                log.add(format!("preprocess {id} {}", endpoint.unwrap_or("-")));
                if let (Some(_), Some(name)) = (endpoint, spec["sets"].as_str()) {
                    values.insert_named(name, UrlValue::from(id));
                }
            };
            register!(scaffold, spec, url_value_preprocessor / app_url_value_preprocessor, preprocess);
        }
        (other, _) => panic!("unknown hook {other}"),
    }
}

fn handle(spec: &Value, log: &Log, error: &Error) -> carboy::Result {
    let id = text(&spec["id"]);
    log.add(format!("handler {id} {}", kind(error)));
    perform(&spec[if acts(id) { "acting" } else { "action" }])
}

fn add_handler<S: Registers>(scaffold: &mut S, spec: &'static Value, log: &Log) {
    let log = log.clone();
    match &spec["on"] {
        Value::String(on) if on == "http" => {
            register!(scaffold, spec, errorhandler_for / app_errorhandler_for, move |e: Caught<
                HttpError,
            >| handle(
                spec,
                &log,
                e.error()
            ));
        }
        Value::String(on) if on == "a" => {
            register!(scaffold, spec, errorhandler_for / app_errorhandler_for, move |e: Caught<ErrorA>| {
                handle(spec, &log, e.error())
            });
        }
        Value::String(on) if on == "b" => {
            register!(scaffold, spec, errorhandler_for / app_errorhandler_for, move |e: Caught<ErrorB>| {
                handle(spec, &log, e.error())
            });
        }
        Value::String(_) => {
            scaffold.errorhandler_any(move |error| handle(spec, &log, &error));
        }
        on if is_async(spec) => {
            register!(scaffold, spec, errorhandler / app_errorhandler, code(on), move |error| {
                let log = log.clone();
                async move {
                    tokio::task::yield_now().await;
                    handle(spec, &log, &error)
                }
            });
        }
        on => {
            register!(scaffold, spec, errorhandler / app_errorhandler, code(on), move |error| handle(
                spec, &log, &error
            ));
        }
    }
}

fn answer(spec: &Value, log: &Log, args: &Args) -> carboy::Result {
    let mut values = Vec::new();
    for name in ["s", "n", "extra"] {
        let value = match name {
            "n" => args.get::<Option<i64>>(name)?.map(|n| n.to_string()),
            _ => args.get::<Option<String>>(name)?,
        };
        values.extend(value.map(|value| format!("{name}={value}")));
    }
    log.add(format!("view {} {}", text(&spec["id"]), values.join(",")));
    register_this(spec, log);
    perform(&spec["action"])
}

fn make_view(spec: &'static Value, log: &Log) -> View {
    let log = log.clone();
    if is_async(spec) {
        view(move |args: Args| {
            let log = log.clone();
            async move {
                tokio::task::yield_now().await;
                answer(spec, &log, &args)
            }
        })
    } else {
        view(move |args: Args| answer(spec, &log, &args))
    }
}

fn fill<S: Registers>(scaffold: &mut S, spec: &'static Value, log: &Log) {
    for hook in list(&spec["hooks"]) {
        add_hook(scaffold, hook, log);
    }
    for handler in list(&spec["handlers"]) {
        add_handler(scaffold, handler, log);
    }
    for view in list(&spec["views"]) {
        let options = RuleOptions {
            methods: view["methods"].as_array().map(|m| m.iter().map(|m| text(m).to_owned()).collect()),
            strict_slashes: view["strict_slashes"].as_bool(),
            provide_automatic_options: view["provide_automatic_options"].as_bool(),
            ..RuleOptions::default()
        };
        scaffold.add_url_rule(text(&view["rule"]), text(&view["id"]), make_view(view, log), options);
    }
    for child in list(&spec["children"]) {
        let mut blueprint = Blueprint::new(text(&child["name"]));
        if let Some(prefix) = child["prefix"].as_str() {
            blueprint.url_prefix(prefix);
        }
        fill(&mut blueprint, child, log);
        let options = BlueprintOptions {
            url_prefix: child["option"].as_str().map(str::to_owned),
            ..BlueprintOptions::default()
        };
        scaffold.nest(blueprint, options);
    }
    for hook in list(&spec["late"]) {
        add_hook(scaffold, hook, log);
    }
}

fn make_app(spec: &'static Value, log: &Log) -> App {
    let mut app = App::new("hall");
    app.no_static_folder();
    app.config().set("PROPAGATE_EXCEPTIONS", false);
    fill(&mut app, spec, log);
    app
}

/// What Flask's record says, as it came out here.
fn record(response: &TestResponse, log: Vec<String>) -> Value {
    let mut headers = serde_json::Map::new();
    for name in ["Content-Type", "Content-Length", "X-One", "X-Two", "X-After", "X-This", "Allow", "Location"]
    {
        let mut values: Vec<String> = response
            .headers()
            .get_all(name)
            .iter()
            .map(|value| value.as_bytes().iter().map(|byte| char::from(*byte)).collect())
            .collect();
        if name == "Allow" {
            for value in &mut values {
                let mut methods: Vec<&str> = value.split(',').map(str::trim).collect();
                methods.sort_unstable();
                *value = methods.join(", ");
            }
        }
        // The redirects of the URL map are relative.
        let of_page = response.status() == 308 && name == "Content-Length";
        if !values.is_empty() && !of_page {
            headers.insert(name.to_owned(), values.into());
        }
    }
    json!({"status": response.status().as_u16(), "headers": headers, "body": response.text(), "log": log})
}

fn replay_apps(file: &str) {
    // The functions of an app live as long as it does, and so do the descriptions they are made of.
    let vectors: &'static Value = Box::leak(Box::new(load(file)));
    let mut replay = Replay::of(file, &["status", "headers", "body", "log"]);
    for (index, vector) in list(vectors).iter().enumerate() {
        let log = Log::default();
        let client = make_app(&vector["app"], &log).build().unwrap().test_client().propagate_errors(false);
        for (number, asked) in list(&vector["requests"]).iter().enumerate() {
            let acting: Vec<&str> = list(&asked["acts"]).iter().map(text).collect();
            let mut request =
                client.open(text(&asked["method"]).parse::<Method>().unwrap(), text(&asked["target"]));
            if !acting.is_empty() {
                request = request.header("x-act", &acting.join(","));
            }
            let response = request.send();
            let got = record(&response, log.take());
            replay.case(&format!("/{index}/requests/{number}"), asked, |asked| {
                ["status", "headers", "body", "log"]
                    .iter()
                    .try_for_each(|key| same(key, &got[key], &asked[key]))
            });
        }
    }
    replay.finish(800);
}

// rows: A17 C17 C18 D15 F5 F9 F24 I2 I3 I4 I6 I8 J2 J6 J7 J8 J9 J10 J11 M3 M7 M8 N4
#[test]
fn random_apps_answer_and_run_their_functions_as_in_flask() {
    replay_apps("hall/apps-1.json");
    replay_apps("hall/apps-2.json");
}
