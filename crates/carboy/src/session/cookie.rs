//! Sessions in a signed cookie, which Flask reads and writes as well.

use std::sync::Arc;

use carboy_http::{HeaderMap, Response, header};
use carboy_signing::{Digest, KeyDerivation, SecretKeys, TimedSerializer, UrlSafe, base64_decode};

use super::handle::Session;
use super::interface::{SessionConfig, SessionFuture, SessionInterface};
use super::tagged::TaggedJson;
use super::value::Dict;

pub(crate) type CookieSerializer = TimedSerializer<UrlSafe<TaggedJson>>;

/// Keeps sessions in a signed cookie: the visitor can read it, and cannot change it.
///
/// The format is Flask's (`URLSafeTimedSerializer`, salt `cookie-session`, HMAC key derivation, SHA-1 inside the HMAC),
/// so Python and Rust views can share it. The cookie is verified and read when a view first uses the session. One that
/// is tampered with, too old, from the future or not readable gives an empty session. Of several of the same name the one
/// good one counts: of two good ones a neighbour may have set one, so neither does.
#[derive(Clone, Copy, Debug, Default)]
pub struct SecureCookieSessionInterface;

impl SecureCookieSessionInterface {
    /// The salt, which keeps session cookies apart from other tokens of the same key.
    pub const SALT: &'static str = "cookie-session";
}

impl SessionConfig {
    /// What signs and verifies session cookies; `None` without secret key.
    pub(crate) fn serializer(&self) -> Option<&Arc<CookieSerializer>> {
        let made = self.serializer.0.get_or_init(|| {
            let current = self.secret_key.as_ref().filter(|key| !key.is_empty())?;
            let keys = SecretKeys::rotated(self.fallbacks.iter().chain([current]))?;
            let serializer = CookieSerializer::new(keys)
                .with_salt(SecureCookieSessionInterface::SALT)
                .with_key_derivation(KeyDerivation::Hmac)
                .with_digest(Digest::Sha1)
                .with_inflate_limit(self.inflate_limit)
                .with_clock(self.clock.clone());
            Some(Arc::new(serializer))
        });
        made.as_ref()
    }
}

impl SessionInterface for SecureCookieSessionInterface {
    fn open(&self, config: &SessionConfig, headers: &HeaderMap) -> Session {
        let Some(serializer) = config.serializer() else { return Session::null() };
        let mut values: Vec<String> =
            config.session_cookies(headers).map(std::borrow::Cow::into_owned).collect();
        if values.is_empty() {
            return Session::default();
        }
        // A client that sends one twice says nothing new.
        values.sort_unstable();
        values.dedup();
        let serializer = Arc::clone(serializer);
        let lifetime = config.lifetime;
        Session::lazy(move || {
            let mut good = values.iter().filter_map(|value| {
                let loaded = serializer.loads::<Dict>(value, Some(lifetime));
                loaded
                    .inspect_err(|error| tracing::debug!(target: "carboy::session", "no session: {error}"))
                    .ok()
            });
            match (good.next(), good.next()) {
                (Some(only), None) => only,
                (None, _) => Dict::default(),
                (Some(_), Some(_)) => {
                    tracing::warn!(
                        target: "carboy::session",
                        "a request has two good session cookies, of which a neighbour on the domain may have set one: neither is believed"
                    );
                    Dict::default()
                }
            }
        })
    }

    /// Only a permanent session is refreshed, and it says so in its cookie: one that does not is not verified.
    fn refreshes_untouched(&self, config: &SessionConfig, headers: &HeaderMap) -> bool {
        config.refresh_each_request
            && headers.contains_key(header::COOKIE)
            && config.session_cookies(headers).any(|value| {
                let payload = value.split('.').next().unwrap_or_default();
                // An empty payload is what precedes the dot of a compressed one.
                payload.is_empty()
                    || base64_decode(payload)
                        .is_ok_and(|json| json.windows(10).any(|word| word == b"_permanent"))
            })
    }

    fn save<'a>(
        &'a self,
        config: &'a SessionConfig,
        session: &'a Session,
        secure: bool,
        response: &'a mut Response,
    ) -> SessionFuture<'a, ()> {
        let saved = match config.serializer() {
            Some(serializer) => {
                config.set_cookie(session, secure, response, |dict| Ok(serializer.dumps(dict)?))
            }
            None => Ok(()),
        };
        Box::pin(std::future::ready(saved))
    }
}
