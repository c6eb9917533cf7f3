//! Attempts that processes count together, in a real Redis.

use carboy::Extension;
use carboy::prelude::*;
use carboy_ext::accounts::{Accounts, MemoryStore};
use carboy_ext::mail::Mail;
use carboy_testkit::{Redis, logged};

use crate::common::{EMAIL, PASSWORD, World, run, world_with};

fn on(redis: &Redis) -> World {
    let configure = |app: &mut App| {
        app.config().set("SECURITY_THROTTLE_STORAGE_URI", redis.url());
    };
    world_with(configure, |accounts| accounts)
}

#[test]
#[ignore = "needs Redis"]
fn two_processes_count_attempts_together() {
    let redis = Redis::start();
    let worlds = [on(&redis), on(&redis)];
    for world in &worlds {
        world.confirmed(EMAIL, PASSWORD);
    }
    for n in 0..9 {
        assert_eq!(worlds[n % 2].login(EMAIL, "wrong").status(), 400, "{n}");
    }
    // The right one forgets the others for both.
    assert_eq!(worlds[0].login(EMAIL, PASSWORD).text(), EMAIL);
    for n in 0..10 {
        assert_eq!(worlds[n % 2].login(EMAIL, "wrong").status(), 400, "{n}");
    }
    for world in &worlds {
        let refused = world.login(EMAIL, PASSWORD);
        assert_eq!(refused.status(), 429);
        let wait: u64 = refused.header("retry-after").unwrap().parse().unwrap();
        assert!((1..=300).contains(&wait), "{wait}");
        assert_eq!(world.login("bob@example.com", "wrong").status(), 400);
    }
    let keys = redis.cli(&["KEYS", "*"]);
    assert!(keys.lines().all(|key| key.starts_with("carboy_accounts/")), "{keys}");
    assert!(!keys.contains("example.com") && !keys.contains("127.0.0.1"), "{keys}");
    for key in keys.lines() {
        assert!(redis.cli(&["PTTL", key]).trim().parse::<i64>().unwrap() > 0, "{key} ends");
    }
}

#[test]
#[ignore = "needs Redis"]
fn while_redis_is_away_each_process_counts_for_itself() {
    let mut redis = Redis::start();
    let world = on(&redis);
    world.confirmed(EMAIL, PASSWORD);
    redis.kill();
    let (_, log) = logged(|| {
        for n in 0..10 {
            assert_eq!(world.login(EMAIL, "wrong").status(), 400, "{n}");
        }
    });
    assert_eq!(log.matches("Redis is not there").count(), 1, "{log}");
    assert!(log.contains("the throttle of accounts at 127.0.0.1:"), "{log}");
    assert_eq!(world.login(EMAIL, PASSWORD).status(), 429);
    let checked = world.client.app().state().clone();
    let said = run(async { Ok(Ext::<Accounts>::of(&checked).unwrap().check(&checked).await) });
    assert!(said.iter().any(|problem| problem.contains("the throttle of accounts")), "{said:?}");
    redis.start_again();
    std::thread::sleep(std::time::Duration::from_millis(600));
    assert_eq!(world.login(EMAIL, PASSWORD).text(), EMAIL);
}

#[test]
#[ignore = "needs Redis"]
fn many_at_once_are_never_more_than_may_be() {
    let redis = Redis::start();
    let worlds = [on(&redis), on(&redis)];
    let made: usize = std::thread::scope(|scope| {
        let ask = |n: usize| {
            let client = worlds[n % 2].client.without_cookies();
            let status = move || client.post("/reset").form([("email", EMAIL)]).send().status();
            scope.spawn(status)
        };
        let all: Vec<_> = (0..24).map(ask).collect();
        all.into_iter().map(|one| usize::from(one.join().unwrap() == 303)).sum()
    });
    assert_eq!(made, 5);
}

#[test]
fn a_place_that_is_none_is_said_at_the_start() {
    let mut app = App::new("shop");
    crate::common::quick(&mut app);
    app.config().set("SECURITY_THROTTLE_STORAGE_URI", "memcached://127.0.0.1");
    app.ext(Mail::new());
    app.ext(Accounts::new(MemoryStore::new()));
    let error = app.build().map(|service| service.test_client().get("/login").send().status());
    assert!(format!("{error:?}").contains("SECURITY_THROTTLE_STORAGE_URI: the URL of"), "{error:?}");
}
