//! Counters in a real Redis: with the real Flask-Limiter, between two apps, between workers, and when Redis is away.

use carboy::{prelude::*, testing::TestClient};
use carboy_ext::limiter::{Limit, Limiter, Strategy};
use carboy_testkit::{Flask, Folder, Redis, ask};
use std::{
    fs, thread,
    time::{Duration, Instant},
};

const STRATEGIES: [Strategy; 4] =
    [Strategy::FixedWindow, Strategy::MovingWindow, Strategy::SlidingWindowCounter, Strategy::Gcra];

#[get("/index")]
fn index() -> &'static str {
    "home"
}

#[get("/heavy")]
fn heavy() -> &'static str {
    "heavy"
}

fn app(redis: &Redis, limiter: Limiter) -> App {
    let mut app = App::new("limits");
    app.config().set("RATELIMIT_STORAGE_URI", redis.url()).set("PROPAGATE_EXCEPTIONS", false);
    app.routes(routes![index, heavy]).ext(limiter);
    app
}

/// Limits that no clock ends in the middle of a test.
fn limiter(strategy: Strategy) -> Limiter {
    Limiter::new()
        .strategy(strategy)
        .headers(true)
        .limit("index", "7 per 2 hours")
        .limit("heavy", Limit::new("9 per day").cost(2))
        .application_limits(["40 per month"])
}

const FLASK: &str = r#"
import os
from flask import Flask
from flask_limiter import Limiter
from flask_limiter.util import get_remote_address

app = Flask(__name__)
limiter = Limiter(
    get_remote_address, app=app, headers_enabled=True, application_limits=["40 per month"],
    strategy=os.environ["STRATEGY"], storage_uri=os.environ["STORAGE"],
)


@app.get("/index")
@limiter.limit("7 per 2 hours")
def index():
    return "home"


@app.get("/heavy")
@limiter.limit("9 per day", cost=2)
def heavy():
    return "heavy"
"#;

/// Status, limit and remaining; then seconds since 1970 and seconds.
type Told = (u16, Option<String>, Option<String>, f64, f64);

fn here(client: &TestClient, path: &str) -> Told {
    let answer = client.get(path).send();
    let field = |name: &str| answer.header(name).map(str::to_owned);
    told(answer.status().as_u16(), field)
}

fn there(flask: &Flask, path: &str) -> Told {
    let answer = ask(flask.port, "GET", path, &[], "").unwrap();
    told(answer.status, |name| answer.header(name).map(str::to_owned))
}

fn told(status: u16, field: impl Fn(&str) -> Option<String>) -> Told {
    let number = |name: &str| field(name).unwrap_or_default().parse().unwrap_or(f64::NAN);
    let (limit, remaining) = (field("x-ratelimit-limit"), field("x-ratelimit-remaining"));
    (status, limit, remaining, number("x-ratelimit-reset"), number("retry-after"))
}

#[test]
#[ignore = "needs Python with Flask-Limiter, and Redis"]
fn flask_limiter_and_this_one_count_together() {
    let folder = Folder::new();
    fs::write(folder.path().join("app.py"), FLASK).unwrap();
    for strategy in &STRATEGIES[..3] {
        let redis = Redis::start();
        let env = [("STRATEGY", strategy.name()), ("STORAGE", &redis.url())];
        let flask = Flask::start("app", folder.path(), &env);
        let client = app(&redis, limiter(*strategy)).test_client();
        // Each asks in turn, and then the two are asked by turns until both refuse.
        let mut answers = Vec::new();
        for (path, turns) in [("/index", "HHFFFHFHFFHH"), ("/heavy", "FHHFFHHFFH")] {
            for turn in turns.chars() {
                let answer = if turn == 'H' { here(&client, path) } else { there(&flask, path) };
                answers.push((path, turn, answer));
            }
        }
        let index: Vec<_> = answers.iter().filter(|(path, ..)| *path == "/index").collect();
        for (number, (_, turn, (status, limit, remaining, ..))) in index.iter().enumerate() {
            let left = 6_usize.saturating_sub(number).to_string();
            let status_then = if number < 7 { 200 } else { 429 };
            let seen = (*status, limit.as_deref(), remaining.as_deref());
            assert_eq!(seen, (status_then, Some("7"), Some(left.as_str())), "{strategy:?} {number} {turn}");
        }
        // What both say of the same counter at nearly the same time is nearly the same.
        for path in ["/index", "/heavy"] {
            let (mine, theirs) = (here(&client, path), there(&flask, path));
            assert_eq!((mine.0, &mine.1, &mine.2), (theirs.0, &theirs.1, &theirs.2), "{strategy:?} {path}");
            assert!((mine.3 - theirs.3).abs() <= 2.0, "{strategy:?} {path}: {mine:?} {theirs:?}");
            assert!((mine.4 - theirs.4).abs() <= 2.0, "{strategy:?} {path}: {mine:?} {theirs:?}");
        }
        // All of it went to the same keys: those of the two views and the one of the application.
        let mut keys: Vec<String> = redis.cli(&["KEYS", "*"]).lines().map(str::to_owned).collect();
        keys.sort();
        let name = |scope: &str, rate: &str| match strategy {
            Strategy::SlidingWindowCounter => format!("LIMITS:{{LIMITER/127.0.0.1/{scope}/{rate}}}"),
            _ => format!("LIMITS:LIMITER/127.0.0.1/{scope}/{rate}"),
        };
        let expected = [name("global", "40/1/month"), name("heavy", "9/1/day"), name("index", "7/2/hour")];
        assert_eq!(keys, expected, "{strategy:?}");
    }
}

#[test]
#[ignore = "needs Redis"]
fn two_apps_on_one_redis_count_together() {
    for strategy in STRATEGIES {
        let redis = Redis::start();
        let clients =
            [app(&redis, limiter(strategy)).test_client(), app(&redis, limiter(strategy)).test_client()];
        let statuses: Vec<u16> = (0..10).map(|turn| here(&clients[turn % 2], "/index").0).collect();
        assert_eq!(statuses, [200, 200, 200, 200, 200, 200, 200, 429, 429, 429], "{strategy:?}");
    }
}

#[test]
#[ignore = "needs Redis"]
fn many_at_once_from_two_apps_never_pass_the_limit_together() {
    for strategy in STRATEGIES {
        let redis = Redis::start();
        let limiter = || Limiter::new().strategy(strategy).limit("index", "30 per day");
        let clients = [app(&redis, limiter()).test_client(), app(&redis, limiter()).test_client()];
        let passed: usize = thread::scope(|scope| {
            let threads: Vec<_> = (0..6)
                .map(|number: usize| {
                    let client = &clients[number % 2];
                    scope.spawn(move || {
                        (0..10).filter(|_| client.get("/index").send().status() == 200).count()
                    })
                })
                .collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).sum()
        });
        assert_eq!(passed, 30, "{strategy:?}");
    }
}

#[test]
#[ignore = "needs Redis"]
fn one_connection_serves_all_workers_and_the_calls_of_a_test_client() {
    let redis = Redis::start();
    let connections = || {
        redis.cli(&["CLIENT", "LIST", "TYPE", "normal"]).lines().filter(|l| !l.contains("cmd=client")).count()
    };
    let client = app(&redis, limiter(Strategy::FixedWindow)).test_client();
    let before = connections();
    assert_eq!(here(&client, "/index").0, 200);
    assert_eq!(here(&client, "/index").2.as_deref(), Some("5"));
    assert_eq!(connections(), before + 1);
    let config = carboy_server::ServerConfig::new().bind("127.0.0.1:0").workers(2);
    let service = app(&redis, limiter(Strategy::FixedWindow)).build().unwrap();
    let server = carboy_server::Server::new(config).start(service.clone()).unwrap();
    let port = server.addresses()[0].as_tcp().unwrap().port();
    // Connections that are open at once are on different workers.
    let statuses: Vec<u16> = thread::scope(|scope| {
        let threads: Vec<_> =
            (0..8).map(|_| scope.spawn(|| ask(port, "GET", "/heavy", &[], "").unwrap().status)).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert_eq!(statuses.iter().filter(|status| **status == 200).count(), 4, "{statuses:?}");
    assert_eq!(connections(), before + 2);
    // The workers are gone, the connection is not.
    drop(server);
    assert_eq!(service.test_client().get("/heavy").send().status(), 429);
    assert_eq!(connections(), before + 2);
}

#[test]
#[ignore = "needs Redis"]
fn a_redis_that_is_silent_or_gone_keeps_no_request_waiting() {
    let mut redis = Redis::start();
    let failing = app(&redis, limiter(Strategy::FixedWindow)).build().unwrap().test_client();
    let swallowing =
        app(&redis, limiter(Strategy::FixedWindow).swallow_errors(true)).build().unwrap().test_client();
    let fallback = limiter(Strategy::FixedWindow).in_memory_fallback(["2 per hour"]);
    let fallback = app(&redis, fallback).build().unwrap().test_client();
    for client in [&failing, &swallowing, &fallback] {
        assert_eq!(here(client, "/index").0, 200);
    }
    let status = |client: &TestClient| client.get("/index").send().status().as_u16();
    let quickly = |client: &TestClient, requests: usize| -> Vec<u16> {
        let begin = Instant::now();
        let statuses = (0..requests).map(|_| status(client)).collect();
        // One waits for half a second, twice at most; those after it do not. The rest is for a crowded machine.
        assert!(begin.elapsed() < Duration::from_secs(8), "{:?}", begin.elapsed());
        statuses
    };
    redis.signal("STOP");
    assert_eq!(quickly(&failing, 5), [500; 5]);
    assert_eq!(quickly(&swallowing, 5), [200; 5]);
    assert_eq!(quickly(&fallback, 4), [200, 200, 429, 429]);
    redis.signal("CONT");
    let recovers = |client: &TestClient, wanted: fn(u16, Option<String>) -> bool| {
        let end = Instant::now() + Duration::from_secs(20);
        loop {
            let (status, limit, ..) = here(client, "/heavy");
            if wanted(status, limit) {
                return;
            }
            assert!(Instant::now() < end, "it did not recover");
            thread::sleep(Duration::from_millis(100));
        }
    };
    recovers(&failing, |status, _| status != 500);
    recovers(&fallback, |_, limit| limit.as_deref() == Some("9"));
    redis.kill();
    assert_eq!(quickly(&failing, 3), [500; 3]);
    redis.start_again();
    recovers(&failing, |status, _| status == 200);
}

#[test]
#[ignore = "needs Redis"]
fn all_who_ask_when_redis_falls_silent_are_counted_in_memory() {
    let redis = Redis::start();
    let limiter = Limiter::new().limit("index", "9 per day").in_memory_fallback(["6 per day"]);
    let client = app(&redis, limiter).build().unwrap().test_client();
    assert_eq!(here(&client, "/index").0, 200);
    redis.signal("STOP");
    let mut statuses: Vec<u16> = thread::scope(|scope| {
        let threads: Vec<_> =
            (0..8).map(|_| scope.spawn(|| client.get("/index").send().status().as_u16())).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    statuses.sort();
    assert_eq!(statuses, [200, 200, 200, 200, 200, 200, 429, 429]);
}

#[test]
#[ignore = "needs Redis"]
fn a_moment_without_an_answer_is_logged_once_and_check_says_so() {
    let mut redis = Redis::start();
    let url = redis.url().replace("redis://", "redis://:hidden@");
    let mut app = App::new("limits");
    app.config().set("RATELIMIT_STORAGE_URI", url);
    app.routes(routes![index, heavy]).ext(limiter(Strategy::FixedWindow));
    redis.kill();
    let result = app.test_cli_runner().invoke(["check"]);
    assert!(result.output.contains("the store of rate limits does not answer"), "{}", result.output);
    assert!(!result.output.contains("hidden"));
}
