//! The frames in a stream of bytes are the same however it is cut.
//!
//! The input: the sizes of the pieces, a line end, the bytes.
#![no_main]

use carboy_fuzz::{pieces, quick};
use carboy_server::fuzzing::frames;
use libfuzzer_sys::fuzz_target;

fn naive(mut bytes: &[u8]) -> Vec<(u32, u8, u8, u32)> {
    let mut found = Vec::new();
    while let Some((head, rest)) = bytes.split_first_chunk::<9>() {
        let length = u32::from_be_bytes([0, head[0], head[1], head[2]]);
        let stream = u32::from_be_bytes([head[5], head[6], head[7], head[8]]) & 0x7fff_ffff;
        found.push((length, head[3], head[4], stream));
        bytes = rest.get(length as usize..).unwrap_or_default();
    }
    found
}

fuzz_target!(|data: &[u8]| {
    let (sizes, bytes) = match data.iter().position(|&byte| byte == b'\n') {
        Some(end) => (&data[..end], &data[end + 1..]),
        None => (&data[..0], data),
    };
    quick(|| assert_eq!(frames(pieces(bytes, sizes)), naive(bytes)));
});
