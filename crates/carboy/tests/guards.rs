//! What has to hold before a view runs, what is loaded before everything, and what a store hears of a renewed session.

use carboy::session::{Dict, SessionConfig, SessionFuture, SessionInterface};
use carboy::{FromContext, Guard, HeaderMap, prelude::*};
use std::collections::HashMap;
use std::sync::{Arc, Mutex};

fn told(word: &str) {
    let mut told: Vec<String> = g().get("told").unwrap_or_default();
    told.push(word.to_owned());
    g().set("told", told);
}

fn all_told() -> String {
    g().get::<Vec<String>>("told").unwrap_or_default().join(" ")
}

fn first() {
    told("first");
}

async fn second() -> Result<(), Error> {
    told("second");
    Ok(())
}

fn with_key() -> Result<Option<Response>, Error> {
    match request().header("x-key").as_deref() {
        Some("open") => Ok(None),
        Some(_) => abort(403),
        None => Ok(Some(redirect("/key").into_response()?)),
    }
}

#[route("/", guard = [first, second])]
#[get("/again")]
fn index() -> String {
    told("view");
    all_told()
}

#[route("/locked", methods = ["GET", "POST"], guard = with_key)]
fn locked() -> &'static str {
    "inside"
}

struct Key;

impl FromContext for Key {
    fn guards(guards: &mut Vec<Guard>) {
        guards.push(Guard::new(with_key).named("a key").about(7_u32));
    }

    fn from_context(_: &Arc<carboy::Context>) -> carboy::Result<Self> {
        Ok(Key)
    }
}

#[route("/argument", guard = first)]
fn argument(_key: Key) -> String {
    all_told()
}

#[test]
fn guards_run_in_their_order_before_the_view_whichever_rule_matched() {
    let client = App::new("guards").routes(routes![index]).test_client();
    assert_eq!(client.get("/").send().text(), "first second view");
    assert_eq!(client.get("/again").send().text(), "first second view");
}

#[test]
fn a_guard_answers_raises_or_lets_the_view_run() {
    let mut app = App::new("guards");
    app.routes(routes![locked]).errorhandler(403, |_| ("no", 403));
    let client = app.test_client();
    assert_eq!(client.get("/locked").send().location(), Some("/key"));
    assert_eq!(client.get("/locked").header("X-Key", "wrong").send().text(), "no");
    assert_eq!(client.get("/locked").header("X-Key", "open").send().text(), "inside");
}

#[test]
fn guards_come_behind_routing_and_the_automatic_answer_to_options_and_before_the_body() {
    let mut app = App::new("guards");
    app.config().set("MAX_CONTENT_LENGTH", 10);
    let client = app.routes(routes![locked]).test_client();
    assert_eq!(client.options("/locked").send().status(), 200);
    assert_eq!(client.delete("/locked").send().status(), 405);
    assert_eq!(client.post("/locked").data("far too much for this").send().location(), Some("/key"));
    assert_eq!(
        client.post("/locked").data("far too much for this").header("X-Key", "open").send().status(),
        413
    );
}

#[test]
fn a_blueprint_guards_its_views_and_those_nested_in_it_before_their_own_guards() {
    let mut inner = Blueprint::new("inner");
    inner.url_prefix("/inner").guard(second).routes(routes![index]);
    let mut outer = Blueprint::new("outer");
    outer.url_prefix("/outer").guard(Guard::new(|| told("outer")).named("outer")).register(inner);
    let service = App::new("guards").register(outer).routes(routes![index]).build().unwrap();
    let client = service.test_client();
    assert_eq!(client.get("/outer/inner/").send().text(), "outer second first second view");
    assert_eq!(client.get("/").send().text(), "first second view");
    let names: Vec<&str> = service.state().guards("outer.inner.index").iter().map(Guard::name).collect();
    assert_eq!(names, ["outer", "second", "first", "second"]);
    assert_eq!(service.state().endpoints(), ["index", "outer.inner.index", "static"]);
}

#[test]
fn an_argument_brings_its_guard_along_unless_it_is_optional() {
    #[route("/optional")]
    fn optional(_key: Option<Key>) -> &'static str {
        "anybody"
    }
    let service = App::new("guards").routes(routes![argument, optional]).build().unwrap();
    let client = service.test_client();
    assert_eq!(client.get("/argument").send().location(), Some("/key"));
    assert_eq!(client.get("/argument").header("X-Key", "open").send().text(), "first");
    assert_eq!(client.get("/optional").send().text(), "anybody");
    let guards = service.state().guards("argument");
    assert_eq!((guards[1].name(), guards[1].get::<u32>()), ("a key", Some(&7)));
    assert!(guards[0].is(&first) && !guards[0].is(&second));
}

#[test]
fn views_without_a_macro_have_guards_in_their_options() {
    let view = || carboy::view::view(|_| "inside");
    let guarded =
        || carboy::RuleOptions { guards: vec![Guard::new(with_key)], ..carboy::RuleOptions::default() };
    let mut app = App::new("guards");
    app.add_url_rule("/", "index", view(), guarded());
    app.add_url_rule("/again", "index", None, carboy::RuleOptions::default());
    let client = app.test_client();
    assert_eq!(client.get("/").send().location(), Some("/key"));
    assert_eq!(client.get("/again").send().location(), Some("/key"), "the guard is the view's");

    let mut app = App::new("guards");
    app.add_url_rule("/", "index", None, guarded());
    app.add_url_rule("/again", "index", view(), carboy::RuleOptions::default());
    let error = app.build().err().unwrap().to_string();
    assert!(error.contains("guards belong to a view, and '/' is registered without one"), "{error}");
}

#[test]
fn what_prepares_a_request_runs_before_the_signal_and_its_error_is_answered() {
    let mut app = App::new("guards");
    app.before_request(|| told("hook"));
    app.prepare_request(|| async {
        told("prepared");
        if request().header("x-bad").is_some() { abort(503) } else { carboy::Result::Ok(()) }
    });
    let _ = app.signals().request_started.connect(|()| told("signal"));
    app.routes(routes![index]).errorhandler(503, |_| (all_told(), 503));
    app.errorhandler(404, |_| (all_told(), 404));
    let client = app.test_client();
    assert_eq!(client.get("/").send().text(), "prepared signal hook first second view");
    assert_eq!(client.get("/missing").send().text(), "prepared signal hook");
    let bad = client.get("/").header("X-Bad", "yes").send();
    assert_eq!((bad.status().as_u16(), bad.text()), (503, "prepared signal".to_owned()));
}

/// Keeps sessions in memory under numbers that go up.
#[derive(Default, Clone)]
struct Store(Arc<Mutex<(u32, HashMap<String, Dict>)>>);

impl SessionInterface for Store {
    fn open(&self, config: &SessionConfig, headers: &HeaderMap) -> carboy::Session {
        let id = config.session_cookies(headers).next().map(|id| id.into_owned());
        let store = self.0.lock().unwrap();
        let kept = id.as_ref().and_then(|id| store.1.get(id)).cloned();
        let session = carboy::Session::from_dict(kept.clone().unwrap_or_default());
        session.set_id(id.filter(|_| kept.is_some()));
        session
    }

    fn save<'a>(
        &'a self,
        config: &'a SessionConfig,
        session: &'a carboy::Session,
        secure: bool,
        response: &'a mut Response,
    ) -> SessionFuture<'a, ()> {
        let mut store = self.0.lock().unwrap();
        if let Some(former) = session.former_id() {
            store.1.remove(&former);
        }
        if session.id().is_none() {
            store.0 += 1;
            session.set_id(Some(store.0.to_string()));
        }
        let id = session.id().unwrap();
        let saved = config.set_cookie(session, secure, response, |dict| {
            store.1.insert(id.clone(), dict.clone());
            Ok(id.clone())
        });
        Box::pin(async move { saved })
    }
}

#[test]
fn a_renewed_session_has_another_id_and_its_store_forgets_the_former_one() {
    #[route("/set")]
    fn set() {
        session().set("cart", 3);
    }
    #[route("/renew")]
    fn renew() {
        session().renew();
    }
    #[route("/show")]
    fn show() -> String {
        session().get::<u32>("cart").map_or("nothing".to_owned(), |cart| cart.to_string())
    }
    let store = Store::default();
    let mut app = App::new("guards");
    app.config().set("SECRET_KEY", "dev");
    let client = app.session_interface(store.clone()).routes(routes![set, renew, show]).test_client();
    client.get("/set").send();
    let former = client.get_cookie("session").unwrap().value().to_owned();
    client.get("/renew").send();
    assert_ne!(client.get_cookie("session").unwrap().value(), former);
    assert_eq!(client.get("/show").send().text(), "3");
    assert_eq!(store.0.lock().unwrap().1.len(), 1);
    client.set_cookie("session", &former);
    assert_eq!(client.get("/show").send().text(), "nothing", "the former id is worth nothing");
}

#[cfg(feature = "websocket")]
#[test]
fn a_guard_answers_in_place_of_a_handshake() {
    use carboy::websocket::WebSocket;

    #[websocket("/chat", guard = with_key)]
    async fn chat(mut socket: WebSocket) -> carboy::Result<()> {
        socket.send("welcome").await?;
        Ok(())
    }
    let client = App::new("guards").routes(routes![chat]).test_client();
    let refused = client.websocket("/chat").try_connect().expect_err("refused");
    assert_eq!(refused.location(), Some("/key"));
    let mut socket = client.websocket("/chat").header("X-Key", "open").connect();
    assert_eq!(socket.recv().unwrap().as_text(), Some("welcome"));
}
