//! The grammar of URL rules, as Werkzeug's `Rule._parse_rule` and `parse_converter_args` read it.
//!
//! The router has the same grammar; a copy stands here because a macro runs before anything else is compiled. The copy
//! only finds the variables and the mistakes, it gives no meaning to converters or their arguments.

use std::fmt;

/// `<converter(arguments):name>` in a rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Variable {
    /// The converter as written, `None` for a bare `<name>`.
    pub(crate) converter: Option<String>,
    /// The name.
    pub(crate) name: String,
    /// The whole variable as written, for messages.
    pub(crate) text: String,
}

/// What is wrong with a rule, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RuleError {
    rule: String,
    at: usize,
    message: String,
}

impl RuleError {
    fn new(rule: &str, at: usize, message: impl Into<String>) -> Self {
        RuleError { rule: rule.to_owned(), at, message: message.into() }
    }
}

impl fmt::Display for RuleError {
    /// The message, then the rule with a caret below the place: stable Rust gives no span inside a string literal.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let column = self.rule[..self.at].chars().count();
        write!(f, "{}\n    {}\n    {:column$}^", self.message, self.rule, "")
    }
}

/// Checks a rule for a path and returns its variables in order.
///
/// An empty rule is legal: in a blueprint it stands for the prefix itself.
pub(crate) fn parse_path(rule: &str) -> Result<Vec<Variable>, RuleError> {
    if !rule.is_empty() && !rule.starts_with('/') {
        return Err(RuleError::new(rule, 0, format!("URL rule '{rule}' must start with a slash.")));
    }
    parse(rule)
}

/// Checks a rule for a path, a subdomain or a host and returns its variables in order.
pub(crate) fn parse(rule: &str) -> Result<Vec<Variable>, RuleError> {
    let mut variables: Vec<Variable> = Vec::new();
    let mut at = 0;
    while let Some(found) = rule[at..].find('<') {
        let start = at + found;
        let (variable, end) = variable(rule, start)?;
        if variables.iter().any(|other| other.name == variable.name) {
            return Err(RuleError::new(
                rule,
                start,
                format!("duplicate argument '{}' in a URL rule", variable.name),
            ));
        }
        variables.push(variable);
        at = end;
    }
    Ok(variables)
}

/// The variable whose `<` stands at `start`, and the position after its `>`.
fn variable(rule: &str, start: usize) -> Result<(Variable, usize), RuleError> {
    let malformed = |at, why: &str| RuleError::new(rule, at, format!("malformed url rule: {why}"));
    let inside = start + 1;
    let Some(first) = identifier(rule, inside) else {
        return Err(match rule[inside..].chars().next() {
            None => malformed(start, "this `<` is never closed"),
            Some(_) => malformed(
                inside,
                "a parameter is written `<name>`, `<converter:name>` or `<converter(arguments):name>`, its name an ASCII identifier",
            ),
        });
    };
    let variable = |converter: Option<&str>, name: &str, end: usize| {
        let text = rule[start..end].to_owned();
        Ok((Variable { converter: converter.map(str::to_owned), name: name.to_owned(), text }, end))
    };
    // What may follow the first identifier: `>`, `:name>`, or `(arguments):name>`.
    let named = |colon: usize| -> Option<(&str, usize)> {
        let name_at = rule[colon..].strip_prefix(':').map(|_| colon + 1)?;
        let name_end = identifier(rule, name_at)?;
        rule[name_end..].starts_with('>').then(|| (&rule[name_at..name_end], name_end + 1))
    };
    let converter = &rule[inside..first];
    match rule[first..].chars().next() {
        Some('>') => variable(None, converter, first + 1),
        Some(':') => match named(first) {
            Some((name, end)) => variable(Some(converter), name, end),
            None if !rule[first..].contains('>') => Err(malformed(start, "this `<` is never closed")),
            None => {
                Err(malformed(first + 1, "the name of a parameter is an ASCII identifier, followed by `>`"))
            }
        },
        // The arguments end at the first `)` after which a name follows: a quoted string may hold a `)`.
        Some('(') => {
            let closing = rule[first..].match_indices(')').map(|(offset, _)| first + offset);
            for close in closing {
                if let Some((name, end)) = named(close + 1) {
                    arguments(rule, first + 1, close)?;
                    return variable(Some(converter), name, end);
                }
            }
            Err(malformed(first, "the arguments of a converter end with `)`, followed by `:name>`"))
        }
        None => Err(malformed(start, "this `<` is never closed")),
        Some(_) if !rule[first..].contains('>') => Err(malformed(start, "this `<` is never closed")),
        Some(_) => Err(malformed(
            first,
            "a parameter is written `<name>`, `<converter:name>` or `<converter(arguments):name>`, its name an ASCII identifier",
        )),
    }
}

/// The end of the identifier `[a-zA-Z_][a-zA-Z0-9_]*` at `at`.
fn identifier(text: &str, at: usize) -> Option<usize> {
    let rest = &text.as_bytes()[at..];
    let first = rest.first()?;
    if !(first.is_ascii_alphabetic() || *first == b'_') {
        return None;
    }
    let length = rest.iter().take_while(|byte| byte.is_ascii_alphanumeric() || **byte == b'_').count();
    Some(at + length)
}

/// Checks the arguments of a converter, `rule[start..end]`.
fn arguments(rule: &str, start: usize, end: usize) -> Result<(), RuleError> {
    if rule[start..end].trim().is_empty() {
        return Ok(());
    }
    let text: Vec<char> = rule[start..end].chars().chain([',']).collect();
    let mut at = 0;
    while at < text.len() {
        match argument(&text, at) {
            Some(next) => at = next,
            // Werkzeug looks on for the next argument; what stands behind the last one is not looked at.
            None if (at + 1..text.len()).all(|later| argument(&text, later).is_none()) => break,
            None => {
                let next = text[at..].iter().position(|c| *c == ',').map_or(text.len(), |comma| at + comma);
                let bad: String = text[at..next].iter().collect();
                let offset: usize = text[..at].iter().map(|c| c.len_utf8()).sum();
                let quote = "(quote text that is not a plain word; numbers have no sign)";
                return Err(RuleError::new(
                    rule,
                    start + offset,
                    format!("Cannot parse converter argument '{}' {quote}", bad.trim()),
                ));
            }
        }
    }
    Ok(())
}

/// The position after the argument and its comma, by Werkzeug's regular expression, alternatives in its order.
fn argument(text: &[char], at: usize) -> Option<usize> {
    let word = |c: &char| c.is_alphanumeric() || *c == '_';
    let skip = |mut at: usize, test: &dyn Fn(&char) -> bool| {
        while text.get(at).is_some_and(test) {
            at += 1;
        }
        at
    };
    let space = |at| skip(at, &|c| c.is_whitespace());
    let comma = |at| {
        let at = space(at);
        (text.get(at) == Some(&',')).then_some(at + 1)
    };
    let value = |start: usize| -> Option<usize> {
        for constant in ["True", "False"] {
            if text[start..].iter().copied().take(constant.len()).eq(constant.chars())
                && let Some(end) = comma(start + constant.len())
            {
                return Some(end);
            }
        }
        // `\d+.\d+`, `\d+.`, `\d+`: the dot is any character there.
        let digits = skip(start, &|c| c.is_numeric());
        if digits > start {
            if digits < text.len() {
                let fraction = skip(digits + 1, &|c| c.is_numeric());
                if fraction > digits + 1
                    && let Some(end) = comma(fraction)
                {
                    return Some(end);
                }
                if let Some(end) = comma(digits + 1) {
                    return Some(end);
                }
            }
            if let Some(end) = comma(digits) {
                return Some(end);
            }
        }
        let bare = skip(start, &|c| word(c) || *c == '.');
        if bare > start
            && let Some(end) = comma(bare)
        {
            return Some(end);
        }
        let quoted = if text.get(start).is_some_and(|c| "urUR".contains(*c)) { start + 1 } else { start };
        let mark = *text.get(quoted).filter(|c| **c == '"' || **c == '\'')?;
        let close = skip(quoted + 1, &|c| *c != mark);
        text.get(close)?;
        comma(close + 1)
    };
    let start = space(at);
    let name = skip(start, &word);
    let equals = space(name);
    if name > start
        && text.get(equals) == Some(&'=')
        && let Some(end) = value(space(equals + 1))
    {
        return Some(end);
    }
    value(start)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(rule: &str) -> Vec<(Option<String>, String)> {
        parse_path(rule).unwrap().into_iter().map(|v| (v.converter, v.name)).collect()
    }

    fn error(rule: &str) -> String {
        parse_path(rule).unwrap_err().to_string()
    }

    #[test]
    fn variables_come_in_the_order_of_the_rule() {
        let expected = [(Some("int".to_owned()), "year".to_owned()), (None, "slug".to_owned())];
        assert_eq!(names("/<int:year>/<slug>.html"), expected);
    }

    #[test]
    fn adjacent_variables_are_legal() {
        assert_eq!(names("/<a><b>").len(), 2);
    }

    #[test]
    fn a_closing_bracket_alone_is_text() {
        assert_eq!(names("/x>"), []);
    }

    #[test]
    fn an_empty_rule_is_legal_because_a_blueprint_has_a_prefix() {
        assert_eq!(names(""), []);
    }

    #[test]
    fn a_rule_must_start_with_a_slash() {
        assert_eq!(error("user"), "URL rule 'user' must start with a slash.\n    user\n    ^");
    }

    #[test]
    fn an_open_bracket_is_pointed_at() {
        assert_eq!(
            error("/é/<int:id"),
            "malformed url rule: this `<` is never closed\n    /é/<int:id\n       ^"
        );
        assert_eq!(error("/<"), "malformed url rule: this `<` is never closed\n    /<\n     ^");
    }

    #[test]
    fn names_are_ascii_identifiers() {
        for rule in
            ["/<1a>", "/<>", "/< a>", "/<a b>", "/<int:>", "/<int:é>", "/<int:a", "/<int(1)x>", "/<a<b>>"]
        {
            assert!(error(rule).starts_with("malformed url rule: "), "{rule}");
        }
    }

    #[test]
    fn a_name_stands_once_in_a_rule() {
        assert!(error("/<a>/<int:a>").starts_with("duplicate argument 'a' in a URL rule\n"));
    }

    #[test]
    fn arguments_of_converters_are_words_numbers_and_quoted_strings() {
        for rule in [
            "/<any(a,b,'c d'):x>",
            "/<int(fixed_digits=4):x>",
            "/<int(min=1, max=20, signed=True):x>",
            "/<float(min=0.5):x>",
            "/<string(length=2):x>",
            "/<regex(\"[a-z]+(x)\"):x>",
            "/<any(\"a)b\"):x>",
            "/<any(1,2):x>",
            "/<any(None):x>",
            "/<x():y>",
        ] {
            assert_eq!(names(rule).len(), 1, "{rule}");
        }
    }

    #[test]
    fn rules_are_accepted_and_refused_as_werkzeug_does() {
        let vectors = include_str!("../../../conformance/views/rules.json");
        let vectors: Vec<serde_json::Value> = serde_json::from_str(vectors).unwrap();
        // Errors of a converter about its arguments are for the router, which knows the converters.
        let syntax = ["malformed url rule", "Cannot parse", "duplicate argument", "URL rule"];
        let mut refused = 0;
        for vector in &vectors {
            let rule = vector["rule"].as_str().unwrap();
            let parsed = parse_path(rule).map(|found| found.into_iter().map(|v| v.name).collect::<Vec<_>>());
            match vector["error"].as_str() {
                None => {
                    let names: Vec<&str> = vector["variables"]
                        .as_array()
                        .unwrap()
                        .iter()
                        .map(|name| name.as_str().unwrap())
                        .collect();
                    assert_eq!(
                        parsed.as_deref(),
                        Ok(&names.iter().map(|n| n.to_string()).collect::<Vec<_>>()[..]),
                        "{rule}"
                    );
                }
                Some(error) => {
                    if let Some(kind) = syntax.iter().find(|kind| error.starts_with(**kind)) {
                        let text = parsed.expect_err(rule).to_string();
                        assert!(text.starts_with(kind), "{rule}: {text}");
                        refused += 1;
                    }
                }
            }
        }
        assert!(vectors.len() > 50 && refused > 20);
    }

    #[test]
    fn a_sign_or_a_bare_hyphen_in_an_argument_is_pointed_at() {
        let text = error("/<int(signed=True,min=-5):x>");
        assert!(text.starts_with("Cannot parse converter argument 'min=-5'"), "{text}");
        assert!(text.ends_with("\n                      ^"), "{text}");
        assert!(error("/<any(a-b):x>").starts_with("Cannot parse converter argument 'a-b'"));
    }
}
