//! The access log, through the whole server.

mod common;

use carboy_server::AccessLog;
use common::{config, eventually, start};
use std::{
    io::Write,
    sync::{Arc, Mutex},
};

#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }
    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Lines {
    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

#[test]
fn each_answer_is_one_line_that_its_client_cannot_forge() {
    let lines = Lines::default();
    let writer = lines.clone();
    tracing_subscriber::fmt().with_writer(move || writer.clone()).with_ansi(false).without_time().init();
    let running = start(config().access_log(AccessLog::Combined));
    let mut client = running.connect();
    client.send(
        b"GET /target?a=%0a HTTP/1.1\r\nHost: a\r\nUser-Agent: x\" \xe2\x80\xae \x80\r\nReferer: \t/\r\n\r\n",
    );
    client.answer();
    client.get("/stream");
    client.send("HEAD / HTTP/1.1\r\nHost: a\r\n\r\n");
    client.answer_to("HEAD");
    client.send("GET / HTTP/1.1\r\n\r\n");
    client.rest();
    let mut gone = running.connect();
    gone.send("GET /slow?60000 HTTP/1.1\r\nHost: a\r\n\r\n");
    eventually("under way", || common::is_under_way("/slow?60000"));
    drop(gone);

    eventually("five lines", || lines.text().lines().count() == 5);
    let text = lines.text();
    let ends: Vec<_> = text.lines().map(|line| line.split_once("+0000] ").unwrap().1).collect();
    assert_eq!(
        ends,
        [
            r#""GET /target?a=%0a HTTP/1.1" 200 13 "/" "x\" \u{202e} \x80""#,
            r#""GET /stream HTTP/1.1" 200 11 "-" "-""#,
            r#""HEAD / HTTP/1.1" 200 - "-" "-""#,
            r#""GET / HTTP/1.1" 400 16 "-" "-""#,
            r#""GET /slow?60000 HTTP/1.1" 499 - "-" "-""#,
        ]
    );
    assert!(text.lines().all(|line| line.contains("carboy::access: 127.0.0.1 - - [")), "{text}");
}
