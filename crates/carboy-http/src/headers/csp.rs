//! `Content-Security-Policy` and its `-Report-Only` twin.

use super::params::Options;

/// A policy: directives and their sources, in order.
///
/// ```
/// use carboy_http::headers::ContentSecurityPolicy;
/// let mut policy = ContentSecurityPolicy::parse("default-src 'self'; img-src *");
/// policy.set("img-src", "'self' data:").remove("object-src");
/// assert_eq!(policy.get("default-src"), Some("'self'"));
/// assert_eq!(policy.to_header(), "default-src 'self'; img-src 'self' data:");
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ContentSecurityPolicy(Options);

impl ContentSecurityPolicy {
    /// Reads the field. A directive without a blank in it is dropped, as Werkzeug does.
    pub fn parse(value: &str) -> Self {
        let directives = value.split(';').filter_map(|directive| {
            let (name, sources) = directive.trim_matches([' ', '\t']).split_once(' ')?;
            Some((name.trim_matches([' ', '\t']), sources.trim_matches([' ', '\t'])))
        });
        ContentSecurityPolicy(directives.collect())
    }

    /// The sources of a directive, such as `script-src`.
    pub fn get(&self, directive: &str) -> Option<&str> {
        self.0.get(directive)
    }

    /// Sets the sources of a directive.
    pub fn set(&mut self, directive: impl Into<String>, sources: impl Into<String>) -> &mut Self {
        self.0.insert(directive, sources);
        self
    }

    /// Takes a directive out.
    pub fn remove(&mut self, directive: &str) -> &mut Self {
        self.0.remove(directive);
        self
    }

    /// Directives and sources in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The value of the header field.
    pub fn to_header(&self) -> String {
        let directives: Vec<String> =
            self.0.iter().map(|(directive, sources)| format!("{directive} {sources}")).collect();
        directives.join("; ")
    }
}
