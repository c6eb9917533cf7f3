//! Text and regular expressions, as Flask-CORS tells them apart.

use carboy::{Error, Result};
use regex::{Regex, RegexBuilder};
use serde::{Deserialize, Deserializer};
use std::borrow::Cow;

/// What an expression may grow to when it is compiled.
const SIZE_LIMIT: usize = 256 << 10;

/// An origin, a header name or a path, or a regular expression for some.
///
/// Text that holds one of `*\]?$^[]()` is taken for a regular expression, other text for what it says; `*` stands for anything. Expressions
/// are matched from the start on and need not reach the end: write `^…$` for an exact one. Their syntax is that of the crate `regex`, which
/// has no look-around and no backreferences, and takes time in proportion to what is matched, whatever a client sends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pattern(Kind);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Kind {
    Text(String),
    Regex(String),
}

impl Pattern {
    /// A regular expression, whatever it looks like. Unlike one given as text it minds the case, also in an origin: `(?i)` makes it not.
    pub fn regex(expression: &str) -> Self {
        Pattern(Kind::Regex(expression.to_owned()))
    }

    /// Whether this is the wildcard.
    pub(super) fn is_wildcard(&self) -> bool {
        matches!(&self.0, Kind::Text(text) if text == "*" || text == ".*")
    }

    fn text(&self) -> &str {
        match &self.0 {
            Kind::Text(text) if text == "*" => ".*",
            Kind::Text(text) | Kind::Regex(text) => text,
        }
    }

    fn looks_like_regex(&self) -> bool {
        self.text().contains(['*', '\\', ']', '?', '$', '^', '[', '(', ')'])
    }

    /// Where it stands among the patterns of a mapping.
    pub(super) fn rank(&self) -> impl Ord + use<> {
        let group = match &self.0 {
            Kind::Text(_) if !self.looks_like_regex() => 0,
            Kind::Regex(_) => 1,
            Kind::Text(_) => 2,
        };
        let slashes = self.text().matches('/').count();
        (group, std::cmp::Reverse(slashes), std::cmp::Reverse(self.text().chars().count()))
    }

    /// The pattern ready to be matched.
    ///
    /// # Errors
    /// When it is a regular expression that cannot be compiled.
    pub(super) fn matcher(&self, ignore_case: bool) -> Result<Matcher> {
        let ignore_case = match &self.0 {
            Kind::Text(_) if !self.looks_like_regex() => return Ok(Matcher::Text(self.text().to_owned())),
            Kind::Text(_) => ignore_case,
            Kind::Regex(_) => false,
        };
        RegexBuilder::new(&format!(r"\A(?:{})", self.text()))
            .case_insensitive(ignore_case)
            .size_limit(SIZE_LIMIT)
            .build()
            .map(Matcher::Regex)
            .map_err(|error| {
                Error::msg(format!("'{}' is a regular expression that cannot be used: {error}", self.text()))
            })
    }
}

impl From<&str> for Pattern {
    fn from(text: &str) -> Self {
        Pattern(Kind::Text(text.to_owned()))
    }
}

impl From<String> for Pattern {
    fn from(text: String) -> Self {
        Pattern(Kind::Text(text))
    }
}

impl<'de> Deserialize<'de> for Pattern {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(Pattern::from)
    }
}

/// A pattern ready to be matched.
#[derive(Debug, Clone)]
pub(super) enum Matcher {
    Text(String),
    Regex(Regex),
}

impl Matcher {
    /// Whether an origin or the name of a header field fits.
    pub(super) fn matches(&self, value: &str) -> bool {
        match self {
            Matcher::Text(text) => {
                text.eq_ignore_ascii_case(value) || text.to_lowercase() == value.to_lowercase()
            }
            Matcher::Regex(regex) => regex.is_match(value),
        }
    }

    /// Whether a path fits.
    pub(super) fn matches_exactly(&self, value: &str) -> bool {
        match self {
            Matcher::Text(text) => text == value,
            Matcher::Regex(regex) => regex.is_match(value),
        }
    }
}

/// Decodes a path once more; bytes that are not UTF-8 become U+FFFD.
pub(super) fn unquote(path: &str) -> Cow<'_, str> {
    if !path.contains('%') {
        return Cow::Borrowed(path);
    }
    let digit = |byte: Option<&u8>| byte.and_then(|byte| (*byte as char).to_digit(16));
    let bytes = path.as_bytes();
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        match (bytes[at], digit(bytes.get(at + 1)), digit(bytes.get(at + 2))) {
            (b'%', Some(high), Some(low)) => {
                decoded.push((high * 16 + low) as u8);
                at += 3;
            }
            (byte, ..) => {
                decoded.push(byte);
                at += 1;
            }
        }
    }
    Cow::Owned(String::from_utf8_lossy(&decoded).into_owned())
}
