//! Logging in by other providers, by OAuth 2 and OpenID Connect: what Authlib's Flask client does.
//!
//! ```no_run
//! use carboy::prelude::*;
//! use carboy_ext::oauth::{self, OAuth, Provider};
//!
//! #[get("/login/<provider>")]
//! async fn login(provider: String) -> carboy::Result<Redirect> {
//!     let back = url_for!(callback, provider = &provider, _external = true);
//!     oauth::client(&provider)?.authorize_redirect(&back).await
//! }
//!
//! #[get("/login/<provider>/callback")]
//! async fn callback(provider: String) -> carboy::Result<Redirect> {
//!     let login = oauth::client(&provider)?.authorize_access_token().await?;
//!     session().set("user", format!("{provider}:{}", login.identity.subject));
//!     Ok(redirect(login.next.unwrap_or_else(|| "/".to_owned())))
//! }
//!
//! fn main() -> carboy::Result<()> {
//!     let mut app = App::new("shop");
//!     app.ext(OAuth::new().register("google", Provider::google()).register("github", Provider::github()));
//!     app.routes(routes![login, callback]).run()
//! }
//! ```
//!
//! | to do this | call |
//! |---|---|
//! | register a provider | [`OAuth::register`] with a [`Provider`]: [`google`](Provider::google), [`microsoft`](Provider::microsoft), [`gitlab`](Provider::gitlab), [`github`](Provider::github), [`discover`](Provider::discover), [`plain`](Provider::plain) |
//! | begin and end a login | [`Client::authorize_redirect`], [`Client::authorize_access_token`] |
//! | find the user | [`OAuth::identity_store`] and [`Login::user`], or [`Login::link`] with an [`IdentityStore`] |
//! | link an identity to who is logged in | [`Authorize::linking`], in a view for `POST` |
//! | list and unlink identities | [`IdentityStore::identities_of`], [`IdentityStore::unlink`] |
//! | call the provider's APIs | [`Client::get`], [`Client::userinfo`], [`Client::refresh`], [`Client::revoke`] |
//! | log out there, too | [`Client::logout_redirect`] |
//!
//! A login is an authorization code with PKCE (RFC 7636), a state that is used once, a nonce, and the comparison of issuers (RFC 9207). ID tokens are verified
//! with the provider's keys by EdDSA, ES256 or RS256. Metadata and keys are kept for an hour and, while the provider is away, for a day; a token with an unknown key makes
//! the keys be fetched again, twice a minute at most. Requests to a provider go by HTTPS, follow no redirect, take 10 seconds and 1 MiB at most.

mod client;
mod error;
mod extension;
mod http;
mod id_token;
mod identity;
mod metadata;
mod pending;
mod provider;
mod token;

pub use client::{Authorize, Client, Login};
pub use error::{OAuthError, OAuthErrorKind};
pub use extension::{OAuth, client};
pub use identity::{Identity, IdentityStore, Linked, LinkedIdentity};
pub use provider::{ClientAuth, Provider};
pub use token::Token;
