//! `{% trans %}` blocks, which the engine does not know, and the messages that templates have translated.
//!
//! A block becomes a print of `gettext`, `ngettext`, `pgettext` or `npgettext`, as Jinja's i18n extension makes it with the calls of its new
//! style; whoever translates adds these functions. Lines stay where they are. A block that is none is left for the engine to refuse.

use std::collections::BTreeSet;

use super::source::{Located, Piece, end_of_string, first_word, names, pieces};

/// A message of a template, as [`template_messages`] finds it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TemplateMessage {
    /// The line where it begins.
    pub line: usize,
    /// What tells it apart from the same words elsewhere.
    pub context: Option<String>,
    /// The message, in the singular if it has a plural.
    pub message: String,
    /// Its plural.
    pub plural: Option<String>,
}

/// The messages of a template in their order: those of its `{% trans %}` blocks, and the literals that it gives to `_`, `gettext`,
/// `ngettext`, `pgettext` and `npgettext`. What Jinja's `babel_extract` finds with `newstyle_gettext`.
///
/// ```
/// let found = carboy::template_messages("<h1>{{ _('Hello') }}</h1>\n{% trans name %}Bye, {{ name }}{% endtrans %}");
/// assert_eq!((found[0].line, found[0].message.as_str()), (1, "Hello"));
/// assert_eq!((found[1].line, found[1].message.as_str()), (2, "Bye, %(name)s"));
/// ```
pub fn template_messages(source: &str) -> Vec<TemplateMessage> {
    let source = source.replace("\r\n", "\n").replace('\r', "\n");
    let all = pieces(&source);
    let mut found: Vec<(usize, TemplateMessage)> = Vec::new();
    let line = |at: usize| source[..at].bytes().filter(|byte| *byte == b'\n').count() + 1;
    let mut index = 0;
    while index < all.len() {
        let at = code_at(&source, &all[index]);
        if let Some((block, next)) = block(&source, &all, index) {
            let Block { context, singular, plural, .. } = block;
            let start = block.start;
            found.push((start, TemplateMessage { line: line(start), context, message: singular, plural }));
            // What stands in the tag itself may have messages, too.
            calls(code(&all[index]), at, &line, &mut found);
            index = next;
            continue;
        }
        calls(code(&all[index]), at, &line, &mut found);
        index += 1;
    }
    found.sort_by_key(|(at, _)| *at);
    found.into_iter().map(|(_, message)| message).collect()
}

fn code<'s>(located: &Located<'s>) -> &'s str {
    let (Piece::Print(code) | Piece::Tag(code)) = located.piece;
    code
}

/// Where the code of a piece begins in the source.
fn code_at(source: &str, located: &Located<'_>) -> usize {
    code(located).as_ptr() as usize - source.as_ptr() as usize
}

/// Where a piece begins, and the signs (`-`, `+`) inside its marks.
fn frame(source: &str, located: &Located<'_>) -> (usize, Option<char>, Option<char>) {
    let bytes = source.as_bytes();
    let at = code_at(source, located);
    let end = at + code(located).len();
    let left =
        bytes.get(at.wrapping_sub(1)).copied().map(char::from).filter(|sign| matches!(sign, '-' | '+'));
    let right = (located.end == end + 3).then(|| char::from(bytes[end]));
    (at - 2 - usize::from(left.is_some()), left, right)
}

/// The messages in the calls of a piece of code.
fn calls(
    code: &str,
    offset: usize,
    line: &dyn Fn(usize) -> usize,
    found: &mut Vec<(usize, TemplateMessage)>,
) {
    for (at, name) in names(code) {
        let Some(arguments) = arguments(&code[at + name.len()..]) else { continue };
        let literal = |index: usize| arguments.get(index).and_then(|argument| literals(argument));
        let message = match name {
            "_" | "gettext" => (None, literal(0), None),
            "ngettext" => (None, literal(0), Some(literal(1))),
            "pgettext" => (Some(literal(0)), literal(1), None),
            "npgettext" => (Some(literal(0)), literal(1), Some(literal(2))),
            _ => continue,
        };
        // A part that is no literal is not known before the template runs.
        let (context, Some(message), plural) = message else { continue };
        if context == Some(None) || plural == Some(None) || message.is_empty() {
            continue;
        }
        let (context, plural) = (context.flatten(), plural.flatten());
        found.push((offset + at, TemplateMessage { line: line(offset + at), context, message, plural }));
    }
}

/// The arguments of the call that `code` begins with.
fn arguments(code: &str) -> Option<Vec<&str>> {
    let start = code.len() - code.trim_start().len();
    let inside = code[start..].strip_prefix('(')?;
    let (items, end) = items(inside, ")");
    end?;
    Some(items)
}

/// The parts between commas up to a closing bracket that closes none of theirs, or to the end.
fn items<'c>(code: &'c str, close: &str) -> (Vec<&'c str>, Option<usize>) {
    let bytes = code.as_bytes();
    let (mut parts, mut start, mut depth, mut at) = (Vec::new(), 0, 0usize, 0);
    while at < bytes.len() {
        match bytes[at] {
            quote @ (b'"' | b'\'') => match end_of_string(bytes, at, quote) {
                Some(end) => at = end,
                None => return (parts, None),
            },
            b'(' | b'[' | b'{' => depth += 1,
            b')' | b']' | b'}' if depth == 0 => {
                parts.push(&code[start..at]);
                return (parts, close.as_bytes().contains(&bytes[at]).then_some(at));
            }
            b')' | b']' | b'}' => depth -= 1,
            b',' if depth == 0 => {
                parts.push(&code[start..at]);
                start = at + 1;
            }
            _ => {}
        }
        at += 1;
    }
    parts.push(&code[start..]);
    (parts, None)
}

/// What a text literal, or several in a row, say; nothing for other code.
fn literals(code: &str) -> Option<String> {
    let mut text = String::new();
    let mut rest = code.trim();
    if rest.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        let quote = rest.bytes().next().filter(|byte| matches!(byte, b'"' | b'\''))?;
        let end = end_of_string(rest.as_bytes(), 0, quote)?;
        text.push_str(&unescaped(&rest[1..end]));
        rest = rest[end + 1..].trim_start();
    }
    Some(text)
}

fn unescaped(literal: &str) -> String {
    let mut out = String::with_capacity(literal.len());
    let mut chars = literal.chars();
    while let Some(c) = chars.next() {
        if c != '\\' {
            out.push(c);
            continue;
        }
        match chars.next() {
            Some('n') => out.push('\n'),
            Some('t') => out.push('\t'),
            Some('r') => out.push('\r'),
            Some('\n') => {}
            Some(kind @ ('x' | 'u' | 'U')) => {
                let digits = match kind {
                    'x' => 2,
                    'u' => 4,
                    _ => 8,
                };
                let text: String = chars.clone().take(digits).collect();
                match u32::from_str_radix(&text, 16).ok().and_then(char::from_u32) {
                    Some(c) if text.len() == digits => {
                        chars.nth(digits - 1);
                        out.push(c);
                    }
                    _ => out.extend(['\\', kind]),
                }
            }
            Some(c @ ('\\' | '\'' | '"')) => out.push(c),
            Some(c) => out.extend(['\\', c]),
            None => out.push('\\'),
        }
    }
    out
}

/// A `{% trans %}` block.
struct Block<'s> {
    /// Where it begins and ends in the source.
    start: usize,
    end: usize,
    left: Option<char>,
    right: Option<char>,
    context: Option<String>,
    singular: String,
    plural: Option<String>,
    /// Names and what they stand for, in their order.
    variables: Vec<(&'s str, &'s str)>,
    /// The name whose value chooses the plural.
    counted: Option<&'s str>,
}

/// The head of a block.
struct Head<'s> {
    context: Option<String>,
    variables: Vec<(&'s str, &'s str)>,
    trimmed: bool,
}

fn head(code: &str) -> Option<Head<'_>> {
    let mut rest = code.trim_start().strip_prefix("trans")?.trim();
    let mut head = Head { context: None, variables: Vec::new(), trimmed: false };
    if let Some(quote) = rest.bytes().next().filter(|byte| matches!(byte, b'"' | b'\'')) {
        let end = end_of_string(rest.as_bytes(), 0, quote)?;
        head.context = Some(unescaped(&rest[1..end]));
        rest = rest[end + 1..].trim_start();
    }
    rest = rest.strip_suffix(':').unwrap_or(rest);
    let mut said = false;
    let (parts, closed) = items(rest, "");
    if closed.is_some() {
        return None;
    }
    for (index, part) in parts.iter().enumerate() {
        let mut part = part.trim();
        while !said {
            let word = first_word(part);
            let after = part[word.len()..].trim_start();
            if !matches!(word, "trimmed" | "notrimmed") || after.starts_with('=') {
                break;
            }
            (said, head.trimmed) = (true, word == "trimmed");
            part = after;
        }
        if part.is_empty() {
            match (index, parts.len()) {
                (0, 1) => break,
                _ if said => continue,
                _ => return None,
            }
        }
        let name = first_word(part);
        let after = part[name.len()..].trim();
        if name.is_empty() || head.variables.iter().any(|(known, _)| *known == name) {
            return None;
        }
        match after.strip_prefix('=') {
            Some(value) if !value.trim().is_empty() => head.variables.push((name, value.trim())),
            None if after.is_empty() => head.variables.push((name, name)),
            _ => return None,
        }
    }
    Some(head)
}

/// The block that begins at a piece, and the index of the piece behind it.
fn block<'s>(source: &'s str, all: &[Located<'s>], first: usize) -> Option<(Block<'s>, usize)> {
    let is = |located: &Located<'_>, word: &str| matches!(located.piece, Piece::Tag(code) if first_word(code) == word);
    if !is(&all[first], "trans") {
        return None;
    }
    let Head { context, mut variables, trimmed } = head(code(&all[first]))?;
    let (start, left, mut trim_start) = frame(source, &all[first]);
    let mut texts = vec![String::new()];
    let mut referenced: Vec<Vec<&str>> = vec![Vec::new()];
    let mut counted = variables.first().map(|(name, _)| *name);
    let mut at = all[first].end;
    let mut index = first + 1;
    let right = loop {
        let located = all.get(index)?;
        let (piece_start, piece_left, piece_right) = frame(source, located);
        let text = texts.last_mut()?;
        text.push_str(&data(&source[at..piece_start], trim_start == Some('-'), piece_left == Some('-')));
        (at, trim_start) = (located.end, piece_right);
        index += 1;
        match located.piece {
            Piece::Print(code) => {
                let name = code.trim();
                if name.is_empty() || first_word(name) != name {
                    return None;
                }
                text.push_str(&format!("%({name})s"));
                referenced.last_mut()?.push(name);
            }
            Piece::Tag(code) if first_word(code) == "endtrans" => break piece_right,
            Piece::Tag(code) if first_word(code) == "pluralize" && texts.len() == 1 => {
                // The first name of the singular chooses when the head names none.
                counted = counted.or_else(|| referenced[0].first().copied());
                let name = code.trim().strip_prefix("pluralize")?.trim();
                if !name.is_empty() {
                    counted = Some(variables.iter().find(|(known, _)| *known == name)?.0);
                }
                counted?;
                texts.push(String::new());
                referenced.push(Vec::new());
            }
            Piece::Tag(_) => return None,
        }
    };
    let more: BTreeSet<&str> = referenced.into_iter().flatten().collect();
    for name in more {
        if !variables.iter().any(|(known, _)| *known == name) {
            variables.push((name, name));
        }
    }
    if trimmed {
        texts.iter_mut().for_each(|text| *text = one_line(text));
    }
    let plural = if texts.len() == 2 { texts.pop() } else { None };
    let singular = texts.pop()?;
    let counted = counted.filter(|_| plural.is_some());
    Some((Block { start, end: at, left, right, context, singular, plural, variables, counted }, index))
}

/// The text between tags as it is printed: without comments, raw blocks as they are, percent signs doubled for what formats the message.
fn data(source: &str, trim_start: bool, trim_end: bool) -> String {
    let mut text = String::with_capacity(source.len());
    let mut rest = source;
    loop {
        let next = rest.find("{#").into_iter().chain(rest.find("{%")).min();
        let Some(start) = next else { break };
        let close = if rest[start..].starts_with("{#") { "#}" } else { "%}" };
        let Some(length) = rest[start + 2..].find(close) else { break };
        let inside = &rest[start + 2..start + 2 + length];
        text.push_str(&rest[..start]);
        if inside.starts_with('-') {
            text.truncate(text.trim_end().len());
        }
        rest = &rest[start + length + 4..];
        if inside.ends_with('-') {
            rest = rest.trim_start();
        }
    }
    text.push_str(rest);
    let text = if trim_start { text.trim_start() } else { &text };
    let text = if trim_end { text.trim_end() } else { text };
    text.replace('%', "%%")
}

/// Lines joined by one blank, blanks at the ends gone: the modifier `trimmed`.
fn one_line(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for (index, line) in text.trim().split('\n').enumerate() {
        let line = if index > 0 { line.trim_start() } else { line };
        if index > 0 {
            out.truncate(out.trim_end().len());
            if !line.is_empty() {
                out.push(' ');
            }
        }
        out.push_str(line);
    }
    out
}

/// Puts calls in place of the blocks; nothing if there are none.
pub(super) fn rewrite(source: &str) -> Option<String> {
    let all = pieces(source);
    let mut out = String::new();
    let (mut at, mut index) = (0, 0);
    while index < all.len() {
        let Some((block, next)) = block(source, &all, index) else {
            index += 1;
            continue;
        };
        out.push_str(&source[at..block.start]);
        let lines = |text: &str| text.bytes().filter(|byte| *byte == b'\n').count();
        let mut call = block.call();
        let missing = lines(&source[block.start..block.end]).saturating_sub(lines(&call));
        call.insert_str(call.len() - block.close().len(), &"\n".repeat(missing));
        out.push_str(&call);
        (at, index) = (block.end, next);
    }
    (at > 0).then(|| {
        out.push_str(&source[at..]);
        out
    })
}

impl Block<'_> {
    /// The mark that ends the print.
    fn close(&self) -> String {
        self.right.map(String::from).unwrap_or_default() + "}}"
    }

    fn call(&self) -> String {
        let sign = self.left.map(String::from).unwrap_or_default();
        let mut before = String::new();
        let mut open = format!("{{{{{sign} ");
        let mut variables = self.variables.clone();
        let mut count = self.counted;
        if let Some(counted) = self.counted
            && let Some(entry) = variables.iter_mut().find(|(name, _)| *name == counted)
            && entry.0 != entry.1
        {
            // It is asked once, as Jinja does.
            before = format!("{{%{sign} set _trans = {} %}}", entry.1);
            open = "{{ ".to_owned();
            entry.1 = "_trans";
            count = Some("_trans");
        }
        let function = match (&self.context, &self.plural) {
            (None, None) => "gettext",
            (None, Some(_)) => "ngettext",
            (Some(_), None) => "pgettext",
            (Some(_), Some(_)) => "npgettext",
        };
        let mut arguments: Vec<String> = self.context.iter().map(|context| quoted(context)).collect();
        arguments.push(quoted(&self.singular));
        arguments.extend(self.plural.iter().map(|plural| quoted(plural)));
        arguments.extend(count.map(str::to_owned));
        for (name, value) in variables {
            // The functions add the number themselves.
            if !(self.plural.is_some() && self.counted == Some("num") && name == "num") {
                arguments.push(format!("{name}={value}"));
            }
        }
        format!("{before}{open}{function}({}) {}", arguments.join(", "), self.close())
    }
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rewritten(source: &str) -> String {
        rewrite(source).unwrap_or_else(|| source.to_owned())
    }

    #[test]
    fn a_block_becomes_a_call_that_takes_its_lines_and_its_signs() {
        for (source, expected) in [
            ("{% trans %}Hello{% endtrans %}", "{{ gettext(\"Hello\") }}"),
            ("{%- trans -%} Hello {%- endtrans -%} x", "{{- gettext(\"Hello\") -}} x"),
            (
                "{% trans %}Hi {{ name }}, 100%{% endtrans %}",
                "{{ gettext(\"Hi %(name)s, 100%%\", name=name) }}",
            ),
            (
                "{% trans user=u.name %}Hi {{ user }}{% endtrans %}",
                "{{ gettext(\"Hi %(user)s\", user=u.name) }}",
            ),
            (
                "{% trans n=a|length %}{{ n }} \"x\"{% pluralize %}{{ n }}\\x{% endtrans %}",
                "{% set _trans = a|length %}{{ ngettext(\"%(n)s \\\"x\\\"\", \"%(n)s\\\\x\", _trans, n=_trans) }}",
            ),
            (
                "{% trans num %}one{% pluralize %}{{ num }}{% endtrans %}",
                "{{ ngettext(\"one\", \"%(num)s\", num) }}",
            ),
            (
                "{% trans a, b=1 %}{{ a }}{% pluralize b %}{{ b }}{% endtrans %}",
                "{% set _trans = 1 %}{{ ngettext(\"%(a)s\", \"%(b)s\", _trans, a=a, b=_trans) }}",
            ),
            ("{% trans 'menu' %}File{% endtrans %}", "{{ pgettext(\"menu\", \"File\") }}"),
            ("{% trans trimmed %}\n  a\n   b\n{% endtrans %}", "{{ gettext(\"a b\") \n\n\n}}"),
            (
                "{% trans %}a{# note #}b{% raw %}{{ x }}{% endraw %}{% endtrans %}",
                "{{ gettext(\"ab{{ x }}\") }}",
            ),
        ] {
            assert_eq!(rewritten(source), expected);
        }
    }

    #[test]
    fn a_block_that_is_none_is_left_alone() {
        for source in [
            "{% trans %}{% if x %}a{% endif %}{% endtrans %}",
            "{% trans %}{{ a.b }}{% endtrans %}",
            "{% trans %}never ends",
            "{% trans a a %}{% endtrans %}",
            "{% trans a=1, a=2 %}{% endtrans %}",
            "{% trans %}a{% pluralize %}b{% endtrans %}",
            "{% trans a %}{{ a }}{% pluralize b %}{% endtrans %}",
        ] {
            assert_eq!(rewrite(source), None, "{source}");
        }
    }

    #[test]
    fn messages_are_found_where_they_stand() {
        let source = "{{ _('a') }} {{ x._('no') }} {{ 'text _(\"no\")' }}\n{{ ngettext(\"b\", 'bs', n) }}{# _('no') #}\n\
            {{ pgettext('c', 'd' 'e') }}{{ npgettext('f', 'g', 'h', 1) }}{{ _(name) }}{{ gettext('i' ~ x) }}\n\
            {% trans x=_('j') %}k\n{{ x }}{% endtrans %}{% raw %}{{ _('no') }}{% endraw %}{{ _(\"l\\n\\u00e4\") }}";
        let found = template_messages(source);
        let short: Vec<_> = found
            .iter()
            .map(|m| (m.line, m.context.as_deref(), m.message.as_str(), m.plural.as_deref()))
            .collect();
        assert_eq!(
            short,
            [
                (1, None, "a", None),
                (2, None, "b", Some("bs")),
                (3, Some("c"), "de", None),
                (3, Some("f"), "g", Some("h")),
                (4, None, "k\n%(x)s", None),
                (4, None, "j", None),
                (5, None, "l\nä", None),
            ]
        );
    }
}
