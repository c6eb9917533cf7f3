//! Clients that are slow or silent: each wait has its end.

mod common;

use common::{config, eventually, is_under_way, start};
use std::{
    io::Read,
    time::{Duration, Instant},
};

const LIMIT: Duration = Duration::from_millis(400);
const SLACK: Duration = Duration::from_millis(500);

fn assert_in_time(took: Duration) {
    assert!(took > LIMIT.mul_f32(0.8) && took < LIMIT + SLACK, "{took:?}");
}

#[test]
fn a_client_that_says_nothing_is_closed() {
    let running = start(config().first_byte_timeout(LIMIT));
    let (text, took) = running.connect().closed_after();
    assert_eq!(text, "");
    assert_in_time(took);
}

#[test]
fn half_a_preface_is_closed_like_silence() {
    let running = start(config().first_byte_timeout(LIMIT));
    let mut client = running.connect();
    client.send("PRI * HTTP/2.0\r\n");
    assert_in_time(client.closed_after().1);
}

#[test]
fn a_head_that_drips_in_is_answered_408_at_its_deadline() {
    let running = start(config().header_timeout(LIMIT));
    let mut client = running.connect();
    client.send("GET / HTTP/1.1\r\nHost: a\r\n");
    let start = Instant::now();
    while client.try_send("X: y\r\n") {
        std::thread::sleep(Duration::from_millis(50));
        if start.elapsed() > LIMIT + SLACK {
            panic!("still open after {:?}", start.elapsed());
        }
        if client.stream.set_nonblocking(true).is_ok() {
            let ended = client.stream.peek(&mut [0]).is_ok();
            client.stream.set_nonblocking(false).unwrap();
            if ended {
                break;
            }
        }
    }
    assert_in_time(start.elapsed());
    let text = client.rest();
    assert!(text.starts_with("HTTP/1.1 408 Request Timeout\r\n"), "{text:?}");
    assert!(text.contains("\r\nconnection: close\r\n"), "{text:?}");
}

#[test]
fn a_second_head_has_the_same_deadline_as_the_first() {
    let running = start(config().header_timeout(LIMIT));
    let mut client = running.connect();
    client.get("/");
    client.send("GET /");
    let (text, took) = client.closed_after();
    assert!(text.starts_with("HTTP/1.1 408 "), "{text}");
    assert_in_time(took);
}

#[test]
fn an_idle_connection_is_closed_without_a_word() {
    let running = start(config().keep_alive_timeout(LIMIT));
    let mut client = running.connect();
    for _ in 0..3 {
        client.get("/");
        std::thread::sleep(LIMIT / 2);
    }
    let start = Instant::now();
    let (text, _) = client.closed_after();
    assert_eq!(text, "");
    assert!(start.elapsed() < LIMIT + SLACK);
}

#[test]
fn a_view_that_takes_longer_than_every_deadline_still_answers() {
    let short = Duration::from_millis(100);
    let running = start(
        config()
            .first_byte_timeout(short)
            .header_timeout(short)
            .keep_alive_timeout(short)
            .write_timeout(short),
    );
    assert_eq!(running.connect().get("/slow?600").body, "slow");
}

#[test]
fn a_body_with_a_gap_is_a_408_and_ends_the_connection() {
    let running = start(config().body_gap_timeout(LIMIT));
    let mut client = running.connect();
    client.send("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\n");
    for _ in 0..3 {
        std::thread::sleep(LIMIT / 2);
        client.send("x");
    }
    let start = Instant::now();
    let answer = client.answer();
    assert_in_time(start.elapsed());
    assert_eq!((answer.status, answer.header("connection")), (408, Some("close")));
    client.rest();
}

#[test]
fn a_body_that_drips_below_the_minimum_rate_is_a_408() {
    let running = start(config().min_body_rate(100));
    let mut client = running.connect();
    client.send("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n");
    let mut reader = common::Client::connect(running.addr);
    reader.stream = client.stream.try_clone().unwrap();
    let start = Instant::now();
    let drip = std::thread::spawn(move || {
        while start.elapsed() < Duration::from_secs(7) && client.try_send("x") {
            std::thread::sleep(Duration::from_millis(100));
        }
    });
    let answer = reader.answer();
    let took = start.elapsed();
    assert_eq!(answer.status, 408);
    assert!(took > Duration::from_secs(4) && took < Duration::from_secs(6), "{took:?}");
    drop(reader);
    drip.join().unwrap();
}

#[test]
fn a_body_that_the_client_breaks_off_is_no_whole_body() {
    let running = start(config());
    let mut client = running.connect();
    client.send("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nhalf");
    client.stream.shutdown(std::net::Shutdown::Write).unwrap();
    let text = client.rest();
    assert!(text.is_empty() || text.starts_with("HTTP/1.1 400 "), "{text}");
}

#[test]
fn a_client_that_reads_nothing_is_closed() {
    let running = start(config().write_timeout(LIMIT));
    let mut client = running.connect();
    client.send("GET /big HTTP/1.1\r\nHost: a\r\n\r\n");
    std::thread::sleep(LIMIT + SLACK);
    // What the buffers of the system hold is still delivered; the rest never comes.
    let (text, closed) = client.until_silent(Duration::from_secs(2));
    assert!(closed && text.len() < 8 << 20, "{} bytes", text.len());
}

#[test]
fn pipelining_ahead_of_a_stream_does_not_hold_it_back() {
    let running = start(config());
    let mut client = running.connect();
    client.send("GET /stream-for-ever HTTP/1.1\r\nHost: a\r\n\r\nGET / HTTP/1.1\r\n");
    let mut seen = String::new();
    let mut chunk = [0; 4096];
    while seen.matches("tick").count() < 5 {
        let n = client.stream.read(&mut chunk).unwrap();
        assert!(n > 0, "{seen}");
        seen.push_str(std::str::from_utf8(&chunk[..n]).unwrap());
    }
}

#[test]
fn an_answer_is_not_held_back_by_a_slow_pipelined_one() {
    let running = start(config());
    let mut client = running.connect();
    let start = Instant::now();
    client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\nGET /slow?1500 HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_eq!(client.answer().body, "Hello, World!");
    assert!(start.elapsed() < Duration::from_secs(1));
    assert_eq!(client.answer().body, "slow");
}

#[test]
fn a_client_that_leaves_ends_its_view_and_its_stream() {
    let running = start(config());
    for path in ["/slow?60000", "/stream-for-ever?leaving"] {
        let mut client = running.connect();
        client.send(format!("GET {path} HTTP/1.1\r\nHost: a\r\n\r\n"));
        eventually("under way", || is_under_way(path));
        drop(client);
        eventually("given up", || !is_under_way(path));
    }
}

#[test]
fn a_client_that_leaves_ends_its_view_also_while_nobody_reads_its_body() {
    let running = start(config());
    let (length, chunked) = ("Content-Length: 1048576", "Transfer-Encoding: chunked");
    // Nothing, what is read ahead, what has to wait in the socket.
    for (framing, sent) in [
        ("Expect: 100-continue\r\nContent-Length: 9", 0),
        (length, 0),
        (length, 1_000),
        (length, 100_000),
        (chunked, 1_000),
        (chunked, 100_000),
    ] {
        let path = format!("/slow?60000&{sent}&{}", &framing[..6]);
        let mut client = running.connect();
        client.send(format!("POST {path} HTTP/1.1\r\nHost: a\r\n{framing}\r\n\r\n"));
        if sent > 0 {
            client.send("100000\r\n");
            client.send(vec![b'x'; sent]);
        }
        eventually("under way", || is_under_way(&path));
        std::thread::sleep(Duration::from_millis(50));
        assert!(is_under_way(&path), "{path}: given up before the client left");
        drop(client);
        eventually(&path, || !is_under_way(&path));
    }
}

#[test]
fn a_client_that_waits_with_its_body_unread_is_answered() {
    let running = start(config());
    let mut client = running.connect();
    client.send("POST /slow?2500 HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n");
    client.send([b'x'; 100_000]);
    assert_eq!(client.answer().body, "slow");
}

#[test]
fn a_client_that_closes_its_sending_half_is_answered_if_that_is_configured() {
    let running = start(config().half_close(true));
    for (wait, body) in [(300, 0), (300, 1_000), (2_500, 100_000)] {
        let mut client = running.connect();
        client.send(format!("POST /slow?{wait} HTTP/1.1\r\nHost: a\r\nContent-Length: {body}\r\n\r\n"));
        client.send(vec![b'x'; body]);
        client.stream.shutdown(std::net::Shutdown::Write).unwrap();
        assert!(client.rest().ends_with("slow"), "{body}");
    }
}

#[test]
fn a_view_that_takes_longer_than_a_request_may_is_given_up_with_503() {
    let running = start(config().request_timeout(LIMIT));
    let mut client = running.connect();
    client.send("GET /slow?60000&limited HTTP/1.1\r\nHost: a\r\n\r\n");
    let start = Instant::now();
    let answer = client.answer();
    assert_in_time(start.elapsed());
    assert_eq!((answer.status, answer.header("connection")), (503, Some("close")));
    eventually("given up", || !is_under_way("/slow?60000&limited"));
    assert_eq!(running.connect().get("/").status, 200);
}

#[test]
fn pipelined_requests_wait_while_the_client_takes_no_answers_and_then_it_is_closed() {
    let running = start(config().write_timeout(LIMIT));
    let mut client = running.connect();
    client.stream.set_write_timeout(Some(Duration::from_millis(200))).unwrap();
    let requests = "GET /big HTTP/1.1\r\nHost: a\r\n\r\n".repeat(1000);
    let mut sent = 0;
    while sent < 200 && client.try_send(&requests) {
        sent += 1;
    }
    assert!(sent < 200, "the server reads requests without end");
}
