//! Messages in Rust: the literals that are given to the functions and macros of gettext. The source is not parsed, only its words, strings and
//! comments are told apart, so that what does not compile yet has messages, too.

use super::Found;

/// Which arguments of a call are a context, the message and its plural.
fn places(name: &str) -> Option<(Option<usize>, usize, Option<usize>)> {
    Some(match name {
        "gettext" | "lazy_gettext" => (None, 0, None),
        "ngettext" | "lazy_ngettext" => (None, 0, Some(1)),
        "pgettext" | "lazy_pgettext" => (Some(0), 1, None),
        "npgettext" => (Some(0), 1, Some(2)),
        _ => return None,
    })
}

#[derive(Clone, Debug, PartialEq)]
enum Token {
    Word(String),
    Text(String),
    Sign(char),
}

/// The messages of a source with their lines.
pub(super) fn messages(source: &str) -> Vec<Found> {
    let tokens = tokens(source);
    let mut found = Vec::new();
    for (index, (line, token)) in tokens.iter().enumerate() {
        let Token::Word(name) = token else { continue };
        let Some((context, message, plural)) = places(name) else { continue };
        let mut at = index + 1;
        if tokens.get(at).map(|(_, token)| token) == Some(&Token::Sign('!')) {
            at += 1;
        }
        if !matches!(tokens.get(at), Some((_, Token::Sign('(' | '[' | '{')))) {
            continue;
        }
        let arguments = arguments(&tokens[at + 1..]);
        let literal = |index: usize| arguments.get(index).cloned().flatten();
        let Some(text) = literal(message).filter(|text| !text.is_empty()) else { continue };
        let (Ok(context), Ok(plural)) = (
            context.map(literal).map_or(Ok(None), |context| context.map(Some).ok_or(())),
            plural.map(literal).map_or(Ok(None), |plural| plural.map(Some).ok_or(())),
        ) else {
            continue;
        };
        found.push(Found { line: *line, context, message: text, plural });
    }
    found
}

/// The arguments of a call: the text of those that are one literal.
fn arguments(tokens: &[(usize, Token)]) -> Vec<Option<String>> {
    let mut arguments = Vec::new();
    let mut current: Vec<&Token> = Vec::new();
    let mut depth = 0usize;
    let mut end = |current: &mut Vec<&Token>| {
        arguments.push(match current.as_slice() {
            [Token::Text(text)] | [Token::Sign('&'), Token::Text(text)] => Some(text.clone()),
            _ => None,
        });
        current.clear();
    };
    for (_, token) in tokens {
        match token {
            Token::Sign(',') if depth == 0 => end(&mut current),
            Token::Sign(')' | ']' | '}') if depth == 0 => {
                end(&mut current);
                break;
            }
            token => {
                match token {
                    Token::Sign('(' | '[' | '{') => depth += 1,
                    Token::Sign(')' | ']' | '}') => depth -= 1,
                    _ => {}
                }
                current.push(token);
            }
        }
    }
    arguments
}

fn tokens(source: &str) -> Vec<(usize, Token)> {
    let chars: Vec<char> = source.chars().collect();
    let mut tokens = Vec::new();
    let (mut at, mut line) = (0, 1);
    let peek = |at: usize| chars.get(at).copied().unwrap_or('\0');
    while at < chars.len() {
        let (start, begin) = (line, at);
        match chars[at] {
            '/' if peek(at + 1) == '/' => {
                while at < chars.len() && chars[at] != '\n' {
                    at += 1;
                }
            }
            '/' if peek(at + 1) == '*' => {
                let mut depth = 0usize;
                while at < chars.len() {
                    match (chars[at], peek(at + 1)) {
                        ('/', '*') => (depth, at) = (depth + 1, at + 2),
                        ('*', '/') => (depth, at) = (depth - 1, at + 2),
                        _ => at += 1,
                    }
                    if depth == 0 {
                        break;
                    }
                }
            }
            '"' => {
                let (text, end) = text(&chars, at + 1);
                tokens.push((start, Token::Text(text)));
                at = end;
            }
            '\'' => {
                // A character, or the name of a lifetime.
                at += match (peek(at + 1), peek(at + 2)) {
                    ('\\', _) => {
                        let mut end = at + 3;
                        while end < chars.len() && chars[end] != '\'' && chars[end] != '\n' {
                            end += 1;
                        }
                        end + 1 - at
                    }
                    (_, '\'') => 3,
                    _ => 1,
                };
            }
            c if c.is_alphanumeric() || c == '_' => {
                while at < chars.len() && (chars[at].is_alphanumeric() || chars[at] == '_') {
                    at += 1;
                }
                let word: String = chars[begin..at].iter().collect();
                let hashes = chars[at..].iter().take_while(|c| **c == '#').count();
                let raw = matches!(word.as_str(), "r" | "br" | "cr") && peek(at + hashes) == '"';
                if raw {
                    let (text, end) = raw_text(&chars, at + hashes + 1, hashes);
                    if word == "r" {
                        tokens.push((start, Token::Text(text)));
                    }
                    at = end;
                } else if matches!(word.as_str(), "b" | "c") && peek(at) == '"' {
                    at = text(&chars, at + 1).1;
                } else if word == "b" && peek(at) == '\'' {
                    // The character itself follows.
                } else {
                    tokens.push((start, Token::Word(word)));
                }
            }
            c => {
                if !c.is_whitespace() {
                    tokens.push((start, Token::Sign(c)));
                }
                at += 1;
            }
        }
        at = at.max(begin + 1);
        line += chars[begin..at.min(chars.len())].iter().filter(|c| **c == '\n').count();
    }
    tokens
}

/// The text of a literal whose first character is at `at`, and the place behind its quote.
fn text(chars: &[char], mut at: usize) -> (String, usize) {
    let mut text = String::new();
    while let Some(c) = chars.get(at) {
        at += 1;
        match c {
            '"' => break,
            '\\' => {
                let kind = chars.get(at).copied().unwrap_or('\\');
                at += 1;
                match kind {
                    'n' => text.push('\n'),
                    't' => text.push('\t'),
                    'r' => text.push('\r'),
                    '0' => text.push('\0'),
                    '\n' => {
                        while chars.get(at).is_some_and(|c| c.is_whitespace()) {
                            at += 1;
                        }
                    }
                    'x' => {
                        let code: String = chars.iter().skip(at).take(2).collect();
                        text.extend(u32::from_str_radix(&code, 16).ok().and_then(char::from_u32));
                        at += 2;
                    }
                    'u' => {
                        let code: String = chars
                            .iter()
                            .skip(at + 1)
                            .take(8)
                            .take_while(|c| **c != '}')
                            .filter(|c| **c != '_')
                            .collect();
                        while chars.get(at).is_some_and(|c| *c != '}' && *c != '"') {
                            at += 1;
                        }
                        at += usize::from(chars.get(at) == Some(&'}'));
                        text.extend(u32::from_str_radix(&code, 16).ok().and_then(char::from_u32));
                    }
                    c => text.push(c),
                }
            }
            c => text.push(*c),
        }
    }
    (text, at.min(chars.len()))
}

fn raw_text(chars: &[char], start: usize, hashes: usize) -> (String, usize) {
    let mut at = start;
    while at < chars.len() {
        if chars[at] == '"' && chars[at + 1..].iter().take(hashes).filter(|c| **c == '#').count() == hashes {
            return (chars[start..at].iter().collect(), at + 1 + hashes);
        }
        at += 1;
    }
    (chars[start.min(chars.len())..].iter().collect(), chars.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn literals_given_to_gettext_are_messages_wherever_they_stand() {
        let source = r###"
            // gettext("no")  /* gettext("no") */
            /* gettext("no") /* gettext("no") */ gettext("no") */
            fn f<'a>(c: char) { let x = '"'; let y = '\''; let z = b'"';
                gettext("a \"q\" \u{e4}\n\
                    b"); gettext!(r#"raw "x""#, name = user.name(), other = gettext("inner"));
                ngettext("one", "many", n); pgettext!["ctx", "c"]; npgettext("ctx", "d", "ds", f(1, 2));
                gettext(name); gettext(concat!("a", "b")); gettext("x".to_owned()); gettext(""); ngettext("a", b, 1);
                let s = "gettext(\"no\")"; my_gettext("no"); static T: LazyText = lazy_gettext("lazy");
            }
            gettext("never closed"###;
        let found: Vec<_> = messages(source)
            .into_iter()
            .map(|f| (f.line, f.context.unwrap_or_default(), f.message, f.plural.unwrap_or_default()))
            .collect();
        let expected = [
            (5, "", "a \"q\" ä\nb", ""),
            (6, "", "raw \"x\"", ""),
            (6, "", "inner", ""),
            (7, "", "one", "many"),
            (7, "ctx", "c", ""),
            (7, "ctx", "d", "ds"),
            (9, "", "lazy", ""),
        ];
        let expected: Vec<_> = expected
            .iter()
            .map(|(l, c, m, p)| (*l, (*c).to_owned(), (*m).to_owned(), (*p).to_owned()))
            .collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn no_source_makes_it_stumble() {
        let signs = ['"', '\'', '\\', '/', '*', 'r', '#', 'b', '(', ')', ',', '!', 'g', '\n', 'u', '{'];
        let mut state = 12345u32;
        for _ in 0..3000 {
            let mut source = String::from("gettext(");
            for _ in 0..20 {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                source.push(signs[(state >> 24) as usize % signs.len()]);
            }
            let _ = messages(&source);
        }
    }
}
