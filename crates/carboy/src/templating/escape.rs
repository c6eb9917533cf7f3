//! MarkupSafe's escaping: five characters, written straight into the output.

use std::fmt;

/// The characters MarkupSafe escapes, and nothing else (no backtick, no slash).
fn entity(byte: u8) -> Option<&'static str> {
    match byte {
        b'&' => Some("&amp;"),
        b'<' => Some("&lt;"),
        b'>' => Some("&gt;"),
        b'\'' => Some("&#39;"),
        b'"' => Some("&#34;"),
        _ => None,
    }
}

/// Which bytes are escaped.
static SPECIAL: [bool; 256] = {
    let mut table = [false; 256];
    let mut at = 0;
    while at < 5 {
        table[b"&<>'\""[at] as usize] = true;
        at += 1;
    }
    table
};

/// How many bytes are looked at in one step; small enough for short values, large enough for the compiler to vectorise.
const STEP: usize = 32;

/// The place of the first character to escape, from `start` on.
fn first_special(bytes: &[u8], start: usize) -> Option<usize> {
    let mut at = start;
    for chunk in bytes[start..].chunks(STEP) {
        // A whole step costs little more than a byte: without branches the compiler looks at all of it at once.
        let skip = chunk.len() == STEP
            && !chunk.iter().fold(false, |found, &b| {
                found | (b == b'&') | (b == b'<') | (b == b'>') | (b == b'\'') | (b == b'"')
            });
        if !skip && let Some(found) = chunk.iter().position(|&b| SPECIAL[usize::from(b)]) {
            return Some(at + found);
        }
        at += chunk.len();
    }
    None
}

/// Writes `text` escaped, in one piece.
pub(crate) fn write_escaped<W: fmt::Write + ?Sized>(out: &mut W, text: &str) -> fmt::Result {
    match first_special(text.as_bytes(), 0) {
        None if text.is_empty() => Ok(()),
        None => out.write_str(text),
        // Many small pieces would cost more than a copy: the writer behind a template is found anew for each.
        Some(first) => out.write_str(&escaped_from(text, first)),
    }
}

/// `text` escaped, whose first character to escape stands at `at`.
fn escaped_from(text: &str, at: usize) -> String {
    let bytes = text.as_bytes();
    let mut out = String::with_capacity(text.len() + text.len() / 2 + 16);
    let (mut written, mut next) = (0, Some(at));
    while let Some(at) = next {
        out.push_str(&text[written..at]);
        out.push_str(entity(bytes[at]).unwrap_or_default());
        written = at + 1;
        // The next one is mostly near.
        let near = bytes[written..].iter().take(STEP).position(|&b| SPECIAL[usize::from(b)]);
        next = match near {
            Some(skip) => Some(written + skip),
            None => first_special(bytes, (written + STEP).min(bytes.len())),
        };
    }
    out.push_str(&text[written..]);
    out
}

/// `text` escaped as a new string.
pub(crate) fn escaped(text: &str) -> String {
    match first_special(text.as_bytes(), 0) {
        Some(first) => escaped_from(text, first),
        None => text.to_owned(),
    }
}

/// A writer that escapes what is written through it.
pub(crate) struct Escaping<'w, W: fmt::Write + ?Sized>(pub(crate) &'w mut W);

impl<W: fmt::Write + ?Sized> fmt::Write for Escaping<'_, W> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        write_escaped(self.0, text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_five_characters_of_markupsafe_are_escaped() {
        assert_eq!(
            escaped("<a href='x' title=\"y\">&`/</a>"),
            "&lt;a href=&#39;x&#39; title=&#34;y&#34;&gt;&amp;`/&lt;/a&gt;"
        );
        assert_eq!(escaped("plain – ünïcode"), "plain – ünïcode");
        assert_eq!(escaped(""), "");
    }

    #[test]
    fn a_special_character_is_found_at_every_place_of_a_long_text() {
        for at in 0..100 {
            let mut text = vec![b'x'; 100];
            text[at] = b'<';
            let text = String::from_utf8(text).unwrap();
            assert_eq!(escaped(&text), text.replace('<', "&lt;"), "at {at}");
        }
    }
}
