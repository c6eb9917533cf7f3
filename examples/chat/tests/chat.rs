//! The chat: through the test client, and by two people in a real browser.

use carboy::testing::{TestClient, TestWebSocket};
use carboy_testkit::{Browser, Process};
use serde_json::{Value, json};
use std::{
    process::Command,
    thread,
    time::{Duration, Instant},
};

fn service() -> carboy::AppService {
    let mut app = chat::create_app();
    app.config().set("SECRET_KEY", "dev");
    app.testing().build().unwrap()
}

fn called(service: &carboy::AppService, name: &str) -> TestClient {
    let client = service.test_client();
    client.post("/name").form([("name", name)]).send();
    client
}

fn line(who: &str, text: &str) -> Value {
    json!({ "kind": "line", "who": who, "text": text })
}

fn here(who: &[&str], note: &str) -> Value {
    json!({ "kind": "here", "who": who, "note": note })
}

fn hear(socket: &mut TestWebSocket) -> Value {
    socket.recv_json()
}

#[test]
fn who_has_no_name_is_sent_back_and_hears_nothing() {
    let client = service().test_client();
    assert_eq!(client.get("/room/tea").send().location(), Some("/"));
    assert!(client.get("/").send().text().contains("Say who you are first."));
    assert_eq!(client.websocket("/room/tea/talk").try_connect().unwrap_err().status(), 401);
}

#[test]
fn what_one_says_all_in_the_room_hear_and_nobody_else() {
    let service = service();
    let (ada, bob) = (called(&service, "Ada"), called(&service, "Bob"));
    let mut first = ada.websocket("/room/tea/talk").connect();
    assert_eq!(hear(&mut first), here(&["Ada"], "Ada came in"));
    let mut elsewhere = ada.websocket("/room/coffee/talk").connect();
    assert_eq!(hear(&mut elsewhere), here(&["Ada"], "Ada came in"));
    first.send_json(&json!({ "text": "  hello <b>  " }));
    assert_eq!(hear(&mut first), line("Ada", "hello <b>"));

    // Who comes later is shown what was said.
    let mut second = bob.websocket("/room/tea/talk").connect();
    assert_eq!(hear(&mut second), line("Ada", "hello <b>"));
    for socket in [&mut first, &mut second] {
        assert_eq!(hear(socket), here(&["Ada", "Bob"], "Bob came in"));
    }
    assert!(ada.get("/").send().text().contains("2 people"));
    second.send_json(&json!({ "text": "hi" }));
    for socket in [&mut first, &mut second] {
        assert_eq!(hear(socket), line("Bob", "hi"));
    }
    drop(first);
    assert_eq!(hear(&mut second), here(&["Bob"], "Ada left"));
    second.close(1000, "");
    elsewhere.close(1000, "");
    assert!(ada.get("/").send().text().contains("Nobody is talking yet."));
}

#[test]
fn nonsense_closes_the_connection_of_who_sends_it() {
    let service = service();
    let mut socket = called(&service, "Ada").websocket("/room/tea/talk").connect();
    hear(&mut socket);
    socket.send("nonsense");
    assert_eq!(socket.recv(), None);
    assert_eq!(socket.closed().unwrap().code(), 1007);
}

#[test]
fn pages_of_other_sites_cannot_talk_in_the_name_of_a_visitor() {
    let service = service();
    let handshake =
        called(&service, "Ada").websocket("/room/tea/talk").header("origin", "https://evil.example");
    assert_eq!(handshake.try_connect().unwrap_err().status(), 403);
}

#[test]
fn the_clock_ticks() {
    let mut clock = service().test_client().get("/clock").send_streaming();
    for _ in 0..2 {
        let tick = clock.chunk().unwrap();
        let tick = std::str::from_utf8(&tick).unwrap();
        assert!(tick.starts_with("event: tick\ndata: ") && tick.ends_with(" UTC\n\n"), "{tick}");
    }
}

/// Waits until the page shows something.
fn shows(browser: &Browser, selector: &str, text: &str) {
    let end = Instant::now() + Duration::from_secs(20);
    while !browser.texts(selector).iter().any(|found| found.contains(text)) {
        assert!(Instant::now() < end, "no {text:?} in {selector}:\n{}", browser.text());
        thread::sleep(Duration::from_millis(50));
    }
}

fn say(browser: &Browser, text: &str) {
    browser.fill("#text", text);
    browser.one("#say input[type=submit]").click();
}

#[test]
#[ignore = "needs Chromium"]
fn two_people_talk_in_their_browsers_and_the_server_may_be_started_anew() {
    let instance = carboy_testkit::Folder::new();
    let start = |port: &str| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_chat"));
        let process = Process::start(command.args([
            "--instance",
            &instance.path().display().to_string(),
            "run",
            "--port",
            port,
        ]));
        let mut process = process;
        let port = process.wait_for("the address", |line| {
            line.split_once("Running on http://127.0.0.1:")?.1.trim().parse::<u16>().ok()
        });
        (process, port)
    };
    let (server, port) = start("0");
    let people = [("Ada", Browser::start()), ("Bob <b>", Browser::start())];
    for (name, browser) in &people {
        browser.open(&format!("http://127.0.0.1:{port}/"));
        browser.fill("#name", name);
        browser.follow("form[method=post] input[type=submit]");
        browser.fill("#room", "tea & cake");
        browser.follow("form[action='/go'] input[type=submit]");
        shows(browser, "#state", "connected");
        // The clock, by the browser's EventSource.
        shows(browser, "#clock", "UTC");
    }
    let [(_, ada), (_, bob)] = &people;
    shows(ada, "#here", "Ada, Bob <b>");
    say(ada, "Milk & sugar? <i>");
    for browser in [ada, bob] {
        shows(browser, "#talk li span", "Milk & sugar? <i>");
    }
    say(bob, "Milk.");
    shows(ada, "#talk li b", "Bob <b>");
    shows(bob, "#talk li.mine span", "Milk.");

    // The server goes and comes back: so do the pages.
    drop(server);
    for browser in [ada, bob] {
        shows(browser, "#state", "connecting");
    }
    let (_server, _) = start(&port.to_string());
    for browser in [ada, bob] {
        shows(browser, "#state", "connected");
        shows(browser, "#here", "Ada, Bob <b>");
    }
    say(ada, "Still there?");
    shows(bob, "#talk li span", "Still there?");
    let time = ada.text();
    shows(ada, "#clock", "UTC");
    thread::sleep(Duration::from_millis(2500));
    assert_ne!(ada.text(), time, "the clock stands still");
}
