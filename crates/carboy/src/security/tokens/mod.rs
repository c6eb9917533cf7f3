//! Tokens and cookies that Flask's usual extensions write, so that both sides of a migration read them.
//!
//! [`CsrfTokens`] are those of Flask-WTF 1.3, [`RememberTokens`] the remember-me cookies of Flask-Login 0.6. Tokens with a
//! maximum age for links in mails, such as those that reset a password, are ItsDangerous's own:
//! [`UrlSafeTimedSerializer`](super::signing::UrlSafeTimedSerializer).
//!
//! These are the formats alone. Nothing here is checked unless a view asks.

mod csrf;
mod remember;

pub use csrf::{CsrfError, CsrfErrorKind, CsrfTokens};
pub use remember::{RememberTokens, login_identifier};
