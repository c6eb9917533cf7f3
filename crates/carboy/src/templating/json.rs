//! `tojson`: Flask's JSON, safe inside HTML.

use minijinja::value::ValueKind;
use minijinja::{Error, Value};

use super::args::fail;
use super::python::{as_f64, float_repr, is_plain_map, pairs, type_name};

/// How deep values may nest before the writer refuses them.
const DEEPEST: usize = 200;

/// JSON with sorted keys, ASCII only, `", "` and `": "` between, `< > & '` as escapes.
pub(super) fn for_html(value: &Value, indent: Option<&str>) -> Result<String, Error> {
    let mut out = String::new();
    write(&mut out, value, indent, 0)?;
    Ok(out)
}

fn new_line(out: &mut String, indent: Option<&str>, depth: usize) {
    if let Some(indent) = indent {
        out.push('\n');
        for _ in 0..depth {
            out.push_str(indent);
        }
    }
}

fn separator(out: &mut String, indent: Option<&str>) {
    out.push_str(if indent.is_some() { "," } else { ", " });
}

fn write(out: &mut String, value: &Value, indent: Option<&str>, depth: usize) -> Result<(), Error> {
    if depth > DEEPEST {
        return Err(fail("Circular reference detected"));
    }
    match value.kind() {
        ValueKind::None => out.push_str("null"),
        ValueKind::Bool => out.push_str(if value.is_true() { "true" } else { "false" }),
        ValueKind::Number => number(out, value),
        ValueKind::String => text(out, value.as_str().unwrap_or_default()),
        ValueKind::Map if is_plain_map(value) => {
            let entries = pairs(value, true);
            if entries.is_empty() {
                out.push_str("{}");
                return Ok(());
            }
            out.push('{');
            for (index, (key, item)) in entries.iter().enumerate() {
                if index > 0 {
                    separator(out, indent);
                }
                new_line(out, indent, depth + 1);
                match key.kind() {
                    ValueKind::String => text(out, key.as_str().unwrap_or_default()),
                    ValueKind::None | ValueKind::Bool | ValueKind::Number => {
                        out.push('"');
                        write(out, key, None, depth)?;
                        out.push('"');
                    }
                    _ => {
                        return Err(fail(format!(
                            "keys must be str, int, float, bool or None, not {}",
                            type_name(key)
                        )));
                    }
                }
                out.push_str(": ");
                write(out, item, indent, depth + 1)?;
            }
            new_line(out, indent, depth);
            out.push('}');
        }
        ValueKind::Seq | ValueKind::Iterable => {
            let mut empty = true;
            out.push('[');
            for item in value.try_iter()?.checked() {
                if !empty {
                    separator(out, indent);
                }
                empty = false;
                new_line(out, indent, depth + 1);
                write(out, &item?, indent, depth + 1)?;
            }
            if !empty {
                new_line(out, indent, depth);
            }
            out.push(']');
        }
        _ => return Err(fail(format!("Object of type {} is not JSON serializable", type_name(value)))),
    }
    Ok(())
}

fn number(out: &mut String, value: &Value) {
    match as_f64(value) {
        Some(number) if !value.is_integer() => match number {
            n if n.is_nan() => out.push_str("NaN"),
            n if n.is_infinite() => out.push_str(if n > 0.0 { "Infinity" } else { "-Infinity" }),
            n => out.push_str(&float_repr(n)),
        },
        _ => out.push_str(&value.to_string()),
    }
}

fn text(out: &mut String, text: &str) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            ' '..='~' if !matches!(c, '<' | '>' | '&' | '\'') => out.push(c),
            _ => {
                let mut units = [0; 2];
                for unit in c.encode_utf16(&mut units) {
                    out.push_str(&format!("\\u{unit:04x}"));
                }
            }
        }
    }
    out.push('"');
}
