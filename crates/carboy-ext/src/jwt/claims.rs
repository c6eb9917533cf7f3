//! What a token says, and what of it must hold.

use super::error::{JwtError, JwtErrorKind};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::DeserializeOwned};
use serde_json::{Map, Value};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// The claims of a token: those of RFC 7519 section 4.1, the scope of RFC 9068, and whatever else was put there.
///
/// ```
/// use carboy_ext::jwt::Claims;
/// let claims = Claims::new("7").scope("notes:read notes:write").set("name", "Ann");
/// assert!(claims.has_scope("notes:read") && !claims.has_scope("notes"));
/// assert_eq!(claims.get::<String>("name").as_deref(), Some("Ann"));
/// ```
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Claims {
    /// Who issued it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub iss: Option<String>,
    /// Whom it is about: the id of a user, mostly.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sub: Option<String>,
    /// Whom it is for.
    #[serde(
        default,
        skip_serializing_if = "Vec::is_empty",
        serialize_with = "one_or_list",
        deserialize_with = "one_or_many"
    )]
    pub aud: Vec<String>,
    /// When it expires, in seconds since 1970.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "seconds")]
    pub exp: Option<u64>,
    /// From when on it is valid.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "seconds")]
    pub nbf: Option<u64>,
    /// When it was issued.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "seconds")]
    pub iat: Option<u64>,
    /// Its own id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub jti: Option<String>,
    /// What it permits, separated by spaces.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scope: Option<String>,
    /// All others.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

impl Claims {
    /// Claims about somebody.
    pub fn new(subject: impl ToString) -> Self {
        Claims { sub: Some(subject.to_string()), ..Claims::default() }
    }

    /// Sets what the token permits: names separated by spaces (RFC 6749 section 3.3).
    pub fn scope(mut self, scope: impl Into<String>) -> Self {
        self.scope = Some(scope.into());
        self
    }

    /// Adds somebody whom the token is for.
    pub fn audience(mut self, audience: impl Into<String>) -> Self {
        self.aud.push(audience.into());
        self
    }

    /// Sets how long it is valid from now on, in place of `JWT_ACCESS_TOKEN_EXPIRES`.
    pub fn expires_in(mut self, lifetime: Duration) -> Self {
        self.exp = Some(now().saturating_add(lifetime.as_secs()));
        self
    }

    /// Sets a claim of the app's own. A value that is no JSON is left out.
    pub fn set(mut self, name: impl Into<String>, value: impl Serialize) -> Self {
        if let Ok(value) = serde_json::to_value(value) {
            self.extra.insert(name.into(), value);
        }
        self
    }

    /// A claim of the app's own; `None` when it is not there or of another type.
    pub fn get<T: DeserializeOwned>(&self, name: &str) -> Option<T> {
        T::deserialize(self.extra.get(name)?).ok()
    }

    /// What the token permits.
    pub fn scopes(&self) -> impl Iterator<Item = &str> {
        self.scope.as_deref().unwrap_or_default().split(' ').filter(|scope| !scope.is_empty())
    }

    /// Whether the token permits this.
    pub fn has_scope(&self, scope: &str) -> bool {
        self.scopes().any(|one| one == scope)
    }
}

/// What must hold for the claims of a token.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rules<'a> {
    /// One of these, if any are named.
    pub(crate) issuers: &'a [String],
    /// One of these; a token for nobody in particular when none is named.
    pub(crate) audiences: &'a [String],
    pub(crate) leeway: u64,
    /// Seconds since 1970.
    pub(crate) now: u64,
}

impl Rules<'_> {
    pub(crate) fn check(&self, claims: &Map<String, Value>) -> Result<(), JwtError> {
        for name in ["sub", "jti"] {
            text(claims, name)?;
        }
        let now = self.now as f64;
        let leeway = self.leeway as f64;
        let expires = date(claims, "exp")?.ok_or(JwtErrorKind::MissingClaim("exp"))?;
        if expires <= now - leeway {
            return Err(JwtErrorKind::Expired.into());
        }
        for name in ["nbf", "iat"] {
            if date(claims, name)?.is_some_and(|from| from > now + leeway) {
                return Err(JwtErrorKind::Immature.into());
            }
        }
        let issuer = text(claims, "iss")?;
        if !self.issuers.is_empty() {
            let issuer = issuer.ok_or(JwtErrorKind::MissingClaim("iss"))?;
            if !self.issuers.iter().any(|expected| expected == issuer) {
                return Err(JwtErrorKind::Issuer.into());
            }
        }
        let audience = audience(claims)?;
        match (self.audiences, &audience) {
            ([], None) => Ok(()),
            (_, None) => Err(JwtErrorKind::MissingClaim("aud").into()),
            (expected, Some(named)) if expected.iter().any(|one| named.contains(&one.as_str())) => Ok(()),
            _ => Err(JwtErrorKind::Audience.into()),
        }
    }
}

/// Seconds since 1970.
pub(crate) fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

/// The value of a claim that is text.
pub(crate) fn text<'a>(
    claims: &'a Map<String, Value>,
    name: &'static str,
) -> Result<Option<&'a str>, JwtError> {
    match claims.get(name) {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(JwtErrorKind::InvalidClaim(name.into()).into()),
    }
}

/// The value of a claim that is a date: a number, which may have a fraction (RFC 7519 section 2).
pub(crate) fn date(claims: &Map<String, Value>, name: &'static str) -> Result<Option<f64>, JwtError> {
    match claims.get(name).map(Value::as_f64) {
        None => Ok(None),
        // Whole seconds count, as for PyJWT.
        Some(Some(date)) if date.is_finite() => Ok(Some(date.trunc())),
        _ => Err(JwtErrorKind::InvalidClaim(name.into()).into()),
    }
}

/// Whom a token is for; `None` when it does not say.
pub(crate) fn audience(claims: &Map<String, Value>) -> Result<Option<Vec<&str>>, JwtError> {
    let invalid = || JwtError::from(JwtErrorKind::InvalidClaim("aud".into()));
    match claims.get("aud") {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(one)) if one.is_empty() => Ok(None),
        Some(Value::Array(many)) if many.is_empty() => Ok(None),
        Some(Value::String(one)) => Ok(Some(vec![one])),
        Some(Value::Array(many)) => {
            let texts = many.iter().map(|one| one.as_str().ok_or_else(invalid));
            texts.collect::<Result<_, _>>().map(Some)
        }
        Some(_) => Err(invalid()),
    }
}

fn one_or_list<S: Serializer>(list: &[String], serializer: S) -> Result<S::Ok, S::Error> {
    match list {
        [one] => one.serialize(serializer),
        list => list.serialize(serializer),
    }
}

fn one_or_many<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Audience {
        One(String),
        Many(Vec<String>),
    }
    Ok(match Audience::deserialize(deserializer)? {
        Audience::One(one) => vec![one],
        Audience::Many(many) => many,
    })
}

fn seconds<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u64>, D::Error> {
    Ok(Option::<f64>::deserialize(deserializer)?.map(|date| date as u64))
}
