//! A chunked body is the same however its bytes are cut, and what a naive reader of the grammar makes of it.
//!
//! The input: the sizes of the pieces, a line end, the bytes.
#![no_main]

use carboy_fuzz::{pieces, quick};
use carboy_server::fuzzing::{Body, body};
use libfuzzer_sys::fuzz_target;

/// RFC 9112, section 7.1, read line by line; `None` where the grammar is broken or the body has not ended.
fn naive(bytes: &[u8]) -> Option<(Vec<u8>, usize)> {
    let line = |at: usize| {
        let end = at + bytes.get(at..)?.windows(2).position(|pair| pair == b"\r\n")?;
        let line = &bytes[at..end];
        let plain = line.iter().all(|&byte| byte == b'\t' || (byte >= b' ' && byte != 0x7f));
        plain.then_some((line, end + 2))
    };
    let (mut content, mut at) = (Vec::new(), 0);
    loop {
        let (size, after) = line(at)?;
        let size = size.split(|&byte| byte == b';').next()?;
        if size.is_empty() || !size.iter().all(u8::is_ascii_hexdigit) {
            return None;
        }
        let size = usize::from_str_radix(str::from_utf8(size).ok()?, 16).ok()?;
        at = after;
        if size == 0 {
            break;
        }
        content.extend_from_slice(bytes.get(at..at.checked_add(size)?)?);
        at += size;
        if bytes.get(at..at + 2)? != b"\r\n" {
            return None;
        }
        at += 2;
    }
    let tchar = |byte: &u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(byte);
    for _ in 0..=100 {
        let (field, after) = line(at)?;
        at = after;
        if field.is_empty() {
            return Some((content, at));
        }
        let name = &field[..field.iter().position(|&byte| byte == b':')?];
        if name.is_empty() || !name.iter().all(tchar) {
            return None;
        }
    }
    None
}

fuzz_target!(|data: &[u8]| {
    let (sizes, bytes) = match data.iter().position(|&byte| byte == b'\n') {
        Some(end) => (&data[..end], &data[end + 1..]),
        None => (&data[..0], data),
    };
    quick(|| {
        let whole = body([bytes]);
        assert_eq!(body(pieces(bytes, sizes)), whole);
        match (&whole, naive(bytes)) {
            (Body::Whole(content, consumed), naive) => assert_eq!(naive, Some((content.clone(), *consumed))),
            // Extensions and trailers are bounded; the naive reader does not know that.
            (_, Some(naive)) => assert!(bytes.len() > 16 * 1024, "{whole:?} {naive:?}"),
            (_, None) => {}
        }
    });
});
