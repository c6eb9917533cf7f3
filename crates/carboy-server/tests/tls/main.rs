//! TLS, as clients meet it.

#[path = "../common/mod.rs"]
mod common;

#[cfg(feature = "acme")]
mod acme;
mod authority;
mod certificates;
mod client;
mod files;
mod handshakes;
mod load;
mod programs;
mod redirect;
mod slow;
