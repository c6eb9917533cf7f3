//! A WebSocket gives the messages that its bytes are, however they are cut, and ends for the reason that they are.
//!
//! The input: the sizes of the pieces, a line end, the bytes.
#![no_main]

use carboy::fuzzing::websocket::{Life, live};
use carboy_fuzz::{pieces, quick};
use libfuzzer_sys::fuzz_target;

const MESSAGE: usize = 2000;
const FRAME: usize = 1000;

/// A frame: its first byte, and its payload without the mask.
struct Frame {
    first: u8,
    masked: bool,
    payload: Vec<u8>,
}

/// The next frame; `None`: there is none, or none that is whole.
fn frame(bytes: &mut &[u8]) -> Option<Frame> {
    let (&[first, second], mut rest) = bytes.split_first_chunk::<2>()?;
    let length = match second & 0x7f {
        126 => {
            let (length, after) = rest.split_first_chunk::<2>()?;
            rest = after;
            u16::from_be_bytes(*length).into()
        }
        127 => {
            let (length, after) = rest.split_first_chunk::<8>()?;
            rest = after;
            u64::from_be_bytes(*length)
        }
        short => short.into(),
    };
    let masked = second & 0x80 != 0;
    let mut mask = [0; 4];
    if masked {
        let (four, after) = rest.split_first_chunk::<4>()?;
        (mask, rest) = (*four, after);
    }
    let length = usize::try_from(length).ok().filter(|length| *length <= rest.len())?;
    let (payload, after) = rest.split_at(length);
    let payload = payload.iter().zip(mask.iter().cycle()).map(|(byte, mask)| byte ^ mask).collect();
    *bytes = after;
    Some(Frame { first, masked, payload })
}

/// The messages of bytes that keep the protocol and its limits, and the code of the close frame; `None`: they do not keep it.
fn naive(mut bytes: &[u8]) -> Option<(Vec<(bool, Vec<u8>)>, u16)> {
    let (mut messages, mut open, mut pings) = (Vec::new(), None::<(bool, Vec<u8>)>, 0);
    while let Some(Frame { first, masked, payload }) = frame(&mut bytes) {
        let (fin, code) = (first & 0x80 != 0, first & 0x0f);
        if !masked || first & 0x70 != 0 || payload.len() > FRAME {
            return None;
        }
        match code {
            0 => open.as_mut()?.1.extend(payload),
            1 | 2 if open.is_none() => open = Some((code == 1, payload)),
            8 | 9 | 10 if !fin || payload.len() > 125 => return None,
            8 => {
                let code = match payload.split_first_chunk::<2>() {
                    Some((code, reason)) => {
                        str::from_utf8(reason).ok()?;
                        u16::from_be_bytes(*code)
                    }
                    None if payload.is_empty() => 1005,
                    None => return None,
                };
                return Some((messages, code));
            }
            9 => pings += 1,
            10 => {}
            _ => return None,
        }
        // Many pings without a message are a flood.
        if pings > 200 || open.as_ref().is_some_and(|(_, message)| message.len() > MESSAGE) {
            return None;
        }
        if fin && code < 8 {
            let (text, message) = open.take()?;
            if text {
                str::from_utf8(&message).ok()?;
            }
            messages.push((text, message));
            pings = 0;
        }
    }
    // What is not whole can be wrong by its head alone.
    (bytes.is_empty() && open.is_none_or(|(text, _)| !text)).then_some((messages, 1006))
}

fuzz_target!(|data: &[u8]| {
    let (sizes, bytes) = match data.iter().position(|&byte| byte == b'\n') {
        Some(end) => (&data[..end], &data[end + 1..]),
        None => (&data[..0], data),
    };
    let Life { messages, code, sent } = quick(|| live(pieces(bytes, &[]), MESSAGE, FRAME));
    for message in &messages {
        assert!(message.len() <= MESSAGE && message.len() <= bytes.len());
    }
    let cut = quick(|| live(pieces(bytes, sizes), MESSAGE, FRAME));
    assert_eq!((&cut.messages, cut.code), (&messages, code));

    let mut answers = &sent[..];
    let mut closed = false;
    while let Some(Frame { first, masked, payload }) = frame(&mut answers) {
        assert!(!closed && !masked && payload.len() <= 125, "nothing comes behind a close frame");
        assert!(matches!(first, 0x88 | 0x8a), "a server that says nothing answers pings, and closes");
        closed = first == 0x88;
    }
    assert!(answers.is_empty(), "every frame is whole");

    if let Some((expected, end)) = naive(bytes) {
        let messages: Vec<(bool, Vec<u8>)> =
            messages.iter().map(|message| (message.is_text(), message.as_bytes().to_vec())).collect();
        assert_eq!(messages, expected);
        let allowed = matches!(end, 1000..=1003 | 1005..=1014 | 3000..=4999);
        assert!(code == end || !allowed, "{code}, not {end}");
    }
});
