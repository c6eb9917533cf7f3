//! What a server and an application tell each other about a request, so that it can be followed; and what nobody is told.

use crate::url::unquote;
use std::{
    borrow::Cow,
    sync::{Arc, OnceLock},
};

/// The id of a request: among its extensions when the server gives ids.
///
/// ```
/// use carboy_http::RequestId;
/// assert_eq!(RequestId::new("4bf92f35-77b3").unwrap().as_str(), "4bf92f35-77b3");
/// assert!(RequestId::new("a b").is_none());
/// assert!(RequestId::new(&"a".repeat(129)).is_none());
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestId(Arc<str>);

impl RequestId {
    /// An id of 1 to 128 letters, digits, dots, dashes and underscores of ASCII; `None` for other text.
    pub fn new(text: &str) -> Option<Self> {
        let valid = (1..=128).contains(&text.len())
            && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-'));
        valid.then(|| RequestId(text.into()))
    }

    /// The id.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Where an application notes which of its routes a request matched, for logs and metrics: by the pattern, not by the path, of which there are
/// without number.
///
/// A server that wants to know puts one among the request's extensions. The first note counts.
#[derive(Debug, Clone, Default)]
pub struct MatchedRoute(Arc<OnceLock<Box<str>>>);

impl MatchedRoute {
    /// Notes the pattern.
    pub fn set(&self, pattern: &str) {
        let _ = self.0.set(pattern.into());
    }

    /// The pattern, once it is noted.
    pub fn get(&self) -> Option<&str> {
        self.0.get().map(|pattern| &**pattern)
    }
}

/// Who made a request, for the access log: an application puts it among a response's extensions. It is not sent.
///
/// ```
/// use carboy_http::{LogUser, Response};
/// let mut response = Response::text("Hello, Ann!");
/// response.extensions_mut().insert(LogUser::new("ann"));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogUser(String);

impl LogUser {
    /// A user of this name, or number.
    pub fn new(name: impl Into<String>) -> Self {
        LogUser(name.into())
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Whether what stands under this name is kept out of logs and error pages: names that contain `secret`, `passw`, `token`, `api_key`, `private_key`,
/// `credential`, `auth`, `cookie` or `session`, in any case, with `-` or nothing for `_`.
///
/// ```
/// use carboy_http::is_secret_name;
/// assert!(is_secret_name("X-Api-Key") && is_secret_name("csrf_token") && is_secret_name("Authorization"));
/// assert!(!is_secret_name("page"));
/// ```
pub fn is_secret_name(name: &str) -> bool {
    const PARTS: [&str; 9] =
        ["secret", "passw", "token", "apikey", "privatekey", "credential", "auth", "cookie", "session"];
    let bare = |c: char| (c != '_' && c != '-').then(|| c.to_ascii_lowercase());
    let name: String = name.chars().filter_map(bare).collect();
    PARTS.iter().any(|part| name.contains(part))
}

/// What stands for a secret.
const REDACTED: &str = "***";

/// A target or a URL, with `***` for the values of arguments whose names [sound like secrets](is_secret_name).
///
/// ```
/// use carboy_http::without_secrets;
/// assert_eq!(&*without_secrets(b"/reset?id=7&token=abc"), b"/reset?id=7&token=***");
/// ```
pub fn without_secrets(url: &[u8]) -> Cow<'_, [u8]> {
    let Some(at) = url.iter().position(|b| *b == b'?') else { return Cow::Borrowed(url) };
    let (path, query) = url.split_at(at + 1);
    if !query.contains(&b'=') {
        return Cow::Borrowed(url);
    }
    let mut out = path.to_vec();
    let mut redacted = false;
    for piece in query.split_inclusive(|b| *b == b'&') {
        let (pair, end) = match piece.split_last() {
            Some((b'&', pair)) => (pair, &piece[pair.len()..]),
            _ => (piece, &b""[..]),
        };
        match pair.iter().position(|b| *b == b'=') {
            Some(equals) if is_secret(&pair[..equals]) => {
                out.extend_from_slice(&pair[..=equals]);
                out.extend_from_slice(REDACTED.as_bytes());
                redacted = true;
            }
            _ => out.extend_from_slice(pair),
        }
        out.extend_from_slice(end);
    }
    if redacted { Cow::Owned(out) } else { Cow::Borrowed(url) }
}

fn is_secret(name: &[u8]) -> bool {
    is_secret_name(&unquote(&String::from_utf8_lossy(name)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_whose_names_sound_like_secrets_have_no_values_in_a_log() {
        for (url, logged) in [
            ("/a", "/a"),
            ("/a?b=c&d", "/a?b=c&d"),
            ("/a?token=x", "/a?token=***"),
            ("/a?b=c&Api-Key=x&d=e", "/a?b=c&Api-Key=***&d=e"),
            ("/a?pass%77ord=x=y&&=&", "/a?pass%77ord=***&&=&"),
            ("http://a/?session=1&session=2", "http://a/?session=***&session=***"),
            ("/token=x", "/token=x"),
        ] {
            assert_eq!(String::from_utf8_lossy(&without_secrets(url.as_bytes())), logged);
        }
    }
}
