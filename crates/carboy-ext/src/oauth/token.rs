//! What a token endpoint answers.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::{
    fmt,
    time::{SystemTime, UNIX_EPOCH},
};

/// Tokens of a provider, as its token endpoint answers them (RFC 6749 section 5.1) and as Authlib keeps them: JSON that either side reads.
///
/// It is not shown; what it serialises to is for a database, not for a session in a cookie, which the browser can read.
#[derive(Clone, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Token {
    /// What the provider's APIs are called with.
    pub access_token: String,
    /// `Bearer`.
    pub token_type: String,
    /// When the access token expires, in seconds since 1970.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<u64>,
    /// What gives the next one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refresh_token: Option<String>,
    /// The ID token as it came.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id_token: Option<String>,
    /// What was granted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scope: Option<String>,
    /// Whatever else was answered.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

impl Token {
    /// The token that an answer holds.
    pub(super) fn read(mut answer: Map<String, Value>, now: u64) -> Option<Self> {
        let lifetime = answer.get("expires_in").and_then(|seconds| match seconds {
            // Some providers write it as text.
            Value::String(text) => text.parse().ok(),
            number => number.as_f64(),
        });
        if let Some(lifetime) = lifetime.filter(|seconds: &f64| seconds.is_finite() && *seconds > 0.0) {
            answer.insert("expires_at".into(), now.saturating_add(lifetime as u64).into());
        } else {
            answer.remove("expires_at");
        }
        let token: Token = serde_json::from_value(Value::Object(answer)).ok()?;
        let usable = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_graphic());
        (usable(&token.access_token) && token.token_type.eq_ignore_ascii_case("bearer")).then_some(token)
    }

    /// Whether the access token has expired, or will in the next minute; `None` when it does not say.
    pub fn is_expired(&self) -> Option<bool> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
        self.expires_at.map(|expires| expires < now.saturating_add(60))
    }
}

/// Shows what it is good for, and none of the tokens.
impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Token")
            .field("scope", &self.scope)
            .field("expires_at", &self.expires_at)
            .finish_non_exhaustive()
    }
}
