//! Redis behind TLS: whom its certificate has to be signed by, and what this side shows.

use redis::{Client, ConnectionAddr, ConnectionInfo};
use std::path::PathBuf;

/// A file that the configuration names.
pub(crate) struct PemFile {
    /// Where it is named: for messages.
    pub(crate) key: &'static str,
    #[cfg_attr(not(feature = "redis-tls"), allow(dead_code, reason = "it is read with the feature"))]
    pub(crate) path: PathBuf,
}

/// How a server is known, when its URL is one of TLS.
#[derive(Default)]
pub(crate) struct Tls {
    /// The authorities to trust, in place of those of the system.
    pub(crate) authorities: Option<PemFile>,
    /// What this side shows of itself, with its key.
    pub(crate) certificate: Option<PemFile>,
    pub(crate) key: Option<PemFile>,
    /// Whether the app is being debugged: only then `#insecure` in a URL is obeyed.
    pub(crate) debug: bool,
}

impl Tls {
    /// A client of this server.
    ///
    /// # Errors
    /// A sentence about what was chosen.
    pub(crate) fn client(&self, whose: &str, info: ConnectionInfo) -> Result<Client, String> {
        let ConnectionAddr::TcpTls { insecure, .. } = info.addr() else {
            let files = [&self.authorities, &self.certificate, &self.key];
            if let Some(file) = files.into_iter().flatten().next() {
                return Err(format!(
                    "{} is for TLS: the URL of {whose} has to begin with rediss://",
                    file.key
                ));
            }
            return Client::open(info).map_err(|error| format!("{whose}: {}", error.category()));
        };
        if *insecure && !self.debug {
            return Err(format!(
                "the URL of {whose} ends with #insecure, so that nobody would look at the certificate of the server: that is for debugging alone"
            ));
        }
        self.secured(whose, info)
    }

    #[cfg(not(feature = "redis-tls"))]
    #[allow(clippy::unused_self, clippy::needless_pass_by_value, reason = "as with the feature")]
    fn secured(&self, whose: &str, _: ConnectionInfo) -> Result<Client, String> {
        Err(format!("{whose} is to be reached over TLS, which needs the feature `redis-tls` of carboy-ext"))
    }

    #[cfg(feature = "redis-tls")]
    fn secured(&self, whose: &str, info: ConnectionInfo) -> Result<Client, String> {
        use redis::{ClientTlsConfig, TlsCertificates};
        use rustls::pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject};

        // The client takes the cryptography of the process. Whoever has chosen it already is right.
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let certificates = |file: &PemFile| {
            file.read("certificate", |pem| {
                let mut found = CertificateDer::pem_slice_iter(pem).peekable();
                found.peek().is_some() && found.all(|certificate| certificate.is_ok())
            })
        };
        let client_tls = match (&self.certificate, &self.key) {
            (None, None) => None,
            (Some(certificate), Some(key)) => Some(ClientTlsConfig {
                client_cert: certificates(certificate)?,
                client_key: key.read("key", |pem| PrivateKeyDer::from_pem_slice(pem).is_ok())?,
            }),
            (Some(alone), None) | (None, Some(alone)) => {
                return Err(format!("{} is one half: the certificate and its key go together", alone.key));
            }
        };
        let root_cert = self.authorities.as_ref().map(certificates).transpose()?;
        Client::build_with_tls(info, TlsCertificates { client_tls, root_cert })
            .map_err(|error| format!("{whose}: {error}"))
    }
}

#[cfg(feature = "redis-tls")]
impl PemFile {
    /// What is in the file, if it is that.
    fn read(&self, what: &str, good: impl Fn(&[u8]) -> bool) -> Result<Vec<u8>, String> {
        let (key, path) = (self.key, self.path.display());
        let pem = std::fs::read(&self.path).map_err(|error| format!("{key}, {path}: {error}"))?;
        if good(&pem) { Ok(pem) } else { Err(format!("{key}: {path} holds no {what} in PEM")) }
    }
}
