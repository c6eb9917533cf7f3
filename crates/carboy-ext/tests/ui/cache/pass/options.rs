// Every option, and every way to name the attribute.
#![deny(warnings)]
use carboy::prelude::*;
use carboy_ext::cache::{self, Cache, cached, memoize};
use std::time::Duration;

const HOUR: Duration = Duration::from_secs(3600);

fn tenant() -> String {
    "a".to_owned()
}

#[get("/a")]
#[cached]
fn a() -> &'static str {
    "a"
}

#[get("/b", around = cached(HOUR))]
#[cache::cached(timeout = 0.5, query_string = false, unless = || request().header("x-fresh").is_some())]
#[route("/bb", methods = ["GET", "POST"])]
async fn b() -> &'static str {
    "b"
}

#[get("/c/<int:id>")]
#[carboy_ext::cache::cached(timeout = HOUR, key = tenant, response_filter = |response: &Response| response.status() == 200)]
fn c(id: u64) -> String {
    id.to_string()
}

#[get("/d")]
#[cached(timeout = 60, stale_while_revalidate = HOUR, key = "d", query_string = true)]
fn d() -> &'static str {
    "d"
}

#[memoize]
async fn nothing() -> carboy::Result<u8> {
    Ok(1)
}

#[memoize(timeout = HOUR, stale_while_revalidate = 0.5)]
async fn later(mut text: String, place: &'static str) -> carboy::Result<String> {
    text.push_str(place);
    Ok(text)
}

/// A sum, of things by reference and by value.
#[memoize(timeout = 60, ignore(r#type))]
pub(crate) async fn sum<'a>(mut a: u8, b: &'a [u8], r#type: &mut String) -> carboy::Result<u8> {
    if b.is_empty() {
        return Ok(a);
    }
    r#type.push('x');
    a += b.iter().sum::<u8>();
    Ok(a)
}

fn main() {
    let mut app = App::new("options");
    app.routes(routes![a, b, c, d]).ext(Cache::new());
    assert_eq!(app.test_client().get("/c/7").send().text(), "7");
    let _ = async {
        let mut text = String::new();
        let _ = (nothing().await, later(String::new(), "x").await, sum(1, &[2], &mut text).await);
        sum::forget(1, &[2]).await;
        nothing::forget().await;
        sum::forget_all().await;
    };
}
