//! A service with a page for each thing to be seen, and a client that writes bytes.
#![allow(dead_code, unreachable_pub)]

pub mod h2;
pub mod probes;

use bytes::Bytes;
use carboy_http::{HeaderValue, Request, Response, Service, StatusCode, Upgrade, header};
use carboy_server::{RunningServer, Server, ServerConfig};
use futures_util::stream;
use std::{
    collections::BTreeSet,
    io::{ErrorKind, Read, Write},
    net::{SocketAddr, TcpStream},
    sync::{LazyLock, Mutex},
    time::{Duration, Instant},
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// The targets whose `/slow` or `/stream-for-ever` answers are under way.
static UNDER_WAY: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());

/// Whether the answer to this target is under way.
pub fn is_under_way(target: &str) -> bool {
    UNDER_WAY.lock().unwrap().contains(target)
}

struct UnderWay(String);
impl UnderWay {
    fn new(request: &Request) -> Self {
        let target = request.uri().path_and_query().unwrap().to_string();
        UNDER_WAY.lock().unwrap().insert(target.clone());
        UnderWay(target)
    }
}
impl Drop for UnderWay {
    fn drop(&mut self) {
        UNDER_WAY.lock().unwrap().remove(&self.0);
    }
}

/// One for all, however many ask for it.
static BIG: LazyLock<Bytes> = LazyLock::new(|| vec![b'x'; 8 << 20].into());

pub struct Pages;

impl Service for Pages {
    async fn call(&self, request: Request) -> Response {
        match request.uri().path() {
            "/" => Response::text("Hello, World!"),
            "/target" => Response::text(request.uri().to_string()),
            "/host" => {
                let host = request.headers().get(header::HOST).map(|h| h.as_bytes().to_vec());
                Response::text(host.unwrap_or_default())
            }
            "/peer" => Response::text(format!("{:?}", request.connection())),
            "/echo" => match request.take_body().unwrap().collect().await {
                Ok(bytes) => Response::bytes(bytes),
                Err(error) => {
                    let error = error.downcast::<carboy_http::HttpError>().unwrap();
                    Response::text("broken off").with_status(error.status())
                }
            },
            "/unread" => Response::text("too much").with_status(StatusCode::PAYLOAD_TOO_LARGE),
            "/slow" => {
                let _under_way = UnderWay::new(&request);
                tokio::time::sleep(milliseconds(&request)).await;
                Response::text("slow")
            }
            "/block" => {
                std::thread::sleep(Duration::from_secs(3));
                Response::text("blocked")
            }
            "/thread" => Response::text(std::thread::current().name().unwrap_or("?").to_owned()),
            "/big" => Response::bytes(BIG.clone()),
            "/stream" => Response::stream(stream::iter(["one", "two", "three"].map(Ok::<_, std::io::Error>))),
            "/stream-breaks" => Response::stream(stream::iter([
                Ok("one"),
                Err(std::io::Error::other("the database is gone")),
            ])),
            "/stream-panics" => Response::stream(stream::poll_fn({
                let mut polls = 0;
                move |_| {
                    polls += 1;
                    assert!(polls < 2, "the generator fell over");
                    std::task::Poll::Ready(Some(Ok::<_, std::io::Error>("one")))
                }
            })),
            "/stream-for-ever" => {
                let under_way = UnderWay::new(&request);
                Response::stream(stream::unfold(under_way, |under_way| async {
                    tokio::time::sleep(Duration::from_millis(10)).await;
                    Some((Ok::<_, std::io::Error>("tick\n"), under_way))
                }))
            }
            "/stream-pauses" => {
                let wait = milliseconds(&request);
                Response::stream(stream::unfold(0, move |turn| async move {
                    if turn == 1 {
                        tokio::time::sleep(wait).await;
                    }
                    (turn < 2).then_some((Ok::<_, std::io::Error>("tick\n"), turn + 1))
                }))
            }
            "/panic" => panic!("the view fell over"),
            "/wrong-length" => {
                let mut response = Response::text("thirteen byte");
                response.headers_mut().insert(header::CONTENT_LENGTH, HeaderValue::from_static("5"));
                response
            }
            "/empty" => Response::text("must not be sent").with_status(StatusCode::NO_CONTENT),
            "/unchanged" => Response::text("must not be sent").with_status(StatusCode::NOT_MODIFIED),
            "/tunnel" => tunnel(&request),
            "/reason" => {
                Response::text("").with_status("222 quite fine".parse::<carboy_http::Status>().unwrap())
            }
            _ => Response::text("not here").with_status(StatusCode::NOT_FOUND),
        }
    }
}

/// How long a page is to wait: the first word of its query, half a second without one.
fn milliseconds(request: &Request) -> Duration {
    let first = request.uri().query().and_then(|query| query.split('&').next());
    Duration::from_millis(first.map_or(500, |text| text.parse().unwrap()))
}

/// Speaks first, then says back in capitals what comes.
fn tunnel(request: &Request) -> Response {
    let upgrade = request.extensions().get::<Upgrade>().cloned().unwrap();
    tokio::spawn(async move {
        let mut client = upgrade.await.unwrap();
        let mut said = b"hello\n".to_vec();
        loop {
            client.write_all(&said).await.unwrap();
            client.flush().await.unwrap();
            let mut room = [0; 1024];
            match client.read(&mut room).await {
                Ok(read @ 1..) => said = room[..read].to_ascii_uppercase(),
                _ => break,
            }
        }
    });
    let mut response = Response::text("").with_status(StatusCode::SWITCHING_PROTOCOLS);
    let _ = response.set_header("connection", "upgrade");
    let _ = response.set_header("upgrade", "capitals");
    response
}

pub fn config() -> ServerConfig {
    ServerConfig::new().bind("127.0.0.1:0").workers(1)
}

/// A running server and the address of its first socket.
pub struct Running {
    pub server: RunningServer,
    pub addr: SocketAddr,
}

pub fn start(config: ServerConfig) -> Running {
    start_service(config, Pages)
}

pub fn start_service(config: ServerConfig, service: impl Service) -> Running {
    let server = Server::new(config).start(service).unwrap();
    let addr = server.addresses()[0].as_tcp().unwrap_or(([127, 0, 0, 1], 0).into());
    Running { server, addr }
}

impl Running {
    pub fn connect(&self) -> Client {
        Client::connect(self.addr)
    }

    /// Sends bytes on a connection of their own and reads until it closes.
    pub fn talk(&self, bytes: impl AsRef<[u8]>) -> String {
        let mut client = self.connect();
        client.send(bytes);
        client.rest()
    }

    /// Sends bytes on a connection of their own and waits for the first bytes of an answer, or the end.
    pub fn talk_until_answered(&self, bytes: &[u8]) {
        let mut client = self.connect();
        if client.try_send(bytes) {
            client.more();
        }
    }

    /// The status codes of all answers to these bytes, then `c` if the server closed the connection
    /// within half a second of silence.
    pub fn codes(&self, bytes: impl AsRef<[u8]>) -> String {
        codes(self.addr, bytes)
    }
}

/// As [`Running::codes`], of any server.
pub fn codes(addr: SocketAddr, bytes: impl AsRef<[u8]>) -> String {
    let mut client = Client::connect(addr);
    client.try_send(bytes.as_ref());
    let (text, closed) = client.until_silent(Duration::from_millis(500));
    let codes: Vec<_> = text.match_indices("HTTP/1.").filter_map(|(i, _)| text.get(i + 9..i + 12)).collect();
    codes.join("+") + if closed { "c" } else { "" }
}

/// A client on one connection.
pub struct Client {
    pub stream: TcpStream,
    buffer: Vec<u8>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    pub status: u16,
    pub head: String,
    pub body: String,
}

impl Answer {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().skip(1).find_map(|line| {
            let (n, value) = line.split_once(':')?;
            n.eq_ignore_ascii_case(name).then(|| value.trim())
        })
    }
}

impl Client {
    pub fn connect(addr: SocketAddr) -> Self {
        let stream = TcpStream::connect(addr).unwrap();
        Client::on(stream)
    }

    pub fn on(stream: TcpStream) -> Self {
        stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        stream.set_nodelay(true).unwrap();
        Client { stream, buffer: Vec::new() }
    }

    pub fn send(&mut self, bytes: impl AsRef<[u8]>) {
        self.stream.write_all(bytes.as_ref()).unwrap();
    }

    /// Sends what the server takes; it may have closed before the end.
    pub fn try_send(&mut self, bytes: impl AsRef<[u8]>) -> bool {
        self.stream.write_all(bytes.as_ref()).is_ok()
    }

    pub fn get(&mut self, path: &str) -> Answer {
        self.send(format!("GET {path} HTTP/1.1\r\nHost: a\r\n\r\n"));
        self.answer()
    }

    fn more(&mut self) -> usize {
        let mut chunk = [0; 65536];
        let n = match self.stream.read(&mut chunk) {
            Ok(n) => n,
            Err(error) if error.kind() == ErrorKind::ConnectionReset => 0,
            Err(error) => panic!("no answer: {error}; so far {:?}", String::from_utf8_lossy(&self.buffer)),
        };
        self.buffer.extend_from_slice(&chunk[..n]);
        n
    }

    /// One answer with its body, by `Content-Length` or chunks.
    pub fn answer(&mut self) -> Answer {
        self.answer_to("GET")
    }

    pub fn answer_to(&mut self, method: &str) -> Answer {
        let end = loop {
            if let Some(end) = self.buffer.windows(4).position(|w| w == b"\r\n\r\n") {
                break end;
            }
            assert!(self.more() > 0, "closed before an answer: {:?}", String::from_utf8_lossy(&self.buffer));
        };
        let head = String::from_utf8(self.buffer.drain(..end + 4).collect()).unwrap();
        let mut answer = Answer { status: head[9..12].parse().unwrap(), head, body: String::new() };
        if method == "HEAD" || matches!(answer.status, 100..=199 | 204 | 304) {
            return answer;
        }
        let mut body = Vec::new();
        if let Some(length) = answer.header("content-length") {
            body = self.take(length.parse().unwrap());
        } else if answer.header("transfer-encoding") == Some("chunked") {
            loop {
                let size = usize::from_str_radix(&self.line(), 16).unwrap();
                body.extend(self.take(size));
                assert_eq!(self.take(2), b"\r\n");
                if size == 0 {
                    break;
                }
            }
        } else {
            while self.more() > 0 {}
            body = std::mem::take(&mut self.buffer);
        }
        answer.body = String::from_utf8(body).unwrap();
        answer
    }

    fn line(&mut self) -> String {
        loop {
            if let Some(end) = self.buffer.windows(2).position(|w| w == b"\r\n") {
                let line = self.buffer.drain(..end + 2).collect::<Vec<_>>();
                return String::from_utf8(line[..end].to_vec()).unwrap();
            }
            assert!(self.more() > 0, "closed within a line");
        }
    }

    /// The next so many bytes.
    pub fn take(&mut self, n: usize) -> Vec<u8> {
        while self.buffer.len() < n {
            assert!(self.more() > 0, "closed within a body");
        }
        self.buffer.drain(..n).collect()
    }

    /// Everything until the server closes.
    pub fn rest(&mut self) -> String {
        while self.more() > 0 {}
        String::from_utf8(std::mem::take(&mut self.buffer)).unwrap()
    }

    /// As [`rest`](Client::rest), of what is no text.
    pub fn rest_of_bytes(&mut self) -> Vec<u8> {
        while self.more() > 0 {}
        std::mem::take(&mut self.buffer)
    }

    /// What comes until nothing comes for so long, and whether the server closed.
    pub fn until_silent(&mut self, silence: Duration) -> (String, bool) {
        self.stream.set_read_timeout(Some(silence)).unwrap();
        let mut chunk = [0; 65536];
        let closed = loop {
            match self.stream.read(&mut chunk) {
                Ok(0) => break true,
                Ok(n) => self.buffer.extend_from_slice(&chunk[..n]),
                Err(error) => break error.kind() == ErrorKind::ConnectionReset,
            }
        };
        (String::from_utf8_lossy(&std::mem::take(&mut self.buffer)).into_owned(), closed)
    }

    /// Waits until the server closes; says what came first and how long that took.
    pub fn closed_after(&mut self) -> (String, Duration) {
        let start = Instant::now();
        let text = self.rest();
        (text, start.elapsed())
    }
}

/// Waits until something is so; panics after five seconds.
pub fn eventually(what: &str, mut so: impl FnMut() -> bool) {
    let start = Instant::now();
    while !so() {
        assert!(start.elapsed() < Duration::from_secs(5), "never: {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}
