//! Logins by other providers: by a made-up one that does what no good provider does, and by the certified `oidc-provider`.
#![cfg(feature = "oauth")]

#[path = "oauth/attacks.rs"]
mod attacks;
#[path = "oauth/authlib.rs"]
mod authlib;
#[path = "oauth/fake.rs"]
mod fake;
#[path = "oauth/linking.rs"]
mod linking;
#[path = "oauth/logins.rs"]
mod logins;
#[path = "oauth/outages.rs"]
mod outages;
#[path = "oauth/real.rs"]
mod real;
#[path = "oauth/shop.rs"]
mod shop;
#[path = "oauth/tls.rs"]
mod tls;
