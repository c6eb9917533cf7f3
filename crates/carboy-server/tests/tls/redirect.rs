//! Plain HTTP is sent to HTTPS.

use crate::common::{Client, Running, config, start};
use carboy_server::{HttpsRedirect, TlsConfig};
use std::net::SocketAddr;

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
