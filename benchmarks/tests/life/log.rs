//! What a server says, and nobody who listens.

use super::program::{ask, command};
use std::{
    io::{BufRead, BufReader},
    net::{SocketAddr, TcpStream},
    process::Stdio,
    time::Duration,
};

#[test]
fn views_that_panic_are_answered_although_nobody_reads_standard_error() {
    let mut command = command("--port 0 --workers 1");
    command.env("RUST_BACKTRACE", "1").stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut server = command.spawn().unwrap();
    let mut lines = BufReader::new(server.stdout.take().unwrap()).lines();
    let address: SocketAddr = loop {
        let line = lines.next().expect("it says where it runs").unwrap();
        if let Some(address) = line.trim().strip_prefix("* Running on http://") {
            break address.parse().unwrap();
        }
    };
    // Far more than a pipe takes.
    for _ in 0..100 {
        let mut stream = TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        assert!(ask(&mut stream, "/panic").starts_with("HTTP/1.1 500"));
    }
    server.kill().unwrap();
    server.wait().unwrap();
}
