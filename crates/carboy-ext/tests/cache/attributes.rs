//! `#[cached]` beneath a route and `#[memoize]` on a function.

use super::{Runs, get, run, runs};
use carboy::{prelude::*, testing::TestClient, view::Call};
use carboy_ext::cache::{Cache, cached, memoize};
use std::{sync::atomic::AtomicUsize, time::Duration};

#[get("/plain")]
#[cached(timeout = 60)]
async fn plain() -> String {
    format!("answer {}", run())
}

#[get("/page/<int:page>")]
#[cached(timeout = Duration::from_secs(60), query_string = false)]
#[get("/page", defaults(page = 1))]
fn paged(page: u32) -> String {
    format!("answer {} of {page}", run())
}

fn tenant() -> String {
    request().header("x-tenant").unwrap_or_default().into_owned()
}

#[get("/tenant")]
#[cached(
    timeout = 60,
    key = tenant,
    unless = || request().header("x-fresh").is_some(),
    response_filter = |response: &Response| response.header("x-keep").is_none(),
)]
fn by_tenant() -> carboy::Result {
    let mut response = Response::text(format!("answer {}", run()));
    if request().header("x-drop").is_some() {
        response.set_header("X-Keep", "no")?;
    }
    Ok(response)
}

#[get("/short")]
#[cached(timeout = 0.2)]
fn short() -> String {
    format!("answer {}", run())
}

#[get("/default")]
#[cached]
fn by_default() -> String {
    format!("answer {}", run())
}

async fn loud(view: Call) -> carboy::Result {
    let mut response = view.run().await?;
    response.set_header("X-Loud", run().to_string())?;
    Ok(response)
}

#[get("/around", around = loud)]
#[cached(timeout = 60)]
fn around() -> String {
    format!("answer {}", run())
}

fn closed() -> carboy::Result<()> {
    if request().header("x-key").is_none() {
        abort(401)?;
    }
    Ok(())
}

#[get("/guarded", guard = closed)]
#[cached(timeout = 60)]
fn guarded() -> String {
    format!("answer {}", run())
}

#[memoize(timeout = 60)]
async fn sum(a: u32, b: &str) -> carboy::Result<String> {
    let number = run();
    if b == "broken" {
        return Err(Error::msg("broken"));
    }
    Ok(format!("{a}{b} by run {number}"))
}

mod other {
    /// Of the same name elsewhere.
    #[carboy_ext::cache::memoize(timeout = 60, ignore(greeting))]
    pub async fn sum(a: u32, greeting: &str) -> carboy::Result<String> {
        Ok(format!("{greeting}, {a} by run {}", super::run()))
    }
}

#[get("/sum/<int:a>/<b>")]
async fn summed(a: u32, b: String) -> carboy::Result<String> {
    sum(a, &b).await
}

#[get("/other/<int:a>/<b>")]
async fn other_sum(a: u32, b: String) -> carboy::Result<String> {
    other::sum(a, &b).await
}

#[get("/forget/<int:a>/<b>")]
async fn forget(a: u32, b: String) -> &'static str {
    sum::forget(a, &b).await;
    "forgotten"
}

#[get("/forget")]
async fn forget_all() -> &'static str {
    sum::forget_all().await;
    "forgotten"
}

fn client() -> TestClient {
    let mut app = App::new("attributes");
    app.config().set("PROPAGATE_EXCEPTIONS", false).set("CACHE_DEFAULT_TIMEOUT", 0.2);
    app.routes(routes![plain, paged, by_tenant, short, by_default, around, guarded])
        .routes(routes![summed, other_sum, forget, forget_all])
        .ext(Runs(AtomicUsize::new(0)))
        .ext(Cache::new());
    app.build().unwrap().test_client()
}

#[test]
fn a_view_with_the_attribute_is_kept_as_one_with_cached_around_it() {
    let client = client();
    assert_eq!([get(&client, "/plain", &[]), get(&client, "/plain", &[])], ["answer 1", "answer 1"]);
    assert_eq!(get(&client, "/plain?a=1", &[]), "answer 2");
    assert_eq!(get(&client, "/page/3", &[]), "answer 3 of 3");
    assert_eq!(get(&client, "/page/3?q", &[]), "answer 3 of 3");
    assert_eq!(get(&client, "/page", &[]), "answer 4 of 1");
    assert_eq!(get(&client, "/page?q", &[]), "answer 4 of 1");
}

#[test]
fn the_attribute_has_the_options_of_the_builder() {
    let client = client();
    let ask = |fields: &[(&str, &str)]| get(&client, "/tenant", fields);
    assert_eq!([ask(&[("X-Tenant", "a")]), ask(&[("X-Tenant", "a")])], ["answer 1", "answer 1"]);
    assert_eq!(ask(&[("X-Tenant", "a"), ("X-Fresh", "1")]), "answer 2");
    assert_eq!(ask(&[("X-Tenant", "a")]), "answer 1");
    assert_eq!(ask(&[("X-Tenant", "b"), ("X-Drop", "1")]), "answer 3");
    assert_eq!([ask(&[("X-Tenant", "b")]), ask(&[("X-Tenant", "b")])], ["answer 4", "answer 4"]);
    for path in ["/short", "/default"] {
        let first = get(&client, path, &[]);
        std::thread::sleep(Duration::from_millis(300));
        assert_ne!(get(&client, path, &[]), first, "{path}");
    }
}

#[test]
fn what_is_around_a_view_and_its_guards_run_for_kept_answers_too() {
    let client = client();
    let ask = || client.get("/around").send();
    let (first, second) = (ask(), ask());
    assert_eq!((first.text(), first.header("x-loud")), ("answer 1".into(), Some("2")));
    assert_eq!((second.text(), second.header("x-loud")), ("answer 1".into(), Some("3")));
    assert_eq!(get(&client, "/guarded", &[("X-Key", "1")]), "answer 4");
    assert_eq!(client.get("/guarded").send().status(), 401);
}

#[test]
fn results_of_a_memoized_function_are_kept_by_its_arguments_and_forgotten_by_them() {
    let client = client();
    let ask = |path: &str| get(&client, path, &[]);
    assert_eq!([ask("/sum/1/x"), ask("/sum/1/x")], ["1x by run 1", "1x by run 1"]);
    assert_eq!([ask("/sum/1/y"), ask("/sum/11/x")], ["1y by run 2", "11x by run 3"]);
    // Another function of that name has results of its own, and arguments that do not count.
    assert_eq!([ask("/other/1/hi"), ask("/other/1/ho")], ["hi, 1 by run 4", "hi, 1 by run 4"]);
    ask("/forget/1/x");
    assert_eq!([ask("/sum/1/x"), ask("/sum/1/y")], ["1x by run 5", "1y by run 2"]);
    ask("/forget");
    assert_eq!(
        [ask("/sum/1/x"), ask("/sum/1/y"), ask("/other/1/ha")],
        ["1x by run 6", "1y by run 7", "hi, 1 by run 4"]
    );
    // An error is not kept.
    for number in [8, 9] {
        assert_eq!(client.get("/sum/1/broken").send().status(), 500);
        assert_eq!(runs(&client), number);
    }
}

#[memoize(timeout = 60)]
async fn alone(runs: Vec<u8>) -> carboy::Result<usize> {
    Ok(runs.len())
}

#[tokio::test]
async fn outside_of_an_app_a_memoized_function_is_a_function() {
    assert_eq!(alone(vec![1, 2]).await.unwrap(), 2);
    alone::forget(vec![1, 2]).await;
    alone::forget_all().await;
}
