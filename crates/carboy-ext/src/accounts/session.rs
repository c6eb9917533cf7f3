//! Who is logged in: the seam to the extension `login`.

use std::sync::Arc;

use carboy::session;

use super::extension::Accounts;
use super::stores::Account;
use crate::login::{self, LoginOptions, User};

/// The id that a session holds is the account's stamp, as in Flask-Security: it changes with the password, and so ends all sessions.
impl User for Account {
    fn get_id(&self) -> String {
        self.stamp.expose().clone()
    }

    fn is_active(&self) -> bool {
        self.active
    }
}

/// Whether the account was active, and so is logged in.
pub(super) fn log_in(account: &Account, remember: bool) -> bool {
    login::login_user_with(account.clone(), LoginOptions { remember, ..LoginOptions::default() })
}

/// Goes on with a login whose account has another stamp now: what the session holds beside it stays.
pub(super) fn go_on(account: &Account, fresh: bool) {
    let options = LoginOptions { remember: login::login_remembered(), fresh, ..LoginOptions::default() };
    session().remove("_user_id");
    // One that is not active any more is logged out by this.
    let _ = login::login_user_with(account.clone(), options);
}

impl Accounts {
    /// The account that is logged in.
    ///
    /// # Panics
    ///
    /// As [`current_user`](login::current_user).
    pub fn current(&self) -> Option<Arc<Account>> {
        login::current_user::<Account>()
    }
}
