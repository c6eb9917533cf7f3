//! Security headers: what browsers are told, and who is told otherwise.

use carboy::{
    Config, ProxyFix, Result, TemplateContext,
    prelude::*,
    security::{Csp, HeaderPolicy, SecurityHeaders, change_security_headers, csp_nonce},
    stream_template_string,
    testing::{TestClient, TestResponse},
};
use carboy_conformance::{replay, same};
use serde_json::Value;

#[route("/")]
fn index() -> Result<Html> {
    session().set("a", 1);
    carboy::render_template_string("{{ csp_nonce() }}", context! {})
}

#[route("/own")]
fn own() -> Result<Html> {
    index()
}

/// A policy with the options of Flask-Talisman's decorator.
fn decorated(mut policy: HeaderPolicy, options: &Value) -> HeaderPolicy {
    for (name, value) in options.as_object().unwrap() {
        let csp = || match value {
            Value::Null | Value::Bool(false) => Csp::new(),
            value => serde_json::from_value(value.clone()).unwrap(),
        };
        let structured = || match value {
            Value::Object(map) if !map.is_empty() => {
                let pairs: Vec<String> =
                    map.iter().map(|(name, value)| format!("{name}={}", value.as_str().unwrap())).collect();
                Some(pairs.join(", "))
            }
            value => value.as_str().map(str::to_owned),
        };
        policy = match name.as_str() {
            "force_https" => policy.force_https(value.as_bool().unwrap()),
            "frame_options" => policy.frame_options(value.as_str()),
            "content_security_policy" => policy.content_security_policy(csp()),
            "content_security_policy_nonce_in" => policy.content_security_policy_nonce_in(
                value.as_array().into_iter().flatten().map(|name| name.as_str().unwrap()),
            ),
            "permissions_policy" => policy.permissions_policy(structured().as_deref()),
            "document_policy" => policy.document_policy(structured().as_deref()),
            "feature_policy" => policy.feature_policy(csp()),
            other => panic!("no option of a view: {other}"),
        };
    }
    policy
}

const FIELDS: [&str; 11] = [
    "Content-Security-Policy",
    "Content-Security-Policy-Report-Only",
    "Strict-Transport-Security",
    "X-Frame-Options",
    "X-Content-Type-Options",
    "X-XSS-Protection",
    "X-Download-Options",
    "Referrer-Policy",
    "Permissions-Policy",
    "Document-Policy",
    "Feature-Policy",
];

/// An answer as the vectors have it.
fn seen(response: &TestResponse) -> Value {
    let page = if response.status() == 200 { response.text() } else { String::new() };
    let fields = FIELDS.iter().filter_map(|name| {
        let value = response.header(name)?;
        if let Some(nonce) = nonce_in(value).filter(|_| !page.is_empty()) {
            assert_eq!(nonce, page);
        }
        Some(((*name).to_owned(), Value::from(without_nonce(value, response.status().is_redirection()))))
    });
    let flags =
        response.header("set-cookie").and_then(|line| line.split_once("; ")).map_or("", |(_, flags)| flags);
    serde_json::json!({
        "status": response.status().as_u16(),
        "location": response.location(),
        "nonce": !page.is_empty(),
        "fields": fields.collect::<serde_json::Map<_, _>>(),
        "flags": flags,
    })
}

fn nonce_in(policy: &str) -> Option<&str> {
    policy.split_once("'nonce-")?.1.split('\'').next()
}

/// A field whose nonces are written as the vectors have them. What is redirected needs none: Flask-Talisman has made none yet.
fn without_nonce(value: &str, is_redirect: bool) -> String {
    match nonce_in(value) {
        Some(nonce) if is_redirect => value.replace(&format!(" 'nonce-{nonce}'"), ""),
        Some(nonce) => value.replace(nonce, "NONCE"),
        None => value.to_owned(),
    }
}

#[test]
fn the_options_of_flask_talisman_have_the_same_fields_redirects_and_flags() {
    // Each answer also says what was asked.
    let told = ["status", "location", "fields/**", "flags"];
    let told: Vec<String> = (0..6).flat_map(|n| told.map(|part| format!("/answers/{n}/{part}"))).collect();
    let told: Vec<&str> = told.iter().map(String::as_str).collect();
    replay("talisman/talisman.json", "", &told, 250, |case| {
        let mut app = App::new("talisman");
        app.config().set("SECRET_KEY", "dev");
        for (name, value) in case["options"].as_object().unwrap() {
            app.config().set(name.to_ascii_uppercase(), value);
        }
        let options = case["own"].clone();
        app.ext(SecurityHeaders::default().for_endpoint("own", move |policy| decorated(policy, &options)));
        app.routes(routes![index, own]);
        let client = app.test_client();
        for answer in case["answers"].as_array().unwrap() {
            let request = client.without_cookies().get(answer["path"].as_str().unwrap());
            let request = if answer["scheme"] == "https" { request.secure() } else { request };
            let got = seen(&request.send());
            for part in ["status", "location", "fields", "flags"] {
                same(&format!("{part} of {}", answer["path"]), &got[part], &answer[part])?;
            }
            // A page whose policy names no nonce gets none here; Flask-Talisman makes one nevertheless.
            let named = answer["fields"].to_string().contains("NONCE");
            same("whether there is a nonce", got["nonce"].as_bool(), Some(named && answer["nonce"] == true))?;
        }
        Ok::<(), String>(())
    });
}

#[route("/panics")]
fn panics() -> &'static str {
    panic!("on purpose")
}

#[route("/stream")]
fn stream() -> Result {
    stream_template_string("{{ csp_nonce() }}", TemplateContext::new())?.into_response()
}

#[route("/cached")]
fn cached() -> Result {
    let mut response = csp_nonce().into_response()?;
    response.set_header("etag", "\"1\"")?;
    response.make_conditional(&request(), false, None)?;
    Ok(response)
}

#[route("/by-itself")]
fn by_itself() -> Result {
    let mut response = "own".into_response()?;
    response.set_header("content-security-policy", "default-src *")?;
    response.set_header("x-frame-options", "DENY")?;
    Ok(response)
}

#[route("/chosen/<policy>")]
fn chosen(policy: String) -> Result<String> {
    change_security_headers(|headers| headers.frame_options("DENY"))?;
    change_security_headers(|headers| headers.referrer_policy(&*policy))?;
    Ok(policy)
}

#[cfg(feature = "websocket")]
#[carboy::websocket("/socket")]
async fn socket(mut socket: WebSocket) {
    let _ = socket.close(1000, "").await;
}

fn app(headers: SecurityHeaders, configure: impl FnOnce(&mut Config)) -> App {
    let mut app = App::new("headers");
    app.config().set("SECRET_KEY", "dev");
    configure(app.config());
    app.root_path(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/ui"))
        .static_folder(".")
        .static_url_path("/static");
    app.routes(routes![index, own, panics, stream, cached, by_itself, chosen]);
    #[cfg(feature = "websocket")]
    app.routes(routes![socket]);
    let (mut outer, mut inner) = (Blueprint::new("outer"), Blueprint::new("inner"));
    outer.url_prefix("/outer").routes(routes![own]);
    inner.url_prefix("/inner").routes(routes![own]);
    outer.register(inner);
    app.register(outer);
    app.ext(headers);
    app
}

fn client(headers: SecurityHeaders) -> TestClient {
    app(headers, |_| {}).test_client()
}

fn policy() -> HeaderPolicy {
    HeaderPolicy::talisman().force_https(false)
}

fn with_nonces() -> SecurityHeaders {
    SecurityHeaders::new(policy().content_security_policy_nonce_in(["default-src"]))
}

#[test]
fn every_answer_of_the_app_has_the_fields_and_one_that_has_its_own_keeps_them() {
    let mut app = app(SecurityHeaders::new(policy()), |_| {});
    let mut other = App::new("other");
    other.routes(routes![own]);
    app.mount("/mounted", other.build().unwrap());
    let client = app.test_client().propagate_errors(false);
    for (path, status) in [
        ("/", 200),
        ("/missing", 404),
        ("/panics", 500),
        ("/stream", 200),
        ("/static/pass/commands.rs", 200),
        ("/outer/inner/own", 200),
    ] {
        let response = client.get(path).send();
        assert_eq!(response.status(), status, "{path}");
        assert_eq!(response.header("x-content-type-options"), Some("nosniff"), "{path}");
        assert_eq!(
            response.header("content-security-policy"),
            Some("default-src 'self'; object-src 'none'"),
            "{path}"
        );
    }
    let wrong_method = client.post("/by-itself").send();
    assert_eq!(
        (wrong_method.status().as_u16(), wrong_method.header("x-frame-options")),
        (405, Some("SAMEORIGIN"))
    );
    let own = client.get("/by-itself").send();
    assert_eq!(own.header_all("content-security-policy"), ["default-src *"]);
    assert_eq!(own.header_all("x-frame-options"), ["DENY"]);
    assert_eq!(own.header("referrer-policy"), Some("strict-origin-when-cross-origin"));
    // A mounted service has hooks of its own.
    assert_eq!(client.get("/mounted/missing").send().header("x-content-type-options"), None);
    #[cfg(feature = "websocket")]
    assert_eq!(client.websocket("/socket").connect().header("content-security-policy"), None);
}

#[test]
fn a_nonce_is_that_of_the_field_new_for_each_request_and_there_before_a_stream_begins() {
    let client = client(with_nonces());
    let mut known = Vec::new();
    for path in ["/", "/", "/stream", "/cached"] {
        let page = client.get(path).send();
        let nonce = page.text();
        assert_eq!(nonce.len(), 32, "{path}");
        let expected = format!("default-src 'self' 'nonce-{nonce}'; object-src 'none'");
        assert_eq!(page.header("content-security-policy"), Some(&*expected), "{path}");
        assert!(!known.contains(&nonce));
        known.push(nonce);
    }
    // The page that the browser kept has the nonce that it came with, and keeps that policy.
    let not_modified = client.get("/cached").header("if-none-match", "\"1\"").send();
    assert_eq!((not_modified.status().as_u16(), not_modified.header("content-security-policy")), (304, None));
    assert_eq!(not_modified.header("x-frame-options"), Some("SAMEORIGIN"));
    assert_eq!(self::client(SecurityHeaders::new(policy())).get("/").send().text(), "");
}

#[test]
fn a_view_a_blueprint_and_an_endpoint_have_policies_of_their_own() {
    let headers = SecurityHeaders::new(policy())
        .for_endpoint("outer.inner.own", |policy| {
            policy.change_content_security_policy(|csp| csp.add("default-src", "inner.example"))
        })
        .for_blueprint("outer", |policy| {
            policy.content_security_policy("default-src outer.example").frame_options(None)
        })
        .for_endpoint("own", |policy| policy.content_security_policy(Csp::new()));
    let client = client(headers);
    let fields = |path: &str| {
        let response = client.get(path).send();
        let field = |name| response.header(name).map(str::to_owned);
        (field("content-security-policy"), field("x-frame-options"))
    };
    let text = |text: &str| Some(text.to_owned());
    assert_eq!(fields("/"), (text("default-src 'self'; object-src 'none'"), text("SAMEORIGIN")));
    assert_eq!(fields("/own"), (None, text("SAMEORIGIN")));
    assert_eq!(fields("/outer/own"), (text("default-src outer.example"), None));
    assert_eq!(fields("/outer/inner/own"), (text("default-src outer.example inner.example"), None));
    let chosen = client.get("/chosen/no-referrer").send();
    assert_eq!(chosen.header("x-frame-options"), Some("DENY"));
    assert_eq!(chosen.header("referrer-policy"), Some("no-referrer"));
    assert_eq!(client.get("/").send().header("x-frame-options"), Some("SAMEORIGIN"));
    let nonsense = client.propagate_errors(false).get("/chosen/no%0Areferrer").send();
    assert_eq!(nonsense.status(), 500);
}

#[test]
fn what_no_header_field_can_hold_and_names_that_do_not_exist_keep_the_app_from_starting() {
    let csp = |text: &'static str| SecurityHeaders::new(policy().content_security_policy(text));
    let pairs =
        SecurityHeaders::new(policy().content_security_policy([("img-src", "a.example; script-src *")]));
    for (headers, sentence) in [
        (
            csp("default-src 'self'\r\nx: y"),
            "default-src holds the character '\\r', which its sources cannot have",
        ),
        (csp("default-src, x"), "'default-src,' is no name of a directive"),
        (csp("img-src ünï"), "img-src holds the character 'ü'"),
        (pairs, "img-src holds the character ';'"),
        (SecurityHeaders::new(policy().referrer_policy("a\nb")), "referrer-policy cannot be"),
        (
            SecurityHeaders::new(policy().content_security_policy_report_only(true)),
            "content_security_policy_report_only needs content_security_policy_report_uri",
        ),
        (SecurityHeaders::new(policy()).for_endpoint("ow", |p| p), "the app has no endpoint 'ow'"),
        (SecurityHeaders::new(policy()).for_blueprint("inner", |p| p), "the app has no blueprint 'inner'"),
        (
            SecurityHeaders::new(policy()).for_endpoint("own", |p| p.permissions_policy("a\u{7f}")),
            "for 'own': permissions-policy cannot be",
        ),
    ] {
        let error = app(headers, |_| {}).build().err().unwrap().to_string();
        assert!(error.starts_with("SecurityHeaders: ") && error.contains(sentence), "{error}");
    }
    let error = app(SecurityHeaders::default(), |config| {
        config.set("CONTENT_SECURITY_POLICY", 7);
    });
    assert!({ error }.build().err().unwrap().to_string().contains("CONTENT_SECURITY_POLICY"));
}

#[test]
fn plain_http_is_redirected_unless_a_trusted_proxy_says_https_or_the_app_is_debugged() {
    let forced = || SecurityHeaders::default();
    let client = client(forced());
    let redirect = client.get("/own?a=b%20c").send();
    assert_eq!(
        (redirect.status().as_u16(), redirect.location()),
        (302, Some("https://localhost/own?a=b%20c"))
    );
    let permanent = app(forced(), |config| {
        config.set("FORCE_HTTPS_PERMANENT", true);
    });
    assert_eq!({ permanent }.test_client().get("/").send().status(), 301);
    assert_eq!(client.get("/own").secure().send().status(), 200);
    // Anybody can write this field.
    let forged = || client.get("/own").header("x-forwarded-proto", "https");
    assert_eq!(forged().send().status(), 302);
    let mut behind = app(forced(), |_| {});
    behind.proxy_fix(ProxyFix::new().x_for(1).x_proto(1));
    let behind = behind.test_client();
    let proxied = behind.get("/own").header("x-forwarded-proto", "https").send();
    assert_eq!(proxied.status(), 200);
    assert!(proxied.header("strict-transport-security").is_some());
    let debugged = app(forced(), |config| {
        config.set("DEBUG", true);
    });
    let plain = { debugged }.test_client().get("/").send();
    assert_eq!(plain.status(), 200);
    assert!(!plain.header("set-cookie").unwrap().contains("Secure"));
    assert_eq!(plain.header("strict-transport-security"), None);
    // A host that somebody made up is repeated nowhere.
    let named = app(forced(), |config| {
        config.set("TRUSTED_HOSTS", ["shop.example"]);
    })
    .test_client();
    let refused = named.get("/").base_url("http://evil.example").send();
    assert_eq!((refused.status().as_u16(), refused.location()), (400, None));
    let trusted = named.get("/").base_url("http://shop.example").send();
    assert_eq!(trusted.location(), Some("https://shop.example/"));
}

#[test]
fn the_session_cookie_is_secured_unless_the_configuration_says_otherwise() {
    let flags = |configure: &dyn Fn(&mut Config)| {
        let client = app(SecurityHeaders::new(policy()), configure).test_client();
        client.get("/").send().header("set-cookie").unwrap().split_once("; ").unwrap().1.to_owned()
    };
    assert_eq!(flags(&|_| {}), "Secure; HttpOnly; Path=/; SameSite=Lax");
    let chosen = flags(&|config| {
        config.set("SESSION_COOKIE_SECURE", false).set("SESSION_COOKIE_SAMESITE", "Strict");
    });
    assert_eq!(chosen, "HttpOnly; Path=/; SameSite=Strict");
}

#[test]
fn hardened_sends_the_strictest_fields_and_redirects_before_anything_else() {
    let hardened = |configure: &dyn Fn(&mut Config)| {
        let mut app = App::new("hardened");
        app.config().set("SECRET_KEY", "dev").set("TRUSTED_HOSTS", ["localhost"]).set("HARDENED", true);
        configure(app.config());
        app.before_request(|| request().args().get_str("early").map(str::to_owned));
        app.routes(routes![index]);
        app.test_client()
    };
    let client = hardened(&|_| {});
    assert_eq!(client.get("/?early=1").send().location(), Some("https://localhost/?early=1"));
    let page = client.get("/").secure().send();
    let nonce = page.text();
    let policy = page.header("content-security-policy").unwrap();
    assert!(policy.starts_with("default-src 'none'; base-uri 'self'; "), "{policy}");
    assert!(policy.contains(&format!("; script-src 'self' 'nonce-{nonce}'; ")), "{policy}");
    assert_eq!(page.header("cross-origin-opener-policy"), Some("same-origin"));
    assert_eq!(page.header("cross-origin-resource-policy"), Some("same-origin"));
    let plain = hardened(&|config| {
        config
            .set("FORCE_HTTPS", false)
            .set("CONTENT_SECURITY_POLICY", "default-src 'self'")
            .set("FRAME_OPTIONS", ());
    });
    let page = plain.get("/").send();
    assert_eq!(page.status(), 200);
    assert_eq!(page.header("content-security-policy"), Some("default-src 'self'"));
    assert_eq!(page.header("x-frame-options"), None);
}
