//! A content security policy as data.

use serde::{Deserialize, Deserializer, de};
use std::fmt;

/// A Content Security Policy: directives in their order, each with its sources (CSP Level 3, section 2.3).
///
/// It is made of text, of pairs, or piece by piece. An empty one stands for none.
///
/// ```
/// use carboy::security::Csp;
///
/// let policy = Csp::from("default-src 'self'; img-src *")
///     .set("script-src", "'self' cdn.example")
///     .add("img-src", "data:")
///     .remove("default-src");
/// assert_eq!(policy.to_string(), "img-src * data:; script-src 'self' cdn.example");
/// assert_eq!(policy, Csp::from([("img-src", "* data:"), ("script-src", "'self' cdn.example")]));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Csp(Vec<(String, String)>);

impl Csp {
    /// A policy without directives, which is none.
    pub fn new() -> Self {
        Csp::default()
    }

    /// Sets the sources of a directive, in place of those that it has.
    #[must_use]
    pub fn set(mut self, directive: &str, sources: &str) -> Self {
        let (directive, sources) = (directive.trim().to_ascii_lowercase(), sources.trim().to_owned());
        match self.0.iter_mut().find(|(name, _)| *name == directive) {
            Some((_, value)) => *value = sources,
            None => self.0.push((directive, sources)),
        }
        self
    }

    /// Adds sources to those that a directive has. A source `'none'`, which stands alone, is given up for them.
    #[must_use]
    pub fn add(self, directive: &str, sources: &str) -> Self {
        let sources = match self.get(directive) {
            Some(former) if !former.is_empty() && former != "'none'" => {
                format!("{former} {}", sources.trim())
            }
            _ => sources.to_owned(),
        };
        self.set(directive, &sources)
    }

    /// Leaves a directive out.
    #[must_use]
    pub fn remove(mut self, directive: &str) -> Self {
        self.0.retain(|(name, _)| !name.eq_ignore_ascii_case(directive));
        self
    }

    /// The sources of a directive.
    pub fn get(&self, directive: &str) -> Option<&str> {
        self.0.iter().find(|(name, _)| name.eq_ignore_ascii_case(directive)).map(|(_, sources)| &**sources)
    }

    /// Whether there are no directives.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The directives with their sources.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, sources)| (&**name, &**sources))
    }

    /// What a browser would not understand, in a sentence.
    pub(super) fn mistake(&self) -> Option<String> {
        self.iter().find_map(|(name, sources)| {
            if name.is_empty() || !name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-') {
                return Some(format!("'{}' is no name of a directive", name.escape_debug()));
            }
            let odd = sources.chars().find(|c| !(' '..='~').contains(c) || matches!(c, ';' | ','))?;
            Some(format!("{name} holds the character {odd:?}, which its sources cannot have"))
        })
    }
}

impl fmt::Display for Csp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, (name, sources)) in self.iter().enumerate() {
            f.write_str(if index == 0 { "" } else { "; " })?;
            f.write_str(name)?;
            if !sources.is_empty() {
                write!(f, " {sources}")?;
            }
        }
        Ok(())
    }
}

impl From<&str> for Csp {
    fn from(text: &str) -> Self {
        let directives = text.split(';').map(str::trim).filter(|directive| !directive.is_empty());
        directives.fold(Csp::new(), |policy, directive| {
            let (name, sources) = directive.split_once(char::is_whitespace).unwrap_or((directive, ""));
            // Of two of the same name the browser takes the first.
            if policy.get(name).is_some() { policy } else { policy.set(name, sources) }
        })
    }
}

impl<S: AsRef<str>, const N: usize> From<[(&str, S); N]> for Csp {
    fn from(directives: [(&str, S); N]) -> Self {
        directives.iter().fold(Csp::new(), |policy, (name, sources)| policy.set(name, sources.as_ref()))
    }
}

/// Text, or a mapping of directives to text or to lists, as Flask-Talisman takes it.
impl<'de> Deserialize<'de> for Csp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Sources {
            Text(String),
            List(Vec<String>),
        }
        struct Visitor;
        impl<'de> de::Visitor<'de> for Visitor {
            type Value = Csp;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a policy: text, or a mapping of directives to sources")
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<Csp, E> {
                Ok(Csp::from(text))
            }
            fn visit_map<A: de::MapAccess<'de>>(self, mut map: A) -> Result<Csp, A::Error> {
                let mut policy = Csp::new();
                while let Some((name, sources)) = map.next_entry::<String, Sources>()? {
                    policy = match sources {
                        Sources::Text(text) => policy.set(&name, &text),
                        Sources::List(list) => policy.set(&name, &list.join(" ")),
                    };
                }
                Ok(policy)
            }
        }
        deserializer.deserialize_any(Visitor)
    }
}
