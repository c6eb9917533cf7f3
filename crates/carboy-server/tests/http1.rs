//! HTTP/1 as a client sees it, byte for byte.

mod common;

use common::{Client, config, probes::probes, start};
use std::{sync::LazyLock, time::Duration};

static SERVER: LazyLock<common::Running> = LazyLock::new(|| start(config()));

#[test]
fn a_connection_serves_request_after_request() {
    let mut client = SERVER.connect();
    for _ in 0..3 {
        let answer = client.get("/");
        assert_eq!((answer.status, answer.body.as_str()), (200, "Hello, World!"));
        assert_eq!(answer.header("content-length"), Some("13"));
        assert!(answer.header("date").unwrap().ends_with(" GMT"));
        assert_eq!(answer.header("server"), None);
        assert_eq!(answer.header("connection"), None);
    }
}

#[test]
fn http_1_0_and_connection_close_end_the_connection() {
    let text = SERVER.talk("GET / HTTP/1.0\r\n\r\n");
    assert!(text.starts_with("HTTP/1.0 200 OK\r\n") && text.ends_with("\r\n\r\nHello, World!"), "{text}");
    let text = SERVER.talk("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    assert!(text.contains("connection: close\r\n") && text.ends_with("Hello, World!"), "{text}");
}

#[test]
fn each_request_of_a_connection_has_the_host_that_it_names_itself() {
    let mut client = SERVER.connect();
    let ask = |host: &str| format!("GET /host HTTP/1.1\r\nX: a\r\nHost: {host}\r\n\r\n");
    for host in ["a.example", "a.example", "b.example", "a.example", "A.example", "a.example:80"] {
        client.send(ask(host));
        assert_eq!(client.answer().body, host);
    }
    // What was judged before says nothing of another field, nor of another host.
    client.send("GET /host HTTP/1.1\r\nX-Host: a.example:80\r\nHost: c.example\r\n\r\n");
    assert_eq!(client.answer().body, "c.example");
    client.send(ask("a b.example"));
    assert_eq!(client.answer().status, 400);
}

#[test]
fn pipelined_requests_are_answered_in_order_however_long_each_takes() {
    let mut client = SERVER.connect();
    client.send(
        "GET /slow?200 HTTP/1.1\r\nHost: a\r\n\r\n\
         GET /target?2 HTTP/1.1\r\nHost: a\r\n\r\n\
         POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nthree\
         GET /target?4 HTTP/1.1\r\nHost: a\r\n\r\n",
    );
    let bodies: Vec<_> = (0..4).map(|_| client.answer().body).collect();
    assert_eq!(bodies, ["slow", "/target?2", "three", "/target?4"]);
}

#[test]
fn the_first_bytes_of_a_request_may_come_one_by_one() {
    let mut client = SERVER.connect();
    for byte in b"PRIME /target HTTP/1.1\r\nHost: a\r\n\r\n" {
        client.send([*byte]);
        std::thread::sleep(Duration::from_millis(1));
    }
    assert_eq!(client.answer().body, "/target");
}

#[test]
fn an_answer_to_head_has_the_length_and_no_body() {
    let mut client = SERVER.connect();
    client.send("HEAD / HTTP/1.1\r\nHost: a\r\n\r\nHEAD /stream HTTP/1.1\r\nHost: a\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_eq!(client.answer_to("HEAD").header("content-length"), Some("13"));
    let stream = client.answer_to("HEAD");
    assert_eq!((stream.status, stream.header("content-length")), (200, None));
    assert_eq!(client.answer().body, "Hello, World!");
}

#[test]
fn a_connection_becomes_a_tunnel_in_which_either_side_speaks_when_it_likes() {
    let mut client = SERVER.connect();
    // What follows the head at once belongs to the tunnel.
    client.send("GET /tunnel HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: capitals\r\n\r\nearly ");
    let answer = client.answer();
    assert_eq!((answer.status, answer.header("connection")), (101, Some("upgrade")));
    assert_eq!(answer.header("content-length"), None);
    assert_eq!(client.take(12), b"hello\nEARLY ");
    for said in ["one", "two"] {
        client.send(said);
        assert_eq!(client.take(said.len()), said.to_uppercase().as_bytes());
    }
    client.stream.shutdown(std::net::Shutdown::Write).unwrap();
    assert_eq!(client.rest(), "");
}

#[test]
fn a_tunnel_counts_as_a_connection_until_it_closes() {
    let server = start(config().max_connections(1));
    let mut tunnel = server.connect();
    tunnel.send("GET /tunnel HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: capitals\r\n\r\n");
    assert_eq!(tunnel.answer().status, 101);
    let mut next = server.connect();
    next.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_eq!(next.until_silent(Duration::from_millis(200)), (String::new(), false));
    drop(tunnel);
    next.stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    assert_eq!(next.answer().body, "Hello, World!");
}

#[test]
fn statuses_without_content_never_carry_bytes() {
    let mut client = SERVER.connect();
    assert_eq!(client.get("/empty").header("content-length"), None);
    assert_eq!(client.get("/unchanged").status, 304);
    assert_eq!(client.get("/").body, "Hello, World!");
}

#[test]
fn a_wrong_content_length_of_the_application_does_not_shift_the_next_answer() {
    let mut client = SERVER.connect();
    let answer = client.get("/wrong-length");
    assert_eq!((answer.header("content-length"), answer.body.as_str()), (Some("13"), "thirteen byte"));
    assert_eq!(client.get("/").body, "Hello, World!");
}

#[test]
fn a_reason_phrase_of_the_application_is_sent() {
    assert!(SERVER.connect().get("/reason").head.starts_with("HTTP/1.1 222 quite fine\r\n"));
}

#[test]
fn chunked_bodies_are_read_and_streams_are_sent_in_chunks() {
    let mut client = SERVER.connect();
    client.send(
        "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n\
         5\r\nhello\r\n7;ext=1\r\n, world\r\n0\r\n\r\n",
    );
    assert_eq!(client.answer().body, "hello, world");
    let answer = client.get("/stream");
    assert_eq!(answer.header("transfer-encoding"), Some("chunked"));
    assert_eq!(answer.body, "onetwothree");
    assert_eq!(client.get("/").body, "Hello, World!");
}

#[test]
fn a_client_that_expects_100_continue_gets_it_when_the_body_is_wanted() {
    let mut client = SERVER.connect();
    client.send("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n");
    assert_eq!(client.answer().status, 100);
    client.send("body");
    assert_eq!(client.answer().body, "body");

    let text =
        SERVER.talk("POST /unread HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n");
    assert!(text.starts_with("HTTP/1.1 413 "), "{text}");
}

#[test]
fn big_bodies_pass_both_ways() {
    let mut client = SERVER.connect();
    assert_eq!(client.get("/big").body.len(), 8 << 20);
    let body = "0123456789abcdef".repeat(1 << 16);
    client.send(format!("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: {}\r\n\r\n", body.len()));
    client.send(&body);
    assert!(client.answer().body == body);
}

#[test]
fn an_answer_sent_before_the_body_was_read_reaches_the_client() {
    // Without care the bytes still on their way meet a closed socket, and its reset takes the answer along.
    for _ in 0..20 {
        let mut client = SERVER.connect();
        client.send("POST /unread HTTP/1.1\r\nHost: a\r\nContent-Length: 50000000\r\n\r\n");
        for _ in 0..50 {
            client.try_send([b'x'; 100_000]);
        }
        assert_eq!(client.answer().status, 413);
    }
}

#[test]
fn a_panic_is_a_500_and_closes_its_connection_only() {
    let mut other = SERVER.connect();
    other.get("/");
    let text = SERVER.talk("GET /panic HTTP/1.1\r\nHost: a\r\n\r\n");
    assert!(text.starts_with("HTTP/1.1 500 Internal Server Error\r\n"), "{text}");
    assert!(text.contains("connection: close\r\n"), "{text}");
    assert!(!text.contains("fell over"), "{text}");
    assert_eq!(other.get("/").status, 200);
}

#[test]
fn a_stream_that_breaks_off_is_not_taken_for_a_whole_one() {
    for path in ["/stream-breaks", "/stream-panics"] {
        let text = SERVER.talk(format!("GET {path} HTTP/1.1\r\nHost: a\r\n\r\n"));
        assert!(!text.contains("0\r\n\r\n"), "{text}");
    }
    assert_eq!(SERVER.connect().get("/").status, 200);
}

/// The probes of the framing study and what this server answers: `c` means that it closes.
#[test]
fn ambiguous_and_malformed_requests_are_answered_once_at_most() {
    let cases = probes();
    let wrong: Vec<_> = std::thread::scope(|scope| {
        let running: Vec<_> = cases
            .iter()
            .map(|(bytes, expected)| {
                scope.spawn(move || {
                    let got = SERVER.codes(bytes);
                    (got != *expected).then(|| (&bytes[..bytes.len().min(120)], *expected, got))
                })
            })
            .collect();
        running.into_iter().filter_map(|thread| thread.join().unwrap()).collect()
    });
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn a_body_that_nobody_reads_is_skipped_if_it_is_small_and_ends_the_connection_if_not() {
    let mut client = SERVER.connect();
    client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 6000\r\n\r\n");
    let answer = client.answer();
    assert_eq!((answer.status, answer.header("connection")), (200, None));
    client.send([b'x'; 6000]);
    assert_eq!(client.get("/").body, "Hello, World!");
    client.send("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
    assert_eq!(client.answer().status, 200);
    client.send("3\r\nabc\r\n0\r\n\r\n");
    assert_eq!(client.get("/").body, "Hello, World!");
    client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 600000\r\n\r\n");
    assert_eq!(client.answer().header("connection"), Some("close"));
    assert_eq!(client.rest(), "");
}

#[test]
fn a_chunked_body_that_is_malformed_behind_its_answer_ends_the_connection() {
    let text = SERVER.talk(
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nnonsense\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n",
    );
    assert_eq!(text.matches("HTTP/1.1 ").count(), 1, "{text}");
}

#[test]
fn a_client_that_was_not_told_to_send_its_body_cannot_have_it_taken_for_a_request() {
    let text = SERVER.talk(
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 30\r\nExpect: 100-continue\r\n\r\nGET /x HTTP/1.1\r\nHost: a\r\n\r\n",
    );
    assert!(text.contains("connection: close\r\n"), "{text}");
    assert_eq!(text.matches("HTTP/1.1 ").count(), 1, "{text}");
}

#[test]
fn http_1_0_clients_keep_their_connection_if_they_ask_for_it_and_get_streams_without_chunks() {
    let mut client = SERVER.connect();
    for _ in 0..2 {
        client.send("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
        let answer = client.answer();
        assert_eq!(
            (answer.header("connection"), answer.body.as_str()),
            (Some("keep-alive"), "Hello, World!")
        );
    }
    client.send("GET /stream HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    let answer = client.answer();
    assert_eq!((answer.header("connection"), answer.header("transfer-encoding")), (Some("close"), None));
    assert_eq!(answer.body, "onetwothree");
}

#[test]
fn a_request_is_the_same_however_its_bytes_are_cut_into_pieces() {
    let bytes = b"POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nX: y\r\n\r\nGET /target HTTP/1.1\r\nHost: a\r\n\r\n";
    for cut in 1..bytes.len() {
        let mut client = SERVER.connect();
        client.send(&bytes[..cut]);
        std::thread::sleep(Duration::from_millis(1));
        client.send(&bytes[cut..]);
        assert_eq!(client.answer().body, "hello", "{cut}");
        assert_eq!(client.answer().body, "/target", "{cut}");
    }
}

#[test]
fn a_header_with_a_newline_cannot_be_made() {
    for value in ["a\r\nSet-Cookie: b", "a\nb", "a\rb", "a\0b"] {
        assert!(carboy_http::HeaderValue::from_str(value).is_err());
    }
}

#[test]
fn a_unix_socket_serves_and_its_file_goes_with_the_server() {
    use std::{io::Read, io::Write, os::unix::net::UnixStream};
    let path = std::env::temp_dir().join(format!("carboy-server-{}.sock", std::process::id()));
    let address = format!("unix:{}", path.display());
    let left_behind = std::os::unix::net::UnixListener::bind(&path).unwrap();
    drop(left_behind);
    let running = start(carboy_server::ServerConfig::new().bind(address.as_str()).workers(2));
    assert_eq!(running.server.addresses()[0].to_string(), address);
    let mut client = UnixStream::connect(&path).unwrap();
    client.write_all(b"GET /peer HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").unwrap();
    let mut text = String::new();
    client.read_to_string(&mut text).unwrap();
    assert!(text.contains("remote_addr: None"), "{text}");

    let busy = carboy_server::Server::new(carboy_server::ServerConfig::new().bind(address.as_str()));
    assert_eq!(busy.start(common::Pages).unwrap_err().kind(), carboy_server::ServerErrorKind::AddressInUse);
    running.server.shutdown();
    running.server.join();
    assert!(!path.exists());
}

#[test]
fn several_addresses_and_ipv6_are_served_at_once() {
    let running = start(config().bind("[::1]:0").bind("localhost:0"));
    let addresses: Vec<_> = running.server.addresses().iter().map(|a| a.as_tcp().unwrap()).collect();
    assert!(addresses[1].is_ipv6() && addresses[2].is_ipv4());
    for address in addresses {
        let answer = Client::connect(address).get("/peer");
        assert!(answer.body.contains(&format!("local_addr: Some({address})")), "{}", answer.body);
    }
}
