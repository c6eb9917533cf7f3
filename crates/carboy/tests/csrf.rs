//! CSRF tokens: who is asked for one, what is said about those that are not good.

use carboy::{
    Config, Result, StatusCode,
    prelude::*,
    security::{
        Csrf, CsrfError, csrf,
        signing::{Clock, UrlSafeTimedSerializer},
    },
    testing::{RequestBuilder, TestClient},
};
use std::time::{Duration, SystemTime};

#[route("/pay", methods = ["GET", "POST", "PUT", "PATCH", "DELETE"])]
fn pay() -> String {
    format!("{} {}", request().method(), csrf::csrf_valid())
}

#[get("/token")]
fn token() -> Result<String> {
    csrf::csrf_token()
}

#[post("/login")]
fn login() -> &'static str {
    session().clear();
    session().set("user_id", 1);
    "logged in"
}

#[post("/login-kept")]
fn login_kept() -> Result<&'static str> {
    csrf::renew_csrf_token()?;
    session().set("user_id", 1);
    Ok("logged in")
}

#[post("/hook")]
fn hook() -> String {
    request().text()
}

#[post("/by-hand")]
async fn by_hand() -> Result<&'static str> {
    ext::<Csrf>().protect().await?;
    Ok("checked")
}

#[get("/page")]
fn page() -> Result<Html> {
    carboy::render_template_string(
        "{{ csrf_token() }}\n{{ csrf_input() }}\n{{ csrf_meta_tag() }}\n{{ g.csrf_token }}",
        context! {},
    )
}

#[post("/upload")]
async fn upload(mut body: carboy::view::BodyStream) -> Result<String> {
    let mut length = 0;
    while let Some(chunk) = body.chunk().await? {
        length += chunk.len();
    }
    Ok(format!("{length} bytes"))
}

fn app(csrf: Csrf, configure: impl FnOnce(&mut Config)) -> App {
    let mut app = App::new("csrf");
    app.config().set("SECRET_KEY", "dev");
    configure(app.config());
    app.ext(csrf).routes(routes![pay, token, login, login_kept, hook, by_hand, page, upload]);
    let mut api = Blueprint::new("api");
    api.url_prefix("/api").routes(routes![pay]);
    let mut inner = Blueprint::new("inner");
    inner.url_prefix("/inner").routes(routes![pay]);
    api.register(inner);
    app.register(api);
    app
}

fn client() -> TestClient {
    app(Csrf::new(), |_| {}).test_client()
}

/// The sentence of a refused request.
#[track_caller]
fn refusal(request: RequestBuilder) -> String {
    let response = request.send();
    assert_eq!(response.status(), 400, "{}", response.text());
    let text = response.text();
    text.split("<p>").nth(1).unwrap().split("</p>").next().unwrap().to_owned()
}

type Origin = (&'static str, &'static [(&'static str, &'static str)], bool);

/// Each method, from each origin, with each kind of body, by somebody who is logged in or not, with a token and without.
#[test]
fn other_sites_are_refused_first_and_then_who_has_no_token() {
    let origins: [Origin; 7] = [
        ("a program", &[], true),
        ("the same origin", &[("sec-fetch-site", "same-origin"), ("origin", "http://localhost")], true),
        ("the address bar", &[("sec-fetch-site", "none")], true),
        ("an old browser, the same host", &[("origin", "http://localhost")], true),
        ("another site", &[("sec-fetch-site", "cross-site"), ("origin", "https://evil.example")], false),
        ("a neighbour", &[("sec-fetch-site", "same-site"), ("origin", "http://sub.localhost")], false),
        ("a sandbox in an old browser", &[("origin", "null")], false),
    ];
    let bodies = ["none", "form", "multipart", "json"];
    let mut cases = 0;
    for logged_in in [false, true] {
        let client = client();
        if logged_in {
            let token = client.get("/token").send().text();
            assert_eq!(client.post("/login").form([("csrf_token", token)]).send().text(), "logged in");
        }
        let token = client.get("/token").send().text();
        for method in ["GET", "POST", "PUT", "PATCH", "DELETE"] {
            for (origin, headers, ours) in origins {
                for body in bodies {
                    for shown in [false, true] {
                        let mut request = client.open(method.parse().unwrap(), "/pay");
                        for (name, value) in headers {
                            request = request.header(name, value);
                        }
                        let field = if shown { "csrf_token" } else { "other" };
                        request = match body {
                            "form" => request.form([(field, &token)]),
                            "multipart" => request.form([(field, &token)]).file(
                                "file",
                                "a.txt",
                                "text/plain",
                                b"text".as_slice(),
                            ),
                            "json" => request.json(&serde_json::json!({"csrf_token": token})),
                            _ => request,
                        };
                        if shown && matches!(body, "none" | "json") {
                            request = request.header("x-csrftoken", &token);
                        }
                        let safe = method == "GET";
                        let expected = match (safe, ours, shown) {
                            (true, ..) => (200, format!("{method} false")),
                            (_, false, _) => (403, String::new()),
                            (_, true, true) => (200, format!("{method} true")),
                            (_, true, false) => (400, String::new()),
                        };
                        let response = request.send();
                        let case = format!("{method} from {origin}, body {body}, token {shown}, {logged_in}");
                        assert_eq!(response.status(), expected.0, "{case}: {}", response.text());
                        if expected.0 == 200 {
                            assert_eq!(response.text(), expected.1, "{case}");
                        }
                        cases += 1;
                    }
                }
            }
        }
    }
    assert_eq!(cases, 2 * 5 * 7 * 4 * 2);
}

#[test]
fn a_token_is_found_in_the_field_in_one_with_a_prefix_and_in_two_header_fields() {
    let client = client();
    let token = client.get("/token").send().text();
    let post = || client.post("/pay");
    for request in [
        post().form([("csrf_token", &token)]),
        post().form([("account-csrf_token", &token)]),
        post().form([("csrf_token", ""), ("x-csrf_token", &token)]),
        post().header("X-CSRFToken", &token),
        post().header("X-CSRF-Token", &token),
        post().header("X-CSRFToken", "").header("X-CSRF-Token", &token),
    ] {
        assert_eq!(request.send().text(), "POST true");
    }
    for request in [
        post(),
        post().query([("csrf_token", &token)]),
        post().json(&serde_json::json!({"csrf_token": token})),
        post().form([("csrf_token_", &token)]),
        post().header("Cookie", &format!("csrf_token={token}")),
    ] {
        assert_eq!(refusal(request), "The CSRF token is missing.");
    }
    // The field wins over the header.
    assert_eq!(
        refusal(post().form([("csrf_token", "x")]).header("X-CSRFToken", &token)),
        "The CSRF token is invalid."
    );
}

#[test]
fn each_mistake_has_its_sentence() {
    let client = client();
    let token = client.get("/token").send().text();
    let raw: String = client.session(|session| session.get("csrf_token").unwrap());
    let dated = |offset: i64, raw: &str| {
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs();
        UrlSafeTimedSerializer::new("dev")
            .with_salt("wtf-csrf-token")
            .with_clock(Clock::fixed(now.saturating_add_signed(offset)))
            .dumps(&raw)
            .unwrap()
    };
    let post = |client: &TestClient, token: &str| client.post("/pay").form([("csrf_token", token)]);
    assert_eq!(post(&client, &dated(-3500, &raw)).send().status(), 200);
    for (token, sentence) in [
        ("", "The CSRF token is missing."),
        ("x", "The CSRF token is invalid."),
        (&format!("{token}x"), "The CSRF token is invalid."),
        (&dated(-3610, &raw), "The CSRF token has expired."),
        (&dated(0, "another"), "The CSRF tokens do not match."),
    ] {
        assert_eq!(refusal(post(&client, token)), sentence);
    }
    assert_eq!(refusal(post(&self::client(), &token)), "The CSRF session token is missing.");
    let other = self::client();
    other.get("/token").send();
    assert_eq!(refusal(post(&other, &token)), "The CSRF tokens do not match.");
}

#[test]
fn over_https_the_page_that_sends_a_request_has_to_be_of_the_same_host() {
    let client = client();
    let token = client.get("/token").secure().send().text();
    let post = |referrer: Option<&str>| {
        let request = client.post("/pay").secure().header("x-csrftoken", &token);
        match referrer {
            Some(referrer) => request.header("referer", referrer),
            None => request,
        }
    };
    assert_eq!(post(Some("https://localhost/form?x")).send().status(), 200);
    assert_eq!(refusal(post(None)), "The referrer header is missing.");
    for other in [
        "http://localhost/",
        "https://evil.example/",
        "https://localhost:444/",
        "https://localhost@evil.example/",
    ] {
        assert_eq!(refusal(post(Some(other))), "The referrer does not match the host.", "{other}");
    }
    // The token is looked at first.
    assert_eq!(refusal(client.post("/pay").secure()), "The CSRF token is missing.");
    let lax = app(Csrf::new(), |config| {
        config.set("WTF_CSRF_SSL_STRICT", false);
    })
    .test_client();
    let token = lax.get("/token").secure().send().text();
    assert_eq!(lax.post("/pay").secure().header("x-csrftoken", &token).send().status(), 200);
}

#[test]
fn views_and_blueprints_can_be_exempt_and_names_that_do_not_exist_are_mistakes() {
    let client = app(Csrf::new().exempt("hook").exempt_blueprint("api"), |_| {}).test_client();
    assert_eq!(client.post("/hook").data("paid").send().text(), "paid");
    assert_eq!(client.post("/api/pay").send().text(), "POST false");
    assert_eq!(refusal(client.post("/api/inner/pay")), "The CSRF token is missing.");
    assert_eq!(refusal(client.post("/pay")), "The CSRF token is missing.");
    // What no rule takes is not asked for a token; what another site sends is refused nevertheless.
    assert_eq!(client.post("/nowhere").send().status(), 404);
    assert_eq!(client.post("/token").send().status(), 405);
    assert_eq!(client.post("/hook").header("sec-fetch-site", "cross-site").send().status(), 403);
    for (csrf, name) in [
        (Csrf::new().exempt("hok"), "endpoint 'hok'"),
        (Csrf::new().exempt_blueprint("ap"), "blueprint 'ap'"),
    ] {
        let error = app(csrf, |_| {}).build().err().unwrap().to_string();
        assert_eq!(error, format!("Csrf: the app has no {name}, which was to be exempt"));
    }
}

#[test]
fn the_configuration_says_when_what_and_where() {
    let with = |configure: &dyn Fn(&mut Config)| app(Csrf::new(), configure).test_client();
    let off = with(&|config| {
        config.set("WTF_CSRF_ENABLED", false);
    });
    assert_eq!(off.post("/pay").send().text(), "POST false");
    let by_hand = with(&|config| {
        config.set("WTF_CSRF_CHECK_DEFAULT", false);
    });
    assert_eq!(by_hand.post("/pay").send().text(), "POST false");
    assert_eq!(refusal(by_hand.post("/by-hand")), "The CSRF token is missing.");
    let token = by_hand.get("/token").send().text();
    assert_eq!(by_hand.post("/by-hand").header("x-csrftoken", &token).send().text(), "checked");
    let methods = with(&|config| {
        config.set("WTF_CSRF_METHODS", ["GET"]);
    });
    assert_eq!(methods.post("/pay").send().status(), 200);
    assert_eq!(refusal(methods.get("/pay")), "The CSRF token is missing.");
    let named = with(&|config| {
        config
            .set("WTF_CSRF_FIELD_NAME", "proof")
            .set("WTF_CSRF_HEADERS", ["X-Proof"])
            .set("WTF_CSRF_META_NAME", "a\"b");
    });
    let page = named.get("/page").send().text();
    let token = page.lines().next().unwrap().to_owned();
    assert!(page.contains(&format!(r#"<meta name="a&#34;b" content="{token}">"#)), "{page}");
    assert_eq!(named.post("/pay").form([("proof", &token)]).send().status(), 200);
    assert_eq!(named.post("/pay").header("x-proof", &token).send().status(), 200);
    assert_eq!(refusal(named.post("/pay").header("x-csrftoken", &token)), "The CSRF token is missing.");
    let short = with(&|config| {
        config.set("WTF_CSRF_TIME_LIMIT", 0).set("WTF_CSRF_SECRET_KEY", "other");
    });
    let token = short.get("/token").send().text();
    std::thread::sleep(Duration::from_millis(1100));
    assert_eq!(refusal(short.post("/pay").header("x-csrftoken", &token)), "The CSRF token has expired.");
    let error = app(Csrf::new(), |config| {
        config.set("WTF_CSRF_TIME_LIMIT", "soon");
    })
    .build()
    .err()
    .unwrap();
    assert!(error.to_string().contains("WTF_CSRF_TIME_LIMIT"), "{error}");
}

#[test]
fn templates_show_one_token_a_request_as_text_as_field_and_as_meta_element() {
    let client = client();
    let page = client.get("/page").send();
    assert_eq!(page.header("vary"), Some("Cookie"));
    let text = page.text();
    let lines: Vec<&str> = text.lines().collect();
    let token = lines[0];
    assert_eq!(
        lines[1],
        format!(r#"<input id="csrf_token" name="csrf_token" type="hidden" value="{token}">"#)
    );
    assert_eq!(lines[2], format!(r#"<meta name="csrf-token" content="{token}">"#));
    assert_eq!(lines[3], token);
    assert_eq!(client.post("/pay").header("x-csrftoken", token).send().status(), 200);
}

#[test]
fn a_login_needs_a_token_and_a_session_that_is_made_anew_has_another_text() {
    let client = client();
    assert_eq!(refusal(client.post("/login")), "The CSRF token is missing.");
    for path in ["/login", "/login-kept"] {
        let before = client.get("/token").send().text();
        let raw = || client.session(|session| session.get::<String>("csrf_token"));
        let old = raw();
        assert_eq!(client.post(path).header("x-csrftoken", &before).send().text(), "logged in");
        assert_eq!(raw(), None);
        assert_eq!(
            refusal(client.post("/pay").header("x-csrftoken", &before)),
            "The CSRF session token is missing."
        );
        let after = client.get("/token").send().text();
        assert_ne!(raw(), old);
        assert_eq!(client.post("/pay").header("x-csrftoken", &after).send().status(), 200);
        assert_eq!(
            refusal(client.post("/pay").header("x-csrftoken", &before)),
            "The CSRF tokens do not match."
        );
    }
}

#[test]
fn handlers_see_the_error_by_its_type_and_otherwise_as_a_bad_request() {
    let mut both = app(Csrf::new(), |_| {});
    both.errorhandler(400, |_| ("a bad request", 400u16));
    both.errorhandler_for::<CsrfError, _, _>(|error| (format!("Please try again. {}", *error), 400u16));
    assert_eq!(both.test_client().post("/pay").send().text(), "Please try again. The CSRF token is missing.");
    let mut by_code = app(Csrf::new(), |_| {});
    by_code.errorhandler(400, |error| {
        assert!(error.is::<CsrfError>() && error.status() == StatusCode::BAD_REQUEST);
        ("a bad request", 400u16)
    });
    assert_eq!(by_code.test_client().post("/pay").send().text(), "a bad request");
    let mut any_http = app(Csrf::new(), |_| {});
    any_http
        .errorhandler_for::<HttpError, _, _>(|error| format!("{} {:?}", error.status(), error.description()));
    assert!(any_http.test_client().post("/pay").send().text().contains("The CSRF token is missing."));
    // A blueprint's handler of the status comes before the app's of the type, as in Flask.
    let mut app = App::new("csrf");
    app.config().set("SECRET_KEY", "dev");
    let mut shop = Blueprint::new("shop");
    shop.url_prefix("/shop").routes(routes![pay]).errorhandler(400, |_| ("the shop's", 400u16));
    app.ext(Csrf::new()).register(shop);
    app.errorhandler_for::<CsrfError, _, _>(|_| ("the app's", 400u16));
    assert_eq!(app.test_client().post("/shop/pay").send().text(), "the shop's");
}

#[test]
fn a_body_that_is_no_form_is_left_to_the_view_that_streams_it() {
    let client = client();
    let token = client.get("/token").send().text();
    let sent = client.post("/upload").header("x-csrftoken", &token).content_type("application/octet-stream");
    assert_eq!(sent.data(vec![0; 100_000]).send().text(), "100000 bytes");
}

#[test]
fn without_a_secret_key_a_token_is_an_error_that_says_so() {
    let mut app = App::new("csrf");
    app.ext(Csrf::new()).routes(routes![token]);
    let client = app.test_client().propagate_errors(false);
    assert_eq!(client.get("/token").send().status(), 500);
}

#[test]
fn a_form_that_is_too_large_or_malformed_is_refused_as_such() {
    let client = app(Csrf::new(), |config| {
        config.set("MAX_CONTENT_LENGTH", 100);
    })
    .test_client();
    assert_eq!(client.post("/pay").form([("a", "b".repeat(200))]).send().status(), 413);
    let malformed = client.post("/pay").content_type("multipart/form-data; boundary=b").data("no part");
    assert_eq!(malformed.send().status(), 400);
}

#[test]
fn nothing_of_a_key_is_shown() {
    let csrf = Csrf::new();
    let tokens = carboy::security::tokens::CsrfTokens::new("hunter2-hunter2");
    assert!(!format!("{csrf:?} {tokens:?} {tokens:#?}").contains("hunter2"));
}
