//! An answer that has run out is given while its view makes the next.

use super::{Runs, get, run, runs};
use carboy::{StatusCode, prelude::*, testing::TestClient};
use carboy_ext::cache::{Cache, Cached, cached};
use std::{
    sync::atomic::AtomicUsize,
    thread,
    time::{Duration, Instant},
};

const FRESH: Duration = Duration::from_millis(200);
const STALE: Duration = Duration::from_secs(60);

#[get("/attribute")]
#[cached(timeout = Duration::from_millis(200), stale_while_revalidate = 60)]
async fn attribute() -> String {
    format!("made {}", run())
}

#[get("/<what>")]
async fn page(what: String) -> carboy::Result {
    let number = run();
    let mut response = Response::text(format!("made {number}"));
    match (what.as_str(), number) {
        ("slow", 2..) => tokio::time::sleep(Duration::from_secs(2)).await,
        ("broken", 2) => return Err(Error::msg("broken")),
        ("busy", 2) => drop(response.set_status(StatusCode::SERVICE_UNAVAILABLE)),
        ("gone", 2) => abort(404)?,
        ("private", 2) => drop(response.set_header("Cache-Control", "private")?),
        ("session", 2) => drop(session().get::<u8>("n")),
        ("varies", _) => {
            response = Response::text(format!("{:?} {number}", request().header("x-theme")));
            response.set_header("Vary", "X-Theme")?;
        }
        ("deleted", 2) => ext::<Cache>().delete_view("/deleted").await,
        _ => {}
    }
    Ok(response)
}

fn client(view: Cached) -> TestClient {
    let mut app = App::new("stale");
    app.config().set("SECRET_KEY", "dev").set("PROPAGATE_EXCEPTIONS", false);
    app.routes(routes![attribute]).routes(routes![page].around(view));
    app.ext(Runs(AtomicUsize::new(0))).ext(Cache::new());
    app.build().unwrap().test_client()
}

fn stale() -> TestClient {
    client(cached(FRESH).stale_while_revalidate(STALE))
}

/// Asks once for what has run out, and waits until the view has run so often.
fn ask_and_wait(client: &TestClient, path: &str, times: usize) -> String {
    thread::sleep(FRESH + Duration::from_millis(50));
    let text = get(client, path, &[]);
    wait_for_runs(client, times);
    // What it made has to be kept, or deleted, yet.
    thread::sleep(Duration::from_millis(500));
    text
}

fn wait_for_runs(client: &TestClient, times: usize) {
    let end = Instant::now() + Duration::from_secs(20);
    while runs(client) < times {
        assert!(Instant::now() < end, "nobody made the next");
        thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn an_answer_that_has_run_out_is_given_at_once_while_the_view_makes_the_next() {
    for path in ["/attribute", "/page"] {
        let client = stale();
        assert_eq!(get(&client, path, &[]), "made 1");
        assert_eq!(ask_and_wait(&client, path, 2), "made 1", "{path}");
        assert_eq!(ask_and_wait(&client, path, 3), "made 2", "{path}");
    }
    let client = stale();
    assert_eq!(get(&client, "/slow", &[]), "made 1");
    thread::sleep(FRESH + Duration::from_millis(50));
    let begin = Instant::now();
    let given: Vec<_> = (0..10).map(|_| get(&client, "/slow", &[])).collect();
    let quick = begin.elapsed() < Duration::from_secs(2);
    wait_for_runs(&client, 2);
    assert!(!quick || (given.iter().all(|text| text == "made 1") && runs(&client) == 2), "{given:?}");
}

#[test]
fn what_is_older_than_that_or_has_no_such_time_is_waited_for() {
    for view in [cached(FRESH), cached(FRESH).stale_while_revalidate(Duration::from_millis(1))] {
        let client = client(view);
        assert_eq!(get(&client, "/page", &[]), "made 1");
        thread::sleep(FRESH + Duration::from_millis(100));
        assert_eq!(get(&client, "/page", &[]), "made 2");
    }
}

#[test]
fn an_answer_outlives_the_failure_of_its_view() {
    for path in ["/broken", "/busy"] {
        let client = stale();
        get(&client, path, &[]);
        assert_eq!(ask_and_wait(&client, path, 2), "made 1", "{path}");
        assert_eq!(ask_and_wait(&client, path, 3), "made 1", "{path}");
        assert_eq!(get(&client, path, &[]), "made 3", "{path}");
    }
}

#[test]
fn an_answer_goes_when_the_next_is_not_for_others_or_is_none() {
    for path in ["/gone", "/private", "/session", "/deleted"] {
        let client = stale();
        get(&client, path, &[]);
        assert_eq!(ask_and_wait(&client, path, 2), "made 1", "{path}");
        assert_eq!(get(&client, path, &[]), "made 3", "{path}");
    }
}

#[test]
fn each_variant_is_made_anew_by_whoever_asks_for_it() {
    let client = stale();
    let ask = |theme: &str| get(&client, "/varies", &[("X-Theme", theme)]);
    assert_eq!([ask("dark"), ask("light")], ["Some(\"dark\") 1", "Some(\"light\") 2"]);
    thread::sleep(FRESH + Duration::from_millis(50));
    assert_eq!(ask("light"), "Some(\"light\") 2");
    let end = Instant::now() + Duration::from_secs(20);
    while ask("light") == "Some(\"light\") 2" {
        assert!(Instant::now() < end, "nobody made the next");
        thread::sleep(Duration::from_millis(5));
    }
    assert_eq!(ask("dark"), "Some(\"dark\") 1");
}

#[test]
fn head_gets_what_has_run_out_and_makes_nothing() {
    let client = stale();
    get(&client, "/page", &[]);
    thread::sleep(FRESH + Duration::from_millis(50));
    assert_eq!(client.head("/page").send().status(), 200);
    thread::sleep(Duration::from_millis(50));
    assert_eq!(runs(&client), 1);
}
