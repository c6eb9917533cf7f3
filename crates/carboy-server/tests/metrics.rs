//! The figures for Prometheus, through the whole server.

mod common;

use carboy_http::{MatchedRoute, Request, Response, Service};
use carboy_server::{AccessLog, LogSink, RunningServer};
use common::{Client, config, eventually, start, start_service};
use std::{
    io::Write,
    process::{Command, Stdio},
};

fn page(server: &RunningServer) -> String {
    let mut client = Client::connect(server.metrics_address().unwrap().as_tcp().unwrap());
    client.send("GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n");
    let answer = client.answer();
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("content-type"), Some("text/plain; version=0.0.4; charset=utf-8"));
    answer.body
}

fn has(text: &str, line: &str) -> bool {
    text.lines().any(|l| l == line)
}

#[test]
fn requests_are_counted_by_the_pattern_of_their_route_and_never_by_their_path() {
    struct Users;
    impl Service for Users {
        async fn call(&self, request: Request) -> Response {
            if request.path().starts_with("/user/") {
                request.extensions().get::<MatchedRoute>().unwrap().set("/user/<int:id>");
                return Response::text("a user");
            }
            Response::text("not here").with_status(carboy_http::StatusCode::NOT_FOUND)
        }
    }
    let running = start_service(config().metrics_on("127.0.0.1:0"), Users);
    let mut client = running.connect();
    for i in 0..30 {
        client.get(&format!("/user/{i}"));
    }
    for i in 0..20 {
        client.get(&format!("/scan-{i}.php"));
    }
    let text = page(&running.server);
    for line in [
        r#"http_requests_total{method="GET",route="/user/<int:id>",status="2xx"} 30"#,
        r#"http_requests_total{method="GET",route="",status="4xx"} 20"#,
        r#"http_request_duration_seconds_bucket{method="GET",route="/user/<int:id>",le="+Inf"} 30"#,
        r#"http_request_duration_seconds_count{method="GET",route="/user/<int:id>"} 30"#,
        "http_requests_in_flight 0",
        "http_response_body_bytes_total 340",
        r#"carboy_connections{state="idle"} 1"#,
        "carboy_connections_total 1",
    ] {
        assert!(has(&text, line), "{line} is not in\n{text}");
    }
    assert!(!text.contains("scan"), "{text}");
}

#[test]
fn what_is_under_way_is_shown_and_what_has_gone_wrong() {
    let sink = LogSink::writer(std::io::sink());
    let running = start(config().metrics_on("127.0.0.1:0").access_log(AccessLog::Common).access_log_to(sink));
    let mut slow = running.connect();
    slow.send("GET /slow?60000 HTTP/1.1\r\nHost: a\r\n\r\n");
    eventually("under way", || common::is_under_way("/slow?60000"));
    let silent = running.connect();
    running.talk("GET /panic HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    eventually("all of it is shown", || {
        let text = page(&running.server);
        [
            "http_requests_in_flight 1",
            r#"carboy_connections{state="active"} 1"#,
            r#"carboy_connections{state="opening"} 1"#,
            "carboy_panics_total 1",
            "carboy_access_log_lines_dropped_total 0",
            r#"http_requests_total{method="GET",route="",status="5xx"} 1"#,
        ]
        .iter()
        .all(|line| has(&text, line))
    });
    drop((slow, silent));
    eventually("all have gone", || {
        let text = page(&running.server);
        ["active", "opening", "idle"]
            .iter()
            .all(|state| has(&text, &format!("carboy_connections{{state=\"{state}\"}} 0")))
    });
    assert!(
        has(&page(&running.server), r#"http_requests_total{method="GET",route="",status="4xx"} 1"#),
        "the one that left"
    );
}

#[test]
fn the_figures_are_not_for_pages_of_other_sites_nor_at_the_address_of_the_app() {
    let running = start(config().metrics_on("127.0.0.1:0"));
    assert_eq!(running.connect().get("/metrics").status, 404);
    let mut client = Client::connect(running.server.metrics_address().unwrap().as_tcp().unwrap());
    for (request, status) in [
        ("GET /metrics HTTP/1.1\r\nHost: evil.example\r\n\r\n", 403),
        ("GET /metrics HTTP/1.1\r\nHost: localhost.evil.example\r\n\r\n", 403),
        ("GET /metrics HTTP/1.1\r\nHost: [::1]:9100\r\n\r\n", 200),
        ("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n", 404),
        ("POST /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n", 405),
    ] {
        client.send(request);
        assert_eq!(client.answer().status, status, "{request}");
    }
}

#[test]
#[ignore = "needs promtool"]
fn promtool_finds_nothing_wrong_with_the_figures() {
    let sink = LogSink::writer(std::io::sink());
    let running = start(config().metrics_on("127.0.0.1:0").access_log(AccessLog::Json).access_log_to(sink));
    running.connect().get("/");
    running.connect().get("/not-here");
    let mut promtool = Command::new("promtool")
        .args(["check", "metrics"])
        .stdin(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    promtool.stdin.take().unwrap().write_all(page(&running.server).as_bytes()).unwrap();
    let output = promtool.wait_with_output().unwrap();
    assert!(
        output.status.success() && output.stderr.is_empty(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
}
