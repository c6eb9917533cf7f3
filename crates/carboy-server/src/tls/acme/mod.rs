//! Certificates that are fetched, and renewed, from an authority that speaks ACME (RFC 8555).
//!
//! `config` is what can be chosen, `cache` the folder where account and certificate lie, `order` the way to one certificate, `renewal` the
//! loop that keeps it fresh. What is fetched goes into a file, and is read from there as any other certificate is.

mod cache;
mod config;
mod order;
mod renewal;

pub(super) use cache::read_or_make;
pub use config::AcmeConfig;
pub(crate) use renewal::keep_issued;
