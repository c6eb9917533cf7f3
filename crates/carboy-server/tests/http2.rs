//! HTTP/2 without TLS, spoken by hyper's client.

mod common;

use carboy_http::{Body, Method};
use common::{
    config, eventually,
    h2::{self, DATA, END_HEADERS, Peer, frame, headers},
    is_under_way, start,
};
use http::Request;
use http_body_util::BodyExt;
use hyper::client::conn::http2;
use hyper_util::rt::{TokioExecutor, TokioIo};
use std::{net::SocketAddr, time::Duration};
use tokio::net::TcpStream;

type Sender = http2::SendRequest<Body>;

async fn connect(address: SocketAddr) -> (Sender, tokio::task::JoinHandle<hyper::Result<()>>) {
    let stream = TcpStream::connect(address).await.unwrap();
    let (sender, connection) = http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await.unwrap();
    (sender, tokio::spawn(connection))
}

fn get(path: &str) -> Request<Body> {
    Request::get(format!("http://a.example{path}")).body(Body::empty()).unwrap()
}

async fn text(sender: &mut Sender, request: Request<Body>) -> (u16, Option<String>, String) {
    let response = sender.send_request(request).await.unwrap();
    let length = response.headers().get("content-length").map(|v| v.to_str().unwrap().to_owned());
    let status = response.status().as_u16();
    let body = response.into_body().collect().await.unwrap().to_bytes();
    (status, length, String::from_utf8(body.to_vec()).unwrap())
}

#[tokio::test]
async fn prior_knowledge_requests_of_all_kinds_are_answered() {
    let running = start(config());
    let (mut sender, _) = connect(running.addr).await;
    assert_eq!(text(&mut sender, get("/")).await, (200, Some("13".to_owned()), "Hello, World!".to_owned()));
    assert_eq!(text(&mut sender, get("/host")).await.2, "a.example");
    assert_eq!(text(&mut sender, get("/stream")).await.2, "onetwothree");
    assert_eq!(text(&mut sender, get("/big")).await.2.len(), 8 << 20);
    let body = "0123456789abcdef".repeat(1 << 16);
    let post = Request::post("http://a/echo").body(Body::from(body.clone())).unwrap();
    assert!(text(&mut sender, post).await.2 == body);
    let head = Request::builder().method(Method::HEAD).uri("http://a/").body(Body::empty()).unwrap();
    assert_eq!(text(&mut sender, head).await, (200, Some("13".to_owned()), String::new()));
    assert_eq!(text(&mut sender, get("/empty")).await, (204, None, String::new()));
}

#[tokio::test]
async fn requests_on_one_connection_are_answered_side_by_side() {
    let running = start(config());
    let (sender, _) = connect(running.addr).await;
    let begin = std::time::Instant::now();
    let all = (0..20).map(|_| {
        let mut sender = sender.clone();
        tokio::spawn(async move { text(&mut sender, get("/slow?300")).await })
    });
    for answer in futures_util::future::join_all(all).await {
        assert_eq!(answer.unwrap().2, "slow");
    }
    assert!(begin.elapsed() < Duration::from_secs(2), "{:?}", begin.elapsed());
}

#[tokio::test]
async fn a_panic_is_a_500_and_the_other_streams_go_on() {
    let running = start(config());
    let (mut sender, _) = connect(running.addr).await;
    let mut other = sender.clone();
    let slow = tokio::spawn(async move { text(&mut other, get("/slow?200")).await });
    assert_eq!(text(&mut sender, get("/panic")).await.0, 500);
    assert_eq!(slow.await.unwrap().2, "slow");
    assert_eq!(text(&mut sender, get("/")).await.0, 200);
}

#[tokio::test]
async fn a_host_that_contradicts_the_authority_is_refused() {
    let running = start(config());
    let (mut sender, _) = connect(running.addr).await;
    let mut request = get("/");
    request.headers_mut().insert("host", "evil.example".parse().unwrap());
    assert_eq!(text(&mut sender, request).await.0, 400);
}

#[tokio::test]
async fn a_stream_that_the_client_resets_ends_its_view() {
    let running = start(config());
    let (mut sender, _) = connect(running.addr).await;
    let request = tokio::spawn(async move {
        let answer = sender.send_request(get("/slow?60000")).await;
        (sender, answer.is_ok())
    });
    while !is_under_way("/slow?60000") {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    request.abort();
    tokio::task::spawn_blocking(|| eventually("given up", || !is_under_way("/slow?60000"))).await.unwrap();
}

#[test]
fn a_client_that_leaves_ends_its_view_while_nobody_reads_its_body() {
    let running = start(config());
    for sent in [0, 60_000] {
        let path = format!("/slow?60000&unread&{sent}");
        let mut peer = Peer::connect(running.addr);
        peer.send(headers(END_HEADERS, 1, &h2::request("POST", &path)));
        vec![b'x'; sent].chunks(10_000).for_each(|piece| assert!(peer.send(frame(DATA, 0, 1, piece))));
        eventually("under way", || is_under_way(&path));
        drop(peer);
        eventually(&path, || !is_under_way(&path));
    }
}

#[tokio::test]
async fn draining_says_goodbye_and_finishes_the_streams() {
    let running = start(config());
    let (mut sender, connection) = connect(running.addr).await;
    let mut other = sender.clone();
    let slow = tokio::spawn(async move { text(&mut other, get("/slow?400")).await });
    tokio::time::sleep(Duration::from_millis(100)).await;
    running.server.shutdown();
    assert_eq!(slow.await.unwrap().2, "slow");
    tokio::time::timeout(Duration::from_secs(5), connection).await.unwrap().unwrap().unwrap();
    assert!(sender.send_request(get("/")).await.is_err());
}

#[tokio::test]
async fn an_idle_connection_is_told_goodbye_and_closed() {
    let running = start(config().keep_alive_timeout(Duration::from_millis(300)));
    let (mut sender, connection) = connect(running.addr).await;
    assert_eq!(text(&mut sender, get("/slow?500")).await.0, 200);
    tokio::time::timeout(Duration::from_secs(2), connection).await.unwrap().unwrap().unwrap();
}

#[test]
fn an_http2_client_that_answers_nothing_is_closed() {
    let running = start(config().keep_alive_timeout(Duration::from_millis(300)));
    let mut client = running.connect();
    client.send("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0");
    let begin = std::time::Instant::now();
    client.until_silent(Duration::from_secs(4));
    assert!(begin.elapsed() < Duration::from_secs(3), "{:?}", begin.elapsed());
}

#[tokio::test]
async fn http2_can_be_switched_off() {
    let running = start(config().http2_prior_knowledge(false));
    let text = tokio::task::spawn_blocking(move || running.codes("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"));
    assert_eq!(text.await.unwrap(), "400c");
}

/// Asks for a protocol over a stream, once the server's settings have come.
async fn connect_for(
    sender: &mut Sender,
    protocol: Option<&'static str>,
    path: &str,
) -> http::Response<hyper::body::Incoming> {
    let mut request = Request::connect(format!("http://a.example{path}"))
        .header("sec-websocket-version", "13")
        .body(Body::empty())
        .unwrap();
    if let Some(protocol) = protocol {
        request.extensions_mut().insert(hyper::ext::Protocol::from_static(protocol));
    }
    sender.send_request(request).await.unwrap()
}

#[tokio::test]
async fn a_websocket_is_a_stream_beside_others_and_keeps_the_connection_open() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let running = start(config().keep_alive_timeout(Duration::from_millis(300)));
    let (mut sender, connection) = connect(running.addr).await;
    assert_eq!(text(&mut sender, get("/")).await.0, 200);
    let mut response = connect_for(&mut sender, Some("websocket"), "/tunnel").await;
    assert_eq!((response.status().as_u16(), response.headers().get("upgrade")), (200, None));
    let mut stream = TokioIo::new(hyper::upgrade::on(&mut response).await.unwrap());
    let mut said = [0; 6];
    stream.read_exact(&mut said).await.unwrap();
    assert_eq!(&said, b"hello\n");
    // Longer than a connection may be idle.
    tokio::time::sleep(Duration::from_millis(900)).await;
    assert_eq!(text(&mut sender, get("/")).await.0, 200);
    stream.write_all(b"abcdef").await.unwrap();
    stream.read_exact(&mut said).await.unwrap();
    assert_eq!(&said, b"ABCDEF");
    drop(stream);
    connection.await.unwrap().unwrap();
}

#[tokio::test]
async fn a_stream_is_only_for_a_websocket_and_only_when_the_app_agrees() {
    let running = start(config());
    let (mut sender, _) = connect(running.addr).await;
    assert_eq!(text(&mut sender, get("/")).await.0, 200);
    // A page is no answer to a WebSocket: its success would open the stream.
    assert_eq!(connect_for(&mut sender, Some("websocket"), "/").await.status(), 501);
    assert_eq!(connect_for(&mut sender, Some("websocket"), "/nowhere").await.status(), 404);
    assert_eq!(connect_for(&mut sender, Some("connect-udp"), "/tunnel").await.status(), 405);
    assert_eq!(connect_for(&mut sender, None, "").await.status(), 405);
}
