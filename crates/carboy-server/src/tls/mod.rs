//! TLS: what a client meets before its first request.
//!
//! `config` is what can be chosen, `files` reads it, `certificates` chooses among them; `live` is what a running server has
//! made of it, which `reload` replaces; `handshake` turns a socket into a [`Stream`].

mod certificates;
mod config;
mod files;
mod handshake;
mod live;
mod reload;
mod stream;

pub use config::{ClientCertificates, TlsConfig};
pub(crate) use handshake::{Secured, handshake};
pub(crate) use live::Tls;
pub(crate) use reload::keep_fresh;
pub(crate) use stream::Stream;
