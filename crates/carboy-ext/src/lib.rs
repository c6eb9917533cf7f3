//! The extensions of carboy: what a Flask user installs on day one, in one crate, tested together.
//!
//! Each extension is a folder, a feature and a [`carboy::Extension`]: switch the feature on, register the extension with `app.ext(…)`.
//!
//! | feature | what it brings | in Flask |
//! |---|---|---|
//! | `forms` | [`forms`](mod@forms): forms that are read, checked and shown again; [`validation`] of every kind of input | Flask-WTF, WTForms |
//! | `login` | [`login`](mod@login): who is logged in | Flask-Login |
//! | `roles` | [`roles`]: what somebody may do | Flask-Principal |
//! | `accounts`, `passkeys` | [`accounts`]: sign-up, confirmation, reset, second factors, passkeys | Flask-Security |
//! | `oauth` | [`oauth`]: logging in by other providers | Authlib |
//! | `jwt` | [`jwt`]: JSON Web Tokens | Authlib, PyJWT |
//! | `limiter` | [`limiter`]: rate limits | Flask-Limiter |
//! | `cors` | [`cors`]: cross-origin resource sharing | Flask-CORS |
//! | `translations` | [`translations`]: languages, time zones, dates and numbers | Flask-Babel |
//! | `mail` | [`mail`]: sending mail | Flask-Mail |
//! | `cache` | [`cache`]: answers, results and fragments that are kept | Flask-Caching |
//! | `redis`, `redis-tls` | Redis as the store of limits and caches; behind TLS | |
//!
//! Security headers and the protection against cross-site requests cost no dependency and are in [`carboy::security`].
#![forbid(unsafe_code)]

// The derives name this crate as its users do.
#[cfg(feature = "accounts")]
extern crate self as carboy_ext;

#[cfg(feature = "accounts")]
pub mod accounts;
#[cfg(feature = "cache")]
pub mod cache;
#[cfg(feature = "cors")]
pub mod cors;
#[cfg(feature = "forms")]
pub mod forms;
#[cfg(fuzzing)]
pub mod fuzzing;
#[cfg(feature = "jwt")]
pub mod jwt;
#[cfg(feature = "limiter")]
pub mod limiter;
#[cfg(feature = "login")]
pub mod login;
#[cfg(feature = "mail")]
pub mod mail;
#[cfg(feature = "oauth")]
pub mod oauth;
#[cfg(all(feature = "redis", any(feature = "cache", feature = "limiter")))]
mod redis;
#[cfg(feature = "roles")]
pub mod roles;
#[cfg(feature = "translations")]
pub mod translations;
#[cfg(feature = "forms")]
pub mod validation;

/// What generated code names. Not part of the API.
#[cfg(any(feature = "cache", feature = "forms"))]
#[doc(hidden)]
pub mod __private {
    #[cfg(feature = "cache")]
    pub use crate::cache::__private::*;
    #[cfg(feature = "forms")]
    pub use crate::{forms::__private::*, validation::__private::*};
}
