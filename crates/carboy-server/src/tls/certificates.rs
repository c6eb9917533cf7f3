//! Which certificate a client gets, and until when one is valid.

use super::{
    challenges::{ACME_TLS, Challenges},
    files::Sentence,
};
use rustls::{
    pki_types::{CertificateDer, UnixTime},
    server::{ClientHello, ResolvesServerCert},
    sign::CertifiedKey,
};
use std::{collections::HashMap, sync::Arc, time::Duration};
use webpki::{EndEntityCert, KeyUsage};

/// The certificates of a server, by the names in them.
#[derive(Debug)]
pub(super) struct Certificates {
    all: Vec<Arc<CertifiedKey>>,
    named: HashMap<String, Vec<Arc<CertifiedKey>>>,
    challenges: Arc<Challenges>,
}

impl Certificates {
    /// In the order of preference; the first is for clients that ask for no name, or for one that nobody has.
    pub(super) fn new(all: Vec<CertifiedKey>, challenges: Arc<Challenges>) -> Result<Self, Sentence> {
        let all: Vec<_> = all.into_iter().map(Arc::new).collect();
        let mut named: HashMap<_, Vec<_>> = HashMap::new();
        for certificate in &all {
            let own = certificate.end_entity_cert().map_err(|error| error.to_string())?;
            let parsed = parse(own)?;
            for name in parsed.valid_dns_names() {
                named.entry(name.to_ascii_lowercase()).or_default().push(certificate.clone());
            }
        }
        Ok(Certificates { all, named, challenges })
    }

    /// Those for this name: with exactly it, else with a wildcard for its first label.
    fn for_name(&self, name: &str) -> Option<&Vec<Arc<CertifiedKey>>> {
        let name = name.to_ascii_lowercase();
        self.named.get(&name).or_else(|| {
            let (_, parent) = name.split_once('.')?;
            self.named.get(&format!("*.{parent}"))
        })
    }
}

impl ResolvesServerCert for Certificates {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        if hello.alpn().is_some_and(|mut protocols| protocols.any(|name| name == ACME_TLS)) {
            return hello
                .server_name()
                .and_then(|name| self.challenges.tls_alpn01(&name.to_ascii_lowercase()));
        }
        let named = hello.server_name().and_then(|name| self.for_name(name));
        let usable = |candidates: &[Arc<CertifiedKey>]| {
            let schemes = hello.signature_schemes();
            candidates.iter().find(|one| one.key.choose_scheme(schemes).is_some()).cloned()
        };
        // A client that can use none of them is told so by the handshake.
        let found = named.and_then(|candidates| usable(candidates)).or_else(|| usable(&self.all));
        found.or_else(|| self.all.first().cloned())
    }
}

fn parse<'a>(certificate: &'a CertificateDer<'a>) -> Result<EndEntityCert<'a>, Sentence> {
    EndEntityCert::try_from(certificate).map_err(|error| format!("cannot be read: {error}"))
}

/// From when until when a certificate is valid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Validity {
    pub(super) not_before: UnixTime,
    pub(super) not_after: UnixTime,
}

impl Validity {
    /// `None` for what is no certificate.
    ///
    /// The verifier looks at the time before anything else, and its errors carry the limits.
    pub(super) fn of(certificate: &CertificateDer<'_>) -> Option<Self> {
        let parsed = EndEntityCert::try_from(certificate).ok()?;
        let at = |seconds| {
            let time = UnixTime::since_unix_epoch(Duration::from_secs(seconds));
            parsed.verify_for_usage(&[], &[], &[], time, KeyUsage::server_auth(), None, None).err()
        };
        match (at(0)?, at(u64::MAX)?) {
            (
                webpki::Error::CertNotValidYet { not_before, .. },
                webpki::Error::CertExpired { not_after, .. },
            ) => Some(Validity { not_before, not_after }),
            _ => None,
        }
    }
}
