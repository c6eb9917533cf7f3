//! Plain HTTP is sent to HTTPS.

use crate::common::{Client, Running, config, eventually, start};
use carboy_http::proxy::TrustedProxies;
use carboy_server::{AccessLog, HttpsRedirect, LogSink, Metrics, TlsConfig};
use std::{
    net::{SocketAddr, TcpStream},
    time::Duration,
};

fn site(redirect: HttpsRedirect) -> (Running, SocketAddr) {
    let tls = TlsConfig::self_signed(["localhost"]).unwrap();
    let running = start(config().tls(tls).redirect_to_https(redirect));
    let plain = running.server.redirect_address().unwrap().as_tcp().unwrap();
    (running, plain)
}

fn ask(plain: SocketAddr, head: &str) -> (u16, Option<String>) {
    let mut client = Client::connect(plain);
    client.send(head);
    let answer = client.answer();
    (answer.status, answer.header("location").map(str::to_owned))
}

#[test]
fn a_request_goes_to_the_same_page_of_the_same_host() {
    let (running, plain) = site(HttpsRedirect::on("127.0.0.1:0"));
    let port = running.addr.port();
    for (head, location) in [
        (
            "GET /a/b?c=d HTTP/1.1\r\nHost: shop.example\r\n\r\n",
            format!("https://shop.example:{port}/a/b?c=d"),
        ),
        (
            "POST / HTTP/1.1\r\nHost: shop.example:80\r\nContent-Length: 0\r\n\r\n",
            format!("https://shop.example:{port}/"),
        ),
        (
            "GET //evil.example HTTP/1.1\r\nHost: [::1]:80\r\n\r\n",
            format!("https://[::1]:{port}//evil.example"),
        ),
    ] {
        assert_eq!(ask(plain, head), (308, Some(location)), "{head}");
    }
    let (_running, plain) = site(HttpsRedirect::on("127.0.0.1:0").port(443));
    let head = "GET / HTTP/1.1\r\nHost: shop.example:8080\r\n\r\n";
    assert_eq!(ask(plain, head), (308, Some("https://shop.example/".to_owned())));
}

#[test]
fn nobody_is_sent_to_a_host_that_is_none_or_is_not_trusted() {
    let redirect = HttpsRedirect::on("127.0.0.1:0").trusted_hosts(["shop.example", ".blog.example"]);
    let (_running, plain) = site(redirect);
    for head in [
        "GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: shop.example.evil.example\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: shop.example@evil.example\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: \r\n\r\n",
        "GET / HTTP/1.1\r\n\r\n",
        "GET / HTTP/1.0\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: shop.example\r\nHost: evil.example\r\n\r\n",
    ] {
        assert_eq!(ask(plain, head), (400, None), "{head}");
    }
    for host in ["shop.example", "SHOP.example:80", "www.blog.example"] {
        assert_eq!(ask(plain, &format!("GET / HTTP/1.1\r\nHost: {host}\r\n\r\n")).0, 308, "{host}");
    }
}

#[test]
fn without_a_word_which_hosts_are_trusted_no_cache_keeps_the_answer() {
    let cached = |plain| {
        let mut client = Client::connect(plain);
        client.send("GET / HTTP/1.1\r\nHost: shop.example\r\n\r\n");
        let answer = client.answer();
        assert_eq!(answer.status, 308);
        answer.header("cache-control").map(str::to_owned)
    };
    let (_running, plain) = site(HttpsRedirect::on("127.0.0.1:0"));
    assert_eq!(cached(plain).as_deref(), Some("no-store"));
    let (_running, plain) = site(HttpsRedirect::on("127.0.0.1:0").trusted_hosts(["shop.example"]));
    assert_eq!(cached(plain), None);
}

#[test]
fn the_hosts_of_the_application_are_those_of_the_redirect_unless_it_has_its_own() {
    let ask_for = |redirect, host: &str| {
        let tls = TlsConfig::self_signed(["localhost"]).unwrap();
        let config = config().tls(tls).redirect_to_https(redirect).trusted_hosts(["shop.example"]);
        let running = start(config);
        let plain = running.server.redirect_address().unwrap().as_tcp().unwrap();
        ask(plain, &format!("GET / HTTP/1.1\r\nHost: {host}\r\n\r\n")).0
    };
    let silent = || HttpsRedirect::on("127.0.0.1:0");
    assert_eq!((ask_for(silent(), "shop.example"), ask_for(silent(), "evil.example")), (308, 400));
    let own = || silent().trusted_hosts(["blog.example"]);
    assert_eq!((ask_for(own(), "blog.example"), ask_for(own(), "shop.example")), (308, 400));
}

#[test]
fn the_redirect_stands_behind_the_same_proxies_and_is_watched_like_the_server() {
    let metrics = Metrics::new();
    let (lines, written) = std::sync::mpsc::channel();
    let config = config()
        .tls(TlsConfig::self_signed(["localhost"]).unwrap())
        .redirect_to_https(HttpsRedirect::on("127.0.0.1:0"))
        .proxy_protocol(TrustedProxies::new(["127.0.0.1"]).unwrap())
        .metrics(metrics.clone())
        .access_log(AccessLog::Common)
        .access_log_to(LogSink::writer(Lines(lines)));
    let running = start(config);
    let plain = running.server.redirect_address().unwrap().as_tcp().unwrap();
    let head = "PROXY TCP4 203.0.113.9 198.51.100.1 4711 80\r\nGET /a HTTP/1.1\r\nHost: shop.example\r\n\r\n";
    assert_eq!(ask(plain, head).0, 308);
    let line = written.recv_timeout(Duration::from_secs(5)).unwrap();
    assert!(line.starts_with("203.0.113.9 - - [") && line.contains("\"GET /a HTTP/1.1\" 308 "), "{line}");
    let figures = metrics.render();
    assert!(
        figures.contains("http_requests_total{method=\"GET\",route=\"\",status=\"3xx\"} 1\n"),
        "{figures}"
    );
}

/// Passes on what is written.
struct Lines(std::sync::mpsc::Sender<String>);

impl std::io::Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let _ = self.0.send(String::from_utf8_lossy(bytes).into_owned());
        Ok(bytes.len())
    }
    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[test]
fn the_redirect_drains_with_the_server() {
    let (running, plain) = site(HttpsRedirect::on("127.0.0.1:0"));
    let mut client = Client::connect(plain);
    std::thread::sleep(Duration::from_millis(50));
    running.server.shutdown();
    eventually("nobody listens", || TcpStream::connect(plain).is_err());
    // Its client connected to a server that was up.
    client.send("GET / HTTP/1.1\r\nHost: shop.example\r\n\r\n");
    let answer = client.answer();
    assert_eq!((answer.status, answer.header("connection")), (308, Some("close")));
    running.server.join();
}
