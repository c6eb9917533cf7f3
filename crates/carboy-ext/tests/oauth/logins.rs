//! Logins that go as they should, and what follows them.

use super::{
    fake::{Fake, Says},
    shop::{app, begin, end, error, log_in, provider, shop},
};
use base64::{
    Engine,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use carboy_ext::{
    jwt::Key,
    oauth::{ClientAuth, OAuth, Provider},
};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

#[test]
fn a_user_logs_in_and_the_provider_sees_what_it_should() {
    let fake = Fake::start();
    let client = shop(&fake);
    let response = client.get("/login/fake?next=/cart").send();
    let location = response.location().unwrap().to_owned();
    assert!(location.starts_with(&format!("{}/authorize?tenant=1&", fake.issuer)), "{location}");
    let params = super::fake::query(location.split_once('?').unwrap().1);
    assert_eq!(params["response_type"], "code");
    assert_eq!(params["client_id"], "shop");
    assert_eq!(params["scope"], "openid email profile");
    assert_eq!(params["redirect_uri"], "http://localhost/login/fake/callback");
    assert_eq!(params["code_challenge_method"], "S256");
    assert_eq!(params["prompt"], "login");
    assert!(!params.contains_key("response_mode"));
    assert!(params["state"].len() >= 43 && params["nonce"].len() >= 43);

    fake.nonce(&params["nonce"]);
    let args = [("state", params["state"].as_str()), ("code", "c1"), ("iss", &fake.issuer)];
    let login: Value = end(&client, "fake", &args).json();
    assert_eq!(login["subject"], "u1");
    assert_eq!(login["verified"], "ann@example.com");
    assert_eq!(login["name"], "Ann");
    assert_eq!(login["next"], "/cart");
    assert_eq!(login["provider"], "fake");
    assert_eq!(client.get("/").send().text(), "u1");
    for secret in ["access-1", "refresh-1"] {
        assert!(!login["debug"].as_str().unwrap().contains(secret));
    }

    let asked = fake.last("/token");
    assert_eq!(asked.method, "POST");
    assert_eq!(asked.form["grant_type"], "authorization_code");
    assert_eq!(asked.form["code"], "c1");
    assert_eq!(asked.form["redirect_uri"], params["redirect_uri"]);
    let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(&asked.form["code_verifier"]));
    assert_eq!(challenge, params["code_challenge"]);
    assert_eq!(asked.authorization, Some(format!("Basic {}", STANDARD.encode("shop:se%3Acret"))));
    // The ID token said all, so nothing else was asked; and what is known is not asked again.
    log_in(&client, &fake);
    assert_eq!(fake.count("/userinfo"), 0);
    assert_eq!((fake.count("/.well-known/openid-configuration"), fake.count("/jwks")), (1, 1));
}

#[test]
fn a_state_is_good_once_in_its_browser_and_for_its_provider() {
    let fake = Fake::start();
    let other = Fake::start();
    let oauth = OAuth::new().register("fake", provider(&fake)).register("other", provider(&other));
    let mut app = app(oauth);
    let service = {
        app.config().set("TESTING", true);
        app.build().unwrap()
    };
    let client = service.test_client();
    let params = begin(&client, "/login/fake");
    fake.nonce(&params["nonce"]);
    let state = params["state"].as_str();
    let iss = fake.issuer.as_str();
    let unknown = (400, "fake: the state of the login is not known".to_owned());
    assert_eq!(error(&end(&client, "fake", &[("code", "c1"), ("iss", iss)])), unknown);
    assert_eq!(error(&end(&client, "fake", &[("code", "c1"), ("iss", iss), ("state", "x")])), unknown);
    // Another browser.
    assert_eq!(
        error(&end(&service.test_client(), "fake", &[("code", "c1"), ("iss", iss), ("state", state)])),
        unknown
    );
    // Another provider: a mix-up.
    let response = end(&client, "other", &[("code", "c1"), ("iss", &other.issuer), ("state", state)]);
    assert_eq!(error(&response), (400, "other: the state of the login is not known".to_owned()));
    assert_eq!((fake.count("/token"), other.count("/token")), (0, 0), "no code was given to anybody");

    assert_eq!(end(&client, "fake", &[("code", "c1"), ("iss", iss), ("state", state)]).status(), 200);
    assert_eq!(error(&end(&client, "fake", &[("code", "c1"), ("iss", iss), ("state", state)])), unknown);
    assert_eq!(client.get("/login/nobody").send().status(), 404);
}

#[test]
fn two_logins_of_one_browser_may_be_under_way_at_the_same_time() {
    let fake = Fake::start();
    let client = shop(&fake);
    let first = begin(&client, "/login/fake?next=/a");
    let second = begin(&client, "/login/fake?next=/b");
    for (params, next) in [(&second, "/b"), (&first, "/a")] {
        fake.nonce(&params["nonce"]);
        let login: Value =
            end(&client, "fake", &[("state", &params["state"]), ("code", "c"), ("iss", &fake.issuer)]).json();
        assert_eq!(login["next"], next);
    }
    for _ in 0..20 {
        begin(&client, "/login/fake");
    }
    client.session(|session| {
        assert_eq!(session.keys().iter().filter(|key| key.starts_with("_state_")).count(), 5)
    });
}

#[test]
fn nobody_is_led_out_of_the_app_after_a_login() {
    let fake = Fake::start();
    let client = shop(&fake);
    for target in ["//evil.example", "https://evil.example/", "/\\evil.example", "javascript:alert(1)"] {
        let response = client.get("/login/fake").query([("next", target)]).send();
        let params = super::fake::query(response.location().unwrap().split_once('?').unwrap().1);
        fake.nonce(&params["nonce"]);
        let login: Value =
            end(&client, "fake", &[("state", &params["state"]), ("code", "c"), ("iss", &fake.issuer)]).json();
        assert_eq!(login["next"], Value::Null, "{target}");
    }
}

#[test]
fn what_the_provider_refuses_reaches_the_error_handlers_by_its_code() {
    let fake = Fake::start();
    let client = shop(&fake);
    let come_back = |error: &str, description: &str| {
        let params = begin(&client, "/login/fake");
        let args =
            [("state", params["state"].as_str()), ("error", error), ("error_description", description)];
        end(&client, "fake", &[&args[..], &[("iss", fake.issuer.as_str())]].concat())
    };
    let response = come_back("access_denied", "The user said no");
    assert_eq!(
        error(&response),
        (403, "fake: the provider refuses: access_denied: The user said no".to_owned())
    );
    assert_eq!(response.json::<Value>()["code"], "access_denied");
    assert_eq!(error(&come_back("temporarily_unavailable", "")).0, 400);
    let (_, text) = error(&come_back("<b>\"x\u{202e}\n", &"<script>\r\n".repeat(100)));
    assert!(
        text.starts_with("fake: the provider refuses: <b>x: <script><script>") && text.len() < 400,
        "{text}"
    );
    // Without its state an error is nobody's.
    assert_eq!(end(&client, "fake", &[("error", "access_denied"), ("iss", &fake.issuer)]).status(), 400);
    fake.at(
        "/token",
        Says::json(&json!({"error": "invalid_grant", "error_description": "used"})).status(400),
    );
    assert_eq!(
        error(&log_in(&client, &fake)),
        (400, "fake: the provider refuses: invalid_grant: used".to_owned())
    );
    fake.at("/token", Says::json(&json!({"error": "invalid_client"})).status(401));
    assert_eq!(
        error(&log_in(&client, &fake)),
        (502, "fake: the provider refuses: invalid_client".to_owned())
    );
    // As GitHub does.
    fake.at("/token", Says::json(&json!({"error": "bad_verification_code"})));
    assert_eq!(
        error(&log_in(&client, &fake)),
        (502, "fake: the provider refuses: bad_verification_code".to_owned())
    );
    assert_eq!(client.get("/").send().text(), "nobody");
}

#[test]
fn an_id_token_that_says_little_is_completed_by_the_userinfo_endpoint() {
    let fake = Fake::start();
    fake.claims(json!({"email": null, "email_verified": null}));
    let client = shop(&fake);
    let login: Value = log_in(&client, &fake).json();
    assert_eq!((&login["username"], &login["email"]), (&json!("annie"), &json!("ann@example.com")));
    assert_eq!(login["verified"], Value::Null, "nobody said that the address was verified");
    assert_eq!(fake.last("/userinfo").authorization.as_deref(), Some("Bearer access-1"));
    fake.at("/userinfo", Says::json(&json!({"sub": "u2", "email": "eve@example.com"})));
    let (status, text) = error(&log_in(&client, &fake));
    assert_eq!((status, text.contains("somebody else")), (502, true));
}

#[test]
fn a_token_is_refreshed_revoked_and_ended() {
    let fake = Fake::start();
    let client = shop(&fake);
    log_in(&client, &fake);
    fake.token(json!({"access_token": "access-2", "refresh_token": null, "id_token": null}));
    let token: Value = client.get("/refresh/fake").send().json();
    assert_eq!((&token["access_token"], &token["refresh_token"]), (&json!("access-2"), &json!("refresh-1")));
    assert!(token["id_token"].is_string() && token["expires_at"].is_u64());
    let asked = fake.last("/token");
    assert_eq!(
        (asked.form["grant_type"].as_str(), asked.form["refresh_token"].as_str()),
        ("refresh_token", "refresh-1")
    );

    fake.claims(json!({"sub": "u2", "nonce": null})).token(json!({}));
    let (status, text) = error(&client.get("/refresh/fake").send());
    assert_eq!((status, text.contains("somebody else")), (502, true), "{text}");
    fake.claims(json!({"nonce": null}));
    assert_eq!(client.get("/refresh/fake").send().status(), 200);

    assert_eq!(client.get("/revoke/fake").send().text(), "true");
    assert_eq!(fake.count("/revoke"), 2);
    assert_eq!(fake.last("/revoke").form["token_type_hint"], "access_token");

    let response = client.get("/logout/fake").send();
    let location = response.location().unwrap();
    let params = super::fake::query(location.strip_prefix(&format!("{}/logout?", fake.issuer)).unwrap());
    assert_eq!(
        (params["client_id"].as_str(), params["post_logout_redirect_uri"].as_str()),
        ("shop", "http://localhost/")
    );
    assert_eq!(params["id_token_hint"].matches('.').count(), 2);
    assert_eq!(client.get("/").send().text(), "nobody");
    assert_eq!(client.get("/refresh/fake").send().status(), 401);
}

#[test]
fn the_app_says_who_it_is_in_each_way() {
    let fake = Fake::start();
    let key = Key::generate().unwrap();
    let post = provider(&fake).client_auth(ClientAuth::Post);
    let signed = Provider::discover(&fake.issuer).private_key("shop", key.clone());
    let public = Provider::discover(&fake.issuer).public_client("shop");
    let ask = |provider: Provider| {
        let client = app(OAuth::new().register("fake", provider)).test_client();
        assert_eq!(log_in(&client, &fake).status(), 200);
        fake.last("/token")
    };
    let asked = ask(post.clone());
    assert_eq!((asked.form["client_id"].as_str(), asked.form["client_secret"].as_str()), ("shop", "se:cret"));
    assert_eq!(asked.authorization, None);
    let asked = ask(public);
    assert_eq!((asked.form["client_id"].as_str(), asked.form.get("client_secret")), ("shop", None));
    let asked = ask(signed);
    assert!(asked.form["client_assertion_type"].ends_with("jwt-bearer"));
    let verifier = super::fake::signer(key);
    verifier.app_context(|| {
        let error = carboy::ext::<carboy_ext::jwt::Jwt>()
            .verify::<Value>(&asked.form["client_assertion"])
            .unwrap_err();
        // Signed by the key, and for the token endpoint only.
        assert_eq!(error.kind(), &carboy_ext::jwt::JwtErrorKind::Audience);
    });
    fake.metadata(json!({"token_endpoint_auth_methods_supported": ["client_secret_post"]}));
    assert_eq!(ask(provider(&fake)).form["client_secret"], "se:cret");
}

#[test]
fn github_says_who_somebody_is_in_its_own_way() {
    let fake = Fake::start();
    fake.answer(|asked| {
        Some(Says::json(&match asked.path.as_str() {
            "/token" => {
                json!({"access_token": "gho_1", "token_type": "bearer", "scope": "read:user,user:email"})
            }
            "/userinfo" => {
                json!({"id": 583231, "login": "octocat", "name": null, "email": "anything@example.com"})
            }
            "/userinfo/emails" => json!([
                {"email": "old@example.com", "primary": false, "verified": true},
                {"email": "octo@example.com", "primary": true, "verified": true},
            ]),
            _ => return None,
        }))
    });
    let mut app = app(OAuth::new().register("github", Provider::github()));
    app.config()
        .set("GITHUB_CLIENT_ID", "shop")
        .set("GITHUB_CLIENT_SECRET", "secret")
        .set("GITHUB_AUTHORIZE_URL", format!("{}/authorize", fake.issuer))
        .set("GITHUB_ACCESS_TOKEN_URL", format!("{}/token", fake.issuer))
        .set("GITHUB_USERINFO_ENDPOINT", format!("{}/userinfo", fake.issuer));
    let client = app.test_client();
    let params = begin(&client, "/login/github");
    assert!(!params.contains_key("nonce") && params.contains_key("code_challenge"));
    let login: Value = end(&client, "github", &[("state", &params["state"]), ("code", "c")]).json();
    assert_eq!((&login["subject"], &login["username"]), (&json!("583231"), &json!("octocat")));
    assert_eq!(login["verified"], "octo@example.com");
    assert_eq!(client.get("/logout/github").send().location(), Some("/"));
}

#[test]
fn an_app_whose_provider_is_not_set_up_does_not_start() {
    let build = |provider: Provider, config: &[(&str, &str)]| {
        let mut app = app(OAuth::new().register("work", provider));
        for (key, value) in config {
            app.config().set(*key, value);
        }
        app.build().err().map(|error| error.to_string()).unwrap_or_default()
    };
    assert!(build(Provider::google(), &[]).contains("set WORK_CLIENT_ID"));
    assert_eq!(build(Provider::google(), &[("WORK_CLIENT_ID", "x")]), "");
    assert!(build(Provider::github(), &[("WORK_CLIENT_ID", "x")]).contains("set WORK_CLIENT_SECRET"));
    let configured = |config: &[(&str, &str)]| build(Provider::configured().public_client("x"), config);
    assert!(configured(&[]).contains("WORK_SERVER_METADATA_URL"));
    assert!(configured(&[("WORK_SERVER_METADATA_URL", "https://a.example/x")]).contains("has to end with"));
    assert_eq!(
        configured(&[("WORK_SERVER_METADATA_URL", "https://a.example/.well-known/openid-configuration")]),
        ""
    );
    for url in
        ["http://login.example", "ftp://login.example", "http://127.0.0.1.evil.example", "login.example"]
    {
        let error = build(Provider::discover(url).public_client("x"), &[]);
        assert!(error.contains("is no https URL"), "{url}: {error}");
    }
    for url in ["http://127.0.0.1:9", "http://[::1]:9", "http://localhost:9", "https://login.example"] {
        assert_eq!(build(Provider::discover(url).public_client("x"), &[]), "", "{url}");
    }
}
