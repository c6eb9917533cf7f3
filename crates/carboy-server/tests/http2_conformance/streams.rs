//! Sections 5.1 and 5.2, 6.9.1 and 6.9.2: the states of streams, and flow control.

use super::{common::h2::*, *};

/// Sends a whole request whose view takes its time: the client's half is closed.
fn half_closed(peer: &mut Peer) {
    peer.send(get(1, "/slow?2000"));
}

/// A stream that has ended on both sides.
fn closed(peer: &mut Peer) {
    peer.send(get(1, "/empty"));
    assert_eq!(peer.status(1), 204);
}

/// A stream that the client has reset.
fn was_reset(peer: &mut Peer) {
    peer.send(headers(END_HEADERS, 1, &request("POST", "/slow?2000")));
    peer.send(reset(1));
}

fn then(peer: &mut Peer, state: fn(&mut Peer), bytes: Vec<u8>) {
    state(peer);
    peer.send(bytes);
}

/// The sizes of the DATA frames that come before the server is silent.
fn data_sizes(peer: &mut Peer, stream: u32) -> Vec<usize> {
    let mut sizes = Vec::new();
    loop {
        match peer.next(Duration::from_millis(200)) {
            Next::Frame(f) if f.kind == DATA && f.stream == stream => sizes.push(f.payload.len()),
            Next::Frame(_) => {}
            _ => return sizes,
        }
    }
}

const PRIORITISED: &[u8] = &[0, 0, 0, 0, 7];

#[rustfmt::skip]
pub(super) const CASES: &[Case] = &[
    case("5.1", "DATA on a stream that is idle", |p| { p.send(frame(DATA, 0, 1, b"x")); Goaway(&[PROTOCOL, STREAM_CLOSED]) }),
    case("5.1", "RST_STREAM on a stream that is idle", |p| { p.send(reset(1)); Goaway(&[PROTOCOL]) }),
    case("5.1", "WINDOW_UPDATE on a stream that is idle", |p| { p.send(window_update(1, 1)); Goaway(&[PROTOCOL]) }),
    case("5.1", "PRIORITY on a stream that is idle", |p| { p.send(frame(PRIORITY, 0, 1, PRIORITISED)); p.send(get(1, "/")); Status(1, 200) }),
    // The code should be STREAM_CLOSED; h2 takes it for an error of the connection, and says PROTOCOL_ERROR.
    case("5.1", "DATA on a stream that is half closed", |p| { then(p, half_closed, frame(DATA, 0, 1, b"x")); Reset(1, &[STREAM_CLOSED, PROTOCOL]) }),
    case("5.1", "HEADERS on a stream that is half closed", |p| { then(p, half_closed, get(1, "/")); Reset(1, &[STREAM_CLOSED, PROTOCOL]) }),
    case("5.1", "CONTINUATION on a stream that is half closed", |p| { then(p, half_closed, frame(CONTINUATION, END_HEADERS, 1, b"")); Goaway(&[PROTOCOL, STREAM_CLOSED]) }),
    case("5.1", "WINDOW_UPDATE on a stream that is half closed", |p| { p.send(get(1, "/slow?200")); p.send(window_update(1, 10)); Status(1, 200) }),
    case("5.1", "PRIORITY on a stream that is half closed", |p| { p.send(get(1, "/slow?200")); p.send(frame(PRIORITY, 0, 1, PRIORITISED)); Status(1, 200) }),
    case("5.1", "RST_STREAM on a stream that is half closed", |p| { then(p, half_closed, reset(1)); Alive }),
    case("5.1", "DATA on a stream that is closed", |p| { then(p, closed, frame(DATA, 0, 1, b"x")); Reset(1, &[STREAM_CLOSED]) }),
    case("5.1", "HEADERS on a stream that is closed", |p| { then(p, closed, get(1, "/")); Reset(1, &[STREAM_CLOSED, PROTOCOL]) }),
    case("5.1", "CONTINUATION on a stream that is closed", |p| { then(p, closed, frame(CONTINUATION, END_HEADERS, 1, b"")); Goaway(&[PROTOCOL, STREAM_CLOSED]) }),
    case("5.1", "WINDOW_UPDATE on a stream that is closed", |p| { then(p, closed, window_update(1, 10)); Alive }),
    case("5.1", "PRIORITY on a stream that is closed", |p| { then(p, closed, frame(PRIORITY, 0, 1, PRIORITISED)); Alive }),
    case("5.1", "RST_STREAM on a stream that is closed", |p| { then(p, closed, reset(1)); Alive }),
    case("5.1", "DATA after RST_STREAM", |p| { then(p, was_reset, frame(DATA, END_STREAM, 1, b"x")); Reset(1, &[STREAM_CLOSED]) }),
    case("5.1", "HEADERS after RST_STREAM", |p| { then(p, was_reset, get(1, "/")); Reset(1, &[STREAM_CLOSED, PROTOCOL]) }),
    case("5.1", "CONTINUATION after RST_STREAM", |p| { then(p, was_reset, frame(CONTINUATION, END_HEADERS, 1, b"")); Goaway(&[PROTOCOL, STREAM_CLOSED]) }),
    case("5.1", "WINDOW_UPDATE after RST_STREAM", |p| { then(p, was_reset, window_update(1, 1)); Alive }),
    case("5.1", "PRIORITY after RST_STREAM", |p| { then(p, was_reset, frame(PRIORITY, 0, 1, PRIORITISED)); Alive }),
    case("5.1.1", "a stream of an even number", |p| { p.send(get(2, "/")); Goaway(&[PROTOCOL]) }),
    case("5.1.1", "a stream of a number that was passed over", |p| { p.send(get(5, "/")); p.status(5); p.send(get(3, "/")); Goaway(&[PROTOCOL, STREAM_CLOSED]) }),
    case("5.1.1", "numbers may be passed over", |p| { p.send(get(7, "/")); p.send(get(101, "/")); assert_eq!(p.status(7), 200); Status(101, 200) }),
    case("5.1.1", "the last number there is", |p| { p.send(get(0x7fff_ffff, "/")); Status(0x7fff_ffff, 200) }),
    case("5.1.2", "the 101st stream is refused", |p| { for i in 0..101 { p.send(get(2 * i + 1, "/slow?2000")); } OnlyReset(201, &[REFUSED, PROTOCOL]) }),
    case("5.1.2", "streams that have ended make room", |p| {
        for i in 0..100 { p.send(get(2 * i + 1, "/slow?60000")); }
        for i in 0..10 { p.send(reset(2 * i + 1)); }
        // What is reset gives room once the server has seen it.
        assert!(is_alive(p).is_ok()); p.send(get(201, "/")); Status(201, 200) }),
    case("5.4.2", "RST_STREAM is not answered with RST_STREAM", |p| {
        then(p, was_reset, frame(PING, 0, 0, &[0; 8]));
        loop { match p.next(PATIENCE) { Next::Frame(f) if f.kind == PING => return Seen, Next::Frame(f) => assert_ne!(f.kind, RST_STREAM), other => panic!("{other:?}") } } }),
    case("5.4.2", "an error of one stream leaves the others alone", |p| {
        p.send(get(1, "/slow?300")); p.send(headers(END_HEADERS, 3, &request("POST", "/echo"))); p.send(window_update(3, 0x7fff_ffff)); p.find(|f| f.kind == RST_STREAM && f.stream == 3); Status(1, 200) }),
    case("6.9.1", "no more is sent than the window of the stream", |p| { p.send(settings(&[(4, 1)])); p.send(get(1, "/")); assert_eq!(data_sizes(p, 1), [1]); p.send(window_update(1, 5)); assert_eq!(data_sizes(p, 1), [5]); p.send(window_update(1, 100)); assert_eq!(data_sizes(p, 1).iter().sum::<usize>(), 7); Seen }),
    case("6.9.1", "no more is sent than the window of the connection", |p| {
        p.send(settings(&[(4, 1 << 20)])); p.send(get(1, "/big")); assert_eq!(data_sizes(p, 1).iter().sum::<usize>(), 65535);
        p.send(window_update(0, 1000)); assert_eq!(data_sizes(p, 1).iter().sum::<usize>(), 1000); Seen }),
    case("6.9.1", "frames without a byte pass a window of 0", |p| { p.send(settings(&[(4, 0)])); p.send(get(1, "/empty")); Status(1, 204) }),
    case("6.9.1", "the window of the connection above 2^31 - 1", |p| { p.send(window_update(0, 0x7fff_ffff)); p.send(window_update(0, 0x7fff_ffff)); Goaway(&[FLOW]) }),
    case("6.9.1", "the window of a stream above 2^31 - 1", |p| { p.send(headers(END_HEADERS, 1, &request("POST", "/slow?2000"))); p.send(window_update(1, 0x7fff_ffff)); p.send(window_update(1, 0x7fff_ffff)); Reset(1, &[FLOW]) }),
    case("6.9.1", "more than the window that the server gave a stream", |p| {
        p.send(headers(END_HEADERS, 1, &request("POST", "/slow?2000")));
        for _ in 0..4 { p.send(frame(DATA, 0, 1, &[b'x'; 16384])); }
        p.send(frame(DATA, 0, 1, b"x")); Reset(1, &[FLOW]) }),
    case("6.9.1", "as much as the window that the server gave a stream", |p| {
        p.send(headers(END_HEADERS, 1, &request("POST", "/slow?200")));
        for _ in 0..4 { p.send(frame(DATA, 0, 1, &[b'x'; 16384])); } Status(1, 200) }),
    case("6.9.1", "the server gives a stream that is read a new window", |p| {
        p.send(headers(END_HEADERS, 1, &request("POST", "/echo")));
        for _ in 0..4 { p.send(frame(DATA, 0, 1, &[b'x'; 16384])); }
        p.find(|f| f.kind == WINDOW_UPDATE && f.stream == 1); p.send(frame(DATA, END_STREAM, 1, b"x")); Status(1, 200) }),
    case("6.9.2", "a new initial size changes the windows of streams that are open", |p| { p.send(settings(&[(4, 0)])); p.send(get(1, "/")); assert!(data_sizes(p, 1).is_empty()); p.send(settings(&[(4, 3)])); assert_eq!(data_sizes(p, 1), [3]); Seen }),
    case("6.9.2", "a window may become negative", |p| {
        p.send(settings(&[(4, 3)])); p.send(get(1, "/")); assert_eq!(data_sizes(p, 1), [3]); p.send(settings(&[(4, 1)])); p.send(window_update(1, 2)); assert!(data_sizes(p, 1).is_empty());
        p.send(window_update(1, 1)); assert_eq!(data_sizes(p, 1), [1]); Seen }),
    case("6.9.2", "a new initial size that makes a window too large", |p| { p.send(settings(&[(4, 0)])); p.send(get(1, "/slow?2000")); p.send(window_update(1, 0x7fff_ffff)); p.send(settings(&[(4, 1)])); Goaway(&[FLOW]) }),
];
