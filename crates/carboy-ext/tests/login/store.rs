//! Logins in sessions that are kept on the server, where a cookie holds an id alone.

use super::app::app;
use carboy::session::{Dict, SessionConfig, SessionFuture, SessionInterface};
use carboy::{HeaderMap, Response, Session};
use std::collections::HashMap;
use std::sync::{Arc, Mutex};

/// Sessions in memory, under numbers that go up.
#[derive(Default, Clone)]
struct Store(Arc<Mutex<(u32, HashMap<String, Dict>)>>);

impl SessionInterface for Store {
    fn open(&self, config: &SessionConfig, headers: &HeaderMap) -> Session {
        let id = config.session_cookies(headers).next().map(|id| id.into_owned());
        let kept = id.as_ref().and_then(|id| self.0.lock().unwrap().1.get(id).cloned());
        let session = Session::from_dict(kept.clone().unwrap_or_default());
        session.set_id(id.filter(|_| kept.is_some()));
        session
    }

    fn save<'a>(
        &'a self,
        config: &'a SessionConfig,
        session: &'a Session,
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
fn an_id_from_before_the_login_is_worth_nothing_after_it_and_neither_is_one_from_before_the_logout() {
    let store = Store::default();
    let mut app = app(|login| login);
    let client = app.session_interface(store.clone()).test_client();
    client.session(|session| session.set("cart", 3));
    let planted = client.get_cookie("session").unwrap().value().to_owned();
    client.get("/login/1").send();
    let mine = client.get_cookie("session").unwrap().value().to_owned();
    assert_ne!(mine, planted);
    assert_eq!(client.get("/who").send().text(), "Member 1 fresh");
    assert!(client.session(|session| session.contains("cart")));

    let thief = client.app().test_client();
    let who = |id: &str| {
        thief.set_cookie("session", id);
        thief.get("/who").send().text()
    };
    assert_eq!(who(&planted), "nobody");
    assert_eq!(who(&mine), "Member 1 fresh", "whoever has the cookie is the user, until");
    client.get("/logout").send();
    assert_eq!(who(&mine), "nobody");
    assert!(!store.0.lock().unwrap().1.contains_key(&mine));
    assert!(client.session(|session| session.contains("cart")));
}
