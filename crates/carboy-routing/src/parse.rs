//! The grammar of rules: `/text/<converter(arguments):variable>`, and of the arguments of a converter.

use std::sync::LazyLock;

use regex::Regex;

use crate::converter::ConverterArgs;
use crate::error::{RuleError, RuleErrorKind};
use crate::python;
use crate::value::Value;

/// A piece of a rule.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Token<'a> {
    Slash,
    Static(&'a str),
    Variable { name: &'a str, converter: &'a str, args: ConverterArgs },
}

#[allow(clippy::unwrap_used, reason = "the pattern is a literal")]
static VARIABLE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^<(?:([a-zA-Z_][a-zA-Z0-9_]*)(?:\((.*?)\))?:)?([a-zA-Z_][a-zA-Z0-9_]*)>").unwrap()
});

#[allow(clippy::unwrap_used, reason = "the pattern is a literal")]
static ARGUMENT: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r#"(?x)
        \s*
        (?:(?P<name>\w+)\s*=\s*)?
        (?P<value>True|False|\d+.\d+|\d+.|\d+|[\w\d_.]+|[urUR]?(?P<stringval>"[^"]*?"|'[^']*'))
        \s*,"#,
    )
    .unwrap()
});

/// Splits a rule into its tokens, each with the byte at which it begins.
pub(crate) fn tokens(rule: &str) -> Result<Vec<(usize, Token<'_>)>, RuleError> {
    let mut tokens = Vec::new();
    let mut position = 0;
    while let Some(first) = rule[position..].chars().next() {
        let rest = &rule[position..];
        let (token, length) = match first {
            '/' => (Token::Slash, 1),
            '<' => {
                let groups = VARIABLE.captures(rest).ok_or_else(|| {
                    let message = format!("malformed url rule: {}", python::repr(rule));
                    RuleError::new(RuleErrorKind::Malformed, message, rule, position)
                })?;
                let args = match groups.get(2) {
                    Some(args) => arguments(args.as_str()).map_err(|(at, message)| {
                        let place = position + args.start() + at;
                        RuleError::new(RuleErrorKind::ConverterArguments, message, rule, place)
                    })?,
                    None => ConverterArgs::default(),
                };
                let part = |index: usize| groups.get(index).map_or("", |group| &rest[group.range()]);
                let converter = if groups.get(1).is_some() { part(1) } else { "default" };
                (Token::Variable { name: part(3), converter, args }, part(0).len())
            }
            _ => {
                let end = rest.find(['<', '/']).unwrap_or(rest.len());
                (Token::Static(&rest[..end]), end)
            }
        };
        tokens.push((position, token));
        position += length;
    }
    Ok(tokens)
}

/// Parses the arguments of a converter; an error is the byte at which it begins, and the message.
fn arguments(text: &str) -> Result<ConverterArgs, (usize, String)> {
    let mut args = ConverterArgs::default();
    let closed = format!("{text},");
    let mut position = 0;
    for groups in ARGUMENT.captures_iter(&closed) {
        let Some(whole) = groups.get(0) else { break };
        if whole.start() != position {
            let rest = &closed[position..whole.start()];
            return Err((position, format!("Cannot parse converter argument '{rest}'")));
        }
        let value =
            groups.name("stringval").or_else(|| groups.name("value")).map_or("", |group| group.as_str());
        let value = constant(value);
        match groups.name("name") {
            None => args.positional.push(value),
            Some(name) => args.named.push((name.as_str().to_owned(), value)),
        }
        position = whole.end();
    }
    let rest = closed[position..].trim_end_matches(',').trim();
    if !rest.is_empty() {
        return Err((position, format!("Cannot parse converter argument '{rest}'")));
    }
    Ok(args)
}

/// The constant that an argument stands for: a name of Python's, a number, or text with or without quotes.
fn constant(text: &str) -> Value {
    match text {
        "None" => return Value::None,
        "True" => return Value::Bool(true),
        "False" => return Value::Bool(false),
        _ => {}
    }
    if let Some(number) = python::int_text(text).ok().and_then(|number| number.parse().ok()) {
        return Value::Int(number);
    }
    if let Some(number) = python::parse_float(text) {
        return Value::Float(number);
    }
    let quoted = text.len() >= 2
        && (text.starts_with('"') && text.ends_with('"') || text.starts_with('\'') && text.ends_with('\''));
    Value::Str(if quoted { &text[1..text.len() - 1] } else { text }.to_owned())
}

/// The rule with runs of slashes merged, and the place that each byte of it had before.
pub(crate) fn merge_slashes(text: &str) -> (String, Vec<usize>) {
    let mut merged = String::with_capacity(text.len());
    let mut places = Vec::with_capacity(text.len() + 1);
    for (place, c) in text.char_indices() {
        if c == '/' && merged.ends_with('/') {
            continue;
        }
        merged.push(c);
        places.extend(place..place + c.len_utf8());
    }
    places.push(text.len());
    (merged, places)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn args(text: &str) -> ConverterArgs {
        arguments(text).unwrap()
    }

    #[test]
    fn arguments_are_numbers_constants_words_and_quoted_text() {
        let parsed = args(r#" 1, 2.5 ,True, None, word.x, "a, b", 'c' , u"d" "#);
        let expected: Vec<Value> = vec![
            1.into(),
            2.5.into(),
            true.into(),
            Value::None,
            "word.x".into(),
            "a, b".into(),
            "c".into(),
            "d".into(),
        ];
        assert_eq!(parsed.positional(), expected);
        assert_eq!(args("min=1, max = 'x'").named("max"), Some(&Value::from("x")));
        assert_eq!(args("1,2").positional(), [Value::from("1,2")]);
    }

    #[test]
    fn an_argument_that_cannot_be_parsed_is_named() {
        assert_eq!(
            arguments("signed=True,min=-5"),
            Err((12, "Cannot parse converter argument 'min=-'".to_owned()))
        );
        assert_eq!(arguments("a-b"), Err((0, "Cannot parse converter argument 'a-'".to_owned())));
        assert_eq!(arguments("a,-"), Err((2, "Cannot parse converter argument '-'".to_owned())));
    }

    #[test]
    fn merged_slashes_remember_where_they_were() {
        let (merged, places) = merge_slashes("//a///<b>");
        assert_eq!(merged, "/a/<b>");
        assert_eq!(places[3], 6);
    }
}
