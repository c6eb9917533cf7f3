//! WebSockets over a real connection, byte for byte: what a client may do, and what one does that means harm.
#![cfg(feature = "websocket")]

use carboy::{App, AppService, RuleOptions, StatusCode, prelude::*, sse};
use carboy_server::{RunningServer, Server, ServerConfig};
use std::{
    io::{ErrorKind, Read, Write},
    net::TcpStream,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    thread,
    time::{Duration, Instant},
};

#[websocket("/echo")]
async fn echo(mut socket: WebSocket) -> carboy::Result<()> {
    while let Some(message) = socket.recv().await? {
        socket.send(message).await?;
    }
    Ok(())
}

/// What handlers and teardown functions have said.
type Said = Arc<Mutex<Vec<String>>>;

struct Front {
    server: RunningServer,
    app: AppService,
    said: Said,
}

/// Serves an app with `/echo`, changed by the test.
fn serve(change: impl FnOnce(&mut App, Said)) -> Front {
    let said = Said::default();
    let mut app = App::new("wire");
    app.config().set("PROPAGATE_EXCEPTIONS", false);
    app.routes(routes![echo]);
    let teardown = said.clone();
    app.teardown_request(move |_: Option<Error>| teardown.lock().unwrap().push("teardown".to_owned()));
    change(&mut app, said.clone());
    let app = app.build().unwrap();
    let config = ServerConfig::new().bind("127.0.0.1:0").workers(2).drain_timeout(Duration::from_secs(8));
    let server = Server::new(config).start(app.clone()).unwrap();
    Front { server, app, said }
}

impl Front {
    fn connect(&self) -> Client {
        let stream = TcpStream::connect(self.server.addresses()[0].as_tcp().unwrap()).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        stream.set_nodelay(true).unwrap();
        Client { stream, buffer: Vec::new() }
    }

    /// A WebSocket, opened.
    fn open(&self, path: &str) -> Client {
        let mut client = self.connect();
        client.send(&handshake(path));
        let head = client.head();
        assert!(head.starts_with("HTTP/1.1 101 "), "{head}");
        client
    }

    fn said(&self) -> Vec<String> {
        self.said.lock().unwrap().clone()
    }

    fn all_ended(&self) {
        let end = Instant::now() + Duration::from_secs(20);
        while self.app.state().open_websockets() > 0 {
            assert!(Instant::now() < end, "{} are still open", self.app.state().open_websockets());
            thread::sleep(Duration::from_millis(10));
        }
    }
}

fn handshake(path: &str) -> Vec<u8> {
    format!(
        "GET {path} HTTP/1.1\r\nHost: a\r\nConnection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    )
    .into_bytes()
}

struct Client {
    stream: TcpStream,
    buffer: Vec<u8>,
}

const TEXT: u8 = 0x81;
const CLOSE: u8 = 0x88;
const PING: u8 = 0x89;
const PONG: u8 = 0x8a;

/// A frame as a client sends it, masked.
fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let mask = [1, 2, 3, 4];
    let mut frame = head(first, payload.len() as u64, true);
    frame.extend(mask);
    frame.extend(payload.iter().zip(mask.iter().cycle()).map(|(byte, mask)| byte ^ mask));
    frame
}

fn head(first: u8, length: u64, masked: bool) -> Vec<u8> {
    let mask = u8::from(masked) << 7;
    let mut head = vec![first];
    match length {
        0..126 => head.push(mask | length as u8),
        126..0x1_0000 => {
            head.push(mask | 126);
            head.extend((length as u16).to_be_bytes());
        }
        _ => {
            head.push(mask | 127);
            head.extend(length.to_be_bytes());
        }
    }
    head
}

impl Client {
    /// Sends what the server takes; one that closes meanwhile is what some tests are about.
    fn send(&mut self, bytes: &[u8]) {
        let _ = self.stream.write_all(bytes);
    }

    /// At least so many bytes; fewer when the server closes.
    fn fill(&mut self, length: usize) {
        let mut chunk = [0; 65536];
        while self.buffer.len() < length {
            match self.stream.read(&mut chunk) {
                Ok(0) => break,
                Ok(read) => self.buffer.extend_from_slice(&chunk[..read]),
                Err(error) if error.kind() == ErrorKind::ConnectionReset => break,
                Err(error) => panic!("nothing came: {error}"),
            }
        }
    }

    fn until(&mut self, end: &str) -> String {
        loop {
            if let Some(at) = self.buffer.windows(end.len()).position(|w| w == end.as_bytes()) {
                let taken = self.buffer.drain(..at + end.len()).collect();
                return String::from_utf8(taken).unwrap();
            }
            let had = self.buffer.len();
            self.fill(had + 1);
            assert!(self.buffer.len() > had, "closed; so far {:?}", String::from_utf8_lossy(&self.buffer));
        }
    }

    fn head(&mut self) -> String {
        self.until("\r\n\r\n")
    }

    /// The next frame; `None` when the server has closed the connection.
    fn frame(&mut self) -> Option<(u8, Vec<u8>)> {
        self.fill(2);
        let (first, short) = (*self.buffer.first()?, usize::from(self.buffer[1]));
        assert!(short < 128, "a server does not mask");
        let (at, length) = match short {
            126 => {
                self.fill(4);
                (4, usize::from(u16::from_be_bytes([self.buffer[2], self.buffer[3]])))
            }
            127 => {
                self.fill(10);
                (10, u64::from_be_bytes(self.buffer[2..10].try_into().unwrap()) as usize)
            }
            length => (2, length),
        };
        self.fill(at + length);
        let payload = self.buffer[at..at + length].to_vec();
        self.buffer.drain(..at + length);
        Some((first, payload))
    }

    /// The code of the close frame that comes next, and that the server then closes the connection.
    fn close_code(&mut self) -> u16 {
        loop {
            match self.frame().expect("a close frame comes before the end") {
                (CLOSE, payload) => {
                    assert_eq!(self.frame(), None);
                    return u16::from_be_bytes([payload[0], payload[1]]);
                }
                (PONG, _) => {}
                other => panic!("{other:?}"),
            }
        }
    }
}

#[test]
fn frames_behind_the_handshake_are_not_lost_and_pings_are_answered() {
    let front = serve(|_, _| {});
    let mut client = front.connect();
    let together = [handshake("/echo"), frame(TEXT, b"early"), frame(PING, b"are you there")].concat();
    client.send(&together);
    let head = client.head();
    assert!(head.starts_with("HTTP/1.1 101 ") && head.contains("s3pPLMBiTxaQ9kYGzzhZRbK+xOo="), "{head}");
    let mut frames = [client.frame().unwrap(), client.frame().unwrap()];
    frames.sort();
    assert_eq!(frames, [(TEXT, b"early".to_vec()), (PONG, b"are you there".to_vec())]);
    // In pieces, with a ping between them, and a head that comes a byte at a time.
    client.send(&frame(0x01, "grü".as_bytes()));
    client.send(&frame(PING, b""));
    for byte in frame(0x80, "ße".as_bytes()) {
        client.send(&[byte]);
    }
    assert_eq!(client.frame().unwrap(), (PONG, vec![]));
    assert_eq!(client.frame().unwrap(), (TEXT, "grüße".into()));
    client.send(&frame(CLOSE, &[0x03, 0xe8]));
    assert_eq!(client.close_code(), 1000);
    front.all_ended();
    assert_eq!(front.said(), ["teardown"]);
}

#[test]
fn what_breaks_the_protocol_is_closed_with_the_code_for_it() {
    let front = serve(|_, _| {});
    let unmasked = [head(TEXT, 2, false), b"hi".to_vec()].concat();
    let cases: [(&str, Vec<u8>, u16); 9] = [
        ("not masked", unmasked, 1002),
        ("a reserved bit", frame(TEXT | 0x40, b"hi"), 1002),
        ("an unknown opcode", frame(0x83, b"hi"), 1002),
        ("a piece of nothing", frame(0x80, b"hi"), 1002),
        ("a ping in pieces", frame(0x09, b"hi"), 1002),
        ("a ping that is too long", frame(PING, &[0; 126]), 1002),
        ("a close frame of one byte", frame(CLOSE, &[3]), 1002),
        ("text that is not UTF-8", frame(TEXT, b"\xff"), 1007),
        ("text that ends within a character", [frame(0x01, b"\xc3"), frame(0x80, b"")].concat(), 1007),
    ];
    for (what, bytes, code) in cases {
        let mut client = front.open("/echo");
        client.send(&bytes);
        assert_eq!(client.close_code(), code, "{what}");
    }
    front.all_ended();
}

#[test]
fn a_message_or_a_frame_that_is_too_large_is_refused_by_its_head() {
    let front = serve(|app, _| {
        app.config().set("WEBSOCKET_MAX_MESSAGE_SIZE", 1000).set("WEBSOCKET_MAX_FRAME_SIZE", 600);
    });
    // Nothing but the head of a frame: nobody waits for what it announces.
    for length in [601, 1 << 20, 1 << 62] {
        let mut client = front.open("/echo");
        client.send(&[head(0x82, length, true), vec![0; 4]].concat());
        assert_eq!(client.close_code(), 1009, "{length}");
    }
    let mut client = front.open("/echo");
    client.send(&[frame(0x02, &[0; 600]), frame(0x80, &[0; 400])].concat());
    assert_eq!(client.frame().unwrap().1.len(), 1000);
    client.send(&[frame(0x02, &[0; 600]), frame(0x80, &[0; 401])].concat());
    assert_eq!(client.close_code(), 1009);
    front.all_ended();
}

#[test]
fn floods_of_pings_and_of_pieces_end() {
    let front = serve(|app, _| {
        app.config().set("WEBSOCKET_MAX_MESSAGE_SIZE", 10_000);
    });
    let mut client = front.open("/echo");
    let mut writer = client.stream.try_clone().unwrap();
    let flood = thread::spawn(move || {
        let (pings, end) = (frame(PING, b"").repeat(1000), Instant::now() + Duration::from_secs(10));
        while writer.write_all(&pings).is_ok() && Instant::now() < end {}
        Instant::now() < end
    });
    assert_eq!(client.close_code(), 1008);
    drop(client);
    assert!(flood.join().unwrap(), "the flood was not stopped");

    // Pieces without a byte: a message that never becomes one.
    let mut client = front.open("/echo");
    let mut writer = client.stream.try_clone().unwrap();
    let flood = thread::spawn(move || {
        let (pieces, end) = (frame(0x00, b"").repeat(1000), Instant::now() + Duration::from_secs(10));
        let _ = writer.write_all(&frame(0x02, b""));
        while writer.write_all(&pieces).is_ok() && Instant::now() < end {}
        Instant::now() < end
    });
    assert_eq!(client.close_code(), 1008);
    drop(client);
    assert!(flood.join().unwrap(), "the flood was not stopped");
    front.all_ended();
}

#[test]
fn a_silent_client_is_sent_a_ping_and_closed_when_it_does_not_answer() {
    let front = serve(|app, _| {
        app.config().set("WEBSOCKET_PING_INTERVAL", 0.3).set("WEBSOCKET_PING_TIMEOUT", 1);
    });
    let (mut silent, mut answers) = (front.open("/echo"), front.open("/echo"));
    for _ in 0..5 {
        assert_eq!(answers.frame().unwrap(), (PING, vec![]));
        answers.send(&frame(PONG, b""));
    }
    assert_eq!(silent.frame().unwrap(), (PING, vec![]));
    assert_eq!(silent.close_code(), 1001);
    answers.send(&frame(TEXT, b"still here"));
    assert_eq!(answers.frame().unwrap().1, b"still here");
    drop(answers);
    front.all_ended();
}

/// An app with a handler at `/socket`.
fn handler<F, R>(app: &mut App, handler: F)
where
    F: Fn(WebSocket) -> R + Send + Sync + 'static,
    R: Future<Output = carboy::Result<()>> + Send + 'static,
{
    let view = websocket::websocket(move |socket, _| handler(socket));
    app.add_url_rule("/socket", "socket", view, RuleOptions { websocket: true, ..Default::default() });
}

#[test]
fn a_client_that_takes_nothing_is_dropped_and_the_handler_told() {
    let front = serve(|app, said| {
        app.config().set("WEBSOCKET_SEND_TIMEOUT", 0.5).set("WEBSOCKET_SEND_BUFFER", 100_000);
        handler(app, move |mut socket| {
            let said = said.clone();
            async move {
                let mut sent = 0;
                while socket.send(vec![0; 50_000]).await.is_ok() {
                    sent += 1;
                }
                let why = socket.recv().await.unwrap_err();
                said.lock().unwrap().push(format!("{why}, bounded: {}", sent < 1000));
                Ok(())
            }
        });
    });
    let client = front.open("/socket");
    front.all_ended();
    assert_eq!(front.said(), ["the client takes nothing of what it is sent, bounded: true", "teardown"]);
    drop(client);
}

#[test]
fn a_server_that_stops_closes_sockets_with_1001_and_waits_for_their_handlers() {
    let front = serve(|app, said| {
        app.config().set("WEBSOCKET_CLOSE_TIMEOUT", 2);
        handler(app, move |mut socket| {
            let said = said.clone();
            async move {
                while socket.recv().await?.is_some() {}
                said.lock().unwrap().push(format!("told {}", socket.closed().unwrap().code()));
                carboy::blocking(|| thread::sleep(Duration::from_millis(300))).await;
                said.lock().unwrap().push("cleaned up".to_owned());
                Ok(())
            }
        });
    });
    let mut polite = front.open("/socket");
    // A client that does not answer must not keep the server for longer than it waits.
    let _rude = front.open("/echo");
    front.server.shutdown();
    let (first, payload) = polite.frame().unwrap();
    assert_eq!((first, payload), (CLOSE, vec![0x03, 0xe9]));
    polite.send(&frame(CLOSE, &[0x03, 0xe9]));
    assert_eq!(polite.frame(), None);
    front.all_ended();
    let said = front.said.clone();
    let start = Instant::now();
    front.server.join();
    assert!(start.elapsed() < Duration::from_secs(15), "{:?}", start.elapsed());
    let said = said.lock().unwrap().clone();
    assert_eq!(said.iter().filter(|what| *what == "teardown").count(), 2);
    let place = |what: &str| said.iter().position(|said| said == what);
    assert!(place("told 1001") < place("cleaned up") && place("cleaned up").is_some(), "{said:?}");
}

#[test]
fn a_thousand_sockets_that_come_and_go_leave_nothing() {
    let front = serve(|_, _| {});
    thread::scope(|scope| {
        for number in 0..4 {
            let front = &front;
            scope.spawn(move || {
                for round in 0..250 {
                    let mut client = front.open("/echo");
                    client.send(&frame(TEXT, b"hello"));
                    assert_eq!(client.frame().unwrap().1, b"hello");
                    // Politely, in the middle of a frame, or not at all.
                    match (number + round) % 3 {
                        0 => {
                            client.send(&frame(CLOSE, &[0x03, 0xe8]));
                            assert_eq!(client.close_code(), 1000);
                        }
                        1 => client.send(&head(0x82, 100, true)),
                        _ => {}
                    }
                }
            });
        }
    });
    front.all_ended();
    assert_eq!(front.said().len(), 1000);
}

#[test]
fn a_websocket_is_passed_on_to_an_upstream_that_is_a_carboy_app() {
    let back = serve(|_, _| {});
    let url = format!("http://{}", back.server.addresses()[0].as_tcp().unwrap());
    let front = serve(|app, _| {
        app.mount("/back", carboy::Upstream::new(&url));
    });
    let mut client = front.open("/back/echo");
    client.send(&frame(TEXT, b"through"));
    assert_eq!(client.frame().unwrap(), (TEXT, b"through".to_vec()));
    assert_eq!((front.app.state().open_websockets(), back.app.state().open_websockets()), (0, 1));
    drop(client);
    back.all_ended();
}

/// A stream of events that ends when it is told to, and says when it is dropped.
struct Ticks(Arc<AtomicUsize>);

impl Drop for Ticks {
    fn drop(&mut self) {
        self.0.fetch_add(1, SeqCst);
    }
}

fn with_events(app: &mut App, dropped: Arc<AtomicUsize>, keep_alive: Duration) {
    let view = carboy::view::view(move |_| {
        let ticks = Ticks(dropped.clone());
        let events = futures_util::stream::unfold((0, ticks), |(n, ticks)| async move {
            match n {
                0..3 => Some((sse::Event::data(format!("{n} {}", request().path())).id(n), (n + 1, ticks))),
                _ => std::future::pending().await,
            }
        });
        sse::Sse::new(events).keep_alive(keep_alive).reconnect_after(Duration::from_millis(1500))
    });
    app.add_url_rule("/events", "events", view, RuleOptions::default());
}

#[test]
fn events_come_at_once_and_a_client_that_leaves_drops_their_stream() {
    let dropped = Arc::new(AtomicUsize::new(0));
    let front = serve(|app, _| with_events(app, dropped.clone(), Duration::from_millis(200)));
    let mut client = front.connect();
    client.send(b"GET /events HTTP/1.1\r\nHost: a\r\n\r\n");
    let head = client.head().to_ascii_lowercase();
    for field in ["content-type: text/event-stream", "cache-control: no-cache", "x-accel-buffering: no"] {
        assert!(head.contains(field), "{head}");
    }
    assert!(client.until("id: 2\ndata: 2 /events\n\n").contains("id: 0\ndata: 0 /events\n\n"));
    // Nothing happens, and that is told.
    client.until(":\n\n");
    client.until(":\n\n");
    assert_eq!((dropped.load(SeqCst), front.said().len()), (0, 0));
    drop(client);
    let end = Instant::now() + Duration::from_secs(10);
    while front.said().is_empty() {
        assert!(Instant::now() < end, "the stream goes on without a client");
        thread::sleep(Duration::from_millis(5));
    }
    assert_eq!((dropped.load(SeqCst), front.said().len()), (1, 1));
}

#[test]
fn a_server_that_stops_ends_streams_of_events_and_says_when_to_come_back() {
    let dropped = Arc::new(AtomicUsize::new(0));
    let front = serve(|app, _| with_events(app, dropped.clone(), Duration::from_secs(60)));
    let mut client = front.connect();
    client.send(b"GET /events HTTP/1.1\r\nHost: a\r\n\r\n");
    client.until("data: 2 /events\n\n");
    let start = Instant::now();
    front.server.shutdown();
    client.until("retry: 1500\n\n");
    client.until("0\r\n\r\n");
    front.server.join();
    assert!(start.elapsed() < Duration::from_secs(5), "{:?}", start.elapsed());
    assert_eq!(dropped.load(SeqCst), 1);
}

#[test]
fn a_websocket_over_http1_0_is_refused() {
    let front = serve(|_, _| {});
    let mut client = front.connect();
    let request = String::from_utf8(handshake("/echo")).unwrap().replace("HTTP/1.1", "HTTP/1.0");
    client.send(request.as_bytes());
    let head = client.head();
    assert!(!head.contains(" 101 ") && head.contains(StatusCode::NOT_IMPLEMENTED.as_str()), "{head}");
}
