//! A provider that is away, slow, or answers nonsense.

use super::{
    fake::{Fake, Says},
    shop::{app, begin, end, error, log_in, provider, shop},
};
use carboy_ext::oauth::{OAuth, Provider};
use serde_json::json;
use std::time::Duration;

#[test]
fn a_provider_that_is_away_is_a_502_and_the_next_login_finds_it_again() {
    let port = {
        let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        closed.local_addr().unwrap().port()
    };
    let provider = Provider::discover(&format!("http://127.0.0.1:{port}")).client("shop", "secret");
    let client = app(OAuth::new().register("fake", provider)).test_client();
    let (status, text) = error(&client.get("/login/fake").send());
    assert_eq!((status, text.starts_with("fake: the provider cannot be asked")), (502, true), "{text}");

    let fake = Fake::start();
    fake.at("/.well-known/openid-configuration", Says::json(&json!({})).status(503));
    let client = shop(&fake);
    assert_eq!(
        error(&client.get("/login/fake").send()),
        (502, "fake: the provider cannot be asked: it answers 503 Service Unavailable".into())
    );
    fake.answer(|_| None);
    assert_eq!(log_in(&client, &fake).status(), 200);
}

#[test]
fn a_slow_provider_is_a_504() {
    let fake = Fake::start();
    let slow = provider(&fake).timeout(Duration::from_millis(300));
    let client = app(OAuth::new().register("fake", slow)).test_client();
    for path in ["/.well-known/openid-configuration", "/token", "/jwks"] {
        let mut says = Says::json(&json!({}));
        says.after = Duration::from_secs(3);
        fake.at(path, says);
        let response = match path {
            "/.well-known/openid-configuration" => client.get("/login/fake").send(),
            _ => log_in(&client, &fake),
        };
        assert_eq!(error(&response), (504, "fake: the provider takes too long".to_owned()), "{path}");
        fake.answer(|_| None);
        begin(&client, "/login/fake");
    }
}

#[test]
fn answers_that_make_no_sense_are_a_502() {
    let fake = Fake::start();
    let mut huge = Says::json(&json!({}));
    huge.body = format!("{{\"access_token\":\"{}\"}}", "x".repeat(2 * 1024 * 1024));
    let mut text = Says::json(&json!({}));
    text.body = "<html>It works!</html>".to_owned();
    let mut list = Says::json(&json!([]));
    list.body = "[]".to_owned();
    let mut elsewhere = Says::json(&json!({})).status(302);
    elsewhere.headers = vec![("location", format!("{}/elsewhere", fake.issuer))];
    let cases = [
        (huge, "its answer is longer than 1048576 bytes"),
        (text, "its answer is not the JSON that was asked for"),
        (list, "its answer is not the JSON that was asked for"),
        (elsewhere, "it answers 302 Found"),
        (Says::json(&json!({})).status(500), "it answers 500 Internal Server Error"),
    ];
    for (says, why) in cases {
        for path in ["/.well-known/openid-configuration", "/token", "/jwks"] {
            let client = shop(&fake);
            if path != "/.well-known/openid-configuration" {
                begin(&client, "/login/fake");
            }
            fake.at(path, says.clone());
            let response = match path {
                "/.well-known/openid-configuration" => client.get("/login/fake").send(),
                _ => log_in(&client, &fake),
            };
            fake.answer(|_| None);
            let (status, text) = error(&response);
            assert_eq!((status, text.ends_with(why)), (502, true), "{path}: {text}");
        }
    }
    assert_eq!(fake.count("/elsewhere"), 0, "no redirect is followed");
    assert_eq!(error(&end(&shop(&fake), "fake", &[("state", "x")])).0, 400);
}

#[test]
fn the_command_check_asks_the_providers() {
    let fake = Fake::start();
    let check =
        || app(OAuth::new().register("fake", provider(&fake))).test_cli_runner().invoke(["check"]).output;
    assert!(!check().contains("fake:"), "{}", check());
    fake.metadata(json!({"issuer": "https://evil.example"}));
    assert!(
        check().contains("fake: the provider cannot be asked: it calls itself 'https://evil.example'"),
        "{}",
        check()
    );
}
