//! WebSocket rules through the test client: routing, arguments, hooks, errors, messages, the end.
#![cfg(feature = "websocket")]

use carboy::{
    App, Blueprint, Result,
    prelude::*,
    websocket::{Message, WebSocketErrorKind, WebSocketSender},
};
use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    thread,
    time::{Duration, Instant},
};

/// What has happened, in order.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<String>>>);

impl Log {
    fn say(&self, what: impl Into<String>) {
        self.0.lock().unwrap().push(what.into());
    }

    fn all(&self) -> Vec<String> {
        self.0.lock().unwrap().clone()
    }
}

#[websocket("/echo")]
async fn echo(mut socket: WebSocket) -> Result<()> {
    while let Some(message) = socket.recv().await? {
        socket.send(message).await?;
    }
    Ok(())
}

/// Says hello.
#[websocket("/greet/<int:n>/<name>", defaults(times = 1))]
async fn greet(socket: WebSocket, n: u8, name: String, times: u32) {
    let (sender, _) = socket.split();
    let _ = sender.send(format!("{n} {name} {times} {}", request().path())).await;
}

#[websocket("/private")]
async fn private(mut socket: WebSocket) -> Result<()> {
    let user: String = session().get("user").or_abort(401)?;
    if user == "mallory" {
        abort((403u16, "not you"))?;
    }
    session().set("seen", true);
    g().set("user", user);
    while let Some(message) = socket.recv().await? {
        let user: Option<String> = g().get("user");
        let seen: Option<bool> = session().get("seen");
        socket.send(format!("{user:?} {seen:?} {message:?}")).await?;
    }
    Ok(())
}

#[get("/page")]
fn page() -> String {
    url_for!(greet, n = 3, name = "a b", times = 1u32)
}

fn app() -> App {
    let mut app = App::new("sockets");
    app.config().set("SECRET_KEY", "dev");
    app.routes(routes![echo, greet, private, page]);
    app
}

fn text(message: Option<Message>) -> String {
    message.expect("a message came").as_text().expect("a text").to_owned()
}

#[test]
fn messages_go_both_ways_as_text_and_as_bytes() {
    let mut socket = app().test_client().websocket("/echo").connect();
    socket.send("grüß dich");
    assert_eq!(text(socket.recv()), "grüß dich");
    socket.send(vec![0, 255]);
    let message = socket.recv().unwrap();
    assert_eq!((message.is_text(), message.as_bytes(), message.as_text()), (false, &[0, 255][..], None));
    socket.send("");
    assert!(socket.recv().unwrap().is_empty());
    // As much as may be, in one piece of the largest size and more than fits on the way at once.
    let long = "x".repeat(256 * 1024);
    socket.send(long.as_str());
    assert_eq!(text(socket.recv()), long);
    assert_eq!(socket.close(1000, "bye").code(), 1000);
}

#[test]
fn a_rule_has_converters_defaults_and_arguments_as_any_other() {
    let client = app().test_client();
    let mut socket = client.websocket("/greet/7/Ada%20L").connect();
    assert_eq!(text(socket.recv()), "7 Ada L 1 /greet/7/Ada L");
    assert_eq!(socket.recv(), None);
    assert_eq!(socket.closed().unwrap().code(), 1000);
    // 300 is no `u8`, `x` is no number.
    assert_eq!(client.websocket("/greet/300/a").try_connect().unwrap_err().status(), 404);
    assert_eq!(client.websocket("/greet/x/a").try_connect().unwrap_err().status(), 404);
    assert_eq!(client.websocket("/nowhere").try_connect().unwrap_err().status(), 404);
}

#[test]
fn urls_of_websockets_are_absolute_with_their_own_scheme() {
    let client = app().test_client();
    assert_eq!(client.get("/page").send().text(), "ws://localhost/greet/3/a%20b");
    assert_eq!(
        client.get("/page").base_url("https://shop.example").send().text(),
        "wss://shop.example/greet/3/a%20b"
    );
}

#[test]
fn a_page_is_no_websocket_and_a_websocket_no_page() {
    let client = app().test_client();
    assert_eq!(client.get("/echo").send().status(), 400);
    assert_eq!(client.websocket("/page").try_connect().unwrap_err().status(), 400);
    assert_eq!(client.post("/echo").send().status(), 405);
}

#[test]
fn what_is_raised_before_the_handshake_is_an_ordinary_answer_and_goes_through_the_error_handlers() {
    let mut app = app();
    app.errorhandler(403, |error: Error| (format!("handled: {}", error.http().unwrap().description()), 403));
    let client = app.test_client();
    assert_eq!(client.websocket("/private").try_connect().unwrap_err().status(), 401);
    client.session(|session| session.set("user", "mallory"));
    let refused = client.websocket("/private").try_connect().unwrap_err();
    assert_eq!((refused.status().as_u16(), refused.text().as_str()), (403, "handled: not you"));
}

#[test]
fn the_session_is_read_and_a_change_before_the_handshake_is_saved_with_it() {
    let client = app().test_client();
    client.session(|session| session.set("user", "ada"));
    let mut socket = client.websocket("/private").connect();
    assert!(socket.header("set-cookie").is_some());
    socket.send("hi");
    assert_eq!(text(socket.recv()), r#"Some("ada") Some(true) Text("hi")"#);
    socket.close(1000, "");
    assert_eq!(client.session(|session| session.get::<bool>("seen")), Some(true));
}

#[test]
fn hooks_run_once_around_the_connection() {
    let log = Log::default();
    let (before, after, teardown, closed) = (log.clone(), log.clone(), log.clone(), log.clone());
    let mut blueprint = Blueprint::new("rooms");
    let handler = log.clone();
    let view = websocket::websocket(move |mut socket, args| {
        let log = handler.clone();
        async move {
            let name: String = args.get("name")?;
            log.say("handler");
            while let Some(message) = socket.recv().await? {
                log.say(format!("{name}: {}", message.as_text().unwrap()));
                socket.send(message).await?;
            }
            log.say(format!("end: {}", socket.closed().unwrap().code()));
            Ok::<_, Error>(())
        }
    });
    let options = carboy::RuleOptions { websocket: true, ..Default::default() };
    blueprint.add_url_rule("/<name>", "room", view, options);
    blueprint.before_request(move || before.say(format!("before {}", request().endpoint().unwrap())));
    blueprint.after_request(move |response: Response| {
        after.say(format!("after {}", response.status().as_u16()));
        response
    });
    blueprint
        .teardown_request(move |error: Option<Error>| teardown.say(format!("teardown {}", error.is_some())));
    let mut app = app();
    app.teardown_appcontext(move |_: Option<Error>| closed.say("closed"));
    app.register_with(
        blueprint,
        carboy::BlueprintOptions { url_prefix: Some("/rooms".into()), ..Default::default() },
    );
    let mut socket = app.test_client().websocket("/rooms/tea").connect();
    socket.send("one");
    socket.recv().unwrap();
    assert_eq!(log.all(), ["before rooms.room", "handler", "after 101", "tea: one"]);
    socket.close(4001, "enough");
    assert_eq!(log.all()[4..], ["end: 4001", "teardown false", "closed"]);
}

#[test]
fn a_before_request_function_that_answers_keeps_the_connection_closed() {
    let mut app = app();
    app.before_request(|| Some(("login first", 401)));
    let refused = app.test_client().websocket("/echo").try_connect().unwrap_err();
    assert_eq!((refused.status().as_u16(), refused.text().as_str()), (401, "login first"));
}

#[test]
fn an_after_request_function_that_answers_otherwise_ends_the_handler() {
    let mut app = app();
    let ended = Arc::new(AtomicUsize::new(0));
    let teardown = ended.clone();
    app.after_request(|_: Response| {
        Response::text("changed my mind").with_status(carboy::StatusCode::SERVICE_UNAVAILABLE)
    });
    app.teardown_request(move |_: Option<Error>| {
        teardown.fetch_add(1, SeqCst);
    });
    let service = app.testing().build().unwrap();
    let refused = service.test_client().websocket("/echo").try_connect().unwrap_err();
    assert_eq!((refused.status().as_u16(), refused.text().as_str()), (503, "changed my mind"));
    assert_eq!((ended.load(SeqCst), service.state().open_websockets()), (1, 0));
}

#[test]
fn pages_of_other_origins_are_refused() {
    let client = app().test_client();
    let status = |origin: &str, secure: bool| {
        let handshake = client.websocket("/echo").header("origin", origin);
        let handshake = if secure { handshake.secure() } else { handshake };
        handshake.try_connect().map_or_else(|refused| refused.status().as_u16(), |_| 101)
    };
    assert_eq!(status("http://localhost", false), 101);
    assert_eq!(status("http://LOCALHOST:80", false), 101);
    // A proxy may speak https with the browser and http with the app.
    assert_eq!(status("https://localhost", false), 101);
    assert_eq!(status("https://localhost", true), 101);
    for (origin, secure) in [
        ("http://localhost", true),
        ("http://localhost:8080", false),
        ("http://localhost.evil.example", false),
        ("https://evil.example", false),
        ("null", false),
        ("", false),
    ] {
        assert_eq!(status(origin, secure), 403, "{origin} {secure}");
    }
    let mut app = app();
    app.config().set("WEBSOCKET_ORIGINS", ["https://app.example"]);
    let client = app.test_client();
    let open = |origin: &str| client.websocket("/echo").header("origin", origin).try_connect().is_ok();
    assert!(open("https://app.example") && open("http://localhost") && !open("https://evil.example"));
}

#[test]
fn a_handshake_that_is_none_is_refused() {
    let client = app().test_client();
    let refused = |name: &str, value: &str| {
        let handshake = client.websocket("/echo").header(name, value);
        handshake.try_connect().unwrap_err()
    };
    let version = refused("sec-websocket-version", "8");
    assert_eq!((version.status().as_u16(), version.header("sec-websocket-version")), (426, Some("13")));
    assert_eq!(version.header("upgrade"), Some("websocket"));
    assert_eq!(refused("sec-websocket-key", "short").status(), 400);
    assert_eq!(refused("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZSE=").status(), 400);
    assert_eq!(refused("connection", "close").status(), 400);
    // What a client without a connection of its own asks for.
    let upgrade = client.get("/echo").header("upgrade", "websocket").header("connection", "upgrade");
    let answer =
        upgrade.header("sec-websocket-version", "13").header("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==");
    assert_eq!(answer.send().status(), 501);
}

#[test]
fn a_subprotocol_is_chosen_from_those_that_are_offered() {
    let mut app = App::new("protocols");
    let view = websocket::websocket(|mut socket, _| async move {
        let chosen = socket.choose_subprotocol(&["chat.v2", "chat.v1"]);
        socket.send(format!("{chosen:?} of {:?}", socket.offered_subprotocols())).await?;
        assert_eq!(socket.choose_subprotocol(&["chat.v1"]), None, "it is too late");
        Ok::<_, Error>(())
    });
    app.add_url_rule("/", "socket", view, carboy::RuleOptions { websocket: true, ..Default::default() });
    let client = app.test_client();
    let mut socket = client.websocket("/").header("sec-websocket-protocol", "x, chat.v1 ,chat.v2").connect();
    assert_eq!(socket.subprotocol(), Some("chat.v2"));
    assert_eq!(text(socket.recv()), r#"Some("chat.v2") of ["x", "chat.v1", "chat.v2"]"#);
    let mut socket = client.websocket("/").connect();
    assert_eq!(socket.subprotocol(), None);
    assert_eq!(text(socket.recv()), "None of []");
}

/// An app with one handler.
fn with<F, R>(handler: F) -> App
where
    F: Fn(WebSocket, carboy::view::Args) -> R + Send + Sync + 'static,
    R: Future<Output = Result<()>> + Send + 'static,
{
    let mut app = App::new("one");
    let options = carboy::RuleOptions { websocket: true, ..Default::default() };
    app.add_url_rule("/", "socket", websocket::websocket(handler), options);
    app
}

#[test]
fn an_error_or_a_panic_closes_with_1011_and_reaches_the_signal_and_teardown() {
    for panics in [false, true] {
        let log = Log::default();
        let (signal, teardown) = (log.clone(), log.clone());
        let mut app = with(move |mut socket, _| async move {
            socket.recv().await?;
            if panics {
                panic!("fell over");
            }
            Err(Error::msg("went wrong"))
        });
        let _ = app
            .signals()
            .got_request_exception
            .connect(move |error: &Error| signal.say(format!("signal: {error}")));
        app.teardown_request(move |error: Option<Error>| {
            teardown.say(format!("teardown: {}", error.unwrap()))
        });
        let client = app.test_client();
        let mut socket = client.propagate_errors(false).websocket("/").connect();
        socket.send("go");
        assert_eq!(socket.recv(), None);
        assert_eq!(socket.closed().unwrap().code(), 1011);
        let what = if panics { "panicked: fell over" } else { "went wrong" };
        assert_eq!(log.all(), [format!("signal: {what}"), format!("teardown: {what}")]);
    }
}

#[test]
#[should_panic(expected = "the handler failed: went wrong")]
fn what_a_handler_raises_is_raised_in_the_test() {
    let mut app = with(|mut socket, _| async move {
        socket.accept().await?;
        Err(Error::msg("went wrong"))
    });
    app.test_client().websocket("/").connect().recv();
}

#[test]
#[should_panic(expected = "too early")]
fn what_a_handler_raises_before_the_handshake_is_raised_in_the_test() {
    with(|_, _| async { Err(Error::msg("too early")) }).test_client().websocket("/").connect();
}

#[test]
fn an_http_error_of_the_clients_closes_with_1008_and_its_text() {
    let mut app = with(|mut socket, _| async move {
        socket.accept().await?;
        abort((403u16, "you were banned"))
    });
    let mut socket = app.test_client().websocket("/").connect();
    assert_eq!(socket.recv(), None);
    let close = socket.closed().unwrap();
    assert_eq!((close.code(), close.reason()), (1008, "you were banned"));
}

#[test]
fn a_message_that_is_not_the_json_that_was_expected_closes_with_1007() {
    let mut app = with(|mut socket, _| async move {
        while let Some(n) = socket.recv_json::<u32>().await? {
            socket.send_json(&(n + 1)).await?;
        }
        Ok(())
    });
    let mut socket = app.test_client().websocket("/").connect();
    socket.send_json(&1);
    assert_eq!(socket.recv_json::<u32>(), 2);
    socket.send("{");
    assert_eq!(socket.recv(), None);
    assert_eq!(socket.closed().unwrap().code(), 1007);
}

#[test]
fn a_handler_closes_with_a_code_and_a_text_of_its_own() {
    let mut app = with(|mut socket, _| async move {
        socket.send("last words").await?;
        socket.close(4000, "game over").await;
        assert!(socket.send("too late").await.is_err_and(|e| e.kind() == WebSocketErrorKind::Closed));
        Ok(())
    });
    let mut socket = app.test_client().websocket("/").connect();
    assert_eq!(text(socket.recv()), "last words");
    assert_eq!(socket.recv(), None);
    let close = socket.closed().unwrap();
    assert_eq!((close.code(), close.reason()), (4000, "game over"));
}

#[test]
fn a_handler_that_never_waits_for_its_socket_is_closed_with_1000() {
    let mut app = with(|_, _| async { Ok(()) });
    let mut socket = app.test_client().websocket("/").connect();
    assert_eq!(socket.recv(), None);
    assert_eq!(socket.closed().unwrap().code(), 1000);
}

/// Waits until something is so.
fn until(what: &str, so: impl Fn() -> bool) {
    let end = Instant::now() + Duration::from_secs(10);
    while !so() {
        assert!(Instant::now() < end, "{what}");
        thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn a_client_that_vanishes_ends_the_handler_and_teardown_runs_once() {
    // One handler listens to its socket, the other one does not.
    for listens in [true, false] {
        let torn = Arc::new(AtomicUsize::new(0));
        let teardown = torn.clone();
        let mut app = with(move |mut socket, _| async move {
            socket.send("hello").await?;
            if listens {
                assert_eq!(socket.recv().await?, None);
                assert_eq!(socket.closed().unwrap().code(), 1006);
                return Ok(());
            }
            std::future::pending().await
        });
        app.config().set("WEBSOCKET_CLOSE_TIMEOUT", 0.2);
        app.teardown_request(move |error: Option<Error>| {
            assert!(error.is_none());
            teardown.fetch_add(1, SeqCst);
        });
        let service = app.testing().build().unwrap();
        let mut socket = service.test_client().websocket("/").connect();
        assert_eq!(text(socket.recv()), "hello");
        assert_eq!((torn.load(SeqCst), service.state().open_websockets()), (0, 1));
        drop(socket);
        until("the connection has ended", || service.state().open_websockets() == 0);
        assert_eq!(torn.load(SeqCst), 1);
    }
}

#[test]
fn a_sender_is_kept_elsewhere_and_never_waits_longer_than_it_wants() {
    static SENDERS: Mutex<Vec<WebSocketSender>> = Mutex::new(Vec::new());
    let mut app = with(|mut socket, _| async move {
        SENDERS.lock().unwrap().push(socket.sender());
        while let Some(message) = socket.recv().await? {
            for sender in SENDERS.lock().unwrap().iter() {
                let _ = sender.try_send(message.clone());
            }
        }
        Ok(())
    });
    app.config().set("WEBSOCKET_SEND_BUFFER", 100_000);
    let client = app.test_client();
    let mut sockets: Vec<_> = (0..3).map(|_| client.websocket("/").connect()).collect();
    until("all are there", || SENDERS.lock().unwrap().len() == 3);
    sockets[1].send("to all");
    assert!(sockets.iter_mut().all(|socket| text(socket.recv()) == "to all"));
    // A client that does not read: what waits for it is bounded, and nobody else notices.
    let slow = SENDERS.lock().unwrap()[0].clone();
    let refused = (0..1000).find_map(|_| slow.try_send("x".repeat(10_000)).err()).unwrap();
    assert_eq!(refused.kind(), WebSocketErrorKind::Full);
    let other = SENDERS.lock().unwrap()[2].clone();
    other.try_send("still here").unwrap();
    assert_eq!(text(sockets[2].recv()), "still here");
    sockets.clear();
    until("it is closed", || !slow.is_open());
    assert_eq!(slow.try_send("x").unwrap_err().kind(), WebSocketErrorKind::Closed);
}

#[test]
fn a_handler_that_sends_waits_for_a_client_that_does_not_read() {
    let sent = Arc::new(AtomicUsize::new(0));
    let count = sent.clone();
    let mut app = with(move |mut socket, _| {
        let count = count.clone();
        async move {
            for n in 0..1000u32 {
                socket.send(vec![n as u8; 10_000]).await?;
                count.fetch_add(1, SeqCst);
            }
            Ok(())
        }
    });
    app.config().set("WEBSOCKET_SEND_BUFFER", 50_000);
    let mut socket = app.test_client().websocket("/").connect();
    thread::sleep(Duration::from_millis(200));
    // The pipe of the test holds 64 KiB, the protocol one message more.
    assert!(sent.load(SeqCst) < 20, "{} messages are somewhere", sent.load(SeqCst));
    for n in 0..1000u32 {
        assert_eq!(socket.recv().unwrap().as_bytes(), vec![n as u8; 10_000]);
    }
    assert_eq!(socket.recv(), None);
}

#[test]
fn connections_are_counted_by_user_and_by_address() {
    let mut app = with(|mut socket, _| async move {
        let user = request().args().get::<String>("user");
        socket.limit(("user", user), 2)?;
        while socket.recv().await?.is_some() {}
        Ok(())
    });
    app.config().set("WEBSOCKET_MAX_PER_CLIENT", 3);
    let client = app.test_client();
    let open = |user: &str, address: &str| {
        let handshake = client.websocket("/").query([("user", user)]).remote_addr(address.parse().unwrap());
        handshake.try_connect().map_err(|refused| refused.status().as_u16())
    };
    let mut first = open("ada", "10.0.0.1:1").unwrap();
    let _second = open("ada", "10.0.0.2:1").unwrap();
    assert_eq!(open("ada", "10.0.0.3:1").unwrap_err(), 429);
    let _others = [open("bob", "10.0.0.1:2").unwrap(), open("eve", "10.0.0.1:3").unwrap()];
    assert_eq!(open("joe", "10.0.0.1:4").unwrap_err(), 429);
    // Those that were refused are not counted, those that ended not any more.
    first.close(1000, "");
    let _third = open("ada", "10.0.0.1:5").unwrap();
}

#[test]
fn a_websocket_of_a_mounted_app_and_behind_layers_works() {
    let inner = app().testing().build().unwrap();
    let mut outer = App::new("outer");
    outer.mount("/inner", inner);
    outer.middleware(|request: Request, next: Next| async move { next.run(request).await });
    outer.layer(tower_http::set_header::SetResponseHeaderLayer::if_not_present(
        carboy::HeaderName::from_static("x-layer"),
        carboy::HeaderValue::from_static("seen"),
    ));
    let mut socket = outer.test_client().websocket("/inner/greet/1/x").connect();
    assert_eq!(socket.header("x-layer"), Some("seen"));
    assert_eq!(text(socket.recv()), "1 x 1 /greet/1/x");
}

#[test]
fn a_socket_is_a_stream_and_its_halves_go_apart() {
    use futures_util::StreamExt;
    let mut app = with(|socket, _| async move {
        let (sender, receiver) = socket.split();
        let texts: Vec<_> =
            receiver.take(2).map(|message| message.unwrap().as_text().unwrap().to_owned()).collect().await;
        // Nobody receives any more, so this does not fill anything.
        sender.send(texts.join("+")).await?;
        let closed = tokio::time::sleep(Duration::from_secs(30));
        closed.await;
        Ok(())
    });
    app.config().set("WEBSOCKET_CLOSE_TIMEOUT", 0.2);
    let mut socket = app.test_client().websocket("/").connect();
    socket.send("a");
    socket.send("b");
    assert_eq!(text(socket.recv()), "a+b");
    for _ in 0..100 {
        socket.send("x".repeat(10_000));
    }
    assert_eq!(socket.close(1000, "").code(), 1000);
}
