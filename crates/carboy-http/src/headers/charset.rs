//! The names of charsets: `latin-1` and `iso-8859-1` are the same.

include!("charset_aliases.rs");

/// The name under which CPython knows a charset, else its own in lower case.
pub(super) fn canonical_charset(name: &str) -> String {
    let mut key = String::with_capacity(name.len());
    for c in name.chars() {
        if c.is_alphanumeric() || c == '.' {
            key.extend(c.to_lowercase());
        } else if !key.is_empty() && !key.ends_with('_') {
            key.push('_');
        }
    }
    let key = key.trim_end_matches('_');
    match CHARSET_ALIASES.binary_search_by(|(alias, _)| (*alias).cmp(key)) {
        Ok(at) => CHARSET_ALIASES[at].1.to_owned(),
        Err(_) => name.to_lowercase(),
    }
}
