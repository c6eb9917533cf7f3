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
    let listed = |bytes: &[u8]| bytes.iter().all(|&byte| plain[usize::from(byte)]);
    let Some(last) = bytes.last_chunk::<8>() else { return listed(bytes) };
    // The last eight are looked at in any case, some of them twice.
    let mut found = doubtful(*last);
    for word in bytes.as_chunks::<8>().0 {
        found |= doubtful(*word);
    }
    // A byte beyond ASCII is looked up: whether it is plain is a matter of style.
    found == 0 || listed(bytes)
}

/// Not zero when one of the bytes is a control character, a quotation mark, a backslash, DEL or beyond ASCII.
fn doubtful(bytes: [u8; 8]) -> u64 {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const HIGH: u64 = 0x80 * ONES;
    let word = u64::from_ne_bytes(bytes);
    let is = |byte: u8| (word ^ (ONES * u64::from(byte))).wrapping_sub(ONES);
    // What is said of a byte is right when those before it are ASCII and not doubtful themselves: the first one found is one.
    let beyond = word | word.wrapping_add(ONES);
    let below = (word.wrapping_sub(0x20 * ONES) | is(b'"') | is(b'\\')) & !word;
    (beyond | below) & HIGH
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
