//! The tokens of Flask-WTF's forms (`flask_wtf.csrf`).

use crate::{
    Error, Result,
    config::Config,
    session::{Session, SessionError},
};
use carboy_http::Request;
use carboy_signing::{Clock, UrlSafeTimedSerializer};
use sha1::{Digest, Sha1};
use std::{fmt, time::Duration};

/// Makes and checks the CSRF tokens of Flask-WTF.
///
/// A random text lies in the session under the name of the form field, `csrf_token`; the form carries it signed and dated. A form that
/// Flask rendered can be posted to carboy and the other way round, as long as both have one key and one session.
///
/// ```
/// use carboy::{Session, security::tokens::CsrfTokens};
///
/// let tokens = CsrfTokens::new("dev");
/// let session = Session::default();
/// let token = tokens.generate(&session)?;
/// assert!(tokens.validate(&session, &token).is_ok());
/// assert_eq!(tokens.validate(&session, "").unwrap_err().to_string(), "The CSRF token is missing.");
/// # Ok::<(), carboy::session::SessionError>(())
/// ```
#[derive(Clone, Debug)]
pub struct CsrfTokens {
    serializer: UrlSafeTimedSerializer,
    time_limit: Option<Duration>,
    field: String,
}

impl CsrfTokens {
    /// The salt, which keeps these tokens apart from others of the same key.
    pub const SALT: &'static str = "wtf-csrf-token";
    /// The form field, and the key in the session.
    pub const FIELD: &'static str = "csrf_token";
    /// How long a token is good for: an hour.
    pub const TIME_LIMIT: Duration = Duration::from_secs(3600);
    /// The header fields in which scripts send a token.
    pub const HEADERS: [&'static str; 2] = ["X-CSRFToken", "X-CSRF-Token"];

    /// What Flask-WTF says when there is no key.
    pub const NO_SECRET_KEY: &'static str = "A secret key is required to use CSRF.";

    /// Tokens signed with this key, with Flask-WTF's defaults.
    pub fn new(secret_key: impl AsRef<[u8]>) -> Self {
        CsrfTokens {
            serializer: UrlSafeTimedSerializer::new(secret_key.as_ref()).with_salt(Self::SALT),
            time_limit: Some(Self::TIME_LIMIT),
            field: Self::FIELD.to_owned(),
        }
    }

    /// As the configuration says: WTF_CSRF_SECRET_KEY, else SECRET_KEY; WTF_CSRF_TIME_LIMIT in seconds (`null` for none);
    /// WTF_CSRF_FIELD_NAME. SECRET_KEY_FALLBACKS are not used, as in Flask-WTF.
    ///
    /// # Errors
    /// There is no key, or a setting of another type.
    pub fn from_config(config: &Config) -> Result<Self> {
        let key = match config.get_bytes("WTF_CSRF_SECRET_KEY")? {
            Some(key) => Some(key),
            None => config.get_bytes("SECRET_KEY")?,
        };
        let key = key.ok_or_else(|| Error::msg(Self::NO_SECRET_KEY))?;
        let mut tokens = CsrfTokens::new(key);
        if config.contains_key("WTF_CSRF_TIME_LIMIT") {
            tokens.time_limit = config.get::<u64>("WTF_CSRF_TIME_LIMIT")?.map(Duration::from_secs);
        }
        if let Some(field) = config.get::<String>("WTF_CSRF_FIELD_NAME")? {
            tokens.field = field;
        }
        Ok(tokens)
    }

    /// Another time limit; `None` for none.
    #[must_use]
    pub fn with_time_limit(mut self, limit: impl Into<Option<Duration>>) -> Self {
        self.time_limit = limit.into();
        self
    }

    /// Another form field, which is also the key in the session.
    #[must_use]
    pub fn with_field(mut self, name: impl Into<String>) -> Self {
        self.field = name.into();
        self
    }

    /// Another clock, for tests.
    #[must_use]
    pub fn with_clock(mut self, clock: Clock) -> Self {
        self.serializer = self.serializer.with_clock(clock);
        self
    }

    /// The form field, and the key in the session.
    pub fn field(&self) -> &str {
        &self.field
    }

    /// A token for a form of this session, whose random text is made at the first one.
    ///
    /// Each call dates a new token; all of them are good until their time is over.
    ///
    /// # Errors
    /// The session has no secret key.
    pub fn generate(&self, session: &Session) -> Result<String, SessionError> {
        let raw = match session.get::<String>(&self.field) {
            Some(raw) => raw,
            None => {
                let raw = random();
                session.try_set(&*self.field, &raw)?;
                raw
            }
        };
        // Text always serialises.
        Ok(self.serializer.dumps(&raw).unwrap_or_default())
    }

    /// The token that came with a request: in the form field, in a field whose name ends like it (a prefix of WTForms), or in one of
    /// the [`HEADERS`](Self::HEADERS); never in the query or in JSON.
    ///
    /// The form must have been read: see [`Request::load_body`].
    pub fn submitted(&self, request: &Request) -> Option<String> {
        self.submitted_in(request, &Self::HEADERS)
    }

    /// As [`submitted`](Self::submitted), with other header fields.
    pub fn submitted_in(&self, request: &Request, headers: &[impl AsRef<str>]) -> Option<String> {
        let form = request.form();
        let given = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
        form.get_str(&self.field)
            .and_then(given)
            .or_else(|| {
                form.items()
                    .filter(|(name, _)| name.ends_with(&self.field))
                    .find_map(|(_, value)| given(value.as_str()))
            })
            .or_else(|| headers.iter().find_map(|name| given(&request.header(name.as_ref())?)))
    }

    /// Whether a token is good for this session.
    ///
    /// # Errors
    /// It is not, with Flask-WTF's sentence.
    pub fn validate(&self, session: &Session, token: &str) -> Result<(), CsrfError> {
        if token.is_empty() {
            return Err(CsrfError(CsrfErrorKind::Missing));
        }
        if !session.contains(&self.field) {
            return Err(CsrfError(CsrfErrorKind::SessionMissing));
        }
        let raw: String = self.serializer.loads(token, self.time_limit).map_err(|error| {
            CsrfError(if error.is_expired() { CsrfErrorKind::Expired } else { CsrfErrorKind::Invalid })
        })?;
        let expected = session.get::<String>(&self.field);
        if expected.is_some_and(|expected| same(expected.as_bytes(), raw.as_bytes())) {
            Ok(())
        } else {
            Err(CsrfError(CsrfErrorKind::Mismatch))
        }
    }
}

/// Flask-WTF's random text: the SHA-1 of 64 random bytes, in hexadecimal.
fn random() -> String {
    let mut bytes = [0u8; 64];
    getrandom::fill(&mut bytes).expect("the system gives random bytes");
    Sha1::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Compares in a time that does not depend on where the texts differ.
fn same(a: &[u8], b: &[u8]) -> bool {
    a.len() == b.len() && a.iter().zip(b).fold(0, |difference, (a, b)| difference | (a ^ b)) == 0
}

/// Why a request's CSRF data is not good.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum CsrfErrorKind {
    /// No token came with the request.
    Missing,
    /// The session has none.
    SessionMissing,
    /// The token is too old, or from the future.
    Expired,
    /// The token is not signed with our key.
    Invalid,
    /// The token belongs to another session.
    Mismatch,
    /// The request came by HTTPS and does not say from which page.
    ReferrerMissing,
    /// The request came by HTTPS from a page of another host.
    ReferrerMismatch,
}

/// CSRF data that is not good; it is shown as Flask-WTF's sentence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CsrfError(CsrfErrorKind);

impl CsrfError {
    pub(crate) fn new(kind: CsrfErrorKind) -> Self {
        CsrfError(kind)
    }

    /// Why.
    pub fn kind(&self) -> CsrfErrorKind {
        self.0
    }
}

impl fmt::Display for CsrfError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            CsrfErrorKind::Missing => "The CSRF token is missing.",
            CsrfErrorKind::SessionMissing => "The CSRF session token is missing.",
            CsrfErrorKind::Expired => "The CSRF token has expired.",
            CsrfErrorKind::Invalid => "The CSRF token is invalid.",
            CsrfErrorKind::Mismatch => "The CSRF tokens do not match.",
            CsrfErrorKind::ReferrerMissing => "The referrer header is missing.",
            CsrfErrorKind::ReferrerMismatch => "The referrer does not match the host.",
        })
    }
}

impl std::error::Error for CsrfError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_has_one_random_text_and_many_tokens() {
        let tokens = CsrfTokens::new("dev").with_clock(Clock::fixed(1_700_000_000));
        let session = Session::default();
        let first = tokens.generate(&session).unwrap();
        let raw = session.get::<String>("csrf_token").unwrap();
        assert!(raw.len() == 40 && raw.bytes().all(|b| b.is_ascii_hexdigit()));
        assert_eq!(tokens.generate(&session).unwrap(), first);
        let later = CsrfTokens::new("dev").with_clock(Clock::fixed(1_700_000_001));
        assert_ne!(later.generate(&session).unwrap(), first);
        assert!(later.validate(&session, &first).is_ok());
        assert_ne!(
            tokens.generate(&Session::default()).unwrap(),
            first,
            "another session has another random text"
        );
    }

    #[test]
    fn a_session_without_key_has_no_tokens() {
        let error = CsrfTokens::new("dev").generate(&Session::null()).unwrap_err();
        assert!(error.is_unavailable());
    }

    #[test]
    fn a_value_in_the_session_that_is_no_text_matches_nothing() {
        let tokens = CsrfTokens::new("dev");
        let session = Session::default();
        let token = tokens.generate(&session).unwrap();
        session.set("csrf_token", 7);
        assert_eq!(tokens.validate(&session, &token).unwrap_err().kind(), CsrfErrorKind::Mismatch);
    }

    #[test]
    fn the_configuration_says_key_limit_and_field() {
        let mut config = Config::new();
        assert_eq!(
            CsrfTokens::from_config(&config).unwrap_err().to_string(),
            "A secret key is required to use CSRF."
        );
        config.set("SECRET_KEY", "dev");
        assert_eq!(CsrfTokens::from_config(&config).unwrap().time_limit, Some(CsrfTokens::TIME_LIMIT));
        config.set("WTF_CSRF_SECRET_KEY", "other").set("WTF_CSRF_TIME_LIMIT", ());
        config.set("WTF_CSRF_FIELD_NAME", "token");
        let tokens = CsrfTokens::from_config(&config).unwrap();
        assert_eq!((tokens.time_limit, tokens.field()), (None, "token"));
        let session = Session::default();
        let token = tokens.generate(&session).unwrap();
        assert!(CsrfTokens::new("other").with_field("token").validate(&session, &token).is_ok());
        assert!(CsrfTokens::new("dev").with_field("token").validate(&session, &token).is_err());
    }
}
