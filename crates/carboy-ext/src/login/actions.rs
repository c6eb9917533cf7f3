//! Logging in and out (`flask_login.utils`).

use super::{
    login, protection,
    signals::UserEvent,
    user::{User, UserRef},
    visit::{self, FRESH, IDENTIFIER, REMEMBER, REMEMBER_SECONDS, SET, USER_ID},
};
use carboy::{
    request,
    security::{csrf::renew_csrf_token, tokens::login_identifier},
    session,
};
use std::{sync::Arc, time::Duration};

/// The user of this request; `None` for nobody, and for one who is not [authenticated](User::is_authenticated).
///
/// Asking uses the session, so the answer varies by cookie. It does not wait: the user was loaded before the first hook ran.
///
/// ```
/// # use carboy_ext::login::{Login, User, current_user};
/// # use carboy::prelude::*;
/// # #[derive(serde::Serialize)] struct Member { name: String }
/// # impl User for Member { fn get_id(&self) -> String { self.name.clone() } }
/// #[route("/")]
/// fn index() -> String {
///     match current_user::<Member>() {
///         Some(member) => format!("Hello, {}!", member.name),
///         None => "Hello!".to_owned(),
///     }
/// }
/// # let mut app = App::new("club");
/// # app.ext(Login::new(|name: String| async move { carboy::Result::<_>::Ok(Some(Member { name })) })).routes(routes![index]);
/// # assert_eq!(app.test_client().get("/").send().text(), "Hello!");
/// ```
///
/// # Panics
/// When the app has no [`Login`](super::Login), or its users are not of type `U`.
#[track_caller]
pub fn current_user<U: User>() -> Option<Arc<U>> {
    visit::current().filter(|user| user.authenticated()).map(|user| user.typed())
}

/// The user of this request, also one who is not active and whom no guard lets in.
///
/// # Panics
/// As [`current_user`].
#[track_caller]
pub fn loaded_user<U: User>() -> Option<Arc<U>> {
    visit::current().map(|user| user.typed())
}

/// The id of the user of this request, whatever type users have; `None` for nobody, and for one who is not authenticated.
///
/// # Panics
/// When the app has no [`Login`](super::Login).
#[track_caller]
pub fn current_user_id() -> Option<String> {
    visit::current().filter(|user| user.authenticated()).map(|user| user.id())
}

/// Whether somebody is logged in.
///
/// # Panics
/// When the app has no [`Login`](super::Login).
#[track_caller]
pub fn is_authenticated() -> bool {
    visit::current().is_some_and(|user| user.authenticated())
}

/// How somebody is logged in.
#[derive(Debug, Clone, Copy)]
pub struct LoginOptions {
    /// Sets the remember-me cookie, by which the browser is recognised when the session has ended.
    pub remember: bool,
    /// How long the browser keeps that cookie, in place of REMEMBER_COOKIE_DURATION.
    pub duration: Option<Duration>,
    /// Logs in also who is not [active](User::is_active).
    pub force: bool,
    /// Whether the login is fresh: just made with a password, say.
    pub fresh: bool,
}

/// Fresh, and for this session only.
impl Default for LoginOptions {
    fn default() -> Self {
        LoginOptions { remember: false, duration: None, force: false, fresh: true }
    }
}

/// Logs a user in; `false` when the user is not [active](User::is_active).
///
/// See [`login_user_with`], which takes options.
///
/// # Panics
/// As [`login_user_with`].
#[must_use = "a user who is not active is not logged in"]
#[track_caller]
pub fn login_user<U: User>(user: U) -> bool {
    login_user_with(user, LoginOptions::default())
}

/// Logs a user in, with options; `false` when the user is not [active](User::is_active) and not forced.
///
/// The session gets Flask-Login's keys. What it held before stays, such as a cart, unless it was another user's: then it is emptied first. It is
/// [renewed](carboy::Session::renew): a store on the server gives it another id, so that whoever planted the former one has nothing; the
/// signed cookie is another one by itself, and the cookie from before the login says that nobody is logged in. The CSRF token of the session goes
/// as well, because whoever planted the session knew it.
///
/// # Panics
/// Outside a request, without SECRET_KEY, and when the app has no [`Login`](super::Login).
#[must_use = "a user who is not active is not logged in"]
#[track_caller]
pub fn login_user_with<U: User>(user: U, options: LoginOptions) -> bool {
    if !options.force && !user.is_active() {
        return false;
    }
    let login = login();
    let session = session();
    let user = UserRef::new(user);
    let id = user.id();
    if session.peek(|dict, _| visit::user_id_in(dict)).is_some_and(|former| former != id) {
        session.clear();
    }
    session.renew();
    // Settings that cannot be used fail where a token is made.
    let _ = renew_csrf_token();
    session.set(USER_ID, &id);
    session.set(FRESH, options.fresh);
    session.set(IDENTIFIER, login_identifier(&request()));
    if options.remember {
        session.set(REMEMBER, SET);
        if let Some(duration) = options.duration {
            session.set(REMEMBER_SECONDS, duration.as_secs_f64());
        }
    }
    protection::begin(&login, &session);
    visit::set_current(Some(user.clone()));
    login.signals.user_logged_in.send(|| UserEvent::new(&user));
    true
}

/// Logs whoever is logged in out, and takes the remember-me cookie away.
///
/// What else the session holds stays, as in Flask-Login; `session().clear()` after it empties a browser that others use too. A session in a cookie
/// cannot be taken back: a copy of the cookie is good until it expires. [`User`] says how all logins of a user are ended.
///
/// # Panics
/// Outside a request, and when the app has no [`Login`](super::Login).
#[track_caller]
pub fn logout_user() {
    let login = login();
    let user = visit::current();
    let session = session();
    let mut any = false;
    for key in [USER_ID, FRESH, IDENTIFIER] {
        any |= session.remove(key);
    }
    any |= protection::end(&session);
    if visit::has_remember_cookie(&login) {
        session.set(REMEMBER, visit::CLEAR);
        session.remove(REMEMBER_SECONDS);
    }
    if any {
        session.renew();
    }
    login.signals.user_logged_out.send(|| user.as_ref().map(UserEvent::new));
    visit::set_current(None);
}

/// Makes the login of this session fresh again, as after the password was asked for once more. The session is renewed, as at the login.
///
/// # Panics
/// As [`logout_user`].
#[track_caller]
pub fn confirm_login() {
    let login = login();
    let session = session();
    session.renew();
    session.set(FRESH, true);
    session.set(IDENTIFIER, login_identifier(&request()));
    login.signals.user_login_confirmed.send(|| ());
}

/// Whether the login is fresh: made in this session and in this browser, and not restored by the remember-me cookie.
///
/// # Panics
/// Outside a request.
#[track_caller]
pub fn login_fresh() -> bool {
    session().get(FRESH).unwrap_or(false)
}

/// Whether the browser is remembered: it sent a right remember-me cookie, which is not about to be taken away.
///
/// # Panics
/// As [`logout_user`].
#[track_caller]
pub fn login_remembered() -> bool {
    session().get::<String>(REMEMBER).as_deref() != Some(visit::CLEAR)
        && visit::remembered_id(&login()).is_some()
}
