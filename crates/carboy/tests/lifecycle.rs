//! The order of things in a request: hooks, signals, error handlers, teardown.

use carboy::prelude::*;
use std::sync::{Arc, Mutex};

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<String>>>);

impl Log {
    fn add(&self, what: &str) {
        self.0.lock().unwrap().push(what.to_owned());
    }

    fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.0.lock().unwrap())
    }
}

#[route("/leaf")]
fn leaf() -> &'static str {
    "leaf"
}

#[route("/boom")]
fn boom() -> carboy::Result<&'static str> {
    Err(std::fmt::Error)?
}

#[route("/panic")]
fn panics() -> &'static str {
    panic!("on purpose")
}

fn hooked<S: Scaffold>(scaffold: &mut S, name: &'static str, log: &Log) {
    for n in ["1", "2"] {
        let l = log.clone();
        scaffold.before_request(move || l.add(&format!("before {name}{n}")));
        let l = log.clone();
        scaffold.after_request(move |response| {
            l.add(&format!("after {name}{n}"));
            response
        });
        let l = log.clone();
        scaffold.teardown_request(move |error| {
            l.add(&format!("teardown {name}{n}{}", if error.is_some() { " with error" } else { "" }));
        });
    }
    let l = log.clone();
    scaffold.url_value_preprocessor(move |endpoint, _| l.add(&format!("preprocess {name} {endpoint:?}")));
}

fn app(log: &Log) -> App {
    let mut app = App::new("order");
    app.config().set("SECRET_KEY", "dev");
    hooked(&mut app, "app", log);
    let mut parent = Blueprint::new("parent");
    parent.url_prefix("/p");
    hooked(&mut parent, "parent", log);
    let mut child = Blueprint::new("child");
    child.url_prefix("/c").routes(routes![leaf, boom, panics]);
    hooked(&mut child, "child", log);
    parent.register(child);
    app.register(parent);
    let l = log.clone();
    app.teardown_appcontext(move |_| l.add("teardown context"));
    let l = log.clone();
    let _ = app.signals().request_started.connect(move |()| l.add("started"));
    let l = log.clone();
    let _ = app.signals().request_finished.connect(move |_| l.add("finished"));
    let l = log.clone();
    let _ = app.signals().request_tearing_down.connect(move |_| l.add("tearing down"));
    let l = log.clone();
    let _ = app.signals().got_request_exception.connect(move |_| l.add("exception"));
    app
}

#[test]
fn the_functions_of_nested_blueprints_run_in_flasks_order() {
    let log = Log::default();
    let client = app(&log).test_client();
    let response = client.get("/p/c/leaf").send();
    assert_eq!(response.text(), "leaf");
    assert_eq!(
        log.take(),
        [
            "started",
            "preprocess app Some(\"parent.child.leaf\")",
            "preprocess parent Some(\"parent.child.leaf\")",
            "preprocess child Some(\"parent.child.leaf\")",
            "before app1",
            "before app2",
            "before parent1",
            "before parent2",
            "before child1",
            "before child2",
            "after child2",
            "after child1",
            "after parent2",
            "after parent1",
            "after app2",
            "after app1",
            "finished",
            "teardown child2",
            "teardown child1",
            "teardown parent2",
            "teardown parent1",
            "teardown app2",
            "teardown app1",
            "tearing down",
            "teardown context",
        ]
    );
}

#[test]
fn a_path_that_no_rule_takes_runs_the_apps_functions_alone() {
    let log = Log::default();
    let client = app(&log).test_client();
    assert_eq!(client.get("/nowhere").send().status(), 404);
    assert_eq!(
        log.take(),
        [
            "started",
            "preprocess app None",
            "before app1",
            "before app2",
            "after app2",
            "after app1",
            "finished",
            "teardown app2",
            "teardown app1",
            "tearing down",
            "teardown context"
        ]
    );
}

#[test]
fn an_error_nobody_handles_is_a_500_and_reaches_teardown() {
    for path in ["/p/c/boom", "/p/c/panic"] {
        let log = Log::default();
        let client = app(&log).test_client().propagate_errors(false);
        let response = client.get(path).send();
        assert_eq!(response.status(), 500);
        let log = log.take();
        assert!(log.contains(&"exception".to_owned()), "{log:?}");
        assert!(log.contains(&"teardown child1 with error".to_owned()), "{log:?}");
        assert_eq!(log.iter().filter(|l| l.starts_with("teardown child1")).count(), 1);
    }
}

#[test]
fn an_async_teardown_function_that_waits_keeps_its_place() {
    let log = Log::default();
    let mut app = App::new("late");
    app.routes(routes![leaf]);
    let l = log.clone();
    app.teardown_appcontext(move |_| l.add("context"));
    let l = log.clone();
    app.teardown_request(move |_| l.add("last"));
    let l = log.clone();
    app.teardown_request(move |_| {
        let l = l.clone();
        async move {
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
            l.add(&format!("waited at {}", request().path()));
        }
    });
    let l = log.clone();
    app.teardown_request(move |_| l.add("first"));
    assert_eq!(app.test_client().get("/leaf").send().status(), 200);
    let mut lines = Vec::new();
    for _ in 0..500 {
        lines.extend(log.take());
        if lines.len() == 4 {
            break;
        }
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    assert_eq!(lines, ["first", "waited at /leaf", "last", "context"]);
}

#[test]
fn an_error_of_the_handler_of_status_500_is_answered_with_the_plain_page() {
    let log = Log::default();
    let mut app = App::new("twice");
    app.config().set("PROPAGATE_EXCEPTIONS", false);
    app.routes(routes![boom]);
    app.errorhandler(500, |_| -> carboy::Result { Err(std::fmt::Error.into()) });
    let l = log.clone();
    app.teardown_request(move |error| l.add(&error.unwrap().to_string()));
    let response = app.test_client().propagate_errors(false).get("/boom").send();
    assert_eq!(response.status(), 500);
    assert!(response.text().contains("The server encountered an internal error"));
    assert_eq!(log.take().len(), 1);
}

#[test]
fn automatic_options_that_are_asked_for_are_given() {
    let mut app = App::new("options");
    app.config().set("PROVIDE_AUTOMATIC_OPTIONS", false);
    for (rule, asked) in [("/asked", Some(true)), ("/not", None)] {
        let options =
            carboy::RuleOptions { provide_automatic_options: asked, ..carboy::RuleOptions::default() };
        app.add_url_rule(rule, &rule[1..], carboy::view::view(|_| "view"), options);
    }
    let client = app.test_client();
    assert_eq!(client.options("/asked").send().header("allow"), Some("GET, HEAD, OPTIONS"));
    assert_eq!(client.options("/not").send().status(), 405);
}

#[test]
fn a_page_whose_processing_fails_too_is_sent_as_far_as_it_has_come_and_without_a_body_for_head() {
    let mut app = App::new("failing");
    app.config().set("PROPAGATE_EXCEPTIONS", false);
    app.routes(routes![leaf, boom]);
    app.errorhandler(500, |_| ("handled", 503));
    app.after_request(|_| -> carboy::Result { Err(std::fmt::Error.into()) });
    app.after_request(|mut response: Response| {
        response.headers_mut().insert("x-came", "here".parse().unwrap());
        response
    });
    let client = app.test_client().propagate_errors(false);
    for path in ["/leaf", "/boom"] {
        let response = client.get(path).send();
        assert_eq!((response.status().as_u16(), response.text().as_str()), (503, "handled"), "{path}");
        assert_eq!(response.header("x-came"), Some("here"));
        assert_eq!(client.head(path).send().data(), b"");
    }
}

#[test]
fn a_rule_for_websockets_has_methods_like_any_other() {
    let mut app = App::new("sockets");
    let options = carboy::RuleOptions { websocket: true, ..Default::default() };
    app.add_url_rule("/socket", "socket", carboy::view::view(|_: carboy::view::Args| "open"), options);
    let client = app.test_client();
    // What Flask answers: only a method that the rule has is told that it should have been a WebSocket's.
    assert_eq!(client.get("/socket").send().status(), 400);
    assert_eq!(client.options("/socket").send().status(), 400);
    let refused = client.post("/socket").send();
    assert_eq!((refused.status().as_u16(), refused.header("allow")), (405, Some("GET, HEAD, OPTIONS")));
    assert_eq!(
        client.get("/socket").header("connection", "upgrade").header("upgrade", "websocket").send().text(),
        "open"
    );
}
