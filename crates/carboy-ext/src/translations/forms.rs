//! The messages of form validators in the languages that WTForms has, for apps whose own catalogues do not have them.

use std::collections::HashMap;
use std::io::Read;
use std::sync::OnceLock;

use flate2::read::ZlibDecoder;
use serde::Deserialize;

use super::catalog::Catalog;
use super::catalog::plural::Plural;
use super::cldr::locale::Locale;

#[derive(Deserialize)]
struct Language {
    plural: String,
    messages: HashMap<String, Forms>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Forms {
    One(String),
    Many(Vec<String>),
}

/// The catalogue of a locale, or of its language.
pub(super) fn catalog(locale: &Locale) -> Option<&'static Catalog> {
    static ALL: OnceLock<HashMap<String, Catalog>> = OnceLock::new();
    let all = ALL.get_or_init(|| {
        let mut text = Vec::new();
        let read = ZlibDecoder::new(include_bytes!("data/forms.bin").as_slice()).read_to_end(&mut text);
        let languages: HashMap<String, Language> =
            read.ok().and_then(|_| serde_json::from_slice(&text).ok()).unwrap_or_default();
        languages.into_iter().map(|(name, language)| (name, language.catalog())).collect()
    });
    locale.candidates().iter().find_map(|name| all.get(name))
}

impl Language {
    fn catalog(self) -> Catalog {
        let mut catalog = Catalog::new(Plural::parse(&self.plural).unwrap_or_default());
        for (message, forms) in self.messages {
            match forms {
                Forms::One(text) => catalog.add(None, &message, text),
                Forms::Many(forms) => catalog.add_plural(None, &message, forms),
            }
        }
        catalog
    }
}
