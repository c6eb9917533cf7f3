//! TLS: what a client meets before its first request.
//!
//! `config` is what can be chosen, `files` reads it, `certificates` chooses among them; `live` is what a running server has
//! made of it, which `reload` replaces; `handshake` turns a socket into a [`Stream`]. `redirect` is what plain HTTP gets, `acme` fetches
//! certificates, and `challenges` is what an authority is shown meanwhile.

#[cfg(feature = "acme")]
mod acme;
mod certificates;
mod challenges;
mod config;
mod files;
mod handshake;
mod live;
mod redirect;
mod reload;
mod stamps;
mod stream;

#[cfg(feature = "acme")]
pub use acme::AcmeConfig;
#[cfg(feature = "acme")]
pub(crate) use acme::keep_issued;
pub use config::{ClientCertificates, TlsConfig};
pub(crate) use handshake::{Secured, handshake};
pub(crate) use live::Tls;
pub use redirect::HttpsRedirect;
pub(crate) use redirect::share;
pub(crate) use reload::keep_fresh;
pub(crate) use stream::Stream;
