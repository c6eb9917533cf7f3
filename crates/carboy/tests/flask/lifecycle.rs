//! What runs when: contexts, hooks, signals, errors, streams.

use super::{Log, Scenes, get, make, on, panics, play, says, seen};
use carboy::{
    current_app, has_app_context, has_request_context,
    prelude::*,
    testing::TestClient,
    view::{Args, view},
};
use futures_util::{StreamExt, stream};
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};

#[test]
fn requests_run_as_in_flask() {
    play("flask-lifecycle/scenes.json", SCENES);
}

const SCENES: Scenes = &[
    ("outside of contexts", outside_of_contexts),
    ("g lives as long as its context", g_lives_as_long_as_its_context),
    ("g of a request", g_of_a_request),
    ("contexts by hand run no hooks", contexts_by_hand_run_no_hooks),
    ("everything in its order", everything_in_its_order),
    ("what signals carry", what_signals_carry),
    ("receivers come and go", receivers_come_and_go),
    ("after request may change the session", after_request_may_change_the_session),
    ("callbacks for later", callbacks_for_later),
    ("a host that is not trusted", a_host_that_is_not_trusted),
    ("an error that nobody handles", an_error_that_nobody_handles),
    ("more is said in debug mode", more_is_said_in_debug_mode),
    ("the context in another thread", the_context_in_another_thread),
    ("a generator as the body", a_generator_as_the_body),
    ("a stream in its context", a_stream_in_its_context),
    ("what happens when a response is closed", what_happens_when_a_response_is_closed),
    ("the response is handed on", the_response_is_handed_on),
];

fn outside_of_contexts() -> Value {
    let outside = |said: Option<String>| json!([said, has_app_context(), has_request_context()]);
    let mut found = vec![
        outside(panics(|| current_app().name().to_owned())),
        outside(panics(|| g().get::<u8>("x"))),
        outside(panics(|| request().path().to_owned())),
        outside(panics(|| session().contains("x"))),
    ];
    found.push(json!(panics(|| after_this_request(|response| response)).map(|_| "refused")));
    let service = make().build().unwrap();
    service.app_context(|| {
        let said = panics(|| request().path().to_owned());
        found.push(json!([current_app().name(), has_app_context(), has_request_context(), said]));
    });
    service.test_request_context("/x", || {
        found.push(json!([request().path(), has_app_context(), has_request_context()]));
    });
    found.into()
}

fn g_lives_as_long_as_its_context() -> Value {
    let service = make().build().unwrap();
    let mut found: Vec<Value> = Vec::new();
    service.app_context(|| {
        g().set("a", 1);
        found.push(json!(g().get::<i32>("a")));
        found.push(json!(g().contains("a")));
        found.push(json!(g().setdefault("a", || 2)));
        found.push(json!(g().setdefault("b", || 3)));
        let mut names = g().names();
        names.sort();
        found.push(json!(names));
        found.push(json!(g().pop::<i32>("a")));
        found.push(json!(g().contains("a")));
        found.push(json!(g().get::<i32>("a")));
        service.app_context(|| found.push(json!(g().contains("b"))));
        found.push(json!(g().contains("b")));
    });
    service.app_context(|| found.push(json!(g().contains("b"))));
    found.into()
}

fn g_of_a_request() -> Value {
    let (mut app, log) = (make(), Log::default());
    app.before_request(|| g().set("from", "before".to_owned()));
    let text = |name: &str| g().get::<String>(name).unwrap_or_default();
    let l = log.clone();
    app.teardown_request(move |_| l.add(format!("teardown {} {}", text("from"), text("view"))));
    let l = log.clone();
    app.teardown_appcontext(move |_| l.add(format!("context {}", text("from"))));
    let answer = move |args: Args| -> carboy::Result<String> {
        let first = if g().contains("view") { "True" } else { "False" };
        g().set("view", args.get::<String>("name")?);
        Ok(format!("{} {first}", text("from")))
    };
    get(&mut app, "/<name>", "view", view(answer));
    let client = app.test_client();
    json!([seen(client.get("/a").send(), &[]), seen(client.get("/b").send(), &[]), log.take()])
}

fn contexts_by_hand_run_no_hooks() -> Value {
    let (mut app, log) = (make(), Log::default());
    let l = log.clone();
    app.before_request(move || l.add("before"));
    let l = log.clone();
    app.teardown_request(move |_| l.add("teardown"));
    get(&mut app, "/user/<name>", "user", says(""));
    let service = app.build().unwrap();
    let mut found = Vec::new();
    service.test_request_context("http://shop.example/user/ann?x=1", || {
        let request = request();
        let args: serde_json::Map<String, Value> = request
            .view_args()
            .iter()
            .map(|(name, value)| (name.clone(), json!(value.to_string())))
            .collect();
        found.push(json!([
            request.endpoint(),
            args,
            request.args().get_str("x"),
            url_for("user", [("name", "bo")]),
            request.host()
        ]));
    });
    found.extend(log.take().into_iter().map(Value::from));
    service.test_request_context("/nowhere", || {
        let code = request().routing_exception().map(|error| error.status().as_u16());
        found.push(json!([request().endpoint(), code]));
    });
    found.extend(log.take().into_iter().map(Value::from));
    found.into()
}

fn hooks<S: Scaffold>(scaffold: &mut S, name: &'static str, log: &Log) {
    for n in 1..=2 {
        let l = log.clone();
        scaffold.before_request(move || l.add(format!("before {name} {n}")));
        let l = log.clone();
        scaffold.after_request(move |response| {
            l.add(format!("after {name} {n}"));
            response
        });
        let l = log.clone();
        scaffold.teardown_request(move |_| l.add(format!("teardown {name} {n}")));
        let l = log.clone();
        scaffold.context_processor(move || {
            l.add(format!("processor {name} {n}"));
            context! {}
        });
        let l = log.clone();
        scaffold.url_value_preprocessor(move |endpoint, _| {
            l.add(format!("preprocessor {name} {n} {}", endpoint.unwrap_or("None")));
        });
    }
}

fn everything_in_its_order() -> Value {
    let (mut app, log) = (make(), Log::default());
    macro_rules! listen {
        ($($name:ident),*) => {$(
            let l = log.clone();
            let _ = app.signals().$name.connect(move |_| l.add(concat!("signal ", stringify!($name))));
        )*};
    }
    listen!(
        appcontext_pushed,
        request_started,
        template_rendered,
        before_render_template,
        request_finished,
        request_tearing_down,
        appcontext_tearing_down,
        appcontext_popped,
        got_request_exception,
        message_flashed
    );
    let (mut parent, mut child) = (Blueprint::new("parent"), Blueprint::new("child"));
    hooks(&mut app, "app", &log);
    hooks(&mut parent, "parent", &log);
    hooks(&mut child, "child", &log);
    for n in 1..=2 {
        let l = log.clone();
        app.teardown_appcontext(move |_| l.add(format!("teardown context {n}")));
    }
    let l = log.clone();
    let page = move |_: Args| {
        for n in 1..=2 {
            let l = l.clone();
            after_this_request(move |response| {
                l.add(format!("this {n}"));
                response
            });
        }
        flash("hello", "message");
        l.add("view");
        carboy::render_template_string("page", ())
    };
    get(&mut child, "/x", "view", view(page));
    parent.register(child);
    app.register(parent);
    let client = app.test_client();
    let mut answers = Vec::new();
    for (path, method) in [("/x", "GET"), ("/x", "OPTIONS"), ("/x", "POST"), ("/none", "GET")] {
        let status = client.open(method.parse().unwrap(), path).send().status().as_u16();
        answers.push(json!(status));
        answers.push(json!(log.take()));
    }
    answers.into()
}

fn what_signals_carry() -> Value {
    let mut app = make();
    let log: Arc<Mutex<Vec<Value>>> = Arc::default();
    macro_rules! tell {
        ($name:ident, $event:ident, $value:expr) => {
            let l = log.clone();
            let _ = app.signals().$name.connect(move |$event| l.lock().unwrap().push($value));
        };
    }
    let text = |error: &Option<Error>| error.as_ref().map(ToString::to_string);
    let has = |names: &[String]| names.iter().any(|name| name == "a");
    tell!(template_rendered, event, json!(["rendered", event.template, has(&event.context)]));
    tell!(before_render_template, event, json!(["rendering", event.template, has(&event.context)]));
    tell!(request_finished, event, json!(["finished", event.status.as_u16()]));
    tell!(got_request_exception, error, json!(["exception", error.to_string()]));
    tell!(request_tearing_down, error, json!(["tearing down", text(error)]));
    tell!(appcontext_tearing_down, error, json!(["context tearing down", text(error)]));
    tell!(message_flashed, event, json!(["flashed", event.message, event.category]));
    let page = |_: Args| -> carboy::Result<(Html, u16)> {
        flash("saved", "info");
        Ok((carboy::render_template_string("{{ a }}", context! { a => 1 })?, 201))
    };
    get(&mut app, "/page", "page", view(page));
    get(&mut app, "/fail", "fail", view(|_: Args| -> carboy::Result { Err(Error::msg("on purpose")) }));
    let client = app.test_client();
    client.get("/page").send();
    client.get("/fail").send();
    let found = log.lock().unwrap().clone();
    found.into()
}

fn receivers_come_and_go() -> Value {
    let log = Log::default();
    let [one, other] = [(); 2].map(|()| {
        let mut app = make();
        get(&mut app, "/", "index", says(""));
        app.build().unwrap()
    });
    let l = log.clone();
    let connection = one.state().signals().request_started.connect(move |()| l.add("started"));
    let mut counts = Vec::new();
    let mut count = 0;
    for service in [&one, &other, &one] {
        service.test_client().get("/").send();
        count += log.take().len();
        counts.push(count);
    }
    one.state().signals().request_started.disconnect(connection);
    one.test_client().get("/").send();
    counts.push(count + log.take().len());
    json!(counts)
}

fn after_request_may_change_the_session() -> Value {
    let mut app = make();
    app.after_request(|response| {
        session().set("n", session().get::<u32>("n").unwrap_or(0) + 1);
        response
    });
    let index = |_: Args| session().get::<u32>("n").map_or("None".to_owned(), |n| n.to_string());
    get(&mut app, "/", "index", view(index));
    get(&mut app, "/fail", "fail", view(|_: Args| -> carboy::Result { Err(std::fmt::Error.into()) }));
    let client = app.test_client();
    ["/", "/none", "/fail"]
        .iter()
        .map(|path| json!([client.get(path).send().status().as_u16(), client.get("/").send().text()]))
        .collect()
}

fn callbacks_for_later() -> Value {
    let mut app = make();
    app.before_request(|| {
        let lang = request().cookie("lang").unwrap_or_else(|| {
            after_this_request(|mut response: Response| {
                response.set_cookie(carboy_http::cookie::SetCookie::new("lang", "en")).unwrap();
                response
            });
            "en".to_owned()
        });
        g().set("lang", lang);
    });
    get(&mut app, "/", "index", view(|_: Args| g().get::<String>("lang").unwrap()));
    let client = app.test_client();
    let first = seen(client.get("/").send(), &["set-cookie"]);
    client.set_cookie("lang", "de");
    json!([first, seen(client.get("/").send(), &["set-cookie"])])
}

fn a_host_that_is_not_trusted() -> Value {
    let (mut app, log) = (make(), Log::default());
    app.config().set("TRUSTED_HOSTS", ["shop.example", ".example.org"]);
    let l = log.clone();
    app.before_request(move || l.add(format!("before {}", request().endpoint().unwrap_or("None"))));
    let l = log.clone();
    app.after_request(move |response| {
        l.add(format!("after {}", response.status().as_u16()));
        response
    });
    get(&mut app, "/", "index", says("fine"));
    let client = app.test_client();
    let mut found = Vec::new();
    for host in
        ["shop.example", "shop.example:81", "www.shop.example", "example.org", "a.b.example.org", "evil.test"]
    {
        for path in ["/", "/none"] {
            let response = client.get(path).base_url(&format!("http://{host}")).send();
            found.push(json!([host, path, response.status().as_u16()]));
        }
    }
    json!([found, log.take()])
}

fn an_error_that_nobody_handles() -> Value {
    fn tell(error: Error) -> (String, u16) {
        let code = error.http().and_then(HttpError::code).map_or("None".to_owned(), |code| code.to_string());
        let original = if error.original().is_some() { "True" } else { "False" };
        (format!("{code} {original}"), 500)
    }
    let build = |of_500: bool, of_any: bool| -> TestClient {
        let mut app = make();
        get(&mut app, "/fail", "fail", view(|_: Args| "x".parse::<u8>().map(|n| n.to_string())));
        get(&mut app, "/abort", "abort", view(|_: Args| abort::<()>(500)));
        get(&mut app, "/teapot", "teapot", view(|_: Args| abort::<()>(418)));
        if of_500 {
            app.errorhandler(500, tell);
        }
        if of_any {
            app.errorhandler_any(tell);
        }
        app.test_client()
    };
    let mut found = Vec::new();
    for (of_500, of_any) in [(false, false), (true, false), (false, true), (true, true)] {
        let client = build(of_500, of_any);
        for path in ["/fail", "/abort", "/teapot", "/none"] {
            found.push(seen(client.get(path).send(), &[]));
        }
    }
    found.into()
}

fn more_is_said_in_debug_mode() -> Value {
    let mut found = Vec::new();
    for debug in [false, true] {
        let mut app = make();
        app.config().set("DEBUG", debug).set("TRAP_BAD_REQUEST_ERRORS", false);
        let key = |_: Args| request().form().get_required::<String>("the key");
        on(&mut app, &["POST"], "/key", "key", view(key));
        let body = |args: Args| args.extract::<Json<Value>>();
        on(&mut app, &["POST"], "/json", "json", view(body));
        let client = app.test_client();
        found.push(seen(client.post("/key").send(), &[]));
        let bad = client.post("/json").data("{").content_type("application/json").send().text();
        let start = "<!doctype html>\n<html lang=en>\n<title>400 Bad Request</title>\n<h1>Bad Request</h1>\n<p>Failed to decode JSON object: ";
        found.push(json!(bad.starts_with(start)));
        found.push(json!(client.post("/json").data("{").content_type("text/plain").send().status().as_u16()));
    }
    found.into()
}

fn the_context_in_another_thread() -> Value {
    let mut app = make();
    let work = |_: Args| async {
        session().set("x", 1);
        carboy::blocking(|| {
            let x = session().get::<u8>("x").unwrap();
            format!("{} {} {x}", request().path(), current_app().name())
        })
        .await
    };
    get(&mut app, "/<name>", "view", view(work));
    seen(app.test_client().get("/a").send(), &[])
}

fn numbers(to: u8, end: &'static str) -> Response {
    Response::stream(stream::iter(0..to).map(move |n| Ok::<_, std::io::Error>(format!("{n}{end}"))))
}

fn a_generator_as_the_body() -> Value {
    let mut app = make();
    get(&mut app, "/stream", "stream", view(|_: Args| numbers(3, ";")));
    let csv = |_: Args| {
        let mut response = numbers(2, "\n");
        response.set_mimetype("text/csv").unwrap();
        response
    };
    get(&mut app, "/csv", "csv", view(csv));
    let client = app.test_client();
    let mut found = Vec::new();
    for path in ["/stream", "/csv"] {
        for method in ["GET", "HEAD"] {
            let answer = client.open(method.parse().unwrap(), path).send();
            found.push(seen(answer, &["content-length", "content-type"]));
        }
    }
    found.into()
}

fn a_stream_in_its_context() -> Value {
    let mut app = make();
    let streamed = |_: Args| {
        session().set("early", 1);
        let pieces = stream::iter(0..2).map(|n| {
            Ok::<_, std::io::Error>(match n {
                0 => request().path().to_owned(),
                _ => {
                    session().set("late", 1);
                    format!(" {}", session().get::<u8>("early").unwrap())
                }
            })
        });
        Response::stream(carboy::stream_with_context(pieces))
    };
    get(&mut app, "/stream", "stream", view(streamed));
    let later = |_: Args| {
        let mut keys = session().keys();
        keys.sort();
        keys.join(",")
    };
    get(&mut app, "/later", "later", view(later));
    let client = app.test_client();
    json!([seen(client.get("/stream").send(), &[]), seen(client.get("/later").send(), &[])])
}

fn what_happens_when_a_response_is_closed() -> Value {
    let (mut app, log) = (make(), Log::default());
    let l = log.clone();
    let answer = move |args: Args| -> carboy::Result<Response> {
        let kind: String = args.get("kind")?;
        let mut response = if kind == "text" { Response::html("text") } else { numbers(2, "") };
        for n in 1..=2 {
            let (l, kind) = (l.clone(), kind.clone());
            response.on_close(move || l.add(format!("closed {kind} {n}")));
        }
        Ok(response)
    };
    get(&mut app, "/<kind>", "view", view(answer));
    let client = app.test_client();
    client.get("/text").send();
    client.get("/stream").send();
    json!(log.take())
}

fn the_response_is_handed_on() -> Value {
    let mut app = make();
    app.after_request(|response| (format!("instead of {}", response.status().as_u16()), 202).into_response());
    app.after_request(|mut response: Response| {
        response.set_header("X-Mark", "1").unwrap();
        response
    });
    get(&mut app, "/", "index", says("index"));
    let client = app.test_client();
    ["/", "/none"].iter().map(|path| seen(client.get(path).send(), &["x-mark"])).collect()
}
