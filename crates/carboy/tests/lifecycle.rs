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
