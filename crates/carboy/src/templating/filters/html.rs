//! Filters that write HTML, URLs and JSON.

use minijinja::{Error, State, Value};

use super::super::args::{Args, fail, given, int_or, items};
use super::super::escape::escaped;
use super::super::json;
use super::super::markup;
use super::super::python::{is_plain_map, pairs, to_repr, to_text};
use super::super::value::Live;
use super::autoescape;

pub(super) fn escape(_: &mut State<'_, '_>, args: Args<'_>) -> Result<Value, Error> {
    let value = args.only("escape")?;
    if let Some(html) = value.downcast_object_ref::<Live>().and_then(Live::html) {
        return Ok(Value::from_safe_string(html.into_string()));
    }
    Ok(if value.is_safe() { value.clone() } else { Value::from_safe_string(escaped(&to_text(value))) })
}

pub(super) fn forceescape(_: &mut State<'_, '_>, args: Args<'_>) -> Result<Value, Error> {
    Ok(Value::from_safe_string(escaped(&to_text(args.only("do_forceescape")?))))
}

pub(super) fn safe(_: &mut State<'_, '_>, args: Args<'_>) -> Result<Value, Error> {
    let value = args.only("do_mark_safe")?;
    Ok(if value.is_safe() { value.clone() } else { Value::from_safe_string(to_text(value).into_owned()) })
}

pub(super) fn striptags(_: &mut State<'_, '_>, args: Args<'_>) -> Result<Value, Error> {
    Ok(Value::from(markup::striptags(&to_text(args.only("do_striptags")?))))
}

pub(super) fn tojson(_: &mut State<'_, '_>, args: Args<'_>) -> Result<Value, Error> {
    let [value, indent] = args.bind("do_tojson", ["value", "indent"], 1)?;
    let indent = match given(indent) {
        Some(indent) => Some(usize::try_from(int_or(Some(&indent), 0)?).unwrap_or(0).min(64)),
        None => None,
    };
    json::for_html(&value.unwrap_or_default(), indent).map(Value::from_safe_string)
}

/// Percent-encodes like `urllib.parse.quote`; in a query string a slash, too, and spaces as `+`.
fn quote(out: &mut String, text: &[u8], query: bool) {
    const HEX: &[u8; 16] = b"0123456789ABCDEF";
    for &byte in text {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'_' | b'.' | b'-' | b'~' => out.push(char::from(byte)),
            b'/' if !query => out.push('/'),
            b' ' if query => out.push('+'),
            _ => {
                out.push('%');
                out.push(char::from(HEX[usize::from(byte >> 4)]));
                out.push(char::from(HEX[usize::from(byte & 15)]));
            }
        }
    }
}

fn quote_value(out: &mut String, value: &Value, query: bool) {
    match (value.kind(), value.as_bytes()) {
        (minijinja::value::ValueKind::Bytes, Some(bytes)) => quote(out, bytes, query),
        _ => quote(out, to_text(value).as_bytes(), query),
    }
}

pub(super) fn urlencode(_: &mut State<'_, '_>, args: Args<'_>) -> Result<Value, Error> {
    let value = args.only("do_urlencode")?;
    let mut out = String::new();
    if value.as_object().is_none() || (!is_plain_map(value) && value.try_iter().is_err()) {
        quote_value(&mut out, value, false);
        return Ok(Value::from(out));
    }
    let entries = if is_plain_map(value) {
        pairs(value, false)
    } else {
        items(value)?
            .into_iter()
            .map(|pair| match items(&pair)?.as_slice() {
                [key, value] => Ok((key.clone(), value.clone())),
                _ => Err(fail("urlencode takes a mapping or a list of pairs")),
            })
            .collect::<Result<_, Error>>()?
    };
    for (index, (key, value)) in entries.iter().enumerate() {
        if index > 0 {
            out.push('&');
        }
        quote_value(&mut out, key, true);
        out.push('=');
        quote_value(&mut out, value, true);
    }
    Ok(Value::from(out))
}

pub(super) fn xmlattr(state: &mut State<'_, '_>, args: Args<'_>) -> Result<Value, Error> {
    let [value, autospace] = args.bind("do_xmlattr", ["d", "autospace"], 1)?;
    let value = value.unwrap_or_default();
    if !is_plain_map(&value) {
        return Err(fail("xmlattr takes a mapping"));
    }
    let mut out = String::new();
    for (key, value) in pairs(&value, false) {
        if value.is_none() || value.is_undefined() {
            continue;
        }
        let name = to_text(&key);
        if name.contains([' ', '\t', '\n', '\r', '\u{b}', '\u{c}', '/', '>', '=']) {
            return Err(fail(format!("Invalid character in attribute name: {}", to_repr(&key))));
        }
        if !out.is_empty() || autospace.as_ref().is_none_or(Value::is_true) {
            out.push(' ');
        }
        out.push_str(&if key.is_safe() { name.into_owned() } else { escaped(&name) });
        out.push_str("=\"");
        let text = to_text(&value);
        out.push_str(&if value.is_safe() { text.into_owned() } else { escaped(&text) });
        out.push('"');
    }
    Ok(if autoescape(state) { Value::from_safe_string(out) } else { Value::from(out) })
}
