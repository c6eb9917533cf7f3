//! `wordwrap`: Python's `textwrap.wrap`.

use minijinja::{Error, State, Value};

use super::super::args::{Args, bool_or, fail, given, int_or};
use super::super::python::{as_text, split_lines, to_text, type_name};

pub(super) fn wordwrap(_: &mut State<'_, '_>, args: Args<'_>) -> Result<Value, Error> {
    let [value, width, break_long, wrapstring, break_hyphens] =
        args.bind("do_wordwrap", ["s", "width", "break_long_words", "wrapstring", "break_on_hyphens"], 1)?;
    let value = value.unwrap_or_default();
    if as_text(&value).is_none() {
        return Err(fail(format!("'{}' object has no attribute 'splitlines'", type_name(&value))));
    }
    let width = int_or(width.as_ref(), 79)?;
    let Some(width) = usize::try_from(width).ok().filter(|width| *width > 0) else {
        return Err(fail(format!("invalid width {width} (must be > 0)")));
    };
    let wrapstring = given(wrapstring);
    let separator = wrapstring.as_ref().map_or("\n".into(), to_text);
    let long = bool_or(break_long.as_ref(), true);
    let hyphens = bool_or(break_hyphens.as_ref(), true);
    let text = to_text(&value);
    let mut out = String::with_capacity(text.len() + 16);
    for (index, line) in split_lines(&text, false).into_iter().enumerate() {
        if index > 0 {
            out.push_str(&separator);
        }
        for (index, line) in wrap(line, width, long, hyphens).into_iter().enumerate() {
            if index > 0 {
                out.push_str(&separator);
            }
            out.push_str(&line);
        }
    }
    let safe = wrapstring.is_some_and(|separator| separator.is_safe());
    Ok(if safe { Value::from_safe_string(out) } else { Value::from(out) })
}

fn is_blank(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\u{b}' | '\u{c}' | '\r' | ' ')
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

fn is_letter(c: char) -> bool {
    is_word(c) && !c.is_numeric()
}

/// A word character or punctuation after which a dash may end a word.
fn is_word_end(c: char) -> bool {
    is_word(c) || matches!(c, '!' | '"' | '\'' | '&' | '.' | ',' | '?')
}

/// Whether at `at` stands a run of two or more dashes with a word after it; answers its end.
fn em_dash(text: &[char], at: usize) -> Option<usize> {
    let end = at + text[at..].iter().take_while(|c| **c == '-').count();
    (end >= at + 2 && text.get(end).is_some_and(|c| is_word(*c))).then_some(end)
}

/// Whether the word may be broken after the hyphen at `at`.
fn breakable_hyphen(text: &[char], at: usize) -> bool {
    let letter =
        |index: Option<usize>| index.and_then(|index| text.get(index)).is_some_and(|c| is_letter(*c));
    let dash = |index: Option<usize>| index.and_then(|index| text.get(index)) == Some(&'-');
    let back = |by: usize| at.checked_sub(by);
    let before = letter(back(1)) && (letter(back(2)) || (dash(back(2)) && letter(back(3))));
    let after =
        letter(Some(at + 1)) && (letter(Some(at + 2)) || (dash(Some(at + 2)) && letter(Some(at + 3))));
    text[at] == '-' && before && after
}

/// Words, spaces and dashes: the places where a line may break.
fn chunks(line: &str, hyphens: bool) -> Vec<Vec<char>> {
    let text: Vec<char> = line.chars().collect();
    let mut chunks = Vec::new();
    let mut at = 0;
    while at < text.len() {
        let mut end = at;
        if is_blank(text[at]) {
            while end < text.len() && is_blank(text[end]) {
                end += 1;
            }
        } else if !hyphens {
            while end < text.len() && !is_blank(text[end]) {
                end += 1;
            }
        } else if let Some(dashes) =
            (at > 0 && is_word_end(text[at - 1])).then(|| em_dash(&text, at)).flatten()
        {
            end = dashes;
        } else {
            end += 1;
            while end < text.len() && !is_blank(text[end]) {
                if breakable_hyphen(&text, end) {
                    end += 1;
                    break;
                }
                if is_word_end(text[end - 1]) && em_dash(&text, end).is_some() {
                    break;
                }
                end += 1;
            }
        }
        chunks.push(text[at..end].to_vec());
        at = end;
    }
    chunks
}

fn wrap(line: &str, width: usize, break_long: bool, hyphens: bool) -> Vec<String> {
    let blank = |chunk: &[char]| chunk.iter().all(|c| super::super::python::is_space(*c));
    let mut waiting = chunks(line, hyphens);
    waiting.reverse();
    let mut lines: Vec<String> = Vec::new();
    while !waiting.is_empty() {
        let mut current: Vec<Vec<char>> = Vec::new();
        let mut length = 0;
        if !lines.is_empty() && waiting.last().is_some_and(|chunk| blank(chunk)) {
            waiting.pop();
        }
        while let Some(chunk) = waiting.pop_if(|chunk| length + chunk.len() <= width) {
            length += chunk.len();
            current.push(chunk);
        }
        if let Some(long) = waiting.last_mut().filter(|chunk| chunk.len() > width) {
            let room = width - length;
            if break_long && room > 0 {
                let mut end = room;
                if hyphens
                    && let Some(hyphen) = long[..room].iter().rposition(|c| *c == '-')
                    && long[..hyphen].iter().any(|c| *c != '-')
                {
                    end = hyphen + 1;
                }
                let rest = long.split_off(end);
                current.push(std::mem::replace(long, rest));
            } else if current.is_empty() {
                current.extend(waiting.pop());
            }
        }
        if current.last().is_some_and(|chunk| blank(chunk)) {
            current.pop();
        }
        if !current.is_empty() {
            lines.push(current.into_iter().flatten().collect());
        }
    }
    lines
}
