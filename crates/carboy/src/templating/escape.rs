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

/// How many bytes are looked at in one step; small enough for short values, large enough for the compiler to vectorise.
const STEP: usize = 32;

/// The place of the first character to escape.
fn first_special(bytes: &[u8]) -> Option<usize> {
    let special = |byte: u8| entity(byte).is_some();
    let any = |chunk: &[u8]| {
        chunk.iter().fold(false, |found, &b| {
            found | (b == b'&') | (b == b'<') | (b == b'>') | (b == b'\'') | (b == b'"')
        })
    };
    let mut offset = 0;
    let mut chunks = bytes.chunks_exact(STEP);
    for chunk in &mut chunks {
        if any(chunk) {
            return chunk.iter().position(|&b| special(b)).map(|at| at + offset);
        }
        offset += STEP;
    }
    chunks.remainder().iter().position(|&b| special(b)).map(|at| at + offset)
}

/// Writes `text` escaped; text without special characters is written in one piece.
pub(crate) fn write_escaped<W: fmt::Write + ?Sized>(out: &mut W, text: &str) -> fmt::Result {
    let mut rest = text;
    while let Some(at) = first_special(rest.as_bytes()) {
        if at > 0 {
            out.write_str(&rest[..at])?;
        }
        if let Some(replacement) = entity(rest.as_bytes()[at]) {
            out.write_str(replacement)?;
        }
        rest = &rest[at + 1..];
    }
    if rest.is_empty() { Ok(()) } else { out.write_str(rest) }
}

/// `text` escaped as a new string.
pub(crate) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 8);
    // Writing into a string cannot fail.
    let _ = write_escaped(&mut out, text);
    out
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
