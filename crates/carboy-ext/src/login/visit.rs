//! The user of a request: loaded before the hooks, settled when somebody first asks (`LoginManager._load_user`).
//!
//! Flask-Login asks the user loader when `current_user` is first used. A loader here is async and `current_user()` is not, so whoever may be
//! asked for is loaded beforehand, if the request carries an id at all; what that does to the session happens all the same when somebody first
//! asks, so that a request that nobody asks about touches no session.

use super::{Login, protection, signals::UserEvent, user::UserRef};
use carboy::{
    CurrentRequest, Ext, Result, Session, g, request, session,
    session::{Dict, Value},
    try_request,
};
use std::sync::{Mutex, MutexGuard, PoisonError};

pub(super) const USER_ID: &str = "_user_id";
pub(super) const FRESH: &str = "_fresh";
pub(super) const IDENTIFIER: &str = "_id";
pub(super) const REMEMBER: &str = "_remember";
pub(super) const REMEMBER_SECONDS: &str = "_remember_seconds";
pub(super) const NEXT: &str = "next";
/// Value of [`REMEMBER`]: the cookie is to be set, or to be taken away.
pub(super) const SET: &str = "set";
pub(super) const CLEAR: &str = "clear";

/// What is known of the user of one request.
#[derive(Default)]
struct Visit(Mutex<Known>);

#[derive(Default)]
struct Known {
    /// What the user loader said about these ids.
    by_id: Vec<(String, Option<UserRef>)>,
    /// What the request loader found.
    by_request: Option<UserRef>,
    /// The user, once that is settled.
    current: Option<Option<UserRef>>,
}

impl Visit {
    fn known(&self) -> MutexGuard<'_, Known> {
        // Each critical section is one step.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The visit of this request.
fn visit() -> std::sync::Arc<Visit> {
    let g = g();
    g.of_type().unwrap_or_else(|| {
        g.insert(Visit::default());
        g.of_type().expect("was inserted")
    })
}

/// Loads whom this request may be asked about. The session is looked at and not used.
pub(super) async fn prepare(login: &Login) -> Result<()> {
    let request = request();
    let session = session();
    let (user_id, forget) = session.peek(|dict, _| {
        let gone = protection::would_end(login, &request, dict);
        let user_id = user_id_in(dict).filter(|_| !gone);
        (user_id, gone || dict.get(REMEMBER).and_then(Value::as_str) == Some(CLEAR))
    });
    let mut known = Known::default();
    let mut found = false;
    if let (Some(id), Some(load)) = (user_id, &login.user_loader) {
        let user = load(id.clone()).await?;
        found = user.is_some();
        known.by_id.push((id, user));
    }
    if !found {
        match remember_cookie(login, &request).filter(|_| !forget) {
            Some(value) => {
                if let (Some(id), Some(load)) = (login.remembered_id(&value), &login.user_loader)
                    && known.by_id.iter().all(|(loaded, _)| *loaded != id)
                {
                    let user = load(id.clone()).await?;
                    known.by_id.push((id, user));
                }
            }
            None => {
                if let Some(load) = &login.request_loader {
                    known.by_request = load(request).await?;
                }
            }
        }
    }
    g().insert(Visit(Mutex::new(known)));
    Ok(())
}

/// The user of this request, `None` for nobody and outside a request.
pub(super) fn current() -> Option<UserRef> {
    try_request()?;
    let visit = visit();
    if let Some(current) = &visit.known().current {
        return current.clone();
    }
    let user = settle(&super::login(), &visit, &session());
    visit.known().current.get_or_insert(user).clone()
}

/// The user of this request, if somebody asked for one.
pub(super) fn settled() -> Option<UserRef> {
    visit().known().current.clone().flatten()
}

/// Makes somebody, or nobody, the user of this request.
pub(super) fn set_current(user: Option<UserRef>) {
    visit().known().current = Some(user);
}

/// `LoginManager._load_user`, with those who were loaded beforehand.
fn settle(login: &Ext<Login>, visit: &Visit, session: &Session) -> Option<UserRef> {
    let request = request();
    login.signals.user_accessed.send(|| ());
    if protection::failed(login, &request, session) {
        return None;
    }
    let by_id = |id: &str| {
        let known = visit.known();
        known.by_id.iter().find(|(loaded, _)| loaded == id).and_then(|(_, user)| user.clone())
    };
    if let Some(user) = session_user_id(session).and_then(|id| by_id(&id)) {
        return Some(user);
    }
    let forget = session.get::<String>(REMEMBER).as_deref() == Some(CLEAR);
    let user = match remember_cookie(login, &request).filter(|_| !forget) {
        Some(value) => {
            let id = login.remembered_id(&value)?;
            session.set(USER_ID, &id);
            session.set(FRESH, false);
            let user = by_id(&id)?;
            protection::begin(login, session);
            login.signals.user_loaded_from_cookie.send(|| UserEvent::new(&user));
            user
        }
        None => {
            let user = visit.known().by_request.clone()?;
            login.signals.user_loaded_from_request.send(|| UserEvent::new(&user));
            user
        }
    };
    Some(user)
}

/// The value of the remember-me cookie.
fn remember_cookie(login: &Login, request: &CurrentRequest) -> Option<String> {
    request.cookie(&login.settings().cookie.name)
}

/// Whether the browser sent a remember-me cookie, right or wrong.
pub(super) fn has_remember_cookie(login: &Login) -> bool {
    try_request().is_some_and(|request| remember_cookie(login, &request).is_some())
}

/// The user in the remember-me cookie of this request, if it is signed with our key.
pub(super) fn remembered_id(login: &Login) -> Option<String> {
    login.remembered_id(&remember_cookie(login, &try_request()?)?)
}

/// The id in a session, as text; a Flask application may have put a number there.
pub(super) fn user_id_in(dict: &Dict) -> Option<String> {
    match dict.get(USER_ID)? {
        Value::Str(id) | Value::Markup(id) => Some(id.clone()),
        Value::Int(id) => Some(id.to_string()),
        Value::Uuid(id) => Some(id.to_string()),
        _ => None,
    }
}

/// The id in the session, which is used by that.
fn session_user_id(session: &Session) -> Option<String> {
    session.contains(USER_ID);
    session.peek(|dict, _| user_id_in(dict))
}
