//! What a running server speaks TLS with, and how that is replaced.

#[cfg(feature = "acme")]
use super::challenges::ACME_TLS;
use super::{
    certificates::{Certificates, Validity},
    challenges::Challenges,
    config::TlsConfig,
    files::{Sentence, read_roots},
    stamps::{Stamps, stamps},
};
use rustls::{
    RootCertStore, ServerConfig,
    crypto::{CryptoProvider, aws_lc_rs},
    pki_types::UnixTime,
    server::{NoClientAuth, ProducesTickets, WebPkiClientVerifier, danger::ClientCertVerifier},
    sign::CertifiedKey,
    version::{TLS12, TLS13},
};
use std::sync::{Arc, PoisonError, RwLock};

/// TLS of a running server.
#[derive(Debug)]
pub(crate) struct Tls {
    pub(super) config: TlsConfig,
    /// How the files looked before they were read.
    pub(super) stamps: Stamps,
    provider: Arc<CryptoProvider>,
    challenges: Arc<Challenges>,
    state: RwLock<State>,
}

#[derive(Debug, Clone)]
struct State {
    server: Arc<ServerConfig>,
    /// Until when the certificate of each source is valid.
    ends: Vec<Option<UnixTime>>,
    roots: Option<Arc<RootCertStore>>,
    tickets: Arc<dyn ProducesTickets>,
}

impl Tls {
    /// Reads all files; a sentence if one of them is no use.
    pub(crate) fn load(config: TlsConfig) -> Result<Self, Sentence> {
        // Named, because a process may hold several providers and then has no default.
        let provider = Arc::new(aws_lc_rs::default_provider());
        #[cfg(feature = "acme")]
        acme(&config).map_or(Ok(()), crate::tls::AcmeConfig::check)?;
        let stamps = stamps(&config);
        let certificates = read(&config, &provider)?;
        let now = UnixTime::now();
        for (source, certificate) in config.certificates.iter().zip(&certificates) {
            if let Some(why) = out_of_date(certificate, now) {
                tracing::warn!(target: "carboy::server", "the certificate in {source} {why}: clients will refuse it");
            }
        }
        let roots = roots(&config)?;
        let challenges = Arc::default();
        let state = State::new(&config, &provider, &challenges, certificates, roots, tickets()?)?;
        Ok(Tls { config, stamps, provider, challenges, state: RwLock::new(state) })
    }

    /// What an authority is shown.
    pub(crate) fn challenges(&self) -> &Arc<Challenges> {
        &self.challenges
    }

    #[cfg(feature = "acme")]
    pub(super) fn acme(&self) -> Option<&super::AcmeConfig> {
        acme(&self.config)
    }

    /// What the next connection gets.
    pub(super) fn current(&self) -> Arc<ServerConfig> {
        self.state.read().unwrap_or_else(PoisonError::into_inner).server.clone()
    }

    /// Reads all files again. If one of them is no use, or holds a certificate that has ended where the one in use has not, then everything
    /// stays as it is.
    pub(super) fn reload(&self) -> Result<(), Sentence> {
        let old = self.state.read().unwrap_or_else(PoisonError::into_inner).clone();
        let certificates = read(&self.config, &self.provider)?;
        let now = UnixTime::now();
        for ((source, new), old_end) in self.config.certificates.iter().zip(&certificates).zip(&old.ends) {
            if let Some(why) = out_of_date(new, now)
                && old_end.is_none_or(|end| now <= end)
            {
                return Err(format!("The new certificate in {source} {why}"));
            }
        }
        let roots = roots(&self.config)?;
        // A ticket carries the client's certificate past the check of who signed it.
        let same_roots = match (&roots, &old.roots) {
            (Some(new), Some(old)) => new.roots == old.roots,
            _ => true,
        };
        let tickets = if same_roots { old.tickets } else { tickets()? };
        let state = State::new(&self.config, &self.provider, &self.challenges, certificates, roots, tickets)?;
        *self.state.write().unwrap_or_else(PoisonError::into_inner) = state;
        Ok(())
    }
}

impl State {
    fn new(
        config: &TlsConfig,
        provider: &Arc<CryptoProvider>,
        challenges: &Arc<Challenges>,
        certificates: Vec<CertifiedKey>,
        roots: Option<Arc<RootCertStore>>,
        tickets: Arc<dyn ProducesTickets>,
    ) -> Result<Self, Sentence> {
        let wrong = |error: &dyn std::fmt::Display| format!("TLS cannot be set up: {error}");
        let ends = certificates.iter().map(|one| validity(one).map(|v| v.not_after)).collect();
        let clients: Arc<dyn ClientCertVerifier> = match (&roots, &config.client_certificates) {
            (Some(roots), Some(wanted)) => {
                let verifier = WebPkiClientVerifier::builder_with_provider(roots.clone(), provider.clone());
                let verifier = if wanted.required { verifier } else { verifier.allow_unauthenticated() };
                verifier.build().map_err(|error| wrong(&error))?
            }
            _ => Arc::new(NoClientAuth),
        };
        let versions: &[_] = if config.only_tls13 { &[&TLS13] } else { &[&TLS13, &TLS12] };
        let mut server = ServerConfig::builder_with_provider(provider.clone())
            .with_protocol_versions(versions)
            .map_err(|error| wrong(&error))?
            .with_client_cert_verifier(clients)
            .with_cert_resolver(Arc::new(Certificates::new(certificates, challenges.clone())?));
        server.ticketer = tickets.clone();
        let protocols: &[&[u8]] = if config.http2 { &[b"h2", b"http/1.1"] } else { &[b"http/1.1"] };
        server.alpn_protocols = protocols.iter().map(|name| name.to_vec()).collect();
        #[cfg(feature = "acme")]
        if acme(config).is_some() {
            server.alpn_protocols.push(ACME_TLS.to_vec());
        }
        Ok(State { server: Arc::new(server), ends, roots, tickets })
    }
}

#[cfg(feature = "acme")]
fn acme(config: &TlsConfig) -> Option<&super::AcmeConfig> {
    config.certificates.iter().find_map(|source| match source {
        super::config::Source::Acme(acme) => Some(acme),
        _ => None,
    })
}

fn read(config: &TlsConfig, provider: &CryptoProvider) -> Result<Vec<CertifiedKey>, Sentence> {
    config.certificates.iter().map(|source| source.read(provider)).collect()
}

fn roots(config: &TlsConfig) -> Result<Option<Arc<RootCertStore>>, Sentence> {
    config.client_certificates.as_ref().map(|clients| read_roots(&clients.roots).map(Arc::new)).transpose()
}

/// Their keys change every six hours, and open what the one before closed.
fn tickets() -> Result<Arc<dyn ProducesTickets>, Sentence> {
    aws_lc_rs::Ticketer::new().map_err(|error| format!("There is no key for session tickets: {error}"))
}

fn validity(certificate: &CertifiedKey) -> Option<Validity> {
    certificate.end_entity_cert().ok().and_then(Validity::of)
}

fn out_of_date(certificate: &CertifiedKey, now: UnixTime) -> Option<String> {
    let day = |time: UnixTime| {
        httpdate::fmt_http_date(std::time::UNIX_EPOCH + std::time::Duration::from_secs(time.as_secs()))
    };
    let Validity { not_before, not_after } = validity(certificate)?;
    if now > not_after {
        Some(format!("has expired on {}", day(not_after)))
    } else if now < not_before {
        Some(format!("is not valid before {}", day(not_before)))
    } else {
        None
    }
}
