//! The cache and the limits in a real Redis behind TLS: who is believed, and what is said when nobody is.
#![cfg(all(feature = "cache", feature = "limiter", feature = "redis-tls"))]

use carboy::prelude::*;
use carboy_ext::{
    cache::{Cache, memoize},
    limiter::Limiter,
};
use carboy_testkit::{Certificates, Folder, Redis};
use serde_json::json;
use std::{
    fs,
    process::Command,
    sync::atomic::{AtomicUsize, Ordering},
};

static RUNS: AtomicUsize = AtomicUsize::new(0);

#[memoize(timeout = 60)]
async fn number() -> carboy::Result<usize> {
    Ok(RUNS.fetch_add(1, Ordering::SeqCst) + 1)
}

#[get("/cached")]
async fn kept() -> carboy::Result<String> {
    Ok(number().await?.to_string())
}

#[get("/limited")]
fn limited() -> &'static str {
    "passed"
}

/// An app with both in this Redis. A handshake on a crowded machine takes its time.
fn app(url: &str, cache: &[(&str, &std::path::Path)], limits: serde_json::Value) -> App {
    let mut app = App::new("tls");
    let mut options = json!({"socket_timeout": 5.0});
    options.as_object_mut().unwrap().extend(limits.as_object().unwrap().clone());
    let config = app.config();
    config
        .set("CACHE_TYPE", "RedisCache")
        .set("CACHE_REDIS_URL", url)
        .set("CACHE_REDIS_TIMEOUT", 5)
        .set("RATELIMIT_STORAGE_URI", url)
        .set("RATELIMIT_STORAGE_OPTIONS", options)
        .set("PROPAGATE_EXCEPTIONS", false);
    for (key, path) in cache {
        config.set(*key, path.to_str().unwrap());
    }
    app.routes(routes![kept, limited]).ext(Cache::new()).ext(Limiter::new().limit("limited", "2 per day"));
    app
}

fn trusting(url: &str, certificates: &Certificates) -> App {
    let authority = certificates.authority();
    app(url, &[("CACHE_REDIS_CA_FILE", &authority)], json!({"ssl_ca_certs": authority}))
}

/// What `check` says of the stores.
fn problems(mut app: App) -> String {
    app.test_cli_runner().invoke(["check"]).output
}

#[track_caller]
fn keeps_and_counts(mut app: App) {
    let client = app.build().unwrap().test_client();
    let text = |path: &str| client.get(path).send().text();
    assert_eq!(text("/cached"), text("/cached"));
    let statuses: Vec<u16> = (0..3).map(|_| client.get("/limited").send().status().as_u16()).collect();
    assert_eq!(statuses, [200, 200, 429]);
}

#[test]
#[ignore = "needs Redis and openssl"]
fn a_redis_behind_tls_is_believed_when_the_authority_of_its_certificate_is_named() {
    let certificates = Certificates::make();
    let redis = Redis::start_with_tls(&certificates, false);
    keeps_and_counts(trusting(&redis.url(), &certificates));
    // Both are there, and nowhere else.
    let keys = redis.cli(&["KEYS", "*"]);
    assert!(keys.contains("carboy_cache_result/") && keys.contains("LIMITS:LIMITER/"), "{keys}");
    keeps_and_counts_nothing(trusting(&redis.url(), &Certificates::make()));
    keeps_and_counts_nothing(app(&redis.url(), &[], json!({})));
}

/// A server whose certificate nobody vouches for is not talked to.
#[track_caller]
fn keeps_and_counts_nothing(mut app: App) {
    let client = app.build().unwrap().test_client();
    let text = |path: &str| client.get(path).send().text();
    assert_ne!(text("/cached"), text("/cached"));
    assert_eq!(client.get("/limited").send().status(), 500);
}

#[test]
#[ignore = "needs Redis and openssl"]
fn check_names_the_cause_when_the_certificate_is_not_believed() {
    let certificates = Certificates::make();
    let redis = Redis::start_with_tls(&certificates, false);
    let said = problems(trusting(&redis.url(), &certificates));
    assert!(!said.contains("does not answer"), "{said}");
    let others = Certificates::make();
    let of_another_name = redis.url().replace("127.0.0.1", "127.0.0.2");
    for (app, cause) in [
        (trusting(&redis.url(), &others), "UnknownIssuer"),
        (app(&redis.url(), &[], json!({})), "UnknownIssuer"),
        (trusting(&of_another_name, &certificates), "not valid for name"),
    ] {
        let said = problems(app);
        for store in ["the store of the cache", "the store of rate limits"] {
            let line = said.lines().find(|line| line.contains(store)).unwrap_or_default();
            assert!(line.contains("does not answer") && line.contains(cause), "{cause}: {said}");
        }
    }
}

#[test]
#[ignore = "needs Redis and openssl"]
fn a_redis_that_wants_a_certificate_gets_the_one_that_is_named() {
    let certificates = Certificates::make();
    let redis = Redis::start_with_tls(&certificates, true);
    let (authority, certificate, key) =
        (certificates.authority(), certificates.certificate(), certificates.key());
    let with = app(
        &redis.url(),
        &[
            ("CACHE_REDIS_CA_FILE", &authority),
            ("CACHE_REDIS_CERT_FILE", &certificate),
            ("CACHE_REDIS_KEY_FILE", &key),
        ],
        json!({"ssl_ca_certs": authority, "ssl_certfile": certificate, "ssl_keyfile": key}),
    );
    keeps_and_counts(with);
    let said = problems(trusting(&redis.url(), &certificates));
    assert!(said.contains("the store of the cache does not answer"), "{said}");
}

#[test]
#[ignore = "needs Redis and openssl"]
fn nobody_looks_at_the_certificate_only_while_an_app_is_debugged() {
    let certificates = Certificates::make();
    let redis = Redis::start_with_tls(&certificates, false);
    let url = format!("{}#insecure", redis.url());
    let sentence = app(&url, &[], json!({})).build().err().unwrap().to_string();
    assert!(sentence.contains("ends with #insecure"), "{sentence}");
    let mut debugged = app(&url, &[], json!({}));
    debugged.config().set("DEBUG", true);
    keeps_and_counts(debugged);
}

/// The other half of the next test runs in a process that trusts the authority, which a variable says.
const URL: &str = "CARBOY_TEST_REDIS";

#[test]
#[ignore = "needs Redis and openssl"]
fn the_authorities_of_the_system_are_trusted_when_none_is_named() {
    if let Ok(url) = std::env::var(URL) {
        keeps_and_counts(app(&url, &[], json!({})));
        return;
    }
    let certificates = Certificates::make();
    let redis = Redis::start_with_tls(&certificates, false);
    let name = "the_authorities_of_the_system_are_trusted_when_none_is_named";
    let trusting = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", name, "--include-ignored"])
        .env("SSL_CERT_FILE", certificates.authority())
        .env(URL, redis.url())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&trusting.stdout);
    assert!(trusting.status.success() && said.contains("1 passed"), "{said}");
}

#[test]
fn what_was_chosen_wrongly_is_said_before_the_app_serves() {
    let folder = Folder::new();
    let file = |name: &str, text: &str| {
        let path = folder.path().join(name);
        fs::write(&path, text).unwrap();
        path
    };
    let empty = file("empty.pem", "");
    let broken = file("broken.pem", "-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----\n");
    let missing = folder.path().join("missing.pem");
    let secure = "rediss://127.0.0.1:1/0";
    for (url, key, path, expected) in [
        ("redis://127.0.0.1:1/0", "CACHE_REDIS_CA_FILE", &empty, "has to begin with rediss://"),
        (secure, "CACHE_REDIS_CA_FILE", &empty, "holds no certificate"),
        (secure, "CACHE_REDIS_CA_FILE", &broken, "holds no certificate"),
        (secure, "CACHE_REDIS_CA_FILE", &missing, "No such file"),
        (secure, "CACHE_REDIS_CERT_FILE", &empty, "go together"),
        (secure, "CACHE_REDIS_KEY_FILE", &empty, "go together"),
    ] {
        let sentence = app(url, &[(key, path)], json!({})).build().err().unwrap().to_string();
        assert!(sentence.contains(expected) && sentence.contains(key), "{sentence}");
    }
    let mut limits = App::new("limits");
    limits
        .config()
        .set("RATELIMIT_STORAGE_URI", secure)
        .set("RATELIMIT_STORAGE_OPTIONS", json!({"ssl_ca_certs": missing}));
    let sentence = limits.ext(Limiter::new()).build().err().unwrap().to_string();
    assert!(sentence.contains("ssl_ca_certs of RATELIMIT_STORAGE_OPTIONS"), "{sentence}");
}
