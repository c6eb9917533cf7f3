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

#[test]
fn every_use_of_the_session_makes_the_answer_one_for_its_visitor() {
    type Use = (&'static str, fn(&Session));
    static USES: [Use; 22] = [
        ("get", |s| assert_eq!(s.get::<u32>("n"), None)),
        ("try_get", |s| drop(s.try_get::<u32>("n"))),
        ("contains", |s| assert!(!s.contains("n"))),
        ("len", |s| assert_eq!(s.len(), 0)),
        ("is_empty", |s| assert!(s.is_empty())),
        ("keys", |s| drop(s.keys())),
        ("to_dict", |s| drop(s.to_dict())),
        ("permanent", |s| assert!(!s.permanent())),
        ("modified", |s| assert!(!s.modified())),
        ("pop", |s| assert_eq!(s.pop::<u32>("n"), None)),
        ("remove", |s| assert!(!s.remove("n"))),
        ("set", |s| s.set("n", 1)),
        ("try_set", |s| s.try_set("n", 1).unwrap()),
        ("update", |s| s.update("n", |n: &mut u32| *n += 1)),
        ("setdefault", |s| assert_eq!(s.setdefault("n", 1), 1)),
        ("extend", |s| s.extend([("n".to_owned(), Value::Int(1))])),
        ("set_permanent", |s| s.set_permanent(true)),
        ("set_modified", |s| s.set_modified(true)),
        ("clear", |s| s.clear()),
        ("flash", |_| flash("hello", "message")),
        ("get_flashed_messages", |_| drop(get_flashed_messages())),
        ("a template", |_| drop(render_template_string("{{ session.n }}", context! {}).unwrap())),
    ];
    #[route("/use/<int:index>")]
    fn one(index: usize) -> &'static str {
        USES[index].1(&session());
        "used"
    }
    let client = |cache: Option<&str>| {
        let mut app = app();
        app.routes(routes![one]);
        app.config().set("SESSION_CACHE_CONTROL", cache);
        app.test_client()
    };
    let (plain, kept_out) = (client(None), client(Some("no-store")));
    for (index, (name, _)) in USES.iter().enumerate() {
        let path = format!("/use/{index}");
        let answer = plain.without_cookies().get(&path).send();
        assert_eq!((answer.header("vary"), answer.header("cache-control")), (Some("Cookie"), None), "{name}");
        let answer = kept_out.without_cookies().get(&path).send();
        assert_eq!(
            (answer.header("vary"), answer.header("cache-control")),
            (Some("Cookie"), Some("no-store")),
            "{name}"
        );
    }
    assert_eq!(kept_out.without_cookies().get("/nothing").send().header("cache-control"), None);
}

#[test]
fn a_view_that_says_who_may_keep_its_answer_is_not_contradicted() {
    #[route("/own")]
    fn own() -> carboy::Result {
        session().set("n", 1);
        let mut response = "own".into_response()?;
        response.set_header("cache-control", "private, max-age=5")?;
        Ok(response)
    }
    let mut app = app();
    app.config().set("SESSION_CACHE_CONTROL", "no-store");
    app.routes(routes![own]);
    assert_eq!(app.test_client().get("/own").send().header_all("cache-control"), ["private, max-age=5"]);
    let mut wrong = self::app();
    wrong.config().set("SESSION_CACHE_CONTROL", "no\nstore");
    assert!(wrong.build().err().unwrap().to_string().contains("SESSION_CACHE_CONTROL"));
}
