//! Many ask for what is missing: one makes it.

use super::MINUTE;
use carboy::{AppService, prelude::*};
use carboy_ext::cache::{Cache, cached};
use carboy_server::{RunningServer, Server, ServerConfig};
use carboy_testkit::ask;
use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::Duration,
};

pub(crate) static RUNS: AtomicUsize = AtomicUsize::new(0);

#[get("/slow")]
async fn slow() -> String {
    let number = RUNS.fetch_add(1, Ordering::SeqCst) + 1;
    tokio::time::sleep(Duration::from_millis(700)).await;
    format!("made {number}")
}

#[get("/sum")]
async fn sum() -> carboy::Result<String> {
    let make = async || {
        let number = RUNS.fetch_add(1, Ordering::SeqCst) + 1;
        tokio::time::sleep(Duration::from_millis(700)).await;
        Ok(number)
    };
    let number: usize = ext::<Cache>().memoize("sum", MINUTE, make).await?;
    Ok(format!("made {number}"))
}

#[get("/private")]
async fn private() -> carboy::Result {
    RUNS.fetch_add(1, Ordering::SeqCst);
    tokio::time::sleep(Duration::from_millis(700)).await;
    let mut response = Response::text("mine");
    response.set_header("Cache-Control", "private")?;
    Ok(response)
}

pub(crate) fn service(cache: Cache) -> AppService {
    let mut app = App::new("crowd");
    app.routes(routes![slow, private].around(cached(MINUTE))).routes(routes![sum]).ext(cache);
    app.build().unwrap()
}

pub(crate) fn serve(service: AppService) -> (RunningServer, u16) {
    let config = ServerConfig::new().bind("127.0.0.1:0").workers(3);
    let server = Server::new(config).start(service).unwrap();
    let port = server.addresses()[0].as_tcp().unwrap().port();
    (server, port)
}

/// A hundred requests at once, and how often what they ask for was made.
pub(crate) fn crowd(service: AppService, path: &str) -> (usize, Vec<String>) {
    let (_server, port) = serve(service);
    RUNS.store(0, Ordering::SeqCst);
    let texts = thread::scope(|scope| {
        let threads: Vec<_> =
            (0..100).map(|_| scope.spawn(|| ask(port, "GET", path, &[], "").unwrap().text)).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    (RUNS.load(Ordering::SeqCst), texts)
}

/// Crowds share a counter, so they come one after another.
pub(crate) static ALONE: std::sync::Mutex<()> = std::sync::Mutex::new(());

#[test]
fn of_a_hundred_who_ask_at_once_one_makes_it() {
    let _alone = ALONE.lock().unwrap_or_else(|error| error.into_inner());
    for path in ["/slow", "/sum"] {
        let (made, texts) = crowd(service(Cache::new()), path);
        assert_eq!(made, 1, "{path}");
        assert!(texts.iter().all(|text| text == "made 1"), "{path}: {texts:?}");
    }
}

#[test]
fn nobody_waits_in_line_for_an_answer_that_is_not_kept() {
    let _alone = ALONE.lock().unwrap_or_else(|error| error.into_inner());
    let begin = std::time::Instant::now();
    let (made, texts) = crowd(service(Cache::new()), "/private");
    assert_eq!((made, texts.len()), (100, 100));
    // One after the other they would take seventy seconds.
    assert!(begin.elapsed() < Duration::from_secs(30), "{:?}", begin.elapsed());
}

/// Runs in a context of an app with a cache.
fn in_app(future: impl Future<Output = ()>) {
    let mut app = App::new("cache");
    app.ext(Cache::new());
    let service = app.build().unwrap();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(service.in_app_context(future));
}

fn cache() -> Cache {
    Cache::clone(&ext::<Cache>())
}

#[test]
fn after_a_panic_or_a_client_that_left_the_next_one_makes_it() {
    in_app(async {
        let cache = cache();
        for fault in ["panic", "left"] {
            let runs = Arc::new(AtomicUsize::new(0));
            let started = Arc::new(tokio::sync::Notify::new());
            let make = |cache: Cache, runs: Arc<AtomicUsize>, started: Arc<tokio::sync::Notify>| async move {
                let make = async || {
                    let number = runs.fetch_add(1, Ordering::SeqCst) + 1;
                    started.notify_one();
                    if number == 1 {
                        tokio::time::sleep(Duration::from_millis(200)).await;
                        assert_ne!(fault, "panic");
                        std::future::pending::<()>().await;
                    }
                    Ok(number)
                };
                cache.memoize::<usize, _>(fault, MINUTE, make).await.unwrap()
            };
            let first = tokio::spawn(make(cache.clone(), runs.clone(), started.clone()));
            started.notified().await;
            let waiting: Vec<_> =
                (0..20).map(|_| tokio::spawn(make(cache.clone(), runs.clone(), started.clone()))).collect();
            tokio::time::sleep(Duration::from_millis(50)).await;
            if fault == "left" {
                first.abort();
            }
            assert!(first.await.is_err());
            for one in waiting {
                assert_eq!(one.await.unwrap(), 2, "{fault}");
            }
            assert_eq!(runs.load(Ordering::SeqCst), 2, "{fault}");
        }
    });
}

#[test]
fn those_who_wait_fail_with_the_one_who_made_it_and_an_error_is_not_kept() {
    in_app(async {
        let (cache, runs) = (cache(), Arc::new(AtomicUsize::new(0)));
        let make = |cache: Cache, runs: Arc<AtomicUsize>| async move {
            let make = async || {
                runs.fetch_add(1, Ordering::SeqCst);
                tokio::time::sleep(Duration::from_millis(300)).await;
                Err(Error::msg("broken"))
            };
            cache.memoize::<usize, _>("k", MINUTE, make).await.unwrap_err().to_string()
        };
        let waiting: Vec<_> = (0..50).map(|_| tokio::spawn(make(cache.clone(), runs.clone()))).collect();
        for one in waiting {
            assert_eq!(one.await.unwrap(), "broken");
        }
        assert_eq!(runs.load(Ordering::SeqCst), 1);
        assert_eq!(cache.memoize("k", MINUTE, async || Ok(7)).await.unwrap(), 7);
    });
}

#[test]
fn values_are_found_by_key_type_and_time_and_deleted_by_key_and_prefix() {
    in_app(async {
        let cache = cache();
        cache.set("user/1/name", "Ann", MINUTE).await.unwrap();
        cache.set("user/1/age", &33, None).await.unwrap();
        cache.set("user/2/name", "Bob", Duration::ZERO).await.unwrap();
        assert_eq!(cache.get::<String>("user/1/name").await.as_deref(), Some("Ann"));
        // What is of another type is not there.
        assert_eq!(cache.get::<u32>("user/1/name").await, None);
        assert_eq!(cache.memoize("user/1/name", MINUTE, async || Ok(5)).await.unwrap(), 5);
        cache.delete_prefix("user/1/").await;
        assert!(!cache.has("user/1/age").await && cache.has("user/2/name").await);
        cache.set("a", &1, MINUTE).await.unwrap();
        cache.set("b", &2, MINUTE).await.unwrap();
        cache.delete_many(&["a", "b", "c"]).await;
        assert!(!cache.has("a").await && !cache.has("b").await);
        cache.clear().await;
        assert!(!cache.has("user/2/name").await);
        cache.set("short", &1, Duration::from_millis(30)).await.unwrap();
        tokio::time::sleep(Duration::from_millis(200)).await;
        assert!(!cache.has("short").await);
    });
}

#[test]
fn memory_is_limited_and_what_is_too_large_is_not_kept() {
    let mut app = App::new("cache");
    app.config().set("CACHE_MEMORY_SIZE", 100_000).set("CACHE_MAX_ENTRY_SIZE", 10_000);
    let service = app.ext(Cache::new()).build().unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(service.in_app_context(async {
        let cache = cache();
        cache.set("k", "small", MINUTE).await.unwrap();
        cache.set("k", &"x".repeat(20_000), MINUTE).await.unwrap();
        assert!(!cache.has("k").await);
        let text = "x".repeat(5_000);
        for number in 0..500 {
            cache.set(&format!("k{number}"), &text, MINUTE).await.unwrap();
        }
        // What is too much goes when others come by.
        let mut kept = usize::MAX;
        for _ in 0..100 {
            kept = 0;
            for number in 0..500 {
                kept += usize::from(cache.has(&format!("k{number}")).await);
            }
            if kept <= 20 {
                break;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        assert!(kept <= 20, "{kept} texts of 5000 bytes are kept in 100000");
    }));
}
