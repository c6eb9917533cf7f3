//! Catalogues, read and written as the extension and its commands do it.
#![allow(missing_docs, clippy::missing_errors_doc)]

use super::catalog::{Catalog, mo, po};

/// A catalogue as text.
pub struct Text(po::File);

/// A message of it.
#[derive(Debug, PartialEq, Eq)]
pub struct Message {
    pub context: Option<String>,
    pub message: String,
    pub plural: Option<String>,
    /// The translation, or all forms that there are.
    pub translations: Vec<String>,
    pub is_fuzzy: bool,
    pub is_obsolete: bool,
}

impl Text {
    pub fn read(bytes: &[u8]) -> Result<Self, String> {
        po::File::read(bytes).map(Text)
    }

    /// The file; an error: it has no plural rule that one could write forms by.
    pub fn write(&self) -> Result<String, String> {
        self.0.write()
    }

    /// Its messages in the order in which they are written.
    pub fn messages(&self) -> Result<Vec<Message>, String> {
        let forms = self.0.plural()?.forms();
        let (obsolete, current): (Vec<_>, Vec<_>) = self.0.entries.iter().partition(|entry| entry.obsolete);
        let message = |entry: &po::Entry| {
            let mut translations = entry.translations.clone();
            let most = if entry.plural.is_some() { translations.len().max(forms) } else { 1 };
            translations.resize(most, String::new());
            Message {
                context: entry.context.clone(),
                message: entry.message.clone(),
                plural: entry.plural.clone(),
                translations,
                is_fuzzy: entry.is_fuzzy() && !entry.obsolete,
                is_obsolete: entry.obsolete,
            }
        };
        Ok(current.into_iter().chain(obsolete).map(message).collect())
    }

    pub fn catalogue(&self) -> Result<Catalogue, String> {
        self.0.catalog().map(Catalogue)
    }

    pub fn compile(&self) -> Vec<u8> {
        mo::write(&self.0.compiled(false))
    }
}

/// A catalogue to look messages up in.
pub struct Catalogue(Catalog);

impl Catalogue {
    /// Reads a compiled one.
    pub fn read(bytes: &[u8]) -> Result<Self, String> {
        mo::read(bytes).map(Catalogue)
    }

    #[expect(clippy::len_without_is_empty)]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    pub fn get(&self, context: Option<&str>, message: &str) -> Option<&str> {
        self.0.get(context, message)
    }

    pub fn get_plural(&self, context: Option<&str>, message: &str, number: u64) -> Option<&str> {
        self.0.get_plural(context, message, number)
    }
}
