//! A carboy app before another application: what passes between client and upstream, byte for byte.

#[path = "upstream/ends.rs"]
mod ends;

use carboy::{Upstream, prelude::*};
use carboy_server::{RunningServer, Server, ServerConfig};
use ends::{Fake, Peer, field, fields};
use std::{
    io::{Read, Write},
    net::{Shutdown, SocketAddr, TcpListener, TcpStream},
    sync::Mutex,
    thread,
    time::{Duration, Instant},
};

#[route("/here", methods = ["GET"])]
fn here() -> &'static str {
    "here"
}

fn app(upstream: Upstream) -> App {
    let mut app = App::new("front");
    app.config().set("SECRET_KEY", "dev");
    app.routes(routes![here]).fallback(upstream);
    app
}

/// An app that is served.
struct Front {
    _server: RunningServer,
    address: SocketAddr,
}

fn serve(mut app: App) -> Front {
    let config = ServerConfig::new().bind("127.0.0.1:0").workers(1);
    let server = Server::new(config).start(app.build().unwrap()).unwrap();
    let address = server.addresses()[0].as_tcp().unwrap();
    Front { _server: server, address }
}

impl Front {
    fn of(upstream: &Fake) -> Front {
        serve(app(Upstream::new(&upstream.url())))
    }

    fn connect(&self) -> Peer {
        Peer::new(TcpStream::connect(self.address).unwrap())
    }

    /// Sends bytes on a connection of their own and reads until it closes.
    fn talk(&self, bytes: impl AsRef<[u8]>) -> String {
        let mut client = self.connect();
        client.send(bytes);
        client.rest()
    }

    /// Asks for a page on a connection of its own.
    fn get(&self, path: &str) -> String {
        self.talk(format!("GET {path} HTTP/1.1\r\nHost: shop.example\r\nConnection: close\r\n\r\n"))
    }
}

const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nthere";

#[test]
fn what_has_no_rule_here_is_answered_there_by_path_and_by_method() {
    let fake = Fake::saying(OK);
    let front = Front::of(&fake);
    assert!(front.get("/here").ends_with("here"));
    assert!(fake.heads().is_empty());
    assert!(front.get("/elsewhere/a%2Fb%20c?q=%41+&x").ends_with("there"));
    assert!(fake.last_head().starts_with("GET /elsewhere/a%2Fb%20c?q=%41+&x HTTP/1.1\r\n"));
    // A slash is added by whoever has the rule.
    assert!(front.get("//branch").ends_with("there"));
    assert!(fake.last_head().starts_with("GET //branch HTTP/1.1\r\n"));
    let answer =
        front.talk("POST /here HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 4\r\n\r\nbody");
    assert!(answer.ends_with("there"), "{answer}");
    assert!(front.get("/static/none.css").ends_with("there"));
    assert_eq!(fake.heads().len(), 4);
}

#[test]
fn nothing_is_added_to_what_the_upstream_answers() {
    let fake = Fake::saying(
        "HTTP/1.1 207 Quite Fine\r\nServer: Werkzeug/3.1.9\r\nDate: Mon, 01 Jan 2024 00:00:00 GMT\r\n\
         Set-Cookie: b=1; Path=/\r\nSet-Cookie: a=2\r\nSet-Cookie: session=gone; Max-Age=0\r\nSet-Cookie: a=3\r\n\
         Content-Length: 2\r\n\r\nok",
    );
    let mut app = app(Upstream::new(&fake.url()));
    app.config().set("HARDENED", true).set("TRUSTED_HOSTS", ["shop.example"]);
    app.before_request(|| -> carboy::Result<()> { abort(418) });
    app.after_request(|mut response: Response| {
        let _ = response.set_header("x-from-rust", "1");
        response
    });
    let client = {
        // A permanent session is refreshed with every request to this app.
        let mut other = App::new("front");
        other.config().set("SECRET_KEY", "dev");
        #[route("/")]
        fn log_in() -> &'static str {
            session().set_permanent(true);
            session().set("user_id", 1);
            ""
        }
        other.routes(routes![log_in]);
        other.test_client()
    };
    let cookie = client.get("/").send().header("set-cookie").unwrap().split(';').next().unwrap().to_owned();
    let front = serve(app);
    let answer = front.talk(format!(
        "POST /there HTTP/1.1\r\nHost: shop.example\r\nCookie: {cookie}\r\nOrigin: http://evil.example\r\nSec-Fetch-Site: cross-site\r\n\
         Content-Length: 0\r\nConnection: close\r\n\r\n"
    ));
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let mut lines: Vec<&str> = head.lines().collect();
    assert_eq!(lines.remove(0), "HTTP/1.1 207 Quite Fine");
    assert_eq!(fields(head, "set-cookie"), ["b=1; Path=/", "a=2", "session=gone; Max-Age=0", "a=3"]);
    lines.retain(|line| !line.starts_with("set-cookie"));
    lines.sort_unstable();
    assert_eq!(
        lines,
        [
            "connection: close",
            "content-length: 2",
            "date: Mon, 01 Jan 2024 00:00:00 GMT",
            "server: Werkzeug/3.1.9"
        ]
    );
    assert_eq!(body, "ok");
    assert_eq!(field(&fake.last_head(), "cookie"), Some(&*cookie));
}

#[test]
fn what_belongs_to_one_connection_stays_behind_in_both_directions() {
    let fake = Fake::saying(
        "HTTP/1.1 200 OK\r\nConnection: keep-alive, X-Mine, Content-Length\r\nX-Mine: 1\r\nKeep-Alive: timeout=5\r\n\
         Proxy-Authenticate: Basic\r\nUpgrade: h2c\r\nX-Kept: 1\r\nContent-Length: 5\r\n\r\nthere",
    );
    let front = Front::of(&fake);
    let answer = front.talk(
        "GET /there HTTP/1.1\r\nHost: shop.example:81\r\nConnection: close, X-Hop\r\nConnection: te , Host\r\nX-Hop: 1\r\n\
         TE: gzip, Trailers\r\nKeep-Alive: 5\r\nProxy-Connection: close\r\nProxy-Authorization: Basic eA==\r\n\
         Upgrade: h2c\r\nHTTP2-Settings: AA\r\nAuthorization: Basic eQ==\r\nVia: 1.0 fred\r\nX-Kept: 1\r\n\r\n",
    );
    let head = fake.last_head();
    let mut names: Vec<&str> =
        head.lines().skip(1).filter_map(|line| Some(line.split_once(':')?.0)).collect();
    names.sort_unstable();
    assert_eq!(
        names,
        [
            "authorization",
            "connection",
            "host",
            "http2-settings",
            "te",
            "via",
            "via",
            "x-forwarded-for",
            "x-forwarded-host",
            "x-forwarded-port",
            "x-forwarded-proto",
            "x-kept"
        ]
    );
    assert_eq!((field(&head, "te"), field(&head, "connection")), (Some("trailers"), Some("te")));
    assert_eq!(field(&head, "host"), Some("shop.example:81"));
    assert_eq!(fields(&head, "via"), ["1.0 fred", "1.1 carboy"]);
    for name in ["x-mine", "keep-alive", "proxy-authenticate", "upgrade"] {
        assert_eq!(field(&answer, name), None, "{answer}");
    }
    assert_eq!((field(&answer, "content-length"), field(&answer, "x-kept")), (Some("5"), Some("1")));
}

#[test]
fn the_upstream_is_told_who_asks_in_place_of_what_the_client_says() {
    let fake = Fake::saying(OK);
    let front = Front::of(&fake);
    front.talk(
        "GET / HTTP/1.1\r\nHost: shop.example\r\nConnection: close\r\nX-Forwarded-For: 6.6.6.6\r\nX-Forwarded-Proto: https\r\n\
         X-Forwarded-Host: evil\r\nX-Forwarded-Port: 6\r\nX-Forwarded-Prefix: /evil\r\nForwarded: for=6.6.6.6\r\n\
         X_Forwarded_Prefix: /evil\r\nX-Forwarded_For: 6.6.6.6\r\nX-Forwarded-Server: kept\r\n\r\n",
    );
    let head = fake.last_head();
    let mut told: Vec<&str> = head.lines().filter(|line| line.to_lowercase().contains("forward")).collect();
    told.sort_unstable();
    assert_eq!(
        told,
        [
            "x-forwarded-for: 127.0.0.1",
            "x-forwarded-host: shop.example",
            "x-forwarded-port: 80",
            "x-forwarded-proto: http",
            "x-forwarded-server: kept",
        ]
    );
}

#[test]
fn a_mounted_upstream_gets_the_path_below_and_is_told_the_prefix_and_an_address_may_have_one_too() {
    let fake = Fake::saying(OK);
    let mut app = App::new("front");
    let upstream = Upstream::new(&format!("{}/base/", fake.url()));
    app.mount("/old", upstream.clone()).mount("/other shop", upstream);
    let front = serve(app);
    for (path, target, prefix) in [
        ("/old/a%2Fb?q", "/base/a%2Fb?q", "/old"),
        ("/old", "/base/", "/old"),
        ("/other%20shop/c%20d", "/base/c%20d", "/other%20shop"),
    ] {
        assert!(front.get(path).ends_with("there"));
        let head = fake.last_head();
        assert!(head.starts_with(&format!("GET {target} HTTP/1.1\r\n")), "{head}");
        assert_eq!(field(&head, "x-forwarded-prefix"), Some(prefix));
    }
}

#[test]
fn an_answer_to_head_and_an_unchanged_one_come_as_they_are() {
    let fake = Fake::start(|peer| {
        while let Some(head) = peer.head() {
            peer.send(match head.split(' ').nth(1).unwrap() {
                "/long" => "HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n",
                "/unknown" => "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
                _ => "HTTP/1.1 304 Not Modified\r\nETag: \"x\"\r\n\r\n",
            });
        }
    });
    let front = Front::of(&fake);
    let ask = |method: &str, path: &str| {
        front.talk(format!("{method} {path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"))
    };
    let answer = ask("HEAD", "/long");
    assert_eq!(field(&answer, "content-length"), Some("1000000"), "{answer}");
    assert!(answer.ends_with("\r\n\r\n"));
    let answer = ask("HEAD", "/unknown");
    assert_eq!(field(&answer, "content-length"), None, "{answer}");
    let answer = ask("GET", "/unchanged");
    assert!(answer.starts_with("HTTP/1.1 304") && answer.contains("etag: \"x\""), "{answer}");
    assert_eq!(fake.heads().len(), 3);
}

#[test]
fn bodies_of_unknown_length_and_their_trailers_pass_in_both_directions() {
    let fake = Fake::start(|peer| {
        let head = peer.head().unwrap();
        assert_eq!(
            (field(&head, "transfer-encoding"), field(&head, "trailer")),
            (Some("chunked"), Some("x-sum"))
        );
        let body = peer.until("0\r\n").unwrap();
        let trailers = peer.until("\r\n\r\n").unwrap();
        assert!(body.contains("one") && body.contains("two"), "{body}");
        assert_eq!(trailers, "x-sum: 6\r\n\r\n");
        peer.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: x-digest\r\n\r\n");
        peer.send("5\r\nthree\r\n0\r\nx-digest: 5\r\n\r\n");
    });
    let front = Front::of(&fake);
    for method in ["POST", "GET"] {
        let answer = front.talk(format!(
            "{method} /there HTTP/1.1\r\nHost: a\r\nConnection: close\r\nTE: trailers\r\nTransfer-Encoding: chunked\r\n\
             Trailer: x-sum\r\n\r\n3\r\none\r\n3\r\ntwo\r\n0\r\nx-sum: 6\r\n\r\n"
        ));
        assert!(answer.ends_with("\r\n\r\n5\r\nthree\r\n0\r\nx-digest: 5\r\n\r\n"), "{method}: {answer}");
    }
}

#[test]
fn the_upstream_decides_whether_it_wants_a_body_that_is_announced() {
    let fake = Fake::start(|peer| {
        let head = peer.head().unwrap();
        assert_eq!(field(&head, "expect"), Some("100-continue"));
        if head.starts_with("POST /wanted") {
            thread::sleep(Duration::from_millis(100));
            assert!(peer.buffer.is_empty());
            peer.send("HTTP/1.1 100 Continue\r\n\r\n");
            assert_eq!(peer.until("body").unwrap(), "body");
            peer.send(OK);
        } else if head.starts_with("POST /patient") {
            assert_eq!(peer.until("body").unwrap(), "body");
            peer.send(OK);
        } else {
            peer.send("HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\n\r\n");
            assert_eq!(peer.rest(), "", "the body must not be sent");
        }
    });
    let front = Front::of(&fake);
    let mut client = front.connect();
    let announce = |path: &str| {
        format!("POST {path} HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n")
    };
    for path in ["/wanted", "/patient"] {
        client.send(announce(path));
        assert_eq!(client.until("\r\n\r\n").unwrap(), "HTTP/1.1 100 Continue\r\n\r\n");
        client.send("body");
        assert!(client.until("there").unwrap().starts_with("HTTP/1.1 200"));
    }
    client.send(announce("/unwanted"));
    assert!(client.rest().starts_with("HTTP/1.1 413"));
}

#[test]
fn a_websocket_becomes_a_tunnel() {
    let fake = Fake::start(|peer| {
        let head = peer.head().unwrap();
        if head.contains("/refused") {
            peer.send("HTTP/1.1 426 Upgrade Required\r\nUpgrade: chat\r\nContent-Length: 0\r\n\r\n");
            return;
        }
        assert_eq!(
            (field(&head, "connection"), field(&head, "upgrade")),
            (Some("upgrade"), Some("websocket"))
        );
        assert_eq!(field(&head, "sec-websocket-key"), Some("dGVzdA=="));
        peer.send(
            "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
             Sec-WebSocket-Accept: yes\r\nSet-Cookie: a=1\r\n\r\nhello",
        );
        assert_eq!(peer.until("ping").unwrap(), "ping");
        peer.send("pong");
        assert_eq!(peer.rest(), "");
        peer.send("bye");
    });
    // Layers see the request and let it pass.
    let mut app = app(Upstream::new(&fake.url()));
    app.middleware(|request: Request, next: Next| async move { next.run(request).await });
    let front = serve(app);
    let mut client = front.connect();
    let open = |path: &str| {
        format!(
            "GET {path} HTTP/1.1\r\nHost: a\r\nConnection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n\
             Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGVzdA==\r\n\r\n"
        )
    };
    client.send(open("/chat"));
    let head = client.until("\r\n\r\n").unwrap();
    assert!(head.starts_with("HTTP/1.1 101 Switching Protocols\r\n"), "{head}");
    assert_eq!((field(&head, "connection"), field(&head, "upgrade")), (Some("upgrade"), Some("websocket")));
    assert_eq!(
        (field(&head, "sec-websocket-accept"), field(&head, "set-cookie")),
        (Some("yes"), Some("a=1"))
    );
    assert_eq!(client.until("hello").unwrap(), "hello");
    client.send("ping");
    assert_eq!(client.until("pong").unwrap(), "pong");
    client.stream.shutdown(Shutdown::Write).unwrap();
    assert_eq!(client.rest(), "bye");

    // A page of this app is no WebSocket, so a WebSocket there is the upstream's.
    let mut client = front.connect();
    client.send(open("/here"));
    assert!(client.until("hello").unwrap().starts_with("HTTP/1.1 101"));

    let mut client = front.connect();
    client.send(open("/refused"));
    let head = client.until("\r\n\r\n").unwrap();
    assert!(head.starts_with("HTTP/1.1 426") && field(&head, "upgrade") == Some("chat"), "{head}");
}

#[test]
fn a_tunnel_in_which_nothing_moves_is_closed() {
    let fake = Fake::start(|peer| {
        peer.head().unwrap();
        peer.send("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n");
        assert_eq!(peer.rest(), "a");
    });
    let limit = Duration::from_secs(1);
    let front = serve(app(Upstream::new(&fake.url()).tunnel_idle_timeout(limit)));
    let mut client = front.connect();
    client.send("GET /x HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n");
    client.until("\r\n\r\n").unwrap();
    thread::sleep(limit / 2);
    client.send("a");
    let start = Instant::now();
    assert_eq!(client.rest(), "");
    assert!(start.elapsed() >= limit / 2, "{:?}", start.elapsed());
}

#[test]
fn an_upstream_that_changes_the_protocol_unasked_is_a_502() {
    let fake = Fake::saying("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n");
    assert!(Front::of(&fake).get("/there").starts_with("HTTP/1.1 502"));
}

#[test]
fn an_idle_connection_is_used_again_and_what_may_be_repeated_survives_one_that_is_dead() {
    let fake = Fake::start(|peer| {
        // Each connection answers two requests and reads a third one before it closes.
        for _ in 0..2 {
            if peer.request().is_none() {
                return;
            }
            let number = peer.number;
            peer.send(format!("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n{number}"));
        }
        peer.request();
    });
    let front = serve(app(Upstream::new(&fake.url()).keep_alive(Duration::from_secs(20))));
    let mut client = front.connect();
    let mut answers = String::new();
    for method in ["GET", "GET", "GET", "PUT", "POST", "GET"] {
        let length = if method == "GET" { "" } else { "Content-Length: 0\r\n" };
        client.send(format!("{method} /there HTTP/1.1\r\nHost: a\r\n{length}\r\n"));
        let head = client.until("\r\n\r\n").unwrap();
        assert!(head.starts_with("HTTP/1.1 200"), "{head}");
        while client.buffer.is_empty() {
            client.more();
        }
        answers.push(client.buffer.remove(0).into());
        // The connection's own task sees the end of the answer at its leisure.
        thread::sleep(Duration::from_millis(150));
    }
    // The third GET dies on connection 0 and is repeated on 1; a POST always has one of its own.
    assert_eq!(answers, "001122");
}

#[test]
fn what_may_not_be_repeated_is_not() {
    let fake = Fake::start(|peer| {
        peer.request();
    });
    let front = Front::of(&fake);
    let post = "POST /there HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 1\r\n\r\nx";
    assert!(front.talk(post).starts_with("HTTP/1.1 502"));
    // Nor is what may be, on a connection that was new.
    assert!(front.get("/there").starts_with("HTTP/1.1 502"));
    assert_eq!(fake.heads().len(), 2);
}

#[test]
fn an_upstream_that_is_away_or_slow_is_answered_by_the_error_handlers() {
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let mut away = app(Upstream::new(&format!("http://{free}")));
    away.errorhandler(502, |e: Error| {
        let source = e.http().and_then(|http| std::error::Error::source(http)).map(ToString::to_string);
        (format!("{}: {}", request().path(), source.unwrap_or_default()), 502)
    });
    let answer = serve(away).get("/there");
    let expected = format!("/there: the upstream http://{free} cannot be reached: Connection refused");
    assert!(answer.starts_with("HTTP/1.1 502") && answer.contains(&expected), "{answer}");

    let silent = Fake::start(|peer| {
        peer.rest();
    });
    let limit = Duration::from_millis(300);
    let mut slow = app(Upstream::new(&silent.url()).response_timeout(limit));
    slow.errorhandler(504, |_: Error| ("too slow", 504));
    let front = serve(slow);
    let start = Instant::now();
    let answer = front.get("/there");
    assert!(answer.starts_with("HTTP/1.1 504") && answer.ends_with("too slow"), "{answer}");
    assert!(start.elapsed() >= limit);
    assert!(front.get("/here").ends_with("here"));
}

#[test]
fn the_time_for_an_answer_counts_from_the_last_piece_of_the_request() {
    let fake = Fake::start(|peer| {
        peer.request();
        peer.send(OK);
    });
    let front = serve(app(Upstream::new(&fake.url()).response_timeout(Duration::from_secs(1))));
    let mut client = front.connect();
    client.send("POST /there HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 8\r\n\r\n");
    for _ in 0..8 {
        thread::sleep(Duration::from_millis(200));
        client.send("x");
    }
    assert!(client.rest().ends_with("there"));
}

#[test]
fn an_answer_that_stands_still_breaks_off_so_that_the_client_can_tell() {
    let fake = Fake::start(|peer| {
        peer.head();
        peer.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
        for _ in 0..4 {
            thread::sleep(Duration::from_millis(300));
            peer.send("4\r\ntick\r\n");
        }
        peer.rest();
    });
    let front = serve(app(Upstream::new(&fake.url()).idle_timeout(Duration::from_secs(1))));
    let answer = front.get("/events");
    assert_eq!(answer.matches("tick").count(), 4, "{answer}");
    assert!(!answer.ends_with("0\r\n\r\n"), "{answer}");
    // So does one that ends too early.
    let fake = Fake::start(|peer| {
        peer.head();
        peer.send("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort");
        thread::sleep(Duration::from_millis(100));
    });
    assert!(Front::of(&fake).get("/file").ends_with("short"));
}

#[test]
fn a_client_that_leaves_in_the_middle_of_its_body_leaves_the_upstream_without_the_rest() {
    let (sender, seen) = std::sync::mpsc::channel();
    let sender = Mutex::new(sender);
    let fake = Fake::start(move |peer| {
        peer.head();
        let _ = sender.lock().unwrap().send(peer.rest());
    });
    let front = Front::of(&fake);
    let mut client = front.connect();
    client.send("POST /there HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\npart");
    thread::sleep(Duration::from_millis(100));
    drop(client);
    assert_eq!(seen.recv_timeout(Duration::from_secs(10)).unwrap(), "part");
}

#[test]
fn a_client_that_leaves_in_the_middle_of_an_answer_ends_it_there_too() {
    let (sender, seen) = std::sync::mpsc::channel();
    let sender = Mutex::new(sender);
    let fake = Fake::start(move |peer| {
        peer.head();
        peer.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
        while peer.stream.write_all(b"4\r\ntick\r\n").is_ok() {
            thread::sleep(Duration::from_millis(20));
        }
        let _ = sender.lock().unwrap().send(());
    });
    let front = Front::of(&fake);
    let mut client = front.connect();
    client.send("GET /events HTTP/1.1\r\nHost: a\r\n\r\n");
    client.until("tick").unwrap();
    drop(client);
    seen.recv_timeout(Duration::from_secs(10)).unwrap();
}

#[test]
fn an_answer_may_come_before_the_request_is_complete() {
    let (sender, seen) = std::sync::mpsc::channel();
    let sender = Mutex::new(sender);
    let fake = Fake::start(move |peer| {
        peer.head();
        peer.until("part");
        peer.send("HTTP/1.1 413 Too Large\r\nContent-Length: 5\r\n\r\nenoug");
        let _ = sender.lock().unwrap().send(peer.rest());
    });
    let front = Front::of(&fake);
    let mut client = front.connect();
    client.send("POST /there HTTP/1.1\r\nHost: a\r\nContent-Length: 100000000\r\n\r\npart");
    let answer = client.until("enoug").unwrap();
    assert!(answer.starts_with("HTTP/1.1 413"), "{answer}");
    // What the client still sends is not waited for: long before its time for that is over the upstream is let go.
    assert_eq!(seen.recv_timeout(Duration::from_secs(5)).as_deref(), Ok(""));
    assert_eq!(client.rest(), "");
}

#[test]
fn no_more_of_a_body_is_taken_than_the_other_side_takes() {
    // Sockets hold some megabytes on their own; a body that piles up in between would be taken whole.
    const WHOLE: usize = 256 << 20;
    const SOCKETS: usize = 48 << 20;
    let written = |stream: &mut TcpStream| {
        stream.set_write_timeout(Some(Duration::from_millis(700))).unwrap();
        let chunk = vec![b'x'; 1 << 20];
        let mut total = 0;
        while total < WHOLE {
            match stream.write(&chunk) {
                Ok(n) => total += n,
                Err(_) => break,
            }
        }
        total
    };
    let (sender, seen) = std::sync::mpsc::channel();
    let sender = Mutex::new(sender);
    let fake = Fake::start(move |peer| {
        if peer.head().unwrap().starts_with("POST") {
            thread::sleep(Duration::from_secs(20));
        }
        peer.send(format!("HTTP/1.1 200 OK\r\nContent-Length: {WHOLE}\r\n\r\n"));
        sender.lock().unwrap().send(written(&mut peer.stream)).unwrap();
    });
    let front = Front::of(&fake);
    let mut client = front.connect();
    client.send(format!("POST /there HTTP/1.1\r\nHost: a\r\nContent-Length: {WHOLE}\r\n\r\n"));
    let up = written(&mut client.stream);
    assert!(up < SOCKETS, "{up}");
    let mut client = front.connect();
    client.send("GET /there HTTP/1.1\r\nHost: a\r\n\r\n");
    let down = seen.recv_timeout(Duration::from_secs(20)).unwrap();
    assert!(down < SOCKETS, "{down}");
}

#[test]
fn a_request_that_goes_in_a_circle_ends() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let mut app = app(Upstream::new(&format!("http://{address}")));
    let config = ServerConfig::new().workers(1);
    let listener = carboy_server::Listener::from_tcp(listener).unwrap();
    let server = Server::new(config).listeners(vec![listener]).start(app.build().unwrap()).unwrap();
    let front = Front { _server: server, address };
    assert!(front.get("/there").starts_with("HTTP/1.1 502"));
}

#[cfg(unix)]
#[test]
fn an_upstream_may_listen_on_a_unix_socket() {
    let path = std::env::temp_dir().join(format!("carboy-upstream-{}.sock", std::process::id()));
    let _ = std::fs::remove_file(&path);
    let listener = std::os::unix::net::UnixListener::bind(&path).unwrap();
    thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut head = [0; 4096];
        let n = stream.read(&mut head).unwrap();
        let head = String::from_utf8_lossy(&head[..n]).into_owned();
        let host = field(&head, "host").unwrap().to_owned();
        stream.write_all(format!("HTTP/1.0 200 OK\r\n\r\nhost {host}").as_bytes()).unwrap();
    });
    let front = serve(app(Upstream::new(&format!("unix:{}", path.display()))));
    let answer = front.get("/there");
    assert!(answer.contains("host shop.example"), "{answer}");
    std::fs::remove_file(&path).unwrap();
}

#[test]
fn an_address_that_cannot_be_used_is_one_sentence_when_the_app_is_built() {
    for (address, sentence) in [
        (
            "127.0.0.1:5001",
            "the app 'front' cannot start: the upstream's address '127.0.0.1:5001' must be like \
             http://127.0.0.1:5001 or unix:/run/flask.sock",
        ),
        (
            "https://flask.example",
            "the app 'front' cannot start: the upstream 'https://flask.example' is not reached by HTTPS: let it \
             listen on this machine or in a network of its own, and write http://",
        ),
    ] {
        assert_eq!(app(Upstream::new(address)).build().map(drop).unwrap_err().to_string(), sentence);
    }
}

#[test]
fn check_tells_whether_the_upstream_is_there() {
    let check = |url: &str| app(Upstream::new(url)).test_cli_runner().invoke(["check"]);
    let fake = Fake::saying("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n");
    let result = check(&format!("{}/base", fake.url()));
    assert_eq!((result.exit_code, result.output.trim()), (0, "front: no problem found"));
    assert!(fake.last_head().starts_with("HEAD /base/ HTTP/1.1\r\n"));
    let fake = Fake::saying("HTTP/1.1 500 Oops\r\nContent-Length: 0\r\n\r\n");
    let result = check(&fake.url());
    assert!(
        result.output.contains(&format!("- the upstream {} answers with status 500", fake.url())),
        "{}",
        result.output
    );
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let result = check(&format!("http://{free}"));
    assert_eq!(result.exit_code, 1);
    assert!(
        result
            .output
            .contains(&format!("- the upstream http://{free} cannot be reached: Connection refused")),
        "{}",
        result.output
    );
}

#[test]
fn a_file_of_external_routes_that_cannot_be_used_is_one_sentence_when_the_app_is_built() {
    let root = std::env::temp_dir().join(format!("carboy-external-{}", std::process::id()));
    std::fs::create_dir_all(&root).unwrap();
    let written = |text: &str| {
        std::fs::write(root.join("routes.json"), text).unwrap();
        let mut app = App::new("front");
        app.root_path(&root).external_routes("routes.json");
        app.build().map(drop).unwrap_err().to_string()
    };
    let file = root.join("routes.json").display().to_string();
    let head = r#"{"carboy_routes": 1, "host_matching": false, "rules": "#;
    let of = |why: &str| format!("the app 'front' cannot start: the file of external routes '{file}' {why}");
    let not_ours = |why: &str| of(&format!("is not what carboy_routes.py writes: {why}"));
    assert_eq!(written("Usage: flask"), not_ours("expected value at line 1 column 1"));
    assert_eq!(written("{}"), not_ours("missing field `carboy_routes` at line 1 column 2"));
    assert_eq!(
        written(r#"{"carboy_routes": 2}"#),
        of(
            "has format 2, and this carboy reads format 1: write it again with the carboy_routes.py of this version"
        )
    );
    assert_eq!(
        written(&format!("{head}3}}")),
        not_ours("invalid type: integer `3`, expected a sequence at line 1 column 55")
    );
    assert_eq!(
        written(
            &head
                .replace("false", "true")
                .replace(": \"rules\": ", "")
                .replace("\"rules\": ", "\"rules\": []}")
        ),
        of("is of an application that matches by host, and this one matches by subdomain")
    );
    assert_eq!(
        written(&format!(r#"{head}[{{"rule": "/<x", "endpoint": "x"}}]}}"#)),
        of("has the rule '/<x' of 'x': malformed url rule: '/<x'")
    );
    assert_eq!(
        written(&format!(r#"{head}[{{"rule": "/", "endpoint": "x", "defaults": {{"a": []}}}}]}}"#)),
        of("has the rule '/' of 'x': the default 'a' is no plain value: []")
    );
    std::fs::remove_file(root.join("routes.json")).unwrap();
    let mut app = App::new("front");
    app.root_path(&root).external_routes("routes.json");
    let error = app.build().map(drop).unwrap_err().to_string();
    assert!(error.starts_with(&of("cannot be read: No such file")), "{error}");
    std::fs::remove_dir_all(&root).unwrap();
}

#[tokio::test]
async fn a_request_of_http2_becomes_one_of_http1() {
    let fake = Fake::saying(
        "HTTP/1.1 200 OK\r\nConnection: keep-alive\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nthere\r\n0\r\n\r\n",
    );
    let front = Front::of(&fake);
    let stream = tokio::net::TcpStream::connect(front.address).await.unwrap();
    let io = hyper_util::rt::TokioIo::new(stream);
    let executor = hyper_util::rt::TokioExecutor::new();
    let (mut sender, connection) = hyper::client::conn::http2::handshake(executor, io).await.unwrap();
    tokio::spawn(connection);
    let request = http::Request::put("http://shop.example/there?q")
        .header("cookie", "a=1")
        .header("cookie", "b=2")
        .header("upgrade", "websocket")
        .header("content-length", "0")
        .body(carboy::Body::empty())
        .unwrap();
    let response = sender.send_request(request).await.unwrap();
    assert_eq!(response.status(), 200);
    assert!(
        response.headers().get("connection").is_none()
            && response.headers().get("transfer-encoding").is_none()
    );
    let body = http_body_util::BodyExt::collect(response.into_body()).await.unwrap().to_bytes();
    assert_eq!(body, "there");
    let head = fake.last_head();
    assert!(head.starts_with("PUT /there?q HTTP/1.1\r\n"), "{head}");
    assert_eq!((fields(&head, "cookie"), fields(&head, "host")), (vec!["a=1; b=2"], vec!["shop.example"]));
    assert_eq!((field(&head, "upgrade"), field(&head, "x-forwarded-host")), (None, Some("shop.example")));
}
