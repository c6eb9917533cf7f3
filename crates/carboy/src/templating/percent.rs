//! `'…' % value`: Python's formatting operator, which the engine knows for numbers only.
//!
//! Where a text literal, or a group that begins with one, stands before `%`, the operator becomes a call of the filter
//! that formats. Lines stay where they are.

use minijinja::{Environment, Error, State, Value};

use super::args::{Args, keep_safety};
use super::printf;
use super::python::{is_plain_map, to_text};
use super::source::{Piece, end_of_string, pieces};

const FILTER: &str = "_carboy_percent";

pub(super) fn install(environment: &mut Environment<'static>) {
    environment.add_filter(FILTER, percent);
}

fn percent(_: &mut State<'_, '_>, args: Args<'_>) -> Result<Value, Error> {
    let [template, value] = args.bind(FILTER, ["template", "value"], 2)?;
    let (template, value) = (template.unwrap_or_default(), value.unwrap_or_default());
    let text = to_text(&template);
    let formatted = if value.is_tuple() {
        let items = super::args::items(&value)?;
        printf::percent(&text, &items, None, template.is_safe())?
    } else {
        let named = is_plain_map(&value).then_some(&value);
        printf::percent(&text, std::slice::from_ref(&value), named, template.is_safe())?
    };
    Ok(keep_safety(&template, formatted))
}

/// Rewrites the operator where it formats; nothing if it nowhere does.
pub(super) fn rewrite(source: &str) -> Option<String> {
    let mut edits: Vec<(usize, usize, &str)> = Vec::new();
    for located in pieces(source) {
        let (Piece::Print(code) | Piece::Tag(code)) = located.piece;
        let offset = code.as_ptr() as usize - source.as_ptr() as usize;
        for (operator, end) in operators(code) {
            edits.push((offset + operator, offset + operator + 1, "|_carboy_percent("));
            edits.push((offset + end, offset + end, ")"));
        }
    }
    if edits.is_empty() {
        return None;
    }
    edits.sort_by_key(|(start, ..)| *start);
    let mut out = String::with_capacity(source.len() + 24 * edits.len());
    let mut at = 0;
    for (start, end, text) in edits {
        out.push_str(&source[at..start]);
        out.push_str(text);
        at = end;
    }
    out.push_str(&source[at..]);
    Some(out)
}

/// The places of formatting operators and the ends of their operands.
fn operators(code: &str) -> Vec<(usize, usize)> {
    let bytes = code.as_bytes();
    let mut found = Vec::new();
    // Whether each open group began with a text literal.
    let mut groups: Vec<Option<bool>> = Vec::new();
    let mut text_before = false;
    let mut at = 0;
    while at < bytes.len() {
        let byte = bytes[at];
        let first_of_group = |groups: &mut Vec<Option<bool>>, text: bool| {
            if let Some(group @ None) = groups.last_mut() {
                *group = Some(text);
            }
        };
        match byte {
            b'"' | b'\'' => {
                let Some(end) = end_of_string(bytes, at, byte) else {
                    return found;
                };
                first_of_group(&mut groups, true);
                text_before = true;
                at = end;
            }
            b'(' => {
                // A call's parentheses do not make a group.
                let call = code[..at]
                    .trim_end()
                    .ends_with(|c: char| c.is_alphanumeric() || matches!(c, '_' | ')' | ']'));
                first_of_group(&mut groups, false);
                groups.push(if call { Some(false) } else { None });
                text_before = false;
            }
            b')' => text_before = groups.pop().flatten().unwrap_or(false),
            b'%' if text_before => {
                if let Some(end) = operand(code, at + 1) {
                    found.push((at, end));
                }
                text_before = true;
            }
            b' ' | b'\t' | b'\n' | b'\r' => {}
            _ => {
                first_of_group(&mut groups, false);
                text_before = false;
            }
        }
        at += 1;
    }
    found
}

/// Where the operand that begins at `from` ends: an atom with its attributes, indexes, calls and filters.
fn operand(code: &str, from: usize) -> Option<usize> {
    let skip_space = |at: usize| at + code[at..].len() - code[at..].trim_start().len();
    let mut at = skip_space(from);
    if code[at..].starts_with('-') {
        at = skip_space(at + 1);
    }
    at = atom(code, at)?;
    loop {
        let next = skip_space(at);
        match code.as_bytes().get(next) {
            Some(b'(' | b'[') => at = atom(code, next)?,
            Some(b'.' | b'|') => at = atom(code, skip_space(next + 1))?,
            _ => return Some(at),
        }
    }
}

fn atom(code: &str, at: usize) -> Option<usize> {
    let bytes = code.as_bytes();
    match *bytes.get(at)? {
        quote @ (b'"' | b'\'') => end_of_string(bytes, at, quote).map(|end| end + 1),
        b'(' | b'[' | b'{' => {
            let mut depth = 0usize;
            let mut at = at;
            while at < bytes.len() {
                match bytes[at] {
                    quote @ (b'"' | b'\'') => at = end_of_string(bytes, at, quote)?,
                    b'(' | b'[' | b'{' => depth += 1,
                    b')' | b']' | b'}' => {
                        depth -= 1;
                        if depth == 0 {
                            return Some(at + 1);
                        }
                    }
                    _ => {}
                }
                at += 1;
            }
            None
        }
        _ => {
            let length = code[at..]
                .char_indices()
                .find(|(index, c)| {
                    let number = code[at..].starts_with(|c: char| c.is_ascii_digit());
                    let in_number = number
                        && *c == '.'
                        && code[at + index + 1..].starts_with(|c: char| c.is_ascii_digit());
                    !(c.is_alphanumeric() || *c == '_' || in_number)
                })
                .map_or(code.len() - at, |(index, _)| index);
            (length > 0).then_some(at + length)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rewritten(code: &str) -> String {
        rewrite(code).unwrap_or_else(|| code.to_owned())
    }

    #[test]
    fn only_an_operator_after_text_is_rewritten() {
        assert_eq!(rewritten("{{ '%s' % x }}"), "{{ '%s' |_carboy_percent( x) }}");
        assert_eq!(
            rewritten("{{ '%s' % x.y[0](1)|upper ~ 'z' }}"),
            "{{ '%s' |_carboy_percent( x.y[0](1)|upper) ~ 'z' }}"
        );
        assert_eq!(
            rewritten("{{ ('<%s>'|safe) % (a, b) }}"),
            "{{ ('<%s>'|safe) |_carboy_percent( (a, b)) }}"
        );
        for same in [
            "{{ 7 % 3 }}",
            "{{ (a + 1) % 2 }}",
            "{{ f('x') % 2 }}",
            "'%s' % x",
            "{{ x % 'y' }}",
            "{% if 1 %}%{% endif %}",
        ] {
            assert_eq!(rewritten(same), same);
        }
    }
}
