//! What this server takes for a request, beside nginx and Node.js: nothing that both of them refuse. Where it differs from one of them a
//! table says why.

mod common;

use carboy_testkit::{Folder, Process};
use common::{codes, config, probes::probes, start};
use std::{
    net::{SocketAddr, TcpListener, TcpStream},
    process::Command,
    thread::sleep,
    time::{Duration, Instant},
};

/// What of the probes is refused here and accepted by one of the others or both, by a part of the request, and why.
const STRICTER: &[(&str, &str)] = &[
    ("Host: a\r\nHost: b", "Node.js leaves Host to the application"),
    ("Host: a b/..", "Node.js leaves Host to the application"),
    ("GET http://evil/", "both let the target overrule a Host that contradicts it"),
    ("TRACE /", "Node.js leaves TRACE to the application"),
    ("identity, chunked", "Node.js looks at the last coding alone"),
    (
        "HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked",
        "Node.js reads chunks of HTTP/1.0, where there are none",
    ),
    ("1\nx\n0\n\n", "nginx takes a line feed alone for a line end"),
    ("GET / HTTP/1.1\nHost: a\n\n", "nginx takes a line feed alone for a line end"),
    ("GET /\r\n\r\n", "Node.js takes a line of HTTP/0.9 for HTTP/1.1"),
    ("HTTP/1.2", "nginx takes any minor version for the one that it knows"),
    ("GET  /", "both skip a second blank"),
    ("X100: 1", "nginx does not count fields, and Node.js drops those beyond 2000"),
];

/// What of the probes is accepted here alone, and why.
const LENIENT: &[(&str, &str)] =
    &[("X: aaaa", "a head may have 64 KiB, of which nginx takes 8 for a field and Node.js 16 in all")];

fn is_explained(bytes: &str, table: &[(&str, &str)]) -> bool {
    table.iter().any(|(part, _)| bytes.contains(part))
}

fn free_address() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}

/// nginx that reads each request whole and answers it with 200.
fn nginx(folder: &Folder) -> (Process, SocketAddr) {
    let (address, path) = (free_address(), folder.path().display());
    let conf = format!(
        "daemon off; master_process off; pid {path}/pid; error_log {path}/error.log crit; events {{ }}\n\
         http {{ access_log off; client_body_temp_path {path}/b; proxy_temp_path {path}/p; fastcgi_temp_path {path}/f;\n\
         uwsgi_temp_path {path}/u; scgi_temp_path {path}/s;\n\
         server {{ listen {address}; location / {{ proxy_pass http://unix:{path}/behind; proxy_http_version 1.1; }} }}\n\
         server {{ listen unix:{path}/behind; location / {{ return 200; }} }} }}\n"
    );
    let file = folder.path().join("nginx.conf");
    std::fs::write(&file, conf).unwrap();
    let nginx = Process::start(Command::new("nginx").arg("-c").arg(&file).arg("-p").arg(folder.path()));
    let end = Instant::now() + Duration::from_secs(20);
    while TcpStream::connect(address).is_err() {
        assert!(Instant::now() < end, "nginx does not listen");
        sleep(Duration::from_millis(20));
    }
    (nginx, address)
}

/// Node.js with a server that reads each request whole and answers it with 200.
fn node() -> (Process, SocketAddr) {
    let module = "require('http').createServer((request, response) => {
        request.on('error', () => {}).resume().on('end', () => response.end());
    }).listen(0, '127.0.0.1', function () { console.log('port', this.address().port); })";
    let mut node = Process::start(Command::new("node").args(["--eval", module]));
    let port = node.wait_for("its port", |line| line.strip_prefix("port ")?.trim().parse::<u16>().ok());
    (node, ([127, 0, 0, 1], port).into())
}

/// Whether the first answer is none that refuses.
fn is_accepted(codes: &str) -> bool {
    codes.starts_with('2')
}

#[test]
#[ignore = "needs nginx and Node.js"]
fn nothing_malformed_is_accepted_that_both_nginx_and_node_refuse() {
    let folder = Folder::new();
    let ((_nginx, nginx), (_node, node)) = (nginx(&folder), node());
    let ours = start(config());
    let probes = probes();
    let seen: Vec<[String; 3]> = std::thread::scope(|scope| {
        let asked: Vec<_> = probes
            .iter()
            .map(|(bytes, _)| {
                scope.spawn(move || [ours.addr, nginx, node].map(|server| codes(server, bytes)))
            })
            .collect();
        asked.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    let mut unexplained = Vec::new();
    for ((bytes, _), seen) in probes.iter().zip(&seen) {
        let [ours, nginx, node] = seen.each_ref().map(|codes| is_accepted(codes));
        let table = match (ours, nginx, node) {
            (true, false, false) => LENIENT,
            (false, true, _) | (false, _, true) => STRICTER,
            _ => continue,
        };
        if !is_explained(bytes, table) {
            unexplained.push((&bytes[..bytes.len().min(140)], seen));
        }
    }
    assert!(unexplained.is_empty(), "the answers of carboy, nginx and Node.js: {unexplained:#?}");
    assert!(seen.iter().all(|seen| seen.iter().all(|codes| !codes.is_empty())), "{seen:?}");
}
