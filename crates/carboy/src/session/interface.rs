//! Where sessions are kept: the trait, its configuration, and the cookie that every store sets.

use std::fmt;
use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use carboy_http::cookie::{DEFAULT_MAX_SIZE, SameSite, SetCookie, parse_cookie};
use carboy_http::{HeaderMap, HeaderValue, Response, header};
use carboy_signing::{Clock, DEFAULT_INFLATE_LIMIT};

use super::cookie::CookieSerializer;
use super::handle::{Session, is_permanent};
use super::value::Dict;
use crate::Result;

/// A future of a session's store.
pub type SessionFuture<'a, T> = Pin<Box<dyn Future<Output = Result<T>> + Send + 'a>>;

/// Where sessions are kept. Replaces [`SecureCookieSessionInterface`](super::SecureCookieSessionInterface) through
/// [`App::session_interface`](crate::App::session_interface).
pub trait SessionInterface: Send + Sync {
    /// The session of a request with these headers, from the headers alone. Opened at first use.
    fn open(&self, config: &SessionConfig, headers: &HeaderMap) -> Session;

    /// The session of a request with these headers, for a store that has to be asked: awaited before the hooks.
    ///
    /// `None`, unless overridden, is for [`open`](Self::open) to answer. A store answers `None` too when the request
    /// has no session cookie, so that such requests do not wait.
    fn load<'a>(
        &'a self,
        config: &'a SessionConfig,
        headers: &'a HeaderMap,
    ) -> Option<SessionFuture<'a, Session>> {
        let _ = (config, headers);
        None
    }

    /// Whether a session that nobody used in the request has to be saved nevertheless, as a permanent one whose
    /// lifetime starts anew. May be true too often.
    fn refreshes_untouched(&self, config: &SessionConfig, headers: &HeaderMap) -> bool {
        config.refresh_each_request
            && headers.contains_key(header::COOKIE)
            && config.session_cookies(headers).next().is_some()
    }

    /// Saves a session after all hooks and sets its cookie; `secure` says whether the request came by HTTPS.
    ///
    /// [`SessionConfig::set_cookie`] does for every store what Flask does. Not called for null sessions.
    ///
    /// # Errors
    ///
    /// Whatever the store meets.
    fn save<'a>(
        &'a self,
        config: &'a SessionConfig,
        session: &'a Session,
        secure: bool,
        response: &'a mut Response,
    ) -> SessionFuture<'a, ()>;
}

/// The part of the configuration that concerns sessions. Fixed once an app runs.
#[derive(Clone)]
pub struct SessionConfig {
    /// SECRET_KEY. Without it, or if it is empty, sessions cannot be written.
    pub secret_key: Option<Vec<u8>>,
    /// SECRET_KEY_FALLBACKS: former keys, oldest first, that verify and do not sign.
    pub fallbacks: Vec<Vec<u8>>,
    /// SESSION_COOKIE_NAME.
    pub cookie_name: String,
    /// SESSION_COOKIE_DOMAIN. Without it the cookie goes to this host only.
    pub domain: Option<String>,
    /// SESSION_COOKIE_PATH, else APPLICATION_ROOT.
    pub path: String,
    /// SESSION_COOKIE_HTTPONLY.
    pub httponly: bool,
    /// SESSION_COOKIE_SECURE. Cookies of requests that came by HTTPS are secure in any case.
    pub secure: bool,
    /// SESSION_COOKIE_SAMESITE.
    pub samesite: Option<SameSite>,
    /// SESSION_COOKIE_PARTITIONED. Such cookies are secure.
    pub partitioned: bool,
    /// PERMANENT_SESSION_LIFETIME: how long the browser keeps a permanent session, and how old any session may be.
    pub lifetime: Duration,
    /// SESSION_REFRESH_EACH_REQUEST: every response sets the cookie of a permanent session anew.
    pub refresh_each_request: bool,
    /// SESSION_CACHE_CONTROL: the `Cache-Control` of responses that depend on the session or set its cookie, unless they have one.
    pub cache_control: Option<HeaderValue>,
    /// MAX_COOKIE_SIZE: a longer cookie is set and warned about.
    pub max_cookie_size: usize,
    /// How many bytes the items of a cookie may inflate to.
    pub inflate_limit: usize,
    /// The clock that dates and judges cookies.
    pub clock: Clock,
    /// What signs the cookies.
    pub(crate) serializer: Made,
}

/// The serializer of a configuration, made at first use; `Some(None)` without secret key. A copy of the configuration,
/// which may be changed, makes its own.
#[derive(Default)]
pub(crate) struct Made(pub(super) OnceLock<Option<Arc<CookieSerializer>>>);

impl Clone for Made {
    fn clone(&self) -> Self {
        Self::default()
    }
}

impl Default for SessionConfig {
    fn default() -> Self {
        Self {
            secret_key: None,
            fallbacks: Vec::new(),
            cookie_name: "session".to_owned(),
            domain: None,
            path: "/".to_owned(),
            httponly: true,
            secure: false,
            samesite: None,
            partitioned: false,
            lifetime: Duration::from_secs(31 * 24 * 60 * 60),
            refresh_each_request: true,
            cache_control: None,
            max_cookie_size: DEFAULT_MAX_SIZE,
            inflate_limit: DEFAULT_INFLATE_LIMIT,
            clock: Clock::system(),
            serializer: Made::default(),
        }
    }
}

impl fmt::Debug for SessionConfig {
    /// Shows everything but the keys.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SessionConfig")
            .field("secret_key", &self.secret_key.as_ref().map(|_| "hidden"))
            .field("fallbacks", &self.fallbacks.len())
            .field("cookie_name", &self.cookie_name)
            .field("domain", &self.domain)
            .field("path", &self.path)
            .field("httponly", &self.httponly)
            .field("secure", &self.secure)
            .field("samesite", &self.samesite)
            .field("partitioned", &self.partitioned)
            .field("lifetime", &self.lifetime)
            .field("refresh_each_request", &self.refresh_each_request)
            .finish_non_exhaustive()
    }
}

impl SessionConfig {
    /// The values of all session cookies in the `Cookie` fields of a request. Empty ones count as none.
    pub fn session_cookies<'a>(
        &'a self,
        headers: &'a HeaderMap,
    ) -> impl Iterator<Item = std::borrow::Cow<'a, str>> + 'a {
        headers
            .get_all(header::COOKIE)
            .into_iter()
            .flat_map(parse_cookie)
            .filter(|(name, value)| *name == self.cookie_name && !value.is_empty())
            .map(|(_, value)| value)
    }

    /// Does what Flask does to a response when a session is saved: `Vary: Cookie` if it was accessed (and the
    /// [`cache_control`](Self::cache_control) that was chosen, which Flask does not have), the cookie
    /// deleted if it was modified to be empty, or set if it was modified or is permanent and refreshed.
    ///
    /// `value` makes the cookie's value of the items, and is called only if the cookie is set. It must not use the
    /// session.
    ///
    /// # Errors
    ///
    /// Those of `value`, and a cookie that cannot be written, as with an unusable name.
    pub fn set_cookie(
        &self,
        session: &Session,
        secure: bool,
        response: &mut Response,
        value: impl FnOnce(&Dict) -> Result<String>,
    ) -> Result<()> {
        if session.accessed() {
            self.mark(response);
        }
        let cookie = session.peek(|dict, modified| -> Result<_> {
            let permanent = is_permanent(dict);
            if dict.is_empty() {
                return Ok(modified.then(|| SetCookie::removal(&self.cookie_name)));
            }
            let set = modified || (permanent && self.refresh_each_request);
            if !set {
                return Ok(None);
            }
            let cookie = SetCookie::new(&self.cookie_name, value(dict)?);
            let expires = permanent.then(|| self.clock.now().checked_add(self.lifetime)).flatten();
            Ok(Some(match expires {
                Some(time) => cookie.expires(time),
                None => cookie,
            }))
        })?;
        let Some(mut cookie) = cookie else { return Ok(()) };
        cookie = cookie
            .path(self.path.as_str())
            .secure(self.secure || secure)
            .http_only(self.httponly)
            .same_site(self.samesite)
            .partitioned(self.partitioned);
        if let Some(domain) = &self.domain {
            cookie = cookie.domain(domain);
        }
        let line = cookie.to_line_at(self.clock.now())?;
        if let Some(warning) = cookie.oversize_warning(&line, self.max_cookie_size) {
            tracing::warn!(target: "carboy::session", "{warning}");
        }
        response.headers_mut().append(header::SET_COOKIE, HeaderValue::from_bytes(line.as_bytes())?);
        self.mark(response);
        Ok(())
    }

    /// Says that a response is for this visitor.
    fn mark(&self, response: &mut Response) {
        response.add_vary(&header::COOKIE);
        if let Some(value) = &self.cache_control {
            response.headers_mut().entry(header::CACHE_CONTROL).or_insert_with(|| value.clone());
        }
    }
}
