//! Tokens as an API's clients and callers see them, and exchanged with PyJWT and joserfc.
#![cfg(feature = "jwt")]

use carboy::{Error, prelude::*, testing::TestClient};
use carboy_ext::jwt::{
    self, Algorithm, Bearer, BearerError, Claims, Jwt, JwtErrorKind, Key, MemoryRefreshStore, Rotated,
};
use carboy_testkit::Folder;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

const SECRET: &str = "a secret of more than thirty-two bytes, for HS256";

#[get("/me")]
fn me(bearer: Bearer) -> String {
    bearer.sub.clone().unwrap_or_default()
}

#[get("/maybe")]
fn maybe(bearer: Option<Bearer>) -> String {
    bearer.and_then(|bearer| bearer.0.sub).unwrap_or_else(|| "nobody".to_owned())
}

#[get("/notes")]
fn notes(bearer: Bearer) -> carboy::Result<&'static str> {
    bearer.require_scope("notes:read")?;
    Ok("notes")
}

#[derive(Debug, Serialize, Deserialize)]
struct Badge {
    sub: String,
    level: u8,
}

#[get("/badge")]
fn badge(bearer: Bearer<Badge>) -> String {
    format!("{} {}", bearer.sub, bearer.level)
}

#[route("/inside", methods = ["GET", "POST"])]
fn inside() -> &'static str {
    "inside"
}

#[get("/free")]
fn free() -> &'static str {
    "free"
}

fn app(jwt: Jwt) -> App {
    let mut api = Blueprint::new("api");
    api.url_prefix("/api").guard(jwt::bearer_required).routes(routes![inside]);
    let mut admin = Blueprint::new("admin");
    admin.url_prefix("/admin").guard(jwt::scope_required("admin read")).routes(routes![inside]);
    let mut app = App::new("shop");
    app.ext(jwt).routes(routes![me, maybe, notes, badge, free]).register(api).register(admin);
    app
}

struct Answer {
    status: u16,
    challenge: Option<String>,
    text: String,
}

fn ask(client: &TestClient, path: &str, authorization: &[&str]) -> Answer {
    let request = client.get(path);
    let response = authorization.iter().fold(request, |r, value| r.header("authorization", value)).send();
    Answer {
        status: response.status().as_u16(),
        challenge: response.header("www-authenticate").map(str::to_owned),
        text: response.text(),
    }
}

fn with(client: &TestClient, path: &str, token: &str) -> Answer {
    ask(client, path, &[&format!("Bearer {token}")])
}

/// Calls the extension of a built app.
fn inside_app<T>(app: &carboy::AppService, f: impl FnOnce(&Jwt) -> T) -> T {
    app.app_context(|| f(&ext::<Jwt>()))
}

#[test]
fn a_view_runs_for_those_with_a_good_token_only() {
    let service = app(Jwt::new().key(Key::generate().unwrap())).testing().build().unwrap();
    let client = service.test_client();
    let token = inside_app(&service, |jwt| jwt.issue(&Claims::new(7)).unwrap());
    assert_eq!(with(&client, "/me", &token).text, "7");
    assert_eq!(ask(&client, "/me", &[&format!("bEaReR  {token}")]).text, "7");
    assert_eq!(with(&client, "/maybe", &token).text, "7");
    assert_eq!(with(&client, "/maybe", "x").text, "nobody");
    assert_eq!(with(&client, "/api/inside", &token).text, "inside");
    assert_eq!(with(&client, "/free", "rubbish").text, "free");
}

#[test]
fn refusals_are_those_of_rfc_6750() {
    let service = app(Jwt::new().key(Key::secret(SECRET).unwrap())).testing().build().unwrap();
    let client = service.test_client();
    let issue = |claims: &Value| inside_app(&service, |jwt| jwt.issue(claims).unwrap());
    let bare = "Bearer realm=\"shop\"";
    for path in ["/me", "/api/inside", "/admin/inside"] {
        let answer = ask(&client, path, &[]);
        assert_eq!((answer.status, answer.challenge.as_deref()), (401, Some(bare)), "{path}");
        let answer = ask(&client, path, &["Basic YTpi"]);
        assert_eq!((answer.status, answer.challenge.as_deref()), (401, Some(bare)), "{path}");

        let malformed = "Bearer realm=\"shop\", error=\"invalid_request\", \
                         error_description=\"The Authorization field has no token that could be read.\"";
        for fields in [&["Bearer"][..], &["Bearer "], &["Bearer a b"], &["Bearer \"x\""]] {
            let answer = ask(&client, path, fields);
            assert_eq!(
                (answer.status, answer.challenge.as_deref()),
                (400, Some(malformed)),
                "{path} {fields:?}"
            );
        }

        let invalid = "Bearer realm=\"shop\", error=\"invalid_token\", error_description=\"The access token is not valid.\"";
        let answer = with(&client, path, "x");
        assert_eq!((answer.status, answer.challenge.as_deref()), (401, Some(invalid)), "{path}");
        let expired = "Bearer realm=\"shop\", error=\"invalid_token\", error_description=\"The access token has expired.\"";
        let answer = with(&client, path, &issue(&json!({"exp": 5})));
        assert_eq!((answer.status, answer.challenge.as_deref()), (401, Some(expired)), "{path}");
    }
    let answer = with(&client, "/notes", &issue(&json!({"sub": "1", "scope": "notes:write notes"})));
    assert_eq!(answer.status, 403);
    assert_eq!(
        answer.challenge.as_deref(),
        Some(
            "Bearer realm=\"shop\", error=\"insufficient_scope\", \
             error_description=\"The access token does not permit this.\", scope=\"notes:read\""
        )
    );
    assert_eq!(with(&client, "/admin/inside", &issue(&json!({"scope": "read"}))).status, 403);
    assert_eq!(with(&client, "/admin/inside", &issue(&json!({"scope": "read x admin"}))).text, "inside");
    assert_eq!(with(&client, "/notes", &issue(&json!({"scope": "notes:read"}))).text, "notes");
}

#[test]
fn two_authorization_fields_are_a_bad_request() {
    let service = app(Jwt::new().key(Key::secret(SECRET).unwrap())).testing().build().unwrap();
    let token = inside_app(&service, |jwt| jwt.issue(&Claims::new(1)).unwrap());
    let judged = |fields: usize| {
        let mut request = Request::get("/me");
        for _ in 0..fields {
            request.headers_mut().append("authorization", format!("Bearer {token}").parse().unwrap());
        }
        service.request_context(request, jwt::bearer_required)
    };
    assert!(judged(1).is_ok());
    assert_eq!(judged(2).unwrap_err().downcast_ref(), Some(&BearerError::InvalidRequest));
}

#[test]
fn error_handlers_answer_for_refused_tokens_and_the_challenge_stays() {
    fn refused(error: Error) -> (Value, u16) {
        let code = error.downcast_ref::<BearerError>().and_then(BearerError::code);
        (json!({ "error": code }), error.status().as_u16())
    }
    let mut app = app(Jwt::new().key(Key::generate().unwrap()));
    app.errorhandler(401, refused);
    app.errorhandler_for::<BearerError, _, _>(|error| refused(error.error().clone()));
    let client = app.test_client();
    let answer = with(&client, "/me", "x");
    assert_eq!((answer.status, answer.text.as_str()), (401, "{\"error\":\"invalid_token\"}\n"));
    assert!(answer.challenge.unwrap().contains("invalid_token"));
    let answer = ask(&client, "/me", &["Bearer"]);
    assert_eq!((answer.status, answer.text.as_str()), (400, "{\"error\":\"invalid_request\"}\n"));
}

#[test]
fn a_guard_lets_a_preflight_through_and_nothing_else() {
    let client = app(Jwt::new().key(Key::generate().unwrap())).test_client();
    assert_eq!(client.options("/api/inside").send().status(), 200);
    assert_eq!(client.options("/admin/inside").send().status(), 200);
    assert_eq!(client.post("/api/inside").send().status(), 401);
    assert_eq!(client.head("/api/inside").send().status(), 401);
}

#[test]
fn a_browser_of_another_origin_needs_to_be_trusted_even_with_a_token() {
    let post = |trusted: &[&str]| {
        let mut app = app(Jwt::new().key(Key::secret(SECRET).unwrap()));
        app.config().set("CSRF_TRUSTED_ORIGINS", trusted);
        let service = app.testing().build().unwrap();
        let token = inside_app(&service, |jwt| jwt.issue(&Claims::new(1)).unwrap());
        let request =
            service.test_client().post("/api/inside").header("authorization", &format!("Bearer {token}"));
        request.header("origin", "https://app.example").header("sec-fetch-site", "cross-site").send().status()
    };
    assert_eq!(post(&[]), 403);
    assert_eq!(post(&["https://app.example"]), 200);
}

#[test]
fn claims_are_read_into_a_type_of_the_apps_own() {
    let service = app(Jwt::new().key(Key::generate().unwrap())).testing().build().unwrap();
    let client = service.test_client();
    let issue = |claims: Value| inside_app(&service, |jwt| jwt.issue(&claims).unwrap());
    assert_eq!(with(&client, "/badge", &issue(json!({"sub": "ann", "level": 3}))).text, "ann 3");
    let answer = with(&client, "/badge", &issue(json!({"sub": "ann"})));
    assert_eq!(answer.status, 401);
    inside_app(&service, |jwt| {
        let claims: Badge = jwt.verify(&jwt.issue(&Badge { sub: "bob".into(), level: 9 }).unwrap()).unwrap();
        assert_eq!((claims.sub.as_str(), claims.level), ("bob", 9));
        let error = jwt.issue(&"no object").unwrap_err();
        assert_eq!(error.kind(), &JwtErrorKind::InvalidClaim("claims".into()));
    });
}

#[test]
fn new_tokens_say_what_the_configuration_says() {
    let mut app = app(Jwt::new().key(Key::generate().unwrap()));
    app.config()
        .set("JWT_ENCODE_ISSUER", "https://shop.example")
        .set("JWT_ENCODE_AUDIENCE", ["shop", "api"])
        .set("JWT_ACCESS_TOKEN_EXPIRES", 60);
    let service = app.testing().build().unwrap();
    inside_app(&service, |jwt| {
        let claims: Claims = jwt.verify(&jwt.issue(&Claims::new("ann")).unwrap()).unwrap();
        assert_eq!(claims.iss.as_deref(), Some("https://shop.example"));
        assert_eq!(claims.aud, ["shop", "api"]);
        assert_eq!(claims.exp.unwrap() - claims.iat.unwrap(), 60);
        let other: Claims = jwt.verify(&jwt.issue(&Claims::new("ann")).unwrap()).unwrap();
        assert_ne!(claims.jti, other.jti);
        // What the claims say themselves is not replaced.
        let long =
            jwt.issue(&Claims::new("ann").audience("api").expires_in(Duration::from_secs(3600))).unwrap();
        let claims: Claims = jwt.verify(&long).unwrap();
        assert_eq!(claims.aud, ["api"]);
        assert!(claims.exp.unwrap() - claims.iat.unwrap() >= 3599);
        let foreign = jwt.issue(&json!({"iss": "https://else.example"})).unwrap();
        assert_eq!(jwt.verify::<Claims>(&foreign).unwrap_err().kind(), &JwtErrorKind::Issuer);
        let foreign = jwt.issue(&json!({"aud": "else"})).unwrap();
        assert_eq!(jwt.verify::<Claims>(&foreign).unwrap_err().kind(), &JwtErrorKind::Audience);
    });
}

#[test]
fn a_key_is_changed_without_refusing_a_token_and_the_old_one_ends() {
    let (old, new) = (Key::generate().unwrap(), Key::generate().unwrap());
    let before = app(Jwt::new().key(old.clone()).jwks("/.well-known/jwks.json")).testing().build().unwrap();
    let during = app(Jwt::new().key(new.clone()).verify_with(old.clone()).jwks("/.well-known/jwks.json"));
    let during = { during }.testing().build().unwrap();
    let after = app(Jwt::new().key(new.clone())).testing().build().unwrap();
    let token = inside_app(&before, |jwt| jwt.issue(&Claims::new(1)).unwrap());
    assert_eq!(with(&before.test_client(), "/me", &token).status, 200);
    assert_eq!(with(&during.test_client(), "/me", &token).status, 200);
    assert_eq!(with(&after.test_client(), "/me", &token).status, 401);
    let newer = inside_app(&during, |jwt| jwt.issue(&Claims::new(1)).unwrap());
    assert_eq!(with(&after.test_client(), "/me", &newer).status, 200);

    let answer = during.test_client().get("/.well-known/jwks.json").send();
    assert_eq!(answer.header("cache-control"), Some("public, max-age=300"));
    let set: Value = serde_json::from_str(&answer.text()).unwrap();
    let ids: Vec<&str> =
        set["keys"].as_array().unwrap().iter().filter_map(|key| key["kid"].as_str()).collect();
    assert_eq!(ids, [new.id().unwrap(), old.id().unwrap()]);
    assert!(set["keys"][0].get("d").is_none());
}

#[test]
fn secrets_are_not_published() {
    let client = app(Jwt::new().key(Key::secret(SECRET).unwrap()).jwks("/jwks")).test_client();
    assert_eq!(client.get("/jwks").send().text(), "{\"keys\":[]}\n");
}

#[test]
fn a_token_that_was_taken_back_is_refused_before_the_view_runs() {
    let asked = Arc::new(AtomicUsize::new(0));
    let counter = asked.clone();
    let jwt = Jwt::new().key(Key::generate().unwrap()).revoked(move |claims: Claims| {
        counter.fetch_add(1, Ordering::SeqCst);
        async move {
            tokio::time::sleep(Duration::from_millis(1)).await;
            match claims.sub.as_deref() {
                Some("broken") => Err(Error::msg("the list is away")),
                sub => Ok(sub == Some("gone")),
            }
        }
    });
    let mut app = app(jwt);
    app.config().set("PROPAGATE_EXCEPTIONS", false);
    let service = app.testing().build().unwrap();
    let client = service.test_client();
    let issue = |sub: &str| inside_app(&service, |jwt| jwt.issue(&Claims::new(sub)).unwrap());
    for (sub, status) in [("here", 200), ("gone", 401), ("broken", 500)] {
        for path in ["/me", "/api/inside"] {
            assert_eq!(with(&client, path, &issue(sub)).status, status, "{sub} {path}");
        }
    }
    assert_eq!(asked.load(Ordering::SeqCst), 6);
    // Who does not need a token is not disturbed by it.
    for (sub, user) in [("here", "here"), ("gone", "nobody"), ("broken", "nobody")] {
        assert_eq!(with(&client, "/maybe", &issue(sub)).text, user);
        assert_eq!(with(&client, "/free", &issue(sub)).text, "free");
    }
    asked.store(6, Ordering::SeqCst);
    assert_eq!(ask(&client, "/me", &[]).status, 401);
    assert_eq!(with(&client, "/me", "x").status, 401);
    assert_eq!(asked.load(Ordering::SeqCst), 6);
}

#[tokio::test]
async fn a_token_that_came_by_another_way_is_asked_about_too() {
    let jwt = Jwt::new()
        .key(Key::generate().unwrap())
        .revoked(|claims: Claims| async move { Ok(claims.sub.as_deref() == Some("gone")) });
    let service = app(jwt).testing().build().unwrap();
    let jwt = service.app_context(ext::<Jwt>);
    let (here, gone) = (jwt.issue(&Claims::new("here")).unwrap(), jwt.issue(&Claims::new("gone")).unwrap());
    assert_eq!(jwt.authenticate::<Claims>(&here).await.unwrap().sub.as_deref(), Some("here"));
    assert_eq!(jwt.authenticate::<Claims>(&gone).await.unwrap_err().kind(), &JwtErrorKind::Revoked);
    assert!(jwt.verify::<Claims>(&gone).is_ok());
}

#[tokio::test]
async fn a_refresh_token_is_good_once_and_a_second_use_ends_all_that_came_of_it() {
    let service = app(Jwt::new().key(Key::generate().unwrap()).refresh_store(MemoryRefreshStore::new()));
    let service = { service }.testing().build().unwrap();
    let jwt = service.app_context(ext::<Jwt>);
    let first = jwt.begin_refresh(&Claims::new("ann").set("device", "phone")).await.unwrap();
    let Rotated { refresh_token: second, claims, .. } = jwt.rotate_refresh(&first).await.unwrap();
    assert_eq!(
        (claims.sub.as_deref(), claims.get::<String>("device").as_deref()),
        (Some("ann"), Some("phone"))
    );
    // A refresh token gives access to nothing, and an access token refreshes nothing.
    assert_eq!(jwt.verify::<Claims>(&second).unwrap_err().kind(), &JwtErrorKind::Type);
    let access = jwt.issue(&Claims::new("ann")).unwrap();
    assert_eq!(jwt.rotate_refresh(&access).await.unwrap_err().kind(), &JwtErrorKind::Type);

    let third = jwt.rotate_refresh(&second).await.unwrap().refresh_token;
    assert_eq!(jwt.rotate_refresh(&first).await.unwrap_err().kind(), &JwtErrorKind::Reused);
    assert_eq!(jwt.rotate_refresh(&third).await.unwrap_err().kind(), &JwtErrorKind::Revoked);

    let other = jwt.begin_refresh(&Claims::new("bob")).await.unwrap();
    jwt.end_refresh(&other).await.unwrap();
    assert_eq!(jwt.rotate_refresh(&other).await.unwrap_err().kind(), &JwtErrorKind::Revoked);

    let raced = jwt.begin_refresh(&Claims::new("eve")).await.unwrap();
    let (one, two) = tokio::join!(jwt.rotate_refresh(&raced), jwt.rotate_refresh(&raced));
    assert_eq!([one.is_ok(), two.is_ok()].iter().filter(|ok| **ok).count(), 1);
}

#[test]
fn an_app_without_a_usable_key_does_not_start_and_says_what_to_do() {
    let build = |set: &[(&str, Value)]| {
        let mut app = app(Jwt::new());
        for (key, value) in set {
            app.config().set(*key, value);
        }
        app.build().err().map(|error| error.to_string()).unwrap_or_default()
    };
    assert!(build(&[]).contains("jwt generate-key"), "{}", build(&[]));
    assert!(build(&[("JWT_SECRET_KEY", json!("short"))]).contains("at least 32 bytes"));
    let error = build(&[("JWT_SECRET_KEY", json!(SECRET)), ("JWT_ALGORITHM", json!("RS256"))]);
    assert!(error.contains("JWT_ALGORITHM is 'RS256', and the key that signs is for HS256"), "{error}");
    assert!(build(&[("JWT_PRIVATE_KEY", json!("no-such.pem"))]).contains("no-such.pem cannot be read"));
    assert!(
        build(&[("JWT_SECRET_KEY", json!(SECRET)), ("JWT_DECODE_LEEWAY", json!("x"))])
            .contains("JWT_DECODE_LEEWAY")
    );
    assert_eq!(build(&[("JWT_SECRET_KEY", json!(SECRET)), ("JWT_ALGORITHM", json!("HS256"))]), "");
}

#[test]
fn a_key_file_is_made_once_and_only_its_owner_reads_it() {
    let folder = Folder::new();
    let start = || {
        let mut app = app(Jwt::new().key_file("jwt.pem"));
        app.set_instance_path(folder.path());
        app.testing().build().unwrap()
    };
    let token = inside_app(&start(), |jwt| jwt.issue(&Claims::new(1)).unwrap());
    assert_eq!(with(&start().test_client(), "/me", &token).status, 200);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = std::fs::metadata(folder.path().join("jwt.pem")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
}

#[test]
fn the_command_prints_a_key_that_can_be_used() {
    let mut app = app(Jwt::new().key(Key::generate().unwrap()));
    let printed = app.test_cli_runner().invoke(["jwt", "generate-key"]);
    let key = Key::from_pem(&printed.output).unwrap();
    assert_eq!(key.algorithm(), Algorithm::EdDSA);
}

/// What a program in Python printed, as JSON.
fn python(program: &str, input: &Value) -> Value {
    let folder = Folder::new();
    let path = folder.path().join("input.json");
    std::fs::write(&path, input.to_string()).unwrap();
    let output = std::process::Command::new(carboy_testkit::python())
        .args(["-W", "ignore", "-c", program])
        .arg(&path)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
#[ignore = "needs the pinned Python packages"]
fn tokens_are_exchanged_with_pyjwt_and_joserfc_in_both_directions() {
    const PYTHON: &str = r#"
import json, sys, time
import jwt
from authlib.jose import jwt as authlib, JsonWebKey
from joserfc import jwt as jose
from joserfc.jwk import KeySet, import_key
given = json.load(open(sys.argv[1]))
answer = {}
for alg, key in given["keys"].items():
    verifying = given["jwks"].get(alg)
    token = given["tokens"][alg]
    known = verifying and jwt.PyJWK(verifying) or key
    answer[alg] = {
        "pyjwt read": jwt.decode(token, known, algorithms=[alg], audience="shop", issuer="us"),
        "pyjwt header": jwt.get_unverified_header(token),
        "joserfc read": jose.decode(token, import_key(verifying or {"kty": "oct", "k": jwt.utils.base64url_encode(key.encode()).decode()}), algorithms=[alg]).claims,
        "authlib read": dict(authlib.decode(token, JsonWebKey.import_key(verifying or key, None if verifying else {"kty": "oct"}))),
    }
    claims = {"sub": "ann", "iss": "us", "aud": ["shop"], "exp": int(time.time()) + 60, "iat": int(time.time()), "scope": "a b", "n": [1, 2.5, None, "é"]}
    header = {"kid": verifying["kid"]} if verifying else {}
    private = import_key(key, "oct" if not verifying else {"EdDSA": "OKP", "ES256": "EC", "RS256": "RSA"}[alg])
    answer[alg]["written"] = [
        jwt.encode(claims, key, alg, headers=header),
        jose.encode({"alg": alg, **header}, claims, private, algorithms=[alg]),
        authlib.encode({"alg": alg, **header}, dict(claims), key).decode(),
    ]
json.dump(answer, sys.stdout)
"#;
    let vectors = carboy_conformance::load("jwt/tokens.json");
    let mut keys = vectors["keys"]["private"].clone();
    keys["HS256"] = vectors["keys"]["public"]["HS256"].clone();
    let names = ["EdDSA", "ES256", "RS256", "HS256"];
    let (mut tokens, mut jwks) = (json!({}), json!({}));
    let mut services = Vec::new();
    for name in names {
        let text = keys[name].as_str().unwrap();
        let key = if name == "HS256" { Key::secret(text) } else { Key::from_pem(text) }.unwrap();
        let mut app = app(Jwt::new().key(key));
        app.config()
            .set("JWT_ENCODE_ISSUER", "us")
            .set("JWT_ENCODE_AUDIENCE", "shop")
            .set("JWT_ALGORITHM", name);
        let service = app.testing().build().unwrap();
        inside_app(&service, |jwt| {
            tokens[name] = jwt
                .issue(&Claims::new("ann").scope("a b").set("n", json!([1, 2.5, null, "é"])))
                .unwrap()
                .into();
            if let Some(jwk) = jwt.key_set().unwrap()["keys"].get(0) {
                jwks[name] = jwk.clone();
            }
        });
        services.push((name, service));
    }
    let answer = python(PYTHON, &json!({"keys": keys, "tokens": tokens, "jwks": jwks}));
    for (name, service) in services {
        let answer = &answer[name];
        for reader in ["pyjwt read", "joserfc read", "authlib read"] {
            let claims = &answer[reader];
            assert_eq!((&claims["sub"], &claims["scope"]), (&json!("ann"), &json!("a b")), "{name} {reader}");
            assert_eq!(claims["n"], json!([1, 2.5, null, "é"]), "{name} {reader}");
        }
        assert_eq!(answer["pyjwt header"]["kid"], jwks[name]["kid"], "{name}");
        let client = service.test_client();
        let written = answer["written"].as_array().unwrap();
        assert_eq!(written.len(), 3);
        for token in written {
            let token = token.as_str().unwrap();
            assert_eq!(with(&client, "/me", token).text, "ann", "{name} {token}");
            let claims: Claims = inside_app(&service, |jwt| jwt.verify(token).unwrap());
            assert_eq!(claims.get::<Value>("n"), Some(json!([1, 2.5, null, "é"])));
        }
    }
}
