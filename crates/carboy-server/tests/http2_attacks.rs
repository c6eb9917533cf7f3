//! Clients of HTTP/2 that waste the server's time or memory: each is sent away, and the others are served meanwhile.

mod common;

use common::{Running, config, eventually, h2::*, is_under_way, start};
use std::{
    sync::Mutex,
    time::{Duration, Instant},
};

/// One at a time, so that each sees its own memory.
static ALONE: Mutex<()> = Mutex::new(());

const GROWTH: u64 = 20 << 20;

fn memory() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok()).unwrap_or(0) << 10
}

/// Sends up to `count` times what `bytes` gives, until the server takes no more; the error code of its GOAWAY, if one came
/// through. Fails if the connection is still there three seconds later.
fn flood(running: &Running, count: u32, mut bytes: impl FnMut(u32) -> Vec<u8>) -> Option<u32> {
    let mut peer = Peer::connect(running.addr);
    peer.stream.set_write_timeout(Some(Duration::from_secs(5))).unwrap();
    for number in 0..count {
        if !peer.send(bytes(number)) {
            break;
        }
    }
    let frames = peer.until_closed(Duration::from_secs(3)).unwrap_or_else(|frames| {
        panic!("not sent away after {} frames", frames.len());
    });
    frames.iter().find(|frame| frame.kind == GOAWAY).map(Frame::code)
}

/// Runs an attack five times over; it has to end in a closed connection, or in GOAWAY with one of these codes, with another
/// client being answered all the while, and without memory that stays.
fn survives(codes: &[u32], attack: impl Fn(&Running) -> Option<u32> + Sync) {
    let _alone = ALONE.lock().unwrap_or_else(|error| error.into_inner());
    let running = start(config());
    assert_eq!(running.connect().get("/").status, 200);
    let before = memory();
    let mut seen = Vec::new();
    std::thread::scope(|scope| {
        let attacks = scope.spawn(|| (0..5).map(|_| attack(&running)).collect::<Vec<_>>());
        let mut other = running.connect();
        let mut answered = 0;
        while !attacks.is_finished() || answered == 0 {
            let start = Instant::now();
            assert_eq!(other.get("/").status, 200);
            assert!(start.elapsed() < Duration::from_secs(2), "an answer took {:?}", start.elapsed());
            answered += 1;
            std::thread::sleep(Duration::from_millis(1));
        }
        seen = attacks.join().unwrap();
    });
    // A close can overtake the reason; but a reason that comes is the right one.
    assert!(seen.iter().flatten().all(|code| codes.contains(code)), "{seen:?}");
    let after = memory();
    assert!(after < before + GROWTH, "{} kB became {} kB", before >> 10, after >> 10);
    println!("{seen:?}, {} kB more", after.saturating_sub(before) >> 10);
}

const PROTOCOL_ERROR: u32 = 1;
const CALM: u32 = 0xb;

#[test]
fn rapid_reset() {
    survives(&[CALM], |running| {
        flood(running, 20_000, |n| [get(2 * n + 1, "/slow?1000"), reset(2 * n + 1)].concat())
    });
}

#[test]
fn resets_that_the_server_is_made_to_send() {
    survives(&[CALM], |running| {
        let post = request("POST", "/echo");
        flood(running, 5000, |n| {
            let stream = 2 * n + 1;
            [headers(END_HEADERS, stream, &post), window_update(stream, 0x7fff_ffff)].concat()
        })
    });
}

#[test]
fn a_block_of_fields_without_end() {
    let begin = |n: u32, rest: Vec<u8>| if n == 0 { headers(0, 1, &request("GET", "/")) } else { rest };
    survives(&[CALM], |running| flood(running, 20_000, |n| begin(n, frame(CONTINUATION, 0, 1, b""))));
    survives(&[CALM, PROTOCOL_ERROR], |running| {
        let large = field("x", "y".repeat(8000));
        flood(running, 2000, |n| begin(n, frame(CONTINUATION, 0, 1, &large)))
    });
}

#[test]
fn bodies_of_empty_and_tiny_frames() {
    for piece in [&b""[..], b"x"] {
        survives(&[CALM], |running| {
            flood(running, 60_000, |n| {
                if n == 0 {
                    headers(END_HEADERS, 1, &request("POST", "/echo"))
                } else {
                    frame(DATA, 0, 1, piece)
                }
            })
        });
    }
}

#[test]
fn frames_that_ask_for_nothing() {
    type Flood = fn(u32) -> Vec<u8>;
    let floods: [(&str, Flood); 6] = [
        ("PING", |n| frame(PING, 0, 0, &u64::from(n).to_be_bytes())),
        ("SETTINGS", |n| settings(&[(4, 65_535 + n)])),
        ("empty SETTINGS", |_| settings(&[])),
        ("PRIORITY", |n| frame(PRIORITY, 0, 2 * n + 1, &[0, 0, 0, 0, 9])),
        ("WINDOW_UPDATE", |_| window_update(0, 1)),
        ("unknown", |_| frame(0x77, 0, 0, b"")),
    ];
    survives(&[CALM], |running| {
        std::thread::scope(|scope| {
            let all =
                floods.map(|(name, flooding)| (name, scope.spawn(move || flood(running, 20_000, flooding))));
            let codes = all.map(|(name, flood)| flood.join().unwrap_or_else(|_| panic!("{name}")));
            // All of them, or the first that is wrong.
            codes.into_iter().flatten().find(|code| *code != CALM).or(codes[0])
        })
    });
}

#[test]
fn an_open_stream_is_no_licence_to_flood() {
    survives(&[CALM], |running| {
        flood(running, 20_000, |n| {
            if n == 0 { get(1, "/stream-for-ever?flood") } else { frame(PING, 0, 0, &[0; 8]) }
        })
    });
    eventually("the stream has ended", || !is_under_way("/stream-for-ever?flood"));
}

#[test]
fn fields_that_unpack_to_much_more_than_they_are() {
    // An entry of 3.9 kB in the table, named two hundred times: 780 kB in 200 bytes.
    let entry = [vec![0x40], string("x"), string("y".repeat(3900))].concat();
    survives(&[CALM], |running| {
        flood(running, 50, |n| {
            let more = if n == 0 { entry.clone() } else { vec![0xbe; 200] };
            headers(WHOLE, 2 * n + 1, &[request("GET", "/"), more].concat())
        })
    });
}

#[test]
fn a_list_of_fields_that_is_somewhat_too_large_is_a_431() {
    let running = start(config());
    let field = field("x", "y".repeat(6000));
    for (fields, status) in [(2, 200), (3, 431)] {
        let mut peer = Peer::connect(running.addr);
        let block = [request("GET", "/"), vec![field.clone(); fields].concat()].concat();
        let (first, rest) = block.split_at(block.len().min(16_000));
        peer.send([headers(END_STREAM, 1, first), frame(CONTINUATION, END_HEADERS, 1, rest)].concat());
        assert_eq!(peer.status(1), status);
        peer.send(get(3, "/empty"));
        assert_eq!(peer.status(3), 204);
    }
}

#[test]
fn requests_answers_and_windows_earn_the_frames_that_go_with_them() {
    let running = start(config());
    let mut peer = Peer::connect(running.addr);
    // A busy client: a window for each frame that comes, on the stream and on the connection, and a priority for each request.
    for n in 0..400 {
        let stream = 2 * n + 1;
        peer.send([frame(PRIORITY, 0, stream, &[0, 0, 0, 0, 9]), get(stream, "/stream")].concat());
        loop {
            let data = peer.find(|f| f.kind == DATA && f.stream == stream);
            let length = data.payload.len() as u32;
            if data.flags & END_STREAM != 0 {
                break;
            }
            peer.send([window_update(stream, length), window_update(0, length)].concat());
        }
    }
    let stream = 1001;
    peer.send(get(stream, "/big"));
    let mut read = 0;
    while read < 8 << 20 {
        let length = peer.find(|f| f.kind == DATA && f.stream == stream).payload.len() as u32;
        read += length;
        peer.send([window_update(stream, length), window_update(0, length)].concat());
    }
}

#[test]
fn the_limit_on_frames_can_be_lifted() {
    let running = start(config().http2_max_control_frames(0));
    let mut peer = Peer::connect(running.addr);
    for n in 0..5000u64 {
        peer.send(frame(PING, 0, 0, &n.to_be_bytes()));
    }
    peer.find(|f| f.kind == PING && f.payload == 4999u64.to_be_bytes());
}

const LIMIT: Duration = Duration::from_millis(400);

#[test]
fn answers_that_a_client_keeps_its_window_closed_for_are_given_up() {
    let running = start(config().write_timeout(LIMIT));
    let mut peer = Peer::with_settings(running.addr, &[(4, 0)]);
    let begin = Instant::now();
    for n in 0..100 {
        peer.send(get(2 * n + 1, ["/", "/big", "/stream", "/stream-for-ever?held"][n as usize % 4]));
    }
    let mut given_up = 0;
    while given_up < 100 {
        let reset = peer.find(|f| matches!(f.kind, RST_STREAM | GOAWAY | DATA));
        assert_eq!((reset.kind, reset.code()), (RST_STREAM, 8), "{reset:?}");
        given_up += 1;
    }
    assert!(begin.elapsed() >= LIMIT, "{:?}", begin.elapsed());
    assert!(begin.elapsed() < LIMIT + Duration::from_secs(10), "{:?}", begin.elapsed());
    eventually("given up", || !is_under_way("/stream-for-ever?held"));
    // The connection is there, and what is asked for and taken is answered.
    peer.send(settings(&[(4, 65_535)]));
    peer.send(get(301, "/"));
    assert_eq!(peer.status(301), 200);
}

#[test]
fn a_client_that_takes_its_answer_slowly_gets_all_of_it() {
    // Every limit is shorter than the download.
    let running = start(config().write_timeout(LIMIT).keep_alive_timeout(LIMIT));
    let mut peer = Peer::with_settings(running.addr, &[(4, 0)]);
    peer.send(get(1, "/big"));
    let begin = Instant::now();
    let mut read = 0;
    while begin.elapsed() < 5 * LIMIT {
        peer.send([window_update(1, 20_000), window_update(0, 20_000)].concat());
        read += 20_000;
        let mut got = 0;
        while got < 20_000 {
            got += peer.find(|f| f.kind == DATA || f.kind == RST_STREAM || f.kind == GOAWAY).payload.len();
        }
        assert_eq!(got, 20_000);
        std::thread::sleep(LIMIT / 4);
    }
    peer.send([window_update(1, 8 << 20), window_update(0, 8 << 20)].concat());
    while read < 8 << 20 {
        read += peer.find(|f| f.kind == DATA).payload.len();
    }
}

#[test]
fn a_stream_whose_application_takes_its_time_is_not_the_clients_fault() {
    let running = start(config().write_timeout(LIMIT));
    let mut peer = Peer::connect(running.addr);
    peer.send([get(1, "/slow?1000"), get(3, "/stream-pauses?1000")].concat());
    let mut ended = 0;
    while ended < 2 {
        let end = peer.find(|f| f.kind == RST_STREAM || f.kind == DATA && f.flags & END_STREAM != 0);
        assert_eq!(end.kind, DATA);
        ended += 1;
    }
}

#[test]
fn a_connection_that_is_idle_is_told_so_and_closed() {
    let running = start(config().keep_alive_timeout(LIMIT));
    let mut peer = Peer::connect(running.addr);
    peer.send(get(1, "/"));
    assert_eq!(peer.status(1), 200);
    // Pings are no requests.
    let begin = Instant::now();
    let mut told = false;
    let closed = loop {
        assert!(begin.elapsed() < LIMIT + Duration::from_secs(4), "still open");
        peer.send(frame(PING, 0, 0, &[0; 8]));
        std::thread::sleep(Duration::from_millis(20));
        match peer.next(Duration::from_millis(50)) {
            Next::Frame(f) if f.kind == GOAWAY => told = f.code() == 0,
            Next::Closed => break begin.elapsed(),
            _ => {}
        }
    };
    assert!(told && closed >= LIMIT.mul_f32(0.8), "{closed:?}");
}

#[test]
fn a_client_that_answers_no_ping_is_closed() {
    let running = start(config().http2_ping(LIMIT, LIMIT).write_timeout(None));
    let mut peer = Peer::connect(running.addr);
    peer.send(get(1, "/stream-for-ever?unanswered"));
    peer.find(|f| f.kind == PING && f.flags == 0);
    eventually("closed", || !is_under_way("/stream-for-ever?unanswered"));
}
