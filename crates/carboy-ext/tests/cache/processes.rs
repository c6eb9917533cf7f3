//! Several processes ask for what is missing in one Redis: one of them makes it. Two apps share nothing but the Redis, as two processes do.

use super::MINUTE;
use carboy::{AppService, prelude::*};
use carboy_ext::cache::{Cache, cached};
use carboy_server::{RunningServer, Server, ServerConfig};
use carboy_testkit::{Redis, ask};
use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

static RUNS: AtomicUsize = AtomicUsize::new(0);
/// Tests that look at the counter come one after another.
static ALONE: Mutex<()> = Mutex::new(());

async fn make() -> usize {
    let number = RUNS.fetch_add(1, Ordering::SeqCst) + 1;
    tokio::time::sleep(Duration::from_millis(700)).await;
    number
}

#[get("/page")]
#[cached(timeout = 60, key = "page")]
async fn page() -> String {
    format!("made {}", make().await)
}

#[get("/varied")]
#[cached(timeout = 60, key = "varied")]
async fn varied() -> carboy::Result {
    let mut response = Response::text(format!("made {}", make().await));
    response.set_header("Vary", "X-Theme")?;
    Ok(response)
}

#[get("/sum")]
async fn sum() -> carboy::Result<String> {
    let number: usize = ext::<Cache>().memoize("sum", MINUTE, async || Ok(make().await)).await?;
    Ok(format!("made {number}"))
}

#[get("/broken")]
async fn broken() -> carboy::Result<String> {
    ext::<Cache>().memoize("broken", MINUTE, async || Err(Error::msg("broken"))).await
}

fn service(redis: &Redis, lock: f64) -> AppService {
    let mut app = App::new("process");
    app.config()
        .set("CACHE_LOCK_TIMEOUT", lock)
        .set("CACHE_REDIS_TIMEOUT", 5)
        .set("PROPAGATE_EXCEPTIONS", false);
    app.routes(routes![page, varied, sum, broken]).ext(Cache::redis(&redis.url()));
    app.build().unwrap()
}

fn serve(service: AppService) -> (RunningServer, u16) {
    let config = ServerConfig::new().bind("127.0.0.1:0").workers(2);
    let server = Server::new(config).start(service).unwrap();
    let port = server.addresses()[0].as_tcp().unwrap().port();
    (server, port)
}

#[test]
#[ignore = "needs Redis"]
fn of_a_hundred_who_ask_two_processes_at_once_one_makes_it() {
    let _alone = ALONE.lock().unwrap_or_else(|error| error.into_inner());
    let redis = Redis::start();
    // What takes longer than the lock is made twice: a crowded machine is given time.
    let servers = [serve(service(&redis, 30.0)), serve(service(&redis, 30.0))];
    for path in ["/page", "/varied", "/sum"] {
        RUNS.store(0, Ordering::SeqCst);
        let texts: Vec<String> = thread::scope(|scope| {
            let threads: Vec<_> = (0..100)
                .map(|number: usize| {
                    let port = servers[number % 2].1;
                    scope.spawn(move || ask(port, "GET", path, &[], "").unwrap().text)
                })
                .collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        assert_eq!(RUNS.load(Ordering::SeqCst), 1, "{path}");
        assert!(texts.iter().all(|text| text == "made 1"), "{path}: {texts:?}");
    }
    // Nobody is kept waiting afterwards.
    assert_eq!(redis.cli(&["KEYS", "carboy_cache_lock/*"]), "");
}

#[test]
#[ignore = "needs Redis"]
fn a_process_that_died_holding_the_lock_costs_the_time_of_the_lock_and_keeps_it() {
    let _alone = ALONE.lock().unwrap_or_else(|error| error.into_inner());
    let redis = Redis::start();
    let client = service(&redis, 1.0).test_client();
    // This one never runs out.
    redis.cli(&["SET", "carboy_cache_lock/result/sum", "another"]);
    RUNS.store(0, Ordering::SeqCst);
    let begin = Instant::now();
    assert_eq!(client.get("/sum").send().text(), "made 1");
    let took = begin.elapsed();
    assert!(took >= Duration::from_millis(1600), "{took:?}");
    // The rest is for a crowded machine.
    assert!(took < Duration::from_secs(8), "{took:?}");
    assert_eq!(redis.cli(&["GET", "carboy_cache_lock/result/sum"]), "another");
}

#[test]
#[ignore = "needs Redis"]
fn a_lock_that_redis_took_down_late_keeps_its_own_process_not_waiting() {
    let redis = Redis::start();
    let service = service(&redis, 600.0);
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(service.in_app_context(async {
        let (cache, lock) = (ext::<Cache>(), "carboy_cache_lock/result/late");
        let told = cache.memoize("late", MINUTE, async || Ok(redis.cli(&["GET", lock]))).await.unwrap();
        assert_eq!(told.len(), 32, "{told}");
        // As if it had been silent when the process asked for it.
        redis.cli(&["SET", lock, &told]);
        cache.delete("late").await;
        let begin = Instant::now();
        assert_eq!(cache.memoize("late", MINUTE, async || Ok(7)).await.unwrap(), 7);
        assert!(begin.elapsed() < Duration::from_secs(60), "{:?}", begin.elapsed());
        assert_eq!(redis.cli(&["EXISTS", lock]), "0");
    }));
}

#[test]
#[ignore = "needs Redis"]
fn without_a_lock_each_process_makes_it() {
    let _alone = ALONE.lock().unwrap_or_else(|error| error.into_inner());
    let redis = Redis::start();
    redis.cli(&["SET", "carboy_cache_lock/result/sum", "another"]);
    RUNS.store(0, Ordering::SeqCst);
    let clients = [service(&redis, 0.0).test_client(), service(&redis, 0.0).test_client()];
    thread::scope(|scope| {
        for client in &clients {
            scope.spawn(|| client.get("/sum").send());
        }
    });
    assert_eq!(RUNS.load(Ordering::SeqCst), 2);
}

#[test]
#[ignore = "needs Redis"]
fn the_lock_is_released_after_an_error_and_when_the_client_leaves() {
    let redis = Redis::start();
    let service = service(&redis, 600.0);
    assert_eq!(service.test_client().get("/broken").send().status(), 500);
    assert_eq!(redis.cli(&["KEYS", "carboy_cache_lock/*"]), "");
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(service.in_app_context(async {
        let cache = Cache::clone(&ext::<Cache>());
        let started = Arc::new(tokio::sync::Notify::new());
        let task = tokio::spawn({
            let started = started.clone();
            async move {
                let make = async || {
                    started.notify_one();
                    std::future::pending::<carboy::Result<u8>>().await
                };
                cache.memoize("left", MINUTE, make).await
            }
        });
        started.notified().await;
        assert_eq!(redis.cli(&["KEYS", "carboy_cache_lock/*"]), "carboy_cache_lock/result/left");
        task.abort();
        let end = Instant::now() + Duration::from_secs(20);
        while !redis.cli(&["KEYS", "carboy_cache_lock/*"]).is_empty() {
            assert!(Instant::now() < end, "the lock is still there");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }));
}
