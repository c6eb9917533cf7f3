//! What a browser sees of logins.

use super::app::{Member, app, find};
use carboy::{prelude::*, testing::TestClient};
use carboy_ext::login::{self, Login};
use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

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
