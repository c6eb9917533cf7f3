//! Sessions and flash messages in a running app.

use carboy::prelude::*;
use carboy::session::{DateTime, Dict, Session, SessionConfig, SessionFuture, SessionInterface, Value};
use carboy::{Markup, get_flashed_messages, render_template_string, session};
use std::collections::HashMap;
use std::sync::{Arc, Mutex};

fn app() -> App {
    let mut app = App::new("sessions");
    app.config().set("SECRET_KEY", "dev");
    app.routes(routes![count, peek, nothing, forget, flashes, show, inner, permanent, twice]);
    app
}

#[route("/count")]
fn count() -> String {
    session().update("n", |n: &mut u32| {
        *n += 1;
        n.to_string()
    })
}

#[route("/peek")]
fn peek() -> String {
    format!("{:?}", session().get::<u32>("n"))
}

#[route("/nothing")]
fn nothing() -> &'static str {
    let _untouched = session();
    "nothing"
}

#[route("/forget")]
fn forget() -> &'static str {
    session().clear();
    "forgotten"
}

#[route("/permanent")]
fn permanent() -> &'static str {
    session().set_permanent(true);
    "permanent"
}

#[route("/flash")]
fn flashes() -> Redirect {
    flash("saved", "success");
    flash(Markup::new("<b>&</b>"), "info");
    redirect("/show")
}

#[route("/show")]
fn show() -> carboy::Result<Html> {
    render_template_string(
        "{% for category, message in get_flashed_messages(true) %}[{{ category }}: {{ message }}]{% endfor %}\
         {{ get_flashed_messages(category_filter=['info'])|length }}",
        (),
    )
}

#[route("/twice")]
fn twice() -> String {
    flash("first", "message");
    let first = get_flashed_messages();
    flash("later", "message");
    assert_eq!(get_flashed_messages(), first);
    format!("{first:?}")
}

#[route("/inner")]
fn inner() -> carboy::Result<Html> {
    let html = Value::Markup("<i>".to_owned());
    session().set("html", html);
    session().set("text", "<i>");
    session().set("tuple", Value::Tuple(vec![1.into(), Value::Null]));
    session().set("time", DateTime::from_unix(0));
    render_template_string(
        "{{ session.html }} {{ session['text']|e }} {{ session.tuple }} {{ session.get('missing', 'default') }} \
         {{ 'text' in session }} {{ session.time }} {{ session|length }}",
        (),
    )
}

#[test]
fn a_session_follows_the_client_and_is_gone_when_it_is_cleared() {
    let client = app().test_client();
    assert_eq!(client.get("/count").send().text(), "1");
    assert_eq!(client.get("/count").send().text(), "2");
    assert_eq!(client.get("/peek").send().text(), "Some(2)");
    let response = client.get("/forget").send();
    assert_eq!(
        response.header("set-cookie"),
        Some("session=; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=0; HttpOnly; Path=/")
    );
    assert_eq!(client.get("/peek").send().text(), "None");
}

#[test]
fn only_a_view_that_uses_the_session_varies_by_cookie() {
    let client = app().test_client();
    assert_eq!(client.get("/nothing").send().header("vary"), None);
    let response = client.get("/peek").send();
    assert_eq!(response.header("vary"), Some("Cookie"));
    assert_eq!(response.header("set-cookie"), None);
    let response = client.get("/count").send();
    assert_eq!(response.header("vary"), Some("Cookie"));
    assert!(response.header("set-cookie").is_some());
    // With a session cookie that is not permanent, a view that does not touch it still does not vary.
    let response = client.get("/nothing").send();
    assert_eq!((response.header("vary"), response.header("set-cookie")), (None, None));
}

#[test]
fn a_permanent_session_is_sent_again_by_views_that_do_not_touch_it() {
    let client = app().test_client();
    client.get("/permanent").send();
    let response = client.get("/nothing").send();
    let cookie = response.header("set-cookie").expect("refreshed");
    assert!(cookie.contains("; Expires=") && !cookie.contains("Max-Age"), "{cookie}");
    assert_eq!(response.header("vary"), Some("Cookie"));
}

#[test]
fn without_secret_key_a_write_is_an_error_with_flasks_sentence() {
    let mut app = App::new("keyless");
    app.routes(routes![count, peek]);
    let client = app.test_client().propagate_errors(false);
    assert_eq!(client.get("/peek").send().text(), "None");
    assert_eq!(client.get("/count").send().status(), 500);
}

#[test]
fn flashed_messages_are_shown_once_and_on_the_next_page() {
    let client = app().test_client();
    let page = client.get("/flash").follow_redirects().send();
    assert_eq!(page.text(), "[success: saved][info: <b>&</b>]1");
    assert_eq!(client.get("/show").send().text(), "0");
}

#[test]
fn messages_flashed_after_the_first_look_wait_for_the_next_request() {
    let client = app().test_client();
    assert_eq!(client.get("/twice").send().text(), r#"[("message", "first")]"#);
    assert_eq!(client.get("/show").send().text(), "[message: later]0");
}

#[test]
fn templates_see_the_session_with_its_types() {
    let text = app().test_client().get("/inner").send().text().to_owned();
    assert_eq!(text, "<i> &lt;i&gt; (1, None) default True Thu, 01 Jan 1970 00:00:00 GMT 4");
}

/// Keeps sessions in memory, as an extension would in a server.
#[derive(Default)]
struct Store {
    sessions: Arc<Mutex<HashMap<String, Dict>>>,
    loads: Arc<Mutex<u32>>,
}

impl SessionInterface for Store {
    fn open(&self, _config: &SessionConfig, _headers: &carboy::HeaderMap) -> Session {
        Session::default().with_new(true)
    }

    fn load<'a>(
        &'a self,
        config: &'a SessionConfig,
        headers: &'a carboy::HeaderMap,
    ) -> Option<SessionFuture<'a, Session>> {
        let id = config.session_cookies(headers).next()?.into_owned();
        Some(Box::pin(async move {
            *self.loads.lock().unwrap() += 1;
            let found = self.sessions.lock().unwrap().get(&id).cloned();
            let session = Session::from_dict(found.unwrap_or_default());
            session.set_id(Some(id));
            Ok(session)
        }))
    }

    fn save<'a>(
        &'a self,
        config: &'a SessionConfig,
        session: &'a Session,
        secure: bool,
        response: &'a mut Response,
    ) -> SessionFuture<'a, ()> {
        let id = session.id().unwrap_or_else(|| format!("id{}", self.sessions.lock().unwrap().len()));
        let saved = config.set_cookie(session, secure, response, |dict| {
            self.sessions.lock().unwrap().insert(id.clone(), dict.clone());
            Ok(id)
        });
        Box::pin(std::future::ready(saved))
    }
}

#[test]
fn another_store_is_asked_before_the_hooks_and_only_when_there_is_a_cookie() {
    let store = Store::default();
    let (sessions, loads) = (store.sessions.clone(), store.loads.clone());
    let mut app = app();
    app.session_interface(store);
    let client = app.test_client();
    let response = client.get("/count").send();
    assert_eq!(response.header("set-cookie"), Some("session=id0; HttpOnly; Path=/"));
    assert_eq!(*loads.lock().unwrap(), 0);
    assert_eq!(client.get("/count").send().text(), "2");
    assert_eq!(*loads.lock().unwrap(), 1);
    assert_eq!(sessions.lock().unwrap()["id0"]["n"], Value::Int(2));
}

#[test]
fn a_cookie_of_flask_is_a_session_here() {
    let mut app = app();
    // Signed by Flask in 2023; the lifetime has to reach back.
    app.config().set("PERMANENT_SESSION_LIFETIME", 100 * 366 * 86_400_u64);
    #[route("/a")]
    fn a() -> String {
        format!("{:?}", session().get::<u32>("a"))
    }
    app.routes(routes![a]);
    let response = app
        .test_client()
        .get("/a")
        .header("cookie", "session=eyJhIjoxfQ.ZVPxAA.D3QXMI0ZQYNZDxORB__kVZyT7hk")
        .send();
    assert_eq!(response.text(), "Some(1)");
}
