//! Numbers, as Python shows them.

use std::io::Write;

/// Appends a float as Python's `json` writes it: the shortest text that reads back as the same float.
pub fn write_f64(value: f64, out: &mut Vec<u8>) {
    if !value.is_finite() {
        let text: &[u8] = match value {
            _ if value.is_nan() => b"NaN",
            _ if value > 0.0 => b"Infinity",
            _ => b"-Infinity",
        };
        return out.extend_from_slice(text);
    }
    write_float(format_args!("{value:e}"), out);
}

pub(super) fn write_f32(value: f32, out: &mut Vec<u8>) {
    if value.is_finite() {
        write_float(format_args!("{value:e}"), out);
    } else {
        write_f64(value.into(), out);
    }
}

/// Lays out what Rust formats as `-d.ddde±x` by the rules of Python's `repr`.
fn write_float(scientific: std::fmt::Arguments<'_>, out: &mut Vec<u8>) {
    let mut buffer = [0_u8; 40];
    let mut rest = &mut buffer[..];
    let fits = rest.write_fmt(scientific).is_ok();
    debug_assert!(fits, "a float has at most 17 digits");
    let left = rest.len();
    let text = &buffer[..buffer.len() - left];
    let (sign, text) = match text {
        [b'-', text @ ..] => (true, text),
        text => (false, text),
    };
    let split = text.iter().position(|&byte| byte == b'e').unwrap_or(text.len());
    let exponent: i32 =
        text.get(split + 1..).and_then(|e| std::str::from_utf8(e).ok()?.parse().ok()).unwrap_or(0);
    let mantissa = &text[..split];
    let (first, more) = (mantissa[0], mantissa.get(2..).unwrap_or_default());
    if sign {
        out.push(b'-');
    }
    if !(-4..16).contains(&exponent) {
        out.push(first);
        if !more.is_empty() {
            out.push(b'.');
            out.extend_from_slice(more);
        }
        out.extend_from_slice(if exponent < 0 { b"e-" } else { b"e+" });
        if exponent.abs() < 10 {
            out.push(b'0');
        }
        write_int(exponent.abs(), out);
    } else if exponent < 0 {
        out.extend_from_slice(b"0.");
        out.extend(std::iter::repeat_n(b'0', (-exponent - 1) as usize));
        out.push(first);
        out.extend_from_slice(more);
    } else {
        let whole = exponent as usize;
        out.push(first);
        out.extend_from_slice(&more[..more.len().min(whole)]);
        out.extend(std::iter::repeat_n(b'0', whole.saturating_sub(more.len())));
        out.push(b'.');
        match more.get(whole..) {
            Some(fraction) if !fraction.is_empty() => out.extend_from_slice(fraction),
            _ => out.push(b'0'),
        }
    }
}

pub(super) fn write_int(value: impl itoa::Integer, out: &mut Vec<u8>) {
    out.extend_from_slice(itoa::Buffer::new().format(value).as_bytes());
}
