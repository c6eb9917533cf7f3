//! What an authority of certificates is shown, so that it believes that a name is ours.

use rustls::sign::CertifiedKey;
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// The protocol under which `tls-alpn-01` connects (RFC 8737).
pub(super) const ACME_TLS: &[u8] = b"acme-tls/1";

/// Answers to challenges that are under way.
#[derive(Debug, Default)]
pub(crate) struct Challenges(Mutex<Answers>);

#[derive(Debug, Default)]
struct Answers {
    certificates: HashMap<String, Arc<CertifiedKey>>,
    tokens: HashMap<String, String>,
}

impl Challenges {
    fn answers(&self) -> MutexGuard<'_, Answers> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The certificate that proves the control of a name.
    pub(super) fn tls_alpn01(&self, name: &str) -> Option<Arc<CertifiedKey>> {
        self.answers().certificates.get(name).cloned()
    }

    /// The text that proves it for a token.
    pub(super) fn http01(&self, token: &str) -> Option<String> {
        self.answers().tokens.get(token).cloned()
    }

    #[cfg(feature = "acme")]
    pub(super) fn show_certificate(&self, name: &str, certificate: CertifiedKey) {
        self.answers().certificates.insert(name.to_ascii_lowercase(), Arc::new(certificate));
    }

    #[cfg(feature = "acme")]
    pub(super) fn show_token(&self, token: &str, answer: &str) {
        self.answers().tokens.insert(token.to_owned(), answer.to_owned());
    }

    /// Shows nothing more.
    #[cfg(feature = "acme")]
    pub(super) fn clear(&self) {
        *self.answers() = Answers::default();
    }
}
