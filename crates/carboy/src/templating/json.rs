//! `tojson`: the app's JSON, safe inside HTML.

use minijinja::value::ValueKind;
use minijinja::{Error, Value};

use super::args::fail;
use super::python::{is_plain_map, pairs, type_name};
use crate::json::{JsonStyle, to_string};

/// How deep values may nest.
const DEEPEST: usize = 200;

/// JSON in the app's style, but always with blanks after `,` and `:`; `< > & '` as escapes.
pub(super) fn for_html(value: &Value, indent: Option<usize>) -> Result<String, Error> {
    check(value, 0)?;
    let style = crate::ctx::peek_state(|app| *app.json()).unwrap_or_default();
    let text = to_string(value, &JsonStyle { compact: false, indent, ..style })
        .map_err(|error| fail(format!("the value cannot be written as JSON: {error}")))?;
    let mut out = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        match c {
            '<' => out.push_str("\\u003c"),
            '>' => out.push_str("\\u003e"),
            '&' => out.push_str("\\u0026"),
            '\'' => out.push_str("\\u0027"),
            c => out.push(c),
        }
    }
    Ok(out)
}

/// Refuses what JSON has no form for; serialising it would make something up.
fn check(value: &Value, depth: usize) -> Result<(), Error> {
    if depth > DEEPEST {
        return Err(fail("the value nests too deeply for JSON"));
    }
    match value.kind() {
        ValueKind::Map if is_plain_map(value) => {
            pairs(value, false).iter().try_for_each(|(_, item)| check(item, depth + 1))
        }
        ValueKind::Seq | ValueKind::Iterable => {
            value.try_iter()?.checked().try_for_each(|item| check(&item?, depth + 1))
        }
        ValueKind::None | ValueKind::Bool | ValueKind::Number | ValueKind::String => Ok(()),
        _ => Err(fail(format!("Object of type {} is not JSON serializable", type_name(value)))),
    }
}
