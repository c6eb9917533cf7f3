//! Sessions that came from another browser, and logins that are over (`LoginManager._session_protection_failed`).

use super::{
    Login,
    settings::SessionProtection,
    visit::{FRESH, IDENTIFIER, NEXT, REMEMBER, REMEMBER_SECONDS, USER_ID},
};
use carboy::{
    CurrentRequest, Session,
    security::tokens::login_identifier,
    session::{Dict, Value},
};
use std::time::Duration;

/// When somebody logged in, in seconds since 1970; only with LOGIN_LIFETIME.
const SINCE: &str = "_login_at";
/// When somebody was last seen; only with LOGIN_IDLE_LIFETIME.
const SEEN: &str = "_seen_at";

/// What Flask-Login keeps in a session, and the times of a login.
const KEYS: [&str; 8] = [USER_ID, REMEMBER, REMEMBER_SECONDS, IDENTIFIER, FRESH, NEXT, SINCE, SEEN];

/// What is to be done with a session.
enum Verdict {
    Fine,
    NotFresh,
    Ended,
}

fn judge(login: &Login, request: &CurrentRequest, dict: &Dict) -> Verdict {
    let mode = login.settings().protection;
    // An empty session is nobody's.
    if mode == SessionProtection::Off
        || dict.is_empty()
        || dict.get(IDENTIFIER).and_then(Value::as_str) == Some(&login_identifier(request))
    {
        return Verdict::Fine;
    }
    let permanent = dict.get("_permanent").is_some_and(Value::is_truthy);
    if mode == SessionProtection::Basic || permanent { Verdict::NotFresh } else { Verdict::Ended }
}

/// Whether [`failed`] would say that nobody is logged in by this session; nothing is changed.
pub(super) fn would_end(login: &Login, request: &CurrentRequest, dict: &Dict) -> bool {
    matches!(judge(login, request, dict), Verdict::Ended)
}

/// Does to a session what its protection asks for; `true` when nobody is logged in after that.
pub(super) fn failed(login: &Login, request: &CurrentRequest, session: &Session) -> bool {
    session.is_empty();
    match session.peek(|dict, _| judge(login, request, dict)) {
        Verdict::Fine => {}
        Verdict::NotFresh => {
            if session.peek(|dict, _| dict.get(FRESH) != Some(&Value::Bool(false))) {
                session.set(FRESH, false);
            }
            login.signals.session_protected.send(|| ());
        }
        Verdict::Ended => {
            forget(session);
            session.set(REMEMBER, super::visit::CLEAR);
            login.signals.session_protected.send(|| ());
            return true;
        }
    }
    if is_over(login, session) {
        forget(session);
        session.renew();
    }
    false
}

/// Takes everything about a login out of a session; says whether there was anything.
pub(super) fn forget(session: &Session) -> bool {
    let mut any = false;
    for key in KEYS {
        any |= session.remove(key);
    }
    any
}

/// Notes when a login begins, if its length is limited.
pub(super) fn begin(login: &Login, session: &Session) {
    let settings = login.settings();
    let now = login.clock.unix_seconds();
    if settings.lifetime.is_some() {
        session.set(SINCE, now);
    }
    if settings.idle_lifetime.is_some() {
        session.set(SEEN, now);
    }
}

/// Whether a login has lasted too long; else notes that somebody was here.
fn is_over(login: &Login, session: &Session) -> bool {
    let settings = login.settings();
    if (settings.lifetime.is_none() && settings.idle_lifetime.is_none()) || !session.contains(USER_ID) {
        return false;
    }
    let now = login.clock.unix_seconds();
    // A login that began before there was a limit, or in Flask, begins now.
    let passed = |key: &str| session.get::<u64>(key).map(|at| Duration::from_secs(now.saturating_sub(at)));
    if let Some(most) = settings.lifetime {
        match passed(SINCE) {
            Some(passed) if passed >= most => return true,
            Some(_) => {}
            None => session.set(SINCE, now),
        }
    }
    if let Some(most) = settings.idle_lifetime {
        match passed(SEEN) {
            Some(passed) if passed >= most => return true,
            // Not every request has to write the session.
            Some(passed) if passed < most / 10 => {}
            _ => session.set(SEEN, now),
        }
    }
    false
}

/// Takes the times of a login out of a session; says whether there were any.
pub(super) fn end(session: &Session) -> bool {
    let since = session.remove(SINCE);
    session.remove(SEEN) || since
}
