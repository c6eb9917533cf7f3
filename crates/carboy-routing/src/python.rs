//! The few rules of Python's own text forms on which Werkzeug's messages and URLs rest: `repr()` of strings, `str()` of
//! floats, `int()` and `float()` of text, and the digits that `\d` stands for.

use std::fmt::Write as _;

/// The code points of the zeros of Unicode's decimal digits (category Nd); the other nine follow each.
const ZEROS: [u32; 66] = [
    0x30, 0x660, 0x6F0, 0x7C0, 0x966, 0x9E6, 0xA66, 0xAE6, 0xB66, 0xBE6, 0xC66, 0xCE6, 0xD66, 0xDE6, 0xE50,
    0xED0, 0xF20, 0x1040, 0x1090, 0x17E0, 0x1810, 0x1946, 0x19D0, 0x1A80, 0x1A90, 0x1B50, 0x1BB0, 0x1C40,
    0x1C50, 0xA620, 0xA8D0, 0xA900, 0xA9D0, 0xA9F0, 0xAA50, 0xABF0, 0xFF10, 0x104A0, 0x10D30, 0x11066,
    0x110F0, 0x11136, 0x111D0, 0x112F0, 0x11450, 0x114D0, 0x11650, 0x116C0, 0x11730, 0x118E0, 0x11950,
    0x11C50, 0x11D50, 0x11DA0, 0x16A60, 0x16AC0, 0x16B50, 0x1D7CE, 0x1D7D8, 0x1D7E2, 0x1D7EC, 0x1D7F6,
    0x1E140, 0x1E2F0, 0x1E950, 0x1FBF0,
];

/// CPython's default `sys.get_int_max_str_digits()`.
pub(crate) const MAX_INT_DIGITS: usize = 4300;

/// The value of a decimal digit of any script.
pub(crate) fn digit_value(c: char) -> Option<u32> {
    if c.is_ascii() {
        return c.to_digit(10);
    }
    let code = c as u32;
    let after = ZEROS.partition_point(|zero| *zero <= code);
    let value = code - ZEROS[after.checked_sub(1)?];
    (value < 10).then_some(value)
}

/// Whether Python's `\d` matches the character.
pub(crate) fn is_digit(c: char) -> bool {
    digit_value(c).is_some()
}

/// Why `int(text)` fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum IntError {
    Invalid,
    TooLong(usize),
}

/// `int(text)`, as its canonical decimal text (`"-12"`); only the number of digits limits it.
pub(crate) fn int_text(text: &str) -> Result<String, IntError> {
    let trimmed = text.trim_matches(char::is_whitespace);
    let (sign, digits) = match trimmed.as_bytes().first() {
        Some(b'-') => ("-", &trimmed[1..]),
        Some(b'+') => ("", &trimmed[1..]),
        _ => ("", trimmed),
    };
    let mut out = String::with_capacity(digits.len() + 1);
    let mut after_digit = false;
    for c in digits.chars() {
        match digit_value(c) {
            Some(value) => {
                out.push(char::from(b'0' + value as u8));
                after_digit = true;
            }
            None if c == '_' && after_digit => after_digit = false,
            None => return Err(IntError::Invalid),
        }
    }
    if !after_digit {
        return Err(IntError::Invalid);
    }
    if out.len() > MAX_INT_DIGITS {
        return Err(IntError::TooLong(out.len()));
    }
    let significant = out.trim_start_matches('0');
    Ok(if significant.is_empty() { "0".to_owned() } else { format!("{sign}{significant}") })
}

/// `float(text)`.
pub(crate) fn parse_float(text: &str) -> Option<f64> {
    let trimmed = text.trim_matches(char::is_whitespace);
    let mut plain = String::with_capacity(trimmed.len());
    let mut before = ' ';
    let mut rest = trimmed.chars().peekable();
    while let Some(c) = rest.next() {
        match digit_value(c) {
            Some(value) => plain.push(char::from(b'0' + value as u8)),
            None if c == '_' => {
                if !(is_digit(before) && rest.peek().copied().is_some_and(is_digit)) {
                    return None;
                }
            }
            None => plain.push(c),
        }
        before = c;
    }
    plain.parse().ok()
}

/// `str(value)` of a float.
pub(crate) fn float_text(value: f64) -> String {
    if value.is_nan() {
        return "nan".to_owned();
    }
    if value.is_infinite() {
        return if value > 0.0 { "inf" } else { "-inf" }.to_owned();
    }
    let scientific = format!("{value:e}");
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    if (-4..16).contains(&exponent) {
        let mut text = format!("{value}");
        if !text.contains('.') {
            text.push_str(".0");
        }
        text
    } else {
        let sign = if exponent < 0 { '-' } else { '+' };
        format!("{mantissa}e{sign}{:02}", exponent.unsigned_abs())
    }
}

/// Appends `repr(text)` of a string.
pub(crate) fn push_repr(out: &mut String, text: &str) {
    let quote = if text.contains('\'') && !text.contains('"') { '"' } else { '\'' };
    out.push(quote);
    for c in text.chars() {
        match c {
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            _ if c == quote => {
                out.push('\\');
                out.push(c);
            }
            _ if is_printable(c) => out.push(c),
            _ => {
                let code = c as u32;
                // Writing to a String cannot fail.
                let _ = match code {
                    0..=0xff => write!(out, "\\x{code:02x}"),
                    0x100..=0xffff => write!(out, "\\u{code:04x}"),
                    _ => write!(out, "\\U{code:08x}"),
                };
            }
        }
    }
    out.push(quote);
}

/// `repr(text)` of a string.
pub(crate) fn repr(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    push_repr(&mut out, text);
    out
}

/// `repr()` of a list of strings.
pub(crate) fn repr_list<'a>(items: impl IntoIterator<Item = &'a str>) -> String {
    let mut out = String::from("[");
    for (index, item) in items.into_iter().enumerate() {
        if index > 0 {
            out.push_str(", ");
        }
        push_repr(&mut out, item);
    }
    out.push(']');
    out
}

fn is_printable(c: char) -> bool {
    !(c.is_control()
        || (c.is_whitespace() && c != ' ')
        || matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn floats_are_written_as_python_writes_them() {
        for (value, text) in [
            (1.0, "1.0"),
            (0.1, "0.1"),
            (1e16, "1e+16"),
            (1.5e-5, "1.5e-05"),
            (123456789012345.6, "123456789012345.6"),
            (1e22, "1e+22"),
            (-0.0, "-0.0"),
        ] {
            assert_eq!(float_text(value), text);
        }
    }

    #[test]
    fn digits_of_every_script_have_their_value() {
        assert_eq!(digit_value('３'), Some(3));
        assert_eq!(digit_value('٩'), Some(9));
        assert_eq!(digit_value('a'), None);
        assert_eq!(digit_value('²'), None);
        assert_eq!(digit_value('\u{66a}'), None);
    }

    #[test]
    fn int_reads_what_python_reads() {
        assert_eq!(int_text(" +1_000 ").as_deref(), Ok("1000"));
        assert_eq!(int_text("-007").as_deref(), Ok("-7"));
        assert_eq!(int_text("-0").as_deref(), Ok("0"));
        for wrong in ["", "-", "1__0", "_1", "1_", "1.0", "x"] {
            assert_eq!(int_text(wrong), Err(IntError::Invalid), "{wrong}");
        }
        assert_eq!(int_text(&"1".repeat(4301)), Err(IntError::TooLong(4301)));
    }

    #[test]
    fn strings_are_quoted_as_python_quotes_them() {
        assert_eq!(repr("a"), "'a'");
        assert_eq!(repr("it's"), "\"it's\"");
        assert_eq!(repr("a'\"\n\u{0}é"), "'a\\'\"\\n\\x00é'");
    }
}
