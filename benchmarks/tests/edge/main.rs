//! Logs, ids, figures and debug pages of a server, seen from outside: `carboy-faults` as a program.

#[path = "../life/program.rs"]
#[allow(dead_code)]
mod program;

use carboy_testkit::Folder;
use program::{Server, command, eventually, get, signal};
use std::{
    fs,
    io::{Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
};

/// The whole answer to a GET request with more fields.
fn ask(address: SocketAddr, target: &str, fields: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    let request = format!("GET {target} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{fields}\r\n");
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

fn field<'a>(answer: &'a str, name: &str) -> Option<&'a str> {
    answer.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
}

#[cfg(unix)]
#[test]
fn the_access_log_goes_to_its_file_and_to_a_new_one_after_a_hangup() {
    let folder = Folder::new();
    let file = folder.path().join("access.log");
    let mut command =
        command(&format!("--port 0 --workers 2 --access-log json --access-log-file {}", file.display()));
    let server = Server::start(command.env("FAULTS_TRUSTED_PROXIES", "[\"127.0.0.1\"]"));
    let lines = |path: &std::path::Path| fs::read_to_string(path).unwrap_or_default().lines().count();
    ask(server.address(), "/slow/1?token=hidden", "X-Forwarded-For: 203.0.113.9\r\nX-Request-ID: id-7\r\n");
    eventually("the line", || lines(&file) == 1);
    let line = fs::read_to_string(&file).unwrap();
    for part in [
        r#""client":"203.0.113.9""#,
        r#""target":"/slow/1?token=***""#,
        r#""request_id":"id-7""#,
        r#""route":"/slow/<int:ms>""#,
        r#""status":200"#,
    ] {
        assert!(line.contains(part), "{part} is not in {line}");
    }
    let moved = folder.path().join("access.log.1");
    fs::rename(&file, &moved).unwrap();
    get(server.address(), "/");
    eventually("the former file is still in use", || lines(&moved) == 2);
    signal(server.process.id(), "HUP");
    eventually("a new file", || file.exists());
    get(server.address(), "/");
    eventually("a line in the new file", || lines(&file) == 1);
    assert_eq!(lines(&moved), 2);
}

#[test]
fn an_access_log_that_cannot_be_written_is_one_sentence_at_the_start() {
    let output = program::outcome(&mut command(
        "--port 0 --access-log json --access-log-file /no/such/folder/access.log",
    ));
    assert!(!output.status.success());
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("the access log cannot be written to /no/such/folder/access.log: "), "{said}");
}

#[test]
fn an_error_is_found_in_the_log_by_the_id_that_the_answer_says() {
    let mut command = command("--port 0 --workers 1");
    let mut server = Server::start(command.env("FAULTS_SERVER_REQUEST_IDS", "echo"));
    let answer = ask(server.address(), "/panic", "X-Request-ID: forged\r\n");
    let id = field(&answer, "x-request-id").unwrap().to_owned();
    assert_eq!(id.len(), 32, "{answer}");
    let end = format!("request_id=\"{id}\"");
    server.process.wait_for("the record", |line| line.ends_with(&end).then_some(()));
}

#[test]
fn figures_are_at_an_address_of_their_own() {
    let metrics = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let server = Server::start(&mut command(&format!("--port 0 --workers 2 --metrics {metrics}")));
    for _ in 0..5 {
        get(server.address(), "/slow/1");
    }
    get(server.address(), "/panic");
    assert!(ask(server.address(), "/metrics", "").starts_with("HTTP/1.1 404 "));
    let figures = get(metrics, "/metrics");
    for line in [
        r#"http_requests_total{method="GET",route="/slow/<int:ms>",status="2xx"} 5"#,
        r#"http_requests_total{method="GET",route="/panic",status="5xx"} 1"#,
        "carboy_view_panics_total 1",
        "carboy_panics_total 0",
        "carboy_blocked_workers 0",
        "carboy_log_lines_dropped_total 0",
    ] {
        assert!(figures.lines().any(|l| l == line), "{line} is not in {figures}");
    }
}

#[test]
fn the_details_of_an_error_are_for_who_read_the_token_where_the_app_was_started() {
    const TOKEN: &str = "0123456789abcdef";
    let server = Server::start(command("--port 0 --workers 1 --debug").env("CARBOY_DEBUG_TOKEN", TOKEN));
    let address = server.address();
    let shows = |fields: &str| {
        let answer = ask(address, "/panic", fields);
        assert!(answer.starts_with("HTTP/1.1 500 "), "{answer}");
        (answer.contains("this view falls over"), answer.contains("name=\"carboy_debug_token\""))
    };
    assert_eq!(shows(""), (false, true), "the token is asked for");
    let entered = ask(address, &format!("/panic?a=b&carboy_debug_token={TOKEN}&c"), "");
    assert!(entered.starts_with("HTTP/1.1 303 "), "{entered}");
    assert_eq!(field(&entered, "location"), Some("/panic?a=b&c"));
    let cookie = field(&entered, "set-cookie").unwrap();
    assert_eq!(cookie, format!("carboy_debug_token={TOKEN}; HttpOnly; Path=/; SameSite=Strict"));
    let cookie = format!("Cookie: carboy_debug_token={TOKEN}\r\n");
    assert_eq!(shows(&cookie), (true, false));
    assert_eq!(shows("Cookie: carboy_debug_token=0123456789abcdee\r\n"), (false, true));
    // Through a proxy on this machine the client may be anybody: it is not even asked.
    for proxied in
        ["X-Forwarded-For: 203.0.113.9\r\n", "Forwarded: for=203.0.113.9\r\n", "Via: 1.1 nginx\r\n"]
    {
        assert_eq!(shows(&format!("{cookie}{proxied}")), (false, false), "{proxied}");
    }
    let wrong = ask(address, "//evil.example/?carboy_debug_token=x", "");
    assert_eq!(
        (field(&wrong, "location"), field(&wrong, "set-cookie")),
        (Some("/evil.example/"), None),
        "{wrong}"
    );
}
