//! Reading `.env` files: the language of python-dotenv, value for value.
//!
//! A file fills a layer of the configuration's [`Environment`](super::Environment), never the environment of the process.

use std::path::{Path, PathBuf};

/// The variables of a file in the order of their first appearance. A name that stands alone, without `=`, has no value.
pub(super) type Variables = Vec<(String, Option<String>)>;

/// Reads a file's text. `outside` answers for variables that `${NAME}` refers to and that the file does not define above.
///
/// Lines that cannot be read are left out, as python-dotenv leaves them out; their numbers are the second part of the answer.
pub(super) fn parse(text: &str, outside: impl Fn(&str) -> Option<String>) -> (Variables, Vec<usize>) {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut reader = Reader { text, at: 0 };
    let mut variables: Variables = Vec::new();
    let mut unreadable = Vec::new();
    loop {
        reader.skip(is_space);
        if reader.rest().is_empty() {
            return (variables, unreadable);
        }
        let start = reader.at;
        match reader.binding() {
            Some((Some(name), value)) => {
                let value = value.map(|value| {
                    interpolate(&value, |name| match variables.iter().find(|(known, _)| known == name) {
                        Some((_, value)) => Some(value.clone().unwrap_or_default()),
                        None => outside(name),
                    })
                });
                match variables.iter_mut().find(|(known, _)| *known == name) {
                    Some(slot) => slot.1 = value,
                    None => variables.push((name, value)),
                }
            }
            Some((None, _)) => {}
            None => {
                unreadable.push(1 + line_breaks(&text[..start]));
                reader.skip(|c| !is_line_break(c));
                reader.end_of_line();
            }
        }
    }
}

/// The file `name` in `from` or the nearest folder above it.
pub(super) fn find_upward(name: &str, from: &Path) -> Option<PathBuf> {
    from.ancestors().map(|folder| folder.join(name)).find(|path| path.metadata().is_ok_and(|m| !m.is_dir()))
}

fn line_breaks(text: &str) -> usize {
    text.lines().count()
}

fn is_line_break(c: char) -> bool {
    c == '\n' || c == '\r'
}

/// What Python's regular expressions call white space.
fn is_space(c: char) -> bool {
    c.is_whitespace() || ('\x1c'..='\x1f').contains(&c)
}

fn is_inline_space(c: char) -> bool {
    is_space(c) && !is_line_break(c)
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Reader<'a> {
    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn skip(&mut self, wanted: impl Fn(char) -> bool) -> &'a str {
        let rest = self.rest();
        let length = rest.find(|c| !wanted(c)).unwrap_or(rest.len());
        self.at += length;
        &rest[..length]
    }

    /// One line's name and value; nothing when the line cannot be read.
    fn binding(&mut self) -> Option<(Option<String>, Option<String>)> {
        self.export();
        let name = self.name()?;
        self.skip(is_inline_space);
        let value = if self.peek() == Some('=') {
            self.at += 1;
            let spaced = !self.skip(is_inline_space).is_empty();
            // After white space a `#` begins a comment, right after the `=` it is the value.
            let empty = spaced && self.peek() == Some('#');
            Some(if empty { String::new() } else { self.value()? })
        } else {
            None
        };
        let before = self.at;
        self.skip(is_inline_space);
        if self.peek() == Some('#') {
            self.skip(|c| !is_line_break(c));
        } else {
            self.at = before;
        }
        self.skip(is_inline_space);
        self.end_of_line().then_some((name, value))
    }

    fn export(&mut self) {
        if let Some(after) = self.rest().strip_prefix("export")
            && after.starts_with(is_inline_space)
        {
            self.at += "export".len();
            self.skip(is_inline_space);
        }
    }

    /// The name; `Some(None)` on a line that is only a comment.
    fn name(&mut self) -> Option<Option<String>> {
        match self.peek() {
            Some('#') => Some(None),
            Some('\'') => {
                let inner = &self.rest()[1..];
                let end = inner.find('\'').filter(|end| *end > 0)?;
                self.at += end + 2;
                Some(Some(inner[..end].to_owned()))
            }
            _ => {
                let name = self.skip(|c| c != '=' && c != '#' && !is_space(c));
                (!name.is_empty()).then(|| Some(name.to_owned()))
            }
        }
    }

    fn value(&mut self) -> Option<String> {
        match self.peek() {
            Some(quote @ ('\'' | '"')) => {
                let inner = &self.rest()[1..];
                let end = closing_quote(inner, quote)?;
                self.at += end + 2;
                Some(unescape(&inner[..end], if quote == '"' { r#"\'"abfnrtv"# } else { r"\'" }))
            }
            None | Some('\n' | '\r') => Some(String::new()),
            _ => {
                let line = self.skip(|c| !is_line_break(c));
                let comment = line
                    .char_indices()
                    .zip(line.chars().skip(1))
                    .find(|((_, here), next)| is_space(*here) && *next == '#')
                    .map_or(line.len(), |((at, _), _)| at);
                Some(line[..comment].trim_end_matches(is_space).to_owned())
            }
        }
    }

    fn end_of_line(&mut self) -> bool {
        let rest = self.rest();
        let length = if rest.starts_with("\r\n") { 2 } else { usize::from(rest.starts_with(is_line_break)) };
        self.at += length;
        length > 0 || rest.is_empty()
    }
}

/// The quote that ends the text. A backslash takes the next character with it.
fn closing_quote(text: &str, quote: char) -> Option<usize> {
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        if c == quote {
            return Some(at);
        }
        if c == '\\' {
            chars.next()?;
        }
    }
    None
}

fn unescape(text: &str, known: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        let escape = chars.clone().next().filter(|next| c == '\\' && known.contains(*next));
        let Some(escape) = escape else {
            out.push(c);
            continue;
        };
        chars.next();
        out.push(match escape {
            'a' => '\x07',
            'b' => '\x08',
            'f' => '\x0c',
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            'v' => '\x0b',
            itself => itself,
        });
    }
    out
}

/// Replaces `${NAME}` and `${NAME:-default}`.
fn interpolate(text: &str, lookup: impl Fn(&str) -> Option<String>) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find("${") {
        let inner = &rest[start + 2..];
        let reference = inner.find(['}', ':']).and_then(|end| {
            let (name, after) = inner.split_at(end);
            if let Some(after) = after.strip_prefix('}') {
                return Some((name, None, after));
            }
            let (default, after) = after.strip_prefix(":-")?.split_once('}')?;
            Some((name, Some(default), after))
        });
        let Some((name, default, after)) = reference else {
            out.push_str(&rest[..start + 2]);
            rest = inner;
            continue;
        };
        out.push_str(&rest[..start]);
        match lookup(name) {
            Some(value) => out.push_str(&value),
            None => out.push_str(default.unwrap_or_default()),
        }
        rest = after;
    }
    out.push_str(rest);
    out
}
