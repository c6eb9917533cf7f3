//! The PROXY protocol, as clients and as real proxies speak it.

mod common;

use carboy_http::proxy::TrustedProxies;
use carboy_server::ServerConfig;
use common::{Running, config, start};
use std::{
    io::Write,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

fn trusting(text: &str) -> ServerConfig {
    config().proxy_protocol(text.parse::<TrustedProxies>().unwrap())
}

const V2: &[u8] = b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c\xc0\0\x02\x01\xc6\x33\x64\x01\x12\x67\0\x50";
const GET: &[u8] = b"GET /peer HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";

#[test]
fn the_client_is_the_one_that_a_trusted_proxy_names() {
    let running = start(trusting("127.0.0.1"));
    let v1 = [b"PROXY TCP4 192.0.2.1 198.51.100.1 4711 80\r\n".as_slice(), GET].concat();
    for header in [v1, [V2, GET].concat()] {
        let answer = running.talk(&header);
        assert!(answer.contains("remote_addr: Some(192.0.2.1:4711)"), "{answer}");
        assert!(answer.contains("local_addr: Some(198.51.100.1:80)"), "{answer}");
    }
    // One byte at a time.
    let mut client = running.connect();
    for byte in [V2, GET].concat() {
        client.send([byte]);
    }
    assert!(client.rest().contains("remote_addr: Some(192.0.2.1:4711)"));
    // HTTP/2 behind the header, and a health check of the proxy's own.
    let preface = [V2, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", &[0, 0, 0, 4, 0, 0, 0, 0, 0]].concat();
    let mut client = running.connect();
    client.send(preface);
    let mut first = [0; 9];
    std::io::Read::read_exact(&mut client.stream, &mut first).unwrap();
    assert_eq!(first[3], 4, "a SETTINGS frame");
    let local = [b"\r\n\r\n\0\r\nQUIT\n\x20\0\0\0".as_slice(), GET].concat();
    assert!(running.talk(local).contains("remote_addr: Some(127.0.0.1:"));
}

#[test]
fn who_says_something_else_or_is_not_trusted_is_closed_without_an_answer() {
    let running = start(trusting("127.0.0.1"));
    for bytes in [
        GET,
        b"\r\n\r\nGET / HTTP/1.1\r\n\r\n",
        b"PROXY TCP4 1 2 3 4\r\n\r\n\r\n\r\n",
        b"\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03aaaaaaa",
    ] {
        assert_eq!(running.talk_and_reset(bytes), "");
    }
    let running = start(trusting("10.0.0.0/8"));
    assert_eq!(running.talk_and_reset(&[V2, GET].concat()), "");
}

#[test]
fn a_header_that_does_not_come_to_an_end_is_closed_in_time() {
    let running = start(trusting("127.0.0.1").first_byte_timeout(Duration::from_millis(300)));
    for begin in [&b""[..], b"PROXY", &V2[..20], b"PROXY UNKNOWN x"] {
        let mut client = running.connect();
        client.send(begin);
        let (said, time) = client.closed_after();
        assert_eq!(said, "");
        assert!(time < Duration::from_secs(3), "{time:?}");
    }
}

impl Running {
    fn talk_and_reset(&self, bytes: &[u8]) -> String {
        let mut client = self.connect();
        client.try_send(bytes);
        client.rest()
    }
}

/// A program that ends with the test.
struct Program(Child);
impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn program(name: &str, config: &str, args: &[&str]) -> (Program, std::path::PathBuf) {
    let folder = std::env::temp_dir().join(format!("carboy-{name}-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let file = folder.join("conf");
    std::fs::File::create(&file)
        .unwrap()
        .write_all(config.replace("FOLDER", folder.to_str().unwrap()).as_bytes())
        .unwrap();
    let mut command = Command::new(name);
    command.args(args).arg(&file).stdout(Stdio::null()).stderr(Stdio::inherit());
    (Program(command.spawn().unwrap_or_else(|e| panic!("{name}: {e}"))), folder)
}

/// A port that nobody listens on now.
fn free_port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// What curl gets at a port, once somebody listens there.
fn curl(port: u16, args: &[&str]) -> String {
    let url = format!("http://127.0.0.1:{port}/peer");
    let begin = Instant::now();
    loop {
        let output =
            Command::new("curl").args(["-s", "--max-time", "10"]).args(args).arg(&url).output().unwrap();
        if output.status.code() != Some(7) || begin.elapsed() > Duration::from_secs(10) {
            return String::from_utf8_lossy(&output.stdout).into_owned();
        }
        std::thread::sleep(Duration::from_millis(50));
    }
}

#[test]
#[ignore = "needs curl"]
fn curl_speaks_version_1() {
    let running = start(trusting("127.0.0.1"));
    let answer = curl(running.addr.port(), &["--haproxy-protocol"]);
    assert!(answer.contains("remote_addr: Some(127.0.0.1:"), "{answer}");
    assert_eq!(curl(running.addr.port(), &[]), "", "without the header it is closed");
}

#[test]
#[ignore = "needs HAProxy"]
fn haproxy_speaks_versions_1_and_2() {
    let running = start(trusting("127.0.0.1"));
    for send in ["send-proxy", "send-proxy-v2", "send-proxy-v2 proxy-v2-options unique-id,crc32c"] {
        let port = free_port();
        let config = format!(
            "defaults\n mode tcp\n timeout connect 5s\n timeout client 5s\n timeout server 5s\n\
             frontend f\n bind 127.0.0.1:{port}\n unique-id-format %{{+X}}o\\ %ci:%cp\n default_backend b\n\
             backend b\n server s {} {send}\n",
            running.addr
        );
        let (_haproxy, folder) = program("haproxy", &config, &["-db", "-f"]);
        let answer = curl(port, &["--local-port", "40000-49000"]);
        let client =
            answer.split("remote_addr: Some(127.0.0.1:").nth(1).and_then(|rest| rest.split(')').next());
        let client: u16 = client.unwrap_or_else(|| panic!("{send}: {answer}")).parse().unwrap();
        assert!((40000..=49000).contains(&client), "{send}: the client's port, not HAProxy's: {answer}");
        assert!(answer.contains(&format!("local_addr: Some(127.0.0.1:{port})")), "{send}: {answer}");
        std::fs::remove_dir_all(folder).unwrap();
    }
}
