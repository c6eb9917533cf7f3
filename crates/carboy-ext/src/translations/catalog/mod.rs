//! Catalogues: what translators write, as `.po` and `.mo` files hold it.

pub(super) mod mo;
pub(super) mod plural;
pub(super) mod po;

use std::collections::HashMap;

use plural::Plural;

/// What separates a context from its message in a key: gettext's own mark.
pub(super) const CONTEXT: char = '\u{4}';

/// As large may a file be: larger ones are no catalogues that somebody translated.
pub(super) const LARGEST: usize = 64 << 20;

/// The messages of a language, to be looked up.
#[derive(Clone, Debug, Default)]
pub(super) struct Catalog {
    messages: HashMap<String, Forms>,
    plural: Plural,
}

#[derive(Clone, Debug)]
enum Forms {
    One(String),
    Many(Vec<String>),
}

/// The key of a message.
fn key(context: Option<&str>, message: &str) -> String {
    match context {
        Some(context) => format!("{context}{CONTEXT}{message}"),
        None => message.to_owned(),
    }
}

impl Catalog {
    pub(super) fn new(plural: Plural) -> Self {
        Self { messages: HashMap::new(), plural }
    }

    pub(super) fn len(&self) -> usize {
        self.messages.len()
    }

    pub(super) fn add(&mut self, context: Option<&str>, message: &str, translation: String) {
        self.add_key(key(context, message), translation);
    }

    pub(super) fn add_plural(&mut self, context: Option<&str>, message: &str, forms: Vec<String>) {
        self.add_key_plural(key(context, message), forms);
    }

    fn add_key(&mut self, key: String, translation: String) {
        self.messages.insert(key, Forms::One(translation));
    }

    fn add_key_plural(&mut self, key: String, forms: Vec<String>) {
        self.messages.insert(key, Forms::Many(forms));
    }

    /// The translation of a message; of one with a plural that for the number 1.
    pub(super) fn get(&self, context: Option<&str>, message: &str) -> Option<&str> {
        match self.messages.get(&key(context, message))? {
            Forms::One(text) => Some(text),
            Forms::Many(forms) => forms.get(self.plural.form(1)?).map(String::as_str),
        }
    }

    /// The translation for a number.
    pub(super) fn get_plural(&self, context: Option<&str>, message: &str, number: u64) -> Option<&str> {
        match self.messages.get(&key(context, message))? {
            Forms::One(_) => None,
            Forms::Many(forms) => forms.get(self.plural.form(number)?).map(String::as_str),
        }
    }
}

/// The fields of a header: what stands as the translation of the empty message.
pub(super) fn header_field<'h>(header: &'h str, name: &str) -> Option<&'h str> {
    header.lines().find_map(|line| {
        let (key, value) = line.split_once(':')?;
        key.trim().eq_ignore_ascii_case(name).then(|| value.trim())
    })
}

/// How the bytes of a file are text.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Charset {
    Utf8,
    Latin1,
}

impl Charset {
    /// What the header says; UTF-8 when it says nothing.
    pub(super) fn of_header(header: &str) -> Result<Self, String> {
        let charset = header_field(header, "Content-Type")
            .and_then(|value| value.split(';').find_map(|part| part.trim().strip_prefix("charset=")))
            .unwrap_or("utf-8");
        match charset.trim_matches('"').to_ascii_lowercase().replace('_', "-").as_str() {
            // The word that a template has before somebody translates it.
            "utf-8" | "utf8" | "us-ascii" | "ascii" | "charset" | "" => Ok(Self::Utf8),
            "iso-8859-1" | "latin-1" | "latin1" => Ok(Self::Latin1),
            other => {
                let other: String = other.chars().take(40).collect();
                Err(format!("the charset {other:?} is not read here: write the catalogue in UTF-8"))
            }
        }
    }

    pub(super) fn decode(self, bytes: &[u8]) -> Result<String, String> {
        match self {
            Self::Utf8 => {
                std::str::from_utf8(bytes).map(str::to_owned).map_err(|_| "a text is not UTF-8".to_owned())
            }
            Self::Latin1 => Ok(bytes.iter().map(|byte| char::from(*byte)).collect()),
        }
    }
}
