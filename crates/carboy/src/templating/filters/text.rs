//! Filters on text.

use minijinja::{Error, State, Value};

use super::super::args::{Args, bool_or, fail, given, int_or, keep_safety, text_or, width_or};
use super::super::escape::escaped;
use super::super::printf;
use super::super::python::{self, as_text, is_space, split_lines, to_text, type_name};
use super::autoescape;

/// `str.capitalize`.
pub(crate) fn capitalized(text: &str) -> String {
    let mut characters = text.chars();
    match characters.next() {
        Some(first) => first.to_uppercase().chain(characters.flat_map(char::to_lowercase)).collect(),
        None => String::new(),
    }
}

/// `str.center`: an odd space goes to the left when the width is odd.
pub(crate) fn centered(text: &str, width: usize, fill: &str) -> String {
    let length = text.chars().count();
    if length >= width {
        return text.to_owned();
    }
    let missing = width - length;
    let left = missing / 2 + (missing & width & 1);
    fill.repeat(left) + text + &fill.repeat(missing - left)
}

pub(super) fn capitalize(_: &mut State<'_, '_>, args: Args<'_>) -> Result<Value, Error> {
    let value = args.only("do_capitalize")?;
    Ok(keep_safety(value, capitalized(&to_text(value))))
}

pub(super) fn center(_: &mut State<'_, '_>, args: Args<'_>) -> Result<Value, Error> {
    let [value, width] = args.bind("do_center", ["value", "width"], 1)?;
    let value = value.unwrap_or_default();
    let width = width_or(width.as_ref(), 80)?;
    Ok(keep_safety(&value, centered(&to_text(&value), width, " ")))
}

pub(super) fn format(_: &mut State<'_, '_>, args: Args<'_>) -> Result<Value, Error> {
    let (positional, named) = args.split();
    let [value, positional @ ..] = positional else {
        return Err(fail("do_format() missing 1 required positional argument: 'value'"));
    };
    if named.is_some() && !positional.is_empty() {
        return Err(fail("can't handle positional and keyword arguments at the same time"));
    }
    let text = printf::percent(&to_text(value), positional, named, value.is_safe())?;
    Ok(keep_safety(value, text))
}

pub(super) fn indent(_: &mut State<'_, '_>, args: Args<'_>) -> Result<Value, Error> {
    let [value, width, first, blank] = args.bind("do_indent", ["s", "width", "first", "blank"], 1)?;
    let value = value.unwrap_or_default();
    let text = to_text(&value);
    let indention = match width.as_ref().map(|width| (as_text(width), width)) {
        Some((Some(text), _)) => text.to_owned(),
        Some((None, width)) => " ".repeat(width_or(Some(width), 4)?),
        None => " ".repeat(4),
    };
    let with_end = format!("{text}\n");
    let blank = bool_or(blank.as_ref(), false);
    let mut out = String::with_capacity(with_end.len() * 2);
    if bool_or(first.as_ref(), false) {
        out.push_str(&indention);
    }
    for (index, line) in split_lines(&with_end, false).into_iter().enumerate() {
        if index > 0 {
            out.push('\n');
            if blank || !line.is_empty() {
                out.push_str(&indention);
            }
        }
        out.push_str(line);
    }
    Ok(keep_safety(&value, out))
}

pub(super) fn lower(_: &mut State<'_, '_>, args: Args<'_>) -> Result<Value, Error> {
    let value = args.only("do_lower")?;
    Ok(keep_safety(value, to_text(value).to_lowercase()))
}

pub(super) fn upper(_: &mut State<'_, '_>, args: Args<'_>) -> Result<Value, Error> {
    let value = args.only("do_upper")?;
    Ok(keep_safety(value, to_text(value).to_uppercase()))
}

pub(super) fn pprint(_: &mut State<'_, '_>, args: Args<'_>) -> Result<Value, Error> {
    Ok(Value::from(python::pformat(args.only("do_pprint")?)))
}

pub(super) fn replace(state: &mut State<'_, '_>, args: Args<'_>) -> Result<Value, Error> {
    let [value, old, new, count] = args.bind("do_replace", ["s", "old", "new", "count"], 3)?;
    let (value, old, new) = (value.unwrap_or_default(), old.unwrap_or_default(), new.unwrap_or_default());
    let count = int_or(given(count).as_ref(), -1)?;
    let (value_text, old_text, new_text) = (to_text(&value), to_text(&old), to_text(&new));
    let replaced = |text: &str, new: &str| match usize::try_from(count) {
        Ok(count) => replace_some(text, &old_text, new, count),
        Err(_) => replace_some(text, &old_text, new, usize::MAX),
    };
    if !autoescape(state) {
        return Ok(Value::from(replaced(&value_text, &new_text)));
    }
    if old.is_safe() || new.is_safe() || value.is_safe() {
        let text = if value.is_safe() { value_text.into_owned() } else { escaped(&value_text) };
        let new = if new.is_safe() { new_text.into_owned() } else { escaped(&new_text) };
        return Ok(Value::from_safe_string(replaced(&text, &new)));
    }
    Ok(Value::from(replaced(&value_text, &new_text)))
}

/// `str.replace`; an empty `old` stands before every character and at the end.
pub(crate) fn replace_some(text: &str, old: &str, new: &str, count: usize) -> String {
    text.replacen(old, new, count)
}

pub(super) fn string(_: &mut State<'_, '_>, args: Args<'_>) -> Result<Value, Error> {
    let value = args.only("soft_str")?;
    Ok(match as_text(value) {
        Some(_) => value.clone(),
        None => Value::from(to_text(value).into_owned()),
    })
}

pub(super) fn title(_: &mut State<'_, '_>, args: Args<'_>) -> Result<Value, Error> {
    let value = args.only("do_title")?;
    let text = to_text(value);
    let mut out = String::with_capacity(text.len());
    let mut begins = true;
    for c in text.chars() {
        if c == '-' || is_space(c) || matches!(c, '(' | '{' | '[' | '<') {
            out.push(c);
            begins = true;
        } else if begins {
            out.extend(c.to_uppercase());
            begins = false;
        } else {
            out.extend(c.to_lowercase());
        }
    }
    // Joining the pieces gives plain text in Python, also for safe input.
    Ok(Value::from(out))
}

pub(super) fn trim(_: &mut State<'_, '_>, args: Args<'_>) -> Result<Value, Error> {
    let [value, characters] = args.bind("do_trim", ["value", "chars"], 1)?;
    let value = value.unwrap_or_default();
    let text = to_text(&value);
    let trimmed = match given(characters) {
        Some(characters) => {
            let characters = to_text(&characters).into_owned();
            text.trim_matches(|c| characters.contains(c)).to_owned()
        }
        None => text.trim_matches(is_space).to_owned(),
    };
    Ok(keep_safety(&value, trimmed))
}

pub(super) fn truncate(_: &mut State<'_, '_>, args: Args<'_>) -> Result<Value, Error> {
    let [value, length, killwords, end, leeway] =
        args.bind("do_truncate", ["s", "length", "killwords", "end", "leeway"], 1)?;
    let value = value.unwrap_or_default();
    if as_text(&value).is_none() && !value.is_undefined() {
        return Err(fail(format!("object of type '{}' has no len()", type_name(&value))));
    }
    let text = to_text(&value);
    let length = int_or(length.as_ref(), 255)?;
    let leeway = int_or(given(leeway).as_ref(), 5)?;
    let end_value = end;
    let end = text_or(end_value.as_ref(), "...");
    let end_length = i64::try_from(end.chars().count()).unwrap_or(i64::MAX);
    if length < end_length {
        return Err(fail(format!("expected length >= {end_length}, got {length}")));
    }
    if leeway < 0 {
        return Err(fail(format!("expected leeway >= 0, got {leeway}")));
    }
    let total = i64::try_from(text.chars().count()).unwrap_or(i64::MAX);
    if total <= length.saturating_add(leeway) {
        return Ok(value.clone());
    }
    let keep = usize::try_from(length - end_length).unwrap_or(0);
    let at = text.char_indices().nth(keep).map_or(text.len(), |(at, _)| at);
    let mut kept = &text[..at];
    if !bool_or(killwords.as_ref(), false)
        && let Some((words, _)) = kept.rsplit_once(' ')
    {
        kept = words;
    }
    let end_safe = end_value.as_ref().is_some_and(Value::is_safe);
    Ok(match (value.is_safe(), end_safe) {
        (true, false) => Value::from_safe_string(kept.to_owned() + &escaped(&end)),
        (false, true) => Value::from_safe_string(escaped(kept) + &end),
        (true, true) => Value::from_safe_string(kept.to_owned() + &end),
        (false, false) => Value::from(kept.to_owned() + &end),
    })
}

pub(super) fn wordcount(_: &mut State<'_, '_>, args: Args<'_>) -> Result<Value, Error> {
    let text = to_text(args.only("do_wordcount")?);
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    Ok(Value::from(text.split(|c| !is_word(c)).filter(|word| !word.is_empty()).count()))
}
