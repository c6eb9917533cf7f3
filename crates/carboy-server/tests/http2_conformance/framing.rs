//! Sections 3 to 6: how a connection begins, and what each frame may look like.

use super::{common::h2::*, *};

/// How many behaviours [`beginnings`] looks at.
pub(super) const BEGINNINGS: usize = 6;

/// What happens before the settings are exchanged.
pub(super) fn beginnings(address: SocketAddr) {
    let first = |peer: &mut Peer| match peer.next(PATIENCE) {
        Next::Frame(frame) => frame,
        other => panic!("{other:?}"),
    };
    // 3.4: the server's preface is a SETTINGS frame, and it is the first.
    let mut peer = Peer::bare(address);
    peer.send([PREFACE, &settings(&[])].concat());
    let preface = first(&mut peer);
    assert_eq!((preface.kind, preface.flags, preface.stream), (SETTINGS, 0, 0));
    // 6.5.2: what it announces: at most 100 streams, header lists of 16 KiB, windows of 64 KiB.
    let announced: Vec<(u16, u32)> = preface
        .payload
        .chunks(6)
        .map(|s| (u16::from_be_bytes([s[0], s[1]]), u32::from_be_bytes(s[2..].try_into().unwrap())))
        .collect();
    for wanted in [(3, 100), (4, 65536), (6, 16384)] {
        assert!(announced.contains(&wanted), "{wanted:?} is not in {announced:?}");
    }
    // 3.4: a client need not wait for it.
    let mut peer = Peer::bare(address);
    peer.send([PREFACE, &settings(&[]), &get(1, "/")].concat());
    assert_eq!(peer.status(1), 200);
    // 3.4: what is no preface is no HTTP/2.
    let mut peer = Peer::bare(address);
    peer.send(b"PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n");
    assert!(peer.until_closed(PATIENCE).is_ok());
    // 3.4: each SETTINGS frame is acknowledged.
    let mut peer = Peer::bare(address);
    peer.send([PREFACE, &settings(&[]), &settings(&[(6, 8192)]), &frame(PING, 0, 0, &[0; 8])].concat());
    let mut acknowledged = 0;
    loop {
        match first(&mut peer) {
            frame if frame.kind == SETTINGS && frame.flags == ACK => acknowledged += 1,
            frame if frame.kind == PING => break,
            _ => {}
        }
    }
    assert_eq!(acknowledged, 2);
    // 3.4: the preface may come in pieces.
    let mut peer = Peer::bare(address);
    for piece in [PREFACE, &settings(&[]), &get(1, "/")].concat().chunks(5) {
        peer.send(piece);
    }
    assert_eq!(peer.status(1), 200);
}

fn open_block(peer: &mut Peer) -> Vec<u8> {
    let block = request("GET", "/");
    peer.send(headers(END_STREAM, 1, &block[..10]));
    block[10..].to_vec()
}

fn padded(payload: &[u8], padding: u8) -> Vec<u8> {
    [&[padding], payload, &vec![0; padding.into()]].concat()
}

/// Sends a frame within a block of fields, which nothing may interrupt.
fn interrupted(peer: &mut Peer, by: Vec<u8>) -> Expect {
    open_block(peer);
    peer.send(by);
    Goaway(&[PROTOCOL])
}

/// Sends a frame, which ends the connection.
fn ends(peer: &mut Peer, bytes: Vec<u8>, codes: &'static [u32]) -> Expect {
    peer.send(bytes);
    Goaway(codes)
}

/// Sends frames, after which the connection goes on.
fn goes_on(peer: &mut Peer, bytes: Vec<u8>) -> Expect {
    peer.send(bytes);
    Alive
}

/// Posts a body to be sent back, its frames after the head.
fn post(peer: &mut Peer, frames: &[Vec<u8>]) -> Expect {
    peer.send(headers(END_HEADERS, 1, &request("POST", "/echo")));
    frames.iter().for_each(|frame| assert!(peer.send(frame)));
    Status(1, 200)
}

#[rustfmt::skip]
pub(super) const CASES: &[Case] = &[
    case("4.1", "a frame of unknown type is ignored", |p| goes_on(p, frame(0x16, 0, 0, b"what is this?"))),
    case("4.1", "a frame of unknown type on a stream that is idle is ignored", |p| goes_on(p, frame(0xff, 0xff, 99, b""))),
    case("4.1", "flags that are not defined are ignored", |p| goes_on(p, frame(PING, 0xfe, 0, &[0; 8]))),
    case("4.1", "the reserved bit of a stream's number is ignored", |p| goes_on(p, frame(PING, 0, 0x8000_0000, &[0; 8]))),
    case("4.1", "the reserved bit of a request's stream is ignored", |p| { p.send(headers(WHOLE, 0x8000_0001, &request("GET", "/"))); Status(1, 200) }),
    case("4.2", "a frame of 16,384 bytes is accepted", |p| post(p, &[frame(DATA, END_STREAM, 1, &[b'x'; 16384])])),
    case("4.2", "a DATA frame of 16,385 bytes is too large", |p| { p.send(headers(END_HEADERS, 1, &request("POST", "/echo"))); p.send(frame(DATA, END_STREAM, 1, &[b'x'; 16385])); Reset(1, FRAME_SIZE) }),
    case("4.2", "a HEADERS frame of 16,385 bytes is too large", |p| { let mut block = request("GET", "/"); block.extend(field("x", "y".repeat(16385 - block.len() - 6))); assert_eq!(block.len(), 16385); p.send(headers(WHOLE, 1, &block)); Goaway(FRAME_SIZE) }),
    case("4.2", "a SETTINGS frame of 16,386 bytes is too large", |p| ends(p, frame(SETTINGS, 0, 0, &[0; 16386]), FRAME_SIZE)),
    case("4.2", "a frame of unknown type that is too large is refused", |p| ends(p, frame(0x20, 0, 0, &[0; 16385]), FRAME_SIZE)),
    case("4.3", "a block in three frames is one block", |p| { let rest = open_block(p); p.send(frame(CONTINUATION, 0, 1, &rest[..5])); p.send(frame(CONTINUATION, END_HEADERS, 1, &rest[5..])); Status(1, 200) }),
    case("4.3", "a block in pieces of one byte is one block", |p| { let block = request("GET", "/"); p.send(headers(END_STREAM, 1, &block[..20])); let (last, pieces) = block[20..].split_last().unwrap(); for piece in pieces.chunks(12) { p.send(frame(CONTINUATION, 0, 1, piece)); } p.send(frame(CONTINUATION, END_HEADERS, 1, &[*last])); Status(1, 200) }),
    case("4.3", "a first frame without a byte of the block", |p| { p.send(headers(END_STREAM, 1, b"")); p.send(frame(CONTINUATION, END_HEADERS, 1, &request("GET", "/"))); Status(1, 200) }),
    case("4.3", "a last frame without a byte of the block", |p| { p.send(headers(END_STREAM, 1, &request("GET", "/"))); p.send(frame(CONTINUATION, END_HEADERS, 1, b"")); Status(1, 200) }),
    case("4.3", "a block that cannot be unpacked", |p| ends(p, headers(WHOLE, 1, &[0xff; 12]), COMPRESSION)),
    case("4.3", "PRIORITY within a block", |p| interrupted(p, frame(PRIORITY, 0, 1, &[0, 0, 0, 0, 1]))),
    case("4.3", "DATA within a block", |p| interrupted(p, frame(DATA, 0, 1, b"x"))),
    case("4.3", "PING within a block", |p| interrupted(p, frame(PING, 0, 0, &[0; 8]))),
    case("4.3", "SETTINGS within a block", |p| interrupted(p, settings(&[]))),
    case("4.3", "WINDOW_UPDATE within a block", |p| interrupted(p, window_update(0, 1))),
    case("4.3", "RST_STREAM within a block", |p| interrupted(p, reset(1))),
    case("4.3", "GOAWAY within a block", |p| interrupted(p, frame(GOAWAY, 0, 0, &[0; 8]))),
    case("4.3", "HEADERS of another stream within a block", |p| interrupted(p, get(3, "/"))),
    case("4.3", "CONTINUATION of another stream within a block", |p| interrupted(p, frame(CONTINUATION, END_HEADERS, 3, b""))),
    case("4.3", "a frame of unknown type within a block", |p| interrupted(p, frame(0x16, 0, 1, b""))),
    case("5.4.1", "an error of the connection ends it and names the last stream", |p| {
        p.send(get(1, "/")); p.status(1); p.send(frame(PING, 0, 0, b"short"));
        let goaway = p.find(|f| f.kind == GOAWAY); assert_eq!(goaway.payload[..4], [0, 0, 0, 1]); assert!(FRAME_SIZE.contains(&goaway.code())); assert!(p.until_closed(PATIENCE).is_ok()); Seen }),
    case("5.5", "settings of extensions are ignored", |p| goes_on(p, settings(&[(0xf000, 7), (0x99, 0)]))),
    case("6.1", "DATA on stream 0", |p| ends(p, frame(DATA, 0, 0, b"x"), &[PROTOCOL])),
    case("6.1", "DATA with as much padding as it has bytes", |p| { p.send(headers(END_HEADERS, 1, &request("POST", "/echo"))); p.send(frame(DATA, PADDED | END_STREAM, 1, &[4, 0, 0, 0])); Goaway(&[PROTOCOL]) }),
    case("6.1", "DATA that is padded and has no byte", |p| { p.send(headers(END_HEADERS, 1, &request("POST", "/echo"))); p.send(frame(DATA, PADDED | END_STREAM, 1, b"")); Goaway(FRAME_SIZE) }),
    case("6.1", "padding is no part of a body", |p| { post(p, &[frame(DATA, PADDED, 1, &padded(b"he", 200)), frame(DATA, PADDED | END_STREAM, 1, &padded(b"llo", 0))]); let data = p.find(|f| f.kind == DATA && f.stream == 1); assert_eq!(data.payload, b"hello"); Seen }),
    case("6.1", "a frame of nothing but padding", |p| post(p, &[frame(DATA, PADDED | END_STREAM, 1, &padded(b"", 255))])),
    case("6.1", "an empty frame may end a body", |p| post(p, &[frame(DATA, 0, 1, b"x"), frame(DATA, END_STREAM, 1, b"")])),
    case("6.2", "HEADERS on stream 0", |p| ends(p, headers(WHOLE, 0, &request("GET", "/")), &[PROTOCOL])),
    case("6.2", "HEADERS that are padded", |p| { p.send(headers(WHOLE | PADDED, 1, &padded(&request("GET", "/"), 40))); Status(1, 200) }),
    case("6.2", "HEADERS that are padded and have a priority", |p| { let block = [&[0, 0, 0, 0, 9][..], &request("GET", "/")].concat(); p.send(headers(WHOLE | PADDED | WITH_PRIORITY, 1, &padded(&block, 3))); Status(1, 200) }),
    case("6.2", "HEADERS with a priority", |p| { p.send(headers(WHOLE | WITH_PRIORITY, 1, &[&[0x80, 0, 0, 0, 255][..], &request("GET", "/")].concat())); Status(1, 200) }),
    case("6.2", "HEADERS with more padding than there are bytes", |p| { let mut block = padded(&request("GET", "/"), 0); block[0] = 255; p.send(headers(WHOLE | PADDED, 1, &block)); Goaway(&[PROTOCOL]) }),
    case("6.2", "HEADERS too short for their priority", |p| ends(p, headers(WHOLE | WITH_PRIORITY, 1, &[0, 0, 0]), FRAME_SIZE)),
    case("6.3", "PRIORITY on stream 0", |p| ends(p, frame(PRIORITY, 0, 0, &[0, 0, 0, 1, 5]), &[PROTOCOL])),
    case("6.3", "PRIORITY of four bytes", |p| { p.send(headers(END_HEADERS, 1, &request("POST", "/echo"))); p.send(frame(PRIORITY, 0, 1, &[0; 4])); Reset(1, FRAME_SIZE) }),
    case("6.3", "PRIORITY of a stream that is idle", |p| goes_on(p, frame(PRIORITY, 0, 7, &[0, 0, 0, 5, 9]))),
    case("6.4", "RST_STREAM on stream 0", |p| ends(p, reset(0), &[PROTOCOL])),
    case("6.4", "RST_STREAM of three bytes", |p| { p.send(headers(END_HEADERS, 1, &request("POST", "/echo"))); p.send(frame(RST_STREAM, 0, 1, &[0; 3])); Goaway(FRAME_SIZE) }),
    case("6.4", "RST_STREAM of five bytes", |p| { p.send(headers(END_HEADERS, 1, &request("POST", "/echo"))); p.send(frame(RST_STREAM, 0, 1, &[0; 5])); Goaway(FRAME_SIZE) }),
    case("6.4", "RST_STREAM with a code that is not known", |p| { p.send(headers(END_HEADERS, 1, &request("POST", "/echo"))); p.send(frame(RST_STREAM, 0, 1, &[0xff; 4])); Alive }),
    case("6.5", "SETTINGS with a stream", |p| ends(p, frame(SETTINGS, 0, 1, b""), &[PROTOCOL])),
    case("6.5", "SETTINGS whose acknowledgement has a payload", |p| ends(p, frame(SETTINGS, ACK, 0, &[0; 6]), FRAME_SIZE)),
    case("6.5", "SETTINGS of five bytes", |p| ends(p, frame(SETTINGS, 0, 0, &[0; 5]), FRAME_SIZE)),
    case("6.5.2", "ENABLE_PUSH of 2", |p| ends(p, settings(&[(2, 2)]), &[PROTOCOL])),
    case("6.5.2", "ENABLE_PUSH of 0 and 1", |p| goes_on(p, settings(&[(2, 0), (2, 1)]))),
    case("6.5.2", "INITIAL_WINDOW_SIZE of 2^31", |p| ends(p, settings(&[(4, 1 << 31)]), &[FLOW, PROTOCOL])),
    case("6.5.2", "INITIAL_WINDOW_SIZE of 2^31 - 1", |p| goes_on(p, settings(&[(4, (1 << 31) - 1)]))),
    case("6.5.2", "MAX_FRAME_SIZE of 16,383", |p| ends(p, settings(&[(5, 16383)]), &[PROTOCOL])),
    case("6.5.2", "MAX_FRAME_SIZE of 2^24", |p| ends(p, settings(&[(5, 1 << 24)]), &[PROTOCOL])),
    case("6.5.2", "MAX_FRAME_SIZE of 2^24 - 1", |p| goes_on(p, settings(&[(5, (1 << 24) - 1)]))),
    case("6.5.2", "HEADER_TABLE_SIZE of 0", |p| { p.send(settings(&[(1, 0)])); p.send(get(1, "/")); Status(1, 200) }),
    case("6.5.2", "HEADER_TABLE_SIZE of 2^32 - 1", |p| { p.send(settings(&[(1, u32::MAX)])); p.send(get(1, "/")); Status(1, 200) }),
    case("6.5.2", "MAX_CONCURRENT_STREAMS of 0 concerns pushes only", |p| { p.send(settings(&[(3, 0)])); p.send(get(1, "/")); Status(1, 200) }),
    case("6.5.2", "MAX_HEADER_LIST_SIZE", |p| { p.send(settings(&[(6, 100)])); p.send(get(1, "/")); Status(1, 200) }),
    case("6.5.3", "of a setting that comes twice the last counts", |p| { p.send(settings(&[(4, 100), (4, 1)])); p.send(get(1, "/")); let data = p.find(|f| f.kind == DATA); assert_eq!(data.payload.len(), 1); Seen }),
    case("6.5.3", "an acknowledgement that nobody waits for", |p| { p.send(frame(SETTINGS, ACK, 0, b"")); Goaway(&[PROTOCOL]) }),
    case("6.6", "PUSH_PROMISE of a client", |p| { p.send(headers(END_HEADERS, 1, &request("POST", "/echo"))); p.send(frame(PUSH_PROMISE, END_HEADERS, 1, &[&[0, 0, 0, 2][..], &request("GET", "/")].concat())); Goaway(&[PROTOCOL]) }),
    case("6.7", "PING is acknowledged with its payload", |p| { p.send(frame(PING, 0, 0, b"12345678")); assert_eq!(p.find(|f| f.kind == PING), Frame { kind: PING, flags: ACK, stream: 0, payload: b"12345678".to_vec() }); Seen }),
    case("6.7", "an acknowledgement is not acknowledged", |p| { p.send(frame(PING, ACK, 0, b"abcdefgh")); p.send(frame(PING, 0, 0, b"12345678")); assert_eq!(p.find(|f| f.kind == PING).payload, b"12345678"); Seen }),
    case("6.7", "PING with a stream", |p| ends(p, frame(PING, 0, 1, &[0; 8]), &[PROTOCOL])),
    case("6.7", "PING of six bytes", |p| ends(p, frame(PING, 0, 0, &[0; 6]), FRAME_SIZE)),
    case("6.7", "PING of nine bytes", |p| ends(p, frame(PING, 0, 0, &[0; 9]), FRAME_SIZE)),
    case("6.8", "GOAWAY with a stream", |p| ends(p, frame(GOAWAY, 0, 1, &[0; 8]), &[PROTOCOL])),
    case("6.8", "GOAWAY of seven bytes", |p| ends(p, frame(GOAWAY, 0, 0, &[0; 7]), FRAME_SIZE)),
    case("6.8", "a request under way is answered after GOAWAY", |p| { p.send(get(1, "/slow?300")); p.send(frame(GOAWAY, 0, 0, &[&[0; 8][..], b"bye"].concat())); Status(1, 200) }),
    case("6.9", "WINDOW_UPDATE of 0 on the connection", |p| ends(p, window_update(0, 0), &[PROTOCOL])),
    case("6.9", "WINDOW_UPDATE of 0 on a stream", |p| { p.send(headers(END_HEADERS, 1, &request("POST", "/echo"))); p.send(window_update(1, 0)); Reset(1, &[PROTOCOL]) }),
    case("6.9", "WINDOW_UPDATE of three bytes", |p| ends(p, frame(WINDOW_UPDATE, 0, 0, &[0, 0, 1]), FRAME_SIZE)),
    case("6.9", "the reserved bit of an increment is ignored", |p| goes_on(p, window_update(0, 0x8000_0001))),
    case("6.10", "CONTINUATION on stream 0", |p| ends(p, frame(CONTINUATION, END_HEADERS, 0, b""), &[PROTOCOL])),
    case("6.10", "CONTINUATION without HEADERS", |p| ends(p, frame(CONTINUATION, END_HEADERS, 1, &request("GET", "/")), &[PROTOCOL])),
    case("6.10", "CONTINUATION after the end of a block", |p| { p.send(headers(END_HEADERS, 1, &request("POST", "/echo"))); p.send(frame(CONTINUATION, END_HEADERS, 1, b"")); Goaway(&[PROTOCOL]) }),
    case("6.10", "CONTINUATION after CONTINUATION with the end of a block", |p| { let rest = open_block(p); p.send(frame(CONTINUATION, END_HEADERS, 1, &rest)); p.send(frame(CONTINUATION, END_HEADERS, 1, b"")); Goaway(&[PROTOCOL]) }),
    case("6.10", "CONTINUATION after DATA", |p| { p.send(headers(END_HEADERS, 1, &request("POST", "/echo"))); p.send(frame(DATA, 0, 1, b"x")); p.send(frame(CONTINUATION, END_HEADERS, 1, b"")); Goaway(&[PROTOCOL]) }),
];
