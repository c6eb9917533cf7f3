//! What can be chosen about ACME.

use std::{path::PathBuf, time::Duration};

/// A certificate that an authority issues by itself, Let's Encrypt if no other is named.
///
/// Before there is one, a certificate is shown that nobody has signed. The authority asks this server for a proof that each name leads to it:
/// by `tls-alpn-01` (RFC 8737) at port 443, or by `http-01` at port 80, where an [`HttpsRedirect`](crate::HttpsRedirect) answers. A third of
/// its life before a certificate ends it is renewed. While the authority cannot be reached, or refuses, the old one stays in use; it is
/// tried again after a minute, then after two, and so on up to six hours.
///
/// Using it means to agree to the authority's terms of service.
///
/// ```no_run
/// use carboy_server::{AcmeConfig, HttpsRedirect, ServerConfig, TlsConfig};
///
/// let acme = AcmeConfig::new(["shop.example", "www.shop.example"], "/var/lib/shop/acme")
///     .contact("mailto:admin@shop.example");
/// let config = ServerConfig::new()
///     .bind("0.0.0.0:443")
///     .tls(TlsConfig::acme(acme))
///     .redirect_to_https(HttpsRedirect::on("0.0.0.0:80"));
/// ```
#[derive(Debug, Clone)]
pub struct AcmeConfig {
    pub(super) names: Vec<String>,
    pub(super) cache: PathBuf,
    pub(super) contacts: Vec<String>,
    pub(super) directory: String,
    pub(super) roots: Option<PathBuf>,
    pub(super) http01: bool,
    pub(super) first_pause: Duration,
}

/// Let's Encrypt.
const DIRECTORY: &str = "https://acme-v02.api.letsencrypt.org/directory";

impl AcmeConfig {
    /// For these names, none with a wildcard. The folder keeps account and certificate, readable by this user alone; it is made if it is
    /// not there, and processes may share it.
    pub fn new<N: Into<String>>(names: impl IntoIterator<Item = N>, cache: impl Into<PathBuf>) -> Self {
        AcmeConfig {
            names: names.into_iter().map(|name| name.into().to_ascii_lowercase()).collect(),
            cache: cache.into(),
            contacts: Vec::new(),
            directory: DIRECTORY.to_owned(),
            roots: None,
            http01: false,
            first_pause: Duration::from_secs(60),
        }
    }

    /// Adds an address for the authority's warnings, `mailto:admin@shop.example`.
    pub fn contact(mut self, url: impl Into<String>) -> Self {
        self.contacts.push(url.into());
        self
    }

    /// The authority, by the URL of its directory. Default: Let's Encrypt,
    /// `https://acme-v02.api.letsencrypt.org/directory`; `https://acme-staging-v02.api.letsencrypt.org/directory` is for trying out.
    pub fn directory(mut self, url: impl Into<String>) -> Self {
        self.directory = url.into();
        self
    }

    /// Trusts the authority's own HTTPS by the certificates in this PEM file, not by those of the system.
    pub fn authority_roots(mut self, pem: impl Into<PathBuf>) -> Self {
        self.roots = Some(pem.into());
        self
    }

    /// Whether `http-01` is preferred where the authority offers both. Default no.
    pub fn prefer_http01(mut self, preferred: bool) -> Self {
        self.http01 = preferred;
        self
    }

    /// How long after the first failure it is tried again; each further pause is twice as long, up to six hours. Default one minute.
    pub fn retry_after(mut self, pause: Duration) -> Self {
        self.first_pause = pause;
        self
    }
}
