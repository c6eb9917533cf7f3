//! What was sent: names with texts and files.

use crate::validation::Value;
use carboy::{FileStorage, MultiDict, Request, Result};
use std::collections::HashMap;

/// The names and values that were sent, in the order of the names' first occurrence.
#[derive(Clone, Default)]
pub struct FormData {
    names: Vec<String>,
    values: HashMap<String, Vec<Value>>,
}

impl FormData {
    /// Nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a value.
    pub fn add(&mut self, name: impl Into<String>, value: impl Into<Value>) {
        let name = name.into();
        match self.values.get_mut(&name) {
            Some(values) => values.push(value.into()),
            None => {
                self.values.insert(name.clone(), vec![value.into()]);
                self.names.push(name);
            }
        }
    }

    /// What a request sent, as Flask-WTF takes it: files and fields, else the fields, else the object of JSON, whose members that are no
    /// text, number or truth value are left out.
    ///
    /// Nothing for the methods that send none, and when nothing was sent.
    ///
    /// # Errors
    /// 400 for JSON that does not parse.
    pub fn of(request: &Request) -> Result<Option<Self>> {
        if !is_submission(request) {
            return Ok(None);
        }
        let (files, form) = (request.files(), request.form());
        if !files.is_empty() || !form.is_empty() {
            return Ok(Some(Self::from_parts(&files, &form)));
        }
        if !request.is_json() {
            return Ok(None);
        }
        let mut data = Self::new();
        if let serde_json::Value::Object(members) = request.json::<serde_json::Value>()? {
            for (name, value) in members {
                let values = match value {
                    serde_json::Value::Array(items) => items,
                    single => vec![single],
                };
                for value in values {
                    match value {
                        serde_json::Value::String(text) => data.add(&*name, text),
                        serde_json::Value::Number(number) => data.add(&*name, number.to_string()),
                        serde_json::Value::Bool(value) => {
                            data.add(&*name, if value { "true" } else { "false" })
                        }
                        _ => {}
                    }
                }
            }
        }
        Ok(Some(data))
    }

    fn from_parts(files: &MultiDict<FileStorage>, form: &MultiDict<String>) -> Self {
        let mut data = Self::new();
        for (name, file) in files.items_multi() {
            data.add(name, file.clone());
        }
        for (name, text) in form.items_multi() {
            data.add(name, text.as_str());
        }
        data
    }

    pub(super) fn contains(&self, name: &str) -> bool {
        self.values.contains_key(name)
    }

    pub(super) fn list(&self, name: &str) -> &[Value] {
        self.values.get(name).map_or(&[], Vec::as_slice)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.names.is_empty()
    }

    /// The numbers behind `name-`, sorted, each once.
    pub(super) fn indices(&self, name: &str) -> Vec<u64> {
        let number = |key: &String| {
            let rest = key.strip_prefix(name)?;
            let mut chars = rest.chars();
            chars.next();
            let digits = chars.as_str().split('-').next()?;
            // Python's `isdigit`, of the digits that people type; what does not fit is no index of a list.
            digits.bytes().all(|b| b.is_ascii_digit()).then(|| digits.parse().ok()).flatten()
        };
        let mut found: Vec<u64> = self.names.iter().filter_map(number).collect();
        found.sort_unstable();
        found.dedup();
        found
    }
}

/// Not what was typed: it may be a password.
impl std::fmt::Debug for FormData {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("FormData").field("names", &self.names).finish_non_exhaustive()
    }
}

impl<N: Into<String>, V: Into<Value>> FromIterator<(N, V)> for FormData {
    fn from_iter<I: IntoIterator<Item = (N, V)>>(entries: I) -> Self {
        let mut data = Self::new();
        for (name, value) in entries {
            data.add(name, value);
        }
        data
    }
}

/// Whether the method of a request sends a form.
pub(super) fn is_submission(request: &Request) -> bool {
    matches!(request.method().as_str(), "POST" | "PUT" | "PATCH" | "DELETE")
}
