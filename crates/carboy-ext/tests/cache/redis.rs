//! A cache in a real Redis, and when it is away.

use super::{
    MINUTE,
    crowd::{ALONE, RUNS, crowd, service},
};
use carboy::prelude::*;
use carboy_ext::cache::Cache;
use carboy_testkit::Redis;
use std::{
    sync::atomic::Ordering,
    time::{Duration, Instant},
};

#[test]
#[ignore = "needs Redis"]
fn of_a_hundred_who_ask_at_once_one_makes_it_for_redis() {
    let _alone = ALONE.lock().unwrap_or_else(|error| error.into_inner());
    for path in ["/slow", "/sum"] {
        let redis = Redis::start();
        let (made, texts) = crowd(service(Cache::redis(&redis.url())), path);
        assert_eq!(made, 1, "{path}");
        assert!(texts.iter().all(|text| text == "made 1"), "{path}: {texts:?}");
        // Another process finds it there.
        RUNS.store(0, Ordering::SeqCst);
        let other = service(Cache::redis(&redis.url())).test_client();
        // Its host is another, so the page is asked for by the memoised sum alone.
        if path == "/sum" {
            assert_eq!(other.get(path).send().text(), "made 1");
            assert_eq!(RUNS.load(Ordering::SeqCst), 0);
        }
    }
}

#[test]
#[ignore = "needs Redis"]
fn things_in_redis_have_their_time_and_are_deleted_by_prefix() {
    let redis = Redis::start();
    redis.cli(&["SET", "others", "1"]);
    let mut app = App::new("cache");
    app.config()
        .set("CACHE_TYPE", "RedisCache")
        .set("CACHE_REDIS_PORT", redis.port)
        .set("CACHE_KEY_PREFIX", "[p]*");
    let service = app.ext(Cache::new()).build().unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(service.in_app_context(async {
        let cache = ext::<Cache>();
        for number in 0..1500 {
            cache.set(&format!("user/{}/{number}", number % 2), &number, MINUTE).await.unwrap();
        }
        cache.set("for ever", &1, Duration::ZERO).await.unwrap();
        assert_eq!(cache.get::<u32>("user/1/7").await, Some(7));
        let seconds: i64 = redis.cli(&["TTL", "[p]*result/user/1/7"]).parse().unwrap();
        assert!((50..=60).contains(&seconds), "{seconds}");
        assert_eq!(redis.cli(&["TTL", "[p]*result/for ever"]), "-1");
        cache.delete_prefix("user/1/").await;
        assert!(!cache.has("user/1/7").await && cache.has("user/0/8").await);
        cache.clear().await;
        assert_eq!(redis.cli(&["KEYS", "*"]), "others");
    }));
}

#[test]
#[ignore = "needs Redis"]
fn without_redis_everything_is_made_anew_and_nobody_waits_long() {
    let _alone = ALONE.lock().unwrap_or_else(|error| error.into_inner());
    let mut redis = Redis::start();
    let client = service(Cache::redis(&redis.url())).test_client();
    RUNS.store(0, Ordering::SeqCst);
    let ask = || client.get("/sum").send().text();
    assert_eq!([ask(), ask()], ["made 1", "made 1"]);
    redis.signal("STOP");
    let begin = Instant::now();
    assert_eq!([ask(), ask(), ask()], ["made 2", "made 3", "made 4"]);
    // Each takes 0.7 s by itself; the store may take half a second now and then. The rest is for a crowded machine.
    assert!(begin.elapsed() < Duration::from_secs(12), "{:?}", begin.elapsed());
    redis.signal("CONT");
    // What is made is found again.
    let recovers = || {
        let end = Instant::now() + Duration::from_secs(20);
        while ask() != ask() {
            assert!(Instant::now() < end, "it did not recover");
            std::thread::sleep(Duration::from_millis(100));
        }
    };
    recovers();
    let kept = ask();
    redis.kill();
    assert_ne!(ask(), kept);
    redis.start_again();
    recovers();
}
