//! A value with parameters: `text/html; charset=utf-8`, `form-data; name="a"; filename*=UTF-8''b`.

use super::{
    params::Options,
    text::{is_blank, is_token_byte, quote_header_value, unquote_header_value},
};
use crate::url;
use indexmap::IndexMap;
use std::borrow::Cow;

/// Reads a value and its parameters.
///
/// Names come out in lower case. Invalid parameters are skipped. `name*=charset''value` is decoded for
/// UTF-8, ASCII and ISO-8859-1 (RFC 2231), `name*0=a; name*1=b` is put together, and `\"` and `%22` in
/// quotes are both a quote.
///
/// ```
/// use carboy_http::headers::parse_options_header;
/// let (value, options) = parse_options_header("attachment; filename*=UTF-8''%C3%A9.txt");
/// assert_eq!((value, options.get("filename")), ("attachment", Some("é.txt")));
/// ```
pub fn parse_options_header(header: &str) -> (&str, Options) {
    let (value, rest) = header.split_once(';').unwrap_or((header, ""));
    let value = value.trim_matches(is_blank);
    let rest = rest.trim_matches(is_blank);
    if value.is_empty() || rest.is_empty() {
        return (value, Options::new());
    }
    let mut found: IndexMap<String, Found<'_>> = IndexMap::new();
    for (key, raw) in parts(rest) {
        let key = key.to_ascii_lowercase();
        let mark = Mark::of(&key);
        let name = &key[..key.len() - mark.length];
        let mut charset = None;
        let value: Cow<'_, str> = if mark.has_charset {
            let (named, value) = split_charset(raw);
            charset = named;
            if charset.is_none()
                && mark.is_continuation
                && !names_a_charset(raw)
                && let Some(Found::Gathered(_, gathered)) = found.get(name)
            {
                charset = *gathered;
            }
            match charset {
                Some(charset) => Cow::Owned(charset.decode(value)),
                None => Cow::Borrowed(value),
            }
        } else {
            let value = unquote_header_value(raw);
            if value.contains("%22") { Cow::Owned(value.replace("%22", "\"")) } else { value }
        };
        match found.get_mut(name) {
            Some(Found::Gathered(gathered, first)) if mark.is_continuation => {
                gathered.push_str(&value);
                *first = charset.or(*first);
            }
            _ if mark.is_continuation => {
                found.insert(name.to_owned(), Found::Gathered(value.into_owned(), charset));
            }
            _ => {
                found.insert(name.to_owned(), Found::Whole(value));
            }
        }
    }
    let (whole, gathered): (Vec<_>, Vec<_>) =
        found.into_iter().partition(|(_, found)| matches!(found, Found::Whole(_)));
    (value, whole.into_iter().chain(gathered).map(|(name, found)| (name, found.into_value())).collect())
}

/// A parameter.
enum Found<'a> {
    Whole(Cow<'a, str>),
    /// What its continuations have gathered so far, with the charset that the first of them named.
    Gathered(String, Option<Charset>),
}

impl Found<'_> {
    fn into_value(self) -> String {
        match self {
            Found::Whole(value) => value.into_owned(),
            Found::Gathered(value, _) => value,
        }
    }
}

/// The `key=value` parts; values are still quoted.
fn parts(text: &str) -> impl Iterator<Item = (&str, &str)> {
    let mut rest = Some(text);
    std::iter::from_fn(move || {
        loop {
            let text = rest?;
            let mut at = 0;
            let mut found = None;
            let key_length = token_length(text);
            if key_length > 0 && text.as_bytes().get(key_length) == Some(&b'=') {
                let key = &text[..key_length];
                at = key_length + 1;
                let value = &text[at..];
                let length = match token_length(value) {
                    0 if value.starts_with('"') => match quoted_length(value) {
                        Some(length) => length,
                        None => {
                            // The quote is never closed, so nothing that follows can be told apart.
                            rest = None;
                            return None;
                        }
                    },
                    length => length,
                };
                if length > 0 {
                    found = Some((key, &value[..length]));
                    // After a token the search for the delimiter starts at the token, which holds none.
                    at += length;
                }
            }
            rest =
                text[at..].find(';').map(|semicolon| text[at + semicolon + 1..].trim_start_matches(is_blank));
            if found.is_some() {
                return found;
            }
        }
    })
}

fn token_length(text: &str) -> usize {
    text.bytes().position(|byte| !is_token_byte(byte)).unwrap_or(text.len())
}

/// The length of the quoted string at the beginning, both quotes included; only `\\` and `\"` are escapes.
fn quoted_length(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    let mut at = 1;
    loop {
        match (bytes.get(at)?, bytes.get(at + 1)) {
            (b'\\', Some(b'\\' | b'"')) => at += 2,
            (b'"', _) => return Some(at + 1),
            _ => at += 1,
        }
    }
}

/// What the end of a parameter's name says: `*0` a continuation, `*` a charset.
struct Mark {
    length: usize,
    is_continuation: bool,
    has_charset: bool,
}

impl Mark {
    fn of(key: &str) -> Mark {
        let has_charset = key.ends_with('*');
        let stem = key.strip_suffix('*').unwrap_or(key);
        let digits = stem.bytes().rev().take_while(u8::is_ascii_digit).count();
        let is_continuation = digits > 0 && stem[..stem.len() - digits].ends_with('*');
        let length = usize::from(has_charset) + if is_continuation { digits + 1 } else { 0 };
        Mark { length, is_continuation, has_charset }
    }
}

/// The charsets of RFC 2231 values that are decoded; the list will not grow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Charset {
    Ascii,
    Utf8,
    Latin1,
}

impl Charset {
    fn named(name: &str) -> Option<Self> {
        match name.to_ascii_lowercase().as_str() {
            "ascii" | "us-ascii" => Some(Charset::Ascii),
            "utf-8" => Some(Charset::Utf8),
            "iso-8859-1" => Some(Charset::Latin1),
            _ => None,
        }
    }

    pub(super) fn decode(self, text: &str) -> String {
        if self == Charset::Utf8 {
            return url::unquote(text).into_owned();
        }
        let mut out = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(c) = rest.chars().next() {
            let decoded = rest.as_bytes().get(..3).map(url::unquote_to_bytes);
            match (c, decoded.as_deref()) {
                ('%', Some(&[byte])) => {
                    out.push(match self {
                        Charset::Ascii if !byte.is_ascii() => char::REPLACEMENT_CHARACTER,
                        _ => char::from(byte),
                    });
                    rest = &rest[3..];
                }
                _ => {
                    out.push(c);
                    rest = &rest[c.len_utf8()..];
                }
            }
        }
        out
    }
}

/// `charset'language'value` in its parts; the value alone when there is no such mark. The charset is
/// `None` when it is empty or not one that is decoded.
pub(super) fn split_charset(raw: &str) -> (Option<Charset>, &str) {
    match charset_mark(raw) {
        Some((charset, value)) => (Charset::named(charset), value),
        None => (None, raw),
    }
}

/// Whether the mark is there and names a charset, known or not.
fn names_a_charset(raw: &str) -> bool {
    charset_mark(raw).is_some_and(|(charset, _)| !charset.is_empty())
}

fn charset_mark(raw: &str) -> Option<(&str, &str)> {
    let mut pieces = raw.splitn(3, '\'');
    let (charset, language, value) = (pieces.next()?, pieces.next()?, pieces.next()?);
    let all_tokens = [charset, language, value].iter().all(|piece| piece.bytes().all(is_token_byte));
    (all_tokens && !value.is_empty()).then_some((charset, value))
}

/// Writes a value and its parameters, quoting where needed: the reverse of [`parse_options_header`].
///
/// A name that ends in `*` says that its value is encoded already, so that one is never quoted.
///
/// ```
/// use carboy_http::headers::dump_options_header;
/// assert_eq!(dump_options_header("form-data", [("name", "a b")]), r#"form-data; name="a b""#);
/// ```
pub fn dump_options_header<'a>(value: &str, options: impl IntoIterator<Item = (&'a str, &'a str)>) -> String {
    let mut out = value.to_owned();
    for (name, value) in options {
        if !out.is_empty() {
            out.push_str("; ");
        }
        out.push_str(name);
        out.push('=');
        if name.ends_with('*') {
            out.push_str(value);
        } else {
            out.push_str(&quote_header_value(value));
        }
    }
    out
}
