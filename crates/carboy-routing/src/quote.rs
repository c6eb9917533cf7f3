//! Percent-encoding with the safe sets that Werkzeug takes from the WHATWG URL standard, and its query encoding.

use std::borrow::Cow;

/// A set of bytes that stay as they are; every other byte becomes `%XX` of its UTF-8 encoding.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Safe([bool; 128]);

impl Safe {
    /// Letters, digits, `_.-~` (Python's always-safe set) and the given characters.
    const fn with(extra: &[u8]) -> Self {
        let mut set = [false; 128];
        let mut byte = 0u8;
        while byte < 128 {
            set[byte as usize] = byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-' | b'~');
            byte += 1;
        }
        let mut index = 0;
        while index < extra.len() {
            set[extra[index] as usize] = true;
            index += 1;
        }
        Self(set)
    }

    fn contains(&self, byte: u8) -> bool {
        self.0.get(usize::from(byte)).copied().unwrap_or(false)
    }
}

/// A path segment: <https://url.spec.whatwg.org/#url-path-segment-string>.
pub(crate) const PATH: Safe = Safe::with(b"!$&'()*+,/:;=@");
/// A path that is quoted already, as `iri_to_uri` treats it.
pub(crate) const QUOTED_PATH: Safe = Safe::with(b"%!$&'()*+,/:;=@");
/// A query that is quoted already, as `iri_to_uri` treats it.
pub(crate) const QUOTED_QUERY: Safe = Safe::with(b"%!$&'()*+,/:;=?@");
/// A fragment that is quoted already, as Flask's `_anchor` treats it.
pub(crate) const FRAGMENT: Safe = Safe::with(b"%!#$&'()*+,/:;=?@");
/// A key or value of a query: <https://url.spec.whatwg.org/#percent-encoded-bytes>.
const QUERY_VALUE: Safe = Safe::with(b"!$'()*,/:;?@");

const HEX: &[u8; 16] = b"0123456789ABCDEF";

fn push_byte(out: &mut String, byte: u8) {
    out.push('%');
    out.push(char::from(HEX[usize::from(byte >> 4)]));
    out.push(char::from(HEX[usize::from(byte & 15)]));
}

/// Appends `text`, percent-encoded.
pub(crate) fn push_quoted(out: &mut String, text: &str, safe: &Safe) {
    let mut start = 0;
    for (index, c) in text.char_indices() {
        if !(c.is_ascii() && safe.contains(c as u8)) {
            out.push_str(&text[start..index]);
            c.encode_utf8(&mut [0; 4]).bytes().for_each(|byte| push_byte(out, byte));
            start = index + c.len_utf8();
        }
    }
    out.push_str(&text[start..]);
}

/// Appends a key or value of a query; a space becomes `+`.
pub(crate) fn push_query_value(out: &mut String, text: &str) {
    for (index, piece) in text.split(' ').enumerate() {
        if index > 0 {
            out.push('+');
        }
        push_quoted(out, piece, &QUERY_VALUE);
    }
}

/// `text`, percent-encoded; borrowed when nothing had to change.
pub(crate) fn quote<'a>(text: &'a str, safe: &Safe) -> Cow<'a, str> {
    if text.bytes().all(|byte| safe.contains(byte)) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    push_quoted(&mut out, text, safe);
    Cow::Owned(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_keeps_the_characters_that_werkzeug_keeps() {
        assert_eq!(
            quote("c?d#e%25&=+@:;,!$'()*~[] é/", &PATH),
            "c%3Fd%23e%2525&=+@:;,!$'()*~%5B%5D%20%C3%A9/"
        );
        assert!(matches!(quote("plain-path", &PATH), Cow::Borrowed(_)));
    }

    #[test]
    fn a_space_in_a_query_is_a_plus() {
        let mut out = String::new();
        push_query_value(&mut out, "a b&c=d+é/?");
        assert_eq!(out, "a+b%26c%3Dd%2B%C3%A9/?");
    }
}
