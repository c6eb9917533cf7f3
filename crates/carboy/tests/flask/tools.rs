//! What stands around an app: the test client, the command line, the log.

use super::{Folder, Scenes, get, make, on, panics, play, says};
use carboy::{
    HeaderValue, RuleOptions, Service, StatusCode,
    cli::{CommandDef, echo},
    current_app, has_app_context, has_request_context,
    prelude::*,
    testing::{RequestBuilder, TestResponse},
    view::{Args, view},
};
use serde_json::{Map, Value, json};

#[test]
fn tools_are_those_of_flask() {
    play("flask-tools/scenes.json", SCENES);
}

const SCENES: Scenes = &[
    ("what a client sends by itself", what_a_client_sends_by_itself),
    ("what a client can send", what_a_client_can_send),
    ("forms of a client", forms_of_a_client),
    ("credentials of a client", credentials_of_a_client),
    ("cookies of a client", cookies_of_a_client),
    ("a client follows", a_client_follows),
    ("the context after the answer", the_context_after_the_answer),
    ("a session from outside", a_session_from_outside),
    ("a request without an app", a_request_without_an_app),
    ("an app is called without a client", an_app_is_called_without_a_client),
    ("the list of routes", the_list_of_routes),
    ("commands", commands),
    ("the record of an error", the_record_of_an_error),
    ("how a template was found", how_a_template_was_found),
];

fn echo_app() -> App {
    let mut app = make();
    let tell = |_: Args| {
        let r = request();
        let own =
            r.headers().get("x-own").map(|value| value.as_bytes().iter().map(|b| char::from(*b)).collect());
        let own: Option<String> = own;
        Json(json!([
            r.method().as_str(),
            r.path(),
            r.query_string(),
            r.host(),
            r.scheme(),
            r.remote_addr(),
            r.content_type(),
            r.text(),
            own,
        ]))
    };
    let both =
        || RuleOptions { methods: Some(vec!["GET".to_owned(), "POST".to_owned()]), ..RuleOptions::default() };
    let empty = RuleOptions { defaults: vec![("path".to_owned(), "".into())], ..both() };
    app.add_url_rule("/", "echo", view(tell), empty);
    app.add_url_rule("/<path:path>", "echo", None, both());
    app
}

fn told(request: RequestBuilder) -> Value {
    request.send().json()
}

fn what_a_client_sends_by_itself() -> Value {
    let mut found = Vec::new();
    for (key, value) in [
        ("X", ""),
        ("SERVER_NAME", "shop.example:8000"),
        ("PREFERRED_URL_SCHEME", "https"),
        ("APPLICATION_ROOT", "/app"),
    ] {
        let mut app = echo_app();
        app.config().set(key, value);
        let root = |_: Args| format!("{} {}", request().script_root(), request().url());
        get(&mut app, "/root", "root", view(root));
        let client = app.test_client();
        found.push(told(client.get("/x")));
        found.push(json!(client.get("/root").send().text()));
    }
    found.into()
}

fn what_a_client_can_send() -> Value {
    let client = echo_app().test_client();
    json!([
        told(client.get("/a/b?x=1")),
        told(client.get("https://shop.example/x")),
        told(client.get("/").base_url("http://other.example:81")),
        told(client.get("/").header("X-Own", "é")),
        told(client.get("/").query([("a", "é b"), ("c", "1&2")])),
        told(client.post("/").json(&json!({"b": [1, null], "a": "é"}))),
        told(client.post("/").data("text")),
        told(client.post("/").data("text").content_type("text/plain")),
        told(client.post("/").json(&"x")),
    ])
}

fn forms_of_a_client() -> Value {
    let mut app = make();
    let tell = |_: Args| {
        let r = request();
        let form: Map<String, Value> =
            r.form().lists().map(|(name, values)| (name.to_owned(), json!(values))).collect();
        let files: Vec<Value> = r
            .files()
            .items()
            .map(|(_, file)| {
                json!([file.filename(), file.mimetype(), String::from_utf8_lossy(&file.bytes().unwrap())])
            })
            .collect();
        Json(json!([r.mimetype(), form, files]))
    };
    on(&mut app, &["POST"], "/", "tell", view(tell));
    let client = app.test_client();
    json!([
        told(client.post("/").form([("a", "é b"), ("n", "1"), ("c", "&=")])),
        told(client.post("/").form([("a", "1"), ("a", "2")])),
        told(client.post("/").form([("a", "x")]).file("f", "f.txt", "text/plain", "content")),
    ])
}

fn credentials_of_a_client() -> Value {
    let mut app = make();
    let tell =
        |_: Args| request().header("authorization").map_or("none".to_owned(), |value| value.into_owned());
    get(&mut app, "/", "tell", view(tell));
    let client = app.test_client();
    json!([client.get("/").basic_auth("ann", "se:cret").send().text(), client.get("/").send().text()])
}

fn cookies_of_a_client() -> Value {
    let mut app = make();
    let set = |args: Args| -> carboy::Result<Response> {
        let (name, value): (String, String) = (args.get("name")?, args.get("value")?);
        let path = if name == "deep" { "/deep" } else { "/" };
        let mut cookie = carboy_http::cookie::SetCookie::new(name, value.clone()).path(path);
        if value == "gone" {
            cookie = cookie.max_age(0);
        }
        let mut response = Response::html("");
        response.set_cookie(cookie)?;
        Ok(response)
    };
    get(&mut app, "/set/<name>/<value>", "set", view(set));
    let look = |_: Args| {
        let cookies = request().cookies();
        let mut pairs: Vec<(&str, &String)> = cookies.items().collect();
        pairs.sort();
        Json(json!(pairs))
    };
    get(&mut app, "/look", "look", view(look));
    get(&mut app, "/deep/look", "deep_look", view(look));
    let client = app.test_client();
    let mut found = vec![told(client.get("/look"))];
    client.get("/set/a/1").send();
    client.get("/set/deep/2").send();
    found.extend([told(client.get("/look")), told(client.get("/deep/look"))]);
    client.set_cookie("own", "3");
    let value = |name: &str| json!(client.get_cookie(name).map(|cookie| cookie.value().to_owned()));
    found.extend([told(client.get("/look")), value("own"), value("none")]);
    client.get("/set/a/gone").send();
    client.delete_cookie("own");
    found.push(told(client.get("/look")));
    found.into()
}

fn a_client_follows() -> Value {
    let mut app = make();
    let go = |args: Args| -> carboy::Result<Redirect> {
        Ok(redirect("/end").with_status(StatusCode::from_u16(args.get("code")?)?))
    };
    on(&mut app, &["GET", "POST"], "/go/<int:code>", "go", view(go));
    let end = |_: Args| format!("{} {}", request().method(), request().text());
    on(&mut app, &["GET", "POST"], "/end", "end", view(end));
    get(&mut app, "/out", "out", view(|_: Args| redirect("http://elsewhere.example/")));
    get(&mut app, "/loop", "loop", view(|_: Args| redirect("/loop")));
    let client = app.test_client();
    let mut found = Vec::new();
    for code in [301, 302, 303, 307, 308] {
        for method in ["GET", "POST"] {
            let mut request =
                client.open(method.parse().unwrap(), &format!("/go/{code}")).content_type("text/plain");
            if method == "POST" {
                request = request.data("body");
            }
            let answer = request.follow_redirects().send();
            let before: Vec<u16> = answer.history().iter().map(|a| a.status().as_u16()).collect();
            found.push(json!([code, answer.status().as_u16(), answer.text(), before]));
        }
    }
    for path in ["/out", "/loop"] {
        found.push(json!(panics(|| client.get(path).follow_redirects().send()).is_some()));
    }
    found.push(json!(client.get("/out").send().location()));
    found.into()
}

fn the_context_after_the_answer() -> Value {
    let mut app = make();
    let answer = |args: Args| -> carboy::Result<()> {
        let name: String = args.get("name")?;
        session().set("seen", &name);
        g().set("name", name);
        Ok(())
    };
    get(&mut app, "/<name>", "view", view(answer));
    let client = app.test_client();
    let mut found: Vec<Value> = ["/ann?x=1", "/bo"]
        .iter()
        .map(|path| {
            client.get(path).send().in_context(|| {
                json!([
                    request().path(),
                    request().args().get_str("x"),
                    session().get::<String>("seen"),
                    g().get::<String>("name"),
                    request().endpoint(),
                ])
            })
        })
        .collect();
    found.push(json!(has_request_context()));
    found.into()
}

fn a_session_from_outside() -> Value {
    let mut app = make();
    let look = |_: Args| Json(session().to_dict());
    get(&mut app, "/", "look", view(look));
    let client = app.test_client();
    let look = |answer: TestResponse| answer.json::<Value>();
    let mut found = vec![look(client.get("/").send())];
    client.session(|session| {
        session.set("user", 7);
        session.set("list", (1, "a"));
    });
    found.push(look(client.get("/").send()));
    found.push(client.session(|session| json!(session.pop::<i64>("user"))));
    found.push(look(client.get("/").send()));
    found.into()
}

fn a_request_without_an_app() -> Value {
    let mut r = Request::get("/a%20b?x=1");
    r.set_script_root("/app");
    r.set_host(HeaderValue::from_static("shop.example"));
    r.connection_mut().is_secure = true;
    r.headers_mut().insert("x-own", HeaderValue::from_static("1"));
    json!([
        r.method().as_str(),
        r.path(),
        r.full_path(),
        r.script_root(),
        r.url(),
        r.host(),
        r.is_secure(),
        r.header("X-Own"),
        r.args().get_str("x"),
    ])
}

fn an_app_is_called_without_a_client() -> Value {
    let mut app = make();
    get(&mut app, "/x", "x", view(|_: Args| ("hello", 201)));
    let service = app.build().unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let response = runtime.block_on(service.call(Request::get("/x")));
    let text = String::from_utf8(response.data().unwrap().to_vec()).unwrap();
    json!([text, response.status().as_u16(), response.header("content-type")])
}

fn the_list_of_routes() -> Value {
    let listed = || {
        let mut app = make();
        get(&mut app, "/", "index", says(""));
        on(&mut app, &["GET", "POST"], "/a/<int:id>", "item", says(""));
        let mut auth = Blueprint::new("auth");
        auth.url_prefix("/auth");
        on(&mut auth, &["POST"], "/login", "login", says(""));
        app.register(auth);
        app
    };
    let arguments: [&[&str]; 6] = [
        &[],
        &["-s", "rule"],
        &["--sort", "methods"],
        &["-s", "match"],
        &["--all-methods"],
        &["-s", "nonsense"],
    ];
    let mut found: Vec<Value> = arguments
        .iter()
        .map(|arguments| {
            let words = std::iter::once("routes").chain(arguments.iter().copied());
            let result = listed().test_cli_runner().invoke(words);
            let lines = result.output.lines().map(str::trim_end);
            let lines: Vec<&str> = if result.exit_code == 0 { lines.collect() } else { Vec::new() };
            json!([result.exit_code, lines])
        })
        .collect();
    found.push(json!(make().test_cli_runner().invoke(["routes"]).output));
    found.into()
}

/// Greets.
#[command]
fn greet(name: String, #[arg(long, default = 1)] times: u32, #[arg(long)] loud: bool) {
    for _ in 0..times {
        let name = if loud { name.to_uppercase() } else { name.clone() };
        echo(format!("hello {name} of {}", current_app().name()));
    }
}

/// Fails.
#[command]
fn fail() -> carboy::Result<()> {
    Err(Error::msg("it went wrong"))
}

fn place(name: &'static str) -> CommandDef {
    CommandDef::new("where", "Tells.", "Tells.", Vec::new(), move |_| {
        Box::pin(async move {
            let truth = |truth: bool| if truth { "True" } else { "False" };
            echo(format!("in {name} {} {}", truth(has_app_context()), truth(has_request_context())));
            Ok(())
        })
    })
}

/// Is in no group.
#[command]
fn bare() {
    echo("bare");
}

fn commands() -> Value {
    let shop = || {
        let mut app = App::new("shop");
        app.no_static_folder().commands(carboy::commands![greet, fail]);
        let (mut one, mut two, mut three) =
            (Blueprint::new("one"), Blueprint::new("two"), Blueprint::new("three"));
        one.commands([place("one")]);
        two.cli_group(Some("named")).commands([place("two")]);
        three.cli_group(None).commands(carboy::commands![bare]);
        app.register(one).register(two).register(three);
        app
    };
    [
        "greet ann",
        "greet ann --times 2 --loud",
        "greet",
        "greet ann --nonsense",
        "fail",
        "one where",
        "two where",
        "named where",
        "bare",
        "nothing",
    ]
    .iter()
    .map(|line| {
        let result = shop().test_cli_runner().invoke(line.split(' '));
        let output = (result.exit_code < 2).then_some(result.output);
        json!([line, result.exit_code, output])
    })
    .collect()
}

/// What is written to the log while a scene is played: the level and the message's first line.
fn logged(play: impl FnOnce()) -> Vec<[String; 2]> {
    let ((), text) = carboy_testkit::logged(play);
    let lines = text.lines().filter_map(|line| line.trim_start().split_once(' '));
    lines
        .filter(|(level, _)| ["ERROR", "INFO"].contains(level))
        .filter_map(|(level, record)| Some([level.to_owned(), record.split_once(": ")?.1.to_owned()]))
        .collect()
}

fn the_record_of_an_error() -> Value {
    let records = logged(|| {
        let mut app = App::new("app");
        app.no_static_folder();
        app.config().set("PROPAGATE_EXCEPTIONS", false);
        let fail = |_: Args| -> carboy::Result { Err(std::fmt::Error.into()) };
        on(&mut app, &["GET", "POST"], "/<path:x>", "fail", view(fail));
        get(&mut app, "/fine", "fine", view(|_: Args| abort::<()>(404)));
        let client = app.test_client();
        client.get("/a/b?x=1").send();
        client.post("/c d").send();
        client.get("/fine").send();
    });
    json!(records)
}

fn how_a_template_was_found() -> Value {
    let told = |explain: bool| {
        let root = Folder::new(&[("templates/t.html", "x")]);
        let records = logged(|| {
            let mut app = App::new("app");
            app.root_path(root.path());
            app.config().set("EXPLAIN_TEMPLATE_LOADING", explain);
            get(&mut app, "/", "t", view(|_: Args| render_template("t.html", ())));
            app.test_client().get("/").send();
        });
        records.iter().any(|[_, message]| message.contains("t.html"))
    };
    json!([told(false), told(true)])
}
