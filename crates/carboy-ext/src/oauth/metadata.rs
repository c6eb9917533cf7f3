//! What a provider says of itself: its endpoints and its keys, kept for a while and asked for again.

use super::{
    error::OAuthErrorKind,
    http::{Ask, Http},
    provider::{Endpoints, Provider},
};
use crate::jwt::Key;
use serde::Deserialize;
use serde_json::Value;
use std::{
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::sync::Mutex;

/// After so long it is asked again.
const FRESH: Duration = Duration::from_secs(60 * 60);
/// While the provider does not answer, what it said before is good for so long.
const STALE: Duration = Duration::from_secs(24 * 60 * 60);
/// So long after a failure, or after a key that nobody knew, it is not asked again.
const PAUSE: Duration = Duration::from_secs(30);
/// More keys than this are not looked at.
const MAX_KEYS: usize = 64;

/// What a provider said of itself (OpenID Connect Discovery section 3, RFC 8414).
#[derive(Debug, Clone, Default)]
pub(super) struct Metadata {
    pub(super) endpoints: Endpoints,
    /// Answers to logins name the issuer (RFC 9207).
    pub(super) names_issuer: bool,
    /// How clients may say who they are; empty when it is not said.
    pub(super) auth_methods: Vec<String>,
}

#[derive(Deserialize)]
struct Document {
    issuer: String,
    authorization_endpoint: Option<String>,
    token_endpoint: Option<String>,
    userinfo_endpoint: Option<String>,
    jwks_uri: Option<String>,
    revocation_endpoint: Option<String>,
    end_session_endpoint: Option<String>,
    #[serde(default)]
    authorization_response_iss_parameter_supported: bool,
    #[serde(default)]
    token_endpoint_auth_methods_supported: Vec<String>,
}

/// A value that was fetched.
#[derive(Debug)]
struct Cached<T> {
    value: Option<(Arc<T>, Instant)>,
    /// When asking failed, and how.
    failed: Option<(Instant, OAuthErrorKind)>,
}

impl<T> Default for Cached<T> {
    fn default() -> Self {
        Cached { value: None, failed: None }
    }
}

impl<T> Cached<T> {
    /// The value: the kept one while it is fresh, else a new one, else the kept one while it is not too old.
    ///
    /// Who has waited since `arrived` while another asked in vain is not made to wait once more.
    async fn get(
        &mut self,
        what: &str,
        arrived: Instant,
        fetch: impl Future<Output = Result<T, OAuthErrorKind>>,
    ) -> Result<Arc<T>, OAuthErrorKind> {
        let resting = self.failed.as_ref().is_some_and(|(failed, _)| failed.elapsed() < PAUSE);
        match (&self.value, &self.failed) {
            (Some((value, since)), _) if since.elapsed() < FRESH || (resting && since.elapsed() < STALE) => {
                return Ok(value.clone());
            }
            (_, Some((failed, error))) if *failed >= arrived => return Err(error.clone()),
            _ => {}
        }
        match fetch.await {
            Ok(value) => Ok(self.keep(value)),
            Err(error) => {
                self.failed = Some((Instant::now(), error.clone()));
                match &self.value {
                    Some((value, since)) if since.elapsed() < STALE => {
                        tracing::warn!(target: "carboy::oauth", "the {what} of a provider is not to be had; the old one is used on");
                        Ok(value.clone())
                    }
                    _ => Err(error),
                }
            }
        }
    }

    fn keep(&mut self, value: T) -> Arc<T> {
        let value = Arc::new(value);
        self.value = Some((value.clone(), Instant::now()));
        self.failed = None;
        value
    }
}

/// What is kept of one provider. Whoever asks first fetches, the others wait.
#[derive(Debug, Default)]
pub(super) struct Known {
    metadata: Mutex<Cached<Metadata>>,
    keys: Mutex<Keys>,
}

#[derive(Debug, Default)]
struct Keys {
    cached: Cached<Vec<Key>>,
    /// When they were last fetched for a key that was not among them.
    missed: Option<Instant>,
}

impl Known {
    /// The provider's endpoints and habits.
    pub(super) async fn metadata(
        &self,
        http: &Http,
        provider: &Provider,
    ) -> Result<Arc<Metadata>, OAuthErrorKind> {
        let Some(url) = &provider.metadata_url else {
            return Ok(Arc::new(Metadata { endpoints: provider.endpoints.clone(), ..Metadata::default() }));
        };
        let arrived = Instant::now();
        self.metadata.lock().await.get("metadata", arrived, fetch_metadata(http, provider, url)).await
    }

    /// The provider's keys.
    pub(super) async fn keys(&self, http: &Http, url: &str) -> Result<Arc<Vec<Key>>, OAuthErrorKind> {
        let arrived = Instant::now();
        self.keys.lock().await.cached.get("keys", arrived, fetch_keys(http, url)).await
    }

    /// The provider's keys once more, because a token names one that is not among them: it may be new. Not more often than every half
    /// minute, whatever tokens name.
    pub(super) async fn keys_anew(&self, http: &Http, url: &str) -> Result<Arc<Vec<Key>>, OAuthErrorKind> {
        let arrived = Instant::now();
        let mut keys = self.keys.lock().await;
        if keys.missed.is_some_and(|missed| missed.elapsed() < PAUSE) {
            return keys.cached.get("keys", arrived, fetch_keys(http, url)).await;
        }
        keys.missed = Some(Instant::now());
        let fetched = fetch_keys(http, url).await?;
        Ok(keys.cached.keep(fetched))
    }
}

async fn fetch_metadata(http: &Http, provider: &Provider, url: &str) -> Result<Metadata, OAuthErrorKind> {
    let answer = http.send(url, Ask::default()).await?;
    answer.object()?;
    let document: Document = answer.json()?;
    if provider.issuer.as_ref() != Some(&document.issuer) {
        let issuer: String = document.issuer.chars().filter(char::is_ascii_graphic).take(200).collect();
        return Err(OAuthErrorKind::Unavailable(format!(
            "it calls itself '{issuer}', which is not its issuer"
        )));
    }
    let known = &provider.endpoints;
    let endpoints = Endpoints {
        authorization: known.authorization.clone().or(document.authorization_endpoint),
        token: known.token.clone().or(document.token_endpoint),
        userinfo: known.userinfo.clone().or(document.userinfo_endpoint),
        jwks: document.jwks_uri,
        revocation: document.revocation_endpoint,
        end_session: document.end_session_endpoint,
    };
    // Where the browser is sent to has to be as safe as what is asked here.
    for url in [&endpoints.authorization, &endpoints.end_session].into_iter().flatten() {
        if !(url.starts_with("https://") || provider.is_local() && super::http::is_local(url)) {
            return Err(OAuthErrorKind::Unavailable(format!(
                "'{}' is no https URL",
                super::http::shown(url)
            )));
        }
    }
    Ok(Metadata {
        endpoints,
        names_issuer: document.authorization_response_iss_parameter_supported,
        auth_methods: document.token_endpoint_auth_methods_supported,
    })
}

async fn fetch_keys(http: &Http, url: &str) -> Result<Vec<Key>, OAuthErrorKind> {
    let answer = http.send(url, Ask::default()).await?.object()?;
    let Some(listed) = answer.get("keys").and_then(Value::as_array) else {
        return Err(OAuthErrorKind::Unavailable("its key set has no keys".to_owned()));
    };
    // Keys of other kinds, and for encryption, are none of ours.
    Ok(listed.iter().take(MAX_KEYS).filter_map(|jwk| Key::from_jwk(jwk).ok()).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_is_fresh_is_not_asked_for_and_what_is_stale_serves_while_the_provider_is_away() {
        let now = Instant::now;
        let away = || async { Err(OAuthErrorKind::Timeout) };
        let mut cached = Cached::default();
        assert_eq!(cached.get("x", now(), away()).await, Err(OAuthErrorKind::Timeout));
        assert_eq!(*cached.get("x", now(), async { Ok(1) }).await.unwrap(), 1);
        assert_eq!(*cached.get("x", now(), async { panic!("it is fresh") }).await.unwrap(), 1);
        let Some(old) = Instant::now().checked_sub(FRESH) else { return };
        cached.value.as_mut().unwrap().1 = old;
        assert_eq!(*cached.get("x", now(), away()).await.unwrap(), 1);
        assert_eq!(*cached.get("x", now(), async { panic!("it failed just now") }).await.unwrap(), 1);
        cached.failed = None;
        assert_eq!(*cached.get("x", now(), async { Ok(2) }).await.unwrap(), 2);
        let Some(older) = Instant::now().checked_sub(STALE) else { return };
        cached.value.as_mut().unwrap().1 = older;
        assert_eq!(cached.get("x", now(), away()).await, Err(OAuthErrorKind::Timeout));
    }

    #[tokio::test]
    async fn those_who_waited_for_an_answer_that_did_not_come_are_told_together() {
        let cached = Mutex::new(Cached::<u8>::default());
        let wait = |answer: Result<u8, OAuthErrorKind>| async {
            let arrived = Instant::now();
            let fetch = async {
                tokio::time::sleep(Duration::from_millis(20)).await;
                answer
            };
            cached.lock().await.get("x", arrived, fetch).await.map(|value| *value)
        };
        let timeout = Err(OAuthErrorKind::Timeout);
        let (first, second) = tokio::join!(wait(timeout.clone()), wait(Ok(1)));
        assert_eq!((first, second), (timeout.clone(), timeout));
        assert_eq!(wait(Ok(1)).await, Ok(1), "who comes later asks again");
    }
}
