//! Health, and the way out.

use super::program::{Server, ask, command, get, outcome, signal};
use carboy_testkit::Folder;
use std::{
    fs,
    io::Write,
    net::TcpStream,
    thread,
    time::{Duration, Instant},
};

fn status(server: &Server, path: &str) -> u16 {
    let text = ask(&mut TcpStream::connect(server.address()).unwrap(), path);
    text.get(9..12).and_then(|code| code.parse().ok()).unwrap_or_else(|| panic!("{text:?}"))
}

#[test]
fn an_apps_own_check_decides_whether_it_is_ready() {
    let folder = Folder::new();
    let switch = folder.path().join("on");
    let mut command = command("--port 0");
    command.env("FAULTS_SERVER_READINESS_PATH", "/readyz").env("FAULTS_SERVER_LIVENESS_PATH", "/livez");
    command.env("FAULTS_SWITCH", &switch).env("FAULTS_TRUSTED_HOSTS", r#"["shop.example"]"#);
    let mut server = Server::start(&mut command);
    assert_eq!((status(&server, "/readyz"), status(&server, "/livez")), (503, 200));
    assert_eq!(get(server.address(), "/readyz"), "not ready: switch\n");
    server.process.wait_for("the reason", |line| line.contains("the switch is off").then_some(()));
    fs::write(&switch, "").unwrap();
    assert_eq!(status(&server, "/readyz"), 200);
    // The app itself does not trust that host.
    assert_eq!(status(&server, "/"), 400);
}

#[test]
fn a_path_that_is_none_is_refused_at_the_start() {
    let refused = outcome(command("--port 0").env("FAULTS_SERVER_READINESS_PATH", "readyz"));
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(!refused.status.success() && said.contains("SERVER_READINESS_PATH"), "{said}");
}

#[test]
fn it_ends_in_time_whatever_is_under_way() {
    let mut server = Server::start(command("--port 0 --workers 2").env("FAULTS_SERVER_DRAIN_TIMEOUT", "1"));
    let requests = [
        "GET /slow/60000 HTTP/1.1\r\nHost: localhost\r\n\r\n",
        "GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n",
        "GET /tunnel HTTP/1.1\r\nHost: localhost\r\nConnection: upgrade\r\nUpgrade: echo\r\n\r\n",
        "GET /spawn/60000 HTTP/1.1\r\nHost: localhost\r\n\r\n",
        "POST /upload HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\nx",
    ];
    let streams = requests.map(|request| {
        let mut stream = TcpStream::connect(server.address()).unwrap();
        stream.write_all(request.as_bytes()).unwrap();
        stream
    });
    thread::sleep(Duration::from_millis(300));
    let begin = Instant::now();
    signal(server.process.id(), "TERM");
    assert_eq!(server.process.wait().code(), Some(0));
    assert!(begin.elapsed() < Duration::from_secs(5), "{:?}", begin.elapsed());
    drop(streams);
}

#[test]
fn a_pid_file_that_cannot_be_written_is_a_sentence() {
    let refused = outcome(&mut command("--port 0 --pid-file /nonexistent/app.pid"));
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(!refused.status.success() && said.contains("Cannot write the pid file"), "{said}");
}
