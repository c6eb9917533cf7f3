//! HTML attributes as WTForms writes them.

use crate::validation::Value;
use carboy::{TemplateValue, escape};

/// The value of an attribute.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Attr {
    /// An attribute without a value.
    On,
    /// Left away.
    Off,
    /// Text, which is escaped.
    Text(String),
    /// Text that is HTML already.
    Html(String),
}

impl From<&Value> for Attr {
    fn from(value: &Value) -> Self {
        match value {
            Value::Bool(true) => Attr::On,
            Value::Bool(false) => Attr::Off,
            other => Attr::Text(other.to_string()),
        }
    }
}

impl From<&TemplateValue> for Attr {
    fn from(value: &TemplateValue) -> Self {
        let text = value.to_string();
        match (value.as_str(), text.as_str()) {
            (Some(_), _) if value.is_safe() => Attr::Html(text),
            (None, "True") => Attr::On,
            (None, "False") => Attr::Off,
            _ => Attr::Text(text),
        }
    }
}

impl From<&str> for Attr {
    fn from(text: &str) -> Self {
        Attr::Text(text.to_owned())
    }
}

impl From<String> for Attr {
    fn from(text: String) -> Self {
        Attr::Text(text)
    }
}

/// Attributes by name: the keyword arguments of a widget.
#[derive(Debug, Clone, Default)]
pub(super) struct Attrs(Vec<(String, Attr)>);

impl Attrs {
    pub(super) fn set(&mut self, name: &str, value: impl Into<Attr>) {
        let value = value.into();
        match self.0.iter_mut().find(|(known, _)| known == name) {
            Some(entry) => entry.1 = value,
            None => self.0.push((name.to_owned(), value)),
        }
    }

    pub(super) fn set_default(&mut self, name: &str, value: impl Into<Attr>) {
        if !self.contains(name) {
            self.set(name, value);
        }
    }

    /// Sets all of `other`.
    pub(super) fn extend(&mut self, other: &Attrs) {
        for (name, value) in &other.0 {
            self.set(name, value.clone());
        }
    }

    pub(super) fn contains(&self, name: &str) -> bool {
        self.0.iter().any(|(known, _)| known == name)
    }

    pub(super) fn remove(&mut self, name: &str) -> Option<Attr> {
        let at = self.0.iter().position(|(known, _)| known == name)?;
        Some(self.0.remove(at).1)
    }

    /// As HTML, sorted by name.
    pub(super) fn html(&self) -> String {
        let mut sorted: Vec<&(String, Attr)> = self.0.iter().collect();
        sorted.sort_by(|a, b| a.0.cmp(&b.0));
        let mut out = String::new();
        for (name, value) in sorted {
            if *value == Attr::Off {
                continue;
            }
            if !out.is_empty() {
                out.push(' ');
            }
            out.push_str(&clean_key(name));
            match value {
                Attr::Text(text) => {
                    out.push_str("=\"");
                    out.push_str(&escape(text));
                    out.push('"');
                }
                Attr::Html(text) => {
                    out.push_str("=\"");
                    out.push_str(&text.replace('"', "&quot;"));
                    out.push('"');
                }
                Attr::On | Attr::Off => {}
            }
        }
        out
    }
}

/// The name of an attribute: `class_` is `class`, `data_x` and `aria_x` have hyphens.
pub(super) fn clean_key(name: &str) -> String {
    let name = name.trim_end_matches('_');
    if name.starts_with("data_") || name.starts_with("aria_") {
        name.replace('_', "-")
    } else {
        name.to_owned()
    }
}
