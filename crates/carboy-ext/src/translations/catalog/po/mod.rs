//! Catalogues as text: the format of GNU gettext,
//! <https://www.gnu.org/software/gettext/manual/html_node/PO-Files.html>, read as Babel reads it and written as Babel writes it.

mod read;
mod write;

use std::collections::HashSet;
use std::hash::Hash;

use super::mo::Compiled;
use super::plural::Plural;
use super::{Catalog, Charset, LARGEST, header_field};

/// A file: the header and the messages in their order.
#[derive(Clone, Debug, Default)]
pub(in crate::translations) struct File {
    pub(in crate::translations) entries: Vec<Entry>,
}

/// A message with all that the file says of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::translations) struct Entry {
    pub(in crate::translations) context: Option<String>,
    pub(in crate::translations) message: String,
    pub(in crate::translations) plural: Option<String>,
    /// The translation, or one for each form.
    pub(in crate::translations) translations: Vec<String>,
    /// What translators wrote (`#`), and what the extraction wrote (`#.`).
    pub(in crate::translations) comments: Vec<String>,
    pub(in crate::translations) notes: Vec<String>,
    /// Files, with lines if they are known.
    pub(in crate::translations) places: Vec<(String, Option<usize>)>,
    pub(in crate::translations) flags: Vec<String>,
    /// The message that a fuzzy translation was made for.
    pub(in crate::translations) previous: Vec<String>,
    pub(in crate::translations) obsolete: bool,
}

impl Entry {
    pub(in crate::translations) fn is_header(&self) -> bool {
        self.message.is_empty() && self.plural.is_none() && self.context.is_none() && !self.obsolete
    }

    pub(in crate::translations) fn is_fuzzy(&self) -> bool {
        self.flags.iter().any(|flag| flag == "fuzzy")
    }

    pub(in crate::translations) fn is_translated(&self) -> bool {
        self.translations.iter().any(|text| !text.is_empty())
    }

    pub(in crate::translations) fn key(&self) -> (Option<&str>, &str) {
        (self.context.as_deref(), &self.message)
    }

    /// Takes over what the same message has that stands in the file again. As in Babel the first translation stays, unless the second one
    /// brings a plural.
    fn absorb(&mut self, other: Entry) {
        if self.plural.is_none() && other.plural.is_some() {
            (self.plural, self.translations) = (other.plural, other.translations);
        }
        self.comments.extend(other.comments);
        self.notes.extend(other.notes);
        self.places.extend(other.places);
        self.flags.extend(other.flags);
    }

    /// Leaves of everything that is said twice the first.
    fn distinct(&mut self) {
        fn first<T: Clone + Eq + Hash>(list: &mut Vec<T>) {
            let mut known = HashSet::new();
            list.retain(|item| known.insert(item.clone()));
        }
        first(&mut self.comments);
        first(&mut self.notes);
        first(&mut self.places);
        first(&mut self.flags);
    }
}

impl File {
    /// Reads a file.
    ///
    /// # Errors
    /// What is wrong, with its line, in words that follow the file's name.
    pub(in crate::translations) fn read(bytes: &[u8]) -> Result<Self, String> {
        if bytes.len() > LARGEST {
            return Err(format!("it is larger than {LARGEST} bytes"));
        }
        let text = Charset::of_header(&read::header(bytes))?.decode(bytes)?;
        let mut file = File { entries: read::entries(&text)? };
        // What was read is text, and is written in UTF-8.
        if Charset::of_header(file.header())? != Charset::Utf8 {
            let header = with_field(file.header(), "Content-Type", "text/plain; charset=utf-8");
            let entry = file.entries.iter_mut().find(|entry| entry.is_header());
            if let Some(text) = entry.and_then(|entry| entry.translations.first_mut()) {
                *text = header;
            }
        }
        Ok(file)
    }

    pub(in crate::translations) fn header(&self) -> &str {
        let header = self.entries.iter().find(|entry| entry.is_header());
        header.and_then(|entry| entry.translations.first()).map_or("", String::as_str)
    }

    pub(in crate::translations) fn plural(&self) -> Result<Plural, String> {
        Plural::of_header(self.header())
    }

    /// The messages that `msgfmt` and `pybabel compile` would put into a compiled file: translated, not fuzzy, not obsolete.
    fn usable(&self, fuzzy: bool) -> impl Iterator<Item = &Entry> {
        self.entries.iter().filter(move |entry| {
            !entry.obsolete && (entry.is_header() || entry.is_translated() && (fuzzy || !entry.is_fuzzy()))
        })
    }

    /// The catalogue to look messages up in.
    pub(in crate::translations) fn catalog(&self) -> Result<Catalog, String> {
        let mut catalog = Catalog::new(self.plural()?);
        for compiled in self.compiled(false) {
            let context = compiled.context.as_deref();
            match compiled.ids.as_slice() {
                [message] if message.is_empty() && context.is_none() => {}
                [message] => {
                    let text = compiled.translations.into_iter().next().unwrap_or_default();
                    catalog.add(context, message, text);
                }
                [message, ..] => catalog.add_plural(context, message, compiled.translations),
                [] => {}
            }
        }
        Ok(catalog)
    }

    /// What a compiled file holds. A form that is not translated is the message itself, as Babel writes it.
    pub(in crate::translations) fn compiled(&self, fuzzy: bool) -> Vec<Compiled> {
        self.usable(fuzzy)
            .map(|entry| {
                let ids: Vec<String> =
                    std::iter::once(&entry.message).chain(&entry.plural).cloned().collect();
                let form = |(index, text): (usize, &String)| match text.as_str() {
                    "" if ids.len() > 1 => ids[index.min(1)].clone(),
                    text => text.to_owned(),
                };
                let forms = if entry.plural.is_some() { usize::MAX } else { 1 };
                let translations = entry.translations.iter().enumerate().take(forms).map(form).collect();
                Compiled { context: entry.context.clone(), ids, translations }
            })
            .collect()
    }

    /// The text of the file: lines of at most 76 columns, messages in their order, obsolete ones at the end.
    pub(in crate::translations) fn write(&self) -> Result<String, String> {
        let forms = self.plural()?.forms();
        let mut out = String::new();
        let (obsolete, current): (Vec<_>, Vec<_>) = self.entries.iter().partition(|entry| entry.obsolete);
        for entry in current.into_iter().chain(obsolete) {
            write::entry(&mut out, entry, forms);
        }
        Ok(out)
    }
}

/// A field of the header set to a value, added at the end where it is not there.
pub(in crate::translations) fn with_field(header: &str, name: &str, value: &str) -> String {
    if header_field(header, name).is_none() {
        return format!("{header}{name}: {value}\n");
    }
    header
        .lines()
        .map(|line| match line.split_once(':') {
            Some((key, _)) if key.trim().eq_ignore_ascii_case(name) => format!("{key}: {value}\n"),
            _ => format!("{line}\n"),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_message_with_a_plural_is_no_header_as_in_babel() {
        let text = "msgid \"\"\nmsgid_plural \"b\"\nmsgstr[0] \"Plural-Forms: nplurals=1; plural=0\\n\"\nmsgstr[1] \"x\"\n\n\
                    msgid \"a\"\nmsgid_plural \"as\"\nmsgstr[0] \"one\"\nmsgstr[1] \"many\"\n";
        let file = File::read(text.as_bytes()).unwrap();
        assert_eq!(file.header(), "");
        let catalog = file.catalog().unwrap();
        assert_eq!(catalog.get_plural(None, "a", 2), Some("many"));
        assert_eq!(catalog.get_plural(None, "", 2), Some("x"));
    }
}
