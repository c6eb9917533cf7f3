//! Rate limits beside the real limits and Flask-Limiter (the vectors of `conformance/limiter`), and what clients and authors see.
#![cfg(feature = "limiter")]

#[path = "limiter/apps.rs"]
mod apps;
#[cfg(feature = "redis")]
#[path = "limiter/redis.rs"]
mod redis;

use carboy::{StatusCode, prelude::*, testing::TestClient};
use carboy_conformance::replay;
use carboy_ext::limiter::{HeaderNames, Limit, Limiter, RateLimit, Strategy, limit, remote_network};
use serde_json::{Value, json};
use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

#[test]
fn rates_are_read_as_limits_reads_them() {
    replay("limiter/rates.json", "", &["rates"], 60, |case| {
        let read = RateLimit::parse_many(case["text"].as_str().unwrap()).ok().map(|rates| {
            let told = |rate: RateLimit| {
                json!({
                    "amount": rate.amount(), "multiples": rate.multiples(), "granularity": rate.granularity().name(),
                    "window": rate.window(), "text": rate.to_string(), "key": rate.key_for(&["127.0.0.1", "index"]),
                })
            };
            rates.into_iter().map(told).collect::<Vec<Value>>()
        });
        assert_eq!(json!(read), case["rates"]);
    });
}

#[get("/")]
fn index() -> &'static str {
    "home"
}

#[post("/login")]
fn login() -> (&'static str, u16) {
    if request().form().get::<String>("password").as_deref() == Some("right") {
        ("in", 200)
    } else {
        ("no", 403)
    }
}

#[get("/busy")]
fn busy() -> (&'static str, [(&'static str, &'static str); 1]) {
    ("later", [("Retry-After", "100000")])
}

#[get("/mail")]
async fn mail() -> carboy::Result<&'static str> {
    ext::<Limiter>().check(&Limit::shared("1 per hour", "mail")).await?;
    Ok("sent")
}

fn app() -> App {
    let mut app = App::new("limits");
    app.routes(routes![index, login, busy, mail]);
    app
}

fn client(limiter: Limiter) -> TestClient {
    app().ext(limiter).test_client()
}

#[test]
fn one_request_too_many_is_a_429_that_error_handlers_see() {
    let mut app = app();
    app.errorhandler(429, |error: Error| {
        (format!("slow down: {}", error.http().unwrap().description()), 429)
    });
    let client = app.ext(Limiter::new().limit("index", "2 per minute")).test_client();
    assert_eq!(client.get("/").send().text(), "home");
    assert_eq!(client.head("/").send().status(), 200);
    let refused = client.get("/").send();
    assert_eq!((refused.status().as_u16(), refused.text()), (429, "slow down: 2 per 1 minute".into()));
    assert_eq!(client.get("/busy").send().status(), 200);
    // Another client is another counter.
    assert_eq!(client.get("/").remote_addr("10.0.0.1:1".parse().unwrap()).send().status(), 200);
}

#[test]
fn fields_tell_about_the_limit_under_names_that_can_be_chosen() {
    let names = HeaderNames { limit: "RateLimit-Limit".into(), ..HeaderNames::default() };
    let client = client(Limiter::new().default_limits(["2 per hour"]).headers(true).header_names(names));
    let answer = client.get("/").send();
    assert_eq!(answer.header("ratelimit-limit"), Some("2"));
    assert_eq!(answer.header("x-ratelimit-remaining"), Some("1"));
    let seconds: u64 = answer.header("retry-after").unwrap().parse().unwrap();
    assert!((3590..=3600).contains(&seconds), "{seconds}");
    // What a view says of it counts when it is later.
    let seconds: u64 = client.get("/busy").send().header("retry-after").unwrap().parse().unwrap();
    assert!((99_990..=100_000).contains(&seconds), "{seconds}");
    assert_eq!(client.get("/missing").send().header("retry-after"), None);
}

#[test]
fn keys_of_the_configuration_are_those_of_flask_limiter() {
    let mut app = app();
    app.config()
        .set("RATELIMIT_DEFAULT", "2/day;1/hour")
        .set("RATELIMIT_HEADERS_ENABLED", true)
        .set("RATELIMIT_STRATEGY", "moving-window")
        .set("RATELIMIT_HEADER_RETRY_AFTER_VALUE", "http-date")
        .set("RATELIMIT_HEADER_RESET", "X-Reset");
    let client = app.ext(Limiter::new()).test_client();
    let answer = client.get("/").send();
    assert_eq!(answer.header("x-ratelimit-limit"), Some("1"));
    assert!(answer.header("x-reset").is_some());
    assert!(answer.header("retry-after").unwrap().ends_with("GMT"));
    assert_eq!(client.get("/").send().status(), 429);

    let mut app = self::app();
    app.config().set("RATELIMIT_ENABLED", false);
    let client = app.ext(Limiter::new().default_limits(["1/day"])).test_client();
    assert!((0..3).all(|_| client.get("/").send().status() == 200));
}

#[test]
fn failed_logins_can_be_counted_alone() {
    let limit = Limit::new("2 per hour").deduct_when(|response| response.status() == 403);
    let client = client(Limiter::new().limit("login", limit));
    let log_in =
        |password: &str| client.post("/login").form([("password", password)]).send().status().as_u16();
    let answers = ["right", "right", "right", "wrong", "right", "wrong", "right"].map(log_in);
    assert_eq!(answers, [200, 200, 200, 403, 200, 403, 429]);
}

#[test]
fn a_view_counts_in_its_middle_and_apps_count_what_is_no_request() {
    let client = client(Limiter::new());
    assert_eq!(client.get("/mail").send().text(), "sent");
    assert_eq!(client.get("/mail").send().status(), 429);

    let rate: RateLimit = "2 per hour".parse().unwrap();
    let service = client.app().clone();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(service.in_app_context(async {
        let limiter = ext::<Limiter>();
        let mails = ["mails", "ann@example.com"];
        assert!(limiter.hit(&rate, &mails, 1).await.unwrap());
        assert!(limiter.test(&rate, &mails, 1).await.unwrap());
        assert!(limiter.hit(&rate, &mails, 1).await.unwrap());
        assert!(!limiter.hit(&rate, &mails, 1).await.unwrap());
        assert_eq!(limiter.window(&rate, &mails).await.unwrap().remaining, 0);
        limiter.clear(&rate, &mails).await.unwrap();
        assert_eq!(limiter.window(&rate, &mails).await.unwrap().remaining, 2);
    }));
}

#[test]
fn requests_at_once_never_pass_the_limit_together() {
    for strategy in
        [Strategy::FixedWindow, Strategy::MovingWindow, Strategy::SlidingWindowCounter, Strategy::Gcra]
    {
        let client = client(Limiter::new().limit("index", "40 per day").strategy(strategy));
        let passed = Arc::new(AtomicUsize::new(0));
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..25 {
                        let passes = client.get("/").send().status() == 200;
                        passed.fetch_add(usize::from(passes), Ordering::Relaxed);
                    }
                });
            }
        });
        assert_eq!(passed.load(Ordering::Relaxed), 40, "{strategy:?}");
    }
}

#[test]
fn a_breach_is_told_and_may_have_an_answer_of_its_own() {
    let told = Arc::new(std::sync::Mutex::new(Vec::new()));
    let seen = told.clone();
    let limiter = Limiter::new().limit("index", "1 per day").on_breach(move |limit| {
        seen.lock().unwrap().push(limit.key.clone());
        Some(Response::text("enough").with_status(StatusCode::TOO_MANY_REQUESTS))
    });
    let client = client(limiter);
    client.get("/").send();
    assert_eq!(client.get("/").send().text(), "enough");
    assert_eq!(*told.lock().unwrap(), ["LIMITER/127.0.0.1/index/1/1/day"]);
}

#[test]
fn an_address_of_ipv6_is_one_of_many_of_its_network() {
    let client = client(Limiter::by(remote_network).limit("index", "1 per day"));
    let from = |address: &str| client.get("/").remote_addr(address.parse().unwrap()).send().status().as_u16();
    assert_eq!(from("[2001:db8::1]:1"), 200);
    assert_eq!(from("[2001:db8::ffff:1]:1"), 429);
    assert_eq!(from("[2001:db8:0:1::1]:1"), 200);
}

#[test]
fn clients_behind_a_trusted_proxy_are_told_apart_and_cannot_choose_their_address() {
    let mut app = app();
    app.proxy_fix(carboy::ProxyFix::new().x_for(1));
    let client = app.ext(Limiter::new().limit("index", "1 per day")).test_client();
    let from = |chain: &str| client.get("/").header("X-Forwarded-For", chain).send().status().as_u16();
    assert_eq!([from("10.0.0.1"), from("10.0.0.2"), from("1.1.1.1, 10.0.0.1")], [200, 200, 429]);
    let client = self::client(Limiter::new().limit("index", "1 per day"));
    let from = |chain: &str| client.get("/").header("X-Forwarded-For", chain).send().status().as_u16();
    assert_eq!([from("10.0.0.1"), from("10.0.0.2")], [200, 429]);
}

#[post("/guarded", guard = limit(Limit::new("2 per day").cost_by(|| request().header("x-cost").map_or(1, |n| n.parse().unwrap()))))]
fn guarded() -> &'static str {
    "through"
}

#[test]
fn a_limit_is_a_guard_that_runs_behind_the_hooks_and_before_the_body_is_read() {
    let mut app = app();
    app.routes(routes![guarded]).ext(Limiter::new().headers(true).default_limits(["1 per day"]));
    app.before_request(|| request().header("x-stop").map(|_| ("stopped", 418)));
    let client = app.test_client();
    assert!((0..3).all(|_| client.post("/guarded").header("X-Stop", "1").send().status() == 418));
    assert!((0..3).all(|_| client.options("/guarded").send().status() == 200));
    let answer = client.post("/guarded").data("x").send();
    assert_eq!((answer.text().as_str(), answer.header("x-ratelimit-remaining")), ("through", Some("1")));
    assert_eq!(client.post("/guarded").send().status(), 200);
    assert_eq!(client.post("/guarded").send().status(), 429);
}

#[test]
fn what_a_browser_asks_before_it_sends_is_not_counted() {
    let client = client(Limiter::new().limit("login", "1 per day"));
    assert!((0..3).all(|_| client.options("/login").send().status() == 200));
    assert_eq!(client.post("/login").send().status(), 403);
    assert_eq!(client.post("/login").send().status(), 429);
}

#[test]
fn mistakes_are_told_at_start_up() {
    let refused = |limiter: Limiter| app().ext(limiter).build().err().expect("it is refused").to_string();
    assert!(refused(Limiter::new().limit("index", "2 a day")).contains("'2 a day' is no rate limit"));
    assert!(refused(Limiter::new().default_limits(["often"])).contains("'often' is no rate limit"));
    assert!(refused(Limiter::new().limit("indx", "2/day")).contains("no view with the endpoint 'indx'"));
    assert!(refused(Limiter::new().limit_blueprint("api", "2/day")).contains("no blueprint 'api'"));
    let sentence = refused(Limiter::new().storage_uri("mysql://secret@host"));
    assert!(sentence.contains("is not one of a Redis server") || sentence.contains("`redis`"), "{sentence}");
    assert!(!sentence.contains("secret"), "{sentence}");
    let mut app = app();
    app.config().set("RATELIMIT_STRATEGY", "often");
    let sentence = app.ext(Limiter::new()).build().err().unwrap().to_string();
    assert!(sentence.contains("RATELIMIT_STRATEGY: 'often' is no strategy"), "{sentence}");
}
