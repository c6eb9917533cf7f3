//! Ordered maps for what stands behind a header value: `key=value` with and without the value.
//!
//! They are mostly small; but a client says how many entries they have, so each is found by its hash.

use indexmap::IndexMap;

/// Parameters with values, in order: the part behind the first `;` of `text/html; charset=utf-8`.
///
/// Names are as they were given; [`parse_options_header`](super::parse_options_header) makes them
/// lower case.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Options(IndexMap<String, String>);

impl Options {
    /// No parameters.
    pub fn new() -> Self {
        Options::default()
    }

    /// The value of this name.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// Sets the value of this name; one that is there already keeps its place.
    pub fn insert(&mut self, name: impl Into<String>, value: impl Into<String>) {
        self.0.insert(name.into(), value.into());
    }

    /// Takes this name out and gives back its value.
    pub fn remove(&mut self, name: &str) -> Option<String> {
        self.0.shift_remove(name)
    }

    /// Names and values in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(key, value)| (key.as_str(), value.as_str()))
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl<K: Into<String>, V: Into<String>> FromIterator<(K, V)> for Options {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(pairs: I) -> Self {
        let mut options = Options::new();
        for (name, value) in pairs {
            options.insert(name, value);
        }
        options
    }
}

/// Directives with or without values, in order: `max-age=60, no-cache`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Directives(IndexMap<String, Option<String>>);

impl Directives {
    /// No directives.
    pub fn new() -> Self {
        Directives::default()
    }

    /// The value of this name; `None` when it is not there or stands alone.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.entry(name).flatten()
    }

    /// The outer `None`: not there; the inner one: there without a value.
    pub fn entry(&self, name: &str) -> Option<Option<&str>> {
        self.0.get(name).map(Option::as_deref)
    }

    /// Whether this name is there, with or without a value.
    pub fn contains(&self, name: &str) -> bool {
        self.entry(name).is_some()
    }

    /// Sets this name; one that is there already keeps its place.
    pub fn insert(&mut self, name: impl Into<String>, value: Option<String>) {
        self.0.insert(name.into(), value);
    }

    /// Takes this name out; whether it was there.
    pub fn remove(&mut self, name: &str) -> bool {
        self.0.shift_remove(name).is_some()
    }

    /// Names and values in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, Option<&str>)> {
        self.0.iter().map(|(key, value)| (key.as_str(), value.as_deref()))
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl<K: Into<String>> FromIterator<(K, Option<String>)> for Directives {
    fn from_iter<I: IntoIterator<Item = (K, Option<String>)>>(pairs: I) -> Self {
        let mut directives = Directives::new();
        for (name, value) in pairs {
            directives.insert(name, value);
        }
        directives
    }
}
