//! Clients that are slow or silent over TLS: each wait has its end.

use crate::{
    authority::{Authority, write},
    client::{Connection, closed_after, connect, trusting},
    common::{Client, Running, config, eventually, is_under_way, start},
};
use carboy_server::{ServerConfig, TlsConfig};
use carboy_testkit::Folder;
use std::{
    io::{Read, Write},
    time::{Duration, Instant},
};

const LIMIT: Duration = Duration::from_millis(400);
const SLACK: Duration = Duration::from_millis(1500);

fn assert_in_time(took: Duration) {
    assert!(took > LIMIT.mul_f32(0.8) && took < LIMIT + SLACK, "{took:?}");
}

struct Site {
    _folder: Folder,
    authority: Authority,
    running: Running,
}

fn site(config: ServerConfig) -> Site {
    let (folder, authority) = (Folder::new(), Authority::new());
    let (chain, key) = write(&folder, "server", &authority.issue(&["localhost"]));
    Site { _folder: folder, authority, running: start(config.tls(TlsConfig::new(chain, key))) }
}

impl Site {
    fn connect(&self) -> Connection {
        connect(self.running.addr, "localhost", trusting(&self.authority)).unwrap()
    }
}

/// The begin of a ClientHello: a record of 512 bytes is announced.
const HALF_A_HELLO: &[u8] = b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03";

#[test]
fn silence_half_a_hello_and_silence_after_the_handshake_are_closed_in_time() {
    let site = site(config().first_byte_timeout(LIMIT));
    assert_in_time(site.running.connect().closed_after().1);
    let mut half = site.running.connect();
    half.send(HALF_A_HELLO);
    assert_in_time(half.closed_after().1);
    let start = Instant::now();
    let mut silent = site.connect();
    assert_eq!(closed_after(&mut silent).0, b"");
    assert!(start.elapsed() < LIMIT + SLACK, "{:?}", start.elapsed());
}

#[test]
fn a_hello_that_drips_in_does_not_move_its_deadline() {
    let site = site(config().first_byte_timeout(LIMIT));
    let mut client = site.running.connect();
    client.send(HALF_A_HELLO);
    let start = Instant::now();
    while client.try_send([0]) {
        assert!(start.elapsed() < LIMIT + SLACK, "still open");
        std::thread::sleep(Duration::from_millis(20));
    }
    assert!(start.elapsed() > LIMIT.mul_f32(0.8), "{:?}", start.elapsed());
}

#[test]
fn a_head_that_does_not_end_is_answered_408() {
    let site = site(config().header_timeout(LIMIT));
    let mut client = site.connect();
    client.write_all(b"GET / HTTP/1.1\r\nHost: a\r\n").unwrap();
    let (said, took) = closed_after(&mut client);
    assert!(said.starts_with(b"HTTP/1.1 408 Request Timeout\r\n"), "{said:?}");
    assert_in_time(took);
}

#[test]
fn a_body_that_stops_is_answered_408() {
    let site = site(config().body_gap_timeout(LIMIT));
    let mut client = site.connect();
    client.write_all(b"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nhalf").unwrap();
    let mut said = [0; 12];
    let start = Instant::now();
    client.read_exact(&mut said).unwrap();
    assert_eq!(&said, b"HTTP/1.1 408");
    assert_in_time(start.elapsed());
}

#[test]
fn an_idle_connection_is_closed_with_a_goodbye() {
    let site = site(config().keep_alive_timeout(LIMIT));
    let mut client = site.connect();
    client.write_all(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n").unwrap();
    let start = Instant::now();
    let mut text = String::new();
    // Without the alert close_notify this is an error: the answer might have been cut off.
    client.read_to_string(&mut text).unwrap();
    assert!(text.ends_with("Hello, World!"), "{text}");
    assert_in_time(start.elapsed());
}

#[test]
fn an_answer_that_breaks_off_has_no_goodbye() {
    let site = site(config());
    let mut client = site.connect();
    client.write_all(b"GET /stream-breaks HTTP/1.1\r\nHost: a\r\n\r\n").unwrap();
    let error = client.read_to_end(&mut Vec::new()).unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::UnexpectedEof);
}

#[test]
fn a_client_that_takes_nothing_is_closed_and_one_that_takes_little_is_served() {
    let site = site(config().write_timeout(LIMIT));
    let mut client = site.connect();
    client.write_all(b"GET /big HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").unwrap();
    std::thread::sleep(LIMIT * 3);
    // What the system had taken comes; the rest does not.
    let mut got = Vec::new();
    assert!(client.read_to_end(&mut got).is_err() && got.len() < 8 << 20, "{}", got.len());

    let mut client = site.connect();
    client.write_all(b"GET /big HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").unwrap();
    let mut piece = vec![0; 64 * 1024];
    let (mut total, mut rest) = (0, 1 << 20);
    loop {
        match client.read(&mut piece).unwrap() {
            0 => break,
            n => total += n,
        }
        if total > rest {
            rest += 1 << 20;
            std::thread::sleep(LIMIT / 4);
        }
    }
    assert!(total > 8 << 20, "{total}");
}

#[test]
fn half_handshakes_hold_nobody_up() {
    let site = site(config().workers(1));
    let half: Vec<Client> = (0..200)
        .map(|_| {
            let mut client = site.running.connect();
            client.send(HALF_A_HELLO);
            client
        })
        .collect();
    let start = Instant::now();
    let mut client = site.connect();
    client.write_all(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").unwrap();
    assert!(closed_after(&mut client).0.ends_with(b"Hello, World!"));
    assert!(start.elapsed() < Duration::from_secs(2), "{:?}", start.elapsed());
    drop(half);
}

#[test]
fn a_client_that_leaves_ends_its_view_while_nobody_reads_its_body() {
    let site = site(config());
    for sent in [0, 100_000] {
        let path = format!("/slow?60000&encrypted&{sent}");
        let mut client = site.connect();
        write!(client, "POST {path} HTTP/1.1\r\nHost: a\r\nContent-Length: 1048576\r\n\r\n").unwrap();
        client.write_all(&vec![b'x'; sent]).unwrap();
        eventually("under way", || is_under_way(&path));
        drop(client);
        eventually(&path, || !is_under_way(&path));
    }
}
