//! Text of a client in a line of a log: it ends no field and no line, moves no terminal's cursor, turns no text around, and is cut at a
//! kibibyte.

use std::fmt::Write;

/// How many bytes of a field are kept.
pub(super) const MAX_FIELD: usize = 1024;

/// Characters that steer a terminal, break a line or turn its direction.
pub(super) fn is_dangerous(c: char) -> bool {
    c.is_control()
        || matches!(
            c,
            '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}'
        )
}

/// The part of a field that is kept, as text with the bytes that are none between, and whether it was cut.
pub(super) fn kept(field: &[u8]) -> (impl Iterator<Item = std::str::Utf8Chunk<'_>>, bool) {
    let cut = &field[..field.len().min(MAX_FIELD)];
    (cut.utf8_chunks(), cut.len() < field.len())
}

/// Appends a field to a line of text.
pub(super) fn escape(line: &mut String, field: &[u8]) {
    let (chunks, cut) = kept(field);
    for chunk in chunks {
        for c in chunk.valid().chars() {
            // Writing into a string cannot fail.
            _ = match c {
                '"' | '\\' => write!(line, "\\{c}"),
                c if c.is_ascii_control() => write!(line, "\\x{:02x}", c as u32),
                c if is_dangerous(c) => write!(line, "\\u{{{:x}}}", c as u32),
                c => line.write_char(c),
            };
        }
        for byte in chunk.invalid() {
            _ = write!(line, "\\x{byte:02x}");
        }
    }
    if cut {
        line.push('…');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_can_neither_end_a_field_nor_steer_a_terminal() {
        let hostile = "\" 200 1 \"\\\t\u{9b}31m\u{2028}\u{202e}é".as_bytes();
        let mut line = String::new();
        escape(&mut line, hostile);
        escape(&mut line, b"\x1b[31m\r\n\xff");
        assert_eq!(line, r#"\" 200 1 \"\\\x09\u{9b}31m\u{2028}\u{202e}é\x1b[31m\x0d\x0a\xff"#);
    }

    #[test]
    fn a_field_is_cut_at_a_kibibyte() {
        let mut line = String::new();
        escape(&mut line, &[b'a'; 5000]);
        assert_eq!(line.chars().count(), MAX_FIELD + 1);
    }
}
