//! What can be chosen about TLS, and the defaults.

use crate::ServerError;
use std::{fmt, path::PathBuf, sync::Arc, time::Duration};

/// Certificates and what else a server needs to speak TLS.
///
/// TLS 1.3 and 1.2, with the cipher suites of rustls: forward secret and authenticated all of them, the hybrid key exchange X25519MLKEM768
/// first (which an attacker who records today cannot break with a quantum computer tomorrow). HTTP/2 and HTTP/1.1 by ALPN (RFC
/// 7301). Sessions resume by tickets whose keys change every six hours; data before the end of the handshake (0-RTT) is
/// not taken, because it can be replayed.
///
/// ```no_run
/// use carboy_server::{ServerConfig, TlsConfig};
///
/// let tls = TlsConfig::new("/etc/shop/fullchain.pem", "/etc/shop/privkey.pem")
///     .certificate("/etc/blog/fullchain.pem", "/etc/blog/privkey.pem");
/// let config = ServerConfig::new().bind("0.0.0.0:443").tls(tls);
/// ```
///
/// The files are read when the server starts, which fails when one of them is no use, and again when they have changed: connections that
/// come later get the new certificates. A new file that is no use is logged, and what was read before stays.
#[derive(Debug, Clone)]
pub struct TlsConfig {
    pub(super) certificates: Vec<Source>,
    pub(super) client_certificates: Option<ClientCertificates>,
    pub(super) only_tls13: bool,
    pub(super) http2: bool,
    pub(super) reload_interval: Option<Duration>,
}

/// Where a certificate comes from.
#[derive(Clone)]
pub(super) enum Source {
    Files {
        chain: PathBuf,
        key: PathBuf,
    },
    Pem {
        chain: Arc<[u8]>,
        key: Arc<[u8]>,
    },
    #[cfg(feature = "acme")]
    Acme(super::AcmeConfig),
}

impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Source::Files { chain, key } => {
                f.debug_struct("Files").field("chain", chain).field("key", key).finish()
            }
            // No key in a log.
            Source::Pem { .. } => f.write_str("Pem(..)"),
            #[cfg(feature = "acme")]
            Source::Acme(acme) => acme.fmt(f),
        }
    }
}

/// Which clients have to show a certificate, and who may have signed it.
///
/// What a client has shown stands in
/// [`ConnectionInfo::peer_certificate`](carboy_http::ConnectionInfo::peer_certificate); who that is, and what it may, is for the application
/// to say. Revocation is not looked at.
#[derive(Debug, Clone)]
pub struct ClientCertificates {
    pub(super) roots: PathBuf,
    pub(super) required: bool,
}

impl ClientCertificates {
    /// A client without a certificate that an authority in this PEM file has signed gets no connection.
    pub fn required(authorities: impl Into<PathBuf>) -> Self {
        ClientCertificates { roots: authorities.into(), required: true }
    }

    /// A client may show a certificate; one that an authority in this PEM file has not signed gets no connection.
    pub fn optional(authorities: impl Into<PathBuf>) -> Self {
        ClientCertificates { roots: authorities.into(), required: false }
    }
}

impl TlsConfig {
    /// With the certificate in `chain`, PEM, the server's own first and those that lead to its authority after it, and its private key in
    /// `key`, PEM too: PKCS#8, PKCS#1 or SEC1. Both may be the same file.
    pub fn new(chain: impl Into<PathBuf>, key: impl Into<PathBuf>) -> Self {
        Self::of(Source::Files { chain: chain.into(), key: key.into() })
    }

    /// As [`new`](Self::new), with the contents of the files, for programs that get them from elsewhere.
    pub fn from_pem(chain: impl AsRef<[u8]>, key: impl AsRef<[u8]>) -> Self {
        Self::of(Source::Pem { chain: chain.as_ref().into(), key: key.as_ref().into() })
    }

    /// With a certificate of its own for these names (`localhost`, addresses), made now and signed by nobody else: for development. Clients do
    /// not trust it, unless they are told to.
    ///
    /// # Errors
    /// A name is none.
    pub fn self_signed<N: Into<String>>(names: impl IntoIterator<Item = N>) -> Result<Self, ServerError> {
        let names: Vec<String> = names.into_iter().map(Into::into).collect();
        let made = rcgen::generate_simple_self_signed(names).map_err(|error| {
            ServerError::certificate(format!("A certificate for these names cannot be made: {error}"))
        })?;
        Ok(Self::from_pem(made.cert.pem(), made.signing_key.serialize_pem()))
    }

    /// With a certificate that an authority issues, and renews, by itself.
    #[cfg(feature = "acme")]
    pub fn acme(acme: super::AcmeConfig) -> Self {
        Self::of(Source::Acme(acme))
    }

    fn of(source: Source) -> Self {
        TlsConfig {
            certificates: vec![source],
            client_certificates: None,
            only_tls13: false,
            http2: true,
            reload_interval: Some(Duration::from_secs(5)),
        }
    }

    /// Adds a certificate. A client gets the one whose names the host belongs to that it asks for (SNI, RFC 6066 section 3): one that has
    /// exactly this name, else one with a wildcard for it, else the first of all. Among several that fit, a client gets the first whose
    /// kind of key it knows.
    pub fn certificate(mut self, chain: impl Into<PathBuf>, key: impl Into<PathBuf>) -> Self {
        self.certificates.push(Source::Files { chain: chain.into(), key: key.into() });
        self
    }

    /// Asks clients for certificates (mutual TLS). Default: it does not.
    pub fn client_certificates(mut self, clients: ClientCertificates) -> Self {
        self.client_certificates = Some(clients);
        self
    }

    /// Refuses TLS 1.2. Default: it is spoken with clients that do not know TLS 1.3.
    pub fn only_tls13(mut self, only: bool) -> Self {
        self.only_tls13 = only;
        self
    }

    /// Whether HTTP/2 is offered. Default yes.
    pub fn http2(mut self, offered: bool) -> Self {
        self.http2 = offered;
        self
    }

    /// How often the files are looked at for changes, by their times and sizes; `None` for never. A file is read once it has stayed as it is
    /// for this long, so that a certificate is not read without its key. [`Server::serve`](crate::Server::serve) also
    /// reads them when SIGHUP comes, at once. Default 5 s.
    pub fn reload_interval(mut self, interval: impl Into<Option<Duration>>) -> Self {
        self.reload_interval = interval.into();
        self
    }
}
