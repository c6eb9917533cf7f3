//! The access log, through the whole server.

mod common;

use carboy_http::{LogUser, Request, Response, Service, proxy::ProxyFix};
use carboy_server::{AccessLog, LogSink, Metrics, RequestIds};
use common::{config, eventually, start, start_service};
use std::{
    io::Write,
    sync::{Arc, Mutex},
    time::Duration,
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

    /// So many lines, once they have come.
    fn lines(&self, count: usize) -> Vec<String> {
        eventually("the lines", || self.text().lines().count() >= count);
        let lines: Vec<_> = self.text().lines().map(str::to_owned).collect();
        assert_eq!(lines.len(), count, "{lines:#?}");
        lines
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

/// What a client may try in each field that is logged, as it comes over the wire.
const HOSTILE: [&[u8]; 9] = [
    b"%0a127.0.0.1 - - [01/Jan/2024:00:00:00 +0000] \"GET /forged HTTP/1.1\" 200 1",
    b"%0d%0a%1b[2J",
    b"\x80\xff\xfe",
    b"\xc2\x9b31m\xc2\x85",
    "\u{202e}\u{2066}\u{200f}\u{61c}\u{feff}".as_bytes(),
    "\u{2028}{\"status\":200}\u{2029}".as_bytes(),
    b"\",\"status\":200,\"x\":\"",
    b"\\\",\\n\\u000a",
    b"\t\t\" 200 1 \"-\" \"-\"\t",
];

fn hostile_requests() -> Vec<Vec<u8>> {
    let mut requests = Vec::new();
    for bytes in HOSTILE {
        for field in ["User-Agent", "Referer", "X-Request-ID"] {
            let head = format!("GET / HTTP/1.1\r\nHost: a\r\n{field}: x");
            requests.push([head.as_bytes(), bytes, b"\r\n\r\n"].concat());
        }
        // A path or a host of these is mostly refused; a line is logged if it came to be a request.
        let path: Vec<u8> = bytes.iter().copied().filter(|b| b.is_ascii_graphic()).collect();
        requests.push([b"GET /?".as_slice(), &path, b" HTTP/1.1\r\nHost: a\r\n\r\n"].concat());
        requests.push([b"GET / HTTP/1.1\r\nHost: a".as_slice(), bytes, b"\r\n\r\n"].concat());
    }
    requests.push([b"GET /?".as_slice(), &[b'x'; 9000], b" HTTP/1.1\r\nHost: a\r\n\r\n"].concat());
    requests
}

#[test]
fn whatever_clients_write_there_is_one_line_an_answer_in_every_format() {
    for format in [AccessLog::Common, AccessLog::Combined, AccessLog::Json] {
        let lines = Lines::default();
        let sink = LogSink::writer(lines.clone());
        let running = start(config().access_log(format).access_log_to(sink.clone()));
        let requests = hostile_requests();
        for request in &requests {
            running.talk_until_answered(request);
        }
        eventually("the lines", || lines.text().lines().count() >= requests.len());
        std::thread::sleep(Duration::from_millis(50));
        assert!(sink.flush(Duration::from_secs(5)));
        let text = lines.text();
        assert_eq!(text.lines().count(), requests.len(), "{text}");
        assert!(!text.contains(|c: char| c.is_control() && c != '\n'), "{text:?}");
        assert!(!text.contains(['\u{202e}', '\u{2028}', '\u{2029}', '\u{2066}', '\u{feff}']), "{text:?}");
        for line in text.lines() {
            assert!(line.len() < 4 * 1024, "{} bytes", line.len());
            match format {
                AccessLog::Json => {
                    let object: serde_json::Value =
                        serde_json::from_str(line).unwrap_or_else(|e| panic!("{e}: {line}"));
                    assert_eq!(object["client"], "127.0.0.1");
                    assert!(matches!(object["status"].as_u64(), Some(200 | 400 | 404)), "{line}");
                    assert_eq!(
                        object["request_id"].as_str().unwrap().len(),
                        32,
                        "a client's own id counts for nothing"
                    );
                    assert_eq!(object.get("x"), None, "{line}");
                }
                _ => assert!(line.starts_with("127.0.0.1 - - [") && line.contains("] \"GET "), "{line}"),
            }
        }
    }
}

#[test]
fn what_is_refused_before_it_is_a_request_is_logged_and_counted_with_what_can_be_read_of_it() {
    let lines = Lines::default();
    let metrics = Metrics::new();
    let config = config()
        .header_timeout(Duration::from_millis(100))
        .access_log(AccessLog::Common)
        .access_log_to(LogSink::writer(lines.clone()))
        .metrics(metrics.clone());
    let running = start(config);
    let long = "x".repeat(70_000);
    let requests = [
        ("GET /slow?token=abc HTTP/1.1\r\nHost: a\r\n".to_owned(), "GET /slow?token=*** HTTP/1.1", 408),
        ("POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: x\r\n\r\n".to_owned(), "POST /a HTTP/1.1", 400),
        ("POST /a HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n".to_owned(), "POST /a HTTP/1.0", 400),
        ("PUT /a HTTP/1.1\r\nTransfer-Encoding: gzip, chunked\r\n\r\n".to_owned(), "PUT /a HTTP/1.1", 501),
        (format!("GET /a HTTP/1.1\r\nX: {long}\r\n\r\n"), "GET /a HTTP/1.1", 431),
        (format!("GET /{long}"), "GET /xxx", 414),
        ("GET /a HTTP/1.1\nHost: a\n\n".to_owned(), "GET /a HTTP/1.1", 400),
        ("\u{16}\u{3}\u{1}\u{2}\r\n\r\n".to_owned(), "- - HTTP/1.1", 400),
        ("GET /\u{1b}[2J\" HTTP/1.1\r\n\r\n".to_owned(), "GET - HTTP/1.1", 400),
    ];
    for (request, _, _) in &requests {
        running.talk_until_answered(request.as_bytes());
    }
    let logged = lines.lines(requests.len());
    for ((request, line, status), logged) in requests.iter().zip(logged) {
        let begin = format!("] \"{line}");
        assert!(
            logged.contains(&begin) && logged.contains(&format!("\" {status} ")),
            "{request:.80}: {logged}"
        );
        assert!(logged.starts_with("127.0.0.1 - - [") && logged.len() < 1200, "{logged}");
    }
    let figures = metrics.render();
    for line in [
        r#"http_requests_total{method="POST",route="",status="4xx"} 2"#,
        r#"http_requests_total{method="PUT",route="",status="5xx"} 1"#,
        r#"http_requests_total{method="other",route="",status="4xx"} 1"#,
        r#"http_requests_total{method="GET",route="",status="4xx"} 5"#,
    ] {
        assert!(figures.lines().any(|l| l == line), "{line}: {figures}");
    }
}

/// Says who it was.
struct Hello;
impl Service for Hello {
    async fn call(&self, request: Request) -> Response {
        let mut response = Response::text(request.request_id().unwrap_or("none").to_owned());
        response.extensions_mut().insert(LogUser::new("ann \"b\""));
        if let Some(route) = request.extensions().get::<carboy_http::MatchedRoute>() {
            route.set("/user/<id>");
        }
        response
    }
}

#[test]
fn a_line_of_json_has_all_that_is_known_and_the_client_that_a_trusted_proxy_names() {
    let lines = Lines::default();
    let proxies = ProxyFix::new().trusted_proxies(["127.0.0.0/8"]).unwrap();
    let config = config()
        .access_log(AccessLog::Json)
        .access_log_to(LogSink::writer(lines.clone()))
        .request_ids(RequestIds::Echo)
        .proxies(proxies);
    let running = start_service(config, Hello);
    let mut client = running.connect();
    client.send(
        "GET /user/7?q HTTP/1.1\r\nHost: shop.example\r\nX-Forwarded-For: 127.0.0.1, 203.0.113.9\r\nX-Request-ID: id-1.2_3\r\n\
         Referer: http://shop.example/\r\nUser-Agent: curl/8\r\n\r\n",
    );
    let answer = client.answer();
    assert_eq!((answer.body.as_str(), answer.header("x-request-id")), ("id-1.2_3", Some("id-1.2_3")));
    let line: serde_json::Value = serde_json::from_str(&lines.lines(1)[0]).unwrap();
    let mut object = line.as_object().unwrap().clone();
    let time = object.remove("time").unwrap();
    assert!(time.as_str().unwrap().ends_with('Z') && time.as_str().unwrap().len() == 24, "{time}");
    let duration = object.remove("duration").unwrap().as_f64().unwrap();
    assert!((0.0..5.0).contains(&duration));
    let expected = serde_json::json!({
        "client": "203.0.113.9", "method": "GET", "target": "/user/7?q", "protocol": "HTTP/1.1", "status": 200, "bytes": 8,
        "request_id": "id-1.2_3", "route": "/user/<id>", "user": "ann \"b\"", "host": "shop.example",
        "referer": "http://shop.example/", "user_agent": "curl/8",
    });
    assert_eq!(serde_json::Value::Object(object), expected);
}

#[test]
fn a_request_has_the_id_of_a_trusted_proxy_or_one_of_its_own() {
    let trusted = ProxyFix::new().trusted_proxies(["127.0.0.1"]).unwrap();
    let elsewhere = ProxyFix::new().trusted_proxies(["10.0.0.0/8"]).unwrap();
    let id = |proxies: Option<ProxyFix>, ids: RequestIds, sent: &str| {
        let mut config = config().request_ids(ids);
        if let Some(proxies) = proxies {
            config = config.proxies(proxies);
        }
        let running = start_service(config, Hello);
        let mut client = running.connect();
        client.send(format!("GET / HTTP/1.1\r\nHost: a\r\nX-Request-ID: {sent}\r\n\r\n"));
        let answer = client.answer();
        (answer.body.clone(), answer.header("x-request-id").map(str::to_owned))
    };
    let (on, echo) = (RequestIds::On, RequestIds::Echo);
    assert_eq!(id(Some(trusted.clone()), on, "abc"), ("abc".into(), None));
    assert_eq!(id(Some(trusted.clone()), echo, "abc"), ("abc".into(), Some("abc".into())));
    assert_eq!(id(Some(trusted.clone()), RequestIds::Off, "abc"), ("none".into(), None));
    let long = "a".repeat(129);
    for (proxies, sent) in [
        (None, "abc"),
        (Some(elsewhere), "abc"),
        (Some(ProxyFix::new()), "abc"),
        (Some(trusted.clone()), "a b"),
        (Some(trusted.clone()), "a\u{e9}"),
        (Some(trusted.clone()), long.as_str()),
        (Some(trusted), ""),
    ] {
        let (body, echoed) = id(proxies, echo, sent);
        assert_eq!(body.len(), 32, "{sent}");
        assert!(body.bytes().all(|b| b.is_ascii_hexdigit()), "{body}");
        assert_eq!(echoed.as_deref(), Some(body.as_str()));
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_costs_lines_and_no_answer() {
    let sink = LogSink::file("/dev/full").unwrap();
    let running = start(config().access_log(AccessLog::Common).access_log_to(sink.clone()));
    let mut client = running.connect();
    for _ in 0..50 {
        assert_eq!(client.get("/").status, 200);
    }
    sink.flush(Duration::from_secs(5));
    eventually("all lines are lost", || sink.dropped() == 50);
}
