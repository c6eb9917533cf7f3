//! TLS, as clients meet it.

#[path = "../common/mod.rs"]
mod common;

mod authority;
mod certificates;
mod client;
mod files;
mod handshakes;
mod slow;
