use super::*;
use carboy_conformance::{Replay, load};
use std::cell::Cell;

thread_local! {
    static NOW: Cell<f64> = const { Cell::new(1_800_000_000.0) };
}

fn store(size: usize) -> MemoryStore {
    MemoryStore::with_clock(size, || NOW.get())
}

fn at(seconds: f64) {
    NOW.set(1_800_000_000.0 + seconds);
}

fn rate(text: &str) -> RateLimit {
    text.parse().unwrap()
}

#[test]
fn every_strategy_decides_as_that_of_limits_at_the_same_time() {
    let mut replay = Replay::of("limiter/memory.json", &["answer"]);
    for (number, group) in load("limiter/memory.json").as_array().unwrap().iter().enumerate() {
        let strategy: Strategy = group["strategy"].as_str().unwrap().parse().unwrap();
        let rate = rate(group["rate"].as_str().unwrap());
        let store = store(SIZE);
        for (at, step) in group["steps"].as_array().unwrap().iter().enumerate() {
            NOW.set(step["at"].as_f64().unwrap());
            let key = rate.key_for(&[step["key"].as_str().unwrap()]);
            let cost = step["cost"].as_u64().unwrap_or(0);
            let (passed, window) = match step["do"].as_str().unwrap() {
                "hit" => (Some(store.hit(strategy, &rate, &key, cost)), None),
                "test" => (Some(store.test(strategy, &rate, &key, cost)), None),
                _ => (None, Some(store.window(strategy, &rate, &key))),
            };
            replay.case(&format!("/{number}/steps/{at}"), step, |step| {
                let answer = &step["answer"];
                match window {
                    None => assert_eq!(passed, answer.as_bool()),
                    Some(window) => {
                        assert_eq!(window.remaining, answer["remaining"].as_u64().unwrap());
                        let reset = answer["reset"].as_f64().unwrap();
                        assert!((window.reset - reset).abs() < 1e-4, "{} is not {reset}", window.reset);
                    }
                }
            });
        }
    }
    replay.finish(3600);
}

#[test]
fn gcra_lets_a_burst_in_and_then_one_at_each_step() {
    let (store, rate) = (store(SIZE), rate("4 per minute"));
    let hit = |cost| store.hit(Strategy::Gcra, &rate, "k", cost);
    let window = || store.window(Strategy::Gcra, &rate, "k");
    at(0.0);
    assert_eq!(window().remaining, 4);
    assert!((0..4).all(|_| hit(1)));
    assert!(!hit(1));
    assert_eq!(window(), Window { reset: NOW.get() + 60.0, remaining: 0 });
    at(14.9);
    assert!(!hit(1) && !store.test(Strategy::Gcra, &rate, "k", 1));
    at(15.0);
    assert!(store.test(Strategy::Gcra, &rate, "k", 1));
    assert!(hit(1) && !hit(1));
    at(45.0);
    assert_eq!(window().remaining, 2);
    assert!(!hit(3) && hit(2));
    at(3600.0);
    assert!(!hit(5) && hit(4) && !hit(1));
}

#[test]
fn counters_that_have_run_out_are_forgotten() {
    let (store, rate) = (store(SIZE), rate("5 per minute"));
    for strategy in
        [Strategy::FixedWindow, Strategy::MovingWindow, Strategy::SlidingWindowCounter, Strategy::Gcra]
    {
        at(0.0);
        store.reset();
        for number in 0..1000 {
            assert!(store.hit(strategy, &rate, &format!("k{number}"), 1));
        }
        assert_eq!(store.lock().by_key.len(), 1000);
        at(1000.0);
        for number in 0..600 {
            store.hit(strategy, &rate, &format!("n{number}"), 1);
        }
        let counters = store.lock();
        assert!(counters.by_key.len() <= 601, "{strategy:?}: {}", counters.by_key.len());
        assert_eq!(counters.by_key.len(), counters.ends.len());
    }
}

#[test]
fn whoever_makes_many_keys_neither_fills_the_memory_nor_frees_anybody() {
    at(0.0);
    let size = 200_000;
    let (store, rate) = (store(size), rate("3 per hour"));
    for strategy in
        [Strategy::FixedWindow, Strategy::MovingWindow, Strategy::SlidingWindowCounter, Strategy::Gcra]
    {
        store.reset();
        let hit = |key: &str| store.hit(strategy, &rate, key, 1);
        assert!(hit("victim") && hit("victim") && hit("victim") && !hit("victim"));
        let passed = (0..50_000).filter(|number| hit(&format!("attacker/{number}"))).count();
        // Those that fit, and three for each counter that the others share.
        assert!(passed < 1000 + 3 * SHARED as usize, "{strategy:?}: {passed}");
        assert!(!hit("victim"), "{strategy:?}");
        let counters = store.lock();
        assert!(counters.charged <= size);
        assert!(counters.by_key.len() < 1000 + SHARED as usize, "{strategy:?}: {}", counters.by_key.len());
        drop(counters);
        // What counts for a shared counter is seen by those who look at it.
        assert!(!store.test(strategy, &rate, "attacker/49999", 3));
        at(7300.0);
        assert!(hit("somebody new") && hit("victim"));
        // There is room again.
        assert!(store.lock().by_key.contains_key("somebody new"));
        at(0.0);
    }
}

#[test]
fn a_moving_window_of_many_hits_keeps_a_thousand_times_and_is_never_too_generous() {
    let (store, rate) = (store(SIZE), rate("100000 per hour"));
    let mut passed = 0;
    for step in 0..200_000 {
        at(f64::from(step) * 0.01);
        passed += u32::from(store.hit(Strategy::MovingWindow, &rate, "k", 1));
    }
    assert_eq!(passed, 100_000);
    let Count::Moving(times) = &store.lock().by_key["k"].count else { panic!("another strategy") };
    assert!(times.len() <= TIMES as usize + 2, "{}", times.len());
}
