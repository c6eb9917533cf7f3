//! The source of a template, cut into text and tags; enough of a reader for `check` and for the forms of Jinja that
//! the engine does not know.

/// A piece of a template that holds code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Piece<'s> {
    /// `{{ … }}`, with what stands inside.
    Print(&'s str),
    /// `{% … %}`, with what stands inside.
    Tag(&'s str),
}

/// A piece and where it ends in the source.
#[derive(Clone, Copy, Debug)]
pub(super) struct Located<'s> {
    pub(super) piece: Piece<'s>,
    pub(super) end: usize,
}

/// The prints and tags of a template; text, comments, raw blocks and what is not closed are left out.
pub(super) fn pieces(source: &str) -> Vec<Located<'_>> {
    let mut pieces = Vec::new();
    let mut at = 0;
    while let Some(found) = source[at..].find('{') {
        let start = at + found;
        let Some(kind) = source.as_bytes().get(start + 1) else {
            break;
        };
        let end = match kind {
            b'#' => source[start + 2..].find("#}").map(|end| start + 2 + end + 2),
            b'{' => closing(source, start + 2, "}}"),
            b'%' => closing(source, start + 2, "%}"),
            _ => {
                at = start + 1;
                continue;
            }
        };
        let Some(end) = end else {
            at = start + 2;
            continue;
        };
        let inside = |source: &'_ str| -> (usize, usize) {
            let (mut from, mut to) = (start + 2, end - 2);
            if source[from..to].starts_with(['-', '+']) {
                from += 1;
            }
            if to > from && source[from..to].ends_with(['-', '+']) {
                to -= 1;
            }
            (from, to)
        };
        let (from, to) = inside(source);
        at = end;
        match kind {
            b'{' => pieces.push(Located { piece: Piece::Print(&source[from..to]), end }),
            b'%' if source[from..to].trim() == "raw" => at = end_of_raw(source, end),
            b'%' => pieces.push(Located { piece: Piece::Tag(&source[from..to]), end }),
            _ => {}
        }
    }
    pieces
}

/// Where a tag ends, strings skipped.
fn closing(source: &str, from: usize, close: &str) -> Option<usize> {
    let bytes = source.as_bytes();
    let mut at = from;
    let mut depth = 0usize;
    while at < bytes.len() {
        match bytes[at] {
            quote @ (b'"' | b'\'') => at = end_of_string(bytes, at, quote)?,
            b'{' => depth += 1,
            b'}' if depth > 0 => depth -= 1,
            _ if source.as_bytes()[at..].starts_with(close.as_bytes()) => return Some(at + 2),
            _ => {}
        }
        at += 1;
    }
    None
}

/// The place of the quote that ends a string.
pub(super) fn end_of_string(bytes: &[u8], start: usize, quote: u8) -> Option<usize> {
    let mut at = start + 1;
    while at < bytes.len() {
        match bytes[at] {
            b'\\' => at += 1,
            b if b == quote => return Some(at),
            _ => {}
        }
        at += 1;
    }
    None
}

fn end_of_raw(source: &str, from: usize) -> usize {
    let mut at = from;
    while let Some(found) = source[at..].find("{%") {
        let start = at + found + 2;
        let Some(end) = source[start..].find("%}") else {
            break;
        };
        let word =
            source[start..start + end].trim_matches(|c: char| c.is_whitespace() || matches!(c, '-' | '+'));
        at = start;
        if word == "endraw" {
            return start + end + 2;
        }
    }
    source.len()
}

fn is_name(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// The names in the code of a tag, with their places; strings and attributes left out.
pub(super) fn names(code: &str) -> Vec<(usize, &str)> {
    let bytes = code.as_bytes();
    let mut found = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        let Some(c) = code[at..].chars().next() else {
            break;
        };
        if c == '"' || c == '\'' {
            at = end_of_string(bytes, at, bytes[at]).map_or(bytes.len(), |end| end + 1);
        } else if is_name(c) {
            let length = code[at..].find(|c| !is_name(c)).unwrap_or(code.len() - at);
            let attribute = code[..at].trim_end().ends_with('.');
            if !attribute && !c.is_numeric() {
                found.push((at, &code[at..at + length]));
            }
            at += length;
        } else {
            at += c.len_utf8();
        }
    }
    found
}

/// The first word of a tag.
pub(super) fn first_word(code: &str) -> &str {
    let code = code.trim_start();
    &code[..code.find(|c| !is_name(c)).unwrap_or(code.len())]
}

/// The string literal that `code` begins with.
fn leading_string(code: &str) -> Option<String> {
    let code = code.trim_start();
    let quote = code.bytes().next().filter(|b| matches!(b, b'"' | b'\''))?;
    let end = end_of_string(code.as_bytes(), 0, quote)?;
    let literal = &code[1..end];
    // The rest of a concatenation or a format is not known before the template runs.
    let after = code[end + 1..].trim_start();
    (after.starts_with([',', ')']) && !literal.contains('\\')).then(|| literal.to_owned())
}

/// The literal endpoints in calls of `url_for`, each with its line.
pub(super) fn url_for_calls(source: &str) -> Vec<(String, usize)> {
    let mut calls = Vec::new();
    for located in pieces(source) {
        let (Piece::Print(code) | Piece::Tag(code)) = located.piece;
        for (at, name) in names(code) {
            if name != "url_for" {
                continue;
            }
            let after = code[at + name.len()..].trim_start();
            if let Some(endpoint) = after.strip_prefix('(').and_then(leading_string) {
                let offset = code.as_ptr() as usize - source.as_ptr() as usize + at;
                let line = source[..offset].bytes().filter(|b| *b == b'\n').count() + 1;
                calls.push((endpoint, line));
            }
        }
    }
    calls
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_literal_endpoints_of_url_for_are_found_with_their_lines() {
        let source = "<a href=\"{{ url_for('index') }}\">\n{% set u = url_for( \"blog.post\", id=1) %}\n\
            {# url_for('comment') #}{% raw %}{{ url_for('raw') }}{% endraw %}\n\
            {{ url_for(name) }}{{ x.url_for('method') }}{{ \"url_for('text')\" }}{{ url_for('a' ~ b) }}\n\
            {%- if url_for('static', filename='x.css') -%}x{% endif %}";
        assert_eq!(
            url_for_calls(source),
            [("index".to_owned(), 1), ("blog.post".to_owned(), 2), ("static".to_owned(), 5)]
        );
    }

    #[test]
    fn a_tag_ends_where_its_closing_mark_stands_outside_strings() {
        let found = pieces("a {{ '}}' ~ {'x': {}} }} b {% if \"%}\" %}");
        assert_eq!(found.len(), 2);
        assert_eq!(found[0].piece, Piece::Print(" '}}' ~ {'x': {}} "));
        assert_eq!(found[1].piece, Piece::Tag(" if \"%}\" "));
    }
}
