//! What a browser sees of logins.

use super::app::{Member, app, find};
use carboy::security::signing::Clock;
use carboy::{LogUser, Service, prelude::*, testing::TestClient};
use carboy_ext::login::{self, Login, LoginOptions, User};
use serde_json::json;
use std::sync::{
    Arc,
    atomic::{AtomicU64, AtomicUsize, Ordering},
};
use std::time::{Duration, UNIX_EPOCH};

fn text(client: &TestClient, path: &str) -> String {
    client.get(path).send().text()
}

#[test]
fn a_user_logs_in_is_recognised_and_logs_out() {
    let client = app(|login| login).test_client();
    assert_eq!(text(&client, "/who"), "nobody");
    assert_eq!(client.get("/cellar").send().status(), 401);
    assert_eq!(client.get("/me").send().status(), 401);
    assert_eq!(text(&client, "/maybe"), "nobody");
    assert_eq!(text(&client, "/login/1"), "true");
    assert_eq!(text(&client, "/who"), "Member 1 fresh");
    assert_eq!(text(&client, "/cellar"), "wine");
    assert_eq!(text(&client, "/me"), "Member 1");
    assert_eq!(text(&client, "/maybe"), "Member 1");
    assert_eq!(text(&client, "/logout"), "out");
    assert_eq!(text(&client, "/who"), "nobody");
    assert_eq!(client.get("/cellar").send().status(), 401);
}

#[test]
fn who_is_not_active_is_not_logged_in_and_no_guard_lets_them_in() {
    let client = app(|login| login).test_client();
    assert_eq!(text(&client, "/login/9"), "false");
    assert_eq!(text(&client, "/who"), "nobody");
    assert_eq!(text(&client, "/login/9?force"), "true");
    assert_eq!(text(&client, "/who"), "nobody");
    assert_eq!(client.get("/cellar").send().status(), 401);
    assert_eq!(client.get("/me").send().status(), 401);
}

#[test]
fn a_page_that_asks_for_nobody_does_not_vary_and_waits_for_the_loader_only_with_an_id() {
    let asked = Arc::new(AtomicUsize::new(0));
    let count = asked.clone();
    let mut app = App::new("club");
    app.config().set("SECRET_KEY", "dev");
    app.ext(Login::new(move |id: String| {
        count.fetch_add(1, Ordering::Relaxed);
        find(id)
    }));
    #[route("/plain")]
    fn plain() -> &'static str {
        "plain"
    }
    #[route("/template")]
    fn template() -> carboy::Result<Html> {
        carboy::render_template_string(
            "{% if who %}{{ current_user.name }}{% endif %}",
            context! { who => request().args().contains("who") },
        )
    }
    let client = app.routes(routes![plain, template]).test_client();
    assert_eq!(client.get("/plain").send().header("vary"), None);
    assert_eq!(client.get("/template").send().header("vary"), None);
    assert_eq!(asked.load(Ordering::Relaxed), 0);
    let member = Member { id: "1".to_owned(), name: String::new(), banned: false, secret: String::new() };
    login::testing::log_in(&client, &member);
    assert_eq!(client.get("/plain").send().header("vary"), None);
    let page = client.get("/template?who=1").send();
    assert_eq!((page.text().as_str(), page.header("vary")), ("Member 1", Some("Cookie")));
    assert_eq!(asked.load(Ordering::Relaxed), 2);
}

#[test]
fn templates_see_flask_logins_attributes_and_what_serde_writes_of_the_user() {
    #[route("/page")]
    async fn page() -> carboy::Result<String> {
        let secret = find("1".to_owned()).await?.map(|member| member.secret);
        let template = "{{ current_user.is_authenticated }} {{ current_user.is_active }} {{ current_user.is_anonymous }} \
                        {{ current_user.get_id() }} {{ current_user.name }} [{{ current_user.secret }}]";
        Ok(carboy::render_template_string(template, context! {})?
            .0
            .replace(&secret.unwrap_or_default(), "LEAKED"))
    }
    let client = app(|login| login).routes(routes![page]).test_client();
    assert_eq!(text(&client, "/page"), "False False True None  []");
    text(&client, "/login/1");
    assert_eq!(text(&client, "/page"), "True True False 1 Member 1 []");
    text(&client, "/login/9?force");
    assert_eq!(text(&client, "/page"), "False False False 9 Member 9 []");
}

/// A club whose clock can be moved.
fn club_in_time(config: &[(&str, u64)]) -> (TestClient, Arc<AtomicU64>) {
    let now = Arc::new(AtomicU64::new(1_700_000_000));
    let clock = now.clone();
    let clock = Clock::from_fn(move || UNIX_EPOCH + Duration::from_secs(clock.load(Ordering::Relaxed)));
    let mut app = app(|login| login.clock(clock));
    for (key, value) in config {
        app.config().set(*key, value);
    }
    (app.test_client(), now)
}

#[test]
fn a_login_ends_when_its_time_is_over_whatever_its_user_does() {
    let (client, now) = club_in_time(&[("LOGIN_LIFETIME", 3600)]);
    text(&client, "/login/1");
    for _ in 0..3 {
        now.fetch_add(1199, Ordering::Relaxed);
        assert_eq!(text(&client, "/who"), "Member 1 fresh");
    }
    let copy = client.get_cookie("session").unwrap().value().to_owned();
    now.fetch_add(3, Ordering::Relaxed);
    assert_eq!(text(&client, "/who"), "nobody");
    client.set_cookie("session", &copy);
    assert_eq!(text(&client, "/who"), "nobody", "a copy of the cookie is over too");
    text(&client, "/login/1");
    assert_eq!(text(&client, "/who"), "Member 1 fresh", "a new login has all of its time");
}

#[test]
fn a_login_ends_when_nobody_came_for_too_long() {
    let (client, now) = club_in_time(&[("LOGIN_IDLE_LIFETIME", 600)]);
    text(&client, "/login/1");
    for _ in 0..5 {
        now.fetch_add(500, Ordering::Relaxed);
        assert_eq!(text(&client, "/who"), "Member 1 fresh");
    }
    assert_eq!(client.get("/who").send().header("set-cookie"), None, "not every request writes the session");
    now.fetch_add(601, Ordering::Relaxed);
    assert_eq!(text(&client, "/who"), "nobody");
}

#[test]
fn who_is_remembered_comes_back_with_a_login_that_is_not_fresh() {
    let (client, now) = club_in_time(&[("LOGIN_LIFETIME", 3600)]);
    text(&client, "/login/1?remember");
    now.fetch_add(3601, Ordering::Relaxed);
    assert_eq!(text(&client, "/who"), "Member 1 stale");
    assert_eq!(text(&client, "/cellar"), "wine");
    assert_eq!(client.get("/vault").send().status(), 401);
    now.fetch_add(3599, Ordering::Relaxed);
    assert_eq!(text(&client, "/who"), "Member 1 stale");
}

#[test]
fn a_login_from_before_there_was_a_limit_begins_when_it_is_seen() {
    let (client, now) = club_in_time(&[("LOGIN_LIFETIME", 3600), ("LOGIN_IDLE_LIFETIME", 60)]);
    client.session(|session| session.set("_user_id", "1"));
    assert_eq!(text(&client, "/who"), "Member 1 stale");
    now.fetch_add(59, Ordering::Relaxed);
    assert_eq!(text(&client, "/who"), "Member 1 stale");
    now.fetch_add(60, Ordering::Relaxed);
    assert_eq!(text(&client, "/who"), "nobody");
}

#[test]
fn the_cookie_from_before_the_login_is_useless_after_it_and_so_is_its_csrf_token() {
    let client = app(|login| login).test_client();
    client.session(|session| {
        session.set("cart", 3);
        session.set("csrf_token", "planted");
    });
    let planted = client.get_cookie("session").unwrap().value().to_owned();
    text(&client, "/login/1");
    client.session(|session| {
        assert_eq!(session.get("cart"), Some(3), "what a visitor collected stays");
        assert!(!session.contains("csrf_token"));
    });
    let thief = client.app().test_client();
    thief.set_cookie("session", &planted);
    assert_eq!(text(&thief, "/who"), "nobody");
}

#[test]
fn who_logs_in_after_somebody_else_gets_nothing_of_theirs() {
    let client = app(|login| login).test_client();
    text(&client, "/login/1");
    client.session(|session| session.set("cart", 3));
    text(&client, "/login/1");
    assert!(client.session(|session| session.contains("cart")), "the same user again keeps it");
    text(&client, "/login/2?remember");
    assert!(!client.session(|session| session.contains("cart")));
    assert_eq!(text(&client, "/who"), "Member 2 fresh");
}

#[test]
fn an_id_that_changes_ends_sessions_and_remembered_logins_everywhere() {
    static EPOCH: AtomicUsize = AtomicUsize::new(1);
    #[derive(serde::Serialize)]
    struct Account;
    impl User for Account {
        fn get_id(&self) -> String {
            format!("7.{}", EPOCH.load(Ordering::Relaxed))
        }
    }
    async fn by_id(id: String) -> carboy::Result<Option<Account>> {
        Ok((id == Account.get_id()).then_some(Account))
    }
    #[route("/in")]
    fn log_in() -> String {
        login::login_user_with(Account, LoginOptions { remember: true, ..LoginOptions::default() })
            .to_string()
    }
    #[route("/id")]
    fn id() -> Option<String> {
        login::current_user_id()
    }
    let mut app = App::new("club");
    app.config().set("SECRET_KEY", "dev");
    let client = app.ext(Login::new(by_id)).routes(routes![log_in, id]).test_client();
    text(&client, "/in");
    assert_eq!(text(&client, "/id"), "7.1");
    EPOCH.store(2, Ordering::Relaxed);
    assert_eq!(client.get("/id").send().status(), 404, "neither the session nor the cookie is good any more");
    text(&client, "/in");
    assert_eq!(text(&client, "/id"), "7.2");
}

#[test]
fn the_remember_me_cookie_is_refreshed_for_who_has_it_and_given_to_nobody_else() {
    let mut app = app(|login| login);
    app.config().set("REMEMBER_COOKIE_REFRESH_EACH_REQUEST", true);
    let client = app.test_client();
    assert_eq!(client.get("/who").send().header("set-cookie"), None);
    text(&client, "/login/1");
    assert_eq!(client.get("/who").send().header("set-cookie"), None);
    text(&client, "/login/1?remember");
    let line = client.get("/plain").send().header("set-cookie").unwrap().to_owned();
    assert!(line.starts_with("remember_token=1|be93bd1d54421d69"), "{line}");
    client.set_cookie("remember_token", "2|be93bd1d54421d69");
    assert_eq!(client.get("/plain").send().header("set-cookie"), None, "not for a cookie of somebody else");
}

#[test]
fn cookies_are_secure_over_https_and_have_a_prefix_when_hardened() {
    let client = app(|login| login).test_client();
    let answer = client.get("/login/1?remember").secure().send();
    let line =
        answer.header_all("set-cookie").into_iter().find(|line| line.starts_with("remember_token=")).unwrap();
    assert!(line.ends_with("; Secure; HttpOnly; Path=/"), "{line}");

    let mut app = app(|login| login);
    app.config().set("HARDENED", true).set("TRUSTED_HOSTS", ["localhost"]);
    let answer = app.test_client().get("/login/1?remember").base_url("https://localhost").send();
    let lines = answer.header_all("set-cookie");
    let line = lines.iter().find(|line| line.contains("remember")).unwrap();
    assert!(line.starts_with("__Host-remember_token=1|"), "{line}");
    assert!(line.ends_with("; Secure; HttpOnly; Path=/; SameSite=Lax"), "{line}");
}

#[test]
fn a_loader_that_fails_is_answered_by_the_error_handlers_and_logs_nobody_in() {
    let mut app = app(|login| login);
    app.errorhandler(503, |_| (format!("sorry, {}", login::is_authenticated()), 503));
    let client = app.test_client();
    client.session(|session| session.set("_user_id", "broken"));
    let answer = client.get("/who").send();
    assert_eq!((answer.status().as_u16(), answer.text().as_str()), (503, "sorry, false"));
}

#[test]
fn the_user_is_there_in_every_hook_and_in_tasks() {
    let mut app = App::new("club");
    app.config().set("SECRET_KEY", "dev");
    app.before_request(|| g().set("hook", login::current_user_id()));
    #[route("/async")]
    async fn later() -> String {
        let task = carboy::spawn(async { login::current_user_id() }).await.unwrap();
        let blocking = carboy::blocking(|| carboy::Result::<_>::Ok(login::current_user_id())).await.unwrap();
        format!("{:?} {task:?} {blocking:?}", g().get::<Option<String>>("hook").unwrap())
    }
    let client = app.ext(Login::new(find)).routes(routes![later]).test_client();
    client.session(|session| session.set("_user_id", "1"));
    assert_eq!(text(&client, "/async"), r#"Some("1") Some("1") Some("1")"#);
}

#[test]
fn users_of_another_type_than_the_loaders_are_a_mistake_that_is_named() {
    #[derive(serde::Serialize)]
    struct Stranger;
    impl User for Stranger {
        fn get_id(&self) -> String {
            String::new()
        }
    }
    #[route("/stranger")]
    fn stranger() -> String {
        login::current_user::<Stranger>().is_some().to_string()
    }
    let client = app(|login| login).routes(routes![stranger]).test_client().propagate_errors(false);
    text(&client, "/login/1");
    assert_eq!(client.get("/stranger").send().status(), 500);
}

#[test]
fn mistakes_are_told_when_the_app_starts() {
    let refused = |choose: fn(Login) -> Login, key: &str, value: serde_json::Value| {
        let mut app = app(choose);
        app.config().set(key, value);
        app.build().err().expect("refused").to_string()
    };
    let error = refused(|login| login.login_view("missing").refresh_view("who"), "X", 1.into());
    assert!(error.contains("the login_view 'missing' is no endpoint of this app"), "{error}");
    let error = refused(|login| login, "SESSION_PROTECTION", "string".into());
    assert!(error.contains("SESSION_PROTECTION is 'string', and may be"), "{error}");
    let error = refused(|login| login, "REMEMBER_COOKIE_DURATION", "a year".into());
    assert!(error.contains("REMEMBER_COOKIE_DURATION"), "{error}");
    let error = refused(|login| login, "REMEMBER_COOKIE_SAMESITE", "Sometimes".into());
    assert!(error.contains("REMEMBER_COOKIE_SAMESITE is 'Sometimes'"), "{error}");
    let error = refused(|login| login, "LOGIN_LIFETIME", 0.into());
    assert!(error.contains("LOGIN_LIFETIME is 0"), "{error}");
    let mut app = App::new("club");
    app.routes(routes![super::app::me]);
    let error = app.build().err().unwrap().to_string();
    assert!(error.contains("the extension Login is not registered"), "{error}");
}

#[test]
fn the_page_that_was_asked_for_is_where_to_go_next_if_it_is_of_this_app() {
    let client = app(|login| login.login_view("/next")).test_client();
    let location = client.get("/cellar?a=1").send().location().unwrap().to_owned();
    assert_eq!(location, "/next?next=%2Fcellar%3Fa%3D1");
    assert_eq!(client.get(&location).send().location(), Some("/cellar?a=1"));
    assert_eq!(client.get("/next?next=//evil.example").send().location(), Some("/plain"));
    assert_eq!(client.get("/next?next=http://evil.example").send().location(), Some("/plain"));

    let mut app = app(|login| login.login_view("/next"));
    app.config().set("USE_SESSION_FOR_NEXT", true);
    let client = app.test_client();
    assert_eq!(client.get("/cellar?a=1").send().location(), Some("/next"));
    assert_eq!(client.get("/next?next=/plain?x").send().location(), Some("/cellar?a=1"));
    assert_eq!(client.get("/next").send().location(), Some("/plain"), "it is good for once");
    client.session(|session| session.set("next", "//evil.example"));
    assert_eq!(client.get("/next").send().location(), Some("/plain"));
}

#[test]
fn a_user_as_an_argument_sends_others_to_log_in_and_the_body_is_not_read_for_them() {
    let mut app = app(|login| login.login_view("plain"));
    app.config().set("MAX_CONTENT_LENGTH", 10);
    let client = app.test_client();
    assert_eq!(client.get("/me").send().location(), Some("/plain?next=%2Fme"));
    assert_eq!(text(&client, "/maybe"), "nobody");
    assert!(client.session(|session| session.contains("_flashes")));
    let answer = client.post("/cellar").data("more than ten bytes").send();
    assert_eq!(answer.location(), Some("/plain?next=%2Fcellar"));
}

#[test]
fn whatever_a_cookie_holds_is_somebody_or_nobody_and_never_an_error() {
    let client = app(|login| login).test_client().without_cookies();
    for value in ["", "|", "||", "1", "1|", "|be93", "1|zz", "\"", "\"\\303", "\\", "é", "a b"] {
        for name in ["remember_token", "session"] {
            let answer = client.get("/who").header("Cookie", &format!("{name}={value}")).send();
            assert_eq!((answer.status().as_u16(), answer.text().as_str()), (200, "nobody"), "{name}={value}");
        }
    }
    for id in [json!(null), json!(true), json!([1]), json!({"a": 1}), json!(1.5), json!("1\u{0}"), json!(-1)]
    {
        let client = client.app().test_client();
        client.session(|session| {
            session.set("_user_id", &id);
            session.set("_remember", &id);
            session.set("_remember_seconds", &id);
        });
        assert_eq!(text(&client, "/who"), "nobody", "{id}");
        assert_eq!(text(&client, "/login/1?remember"), "true", "{id}");
        assert_eq!(text(&client, "/who"), "Member 1 fresh", "{id}");
    }
}

#[test]
fn in_a_test_somebody_is_logged_in_without_a_page() {
    let client = app(|login| login).test_client();
    let member = Member { id: "2".to_owned(), name: String::new(), banned: false, secret: String::new() };
    login::testing::log_in(&client, &member);
    assert_eq!(text(&client, "/who"), "Member 2 fresh");
    login::testing::log_in_stale(&client, &member);
    assert_eq!(text(&client, "/who"), "Member 2 stale");
    assert_eq!(client.get("/vault").send().status(), 401);
    text(&client, "/confirm");
    assert_eq!(text(&client, "/vault"), "gold");
}

#[test]
fn without_a_secret_key_nobody_is_logged_in_and_pages_are_shown() {
    let mut app = App::new("club");
    super::app::views(app.ext(Login::new(find)));
    let client = app.test_client().propagate_errors(false);
    assert_eq!(text(&client, "/who"), "nobody");
    assert_eq!(client.get("/cellar").send().status(), 401);
    assert_eq!(client.get("/who").header("Cookie", "remember_token=1|be93").send().text(), "nobody");
    assert_eq!(client.get("/login/1").send().status(), 500);
}

#[tokio::test]
async fn the_access_log_names_who_was_asked_for_if_the_app_says_how() {
    let service =
        app(|login| login.log_user(|member: &Member| member.name.clone())).testing().build().unwrap();
    let client = service.test_client();
    client.get("/login/1").await;
    let cookie = format!("session={}", client.get_cookie("session").unwrap().value());
    let logged = async |path: &str, cookie: &str| {
        let mut request = Request::get(path);
        request.headers_mut().insert("cookie", cookie.parse().unwrap());
        let response = service.call(request).await;
        response.extensions().get::<LogUser>().map(|user| user.as_str().to_owned())
    };
    assert_eq!(logged("/who", &cookie).await.as_deref(), Some("Member 1"));
    assert_eq!(logged("/plain", &cookie).await, None, "nobody asked");
    assert_eq!(logged("/who", "").await, None);
}
