//! Sets of HTTP methods: a word of bits for the registered ones, names for all others.

use std::borrow::Cow;
use std::fmt;

/// The usual methods, sorted; a method's place is its bit.
const KNOWN: [&str; 9] = ["CONNECT", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "TRACE"];

fn bit(method: &str) -> Option<u16> {
    KNOWN.iter().position(|known| *known == method).map(|place| 1 << place)
}

/// A set of HTTP methods in upper case, always listed in alphabetical order.
///
/// Werkzeug answers a 405 with the methods in the order of a Python set, which changes from run to run; this one is
/// stable.
///
/// ```
/// use carboy_routing::MethodSet;
///
/// let methods: MethodSet = ["post", "GET", "PURGE"].into_iter().collect();
/// assert_eq!(methods.to_string(), "GET, POST, PURGE");
/// assert!(methods.contains("POST") && !methods.contains("HEAD"));
/// ```
#[derive(Clone, Default, PartialEq, Eq, Hash)]
pub struct MethodSet {
    bits: u16,
    others: Vec<Box<str>>,
}

impl MethodSet {
    /// The empty set.
    pub const fn new() -> Self {
        Self { bits: 0, others: Vec::new() }
    }

    /// Adds a method, in upper case.
    pub fn insert(&mut self, method: &str) {
        let upper = method.to_uppercase();
        match bit(&upper) {
            Some(bit) => self.bits |= bit,
            None => {
                if let Err(place) = self.others.binary_search_by(|other| (**other).cmp(&upper)) {
                    self.others.insert(place, upper.into());
                }
            }
        }
    }

    /// Whether the method, given in upper case, is in the set.
    pub fn contains(&self, method: &str) -> bool {
        match bit(method) {
            Some(bit) => self.bits & bit != 0,
            None => self.others.iter().any(|other| **other == *method),
        }
    }

    /// Adds all methods of another set.
    pub fn extend(&mut self, other: &Self) {
        self.bits |= other.bits;
        other.others.iter().for_each(|method| self.insert(method));
    }

    /// Whether there is no method in the set.
    pub fn is_empty(&self) -> bool {
        self.bits == 0 && self.others.is_empty()
    }

    /// The number of methods.
    pub fn len(&self) -> usize {
        self.bits.count_ones() as usize + self.others.len()
    }

    /// The methods in alphabetical order.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        let mut known =
            KNOWN.iter().enumerate().filter(|(place, _)| self.bits & (1 << place) != 0).peekable();
        let mut others = self.others.iter().peekable();
        std::iter::from_fn(move || match (known.peek(), others.peek()) {
            (Some((_, name)), Some(other)) if **name < &***other => known.next().map(|(_, name)| *name),
            (_, Some(_)) => others.next().map(|other| &**other),
            (_, None) => known.next().map(|(_, name)| *name),
        })
    }

    pub(crate) fn allows(&self, method: &Method<'_>) -> bool {
        match method.bit {
            Some(bit) => self.bits & bit != 0,
            None => self.others.iter().any(|other| **other == *method.name),
        }
    }
}

impl<S: AsRef<str>> FromIterator<S> for MethodSet {
    fn from_iter<I: IntoIterator<Item = S>>(methods: I) -> Self {
        let mut set = Self::new();
        methods.into_iter().for_each(|method| set.insert(method.as_ref()));
        set
    }
}

impl fmt::Display for MethodSet {
    /// The value of an `Allow` header (RFC 9110, section 10.2.1).
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, method) in self.iter().enumerate() {
            if index > 0 {
                f.write_str(", ")?;
            }
            f.write_str(method)?;
        }
        Ok(())
    }
}

impl fmt::Debug for MethodSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter()).finish()
    }
}

/// A request's method, looked up once for many comparisons.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Method<'a> {
    bit: Option<u16>,
    name: &'a str,
}

impl<'a> Method<'a> {
    /// `name` in upper case.
    pub(crate) fn new(name: &'a str) -> Self {
        Self { bit: bit(name), name }
    }

    /// A method as it came; `upper` keeps its name if that is not in upper case.
    pub(crate) fn of(name: &'a str, upper: &'a mut String) -> Self {
        if let Some(bit) = bit(name) {
            return Self { bit: Some(bit), name };
        }
        match crate::bind::upper(name) {
            Cow::Borrowed(name) => Self { bit: None, name },
            Cow::Owned(name) => {
                *upper = name;
                Self::new(upper)
            }
        }
    }

    pub(crate) fn name(&self) -> &'a str {
        self.name
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn methods_are_listed_in_alphabetical_order_whatever_their_kind() {
        let set: MethodSet = ["PUT", "ABC", "get", "LOCK", "ZAP", "lock"].into_iter().collect();
        assert_eq!(set.iter().collect::<Vec<_>>(), ["ABC", "GET", "LOCK", "PUT", "ZAP"]);
        assert_eq!(set.len(), 5);
        assert!(set.allows(&Method::new("LOCK")) && !set.allows(&Method::new("POST")));
    }
}
