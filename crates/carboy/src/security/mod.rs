//! What is safe by default, attached through public hooks.

mod csrf;
mod hardened;
mod key;
pub mod password;
pub mod tokens;

/// ItsDangerous: signed texts, dated tokens, key rotation.
pub use carboy_signing as signing;

pub(crate) use key::secret_key;

use crate::{App, Scaffold};

/// What HARDENED adds.
pub(crate) fn harden(app: &mut App) {
    hardened::attach(app);
}

/// What every app starts with.
pub(crate) fn defaults(app: &mut App) {
    app.before_request(csrf::check);
}
