//! The text of header values: from bytes, in and out of quotes.

use http::{HeaderMap, HeaderName, HeaderValue};
use std::borrow::Cow;

/// A header value as text. Bytes outside ASCII are ISO-8859-1, as WSGI has it, so nothing is lost.
pub fn text(value: &HeaderValue) -> Cow<'_, str> {
    latin1(value.as_bytes())
}

/// All values of a field as one, joined by commas, which is how RFC 9110, section 5.3 reads them;
/// `None` when the field is not there. A field that stands there once costs no allocation.
pub fn combined<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<Cow<'a, str>> {
    let mut values = headers.get_all(name).iter();
    let first = text(values.next()?);
    let mut all = match values.next() {
        None => return Some(first),
        Some(second) => format!("{first},{}", text(second)),
    };
    for value in values {
        all.push(',');
        all.push_str(&text(value));
    }
    Some(Cow::Owned(all))
}

/// A text that was read as ISO-8859-1, as it came; `None` when a field cannot have it.
pub(crate) fn as_it_came(text: &str) -> Option<HeaderValue> {
    let bytes = text.chars().map(u8::try_from).collect::<Result<Vec<u8>, _>>().ok()?;
    HeaderValue::from_bytes(&bytes).ok()
}

/// Bytes as ISO-8859-1.
pub(super) fn latin1(bytes: &[u8]) -> Cow<'_, str> {
    match std::str::from_utf8(bytes) {
        Ok(text) if text.is_ascii() => Cow::Borrowed(text),
        _ => Cow::Owned(bytes.iter().copied().map(char::from).collect()),
    }
}

/// RFC 9110's `tchar`.
pub(super) fn is_token_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

/// Puts a value into quotes unless it is a token; `"` and `\` are escaped. Other scripts stay as
/// they are.
///
/// ```
/// use carboy_http::headers::quote_header_value;
/// assert_eq!(quote_header_value("token"), "token");
/// assert_eq!(quote_header_value(r#"a "b""#), r#""a \"b\"""#);
/// assert_eq!(quote_header_value(""), r#""""#);
/// ```
pub fn quote_header_value(value: &str) -> Cow<'_, str> {
    if !value.is_empty() && value.bytes().all(is_token_byte) {
        return Cow::Borrowed(value);
    }
    Cow::Owned(quote_always(value))
}

/// Puts a value into quotes even when it is a token.
pub(super) fn quote_always(value: &str) -> String {
    let mut out = String::with_capacity(value.len() + 2);
    out.push('"');
    for c in value.chars() {
        if matches!(c, '"' | '\\') {
            out.push('\\');
        }
        out.push(c);
    }
    out.push('"');
    out
}

/// Takes a value out of its quotes and drops the escapes; one without quotes stays as it is.
pub fn unquote_header_value(value: &str) -> Cow<'_, str> {
    let inner = match value.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) {
        Some(inner) => inner,
        None => return Cow::Borrowed(value),
    };
    if !inner.contains('\\') {
        return Cow::Borrowed(inner);
    }
    let mut out = String::with_capacity(inner.len());
    let mut characters = inner.chars().peekable();
    while let Some(c) = characters.next() {
        if c != '\\' {
            out.push(c);
            continue;
        }
        match characters.peek() {
            // An escape in front of nothing or of a line feed is none.
            None | Some('\n') => out.push('\\'),
            Some(&escaped) => {
                out.push(escaped);
                characters.next();
            }
        }
    }
    Cow::Owned(out)
}

/// Blanks as header fields have them.
pub(super) fn is_blank(c: char) -> bool {
    matches!(c, ' ' | '\t')
}

/// A decimal number with an optional minus, blanks around it allowed; one that is too large becomes
/// the largest. `None` for everything else, `+1` and `1_000` included.
pub(super) fn plain_int(text: &str) -> Option<i64> {
    let text = text.trim_matches(is_blank);
    let (negative, digits) = match text.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, text),
    };
    if digits.is_empty() {
        return None;
    }
    let mut number = 0_i64;
    for byte in digits.bytes() {
        if !byte.is_ascii_digit() {
            return None;
        }
        number = number.saturating_mul(10).saturating_add(i64::from(byte - b'0'));
    }
    Some(if negative { -number } else { number })
}

/// `basic` → `Basic`, `x-scheme` → `X-Scheme`: Python's `str.title` for ASCII.
pub(super) fn title(word: &str) -> String {
    let mut after_letter = false;
    word.chars()
        .map(|c| {
            let cased = if after_letter { c.to_ascii_lowercase() } else { c.to_ascii_uppercase() };
            after_letter = c.is_ascii_alphabetic();
            cased
        })
        .collect()
}
