//! Sessions: the handle that views see, and where sessions are kept (`flask.sessions`).
//!
//! [`Session`] is a dict that follows a visitor from request to request. By default it lives in a signed cookie,
//! which Flask reads and writes as well: [`SecureCookieSessionInterface`]. Another [`SessionInterface`] keeps it
//! elsewhere.
//!
//! Below the handle lie [`Value`], which knows the types a Flask session can hold, and the tagged JSON that Flask
//! writes them in, [`TaggedJson`].

mod bridge;
mod cookie;
mod handle;
mod interface;
mod tagged;
#[cfg(test)]
mod tests;
mod value;

pub use bridge::ConversionError;
pub use cookie::SecureCookieSessionInterface;
pub use handle::{NO_SECRET_KEY, Session, SessionError};
pub use interface::{SessionConfig, SessionFuture, SessionInterface};
pub use tagged::TaggedJson;
pub use value::{BigInt, DateTime, Dict, NotUnicode, Value};
