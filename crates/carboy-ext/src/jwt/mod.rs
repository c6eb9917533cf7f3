//! JSON Web Tokens (RFC 7519): issued, verified, and what an API asks its callers for.
//!
//! ```
//! use carboy::prelude::*;
//! use carboy_ext::jwt::{self, Bearer, Claims, Jwt, Key};
//!
//! #[post("/token")]
//! fn token() -> carboy::Result<String> {
//!     Ok(ext::<Jwt>().issue(&Claims::new(7).scope("notes:read"))?)
//! }
//!
//! #[get("/notes")]
//! fn notes(bearer: Bearer) -> carboy::Result<String> {
//!     bearer.require_scope("notes:read")?;
//!     Ok(format!("the notes of {}", bearer.sub.as_deref().unwrap_or("nobody")))
//! }
//!
//! let mut app = App::new("notes");
//! app.ext(Jwt::new().key(Key::generate()?)).routes(routes![token, notes]);
//! let client = app.test_client();
//! let token = client.post("/token").send().text();
//! let answer = client.get("/notes").header("authorization", &format!("Bearer {token}")).send();
//! assert_eq!(answer.text(), "the notes of 7");
//! assert_eq!(client.get("/notes").send().status(), 401);
//! # Ok::<(), carboy::Error>(())
//! ```
//!
//! | to do this | call |
//! |---|---|
//! | issue a token | [`Jwt::issue`] |
//! | ask for one: a view, a blueprint | [`Bearer`], [`bearer_required`], [`scope_required`] |
//! | verify one that came by another way | [`Jwt::verify`], [`Jwt::authenticate`] |
//! | change keys | [`Jwt::key`], [`Jwt::verify_with`], `JWT_PUBLIC_KEYS` |
//! | publish them | [`Jwt::jwks`] |
//! | take tokens back | [`Jwt::revoked`] |
//! | keep somebody logged in | [`Jwt::refresh_store`], [`Jwt::begin_refresh`], [`Jwt::rotate_refresh`], [`Jwt::end_refresh`] |
//!
//! A token is refused unless it is signed by a known key with that key's algorithm, says when it expires, is for the audience and of the
//! issuer that are expected, and has neither critical header fields nor a name twice. What it says about keys (`jwk`, `jku`, `x5c`, `x5u`) is
//! ignored. It has [`MAX_TOKEN`] bytes at most.
//!
//! | key | default | what it is |
//! |---|---|---|
//! | `JWT_PRIVATE_KEY` | | The key that signs, in PEM, or the name of such a file in the instance folder |
//! | `JWT_SECRET_KEY` | | The secret for HS256 |
//! | `JWT_PUBLIC_KEYS` | | Former or foreign keys that verify, each in PEM or the name of a file |
//! | `JWT_ALGORITHM` | the key's | Checked against the key that signs |
//! | `JWT_ACCESS_TOKEN_EXPIRES` | 900 | Seconds that a token is valid |
//! | `JWT_REFRESH_TOKEN_EXPIRES` | 2592000 | Seconds that a refresh token is valid |
//! | `JWT_ENCODE_ISSUER`, `JWT_DECODE_ISSUER` | none | `iss` of new tokens, and which are accepted; the second is the first by default |
//! | `JWT_ENCODE_AUDIENCE`, `JWT_DECODE_AUDIENCE` | none | As these, for `aud` |
//! | `JWT_DECODE_LEEWAY` | 0 | Seconds that clocks may differ |

mod algorithm;
mod bearer;
mod claims;
mod compact;
mod error;
mod extension;
#[cfg(fuzzing)]
pub mod fuzzing;
mod key;
mod refresh;
mod settings;
#[cfg(test)]
mod tests;

/// What other tokens are read with.
#[cfg(feature = "oauth")]
pub(crate) mod raw {
    pub(crate) use super::{
        claims::{Rules, audience, now, text},
        compact::{Compact, sign},
    };
}

pub use algorithm::Algorithm;
pub use bearer::{Bearer, BearerError, bearer_required, scope_required};
pub use claims::Claims;
pub use error::{JwtError, JwtErrorKind};
pub use extension::{Jwt, MAX_TOKEN};
pub use key::Key;
pub use refresh::{MemoryRefreshStore, RefreshStore, Rotated, Rotation};
