//! Fields that are sets of words: `Vary`, `Allow`, `Content-Language`.

use super::{
    list::{dump_list_header, parse_list_header},
    text::combined,
};
use http::{HeaderMap, HeaderName, HeaderValue, header::VARY};

/// A set of words that ignores case and keeps its order.
///
/// ```
/// use carboy_http::headers::HeaderSet;
/// let mut vary = HeaderSet::parse("Accept-Encoding");
/// vary.add("cookie");
/// vary.add("COOKIE");
/// assert_eq!(vary.to_header(), "Accept-Encoding, cookie");
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct HeaderSet(Vec<String>);

impl HeaderSet {
    /// No words.
    pub const fn new() -> Self {
        HeaderSet(Vec::new())
    }

    /// Reads a list.
    pub fn parse(value: &str) -> Self {
        HeaderSet(parse_list_header(value))
    }

    /// The words of a field of these headers.
    pub fn of(headers: &HeaderMap, name: &HeaderName) -> Self {
        combined(headers, name).map(|value| HeaderSet::parse(&value)).unwrap_or_default()
    }

    /// Writes the words into a field of these headers; an empty set removes it. Words that no header
    /// field can hold leave the field as it was.
    pub fn store(&self, headers: &mut HeaderMap, name: &HeaderName) {
        if self.is_empty() {
            headers.remove(name);
        } else if let Ok(value) = HeaderValue::from_str(&self.to_header()) {
            headers.insert(name, value);
        }
    }

    /// Adds a word unless it is there.
    pub fn add(&mut self, word: impl Into<String>) {
        let word = word.into();
        if !self.contains(&word) {
            self.0.push(word);
        }
    }

    /// Takes a word out, in whatever case it is; whether it was there.
    pub fn remove(&mut self, word: &str) -> bool {
        let before = self.0.len();
        self.0.retain(|known| !same(known, word));
        self.0.len() < before
    }

    /// Whether the word is there.
    pub fn contains(&self, word: &str) -> bool {
        self.find(word).is_some()
    }

    /// At which place the word stands.
    pub fn find(&self, word: &str) -> Option<usize> {
        self.0.iter().position(|known| same(known, word))
    }

    /// The words in order.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }

    /// How many words there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The value of the header field.
    pub fn to_header(&self) -> String {
        dump_list_header(&self.0)
    }
}

fn same(one: &str, other: &str) -> bool {
    one.eq_ignore_ascii_case(other) || one.to_lowercase() == other.to_lowercase()
}

impl<S: Into<String>> FromIterator<S> for HeaderSet {
    fn from_iter<I: IntoIterator<Item = S>>(words: I) -> Self {
        let mut set = HeaderSet::new();
        for word in words {
            set.add(word);
        }
        set
    }
}

/// Says that the answer depends on a request field: adds it to `Vary` unless it is there.
pub fn vary_on(headers: &mut HeaderMap, field: &HeaderName) {
    match headers.get(VARY) {
        None => {
            // A field name is a valid value; the standard ones cost no allocation.
            headers.insert(VARY, title_cased(field));
            return;
        }
        Some(only) if only.as_bytes().eq_ignore_ascii_case(field.as_str().as_bytes()) => return,
        Some(_) => {}
    }
    let mut vary = HeaderSet::of(headers, &VARY);
    if !vary.contains(field.as_str()) {
        vary.add(super::text::title(field.as_str()));
        vary.store(headers, &VARY);
    }
}

fn title_cased(field: &HeaderName) -> HeaderValue {
    if field == http::header::COOKIE {
        return HeaderValue::from_static("Cookie");
    }
    HeaderValue::from_str(&super::text::title(field.as_str()))
        .unwrap_or_else(|_| HeaderValue::from(field.clone()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::header::{ACCEPT_ENCODING, COOKIE};

    #[test]
    fn a_word_is_removed_in_whatever_case_it_stands_there() {
        let mut words = HeaderSet::parse("GET, HEAD");
        assert!(words.remove("get") && !words.remove("POST"));
        assert_eq!(words.to_header(), "HEAD");
    }

    #[test]
    fn vary_gains_a_field_once() {
        let mut headers = HeaderMap::new();
        vary_on(&mut headers, &COOKIE);
        vary_on(&mut headers, &COOKIE);
        assert_eq!(headers[VARY], "Cookie");
        vary_on(&mut headers, &ACCEPT_ENCODING);
        assert_eq!(headers[VARY], "Cookie, Accept-Encoding");
        HeaderSet::new().store(&mut headers, &VARY);
        assert!(!headers.contains_key(VARY));
    }
}
