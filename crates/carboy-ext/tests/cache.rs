//! What is kept, what never is, and who makes it when many ask.
#![cfg(feature = "cache")]

#[path = "cache/attributes.rs"]
mod attributes;
#[path = "cache/crowd.rs"]
mod crowd;
#[cfg(feature = "redis")]
#[path = "cache/processes.rs"]
mod processes;
#[cfg(feature = "redis")]
#[path = "cache/redis.rs"]
mod redis;
#[path = "cache/stale.rs"]
mod stale;
#[path = "cache/stale_views.rs"]
mod stale_views;
#[path = "cache/varies.rs"]
mod varies;

use carboy::{Method, StatusCode, prelude::*, testing::TestClient};
use carboy_ext::cache::{Cache, Cached, cached};
use std::{
    sync::atomic::{AtomicUsize, Ordering},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

const MINUTE: Duration = Duration::from_secs(60);

/// How often views ran, of this test's app.
struct Runs(AtomicUsize);

impl carboy::Extension for Runs {
    fn name(&self) -> &'static str {
        "Runs"
    }
}

fn run() -> usize {
    ext::<Runs>().0.fetch_add(1, Ordering::SeqCst) + 1
}

fn runs(client: &TestClient) -> usize {
    client.app().app_context(|| ext::<Runs>().0.load(Ordering::SeqCst))
}

/// Answers as the request's field `X-Do` says.
#[route("/", methods = ["GET", "POST"])]
fn index() -> carboy::Result {
    let number = run();
    let asked = request().header("x-do").unwrap_or_default().into_owned();
    let mut response = Response::html(format!("answer {number}"));
    match asked.split_once('=').unwrap_or((&asked, "")) {
        ("status", status) => drop(response.set_status(StatusCode::from_u16(status.parse()?)?)),
        ("abort", status) => abort(status.parse::<u16>()?)?,
        ("control", words) => drop(response.set_header("Cache-Control", words)?),
        ("vary", fields) => drop(response.set_header("Vary", fields)?),
        ("cookie", value) => drop(response.set_header("Set-Cookie", format!("a={value}"))?),
        ("read-session", _) => drop(session().get::<u32>("n")),
        ("write-session", _) => session().set("n", 1),
        ("flash", _) => flash("seen", "message"),
        ("stream", _) => {
            response = Response::stream(futures_util::stream::iter([Ok::<_, std::io::Error>("streamed")]));
        }
        ("large", _) => response = Response::text("x".repeat(3000)),
        ("etag", tag) => {
            response.set_etag(tag, false)?;
            response.set_last_modified(UNIX_EPOCH + Duration::from_secs(1_000_000));
        }
        _ => {}
    }
    Ok(response)
}

fn app(view: Cached) -> App {
    let mut app = App::new("kept");
    app.config()
        .set("SECRET_KEY", "dev")
        .set("CACHE_MAX_ENTRY_SIZE", 2000)
        .set("PROPAGATE_EXCEPTIONS", false);
    app.routes(routes![index].around(view)).ext(Runs(AtomicUsize::new(0))).ext(Cache::new());
    app
}

fn client(view: Cached) -> TestClient {
    app(view).build().unwrap().test_client()
}

fn get(client: &TestClient, path: &str, headers: &[(&str, &str)]) -> String {
    headers.iter().fold(client.get(path), |request, (name, value)| request.header(name, value)).send().text()
}

#[test]
fn an_answer_is_kept_for_everybody_and_for_its_time() {
    let client = client(cached(Duration::from_millis(400)));
    let begin = SystemTime::now();
    assert_eq!(get(&client, "/", &[]), "answer 1");
    let second = get(&client, "/", &[]);
    assert!(second == "answer 1" || begin.elapsed().unwrap() >= Duration::from_millis(400), "{second}");
    std::thread::sleep(Duration::from_millis(500));
    assert_ne!(get(&client, "/", &[]), "answer 1");
}

#[test]
fn what_is_kept_comes_back_whole() {
    let kept = ["status=200", "status=301", "status=404", "etag=v1", "control=public, max-age=5"];
    for asked in kept {
        let client = client(cached(MINUTE));
        let ask = || client.get("/").header("X-Do", asked).send();
        let (first, second) = (ask(), ask());
        assert_eq!(runs(&client), 1, "{asked}");
        assert_eq!((first.status(), first.data()), (second.status(), second.data()), "{asked}");
        let fields = |answer: &carboy::testing::TestResponse| {
            let mut fields: Vec<_> = answer.headers().iter().map(|(n, v)| (n.clone(), v.clone())).collect();
            fields.retain(|(name, _)| name != "date");
            fields.sort_by(|a, b| a.0.as_str().cmp(b.0.as_str()));
            fields
        };
        assert_eq!(fields(&first), fields(&second), "{asked}");
    }
}

#[test]
fn what_may_be_for_one_user_alone_is_never_kept() {
    let never = [
        ("X-Do", "cookie=1"),
        ("X-Do", "read-session"),
        ("X-Do", "write-session"),
        ("X-Do", "flash"),
        ("X-Do", "control=private"),
        ("X-Do", "control=max-age=9, no-store"),
        ("X-Do", "control=NO-CACHE"),
        ("X-Do", "vary=*"),
        ("X-Do", "vary=Accept, Cookie"),
        ("X-Do", "vary=authorization"),
        ("X-Do", "stream"),
        ("X-Do", "large"),
        ("X-Do", "status=201"),
        ("X-Do", "status=206"),
        ("X-Do", "status=302"),
        ("X-Do", "status=500"),
        ("X-Do", "abort=404"),
        ("X-Do", "abort=500"),
        ("Authorization", "Basic YTpi"),
    ];
    for (name, value) in never {
        let client = client(cached(MINUTE)).without_cookies();
        for _ in 0..3 {
            client.get("/").header(name, value).send();
        }
        assert_eq!(runs(&client), 3, "{name}: {value}");
        // What others get was not kept for them; and theirs is kept although this one was not.
        assert_eq!(get(&client, "/", &[]), "answer 4", "{name}: {value}");
        assert_eq!(get(&client, "/", &[]), "answer 4", "{name}: {value}");
    }
    let client = client(cached(MINUTE));
    for method in [Method::POST, Method::HEAD] {
        client.open(method, "/").send();
    }
    assert_eq!(get(&client, "/", &[]), "answer 3");
}

#[test]
fn who_is_logged_in_does_not_get_what_was_kept_for_guests() {
    let mut app = app(cached(MINUTE));
    // As a login does: it looks for its user when there is a session.
    app.before_request(|| {
        if request().cookie("session").is_some() {
            session().get::<u32>("n");
        }
    });
    let service = app.build().unwrap();
    let (guest, user) = (service.test_client(), service.test_client());
    user.session(|session| session.set("n", 1));
    assert_eq!(get(&guest, "/", &[]), "answer 1");
    assert_eq!(get(&user, "/", &[]), "answer 2");
    assert_eq!(get(&user, "/", &[]), "answer 3");
    assert_eq!(get(&guest, "/", &[]), "answer 1");
    // Credentials do not get them either.
    assert_eq!(get(&guest, "/", &[("Authorization", "Bearer x")]), "answer 4");
}

#[get("/script")]
fn script() -> carboy::Result<Html> {
    run();
    carboy::render_template_string("<script nonce=\"{{ csp_nonce() }}\"></script>", context! {})
}

#[test]
fn a_page_with_a_nonce_is_made_for_each_request() {
    use carboy::security::{HeaderPolicy, SecurityHeaders};
    let mut app = app(cached(MINUTE));
    app.routes(routes![script].around(cached(MINUTE)));
    app.ext(SecurityHeaders::new(HeaderPolicy::talisman().content_security_policy_nonce_in(["default-src"])));
    let client = app.build().unwrap().test_client();
    for _ in 0..2 {
        let page = client.get("/script").secure().send();
        let nonce = page.text().split('"').nth(1).unwrap().to_owned();
        assert!(nonce.len() == 32 && page.header("content-security-policy").unwrap().contains(&nonce));
    }
    assert_eq!(runs(&client), 2);
}

#[test]
fn each_variant_is_kept_by_the_fields_that_the_view_names() {
    let client = client(cached(MINUTE));
    let language = |language: &str, other: &str| {
        get(
            &client,
            "/",
            &[("X-Do", "vary=Accept-Language, X-Theme"), ("Accept-Language", language), ("X-Other", other)],
        )
    };
    assert_eq!(language("de", "1"), "answer 1");
    assert_eq!(language("en", "1"), "answer 2");
    assert_eq!(language("de", "2"), "answer 1");
    assert_eq!(language("en", "2"), "answer 2");
    let themed = [("X-Do", "vary=Accept-Language, X-Theme"), ("Accept-Language", "de"), ("X-Theme", "dark")];
    assert_eq!(get(&client, "/", &themed), "answer 3");
    assert_eq!(get(&client, "/", &themed), "answer 3");
    // No field is another value.
    assert_eq!(get(&client, "/", &[("X-Do", "vary=Accept-Language, X-Theme")]), "answer 4");
}

#[test]
fn a_variant_is_not_another_one_whose_values_look_alike_when_they_are_joined() {
    // A client for tests sends one value of a field.
    let (_server, port) = crowd::serve(app(cached(MINUTE)).build().unwrap());
    let vary = ("X-Do", "vary=X-A, X-B");
    let lists: [&[(&str, &str)]; 9] = [
        &[],
        &[("X-A", "")],
        &[("X-B", "")],
        &[("X-A", "1"), ("X-A", "2")],
        &[("X-A", "1:2")],
        &[("X-A", "2"), ("X-A", "1")],
        &[("X-A", "1"), ("X-B", "2")],
        &[("X-A", "1:1:2")],
        &[("X-A", "1:x-b:2")],
    ];
    let ask = |fields: &[(&str, &str)]| {
        carboy_testkit::ask(port, "GET", "/", &[&[vary], fields].concat(), "").unwrap().text
    };
    for round in 0..2 {
        for (number, fields) in lists.iter().enumerate() {
            assert_eq!(ask(fields), format!("answer {}", number + 1), "round {round}: {fields:?}");
        }
    }
}

#[get("/a")]
#[get("/<path:rest>/<last>", merge_slashes = false)]
fn varied(rest: Option<String>, last: Option<String>) -> carboy::Result {
    let mut response = Response::text(format!("{} of {rest:?} {last:?}", run()));
    response.set_header("Vary", "X-A")?;
    Ok(response)
}

#[test]
fn a_path_made_like_the_key_of_a_variant_does_not_find_it() {
    let mut app = app(cached(MINUTE));
    let client = app.routes(routes![varied].around(cached(MINUTE))).build().unwrap().test_client();
    let page = get(&client, "/a", &[("X-A", "1 http://localhost z")]);
    let made_up = get(&client, "/a%20http:%2F%2Flocalhost%20%0A3:x-a20:1?z", &[]);
    assert_eq!(page, "1 of None None");
    assert!(made_up.starts_with("2 of"), "{made_up}");
}

#[test]
fn head_and_conditional_requests_are_answered_from_what_was_kept() {
    let client = client(cached(MINUTE));
    let with = |name: &str, value: &str| client.get("/").header("X-Do", "etag=v1").header(name, value).send();
    let full = with("X-Nothing", "");
    assert_eq!((full.status().as_u16(), full.text()), (200, "answer 1".into()));
    let head = client.head("/").send();
    assert_eq!((head.status().as_u16(), head.data().len()), (200, 0));
    assert_eq!(head.header("content-length"), Some("8"));
    assert_eq!(with("If-None-Match", "\"v1\"").status(), 304);
    assert_eq!(with("If-None-Match", "W/\"v1\", \"v0\"").status(), 304);
    assert_eq!(with("If-None-Match", "\"v2\"").text(), "answer 1");
    assert_eq!(with("If-Modified-Since", "Thu, 01 Jan 2015 00:00:00 GMT").status(), 304);
    assert_eq!(runs(&client), 1);
}

#[test]
fn answers_are_told_apart_by_host_path_and_query_in_any_order() {
    let client = client(cached(MINUTE));
    assert_eq!(get(&client, "/?a=1&b=2", &[]), "answer 1");
    assert_eq!(get(&client, "/?b=2&a=1", &[]), "answer 1");
    assert_eq!(get(&client, "/?a=1&b=3", &[]), "answer 2");
    assert_eq!(get(&client, "/?a=2&a=1", &[]), "answer 3");
    assert_eq!(get(&client, "/?a=1&a=2", &[]), "answer 4");
    assert_eq!(get(&client, "/", &[]), "answer 5");
    // A made up host gets an answer of its own, and nobody else does.
    assert_eq!(client.get("/").base_url("http://evil.example").send().text(), "answer 6");
    assert_eq!(get(&client, "/", &[]), "answer 5");
    assert_eq!(client.get("/").secure().send().text(), "answer 7");
}

#[test]
fn views_may_choose_their_key_and_what_is_kept() {
    let by_query = client(cached(MINUTE).ignore_query());
    assert_eq!(get(&by_query, "/?a=1", &[]), get(&by_query, "/?a=2", &[]));
    let by_key = client(cached(MINUTE).key(|| request().header("x-tenant").unwrap_or_default().into_owned()));
    assert_eq!(get(&by_key, "/?a=1", &[("X-Tenant", "a")]), "answer 1");
    assert_eq!(get(&by_key, "/?a=2", &[("X-Tenant", "a")]), "answer 1");
    assert_eq!(get(&by_key, "/?a=2", &[("X-Tenant", "b")]), "answer 2");
    let bypassed = client(cached(MINUTE).unless(|| request().header("x-fresh").is_some()));
    assert_eq!(get(&bypassed, "/", &[]), "answer 1");
    assert_eq!(get(&bypassed, "/", &[("X-Fresh", "1")]), "answer 2");
    assert_eq!(get(&bypassed, "/", &[]), "answer 1");
    let filtered = client(cached(MINUTE).response_filter(|response| response.status() == 404));
    get(&filtered, "/", &[]);
    assert_eq!(get(&filtered, "/", &[]), "answer 2");
    get(&filtered, "/?gone", &[("X-Do", "status=404")]);
    assert_eq!(get(&filtered, "/?gone", &[("X-Do", "status=404")]), "answer 3");
}

#[test]
fn hooks_run_for_kept_answers_too() {
    let mut app = app(cached(MINUTE));
    app.after_request(|mut response: Response| {
        let _ = response.add_header("X-Hook", "ran");
        response
    });
    let client = app.build().unwrap().test_client();
    for _ in 0..3 {
        assert_eq!(client.get("/").send().header_all("x-hook"), ["ran"]);
    }
    assert_eq!(runs(&client), 1);
}

#[get("/admin/<what>")]
async fn admin(what: String) -> &'static str {
    let cache = ext::<Cache>();
    match what.as_str() {
        "view" => cache.delete_view("/").await,
        "clear" => cache.clear().await,
        _ => {}
    }
    "done"
}

#[test]
fn kept_answers_can_be_deleted_by_their_path() {
    let mut app = app(cached(MINUTE));
    let client = app.routes(routes![admin]).build().unwrap().test_client();
    let pages = || {
        let plain = [get(&client, "/", &[]), get(&client, "/?a", &[])];
        let vary = get(&client, "/?v", &[("X-Do", "vary=X-Theme"), ("X-Theme", "dark")]);
        [plain[0].clone(), plain[1].clone(), vary]
    };
    let first = pages();
    assert_eq!(pages(), first);
    for what in ["view", "clear"] {
        let before = pages();
        get(&client, &format!("/admin/{what}"), &[]);
        assert!(before.iter().zip(pages()).all(|(before, after)| *before != after), "{what}");
    }
}

#[test]
fn switched_off_it_keeps_nothing() {
    let mut app = app(cached(MINUTE));
    app.config().set("CACHE_TYPE", "NullCache");
    let client = app.build().unwrap().test_client();
    assert_eq!([get(&client, "/", &[]), get(&client, "/", &[])], ["answer 1", "answer 2"]);
    let mut app = self::app(cached(MINUTE));
    app.config().set("CACHE_TYPE", "FileSystemCache");
    let sentence = app.build().err().unwrap().to_string();
    assert!(sentence.contains("'FileSystemCache' is no cache"), "{sentence}");
}

#[get("/page/<name>")]
fn page(name: String) -> carboy::Result<Html> {
    let source = "{% set menu = cache.get('menu/' ~ name) %}{% if menu is none %}\
        {% set menu %}<b>{{ count() }}</b>{{ name }}{% endset %}{% set menu = cache.keep('menu/' ~ name, menu, 60) %}\
        {% endif %}{{ menu }}";
    carboy::render_template_string(source, context! { name })
}

#[test]
fn fragments_of_templates_are_kept_under_their_name() {
    let mut app = app(cached(MINUTE));
    app.template_global("count", run);
    let client = app.routes(routes![page]).build().unwrap().test_client();
    assert_eq!(get(&client, "/page/a", &[]), "<b>1</b>a");
    assert_eq!(get(&client, "/page/a", &[]), "<b>1</b>a");
    assert_eq!(get(&client, "/page/%3Ci%3E", &[]), "<b>2</b>&lt;i&gt;");
    assert_eq!(get(&client, "/page/%3Ci%3E", &[]), "<b>2</b>&lt;i&gt;");
    client.app().app_context(|| ext::<Cache>().delete_fragments("menu/"));
    assert_eq!(get(&client, "/page/a", &[]), "<b>3</b>a");
}
