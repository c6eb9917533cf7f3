//! Python's methods of strings, mappings and lists, as far as they have a meaning for values that do not change.

use minijinja::value::{Tuple, ValueKind};
use minijinja::{Error, ErrorKind, State, Value};

use super::args::{Args, fail, given, int_or, items, keep_safety, width_or};
use super::checks::{is_lower, is_upper};
use super::escape::escaped;
use super::filters::{capitalized, centered};
use super::printf;
use super::python::{as_text, is_plain_map, is_space, pairs, split_lines, to_text, type_name};

/// The methods values have besides those of their own objects.
pub(super) fn call(
    _: &mut State<'_, '_>,
    value: &Value,
    method: &str,
    args: &[Value],
) -> Result<Value, Error> {
    match value.kind() {
        ValueKind::String => text_method(value, method, Args(args)),
        ValueKind::Map if is_plain_map(value) => map_method(value, method, Args(args)),
        ValueKind::Seq | ValueKind::Iterable => list_method(value, method, Args(args)),
        _ => Err(Error::from(ErrorKind::UnknownMethod)),
    }
}

/// At least one character, and each of the wanted kind.
fn all(text: &str, wanted: impl Fn(char) -> bool) -> Result<Value, Error> {
    Ok(Value::from(!text.is_empty() && text.chars().all(wanted)))
}

/// A string argument in the form it takes next to `value`: escaped if that is safe and this is not.
fn beside(value: &Value, argument: &Value) -> Result<String, Error> {
    let text = as_text(argument)
        .ok_or_else(|| fail(format!("argument must be str, not {}", type_name(argument))))?;
    Ok(if value.is_safe() && !argument.is_safe() { escaped(text) } else { text.to_owned() })
}

fn plain(argument: &Value) -> Result<&str, Error> {
    as_text(argument).ok_or_else(|| fail(format!("argument must be str, not {}", type_name(argument))))
}

fn text_method(value: &Value, method: &str, args: Args<'_>) -> Result<Value, Error> {
    let text = value.as_str().unwrap_or_default();
    let keep = |text: String| Ok(keep_safety(value, text));
    let none = || args.bind(method, [], 0);
    match method {
        "upper" => none().and_then(|[]| keep(text.to_uppercase())),
        "lower" | "casefold" => none().and_then(|[]| keep(text.to_lowercase())),
        "capitalize" => none().and_then(|[]| keep(capitalized(text))),
        "title" => none().and_then(|[]| keep(title(text))),
        "swapcase" => none().and_then(|[]| {
            keep(
                text.chars()
                    .flat_map(|c| -> Vec<char> {
                        if c.is_uppercase() { c.to_lowercase().collect() } else { c.to_uppercase().collect() }
                    })
                    .collect(),
            )
        }),
        "islower" => none().map(|[]| Value::from(is_lower(text))),
        "isupper" => none().map(|[]| Value::from(is_upper(text))),
        "isspace" => none().and_then(|[]| all(text, is_space)),
        "isdigit" | "isnumeric" | "isdecimal" => none().and_then(|[]| all(text, char::is_numeric)),
        "isalnum" => none().and_then(|[]| all(text, char::is_alphanumeric)),
        "isalpha" => none().and_then(|[]| all(text, char::is_alphabetic)),
        "isascii" => none().map(|[]| Value::from(text.is_ascii())),
        "istitle" => {
            none().map(|[]| Value::from(text.chars().any(char::is_alphabetic) && title(text) == text))
        }
        "isidentifier" => none().map(|[]| {
            Value::from(
                text.starts_with(|c: char| c.is_alphabetic() || c == '_')
                    && text.chars().all(|c| c.is_alphanumeric() || c == '_'),
            )
        }),
        "strip" | "lstrip" | "rstrip" => {
            let [characters] = args.bind(method, ["chars"], 0)?;
            let characters = given(characters).map(|characters| to_text(&characters).into_owned());
            let matches = |c: char| match &characters {
                Some(characters) => characters.contains(c),
                None => is_space(c),
            };
            keep(
                match method {
                    "strip" => text.trim_matches(matches),
                    "lstrip" => text.trim_start_matches(matches),
                    _ => text.trim_end_matches(matches),
                }
                .to_owned(),
            )
        }
        "replace" => {
            let [old, new, count] = args.bind(method, ["old", "new", "count"], 2)?;
            let (old, new) = (old.unwrap_or_default(), beside(value, &new.unwrap_or_default())?);
            let count = usize::try_from(int_or(given(count).as_ref(), -1)?).unwrap_or(usize::MAX);
            keep(text.replacen(plain(&old)?, &new, count))
        }
        "split" | "rsplit" => split(value, text, method == "rsplit", args),
        "splitlines" => {
            let [keep_ends] = args.bind(method, ["keepends"], 0)?;
            let lines = split_lines(text, keep_ends.is_some_and(|keep| keep.is_true()));
            Ok(lines.into_iter().map(|line| keep_safety(value, line.to_owned())).collect())
        }
        "partition" | "rpartition" => {
            let [separator] = args.bind(method, ["sep"], 1)?;
            let separator = separator.unwrap_or_default();
            let separator = plain(&separator)?;
            if separator.is_empty() {
                return Err(fail("empty separator"));
            }
            let last = method == "rpartition";
            let found = if last { text.rsplit_once(separator) } else { text.split_once(separator) };
            let parts = match found {
                Some((left, right)) => [left, separator, right],
                None if last => ["", "", text],
                None => [text, "", ""],
            };
            Ok(Value::from(Tuple::from(parts.map(|part| keep_safety(value, part.to_owned())))))
        }
        "join" => {
            let [iterable] = args.bind(method, ["iterable"], 1)?;
            let mut out = String::new();
            for (index, item) in items(&iterable.unwrap_or_default())?.iter().enumerate() {
                if index > 0 {
                    out.push_str(text);
                }
                if as_text(item).is_none() && !value.is_safe() {
                    return Err(fail(format!(
                        "sequence item {index}: expected str instance, {} found",
                        type_name(item)
                    )));
                }
                let piece = to_text(item);
                out.push_str(&if value.is_safe() && !item.is_safe() {
                    escaped(&piece)
                } else {
                    piece.into_owned()
                });
            }
            keep(out)
        }
        "startswith" | "endswith" => {
            let [affix, start, end] = args.bind(method, ["affix", "start", "end"], 1)?;
            let text = slice_text(text, start.as_ref(), end.as_ref())?;
            let affix = affix.unwrap_or_default();
            let tries = match as_text(&affix) {
                Some(_) => vec![affix],
                None => items(&affix)?,
            };
            for affix in &tries {
                let affix = plain(affix)?;
                if if method == "startswith" { text.starts_with(affix) } else { text.ends_with(affix) } {
                    return Ok(Value::from(true));
                }
            }
            Ok(Value::from(false))
        }
        "find" | "rfind" | "index" | "rindex" => {
            let [wanted] = args.bind(method, ["sub"], 1)?;
            let wanted = wanted.unwrap_or_default();
            let wanted = plain(&wanted)?;
            let found = if method.starts_with('r') { text.rfind(wanted) } else { text.find(wanted) };
            match found {
                Some(at) => Ok(Value::from(text[..at].chars().count())),
                None if method.ends_with("index") => Err(fail("substring not found")),
                None => Ok(Value::from(-1)),
            }
        }
        "count" => {
            let [wanted] = args.bind(method, ["sub"], 1)?;
            let wanted = wanted.unwrap_or_default();
            let wanted = plain(&wanted)?;
            Ok(Value::from(text.matches(wanted).count()))
        }
        "removeprefix" | "removesuffix" => {
            let [affix] = args.bind(method, ["affix"], 1)?;
            let affix = affix.unwrap_or_default();
            let affix = plain(&affix)?;
            let rest =
                if method == "removeprefix" { text.strip_prefix(affix) } else { text.strip_suffix(affix) };
            keep(rest.unwrap_or(text).to_owned())
        }
        "center" | "ljust" | "rjust" => {
            let [width, fill] = args.bind(method, ["width", "fillchar"], 1)?;
            let width = width_or(width.as_ref(), 0)?;
            let fill = match fill {
                Some(fill) => beside(value, &fill)?,
                None => " ".to_owned(),
            };
            if fill.chars().count() != 1 {
                return Err(fail("The fill character must be exactly one character long"));
            }
            let missing = width.saturating_sub(text.chars().count());
            keep(match method {
                "center" => centered(text, width, &fill),
                "ljust" => text.to_owned() + &fill.repeat(missing),
                _ => fill.repeat(missing) + text,
            })
        }
        "zfill" => {
            let [width] = args.bind(method, ["width"], 1)?;
            let missing = width_or(width.as_ref(), 0)?.saturating_sub(text.chars().count());
            let signed = usize::from(text.starts_with(['+', '-']));
            keep(format!("{}{}{}", &text[..signed], "0".repeat(missing), &text[signed..]))
        }
        "expandtabs" => {
            let [tabsize] = args.bind(method, ["tabsize"], 0)?;
            let tabsize = width_or(tabsize.as_ref(), 8)?;
            let (mut out, mut column) = (String::new(), 0);
            for c in text.chars() {
                match c {
                    '\t' if tabsize > 0 => {
                        let spaces = tabsize - column % tabsize;
                        out.push_str(&" ".repeat(spaces));
                        column += spaces;
                    }
                    '\t' => {}
                    _ => {
                        out.push(c);
                        column = if matches!(c, '\n' | '\r') { 0 } else { column + 1 };
                    }
                }
            }
            keep(out)
        }
        "format" => {
            let (positional, named) = args.split();
            keep(printf::braces(text, positional, named, value.is_safe())?)
        }
        "format_map" => {
            let [mapping] = args.bind(method, ["mapping"], 1)?;
            keep(printf::braces(text, &[], mapping.as_ref(), value.is_safe())?)
        }
        "unescape" if value.is_safe() => none().map(|[]| Value::from(super::entities::unescape(text))),
        "striptags" if value.is_safe() => none().map(|[]| Value::from(super::markup::striptags(text))),
        _ => Err(Error::from(ErrorKind::UnknownMethod)),
    }
}

/// `str.title`: a letter after anything but a letter is a capital.
fn title(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut inside = false;
    for c in text.chars() {
        if inside {
            out.extend(c.to_lowercase());
        } else {
            out.extend(c.to_uppercase());
        }
        inside = c.is_alphabetic();
    }
    out
}

fn slice_text<'t>(text: &'t str, start: Option<&Value>, end: Option<&Value>) -> Result<&'t str, Error> {
    if start.is_none() && end.is_none() {
        return Ok(text);
    }
    let length = i64::try_from(text.chars().count()).unwrap_or(i64::MAX);
    let place = |index: i64| {
        let index = if index < 0 { (index + length).max(0) } else { index };
        usize::try_from(index)
            .ok()
            .and_then(|index| text.char_indices().nth(index))
            .map_or(text.len(), |(at, _)| at)
    };
    let start = place(int_or(start.filter(|value| !value.is_none()), 0)?);
    let end = place(int_or(end.filter(|value| !value.is_none()), length)?);
    Ok(text.get(start..end).unwrap_or_default())
}

fn split(value: &Value, text: &str, from_right: bool, args: Args<'_>) -> Result<Value, Error> {
    let [separator, limit] = args.bind("split", ["sep", "maxsplit"], 0)?;
    let limit = usize::try_from(int_or(limit.as_ref(), -1)?).unwrap_or(usize::MAX);
    let separator = given(separator);
    let parts: Vec<&str> = match &separator {
        Some(separator) => {
            let separator = plain(separator)?;
            if separator.is_empty() {
                return Err(fail("empty separator"));
            }
            if from_right {
                let mut parts: Vec<&str> = text.rsplitn(limit.saturating_add(1), separator).collect();
                parts.reverse();
                parts
            } else {
                text.splitn(limit.saturating_add(1), separator).collect()
            }
        }
        None if from_right => {
            let mut parts = Vec::new();
            let mut rest = text.trim_end_matches(is_space);
            while !rest.is_empty() {
                match rest.rfind(is_space) {
                    Some(at) if parts.len() < limit => {
                        let word = rest[at..].trim_start_matches(is_space);
                        parts.push(word);
                        rest = rest[..at].trim_end_matches(is_space);
                    }
                    _ => {
                        parts.push(if parts.len() < limit { rest } else { rest.trim_end_matches(is_space) });
                        break;
                    }
                }
            }
            parts.reverse();
            parts
        }
        None => {
            let mut parts = Vec::new();
            let mut rest = text.trim_start_matches(is_space);
            while !rest.is_empty() {
                match rest.find(is_space) {
                    Some(at) if parts.len() < limit => {
                        parts.push(&rest[..at]);
                        rest = rest[at..].trim_start_matches(is_space);
                    }
                    _ => {
                        parts.push(rest);
                        break;
                    }
                }
            }
            parts
        }
    };
    Ok(parts.into_iter().map(|part| keep_safety(value, part.to_owned())).collect())
}

fn map_method(value: &Value, method: &str, args: Args<'_>) -> Result<Value, Error> {
    match method {
        "items" => {
            let [] = args.bind(method, [], 0)?;
            Ok(pairs(value, false)
                .into_iter()
                .map(|(key, value)| Value::from(Tuple::from([key, value])))
                .collect())
        }
        "keys" => {
            args.bind(method, [], 0).map(|[]| pairs(value, false).into_iter().map(|(key, _)| key).collect())
        }
        "values" => args
            .bind(method, [], 0)
            .map(|[]| pairs(value, false).into_iter().map(|(_, value)| value).collect()),
        "copy" => args.bind(method, [], 0).map(|[]| value.clone()),
        "get" => {
            let [key, default] = args.bind(method, ["key", "default"], 1)?;
            let found = value.as_object().and_then(|object| object.get_value(&key.unwrap_or_default()));
            Ok(found.or(default).unwrap_or_else(|| Value::from(())))
        }
        _ => Err(Error::from(ErrorKind::UnknownMethod)),
    }
}

fn list_method(value: &Value, method: &str, args: Args<'_>) -> Result<Value, Error> {
    match method {
        "count" => {
            let [wanted] = args.bind(method, ["value"], 1)?;
            let wanted = wanted.unwrap_or_default();
            Ok(Value::from(items(value)?.iter().filter(|item| **item == wanted).count()))
        }
        "index" => {
            let [wanted] = args.bind(method, ["value"], 1)?;
            let wanted = wanted.unwrap_or_default();
            items(value)?
                .iter()
                .position(|item| *item == wanted)
                .map(Value::from)
                .ok_or_else(|| fail(format!("{} is not in list", super::python::to_repr(&wanted))))
        }
        "copy" => args.bind(method, [], 0).map(|[]| value.clone()),
        _ => Err(Error::from(ErrorKind::UnknownMethod)),
    }
}
