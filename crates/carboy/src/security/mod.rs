//! What keeps an app safe: on by default, or asked for; attached through public hooks.
//!
//! | to do this | look at |
//! |---|---|
//! | say what browsers may do with pages | [`SecurityHeaders`], [`HeaderPolicy`], [`csp_nonce`] |
//! | know what an app lacks before it faces the internet | [`check_deploy`] |
//! | ask forms and scripts for tokens | [`Csrf`], [`csrf_token`] |
//! | hash passwords | [`password`] |
//! | make and read tokens of Flask's extensions | [`tokens`] |
//! | sign anything else | [`signing`] |

mod cross_site;
pub mod csrf;
mod deploy;
pub mod headers;
mod key;
pub mod password;
pub mod tokens;

/// ItsDangerous: signed texts, dated tokens, key rotation.
pub use carboy_signing as signing;

pub use csrf::{Csrf, CsrfError, csrf_input, csrf_meta_tag, csrf_token};
pub use deploy::check_deploy;
pub use headers::{Csp, HeaderPolicy, SecurityHeaders, change_security_headers, csp_nonce, csp_nonce_used};
pub(crate) use key::secret_key;

use crate::{App, Scaffold};

/// What HARDENED adds.
pub(crate) fn harden(app: &mut App) {
    if app.require::<SecurityHeaders>().is_err() {
        app.ext(SecurityHeaders::new(HeaderPolicy::hardened()));
        // Nothing is answered by plain HTTP before the redirect.
        app.data().registrations.hooks.before_request.rotate_right(1);
    }
}

/// What every app starts with.
pub(crate) fn defaults(app: &mut App) {
    app.before_request(cross_site::check);
}
