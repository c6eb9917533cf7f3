//! Python's `%` formatting and `str.format`, for the `format` filter and the methods of strings.

use minijinja::{Error, Value};

use super::args::fail;
use super::escape::escaped;
use super::python::{as_f64, as_int, as_text, float_repr, parse_float, to_repr, to_text, type_name};

/// How a piece of text is laid out.
#[derive(Default)]
struct Layout {
    left: bool,
    plus: bool,
    space: bool,
    zero: bool,
    alternate: bool,
    width: usize,
    precision: Option<usize>,
}

/// No format may ask for more characters than this.
const LONGEST: usize = 1 << 20;

fn pad(text: String, layout: &Layout, numeric: bool) -> String {
    let length = text.chars().count();
    if length >= layout.width {
        return text;
    }
    let missing = layout.width - length;
    if layout.left {
        return text + &" ".repeat(missing);
    }
    if layout.zero && numeric {
        let signed = usize::from(text.starts_with(['+', '-', ' ']));
        let prefix = if text[signed..].starts_with("0x")
            || text[signed..].starts_with("0X")
            || text[signed..].starts_with("0o")
        {
            signed + 2
        } else {
            signed
        };
        return format!("{}{}{}", &text[..prefix], "0".repeat(missing), &text[prefix..]);
    }
    " ".repeat(missing) + &text
}

fn sign(negative: bool, layout: &Layout) -> &'static str {
    match (negative, layout.plus, layout.space) {
        (true, ..) => "-",
        (_, true, _) => "+",
        (_, _, true) => " ",
        _ => "",
    }
}

/// A float in one of the notations `e f g %`.
fn float(number: f64, conversion: char, layout: &Layout) -> String {
    let upper = conversion.is_ascii_uppercase();
    let precision = layout.precision.unwrap_or(6);
    let magnitude = number.abs();
    let body = if number.is_nan() {
        "nan".to_owned()
    } else if number.is_infinite() {
        "inf".to_owned()
    } else {
        match conversion.to_ascii_lowercase() {
            'f' => format!("{magnitude:.precision$}"),
            'e' => exponent(magnitude, precision),
            _ => general(magnitude, precision.max(1), layout.alternate),
        }
    };
    let body = if upper { body.to_uppercase() } else { body };
    format!("{}{body}", sign(number.is_sign_negative() && !number.is_nan(), layout))
}

fn exponent(magnitude: f64, precision: usize) -> String {
    let text = format!("{magnitude:.precision$e}");
    let (digits, power) = text.split_once('e').unwrap_or((&text, "0"));
    match power.strip_prefix('-') {
        Some(power) => format!("{digits}e-{power:0>2}"),
        None => format!("{digits}e+{power:0>2}"),
    }
}

fn general(magnitude: f64, precision: usize, alternate: bool) -> String {
    let scientific = format!("{magnitude:.*e}", precision - 1);
    let power: i32 = scientific.split_once('e').and_then(|(_, power)| power.parse().ok()).unwrap_or(0);
    let strip = |text: String| {
        if alternate || !text.contains('.') {
            text
        } else {
            text.trim_end_matches('0').trim_end_matches('.').to_owned()
        }
    };
    if power < -4 || power >= i32::try_from(precision).unwrap_or(i32::MAX) {
        let text = exponent(magnitude, precision - 1);
        let (digits, power) = text.split_once('e').unwrap_or((&text, "+00"));
        format!("{}e{power}", strip(digits.to_owned()))
    } else {
        let decimals = usize::try_from(i32::try_from(precision).unwrap_or(0) - 1 - power).unwrap_or(0);
        strip(format!("{magnitude:.decimals$}"))
    }
}

fn radix(number: i128, conversion: char, layout: &Layout) -> String {
    let magnitude = number.unsigned_abs();
    let (prefix, digits) = match conversion {
        'o' => ("0o", format!("{magnitude:o}")),
        'x' => ("0x", format!("{magnitude:x}")),
        'X' => ("0X", format!("{magnitude:X}")),
        'b' => ("0b", format!("{magnitude:b}")),
        _ => ("", magnitude.to_string()),
    };
    let digits = match layout.precision {
        Some(precision) if digits.len() < precision => "0".repeat(precision - digits.len()) + &digits,
        _ => digits,
    };
    format!("{}{}{digits}", sign(number < 0, layout), if layout.alternate { prefix } else { "" })
}

/// Python's `template % arguments`; in safe templates text arguments are escaped.
pub(crate) fn percent(
    template: &str,
    positional: &[Value],
    named: Option<&Value>,
    safe: bool,
) -> Result<String, Error> {
    let mut out = String::with_capacity(template.len() + 16);
    let mut characters = template.chars().peekable();
    let mut next = 0;
    let mut used_names = false;
    while let Some(c) = characters.next() {
        if c != '%' {
            out.push(c);
            continue;
        }
        let mut value = None;
        if characters.peek() == Some(&'(') {
            characters.next();
            let mut key = String::new();
            loop {
                match characters.next() {
                    Some(')') => break,
                    Some(c) => key.push(c),
                    None => return Err(fail("incomplete format key")),
                }
            }
            let named = named.ok_or_else(|| fail("format requires a mapping"))?;
            let found = named.get_attr(&key)?;
            if found.is_undefined() {
                return Err(fail(format!("'{key}'")));
            }
            used_names = true;
            value = Some(found);
        }
        let mut layout = Layout::default();
        while let Some(flag) = characters.peek() {
            match flag {
                '-' => layout.left = true,
                '+' => layout.plus = true,
                ' ' => layout.space = true,
                '0' => layout.zero = true,
                '#' => layout.alternate = true,
                _ => break,
            }
            characters.next();
        }
        let argument = |next: &mut usize| -> Result<Value, Error> {
            let value = positional
                .get(*next)
                .cloned()
                .ok_or_else(|| fail("not enough arguments for format string"))?;
            *next += 1;
            Ok(value)
        };
        let number = |characters: &mut std::iter::Peekable<std::str::Chars<'_>>,
                      next: &mut usize|
         -> Result<usize, Error> {
            if characters.peek() == Some(&'*') {
                characters.next();
                let value = argument(next)?;
                let value = as_int(&value).ok_or_else(|| fail("* wants int"))?;
                return Ok(usize::try_from(value.max(0)).unwrap_or(LONGEST).min(LONGEST));
            }
            let mut value = 0usize;
            while let Some(digit) = characters.peek().and_then(|c| c.to_digit(10)) {
                value = value.saturating_mul(10).saturating_add(digit as usize).min(LONGEST);
                characters.next();
            }
            Ok(value)
        };
        layout.width = number(&mut characters, &mut next)?;
        if characters.peek() == Some(&'.') {
            characters.next();
            layout.precision = Some(number(&mut characters, &mut next)?);
        }
        while matches!(characters.peek(), Some('h' | 'l' | 'L')) {
            characters.next();
        }
        let conversion = characters.next().ok_or_else(|| fail("incomplete format"))?;
        if conversion == '%' {
            out.push('%');
            continue;
        }
        let value = match value {
            Some(value) => value,
            None => argument(&mut next)?,
        };
        let text = match conversion {
            's' | 'r' | 'a' => {
                let mut text = if conversion == 's' { to_text(&value).into_owned() } else { to_repr(&value) };
                if safe && !(conversion == 's' && value.is_safe()) {
                    text = escaped(&text);
                }
                if let Some(precision) = layout.precision {
                    text = text.chars().take(precision).collect();
                }
                pad(text, &layout, false)
            }
            'd' | 'i' | 'u' | 'o' | 'x' | 'X' => {
                let number = as_int(&value)
                    .or_else(|| {
                        // Decimal conversions cut floats off, the others refuse them.
                        matches!(conversion, 'd' | 'i' | 'u')
                            .then(|| {
                                as_f64(&value)
                                    .filter(|number| number.is_finite())
                                    .map(|number| number.trunc() as i128)
                            })
                            .flatten()
                    })
                    .ok_or_else(|| {
                        fail(format!(
                            "%{conversion} format: a real number is required, not {}",
                            type_name(&value)
                        ))
                    })?;
                pad(radix(number, conversion, &layout), &layout, true)
            }
            'e' | 'E' | 'f' | 'F' | 'g' | 'G' => {
                let number = as_f64(&value)
                    .or_else(|| if safe { as_text(&value).and_then(parse_float) } else { None })
                    .ok_or_else(|| fail(format!("must be real number, not {}", type_name(&value))))?;
                pad(float(number, conversion, &layout), &layout, true)
            }
            'c' => {
                let text = match as_int(&value) {
                    Some(code) => u32::try_from(code)
                        .ok()
                        .and_then(char::from_u32)
                        .ok_or_else(|| fail("%c arg not in range(0x110000)"))?
                        .to_string(),
                    None => match as_text(&value) {
                        Some(text) if text.chars().count() == 1 => text.to_owned(),
                        _ => return Err(fail("%c requires int or char")),
                    },
                };
                pad(text, &layout, false)
            }
            other => return Err(fail(format!("unsupported format character '{other}'"))),
        };
        out.push_str(&text);
    }
    if next < positional.len() && !used_names && named.is_none() {
        return Err(fail("not all arguments converted during string formatting"));
    }
    Ok(out)
}

/// Python's `template.format(*positional, **named)`; in safe templates the arguments are escaped.
pub(crate) fn braces(
    template: &str,
    positional: &[Value],
    named: Option<&Value>,
    safe: bool,
) -> Result<String, Error> {
    let mut automatic = 0;
    braces_into(template, positional, named, safe, &mut automatic, 2)
}

fn braces_into(
    template: &str,
    positional: &[Value],
    named: Option<&Value>,
    safe: bool,
    automatic: &mut usize,
    depth: usize,
) -> Result<String, Error> {
    if depth == 0 {
        return Err(fail("Max string recursion exceeded"));
    }
    let mut out = String::with_capacity(template.len() + 16);
    let mut rest = template;
    while let Some(at) = rest.find(['{', '}']) {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        if let Some(after) = rest.strip_prefix("{{") {
            out.push('{');
            rest = after;
            continue;
        }
        if let Some(after) = rest.strip_prefix("}}") {
            out.push('}');
            rest = after;
            continue;
        }
        if rest.starts_with('}') {
            return Err(fail("Single '}' encountered in format string"));
        }
        let mut level = 0;
        let end = rest
            .char_indices()
            .find_map(|(at, c)| {
                match c {
                    '{' => level += 1,
                    '}' => level -= 1,
                    _ => {}
                }
                (level == 0).then_some(at)
            })
            .ok_or_else(|| fail("Single '{' encountered in format string"))?;
        let field = &rest[1..end];
        rest = &rest[end + 1..];
        let (name, spec) = field.split_once(':').unwrap_or((field, ""));
        let (name, conversion) = name.split_once('!').unwrap_or((name, ""));
        let value = lookup(name, positional, named, automatic)?;
        let spec = braces_into(spec, positional, named, false, automatic, depth - 1)?;
        let text = match conversion {
            "r" | "a" => with_spec(&Value::from(to_repr(&value)), &spec)?,
            "s" => with_spec(&Value::from(to_text(&value).into_owned()), &spec)?,
            "" if value.is_safe() && safe => {
                if !spec.is_empty() {
                    return Err(fail("Unsupported format specification for Markup."));
                }
                out.push_str(value.as_str().unwrap_or_default());
                continue;
            }
            "" => with_spec(&value, &spec)?,
            other => return Err(fail(format!("Unknown conversion specifier {other}"))),
        };
        out.push_str(&if safe { escaped(&text) } else { text });
    }
    out.push_str(rest);
    Ok(out)
}

/// The value of a field such as `0`, `name`, `user.name` or `rows[0]`.
fn lookup(
    field: &str,
    positional: &[Value],
    named: Option<&Value>,
    automatic: &mut usize,
) -> Result<Value, Error> {
    let end = field.find(['.', '[']).unwrap_or(field.len());
    let (first, mut path) = field.split_at(end);
    let missing = || fail("Replacement index out of range for positional args tuple");
    let mut value = if first.is_empty() {
        *automatic += 1;
        positional.get(*automatic - 1).cloned().ok_or_else(missing)?
    } else if let Ok(index) = first.parse::<usize>() {
        positional.get(index).cloned().ok_or_else(missing)?
    } else {
        let value = named.map_or(Ok(Value::UNDEFINED), |named| named.get_attr(first))?;
        if value.is_undefined() {
            return Err(fail(format!("'{first}'")));
        }
        value
    };
    while !path.is_empty() {
        if let Some(rest) = path.strip_prefix('.') {
            let end = rest.find(['.', '[']).unwrap_or(rest.len());
            value = value.get_attr(&rest[..end])?;
            path = &rest[end..];
        } else {
            let rest = path.strip_prefix('[').unwrap_or(path);
            let end = rest.find(']').ok_or_else(|| fail("expected '}' before end of string"))?;
            let key = &rest[..end];
            value = match key.parse::<i64>() {
                Ok(index) => value.get_item(&Value::from(index))?,
                Err(_) => value.get_item(&Value::from(key))?,
            };
            path = &rest[end + 1..];
        }
    }
    Ok(value)
}

/// Python's `format(value, spec)`.
fn with_spec(value: &Value, spec: &str) -> Result<String, Error> {
    if spec.is_empty() {
        return Ok(to_text(value).into_owned());
    }
    let characters: Vec<char> = spec.chars().collect();
    let is_align = |c: &char| matches!(c, '<' | '>' | '=' | '^');
    let (mut fill, mut align, mut at) = match (characters.first(), characters.get(1)) {
        (Some(&fill), Some(align)) if is_align(align) => (fill, Some(*align), 2),
        (Some(align), _) if is_align(align) => (' ', Some(*align), 1),
        _ => (' ', None, 0),
    };
    let mut layout = Layout::default();
    match characters.get(at) {
        Some('+') => (layout.plus, at) = (true, at + 1),
        Some(' ') => (layout.space, at) = (true, at + 1),
        Some('-') => at += 1,
        _ => {}
    }
    if characters.get(at) == Some(&'#') {
        (layout.alternate, at) = (true, at + 1);
    }
    if characters.get(at) == Some(&'0') {
        at += 1;
        if align.is_none() {
            (fill, align) = ('0', Some('='));
        }
    }
    let number = |at: &mut usize| {
        let mut value = None;
        while let Some(digit) = characters.get(*at).and_then(|c| c.to_digit(10)) {
            value = Some((value.unwrap_or(0usize) * 10 + digit as usize).min(LONGEST));
            *at += 1;
        }
        value
    };
    layout.width = number(&mut at).unwrap_or(0);
    let group = match characters.get(at) {
        Some(&c @ (',' | '_')) => {
            at += 1;
            Some(c)
        }
        _ => None,
    };
    if characters.get(at) == Some(&'.') {
        at += 1;
        layout.precision = number(&mut at);
    }
    let conversion = characters.get(at).copied();
    if characters.len() > at + 1 {
        return Err(fail(format!("Invalid format specifier '{spec}'")));
    }
    let unknown = |conversion: char| {
        fail(format!("Unknown format code '{conversion}' for object of type '{}'", type_name(value)))
    };
    let grouped = |text: String| match group {
        Some(separator) => group_thousands(&text, separator),
        None => text,
    };
    let (text, numeric) = match (as_text(value), as_int(value), as_f64(value)) {
        (Some(text), ..) => match conversion {
            None | Some('s') => (
                match layout.precision {
                    Some(precision) => text.chars().take(precision).collect(),
                    None => text.to_owned(),
                },
                false,
            ),
            Some(other) => return Err(unknown(other)),
        },
        (_, Some(number), _) if matches!(conversion, None | Some('d' | 'n')) => {
            (grouped(radix(number, 'd', &layout)), true)
        }
        (_, Some(number), _) if matches!(conversion, Some('x' | 'X' | 'o' | 'b')) => {
            (radix(number, conversion.unwrap_or('x'), &layout), true)
        }
        (_, Some(number), _) if conversion == Some('c') => {
            (u32::try_from(number).ok().and_then(char::from_u32).unwrap_or('\u{fffd}').to_string(), false)
        }
        (_, _, Some(number)) => match conversion {
            None if layout.precision.is_none() => {
                (grouped(format!("{}{}", sign(number < 0.0, &layout), float_repr(number.abs()))), true)
            }
            None => (grouped(float(number, 'g', &layout)), true),
            Some('%') => (grouped(float(number * 100.0, 'f', &layout)) + "%", true),
            Some(c @ ('e' | 'E' | 'f' | 'F' | 'g' | 'G')) => (grouped(float(number, c, &layout)), true),
            Some(other) => return Err(unknown(other)),
        },
        _ => {
            return Err(fail(format!("unsupported format string passed to {}.__format__", type_name(value))));
        }
    };
    let length = text.chars().count();
    if length >= layout.width {
        return Ok(text);
    }
    let missing = layout.width - length;
    let fill_of = |count: usize| std::iter::repeat_n(fill, count).collect::<String>();
    Ok(match align.unwrap_or(if numeric { '>' } else { '<' }) {
        '<' => text + &fill_of(missing),
        '^' => fill_of(missing / 2) + &text + &fill_of(missing - missing / 2),
        '=' if numeric => {
            let signed = usize::from(text.starts_with(['+', '-', ' ']));
            format!("{}{}{}", &text[..signed], fill_of(missing), &text[signed..])
        }
        _ => fill_of(missing) + &text,
    })
}

fn group_thousands(text: &str, separator: char) -> String {
    let start = usize::from(text.starts_with(['+', '-', ' ']));
    let end = text[start..].find(['.', 'e']).map_or(text.len(), |at| start + at);
    let digits = &text[start..end];
    let mut out = text[..start].to_owned();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push(separator);
        }
        out.push(digit);
    }
    out + &text[end..]
}
