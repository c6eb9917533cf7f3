//! The loop that keeps a certificate fresh.

use super::{AcmeConfig, order};
use crate::tls::{Tls, certificates::Validity};
use rustls::pki_types::{CertificateDer, UnixTime, pem::PemObject};
use std::{fs, sync::Arc, time::Duration};
use webpki::EndEntityCert;

/// How often is looked whether it is time: clocks jump, and another process may have renewed.
const LOOK: Duration = Duration::from_secs(3600);

const LONGEST_PAUSE: Duration = Duration::from_secs(6 * 3600);

/// The authority has so long for one certificate.
const LIMIT: Duration = Duration::from_secs(600);

/// Fetches certificates when it is time. Ends with its runtime.
pub(crate) async fn keep_issued(tls: Arc<Tls>) {
    let Some(acme) = tls.acme() else { return };
    let mut pause = acme.first_pause;
    loop {
        let wait = due_in(acme, UnixTime::now());
        if !wait.is_zero() {
            tokio::time::sleep(wait.min(LOOK)).await;
            continue;
        }
        let fetched = match tokio::time::timeout(LIMIT, order::fetch(acme, tls.challenges())).await {
            Ok(Ok(())) => tls.reload(),
            Ok(Err(error)) => Err(error.to_string()),
            Err(_) => Err("the authority took too long".to_owned()),
        };
        match fetched {
            Ok(()) => {
                pause = acme.first_pause;
                tracing::info!(target: "carboy::server", "a certificate for {} was fetched", acme.names.join(", "));
            }
            Err(why) => {
                tracing::error!(
                    target: "carboy::server",
                    "a certificate for {} cannot be fetched: {why}; the one in use stays, trying again in {pause:?}",
                    acme.names.join(", ")
                );
            }
        }
        // Also after a success: whatever comes of it, an authority is not asked without a pause.
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

/// When the certificate of the cache is to be replaced; at once if there is none that is of use.
fn due_in(acme: &AcmeConfig, now: UnixTime) -> Duration {
    let chain = fs::read(acme.certificate_file())
        .ok()
        .and_then(|pem| CertificateDer::from_pem_slice(&pem).ok().map(CertificateDer::into_owned));
    let Some(certificate) = chain else { return Duration::ZERO };
    let (Some(validity), Ok(parsed)) = (Validity::of(&certificate), EndEntityCert::try_from(&certificate))
    else {
        return Duration::ZERO;
    };
    let covers = |name: &String| parsed.valid_dns_names().any(|own| own.eq_ignore_ascii_case(name));
    if !acme.names.iter().all(covers) {
        return Duration::ZERO;
    }
    let (begin, end) = (validity.not_before.as_secs(), validity.not_after.as_secs());
    let due = end.saturating_sub(end.saturating_sub(begin) / 3);
    Duration::from_secs(due.saturating_sub(now.as_secs()))
}
