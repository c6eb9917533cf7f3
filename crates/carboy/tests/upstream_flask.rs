//! A carboy app before the real Flask: both answer for one application.

use carboy::{Upstream, prelude::*, testing::TestClient};
use carboy_server::{RunningServer, Server, ServerConfig};
use carboy_testkit::{Flask, Folder, ask, python};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::{
    io::{Read, Write},
    net::TcpStream,
    path::{Path, PathBuf},
    process::{Command, Output},
    time::Duration,
};

/// The running Flask application.
fn flask() -> Flask {
    Flask::start("app", &folder(), &[])
}

/// Where the Flask application is.
fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/upstream")
}

#[route("/rust/write/<text>")]
fn write(text: String) -> Json<Vec<String>> {
    session().update("log", |log: &mut Vec<String>| log.push(format!("rust {text}")));
    flash(format!("from rust: {text}"), "note");
    Json(session().get("log").unwrap_or_default())
}

#[route("/rust/read")]
fn read() -> Json<Value> {
    Json(json!({
        "log": session().get::<Value>("log"),
        "tuple": session().get::<Value>("tuple").map(|tuple| tuple.to_string()),
        "permanent": session().permanent(),
        "flashes": carboy::get_flashed_messages(),
    }))
}

#[route("/rust/for-long")]
fn for_long() -> &'static str {
    session().set_permanent(true);
    "for long"
}

#[route("/item")]
fn item() -> &'static str {
    "rust GET"
}

/// The carboy app before Flask.
fn app(flask: &Flask) -> App {
    let mut app = App::new("front");
    app.config().set("SECRET_KEY", "shared");
    app.routes(routes![write, read, for_long, item]);
    app.fallback(Upstream::new(&flask.url("")));
    app.mount("/old", Upstream::new(&flask.url("")));
    app
}

fn client(flask: &Flask) -> TestClient {
    app(flask).test_client()
}

#[test]
#[ignore = "needs Python with Flask"]
fn a_path_a_method_a_slash_and_a_file_that_rust_lacks_are_flasks() {
    let flask = flask();
    let client = client(&flask);
    assert_eq!(client.get("/item").send().text(), "rust GET");
    assert_eq!(client.post("/item").form([("name", "é")]).send().text(), "python POST é");
    let redirect = client.get("/branch?q=1").send();
    assert_eq!(redirect.status(), 308);
    assert!(
        redirect.header("location").unwrap().ends_with("/branch/?q=1"),
        "{:?}",
        redirect.header("location")
    );
    assert_eq!(client.get("/branch/").send().text(), "python branch");
    let file = client.get("/static/app.py").header("range", "bytes=3-10").send();
    assert_eq!((file.status().as_u16(), file.text().as_str()), (206, "The Flas"));
    let missing = client.get("/static/none.py").send();
    assert_eq!((missing.status().as_u16(), missing.header("server").is_some()), (404, true));
}

#[test]
#[ignore = "needs Python with Flask"]
fn both_sides_write_one_session_in_turn_and_nothing_is_lost() {
    let flask = flask();
    let client = client(&flask);
    let mut expected = Vec::new();
    for round in 0..5 {
        for side in ["python", "rust", "rust", "python"] {
            let log = client.get(&format!("/{side}/write/{round}")).send();
            expected.push(format!("{side} {round}"));
            assert_eq!(log.json::<Vec<String>>(), expected);
        }
    }
    let flashes: Value = expected
        .iter()
        .map(|line| line.split_once(' ').unwrap())
        .map(|(side, n)| json!(["note", format!("from {side}: {n}")]))
        .collect();
    let seen = client.get("/python/read").send().json::<Value>();
    assert_eq!(seen["log"], json!(expected));
    assert_eq!(seen["tuple"], "(1, b'two', 3.0)");
    assert_eq!((&seen["flashes"], &seen["permanent"]), (&flashes, &json!(false)));
    // The messages were shown: the other side does not show them again.
    let seen = client.get("/rust/read").send().json::<Value>();
    assert_eq!((&seen["log"], &seen["flashes"]), (&json!(expected), &json!([])));

    // What one flashes the other shows.
    client.get("/python/write/last").send();
    let seen = client.get("/rust/read").send().json::<Value>();
    assert_eq!(seen["flashes"], json!([["note", "from python: last"]]));
    assert_eq!(client.get("/python/read").send().json::<Value>()["flashes"], json!([]));

    // A lifetime given by one is kept by the other, and a session that is gone is gone for both.
    client.get("/rust/for-long").send();
    let seen = client.get("/python/read").send();
    assert_eq!(seen.json::<Value>()["permanent"], true);
    assert!(seen.header("set-cookie").unwrap().contains("Expires="), "Flask refreshes it");
    client.get("/python/forget").send();
    assert_eq!(client.get("/rust/read").send().json::<Value>()["log"], Value::Null);
}

#[test]
#[ignore = "needs Python with Flask"]
fn an_answer_of_flask_is_not_changed_by_a_session_that_rust_would_refresh() {
    let flask = flask();
    let client = client(&flask);
    client.get("/rust/for-long").send();
    let direct = ask(flask.port, "GET", "/branch/", &[], "").unwrap();
    let answer = client.get("/branch/").send();
    assert_eq!(answer.text(), direct.text);
    let mut names: Vec<&str> = answer.headers().keys().map(|name| name.as_str()).collect();
    let mut expected: Vec<&str> =
        direct.headers.iter().map(|(name, _)| name.as_str()).filter(|name| *name != "connection").collect();
    // Flask itself refreshes a permanent session that a view touches; this view touches none.
    names.sort_unstable();
    expected.sort_unstable();
    let refreshed = ["set-cookie", "vary"];
    names.retain(|name| !refreshed.contains(name));
    assert_eq!(names, expected);
    assert!(answer.header_all("set-cookie").len() <= 1, "Rust would have added a second one");
}

/// The app on a socket.
fn serve(flask: &Flask) -> (RunningServer, u16) {
    let config = ServerConfig::new().bind("127.0.0.1:0").workers(1);
    let server = Server::new(config).start(app(flask).build().unwrap()).unwrap();
    let port = server.addresses()[0].as_tcp().unwrap().port();
    (server, port)
}

#[test]
#[ignore = "needs Python with Flask"]
fn proxy_fix_sees_the_client_and_not_what_the_client_says() {
    let flask = flask();
    let (_server, port) = serve(&flask);
    let who = |path: &str| -> Value {
        let forged = [
            ("X-Forwarded-For", "6.6.6.6"),
            ("X-Forwarded-Host", "evil.example"),
            ("X-Forwarded-Proto", "https"),
            ("X-Forwarded-Port", "666"),
            ("X-Forwarded-Prefix", "/evil"),
            ("X_Forwarded_For", "6.6.6.6"),
        ];
        serde_json::from_str(&ask(port, "GET", path, &forged, "").unwrap().text).unwrap()
    };
    let host = format!("127.0.0.1:{port}");
    for fixed in ["fixed", "four"] {
        assert_eq!(
            who(&format!("/who?{fixed}")),
            json!({"addr": "127.0.0.1", "scheme": "http", "host": host, "root": "", "url": format!("http://{host}/who"),
                   "via": "1.1 carboy"})
        );
    }
    let mounted = who("/old/who?fixed");
    assert_eq!(
        (&mounted["root"], &mounted["url"]),
        (&json!("/old"), &json!(format!("http://{host}/old/who")))
    );
    // Without ProxyFix Flask sees the host as it came, too.
    assert_eq!(who("/who")["host"], json!(host));
}

#[test]
#[ignore = "needs Python with Flask"]
fn large_bodies_pass_whole_with_and_without_a_length() {
    let flask = flask();
    let (_server, port) = serve(&flask);
    let body: Vec<u8> = (0..40u32 << 20).map(|n| (n.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
    let digest: String = Sha256::digest(&body).iter().map(|b| format!("{b:02x}")).collect();
    let send = |framing: &str, chunked: bool| {
        let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
        write!(stream, "POST /digest HTTP/1.1\r\nHost: a\r\nConnection: close\r\n{framing}\r\n\r\n").unwrap();
        if chunked {
            for chunk in body.chunks(1 << 20) {
                write!(stream, "{:x}\r\n", chunk.len()).unwrap();
                stream.write_all(chunk).unwrap();
                stream.write_all(b"\r\n").unwrap();
            }
            stream.write_all(b"0\r\n\r\n").unwrap();
        } else {
            stream.write_all(&body).unwrap();
        }
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    };
    let expected = format!("{} {digest}", body.len());
    assert!(send(&format!("Content-Length: {}", body.len()), false).ends_with(&expected));
    assert!(send("Transfer-Encoding: chunked", true).contains(&expected));
    let answer = ask(port, "GET", "/old/download/40", &[], "").unwrap();
    assert_eq!(answer.status, 200);
    assert_eq!(answer.text.matches('x').count(), 40 << 20);
}

/// Runs `carboy_routes.py` for an application of the folder.
fn routes(app: &str) -> Output {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../python/carboy_routes.py");
    let mut command = Command::new(python());
    command.arg(script).args(["--app", app]).current_dir(folder()).env("PYTHONDONTWRITEBYTECODE", "1");
    command.output().unwrap()
}

/// The routes of an application in a file, and the folder that it lies in.
fn routes_file(app: &str) -> (Folder, PathBuf) {
    let exported = routes(app);
    assert!(exported.status.success(), "{}", String::from_utf8_lossy(&exported.stderr));
    let folder = Folder::new();
    let file = folder.path().join("routes.json");
    std::fs::write(&file, exported.stdout).unwrap();
    (folder, file)
}

#[test]
#[ignore = "needs Python with Flask"]
fn url_for_builds_the_urls_of_views_in_python_as_flask_does() {
    const SERVER: &str = "shop.example";
    let flask = flask();
    let calls = json!([
        ["branch", {}],
        ["who", {"q": "a b&c", "_anchor": "x y"}],
        ["blog.index", {}],
        ["blog.index", {"page": 1}],
        ["blog.index", {"page": 7, "q": 1}],
        ["blog.entry", {"id": "12345678-1234-5678-1234-567812345678", "rest": "a/b c/é"}],
        ["blog.listing", {"state": "review", "score": -2.5}],
        ["blog.listing", {"state": "draft", "score": 3.0}],
        ["outer.admin.year", {"tenant": "acme", "lang": "de", "year": 7}],
        ["unicode", {"name": "ö/ä?"}],
        ["form", {}],
        ["form", {"_method": "POST"}],
        ["who", {"_external": true, "_scheme": "https"}],
        ["static", {"filename": "a/b c.css"}],
        ["write", {}],
        ["nothing", {}],
    ]);
    let asked = json!({"server_name": SERVER, "calls": calls}).to_string();
    let answer =
        ask(flask.port, "POST", "/url_for", &[("Content-Type", "application/json")], &asked).unwrap();
    let expected: Vec<String> = serde_json::from_str(&answer.text).unwrap();

    let (_folder, file) = routes_file("app");
    let mut app = app(&flask);
    app.config().set("SERVER_NAME", SERVER);
    app.external_routes(&file);
    let service = app.build().unwrap();
    let built: Vec<String> = service.test_request_context(&format!("http://{SERVER}/"), || {
        let build = |call: &Value| {
            let values: Vec<(&str, carboy::UrlValue)> = call[1]
                .as_object()
                .unwrap()
                .iter()
                .map(|(name, value)| {
                    let value = match value {
                        Value::String(text) => text.as_str().into(),
                        Value::Bool(truth) => (*truth).into(),
                        Value::Number(number) => match number.as_i64() {
                            Some(int) => int.into(),
                            None => number.as_f64().unwrap().into(),
                        },
                        other => panic!("{other}"),
                    };
                    (name.as_str(), value)
                })
                .collect();
            carboy::try_url_for(call[0].as_str().unwrap(), values).unwrap_or_else(|_| "BuildError".to_owned())
        };
        calls.as_array().unwrap().iter().map(build).collect()
    });
    assert_eq!(built, expected);

    // A rule of Python never takes a request: Python does.
    let client = service.test_client();
    assert_eq!(client.get("http://shop.example/branch/").send().text(), "python branch");
    let answer = client.get("http://shop.example/rust/read").send();
    assert_eq!(answer.status(), 200);
}

#[test]
#[ignore = "needs Python with Flask"]
fn a_rule_that_is_here_too_is_built_from_here_and_the_list_of_routes_says_what_is_elsewhere() {
    let flask = flask();
    let (_folder, file) = routes_file("app");
    let mut app = app(&flask);
    app.add_url_rule("/branches/", "branch", None, Default::default());
    app.external_routes(&file);
    let list = app.test_cli_runner().invoke(["routes"]).output;
    let line = |endpoint: &str| -> Vec<&str> {
        list.lines()
            .filter(|line| line.split_whitespace().next() == Some(endpoint))
            .map(str::trim_end)
            .collect()
    };
    assert!(line("item")[0].ends_with("/item"), "{list}");
    assert!(line("item").iter().any(|line| line.ends_with("/item")), "{list}");
    assert!(line("blog.entry")[0].ends_with("/blog/<uuid:id>/<path:rest> (elsewhere)"), "{list}");
    assert_eq!(line("static").len(), 1, "the same rule is listed once: {list}");
    let mut app = self::app(&flask);
    app.add_url_rule("/branches/", "branch", None, Default::default());
    app.external_routes(&file);
    let url = app.build().unwrap().test_request_context("/", || url_for("branch", ()));
    assert_eq!(url, "/branches/");
}

#[test]
#[ignore = "needs Python with Flask"]
fn what_cannot_be_exported_or_used_is_one_sentence() {
    let output = routes("app:unwritable");
    assert!(!output.status.success());
    assert_eq!(
        String::from_utf8_lossy(&output.stderr).trim(),
        "Error: the rule '/' of 'odd' has a default that JSON cannot hold: when=datetime.timedelta(days=1)"
    );
    let (_folder, file) = routes_file("app:strange");
    let mut app = App::new("front");
    app.external_routes(&file);
    assert_eq!(
        app.build().map(drop).unwrap_err().to_string(),
        format!(
            "the app 'front' cannot start: the file of external routes '{}' has the rule '/<colour:c>' of 'colour': the \
             converter 'colour' does not exist",
            file.display()
        )
    );
}

#[test]
#[ignore = "needs Python with Flask"]
fn the_exporter_is_also_a_command_of_the_application() {
    let folder = Folder::new();
    std::fs::write(
        folder.path().join("shop.py"),
        "import carboy_routes\nfrom flask import Flask\napp = Flask('shop')\ncarboy_routes.init_app(app)\n",
    )
    .unwrap();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../python/carboy_routes.py");
    std::fs::copy(&script, folder.path().join("carboy_routes.py")).unwrap();
    let by_command = Flask::command("shop", folder.path(), &["carboy-routes"]).output().unwrap();
    let exported: Value = serde_json::from_slice(&by_command.stdout).unwrap();
    assert_eq!((&exported["carboy_routes"], &exported["application"]), (&json!(1), &json!("shop")));
    assert_eq!(exported["rules"][0]["endpoint"], "static");
    let mut by_script = Command::new(python());
    let by_script = by_script.arg("carboy_routes.py").args(["--app", "shop"]).current_dir(folder.path());
    assert_eq!(by_script.output().unwrap().stdout, by_command.stdout);
}
