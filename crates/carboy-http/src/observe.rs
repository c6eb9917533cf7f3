//! What a server and an application tell each other about a request, so that it can be followed.

use std::sync::{Arc, OnceLock};

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
