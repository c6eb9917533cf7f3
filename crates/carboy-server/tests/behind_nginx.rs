//! Behind a proxy that keeps its connections: whatever clients send it, each gets the answer to its own request, and nothing that was hidden in
//! a body becomes one.

mod common;

use carboy_http::{Request, Response, Service};
use carboy_testkit::Folder;
use common::{Client, Pages, Running, config, start_service};
use std::{
    io::ErrorKind,
    net::TcpListener,
    process::{Child, Command, Stdio},
    sync::atomic::{AtomicUsize, Ordering::Relaxed},
    time::{Duration, Instant},
};

struct Nginx {
    child: Child,
    address: std::net::SocketAddr,
    _folder: Folder,
}

impl Drop for Nginx {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Nginx {
    /// nginx before this server, with few connections to it that it uses again and again; bodies are handed on as they come.
    fn before(server: &Running) -> Nginx {
        let folder = Folder::new();
        let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let path = folder.path().display();
        let conf = format!(
            "daemon off; master_process off; pid {path}/pid; error_log {path}/error.log crit;\n\
             events {{ worker_connections 256; }}\n\
             http {{ access_log off; client_body_temp_path {path}/b; proxy_temp_path {path}/p; fastcgi_temp_path {path}/f;\n\
             uwsgi_temp_path {path}/u; scgi_temp_path {path}/s; keepalive_requests 100000;\n\
             upstream carboy {{ server {}; keepalive 2; keepalive_requests 100000; }}\n\
             server {{ listen {address}; underscores_in_headers on; ignore_invalid_headers off;\n\
             location / {{ proxy_pass http://carboy; proxy_http_version 1.1; proxy_set_header Connection \"\";\n\
             proxy_request_buffering off; proxy_buffering off; proxy_next_upstream off; }} }} }}\n",
            server.addr
        );
        let file = folder.path().join("nginx.conf");
        std::fs::write(&file, conf).unwrap();
        let child = Command::new("nginx")
            .arg("-c")
            .arg(&file)
            .arg("-p")
            .arg(folder.path())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let begin = Instant::now();
        while std::net::TcpStream::connect(address).is_err_and(|e| e.kind() == ErrorKind::ConnectionRefused) {
            assert!(begin.elapsed() < Duration::from_secs(20), "nginx does not listen");
            std::thread::sleep(Duration::from_millis(20));
        }
        Nginx { child, address, _folder: folder }
    }
}

/// The pages, for whom each request that was hidden in a body is a defeat.
struct Watched;

static HIDDEN: AtomicUsize = AtomicUsize::new(0);

impl Service for Watched {
    async fn call(&self, request: Request) -> Response {
        if request.uri().path() == "/hidden" {
            HIDDEN.fetch_add(1, Relaxed);
        }
        Pages.call(request).await
    }
}

/// A request with an id, and the text that its answer must have; some bodies look like requests.
fn honest(id: usize) -> (String, &'static str, String) {
    let hidden = format!("GET /hidden HTTP/1.1\r\nHost: a\r\n\r\n{id}");
    match id % 6 {
        0 => (format!("GET /target?{id} HTTP/1.1\r\nHost: a\r\n\r\n"), "GET", format!("/target?{id}")),
        1 => (
            format!("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: {}\r\n\r\n{hidden}", hidden.len()),
            "POST",
            hidden,
        ),
        2 => (
            format!(
                "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n{:x};x=\"y\"\r\n{hidden}\r\n0\r\nT: {id}\r\n\r\n",
                hidden.len()
            ),
            "POST",
            hidden,
        ),
        // Nobody reads these bodies.
        3 => (
            format!(
                "POST /target?{id} HTTP/1.1\r\nHost: a\r\nContent-Length: {}\r\n\r\n{hidden}",
                hidden.len()
            ),
            "POST",
            format!("/target?{id}"),
        ),
        4 => (
            format!(
                "POST /target?{id} HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n{:x}\r\n{hidden}\r\n0\r\n\r\n",
                hidden.len()
            ),
            "POST",
            format!("/target?{id}"),
        ),
        _ => (format!("HEAD /target?{id} HTTP/1.1\r\nHost: a\r\n\r\n"), "HEAD", String::new()),
    }
}

/// What an attacker sends, on a connection of its own: two requests in one for whom reads it wrong.
fn hostile(id: usize) -> String {
    let smuggled = "GET /target?smuggled HTTP/1.1\r\nHost: a\r\n\r\n";
    let chunked = format!("0\r\n\r\n{smuggled}");
    let fields = [
        format!("Content-Length: {}\r\nTransfer-Encoding: chunked", chunked.len()),
        format!("Transfer-Encoding: chunked\r\nContent-Length: {}", chunked.len()),
        "Transfer-Encoding: identity, chunked".to_owned(),
        "Transfer-Encoding: chunked, identity".to_owned(),
        "Transfer-Encoding: xchunked".to_owned(),
        "Transfer-Encoding : chunked".to_owned(),
        "Transfer-Encoding:\x0bchunked".to_owned(),
        "Transfer_Encoding: chunked\r\nContent-Length: 0".to_owned(),
        "X: y\r\n Transfer-Encoding: chunked".to_owned(),
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity".to_owned(),
        "Content-Length: 5\r\nContent-Length: 0".to_owned(),
        "Content-Length: 5, 0".to_owned(),
        "Content-Length: +5".to_owned(),
        "Content_Length: 5\r\nContent-Length: 0".to_owned(),
        "Expect: 100-continue\r\nContent-Length: 5".to_owned(),
        "Connection: Content-Length\r\nContent-Length: 5".to_owned(),
        "Connection: upgrade\r\nUpgrade: h2c".to_owned(),
    ];
    let chunks = [
        "1;a\nb\r\nx\r\n0\r\n\r\n",
        "+1\r\nx\r\n0\r\n\r\n",
        "1\r\nxY\r\n0\r\n\r\n",
        "1\nx\n0\n\n",
        "0x1\r\nx\r\n0\r\n\r\n",
    ];
    let field = id % (fields.len() + chunks.len());
    match fields.get(field) {
        Some(fields) => format!("POST /echo?bad HTTP/1.1\r\nHost: a\r\n{fields}\r\n\r\n{chunked}"),
        None => format!(
            "POST /echo?bad HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n{}{smuggled}",
            chunks[field - fields.len()]
        ),
    }
}

fn answers_belong_to_their_requests(requests: usize) {
    const CLIENTS: usize = 4;
    let server = start_service(config().workers(2), Watched);
    let nginx = Nginx::before(&server);
    let address = nginx.address;
    std::thread::scope(|scope| {
        for client in 0..CLIENTS {
            scope.spawn(move || {
                let mut connection = Client::connect(address);
                for n in 0..requests / CLIENTS {
                    let id = n * CLIENTS + client;
                    if id % 7 == 3 {
                        let mut attacker = Client::connect(address);
                        attacker.try_send(hostile(id));
                        // Whatever nginx makes of it; it may come back at once, or never.
                        let (_, _) = attacker.until_silent(Duration::from_millis(20));
                        continue;
                    }
                    let (request, method, expected) = honest(id);
                    connection.send(&request);
                    let answer = connection.answer_to(method);
                    assert_eq!((answer.status, &answer.body), (200, &expected), "request {id}: {request}");
                    if answer.header("connection") == Some("close") {
                        connection = Client::connect(address);
                    }
                }
            });
        }
    });
    assert_eq!(HIDDEN.load(Relaxed), 0, "bodies were taken for requests");
}

#[test]
#[ignore = "needs nginx"]
fn behind_nginx_each_of_10_000_answers_belongs_to_its_request() {
    answers_belong_to_their_requests(10_000);
}
