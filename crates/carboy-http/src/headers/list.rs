//! Lists: `a, "b, c"`, and lists of directives: `a=1, b`.

use super::{
    options::split_charset,
    params::Directives,
    text::{is_blank, quote_header_value, unquote_header_value},
};

/// Reads a comma-separated list; commas in quotes do not separate. Items wholly in quotes come out of
/// them, empty ones are dropped, and a list with an unclosed quote is empty.
///
/// ```
/// use carboy_http::headers::parse_list_header;
/// assert_eq!(parse_list_header(r#"token, "quoted, value",,"#), ["token", "quoted, value"]);
/// ```
pub fn parse_list_header(value: &str) -> Vec<String> {
    match raw_items(value) {
        Some(items) => items.into_iter().map(|item| unquote_header_value(item).into_owned()).collect(),
        None => Vec::new(),
    }
}

/// The items as they stand there, blanks around them dropped; `None` for an unclosed quote.
fn raw_items(value: &str) -> Option<Vec<&str>> {
    let mut items = Vec::new();
    let (mut start, mut escaped, mut quoted) = (0, false, false);
    for (at, byte) in value.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            b',' if !quoted => {
                items.push(&value[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    if quoted {
        return None;
    }
    items.push(&value[start..]);
    Some(items.into_iter().map(|item| item.trim_matches(is_blank)).filter(|item| !item.is_empty()).collect())
}

/// Reads a list of `key=value` and lone `key` directives. `key*=charset''value` is decoded as in
/// [`parse_options_header`](super::parse_options_header).
///
/// ```
/// use carboy_http::headers::parse_dict_header;
/// let directives = parse_dict_header(r#"a=b, c="d, e", f"#);
/// assert_eq!(directives.get("c"), Some("d, e"));
/// assert_eq!(directives.entry("f"), Some(None));
/// ```
pub fn parse_dict_header(value: &str) -> Directives {
    let mut directives = Directives::new();
    for item in parse_list_header(value) {
        let (key, value) = match item.split_once('=') {
            Some((key, value)) => (key.trim_matches(is_blank), Some(value.trim_matches(is_blank))),
            None => (item.trim_matches(is_blank), None),
        };
        if key.is_empty() {
            continue;
        }
        let Some(value) = value else {
            directives.insert(key, None);
            continue;
        };
        match key.strip_suffix('*') {
            Some(name) => {
                let (charset, encoded) = split_charset(value);
                let decoded = charset.map_or_else(|| encoded.to_owned(), |charset| charset.decode(encoded));
                directives.insert(name, Some(unquote_header_value(&decoded).into_owned()));
            }
            None => directives.insert(key, Some(unquote_header_value(value).into_owned())),
        }
    }
    directives
}

/// Writes a list, quoting where needed: the reverse of [`parse_list_header`].
pub fn dump_list_header<S: AsRef<str>>(items: impl IntoIterator<Item = S>) -> String {
    let mut out = String::new();
    for item in items {
        if !out.is_empty() {
            out.push_str(", ");
        }
        out.push_str(&quote_header_value(item.as_ref()));
    }
    out
}

/// Writes directives, quoting where needed: the reverse of [`parse_dict_header`]. The value of a name
/// that ends in `*` is never quoted.
pub fn dump_dict_header<'a>(directives: impl IntoIterator<Item = (&'a str, Option<&'a str>)>) -> String {
    let mut out = String::new();
    for (name, value) in directives {
        if !out.is_empty() {
            out.push_str(", ");
        }
        out.push_str(name);
        if let Some(value) = value {
            out.push('=');
            if name.ends_with('*') {
                out.push_str(value);
            } else {
                out.push_str(&quote_header_value(value));
            }
        }
    }
    out
}
