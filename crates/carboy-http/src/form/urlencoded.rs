//! `a=1&b=2`: query strings and urlencoded forms, parsed as Werkzeug does with `parse_qsl`.

use crate::{MultiDict, url::unquote_to_bytes};
use std::{borrow::Cow, fmt::Write};

/// Parses fields separated by `&`.
///
/// Blank values are kept, `+` is a space, percent sequences are UTF-8; bytes that are not stay percent-encoded,
/// in capitals. No more than `limit` fields are looked at: ask [`field_count`] first to refuse instead.
///
/// ```
/// let form = carboy_http::form::urlencoded::parse("a=1&b=%C3%A9&a=%ff+x&c", None);
/// assert_eq!(form.getlist("a"), ["1", "%FF x"]);
/// assert_eq!(form.get_str("b"), Some("é"));
/// assert_eq!(form.get_str("c"), Some(""));
/// ```
pub fn parse(text: &str, limit: Option<usize>) -> MultiDict<String> {
    let mut fields = MultiDict::new();
    for field in text.split('&').filter(|field| !field.is_empty()).take(limit.unwrap_or(usize::MAX)) {
        let (key, value) = field.split_once('=').unwrap_or((field, ""));
        fields.add(decode(key), decode(value).into_owned());
    }
    fields
}

/// How many fields the text has, found without decoding any.
pub fn field_count(text: &[u8]) -> usize {
    let mut count = 0;
    let mut start = 0;
    for end in memchr::memchr_iter(b'&', text).chain([text.len()]) {
        count += usize::from(end > start);
        start = end + 1;
    }
    count
}

fn decode(text: &str) -> Cow<'_, str> {
    if !text.bytes().any(|b| b == b'%' || b == b'+') {
        return Cow::Borrowed(text);
    }
    let spaced;
    let text = if memchr::memchr(b'+', text.as_bytes()).is_some() {
        spaced = text.replace('+', " ");
        &spaced
    } else {
        text
    };
    Cow::Owned(keep_invalid(&unquote_to_bytes(text.as_bytes())))
}

/// Bytes as text; those that are not UTF-8 are written as `%XX` (Werkzeug's error handler `url_quote`).
fn keep_invalid(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        out.push_str(chunk.valid());
        for byte in chunk.invalid() {
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_count_is_that_of_the_fields_parsed() {
        for text in ["", "&", "a", "a&b", "&&a=1&&b&", "a=1&a=2&a=3"] {
            assert_eq!(field_count(text.as_bytes()), parse(text, None).items_multi().count(), "{text}");
        }
    }

    #[test]
    fn no_more_than_the_limit_is_parsed() {
        assert_eq!(parse("a=1&b=2&c=3", Some(2)).len(), 2);
    }
}
