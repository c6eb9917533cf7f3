//! Every way to be slow, over HTTP/1 and HTTP/2: each has its end, and the others are served.

mod common;

use carboy_server::ServerConfig;
use common::{Client, Running, config, eventually, h2, is_under_way, start};
use socket2::{Domain, Socket, Type};
use std::{
    net::Shutdown,
    process::Command,
    time::{Duration, Instant},
};

const LIMIT: Duration = Duration::from_millis(400);
/// The machine may be busy; what has no end takes longer.
const SLACK: Duration = Duration::from_millis(1600);
/// How long a client of HTTP/2 may take to leave once it was told to.
const LINGER: Duration = Duration::from_secs(2);

/// A connection whose system takes little that nobody has read.
fn narrow(running: &Running) -> Client {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    socket.set_recv_buffer_size(2048).unwrap();
    socket.connect(&running.addr.into()).unwrap();
    Client::on(socket.into())
}

/// Lets a client act, drips bytes if there are some, and measures until the server has closed.
fn closed_after(
    running: &Running,
    mut client: Client,
    act: impl FnOnce(&mut Client),
    drip: &[u8],
) -> Duration {
    act(&mut client);
    let begin = Instant::now();
    loop {
        let (_, closed) = client.until_silent(Duration::from_millis(50));
        if closed {
            break;
        }
        assert!(begin.elapsed() < LIMIT + SLACK + LINGER, "still open");
        if !drip.is_empty() && !client.try_send(drip) {
            break;
        }
    }
    let took = begin.elapsed();
    assert_eq!(running.connect().get("/").status, 200);
    took
}

fn assert_in_time(what: &str, took: Duration, extra: Duration) {
    assert!(took > LIMIT.mul_f32(0.7) && took < LIMIT + SLACK + extra, "{what}: {took:?}");
}

#[test]
fn slow_clients_of_http_1_are_closed_in_time() {
    type Act = fn(&mut Client);
    let limited = |set: fn(ServerConfig, Duration) -> ServerConfig| set(config(), LIMIT);
    let cases: [(&str, ServerConfig, Act, &[u8]); 6] = [
        ("silence", limited(|c, l| c.first_byte_timeout(l)), |_| {}, b""),
        ("`PRI` and silence", limited(|c, l| c.first_byte_timeout(l)), |c| c.send("PRI"), b""),
        (
            "a slow head",
            limited(|c, l| c.header_timeout(l)),
            |c| c.send("GET / HTTP/1.1\r\nHost: a\r\n"),
            b"X: y\r\n",
        ),
        ("a slow second head", limited(|c, l| c.header_timeout(l)), |c| drop((c.get("/"), c.send("G"))), b""),
        (
            "a slow body",
            limited(|c, l| c.body_gap_timeout(l)),
            |c| c.send("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nx"),
            b"",
        ),
        ("idleness", limited(|c, l| c.keep_alive_timeout(l)), |c| drop(c.get("/")), b""),
    ];
    for (what, config, act, drip) in cases {
        let running = start(config);
        assert_in_time(what, closed_after(&running, running.connect(), act, drip), Duration::ZERO);
    }
}

#[test]
fn a_head_over_http_2_has_the_time_of_a_head_also_while_other_streams_are_open() {
    let preface = [h2::PREFACE, &h2::settings(&[]), &h2::frame(h2::SETTINGS, h2::ACK, 0, b"")].concat();
    let fields = h2::request("GET", "/");
    let whole = h2::headers(h2::WHOLE, 3, &fields);
    let cases: [(&str, Vec<u8>, Vec<u8>); 3] = [
        ("no more frames", h2::headers(h2::END_STREAM, 3, &fields[..9]), Vec::new()),
        ("half a frame", whole[..20].to_vec(), Vec::new()),
        (
            "fields that drip in",
            h2::headers(h2::END_STREAM, 3, &fields),
            h2::frame(h2::CONTINUATION, 0, 3, &h2::field("x", "y")),
        ),
    ];
    for (what, head, drip) in cases {
        let running = start(config().header_timeout(LIMIT));
        let path = format!("/slow?60000&{}", what.replace(' ', "-"));
        let mut client = running.connect();
        client.send([&preface[..], &h2::get(1, &path)].concat());
        eventually("under way", || is_under_way(&path));
        let took = closed_after(&running, client, |client| client.send(head), &drip);
        assert_in_time(what, took, LINGER);
        eventually("given up", || !is_under_way(&path));
    }
}

#[test]
fn slow_clients_of_http_2_are_closed_in_time() {
    let preface = |more: &[u8]| [h2::PREFACE, &h2::settings(&[]), more].concat();
    let idle = config().keep_alive_timeout(LIMIT);
    let cases: [(&str, Vec<u8>); 4] = [
        ("a preface and silence", h2::PREFACE.to_vec()),
        ("settings and silence", preface(b"")),
        ("half a head", preface(&h2::headers(h2::END_STREAM, 1, &h2::request("GET", "/")[..9]))),
        ("idleness after an answer", preface(&h2::get(1, "/"))),
    ];
    for (what, bytes) in cases {
        let running = start(idle.clone());
        let took = closed_after(&running, running.connect(), |client| client.send(bytes), b"");
        assert_in_time(what, took, LINGER);
    }
}

#[test]
fn a_slow_body_over_http_2_is_a_408_and_leaves_the_other_streams_alone() {
    let running = start(config().body_gap_timeout(LIMIT));
    let mut peer = h2::Peer::connect(running.addr);
    peer.send(h2::headers(h2::END_HEADERS, 1, &h2::request("POST", "/echo")));
    peer.send([h2::frame(h2::DATA, 0, 1, b"x"), h2::get(3, "/slow?800")].concat());
    let begin = Instant::now();
    assert_eq!(peer.status(1), 408);
    assert_in_time("a slow body", begin.elapsed(), Duration::ZERO);
    assert_eq!(peer.status(3), 200);
}

#[test]
fn a_client_that_does_not_read_is_closed_in_time() {
    for http2 in [false, true] {
        let running = start(config().write_timeout(LIMIT));
        let mut client = narrow(&running);
        let path = format!("/stream-for-ever?unread-{http2}");
        let path = path.as_str();
        if http2 {
            let windows = [h2::settings(&[(4, 1 << 30)]), h2::window_update(0, 1 << 30)].concat();
            client.send([h2::PREFACE, &windows, &h2::get(1, "/big"), &h2::get(3, path)].concat());
        } else {
            client
                .send(format!("GET /big HTTP/1.1\r\nHost: a\r\n\r\nGET {path} HTTP/1.1\r\nHost: a\r\n\r\n"));
        }
        std::thread::sleep(LIMIT + SLACK);
        eventually("given up", || !is_under_way(path));
        // What the systems on the way hold is still delivered; the rest never comes.
        client.stream.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
        let mut read = 0;
        let mut room = vec![0; 1 << 16];
        while let Ok(n @ 1..) = std::io::Read::read(&mut client.stream, &mut room) {
            read += n;
        }
        assert!(read < 8 << 20, "{read} bytes");
        assert_eq!(running.connect().get("/").status, 200);
    }
}

#[test]
fn a_client_that_has_closed_its_half_is_not_waited_for() {
    for http2 in [false, true] {
        let running = start(config());
        let path = format!("/slow?{}", 60_000 + usize::from(http2));
        let mut client = running.connect();
        if http2 {
            client.send([h2::PREFACE, &h2::settings(&[]), &h2::get(1, &path)].concat());
        } else {
            client.send(format!("GET {path} HTTP/1.1\r\nHost: a\r\n\r\n"));
        }
        eventually("under way", || is_under_way(&path));
        client.stream.shutdown(Shutdown::Write).unwrap();
        eventually("given up", || !is_under_way(&path));
        client.rest_of_bytes();
    }
}

/// A thousand clients for ten seconds, by a program made for it, while others ask.
#[test]
#[ignore = "needs slowhttptest"]
fn long_slowhttptest_finds_the_service_available() {
    let running = start(config().workers(2));
    for (attack, page, options) in [
        ("-H", "", "-i 2 -x 24"),
        ("-B", "", "-i 2 -x 24 -s 8192"),
        ("-R", "", "-a 10 -b 3000"),
        ("-X", "", "-w 10 -y 20 -n 2 -z 32"),
        ("-X", "big", "-w 10 -y 20 -n 2 -z 32"),
    ] {
        let url = format!("http://{}/{page}", running.addr);
        let mut command = Command::new("slowhttptest");
        command.args([attack, "-c", "1000", "-r", "500", "-l", "10", "-p", "3", "-u", &url]);
        let attacked = std::thread::spawn(move || command.args(options.split(' ')).output());
        while !attacked.is_finished() {
            let begin = Instant::now();
            assert_eq!(running.connect().get("/").status, 200);
            assert!(begin.elapsed() < Duration::from_secs(3), "{attack}: {:?}", begin.elapsed());
            std::thread::sleep(Duration::from_millis(50));
        }
        let output = attacked.join().unwrap().expect("slowhttptest runs");
        let text = String::from_utf8_lossy(&output.stdout);
        // It repaints its report every few seconds; the last one counts. It asks for the page in the way of its attack, for
        // which a large one takes its time.
        let verdict = text.rsplit("service available:").next().unwrap_or_default();
        assert!(!page.is_empty() || verdict.contains("YES"), "{attack}: {text}");
    }
}
