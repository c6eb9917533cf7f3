//! The way to one certificate: account, order, proofs, signature.

use super::{AcmeConfig, cache};
use crate::tls::{challenges::Challenges, files::read_roots};
use hyper_rustls::HttpsConnectorBuilder;
use hyper_util::{client::legacy::Client, rt::TokioExecutor};
use instant_acme::{
    Account, AccountBuilder, AuthorizationStatus, ChallengeType, Identifier, NewAccount, NewOrder,
    OrderStatus, RetryPolicy,
};
use rcgen::{CertificateParams, CustomExtension, DistinguishedName, KeyPair};
use rustls::{
    ClientConfig,
    crypto::{CryptoProvider, aws_lc_rs},
    pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer},
    sign::CertifiedKey,
};
use std::{error::Error, sync::Arc, time::Duration};

type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

/// How long the authority may take to look at the proofs, and to sign.
const PATIENCE: RetryPolicy = RetryPolicy::new().timeout(Duration::from_secs(120));

/// Fetches a certificate and puts it into the cache.
pub(super) async fn fetch(acme: &AcmeConfig, challenges: &Challenges) -> Result<()> {
    let result = fetch_with(acme, challenges).await;
    challenges.clear();
    result
}

async fn fetch_with(acme: &AcmeConfig, challenges: &Challenges) -> Result<()> {
    let provider = Arc::new(aws_lc_rs::default_provider());
    let account = account(acme, &provider).await?;
    let names: Vec<_> = acme.names.iter().map(|name| Identifier::Dns(name.clone())).collect();
    let mut order = account.new_order(&NewOrder::new(&names)).await?;
    let mut authorizations = order.authorizations();
    while let Some(authorization) = authorizations.next().await {
        let mut authorization = authorization?;
        match authorization.status {
            AuthorizationStatus::Valid => continue,
            AuthorizationStatus::Pending => {}
            other => return Err(format!("an authorization is {other:?} before it was asked for").into()),
        }
        let Identifier::Dns(name) = authorization.identifier().identifier.clone() else {
            return Err("the authority asks for something that is no name".into());
        };
        let offered = |kind: &ChallengeType| authorization.challenges.iter().any(|one| one.r#type == *kind);
        let mut wanted = [ChallengeType::TlsAlpn01, ChallengeType::Http01];
        if acme.http01 {
            wanted.reverse();
        }
        let Some(kind) = wanted.into_iter().find(offered) else {
            return Err("the authority offers neither tls-alpn-01 nor http-01".into());
        };
        let by_certificate = kind == ChallengeType::TlsAlpn01;
        let mut challenge = authorization.challenge(kind).ok_or("the authority withdrew its challenge")?;
        let proof = challenge.key_authorization();
        if by_certificate {
            challenges.show_certificate(&name, proof_certificate(&name, proof.digest().as_ref(), &provider)?);
        } else {
            challenges.show_token(&challenge.token, proof.as_str());
        }
        challenge.set_ready().await?;
    }
    let status = order.poll_ready(&PATIENCE).await?;
    if status != OrderStatus::Ready {
        return Err(refused(&mut order).await.into());
    }
    let key = KeyPair::generate()?;
    let mut request = CertificateParams::new(acme.names.clone())?;
    request.distinguished_name = DistinguishedName::new();
    order.finalize_csr(request.serialize_request(&key)?.der()).await?;
    let chain = order.poll_certificate(&PATIENCE).await?;
    cache::write(&acme.certificate_file(), &format!("{chain}\n{}", key.serialize_pem()))?;
    Ok(())
}

/// Why an order became invalid: the authority says it at the challenge that failed.
async fn refused(order: &mut instant_acme::Order) -> String {
    let mut authorizations = order.authorizations();
    while let Some(Ok(authorization)) = authorizations.next().await {
        let problem = authorization.challenges.iter().find_map(|challenge| challenge.error.as_ref());
        if let Some(problem) = problem {
            return format!("the proof failed: {problem}");
        }
    }
    "the order was refused".to_owned()
}

/// The account of the cache; a new one if there is none.
async fn account(acme: &AcmeConfig, provider: &Arc<CryptoProvider>) -> Result<Account> {
    let path = acme.account_file();
    match std::fs::read(&path) {
        Ok(json) => Ok(client(acme, provider)?.from_credentials(serde_json::from_slice(&json)?).await?),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            let contact: Vec<_> = acme.contacts.iter().map(String::as_str).collect();
            let new =
                NewAccount { contact: &contact, terms_of_service_agreed: true, only_return_existing: false };
            let (account, credentials) =
                client(acme, provider)?.create(&new, acme.directory.clone(), None).await?;
            cache::write(&path, &serde_json::to_string(&credentials)?)?;
            Ok(account)
        }
        Err(error) => Err(format!("cannot read {}: {error}", path.display()).into()),
    }
}

/// A client of HTTPS whose provider is named: the process may have no default one.
fn client(acme: &AcmeConfig, provider: &Arc<CryptoProvider>) -> Result<AccountBuilder> {
    let connector = match &acme.roots {
        None => HttpsConnectorBuilder::new().with_provider_and_platform_verifier(provider.clone())?,
        Some(roots) => HttpsConnectorBuilder::new().with_tls_config(
            ClientConfig::builder_with_provider(provider.clone())
                .with_safe_default_protocol_versions()?
                .with_root_certificates(read_roots(roots)?)
                .with_no_client_auth(),
        ),
    };
    let connector = connector.https_only().enable_http1().build();
    Ok(Account::builder_with_http(Box::new(Client::builder(TokioExecutor::new()).build(connector))))
}

/// RFC 8737 section 3: self-signed, for this name alone, with the digest in an extension.
fn proof_certificate(name: &str, digest: &[u8], provider: &CryptoProvider) -> Result<CertifiedKey> {
    let key = KeyPair::generate()?;
    let mut params = CertificateParams::new([name.to_owned()])?;
    params.custom_extensions = vec![CustomExtension::new_acme_identifier(digest)];
    let certificate = params.self_signed(&key)?;
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
    // The extension is critical: a parser that does not know it refuses the certificate.
    let key = provider.key_provider.load_private_key(key)?;
    Ok(CertifiedKey::new(vec![certificate.der().clone()], key))
}
