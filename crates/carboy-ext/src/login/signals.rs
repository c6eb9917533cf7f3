//! What happens with logins, told to whoever listens (`flask_login.signals`).

use super::user::{User, UserRef};
use carboy::signals::Signal;
use std::{fmt, sync::Arc};

/// The signals of the extension, by Flask-Login's names. They are sent in the context of the request.
#[derive(Default)]
pub struct LoginSignals {
    /// Somebody was logged in.
    pub user_logged_in: Signal<UserEvent>,
    /// Somebody was logged out; without a user if nobody was logged in.
    pub user_logged_out: Signal<Option<UserEvent>>,
    /// The user was found by the remember-me cookie.
    pub user_loaded_from_cookie: Signal<UserEvent>,
    /// The user was found by the request loader.
    pub user_loaded_from_request: Signal<UserEvent>,
    /// A login was confirmed.
    pub user_login_confirmed: Signal<()>,
    /// A guard met nobody.
    pub user_unauthorized: Signal<()>,
    /// A guard met a login that is not fresh.
    pub user_needs_refresh: Signal<()>,
    /// The user of a request was asked for, for the first time.
    pub user_accessed: Signal<()>,
    /// The session came from another browser than it was made for: it is not fresh any more, or emptied.
    pub session_protected: Signal<()>,
}

/// The user that a signal is about.
#[derive(Clone)]
pub struct UserEvent(UserRef);

impl UserEvent {
    pub(super) fn new(user: &UserRef) -> Self {
        UserEvent(user.clone())
    }

    /// The user's id.
    pub fn id(&self) -> String {
        self.0.id()
    }

    /// The user, if it is a `U`.
    pub fn user<U: User>(&self) -> Option<Arc<U>> {
        self.0.try_typed()
    }
}

impl fmt::Debug for UserEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("UserEvent").field(&self.id()).finish()
    }
}
