//! Strings, with the escapes of Python.

/// Appends text as a JSON string, quotes included.
pub fn write_str(text: &str, ensure_ascii: bool, out: &mut Vec<u8>) {
    out.reserve(text.len() + 2);
    out.push(b'"');
    let plain = if ensure_ascii { PLAIN_ASCII } else { PLAIN_UTF8 };
    if is_plain(text.as_bytes(), plain) {
        out.extend_from_slice(text.as_bytes());
    } else {
        write_escaped(text, plain, out);
    }
    out.push(b'"');
}

/// Whether every byte stands for itself; eight at a time, since most do.
fn is_plain(bytes: &[u8], plain: &[bool; 256]) -> bool {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const HIGH: u64 = 0x80 * ONES;
    let has = |word: u64, byte: u8| {
        let zero = word ^ (ONES * u64::from(byte));
        zero.wrapping_sub(ONES) & !zero
    };
    let all_plain = |bytes: [u8; 8]| {
        let word = u64::from_ne_bytes(bytes);
        let control = word.wrapping_sub(0x20 * ONES) & !word;
        // A byte beyond ASCII is looked up: whether it is plain is a matter of style.
        let doubtful = (control | has(word, b'"') | has(word, b'\\') | has(word, 0x7f) | word) & HIGH;
        doubtful == 0 || bytes.iter().all(|&byte| plain[usize::from(byte)])
    };
    let (words, rest) = bytes.as_chunks::<8>();
    let rest = match (bytes.last_chunk::<8>(), rest.first_chunk::<4>(), rest.last_chunk::<4>()) {
        (_, None, _) if rest.is_empty() => return words.iter().all(|bytes| all_plain(*bytes)),
        // The last bytes, some of which are looked at twice.
        (Some(last), ..) => *last,
        (None, Some([a, b, c, d]), Some([e, f, g, h])) => [*a, *b, *c, *d, *e, *f, *g, *h],
        _ => return rest.iter().all(|&byte| plain[usize::from(byte)]),
    };
    words.iter().all(|bytes| all_plain(*bytes)) && all_plain(rest)
}

fn write_escaped(text: &str, plain: &[bool; 256], out: &mut Vec<u8>) {
    let bytes = text.as_bytes();
    let mut written = 0;
    let mut at = 0;
    while let Some(skip) = bytes[at..].iter().position(|&byte| !plain[usize::from(byte)]) {
        at += skip;
        out.extend_from_slice(&bytes[written..at]);
        let byte = bytes[at];
        at += 1;
        match byte {
            b'"' => out.extend_from_slice(b"\\\""),
            b'\\' => out.extend_from_slice(b"\\\\"),
            b'\n' => out.extend_from_slice(b"\\n"),
            b'\r' => out.extend_from_slice(b"\\r"),
            b'\t' => out.extend_from_slice(b"\\t"),
            0x08 => out.extend_from_slice(b"\\b"),
            0x0c => out.extend_from_slice(b"\\f"),
            byte if byte < 0x80 => write_unit(u16::from(byte), out),
            _ => {
                let Some(char) = text[at - 1..].chars().next() else { break };
                for unit in char.encode_utf16(&mut [0; 2]) {
                    write_unit(*unit, out);
                }
                at += char.len_utf8() - 1;
            }
        }
        written = at;
    }
    out.extend_from_slice(&bytes[written..]);
}

const PLAIN_ASCII: &[bool; 256] = &plain(0x7f);
const PLAIN_UTF8: &[bool; 256] = &plain(0x100);

/// Which bytes stand for themselves in a string; `end` is the first that does not.
const fn plain(end: usize) -> [bool; 256] {
    let mut table = [false; 256];
    let mut byte = 0x20;
    while byte < end {
        table[byte] = byte != b'"' as usize && byte != b'\\' as usize;
        byte += 1;
    }
    table
}

fn write_unit(unit: u16, out: &mut Vec<u8>) {
    out.extend_from_slice(b"\\u");
    for shift in [12, 8, 4, 0] {
        out.push(b"0123456789abcdef"[usize::from(unit >> shift & 0xf)]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_byte_that_needs_an_escape_is_found_wherever_it_stands() {
        for ensure_ascii in [true, false] {
            let plain = if ensure_ascii { PLAIN_ASCII } else { PLAIN_UTF8 };
            for length in 1..20 {
                for place in 0..length {
                    for byte in 0..=0xff {
                        let mut bytes = vec![b'a'; length];
                        bytes[place] = byte;
                        assert_eq!(is_plain(&bytes, plain), plain[usize::from(byte)], "{bytes:?}");
                    }
                }
            }
        }
    }
}
