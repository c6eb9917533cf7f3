//! What keeps an app safe: on by default, or asked for; attached through public hooks.
//!
//! | to do this | look at |
//! |---|---|
//! | ask forms and scripts for tokens | [`Csrf`], [`csrf_token`] |
//! | hash passwords | [`password`] |
//! | make and read tokens of Flask's extensions | [`tokens`] |
//! | sign anything else | [`signing`] |

mod cross_site;
pub mod csrf;
mod hardened;
mod key;
pub mod password;
pub mod tokens;

/// ItsDangerous: signed texts, dated tokens, key rotation.
pub use carboy_signing as signing;

pub use csrf::{Csrf, CsrfError, csrf_input, csrf_meta_tag, csrf_token};
pub(crate) use key::secret_key;

use crate::{App, Scaffold};

/// What HARDENED adds.
pub(crate) fn harden(app: &mut App) {
    hardened::attach(app);
}

/// What every app starts with.
pub(crate) fn defaults(app: &mut App) {
    app.before_request(cross_site::check);
}
