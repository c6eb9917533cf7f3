//! Values as Python writes them: `str()`, `repr()`, whitespace, numbers and `pprint`.

use std::borrow::Cow;
use std::fmt::{self, Write};

use minijinja::Value;
use minijinja::value::ValueKind;

/// What Python's `str.isspace` counts as whitespace.
pub(crate) fn is_space(c: char) -> bool {
    c.is_whitespace() || ('\u{1c}'..='\u{1f}').contains(&c)
}

/// The words of `text`, as Python's `str.split()` finds them.
pub(crate) fn split_whitespace(text: &str) -> impl Iterator<Item = &str> {
    text.split(is_space).filter(|word| !word.is_empty())
}

/// The lines of `text`, as Python's `str.splitlines` finds them.
pub(crate) fn split_lines(text: &str, keep_ends: bool) -> Vec<&str> {
    let mut lines = Vec::new();
    let mut start = 0;
    let mut characters = text.char_indices().peekable();
    while let Some((at, c)) = characters.next() {
        let ends = matches!(
            c,
            '\n' | '\r' | '\u{b}' | '\u{c}' | '\u{1c}'..='\u{1e}' | '\u{85}' | '\u{2028}' | '\u{2029}'
        );
        if !ends {
            continue;
        }
        let mut next = at + c.len_utf8();
        if c == '\r' && matches!(characters.peek(), Some((_, '\n'))) {
            characters.next();
            next += 1;
        }
        lines.push(&text[start..if keep_ends { next } else { at }]);
        start = next;
    }
    if start < text.len() {
        lines.push(&text[start..]);
    }
    lines
}

/// Python's name of the value's type, for error messages.
pub(crate) fn type_name(value: &Value) -> &'static str {
    match value.kind() {
        ValueKind::Undefined => "Undefined",
        ValueKind::None => "NoneType",
        ValueKind::Bool => "bool",
        ValueKind::Number if value.is_integer() => "int",
        ValueKind::Number => "float",
        ValueKind::String if value.is_safe() => "Markup",
        ValueKind::String => "str",
        ValueKind::Bytes => "bytes",
        ValueKind::Seq if value.is_tuple() => "tuple",
        ValueKind::Seq | ValueKind::Iterable => "list",
        ValueKind::Map if is_plain_map(value) => "dict",
        _ => "object",
    }
}

/// Whether a map is data. The engine's own objects (macros, loops, namespaces) and ours call themselves maps, too.
pub(crate) fn is_plain_map(value: &Value) -> bool {
    value.kind() == ValueKind::Map
        && value.as_object().is_some_and(|object| {
            if object.downcast_ref::<super::value::Live>().is_some() {
                return true;
            }
            let name = object.type_name();
            !name.starts_with("minijinja::vm::")
                && !name.starts_with("minijinja::value::namespace_object::")
                && !name.starts_with("carboy::")
        })
}

/// Python's `repr(float)`.
pub(crate) fn float_repr(value: f64) -> String {
    if value.is_nan() {
        return "nan".to_owned();
    }
    if value.is_infinite() {
        return if value > 0.0 { "inf" } else { "-inf" }.to_owned();
    }
    if value == 0.0 {
        return if value.is_sign_negative() { "-0.0" } else { "0.0" }.to_owned();
    }
    let magnitude = value.abs();
    if (1e-4..1e16).contains(&magnitude) {
        let mut text = value.to_string();
        if !text.contains('.') {
            text.push_str(".0");
        }
        return text;
    }
    let text = format!("{value:e}");
    let (digits, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let (sign, exponent) = match exponent.strip_prefix('-') {
        Some(exponent) => ('-', exponent),
        None => ('+', exponent),
    };
    format!("{digits}e{sign}{exponent:0>2}")
}

/// The number as a float, if it is one or a bool.
pub(crate) fn as_f64(value: &Value) -> Option<f64> {
    match value.kind() {
        ValueKind::Bool => Some(if value.is_true() { 1.0 } else { 0.0 }),
        ValueKind::Number if value.is_integer() => i128::try_from(value.clone()).ok().map(|n| n as f64),
        ValueKind::Number => f64::try_from(value.clone()).ok(),
        _ => None,
    }
}

/// The number as an integer, if it is one or a bool.
pub(crate) fn as_int(value: &Value) -> Option<i128> {
    match value.kind() {
        ValueKind::Bool => Some(i128::from(value.is_true())),
        ValueKind::Number if value.is_integer() => i128::try_from(value.clone()).ok(),
        _ => None,
    }
}

/// An integer as a template value, as small as it goes.
pub(crate) fn int(value: i128) -> Value {
    match i64::try_from(value) {
        Ok(value) => Value::from(value),
        Err(_) => Value::from(value),
    }
}

/// Whether the value is text (bytes are not).
pub(crate) fn as_text(value: &Value) -> Option<&str> {
    match value.kind() {
        ValueKind::String => value.as_str(),
        _ => None,
    }
}

/// Python's `str(value)`, borrowed where the value is text.
pub(crate) fn to_text(value: &Value) -> Cow<'_, str> {
    match as_text(value) {
        Some(text) => Cow::Borrowed(text),
        None => {
            let mut out = String::new();
            // Writing into a string cannot fail.
            let _ = write_str(&mut out, value);
            Cow::Owned(out)
        }
    }
}

/// Python's `repr(value)`.
pub(crate) fn to_repr(value: &Value) -> String {
    let mut out = String::new();
    // Writing into a string cannot fail.
    let _ = write_repr(&mut out, value, false);
    out
}

/// Writes `str(value)`.
pub(crate) fn write_str<W: Write + ?Sized>(out: &mut W, value: &Value) -> fmt::Result {
    match value.kind() {
        ValueKind::Undefined => Ok(()),
        ValueKind::None => out.write_str("None"),
        ValueKind::Bool => out.write_str(if value.is_true() { "True" } else { "False" }),
        ValueKind::Number => write_number(out, value),
        ValueKind::String => out.write_str(value.as_str().unwrap_or_default()),
        _ => write_repr(out, value, false),
    }
}

fn write_number<W: Write + ?Sized>(out: &mut W, value: &Value) -> fmt::Result {
    if value.is_integer() {
        return match value.as_i64() {
            Some(number) => out.write_str(itoa::Buffer::new().format(number)),
            None => write!(out, "{value}"),
        };
    }
    match f64::try_from(value.clone()) {
        Ok(number) => out.write_str(&float_repr(number)),
        Err(_) => write!(out, "{value}"),
    }
}

/// Writes `repr(value)`; `sorted` sorts the keys of mappings, as `pprint` does.
pub(crate) fn write_repr<W: Write + ?Sized>(out: &mut W, value: &Value, sorted: bool) -> fmt::Result {
    if value.downcast_object_ref::<super::value::Live>().is_some() {
        return write!(out, "{value}");
    }
    match value.kind() {
        ValueKind::Undefined => out.write_str("Undefined"),
        ValueKind::String => {
            let text = value.as_str().unwrap_or_default();
            if value.is_safe() {
                out.write_str("Markup(")?;
                write_text_repr(out, text)?;
                out.write_str(")")
            } else {
                write_text_repr(out, text)
            }
        }
        ValueKind::Bytes => write_bytes_repr(out, value.as_bytes().unwrap_or_default()),
        ValueKind::Map if is_plain_map(value) => {
            out.write_str("{")?;
            for (index, (key, item)) in pairs(value, sorted).into_iter().enumerate() {
                if index > 0 {
                    out.write_str(", ")?;
                }
                write_repr(out, &key, sorted)?;
                out.write_str(": ")?;
                write_repr(out, &item, sorted)?;
            }
            out.write_str("}")
        }
        ValueKind::Map => {
            if value
                .as_object()
                .is_some_and(|object| object.type_name().starts_with("minijinja::value::namespace_object::"))
            {
                out.write_str("<Namespace {")?;
                for (index, (key, item)) in pairs(value, false).into_iter().enumerate() {
                    if index > 0 {
                        out.write_str(", ")?;
                    }
                    write_repr(out, &key, sorted)?;
                    out.write_str(": ")?;
                    write_repr(out, &item, sorted)?;
                }
                return out.write_str("}>");
            }
            write!(out, "{value}")
        }
        ValueKind::Seq | ValueKind::Iterable => {
            let own = value.as_object().is_some_and(|object| object.type_name().starts_with("carboy::"));
            if own {
                return write!(out, "{value}");
            }
            let tuple = value.is_tuple();
            out.write_str(if tuple { "(" } else { "[" })?;
            let mut count = 0;
            if let Ok(items) = value.try_iter() {
                for item in items {
                    if count > 0 {
                        out.write_str(", ")?;
                    }
                    write_repr(out, &item, sorted)?;
                    count += 1;
                }
            }
            out.write_str(match (tuple, count) {
                (true, 1) => ",)",
                (true, _) => ")",
                (false, _) => "]",
            })
        }
        ValueKind::Plain => write!(out, "{value}"),
        _ => write_str(out, value),
    }
}

/// The entries of a mapping, sorted by key if asked for.
pub(crate) fn pairs(value: &Value, sorted: bool) -> Vec<(Value, Value)> {
    let mut pairs: Vec<(Value, Value)> = value
        .as_object()
        .and_then(|object| object.try_iter_pairs())
        .map(Iterator::collect)
        .unwrap_or_default();
    if sorted {
        pairs.sort_by(|a, b| a.0.cmp(&b.0));
    }
    pairs
}

/// Python's `str.isprintable` for one character, without the table of unassigned code points.
fn is_printable(c: char) -> bool {
    match c {
        ' '..='~' => true,
        '\u{a1}'..='\u{ac}' | '\u{ae}'..='\u{2ff}' => true,
        _ if c.is_control() || is_space(c) => false,
        '\u{ad}' | '\u{600}'..='\u{605}' | '\u{61c}' | '\u{6dd}' | '\u{70f}' | '\u{180e}' => false,
        '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' => false,
        '\u{e000}'..='\u{f8ff}' | '\u{feff}' | '\u{fff0}'..='\u{fffb}' | '\u{fffe}'..='\u{ffff}' => false,
        '\u{e0000}'..='\u{e00ff}' | '\u{f0000}'..='\u{10ffff}' => false,
        _ => true,
    }
}

/// Writes `repr` of a string.
pub(crate) fn write_text_repr<W: Write + ?Sized>(out: &mut W, text: &str) -> fmt::Result {
    let quote = if text.contains('\'') && !text.contains('"') { '"' } else { '\'' };
    out.write_char(quote)?;
    for c in text.chars() {
        match c {
            '\n' => out.write_str("\\n")?,
            '\r' => out.write_str("\\r")?,
            '\t' => out.write_str("\\t")?,
            '\\' => out.write_str("\\\\")?,
            _ if c == quote => write!(out, "\\{c}")?,
            _ if is_printable(c) => out.write_char(c)?,
            _ => {
                let code = u32::from(c);
                match code {
                    0..=0xff => write!(out, "\\x{code:02x}")?,
                    0x100..=0xffff => write!(out, "\\u{code:04x}")?,
                    _ => write!(out, "\\U{code:08x}")?,
                }
            }
        }
    }
    out.write_char(quote)
}

fn write_bytes_repr<W: Write + ?Sized>(out: &mut W, bytes: &[u8]) -> fmt::Result {
    let quote = if bytes.contains(&b'\'') && !bytes.contains(&b'"') { b'"' } else { b'\'' };
    write!(out, "b{}", char::from(quote))?;
    for &byte in bytes {
        match byte {
            b'\n' => out.write_str("\\n")?,
            b'\r' => out.write_str("\\r")?,
            b'\t' => out.write_str("\\t")?,
            b'\\' => out.write_str("\\\\")?,
            _ if byte == quote => write!(out, "\\{}", char::from(byte))?,
            b' '..=b'~' => out.write_char(char::from(byte))?,
            _ => write!(out, "\\x{byte:02x}")?,
        }
    }
    out.write_char(char::from(quote))
}

/// Python's `int(text, base)`; base 0 reads the prefix.
pub(crate) fn parse_int(text: &str, base: u32) -> Option<i128> {
    let text = text.trim_matches(is_space);
    let (negative, digits) = match text.as_bytes().first()? {
        b'-' => (true, &text[1..]),
        b'+' => (false, &text[1..]),
        _ => (false, text),
    };
    let prefixed = |letter: char| {
        digits.strip_prefix('0').and_then(|d| d.strip_prefix([letter, letter.to_ascii_uppercase()]))
    };
    let (base, digits) = match (base, prefixed('x'), prefixed('o'), prefixed('b')) {
        (0 | 16, Some(rest), _, _) => (16, rest.strip_prefix('_').unwrap_or(rest)),
        (0 | 8, _, Some(rest), _) => (8, rest.strip_prefix('_').unwrap_or(rest)),
        (0 | 2, _, _, Some(rest)) => (2, rest.strip_prefix('_').unwrap_or(rest)),
        (0, ..) => (10, digits),
        (2..=36, ..) => (base, digits),
        _ => return None,
    };
    if digits.is_empty() || digits.starts_with('_') || digits.ends_with('_') || digits.contains("__") {
        return None;
    }
    let mut value: i128 = 0;
    for c in digits.chars().filter(|c| *c != '_') {
        value = value.checked_mul(i128::from(base))?.checked_add(i128::from(c.to_digit(base)?))?;
    }
    Some(if negative { -value } else { value })
}

/// Python's `float(text)`.
pub(crate) fn parse_float(text: &str) -> Option<f64> {
    let text = text.trim_matches(is_space);
    let bare = text.trim_start_matches(['+', '-']);
    if text.len() - bare.len() > 1 || bare.starts_with('_') || bare.ends_with('_') || bare.contains("__") {
        return None;
    }
    let lower = bare.to_ascii_lowercase();
    if !matches!(lower.as_str(), "inf" | "infinity" | "nan")
        && !bare.starts_with(|c: char| c.is_ascii_digit() || c == '.')
    {
        return None;
    }
    text.replace('_', "").parse().ok()
}

/// Python's `round(number, digits)`: to the nearest, ties to even, exact in decimal.
pub(crate) fn round_float(number: f64, digits: i32) -> f64 {
    if !number.is_finite() {
        return number;
    }
    if digits >= 0 {
        let digits = usize::try_from(digits).unwrap_or(0).min(340);
        return format!("{number:.digits$}").parse().unwrap_or(number);
    }
    let factor = 10f64.powi(-digits);
    (number / factor).round_ties_even() * factor
}

/// Python's `pprint.pformat` with its default width of 80.
pub(crate) fn pformat(value: &Value) -> String {
    let mut out = String::new();
    pretty(&mut out, value, 0, 0, 1);
    out
}

const WIDTH: usize = 80;

fn sorted_repr(value: &Value) -> String {
    let mut out = String::new();
    // Writing into a string cannot fail.
    let _ = write_repr(&mut out, value, true);
    out
}

fn pretty(out: &mut String, value: &Value, indent: usize, allowance: usize, level: usize) {
    let repr = sorted_repr(value);
    if repr.chars().count() <= WIDTH.saturating_sub(indent + allowance) {
        out.push_str(&repr);
        return;
    }
    match value.kind() {
        ValueKind::Map if is_plain_map(value) => {
            out.push('{');
            let entries = pairs(value, true);
            let last = entries.len().saturating_sub(1);
            for (index, (key, item)) in entries.iter().enumerate() {
                let key = sorted_repr(key);
                if index > 0 {
                    out.push_str(",\n");
                    out.push_str(&" ".repeat(indent + 1));
                }
                out.push_str(&key);
                out.push_str(": ");
                let room = if index == last { allowance + 1 } else { 1 };
                pretty(out, item, indent + 1 + key.chars().count() + 2, room, level + 1);
            }
            out.push('}');
        }
        ValueKind::Seq | ValueKind::Iterable if !repr.starts_with('<') => {
            let items: Vec<Value> = value.try_iter().map(Iterator::collect).unwrap_or_default();
            let close = match (value.is_tuple(), items.len()) {
                (true, 1) => ",)",
                (true, _) => ")",
                _ => "]",
            };
            out.push(if value.is_tuple() { '(' } else { '[' });
            let last = items.len().saturating_sub(1);
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    out.push_str(",\n");
                    out.push_str(&" ".repeat(indent + 1));
                }
                let room = if index == last { allowance + close.len() } else { 1 };
                pretty(out, item, indent + 1, room, level + 1);
            }
            out.push_str(close);
        }
        ValueKind::String if !value.is_safe() => {
            pretty_text(out, value.as_str().unwrap_or_default(), indent, allowance, level);
        }
        _ => out.push_str(&repr),
    }
}

/// A long string as adjacent literals, one a line.
fn pretty_text(out: &mut String, text: &str, indent: usize, allowance: usize, level: usize) {
    let (indent, allowance) = if level == 1 { (indent + 1, allowance + 1) } else { (indent, allowance) };
    let repr = |text: &str| {
        let mut out = String::new();
        // Writing into a string cannot fail.
        let _ = write_text_repr(&mut out, text);
        out
    };
    let fits = |text: &str, width: usize| repr(text).chars().count() <= width;
    let mut chunks: Vec<String> = Vec::new();
    let lines = split_lines(text, true);
    for (number, line) in lines.iter().enumerate() {
        let last_line = number + 1 == lines.len();
        let width = WIDTH.saturating_sub(indent);
        let width_at_end = width.saturating_sub(if last_line { allowance } else { 0 });
        if fits(line, width_at_end) {
            chunks.push(repr(line));
            continue;
        }
        let parts = words_with_space(line);
        let mut current = String::new();
        for (index, part) in parts.iter().enumerate() {
            let room = if last_line && index + 1 == parts.len() { width_at_end } else { width };
            let candidate = format!("{current}{part}");
            if fits(&candidate, room) {
                current = candidate;
            } else {
                if !current.is_empty() {
                    chunks.push(repr(&current));
                }
                current = (*part).to_owned();
            }
        }
        if !current.is_empty() {
            chunks.push(repr(&current));
        }
    }
    if let [only] = chunks.as_slice() {
        out.push_str(only);
        return;
    }
    if level == 1 {
        out.push('(');
    }
    for (index, chunk) in chunks.iter().enumerate() {
        if index > 0 {
            out.push('\n');
            out.push_str(&" ".repeat(indent));
        }
        out.push_str(chunk);
    }
    if level == 1 {
        out.push(')');
    }
}

/// Splits into words, each with the whitespace after it (the pattern `\S*\s*`).
fn words_with_space(text: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let mut start = 0;
    let mut in_space = false;
    for (at, c) in text.char_indices() {
        if is_space(c) {
            in_space = true;
        } else if in_space {
            parts.push(&text[start..at]);
            start = at;
            in_space = false;
        }
    }
    if start < text.len() {
        parts.push(&text[start..]);
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn floats_are_written_as_python_writes_them() {
        let cases = [
            (1.0, "1.0"),
            (0.1, "0.1"),
            (1e16, "1e+16"),
            (1.5e300, "1.5e+300"),
            (123_456_789.123, "123456789.123"),
            (1e-5, "1e-05"),
            (0.0001, "0.0001"),
            (-2.5e-10, "-2.5e-10"),
            (9_999_999_999_999_998.0, "9999999999999998.0"),
        ];
        for (number, text) in cases {
            assert_eq!(float_repr(number), text);
        }
    }

    #[test]
    fn integers_are_read_as_python_reads_them() {
        assert_eq!(parse_int(" -1_000 ", 10), Some(-1000));
        assert_eq!(parse_int("0x1F", 16), Some(31));
        assert_eq!(parse_int("0b101", 0), Some(5));
        assert_eq!(parse_int("1__0", 10), None);
        assert_eq!(parse_int("", 10), None);
        assert_eq!(parse_int("12.5", 10), None);
    }
}
