//! MarkupSafe's escaping: five characters, written straight into the output.

use std::fmt;

/// What stands for a byte in HTML, in the first bytes of a word whose last one says how many they are: a word is copied
/// without a branch, whatever it holds. The characters are those that MarkupSafe escapes, and nothing else (no backtick,
/// no slash).
static WORDS: [[u8; 8]; 256] = {
    let mut table = [[0; 8]; 256];
    let mut byte = 0;
    while byte < 256 {
        let entity: &[u8] = match byte as u8 {
            b'&' => b"&amp;",
            b'<' => b"&lt;",
            b'>' => b"&gt;",
            b'\'' => b"&#39;",
            b'"' => b"&#34;",
            _ => &[byte as u8],
        };
        let mut at = 0;
        while at < entity.len() {
            table[byte][at] = entity[at];
            at += 1;
        }
        table[byte][7] = entity.len() as u8;
        byte += 1;
    }
    table
};

/// How many bytes are looked at in one step; small enough for short values, large enough for the compiler to vectorise.
const STEP: usize = 16;

/// Whether any byte of a step is escaped; in this form the compiler looks at all of them at once.
fn has_special(step: &[u8; STEP]) -> bool {
    let is = |b: u8, special: u8| u8::from(b == special);
    step.map(|b| is(b, b'&') | is(b, b'<') | is(b, b'>') | is(b, b'\'') | is(b, b'"')) != [0; STEP]
}

/// How many bytes stand for a byte.
fn length(byte: u8) -> usize {
    usize::from(WORDS[usize::from(byte)][7])
}

/// Writes `text` escaped.
pub(crate) fn write_escaped<W: fmt::Write + ?Sized>(out: &mut W, text: &str) -> fmt::Result {
    let (steps, rest) = text.as_bytes().as_chunks::<STEP>();
    if !steps.iter().any(has_special) && rest.iter().all(|&byte| length(byte) == 1) {
        return if text.is_empty() { Ok(()) } else { out.write_str(text) };
    }
    let mut buffer = Buffer { out, bytes: [0; 256], filled: 0 };
    for step in steps {
        buffer.make_room()?;
        if has_special(step) { buffer.escape(step) } else { buffer.copy(step) }
    }
    buffer.make_room()?;
    buffer.escape(rest);
    buffer.flush()
}

/// Gathers pieces: many small ones would cost more than a copy, as the writer behind a template is found anew for each.
struct Buffer<'w, W: fmt::Write + ?Sized> {
    out: &'w mut W,
    bytes: [u8; 256],
    filled: usize,
}

impl<W: fmt::Write + ?Sized> Buffer<'_, W> {
    /// Makes room for a step, whatever it holds.
    fn make_room(&mut self) -> fmt::Result {
        if self.filled + STEP * size_of::<[u8; 8]>() > self.bytes.len() { self.flush() } else { Ok(()) }
    }

    fn copy(&mut self, step: &[u8; STEP]) {
        self.bytes[self.filled..self.filled + STEP].copy_from_slice(step);
        self.filled += STEP;
    }

    fn escape(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.bytes[self.filled..self.filled + 8].copy_from_slice(&WORDS[usize::from(byte)]);
            self.filled += length(byte);
        }
    }

    /// Writes what there is, and keeps the beginning of a character that is not whole yet.
    fn flush(&mut self) -> fmt::Result {
        let filled = &self.bytes[..self.filled];
        let valid = match str::from_utf8(filled) {
            Ok(text) => {
                self.filled = 0;
                return self.out.write_str(text);
            }
            Err(cut) => cut.valid_up_to(),
        };
        self.out.write_str(str::from_utf8(&filled[..valid]).unwrap_or_default())?;
        self.bytes.copy_within(valid..self.filled, 0);
        self.filled -= valid;
        Ok(())
    }
}

/// `text` escaped as a new string.
pub(crate) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + text.len() / 8);
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
    fn characters_of_several_bytes_stay_whole_wherever_they_stand() {
        for before in 0..40 {
            let text = format!("{}<{}", "x".repeat(before), "é🦀日".repeat(100));
            assert_eq!(escaped(&text), text.replace('<', "&lt;"), "after {before}");
        }
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
