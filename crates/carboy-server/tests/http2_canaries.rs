//! HTTP/2 with everything at once on each connection: whatever else goes on there, each answer belongs to its request, and nothing that was hidden
//! in a body or a field becomes one. The client is h2's.

mod common;

use bytes::Bytes;
use carboy_http::{Request, Response, Service};
use common::{
    Pages, Running, config,
    h2::{DATA, END_HEADERS, END_STREAM, Next, Peer, block, frame, get, headers},
    start_service,
};
use futures_util::{future::join_all, stream};
use h2::{
    Reason, RecvStream, SendStream,
    client::{self, SendRequest},
};
use http::Method;
use std::{
    future::poll_fn,
    sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed},
    time::{Duration, Instant},
};
use tokio::net::TcpStream;

const CONNECTIONS: usize = 8;
/// Requests that are under way at a time on each.
const SIDE_BY_SIDE: usize = 8;

/// For whom each request that was hidden is a defeat.
struct Watched;

static HIDDEN: AtomicUsize = AtomicUsize::new(0);

impl Service for Watched {
    async fn call(&self, request: Request) -> Response {
        let query = request.uri().query().unwrap_or_default().to_owned();
        match request.uri().path() {
            "/hidden" => {
                HIDDEN.fetch_add(1, Relaxed);
                Response::text("hidden")
            }
            "/number" => Response::text(query),
            // A body of so many bytes that says the number again and again.
            "/fill" => Response::bytes(filled(&query)),
            "/fill-stream" => {
                let body = filled(&query);
                let pieces: Vec<_> = body.chunks(3000).map(Bytes::copy_from_slice).collect();
                Response::stream(stream::iter(pieces.into_iter().map(Ok::<_, std::io::Error>)))
            }
            _ => Pages.call(request).await,
        }
    }
}

/// What is asked for as `NUMBER&LENGTH`.
fn filled(query: &str) -> Bytes {
    let (number, length) = query.split_once('&').unwrap();
    numbered(number, length.parse().unwrap())
}

fn numbered(number: impl std::fmt::Display, length: usize) -> Bytes {
    format!("{number} ").bytes().cycle().take(length).collect()
}

/// A request of HTTP/1 and one of HTTP/2, for whom takes a body for requests.
fn smuggled(id: usize) -> Bytes {
    let first = format!("{id}\r\n\r\nGET /hidden HTTP/1.1\r\nHost: a\r\n\r\n");
    [first.as_bytes(), &get(2 * id as u32 + 1, "/hidden")].concat().into()
}

fn request(method: Method, target: String) -> http::Request<()> {
    http::Request::builder().method(method).uri(format!("http://a{target}")).body(()).unwrap()
}

async fn connect(running: &Running) -> SendRequest<Bytes> {
    let socket = TcpStream::connect(running.addr).await.unwrap();
    let (sender, connection) = client::handshake(socket).await.unwrap();
    tokio::spawn(connection);
    sender
}

/// Sends a body in pieces, as the windows allow.
async fn upload(stream: &mut SendStream<Bytes>, mut body: Bytes, whole: bool) -> Result<(), h2::Error> {
    while !body.is_empty() {
        stream.reserve_capacity(body.len());
        // What is there already is not told again.
        if stream.capacity() == 0 && poll_fn(|cx| stream.poll_capacity(cx)).await.transpose()?.is_none() {
            return Ok(());
        }
        let piece = stream.capacity().min(body.len()).min(7000);
        stream.send_data(body.split_to(piece), false)?;
    }
    if whole { stream.send_data(Bytes::new(), true) } else { Ok(()) }
}

async fn download(mut body: RecvStream) -> Result<Vec<u8>, h2::Error> {
    let mut bytes = Vec::new();
    while let Some(piece) = body.data().await {
        let piece = piece?;
        body.flow_control().release_capacity(piece.len())?;
        bytes.extend(piece);
    }
    Ok(bytes)
}

/// Asks for what only this number's answer can be.
async fn honest(sender: SendRequest<Bytes>, id: usize) {
    let number = || Bytes::from(id.to_string());
    // Some bodies are larger than a stream's window.
    let length = if id.is_multiple_of(4) { 70_000 } else { 3_000 };
    let (method, target, body, expected) = match id % 9 {
        0 => (Method::GET, format!("/number?{id}"), None, number()),
        1 => (Method::POST, "/echo".to_owned(), Some(smuggled(id)), smuggled(id)),
        2 => (Method::POST, "/echo".to_owned(), Some(numbered(id, length)), numbered(id, length)),
        // Nobody reads these bodies.
        3 => (Method::POST, format!("/number?{id}"), Some(smuggled(id)), number()),
        4 => (Method::POST, format!("/number?{id}"), Some(numbered(id, length)), number()),
        5 => (Method::HEAD, format!("/number?{id}"), None, Bytes::new()),
        6 => (Method::GET, format!("/fill?{id}&{length}"), None, numbered(id, length)),
        7 => (Method::GET, format!("/fill-stream?{id}&{length}"), None, numbered(id, length)),
        _ => (Method::GET, format!("/fill-stream?{id}&5"), None, numbered(id, 5)),
    };
    let what = format!("request {id}: {method} {target}");
    let mut sender = sender.ready().await.unwrap_or_else(|error| panic!("{what}: {error}"));
    let (answer, mut stream) = sender.send_request(request(method, target), body.is_none()).unwrap();
    let sending = async {
        if let Some(body) = body {
            // An answer that comes before the end of a body that nobody reads ends the stream.
            let _ = upload(&mut stream, body, true).await;
        }
    };
    let answering = async {
        let answer = answer.await?;
        Ok::<_, h2::Error>((answer.status().as_u16(), download(answer.into_body()).await?))
    };
    let (answered, ()) = tokio::join!(answering, sending);
    let (status, body) = answered.unwrap_or_else(|error| panic!("{what}: {error}"));
    assert_eq!((status, body.len()), (200, expected.len()), "{what}");
    assert!(body == expected, "{what}: the body is that of another request");
}

/// Breaks off, or lies about its length, on the connection that the others use.
async fn hostile(sender: SendRequest<Bytes>, id: usize) {
    let mut sender = sender.ready().await.unwrap();
    let mut send = |request, end| sender.send_request(request, end).unwrap();
    match id % 5 {
        0 => {
            let (_, mut stream) = send(request(Method::POST, "/echo".to_owned()), false);
            let _ = upload(&mut stream, numbered(id, 30_000), false).await;
            stream.send_reset(Reason::CANCEL);
        }
        1 => {
            let (_, mut stream) = send(request(Method::GET, format!("/fill?{id}&100000")), true);
            stream.send_reset(Reason::CANCEL);
        }
        2 => {
            let (answer, _) = send(request(Method::GET, format!("/fill-stream?{id}&1000000")), true);
            if let Ok(answer) = answer.await {
                let _ = answer.into_body().data().await;
            }
        }
        3 => {
            let (_, mut stream) = send(request(Method::POST, format!("/slow?60000&{id}")), false);
            let _ = upload(&mut stream, smuggled(id), false).await;
            stream.send_reset(Reason::INTERNAL_ERROR);
        }
        _ => {
            let mut longer = request(Method::POST, "/echo".to_owned());
            longer.headers_mut().insert("content-length", 2.into());
            let (answer, mut stream) = send(longer, false);
            let _ = upload(&mut stream, smuggled(id), true).await;
            assert!(answer.await.is_err(), "{id}: a body longer than its length was answered");
        }
    }
}

/// Writes by hand what no library sends: requests within the fields of others, on a connection of its own.
fn smuggler(running: &Running, id: usize) {
    let inner = "x\r\n\r\nGET /hidden HTTP/1.1\r\nHost: a\r\n\r\n";
    let pseudo = |method: &str, path: &str, authority: &str| {
        block(&[(":method", method), (":scheme", "http"), (":path", path), (":authority", authority)])
    };
    let post = |fields: &[(&str, &str)]| [common::h2::request("POST", "/echo"), block(fields)].concat();
    let heads = [
        post(&[("transfer-encoding", "chunked")]),
        post(&[("content-length", "5"), ("content-length", "0")]),
        post(&[("content-length", "+5")]),
        post(&[("x", inner)]),
        post(&[(inner, "x")]),
        post(&[("Content-Length", "0")]),
        post(&[("connection", "content-length"), ("content-length", "0")]),
        post(&[("upgrade", "h2c"), ("http2-settings", "")]),
        post(&[("host", "b")]),
        pseudo("POST", inner, "a"),
        pseudo(inner, "/echo", "a"),
        pseudo("POST", "/echo", inner),
        pseudo("POST", "/echo HTTP/1.1\r\nHost: a\r\n\r\nGET /hidden", "a"),
    ];
    let mut peer = Peer::connect(running.addr);
    peer.send(headers(END_HEADERS, 1, &heads[id % heads.len()]));
    peer.send(frame(DATA, END_STREAM, 1, &smuggled(id)));
    // Whatever comes of it.
    while let Next::Frame(_) = peer.next(Duration::from_millis(20)) {}
}

fn answers_belong_to_their_streams(requests: usize) {
    let running = start_service(config().workers(2), Watched);
    let over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let smugglers = scope.spawn(|| {
            let mut sent = 0;
            while !over.load(Relaxed) || sent < 13 {
                smuggler(&running, sent);
                sent += 1;
            }
        });
        let another = scope.spawn(|| {
            let mut slowest = Duration::ZERO;
            while !over.load(Relaxed) {
                let begin = Instant::now();
                assert_eq!(running.connect().get("/").status, 200);
                slowest = slowest.max(begin.elapsed());
                std::thread::sleep(Duration::from_millis(5));
            }
            slowest
        });
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let run = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            runtime.unwrap().block_on(async {
                let connections = (0..CONNECTIONS).map(|connection| {
                    let running = &running;
                    async move {
                        let sender = connect(running).await;
                        let lanes = (0..SIDE_BY_SIDE).map(|lane| {
                            let sender = sender.clone();
                            tokio::spawn(async move {
                                let step = CONNECTIONS * SIDE_BY_SIDE;
                                for id in (connection * SIDE_BY_SIDE + lane..requests).step_by(step) {
                                    honest(sender.clone(), id).await;
                                    if id % 5 == 3 {
                                        hostile(sender.clone(), id / 5).await;
                                    }
                                }
                            })
                        });
                        for lane in join_all(lanes).await {
                            lane.unwrap();
                        }
                    }
                });
                join_all(connections).await;
            });
        }));
        over.store(true, Relaxed);
        smugglers.join().unwrap();
        let slowest = another.join().unwrap();
        if let Err(panic) = run {
            std::panic::resume_unwind(panic);
        }
        assert!(slowest < Duration::from_secs(2), "another client waited for {slowest:?}");
    });
    assert_eq!(HIDDEN.load(Relaxed), 0, "bodies or fields were taken for requests");
}

#[test]
fn over_http_2_each_of_10_000_answers_belongs_to_its_stream() {
    answers_belong_to_their_streams(10_000);
}
