//! Answers and ID tokens that somebody else made.

use super::{
    fake::{Fake, Says, signed, signer},
    shop::{app, begin, end, error, log_in, provider, shop},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use carboy_ext::{
    jwt::Key,
    oauth::{OAuth, Provider},
};
use serde_json::{Value, json};

/// Makes an ID token that the provider did not sign.
type Forge<'a> = &'a dyn Fn(&Fake) -> String;

#[test]
fn the_answer_of_another_issuer_is_a_mix_up() {
    let fake = Fake::start();
    let client = shop(&fake);
    let come_back = |iss: Option<&str>, more: (&str, &str)| {
        let params = begin(&client, "/login/fake");
        fake.nonce(&params["nonce"]);
        let mut args = vec![("state", params["state"].as_str()), more];
        args.extend(iss.map(|iss| ("iss", iss)));
        end(&client, "fake", &args)
    };
    let mixed = (400, "fake: the answer comes from another issuer".to_owned());
    for more in [("code", "c1"), ("error", "access_denied")] {
        assert_eq!(error(&come_back(Some("https://evil.example"), more)), mixed);
        assert_eq!(error(&come_back(Some(&format!("{}/", fake.issuer)), more)), mixed);
        assert_eq!(error(&come_back(None, more)), mixed, "the provider says that it names itself");
    }
    assert_eq!(fake.count("/token"), 0);
    // One that does not name itself.
    let quiet = Fake::start();
    quiet.metadata(json!({"authorization_response_iss_parameter_supported": null}));
    let client = shop(&quiet);
    let params = begin(&client, "/login/fake");
    quiet.nonce(&params["nonce"]);
    assert_eq!(end(&client, "fake", &[("state", &params["state"]), ("code", "c1")]).status(), 200);
}

#[test]
fn an_argument_that_stands_there_twice_ends_the_login() {
    let fake = Fake::start();
    let client = shop(&fake);
    for twice in ["state", "code", "iss"] {
        let params = begin(&client, "/login/fake");
        fake.nonce(&params["nonce"]);
        let mut args =
            vec![("state", params["state"].as_str()), ("code", "c1"), ("iss", fake.issuer.as_str())];
        args.push((twice, "x"));
        assert_eq!(end(&client, "fake", &args).status(), 400, "{twice}");
    }
}

#[test]
fn id_tokens_that_are_not_for_this_login_are_refused() {
    let fake = Fake::start();
    let client = shop(&fake);
    let now = fake.usual_claims()["iat"].as_u64().unwrap();
    let cases = [
        ("its nonce is that of another login", json!({"nonce": "other"})),
        ("its nonce is that of another login", json!({"nonce": null})),
        ("issuer is not the expected one", json!({"iss": "https://evil.example"})),
        ("lacks the claim 'iss'", json!({"iss": null})),
        ("audience is somebody else", json!({"aud": "other"})),
        ("audience is somebody else", json!({"aud": ["other"]})),
        ("lacks the claim 'aud'", json!({"aud": null})),
        ("does not say which client", json!({"aud": ["shop", "other"]})),
        ("issued to another client", json!({"aud": ["shop", "other"], "azp": "other"})),
        ("issued to another client", json!({"azp": "other"})),
        ("has expired", json!({"exp": now - 61})),
        ("not valid yet", json!({"iat": now + 3600})),
        ("not valid yet", json!({"nbf": now + 3600})),
        ("about nobody", json!({"sub": null})),
        ("about nobody", json!({"sub": ""})),
        ("about nobody", json!({"sub": "x".repeat(256)})),
        ("claim 'sub' is not of its type", json!({"sub": 7})),
        ("access token beside it is another one", json!({"at_hash": "AAAA"})),
        ("claim 'nonce' is not of its type", json!({"nonce": 7})),
    ];
    for (why, claims) in cases {
        fake.claims(claims.clone());
        let (status, text) = error(&log_in(&client, &fake));
        assert_eq!((status, text.contains(why)), (502, true), "{claims}: {text}");
    }
    assert_eq!(client.get("/").send().text(), "nobody");
    // Hashes as OpenID Connect makes them for Ed25519, and two audiences with a party.
    let hash = URL_SAFE_NO_PAD.encode(&<sha2::Sha512 as sha2::Digest>::digest("access-1")[..32]);
    fake.claims(json!({"at_hash": hash, "aud": ["other", "shop"], "azp": "shop", "exp": now - 30}));
    assert_eq!(log_in(&client, &fake).status(), 200, "a clock may be off by a minute");
}

#[test]
fn id_tokens_that_the_provider_did_not_sign_are_refused() {
    let fake = Fake::start();
    let client = shop(&fake);
    log_in(&client, &fake);
    let none = |fake: &Fake| {
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        format!("{}.{}.", part(&json!({"alg": "none"})), part(&fake.usual_claims()))
    };
    let secret =
        |fake: &Fake| signed(&signer(Key::secret("se:cret".repeat(8)).unwrap()), &fake.usual_claims());
    let other = |fake: &Fake| signed(&signer(Key::generate().unwrap()), &fake.usual_claims());
    let forgeries: [(&str, Forge); 5] = [
        ("algorithm is not that of the key", &none),
        ("algorithm is not that of the key", &secret),
        ("key is not known", &other),
        ("malformed", &|_| "x".to_owned()),
        ("too large", &|_| "x".repeat(70_000)),
    ];
    for (why, forge) in forgeries {
        let client = shop(&fake);
        let params = begin(&client, "/login/fake");
        fake.nonce(&params["nonce"]);
        fake.token(json!({"id_token": forge(&fake)}));
        let response =
            end(&client, "fake", &[("state", &params["state"]), ("code", "c"), ("iss", &fake.issuer)]);
        let (status, text) = error(&response);
        assert_eq!((status, text.contains(why)), (502, true), "{why}: {text}");
        assert_eq!(client.get("/").send().text(), "nobody");
    }
    fake.token(json!({"id_token": null}));
    let (status, text) = error(&log_in(&shop(&fake), &fake));
    assert_eq!((status, text.as_str()), (502, "fake: the ID token is refused: there is none"));
    for odd in [
        json!({"token_type": "mac"}),
        json!({"access_token": ""}),
        json!({"access_token": "a b"}),
        json!({"access_token": 5}),
    ] {
        fake.token(odd.clone());
        let (status, text) = error(&log_in(&shop(&fake), &fake));
        assert_eq!((status, text.contains("no bearer token")), (502, true), "{odd}: {text}");
    }
}

#[test]
fn new_keys_are_fetched_when_a_token_names_one_and_not_for_every_token_that_does() {
    let fake = Fake::start();
    let client = shop(&fake);
    log_in(&client, &fake);
    assert_eq!(fake.count("/jwks"), 1);
    fake.rotate(true);
    assert_eq!(log_in(&client, &fake).status(), 200);
    assert_eq!(fake.count("/jwks"), 2);
    // Keys that are not published: somebody makes them up.
    for _ in 0..5 {
        fake.rotate(false);
        assert_eq!(
            error(&log_in(&client, &fake)).1,
            "fake: the ID token is refused: the token's key is not known"
        );
    }
    assert_eq!(fake.count("/jwks"), 2, "not more than twice a minute");
}

#[test]
fn a_provider_that_calls_itself_otherwise_is_not_believed() {
    let fake = Fake::start();
    let good = fake.issuer.clone();
    for issuer in ["https://evil.example", "", &format!("{good}/")] {
        fake.metadata(json!({"issuer": issuer}));
        let (status, text) = error(&shop(&fake).get("/login/fake").send());
        assert_eq!((status, text.contains("is not its issuer")), (502, true), "{issuer}: {text}");
    }
    fake.metadata(json!({"issuer": good}));
    for (endpoint, url) in
        [("authorization_endpoint", "javascript:alert(1)"), ("end_session_endpoint", "http://evil.example/")]
    {
        fake.metadata(json!({(endpoint): url}));
        let (status, text) = error(&shop(&fake).get("/login/fake").send());
        assert_eq!((status, text.contains("is no https URL")), (502, true), "{url}: {text}");
        fake.metadata(json!({(endpoint): format!("{good}/x")}));
    }
    // What is asked from here is compared when it is asked.
    fake.metadata(json!({"token_endpoint": "http://169.254.169.254/latest"}));
    let (status, text) = error(&log_in(&shop(&fake), &fake));
    assert_eq!((status, text.contains("is no https URL")), (502, true), "{text}");
}

#[test]
fn microsofts_issuer_for_everybody_is_that_of_the_tokens_tenant() {
    let fake = Fake::start();
    let template = format!("{}/{{tenantid}}/v2.0", fake.issuer);
    fake.metadata(json!({"issuer": template}));
    let provider = Provider::discover(&fake.issuer).client("shop", "secret");
    // The metadata stands elsewhere than the issuer says, as Microsoft's does.
    let mut app = app(OAuth::new().register("fake", provider.issuer(&template)));
    let client = app.test_client();
    let log_in = |claims: Value| {
        fake.claims(claims);
        let params = begin(&client, "/login/fake");
        fake.nonce(&params["nonce"]);
        end(&client, "fake", &[("state", &params["state"]), ("code", "c"), ("iss", &fake.issuer)])
    };
    let issuer = |tenant: &str| template.replace("{tenantid}", tenant);
    assert_eq!(log_in(json!({"tid": "t-1", "iss": issuer("t-1")})).status(), 200);
    assert_eq!(log_in(json!({"tid": "t-1", "iss": issuer("t-2")})).status(), 502);
    assert_eq!(log_in(json!({"iss": issuer("t-1")})).status(), 502);
    assert_eq!(log_in(json!({"tid": "../t", "iss": issuer("../t")})).status(), 502);
}

#[test]
fn secrets_reach_neither_pages_nor_messages() {
    let fake = Fake::start();
    fake.at("/token", Says::json(&json!({"oops": "access-1"})).status(500));
    let client = shop(&fake);
    let params = begin(&client, "/login/fake");
    let args = [("state", params["state"].as_str()), ("code", "the-code"), ("iss", &fake.issuer)];
    let text = end(&client, "fake", &args).text();
    for secret in ["se:cret", "the-code", "access-1", params["state"].as_str()] {
        assert!(!text.contains(secret), "{text}");
    }
    let shown = format!("{:?}", provider(&fake));
    assert!(!shown.contains("se:cret"), "{shown}");
}
