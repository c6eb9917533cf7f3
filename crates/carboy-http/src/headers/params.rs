//! Small ordered maps for what stands behind a header value: `key=value` with and without the value.

/// Parameters with values, in order: the part behind the first `;` of `text/html; charset=utf-8`.
///
/// Names are as they were given; [`parse_options_header`](super::parse_options_header) makes them
/// lower case.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Options(Vec<(String, String)>);

impl Options {
    /// No parameters.
    pub const fn new() -> Self {
        Options(Vec::new())
    }

    /// The value of this name.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// Sets the value of this name; one that is there already keeps its place.
    pub fn insert(&mut self, name: impl Into<String>, value: impl Into<String>) {
        let (name, value) = (name.into(), value.into());
        match self.0.iter_mut().find(|(key, _)| *key == name) {
            Some((_, old)) => *old = value,
            None => self.0.push((name, value)),
        }
    }

    /// Takes this name out and gives back its value.
    pub fn remove(&mut self, name: &str) -> Option<String> {
        let at = self.0.iter().position(|(key, _)| key == name)?;
        Some(self.0.remove(at).1)
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
pub struct Directives(Vec<(String, Option<String>)>);

impl Directives {
    /// No directives.
    pub const fn new() -> Self {
        Directives(Vec::new())
    }

    /// The value of this name; `None` when it is not there or stands alone.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.entry(name).flatten()
    }

    /// The outer `None`: not there; the inner one: there without a value.
    pub fn entry(&self, name: &str) -> Option<Option<&str>> {
        self.0.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_deref())
    }

    /// Whether this name is there, with or without a value.
    pub fn contains(&self, name: &str) -> bool {
        self.entry(name).is_some()
    }

    /// Sets this name; one that is there already keeps its place.
    pub fn insert(&mut self, name: impl Into<String>, value: Option<String>) {
        let name = name.into();
        match self.0.iter_mut().find(|(key, _)| *key == name) {
            Some((_, old)) => *old = value,
            None => self.0.push((name, value)),
        }
    }

    /// Takes this name out; whether it was there.
    pub fn remove(&mut self, name: &str) -> bool {
        let before = self.0.len();
        self.0.retain(|(key, _)| key != name);
        self.0.len() < before
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
