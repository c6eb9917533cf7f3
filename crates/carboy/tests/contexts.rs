//! Contexts: what the accessors see, where they work, and when a request ends.

use carboy::prelude::*;
use futures_util::{StreamExt, stream};
use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

#[route("/user/<name>")]
async fn user(name: String) -> String {
    g().set("name", name);
    let spawned =
        carboy::spawn(async { format!("{} {:?}", request().path(), g().get::<String>("name")) }).await;
    let plain = tokio::spawn(async { carboy::has_request_context() }).await;
    let blocking = carboy::blocking(|| request().view_args()[0].1.to_string()).await;
    format!("{} plain {} {blocking}", spawned.unwrap(), plain.unwrap())
}

#[route("/blocking", blocking)]
fn blocking() -> String {
    let on = std::thread::current().name().unwrap_or("").to_owned();
    format!("{} {}", request().path(), on.starts_with("carboy-background"))
}

#[route("/stream")]
fn streamed() -> Response {
    let numbers = stream::iter(0..3).then(|n| async move {
        tokio::time::sleep(Duration::from_millis(1)).await;
        Ok::<_, std::io::Error>(format!("{n} {};", carboy::has_request_context()))
    });
    Response::stream(numbers)
}

#[route("/stream-with-context")]
fn streamed_with_context() -> Response {
    let numbers = stream::iter(0..3).map(|n| Ok::<_, std::io::Error>(format!("{n} {};", request().path())));
    Response::stream(carboy::stream_with_context(numbers))
}

#[route("/endless")]
fn endless() -> Response {
    Response::stream(stream::repeat_with(|| Ok::<_, std::io::Error>("again;")))
}

#[route("/broken-stream")]
fn broken_stream() -> Response {
    let pieces = stream::iter(0..3).map(|n| match n {
        0 => Ok("first;"),
        1 => panic!("in the middle of a stream"),
        _ => Err(std::io::Error::other("never")),
    });
    Response::stream(pieces)
}

#[route("/forever")]
async fn forever() -> &'static str {
    tokio::time::sleep(Duration::from_secs(3600)).await;
    "never"
}

#[route("/overflow/<int:n>")]
fn small(n: u8) -> String {
    n.to_string()
}

#[route("/after")]
fn after() -> &'static str {
    for n in 1..=2 {
        after_this_request(move |mut response: Response| {
            response.headers_mut().append("x-after", n.into());
            response
        });
    }
    "ok"
}

struct Ends(Arc<AtomicUsize>, Arc<Mutex<Vec<String>>>);

impl Ends {
    fn count(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }
}

fn app() -> (App, Ends) {
    let mut app = App::new("contexts");
    app.routes(routes![
        user,
        blocking,
        streamed,
        streamed_with_context,
        endless,
        broken_stream,
        forever,
        small,
        after
    ]);
    let ends = Ends(Arc::default(), Arc::default());
    let (count, paths) = (ends.0.clone(), ends.1.clone());
    app.teardown_request(move |_| {
        count.fetch_add(1, Ordering::SeqCst);
        paths.lock().unwrap().push(request().path().to_owned());
    });
    (app, ends)
}

#[test]
fn a_spawned_task_keeps_the_context_and_a_plain_one_does_not() {
    let client = app().0.test_client();
    let text = client.get("/user/ann").send().text();
    assert_eq!(text, "/user/ann Some(\"ann\") plain false ann");
}

#[test]
fn a_blocking_view_runs_on_the_blocking_pool_in_its_context() {
    assert_eq!(app().0.test_client().get("/blocking").send().text(), "/blocking true");
}

#[test]
fn sync_views_move_to_the_blocking_pool_when_the_configuration_says_so() {
    #[route("/where")]
    fn place() -> String {
        let on = std::thread::current().name().unwrap_or("").to_owned();
        on.starts_with("carboy-background").to_string()
    }
    for (setting, expected) in [("inline", "false"), ("blocking", "true")] {
        let mut app = App::new("sync");
        app.config().set("SYNC_VIEWS", setting);
        app.routes(routes![place]);
        assert_eq!(app.test_client().get("/where").send().text(), expected);
    }
    let mut app = App::new("sync");
    app.config().set("SYNC_VIEWS", "maybe");
    assert!(app.build().err().unwrap().to_string().contains("SYNC_VIEWS"));
}

#[test]
fn a_streamed_body_has_no_context_unless_it_asks_for_it() {
    let client = app().0.test_client();
    assert_eq!(client.get("/stream").send().text(), "0 false;1 false;2 false;");
    let with = client.get("/stream-with-context").send().text();
    assert_eq!(with, "0 /stream-with-context;1 /stream-with-context;2 /stream-with-context;");
}

#[test]
fn the_end_of_a_request_comes_once_and_after_its_streamed_body() {
    let (mut app, ends) = app();
    let client = app.test_client();
    let mut response = client.get("/stream-with-context").send_streaming();
    assert_eq!(ends.count(), 0);
    while response.chunk().is_some() {}
    assert_eq!(ends.count(), 1);
    drop(response);
    assert_eq!(ends.count(), 1);
}

#[test]
fn the_end_of_a_request_comes_when_the_client_leaves_during_a_stream() {
    let (mut app, ends) = app();
    let client = app.test_client();
    let mut response = client.get("/endless").send_streaming();
    assert!(response.chunk().is_some());
    assert_eq!(ends.count(), 0);
    drop(response);
    assert_eq!(ends.count(), 1);
    assert_eq!(*ends.1.lock().unwrap(), ["/endless"]);
}

#[test]
fn a_stream_that_panics_breaks_off_and_the_request_ends() {
    let (mut app, ends) = app();
    let response = app.test_client().get("/broken-stream").send();
    assert_eq!(response.text(), "first;");
    assert!(response.body_error().unwrap().contains("in the middle of a stream"));
    assert_eq!(ends.count(), 1);
}

#[tokio::test]
async fn the_end_of_a_request_comes_when_the_client_leaves_before_the_answer() {
    let (mut app, ends) = app();
    let service = app.build().unwrap();
    let request = Request::get("/forever");
    let answer =
        tokio::time::timeout(Duration::from_millis(50), carboy::Service::call(&service, request)).await;
    assert!(answer.is_err());
    assert_eq!(ends.count(), 1);
}

#[test]
fn a_teardown_function_that_panics_does_not_keep_the_others_from_running() {
    let (mut app, ends) = app();
    app.teardown_request(|_| assert_eq!(request().path(), "", "in teardown"));
    let after = Arc::new(AtomicUsize::new(0));
    let n = after.clone();
    app.teardown_request(move |_| {
        n.fetch_add(1, Ordering::SeqCst);
    });
    let response = app.test_client().get("/blocking").send();
    assert_eq!(response.status(), 200);
    assert_eq!((ends.count(), after.load(Ordering::SeqCst)), (1, 1));
}

#[test]
fn an_async_teardown_function_runs_in_the_context_and_the_drain_waits_for_it() {
    let (mut app, _) = app();
    let seen = Arc::new(Mutex::new(None));
    let s = seen.clone();
    app.teardown_request(move |_| {
        let s = s.clone();
        async move {
            tokio::time::sleep(Duration::from_millis(30)).await;
            *s.lock().unwrap() = Some(request().path().to_owned());
        }
    });
    let service = app.build().unwrap();
    service.test_client().get("/blocking").send();
    service.shutdown();
    assert_eq!(seen.lock().unwrap().as_deref(), Some("/blocking"));
}

#[test]
fn functions_for_this_request_run_in_the_order_in_which_they_were_added() {
    assert_eq!(app().0.test_client().get("/after").send().header_all("x-after"), ["1", "2"]);
}

#[test]
fn a_value_too_large_for_its_argument_does_not_match() {
    let client = app().0.test_client();
    assert_eq!(client.get("/overflow/255").send().text(), "255");
    assert_eq!(client.get("/overflow/256").send().status(), 404);
    assert_eq!(client.get("/overflow/99999999999999999999999999999999999999999999").send().status(), 404);
}

#[test]
#[should_panic(expected = "Working outside of request context.")]
fn request_outside_a_request_says_so() {
    request();
}

#[test]
#[should_panic(expected = "Working outside of application context.")]
fn g_outside_a_context_says_so() {
    g();
}

#[test]
fn g_lives_as_long_as_its_context() {
    let service = app().0.build().unwrap();
    service.app_context(|| {
        g().set("a", 1);
        g().insert(String::from("typed"));
        assert_eq!(g().get::<i32>("a"), Some(1));
        assert_eq!(g().get::<String>("a"), None);
        assert_eq!(g().setdefault("a", || 2), 1);
        assert_eq!(g().of_type::<String>().as_deref().map(String::as_str), Some("typed"));
        assert_eq!(g().pop::<i32>("a"), Some(1));
        assert!(!g().contains("a"));
        assert!(!carboy::has_request_context());
    });
    service.app_context(|| assert!(g().of_type::<String>().is_none()));
    assert!(!carboy::has_app_context());
}

#[test]
fn a_request_context_without_dispatch_knows_url_and_endpoint() {
    let service = app().0.build().unwrap();
    service.test_request_context("/user/bo?x=1", || {
        assert_eq!(request().endpoint(), Some("user"));
        assert_eq!(request().args().get::<u8>("x"), Some(1));
        assert_eq!(url_for!(user, name = "a b"), "/user/a%20b");
        assert_eq!(url_for!(user, name = "a"; page = 2, _external = true), "http://localhost/user/a?page=2");
    });
}

/// The runtime that code runs on, or that was entered for it.
fn here() -> String {
    tokio::runtime::Handle::current().id().to_string()
}

#[test]
fn what_the_parts_of_a_request_start_belongs_to_the_background_runtime() {
    static SEEN: Mutex<Vec<(&str, String)>> = Mutex::new(Vec::new());
    fn note(place: &'static str) {
        SEEN.lock().unwrap().push((place, here()));
    }
    #[route("/")]
    async fn view() -> carboy::Result<&'static str> {
        note("view");
        tokio::spawn(async { note("task") }).await?;
        abort(418)
    }
    let mut app = App::new("runtimes");
    app.config().set("SECRET_KEY", "k");
    app.before_request(|| note("plain"));
    app.before_request(|| async { note("before") });
    app.after_request(|response: Response| async move {
        note("after");
        response
    });
    app.errorhandler(418u16, |_: Error| async {
        note("handler");
        ("short and stout", 418)
    });
    let service = app.routes(routes![view]).build().unwrap();
    let worker = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let (background, own, response) = worker.block_on(async {
        let background = carboy::spawn(async { here() }).await.unwrap();
        (background, here(), carboy::Service::call(&service, Request::get("/")).await)
    });
    assert_eq!(response.status(), 418);
    assert_ne!(background, own);
    let places = ["plain", "before", "view", "task", "handler", "after"];
    assert_eq!(*SEEN.lock().unwrap(), places.map(|place| (place, background.clone())));
}

#[test]
fn nothing_of_one_request_is_seen_by_the_next_on_the_same_thread() {
    let mut app = App::new("test");
    app.config().set("SECRET_KEY", "k");
    app.routes(routes![leaves_traces, sees_traces]);
    let app = app.build().unwrap();
    for _ in 0..3 {
        // Each client is new, so that no cookie carries the session on.
        assert_eq!(app.test_client().get("/leaves").header("x-trace", "1").send().text(), "left");
        let seen = app.test_client().get("/sees").send();
        assert_eq!(seen.text(), "[] false None false");
    }
}

#[route("/leaves")]
fn leaves_traces() -> &'static str {
    g().set("trace", 1);
    g().insert(Arc::new(7_u8));
    session().set("trace", 1);
    "left"
}

#[route("/sees")]
fn sees_traces() -> String {
    let typed = g().of_type::<Arc<u8>>().is_some();
    let session = session().get::<i64>("trace");
    format!("{:?} {typed} {session:?} {}", g().names(), request().headers().contains_key("x-trace"))
}

#[test]
fn what_an_app_knows_is_let_go_with_the_app_and_what_a_request_holds_with_the_request() {
    struct Knows(#[allow(dead_code)] Arc<()>);
    impl carboy::Extension for Knows {
        fn name(&self) -> &'static str {
            "knows"
        }
    }
    static HELD: Mutex<Option<Arc<()>>> = Mutex::new(None);
    #[route("/holds")]
    fn holds() -> &'static str {
        g().insert(HELD.lock().unwrap().clone());
        "held"
    }
    let (known, held) = (Arc::new(()), Arc::new(()));
    *HELD.lock().unwrap() = Some(held.clone());
    let mut app = App::new("test");
    app.ext(Knows(known.clone()));
    app.routes(routes![holds]);
    let app = app.build().unwrap();
    let handled = carboy::Service::call(&app, Request::get("/holds"));
    futures_util::future::FutureExt::now_or_never(handled).expect("nothing to wait for");
    assert_eq!(Arc::strong_count(&held), 2, "held by the test alone");
    drop(app);
    assert_eq!(Arc::strong_count(&known), 1);
}
