//! HTTP/2 behaviour by behaviour: what a client may do is answered, what it must not do is an error of the right kind.
//!
//! Each case names its section of [RFC 9113](https://www.rfc-editor.org/rfc/rfc9113) or, in `hpack`,
//! [RFC 7541](https://www.rfc-editor.org/rfc/rfc7541), and runs on a connection of its own.

#[path = "../common/mod.rs"]
mod common;

mod framing;
mod hpack;
mod messages;
mod streams;

use common::{
    Running, config,
    h2::{DATA, GOAWAY, HEADERS, Next, PING, Peer, RST_STREAM, SETTINGS, WINDOW_UPDATE, frame, status_of},
    start,
};
use std::{net::SocketAddr, time::Duration};

const NO_ERROR: u32 = 0;
const PROTOCOL: u32 = 1;
const FLOW: u32 = 3;
const STREAM_CLOSED: u32 = 5;
const REFUSED: u32 = 7;

// Where RFC 9113 names one code, h2 sometimes says PROTOCOL_ERROR. What matters is that the connection ends.
const FRAME_SIZE: &[u32] = &[6, PROTOCOL];
const COMPRESSION: &[u32] = &[9, PROTOCOL];

/// What has to happen.
enum Expect {
    /// The connection ends, and says why with one of these codes.
    Goaway(&'static [u32]),
    /// This stream is reset with one of these codes, or the whole connection ends with one of them.
    Reset(u32, &'static [u32]),
    /// This stream alone is reset with one of these codes, and the connection goes on.
    OnlyReset(u32, &'static [u32]),
    /// This stream is answered with this status.
    Status(u32, u16),
    /// A malformed request: an error `PROTOCOL_ERROR` of the stream or, as 5.4.1 allows, of the connection; or the answer is 400.
    Malformed(u32),
    /// Nothing but what keeps the connection going.
    Alive,
    /// The case looked itself.
    Seen,
}
use Expect::*;

struct Case {
    section: &'static str,
    name: &'static str,
    run: fn(&mut Peer) -> Expect,
}

const fn case(section: &'static str, name: &'static str, run: fn(&mut Peer) -> Expect) -> Case {
    Case { section, name, run }
}

const PATIENCE: Duration = Duration::from_secs(3);

/// Whether a ping is acknowledged after all that was sent.
fn is_alive(peer: &mut Peer) -> Result<(), String> {
    peer.send(frame(PING, 0, 0, b"alive?!?"));
    loop {
        match peer.next(PATIENCE) {
            Next::Frame(f) if f.kind == PING && f.payload == b"alive?!?" && f.flags == 1 => return Ok(()),
            Next::Frame(f)
                if matches!(f.kind, DATA | HEADERS | SETTINGS | PING | WINDOW_UPDATE | RST_STREAM) => {}
            other => return Err(format!("not alive: {other:?}")),
        }
    }
}

fn check(peer: &mut Peer, expect: Expect) -> Result<(), String> {
    let (stream, codes, connection_too) = match expect {
        Seen => return Ok(()),
        Alive => return is_alive(peer),
        Goaway(codes) => (0, codes, true),
        Reset(stream, codes) => (stream, codes, true),
        OnlyReset(stream, codes) => (stream, codes, false),
        Malformed(stream) => (stream, &[PROTOCOL][..], true),
        Status(stream, expected) => loop {
            match peer.next(PATIENCE) {
                Next::Frame(f) if f.kind == HEADERS && f.stream == stream => {
                    let status = status_of(&f.payload);
                    return if status == Some(expected) { Ok(()) } else { Err(format!("status {status:?}")) };
                }
                Next::Frame(f) if !matches!(f.kind, GOAWAY | RST_STREAM) => {}
                other => return Err(format!("no answer: {other:?}")),
            }
        },
    };
    loop {
        match peer.next(PATIENCE) {
            Next::Frame(f) if f.kind == GOAWAY && connection_too => {
                if !codes.contains(&f.code()) {
                    return Err(format!("GOAWAY with {} instead of {codes:?}", f.code()));
                }
                let rest = peer.until_closed(PATIENCE);
                return rest.map(drop).map_err(|_| "the connection stays open".to_owned());
            }
            Next::Frame(f) if f.kind == RST_STREAM && f.stream == stream => {
                if !codes.contains(&f.code()) {
                    return Err(format!("RST_STREAM with {} instead of {codes:?}", f.code()));
                }
                return if connection_too { Ok(()) } else { is_alive(peer) };
            }
            Next::Frame(f)
                if matches!(expect, Malformed(_))
                    && f.kind == HEADERS
                    && status_of(&f.payload) == Some(400) =>
            {
                return is_alive(peer);
            }
            Next::Frame(f) if f.kind != GOAWAY => {}
            other => return Err(format!("no error with {codes:?} on {stream}: {other:?}")),
        }
    }
}

fn passes(address: SocketAddr, cases: &[Case]) {
    let failed: Vec<String> = cases
        .iter()
        .filter_map(|case| {
            let mut peer = Peer::connect(address);
            let expect = (case.run)(&mut peer);
            let error = check(&mut peer, expect).err()?;
            Some(format!("{} {}: {error}", case.section, case.name))
        })
        .collect();
    assert!(failed.is_empty(), "{} of {} fail:\n{}", failed.len(), cases.len(), failed.join("\n"));
    println!("{} of {}", cases.len(), cases.len());
}

fn server() -> Running {
    start(config())
}

#[test]
fn connections_begin_and_frames_are_read_as_rfc_9113_says() {
    framing::beginnings(server().addr);
    passes(server().addr, framing::CASES);
}

#[test]
fn streams_and_windows_are_kept_as_rfc_9113_says() {
    passes(server().addr, streams::CASES);
}

#[test]
fn messages_are_accepted_or_malformed_as_rfc_9113_says() {
    passes(server().addr, messages::CASES);
}

#[test]
fn fields_are_unpacked_as_rfc_7541_says() {
    passes(server().addr, hpack::CASES);
}

#[test]
fn the_list_is_as_long_as_that_of_h2spec() {
    let lists = [framing::CASES, streams::CASES, messages::CASES, hpack::CASES];
    let cases = lists.iter().map(|list| list.len()).sum::<usize>() + framing::BEGINNINGS;
    assert!(cases >= 146, "{cases}");
}
