//! The messages of the rules, in the languages that WTForms has them in.

use super::catalogues::CATALOGUES;

/// The languages that the messages of the rules are translated into, as WTForms brings them; English is what they are written in.
pub fn message_locales() -> impl Iterator<Item = &'static str> {
    CATALOGUES.iter().map(|(locale, ..)| *locale)
}

/// A message of the rules in a language that WTForms has, by its locale (`de`, `de_CH`, `zh_TW`; of one that is not there the language
/// alone is tried).
pub fn builtin_message(locale: &str, message: &str) -> Option<&'static str> {
    let (_, _, messages) = catalogue(locale)?;
    let found = messages.binary_search_by(|(id, _)| (*id).cmp(message)).ok()?;
    messages[found].1.first().copied()
}

/// The form for `n` of a message of the rules, as [`builtin_message`].
pub fn builtin_plural(locale: &str, singular: &str, n: u64) -> Option<&'static str> {
    let (_, rule, messages) = catalogue(locale)?;
    let found = messages.binary_search_by(|(id, _)| (*id).cmp(singular)).ok()?;
    messages[found].1.get(rule(n)).copied()
}

pub(super) type Catalogue =
    (&'static str, fn(u64) -> usize, &'static [(&'static str, &'static [&'static str])]);

fn catalogue(locale: &str) -> Option<&'static Catalogue> {
    let locale = locale.replace('-', "_");
    let by_name = |name: &str| CATALOGUES.iter().find(|(known, ..)| *known == name);
    let language = locale.split('_').next().unwrap_or_default();
    by_name(&locale).or_else(|| by_name(language))
}

/// A message in the language of the current request: the app's translation if it has one, else WTForms' own.
pub(crate) fn gettext(message: &str) -> String {
    let Some(words) = carboy::translator() else { return message.to_owned() };
    words.gettext(message).unwrap_or_else(|| {
        let builtin = words.locale().and_then(|locale| builtin_message(&locale, message));
        builtin.unwrap_or(message).to_owned()
    })
}

/// As [`gettext`], with a plural.
pub(crate) fn ngettext(singular: &str, plural: &str, n: u64) -> String {
    let plain = || if n == 1 { singular } else { plural };
    let Some(words) = carboy::translator() else { return plain().to_owned() };
    words.ngettext(singular, plural, n).unwrap_or_else(|| {
        let builtin = words.locale().and_then(|locale| builtin_plural(&locale, singular, n));
        builtin.unwrap_or_else(plain).to_owned()
    })
}

/// Fills in what a message names: `%(name)s` and `%(name)d`, as Python's `%` does; what it does not name stays.
pub(crate) fn fill(message: &str, values: &[(&str, String)]) -> String {
    let mut out = String::with_capacity(message.len() + 16);
    let mut rest = message;
    while let Some(at) = rest.find('%') {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        if let Some(after) = rest.strip_prefix("%%") {
            out.push('%');
            rest = after;
            continue;
        }
        let named = rest.strip_prefix("%(").and_then(|inside| {
            let (name, after) = inside.split_once(')')?;
            let after = after.strip_prefix(['s', 'd'])?;
            let (_, value) = values.iter().find(|(known, _)| *known == name)?;
            Some((value, after))
        });
        match named {
            Some((value, after)) => {
                out.push_str(value);
                rest = after;
            }
            None => {
                out.push('%');
                rest = &rest[1..];
            }
        }
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_filled_as_python_fills_them() {
        let values = [("min", "3".to_owned()), ("max", "%(min)s".to_owned())];
        assert_eq!(fill("%(min)d–%(max)s %% %(other)s 5% %", &values), "3–%(min)s % %(other)s 5% %");
    }

    #[test]
    fn a_locale_without_a_catalogue_falls_back_to_its_language() {
        let german = builtin_message("de", "This field is required.");
        assert_eq!(german, Some("Dieses Feld wird benötigt."));
        assert_eq!(builtin_message("de-AT", "This field is required."), german);
        assert_eq!(builtin_message("xx", "This field is required."), None);
        assert!(message_locales().count() > 25);
    }
}
