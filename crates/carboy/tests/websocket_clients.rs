//! WebSockets with a client that was not written here: the Python package `websockets`, and the npm package `ws`.
#![cfg(feature = "websocket")]

use carboy::{App, prelude::*};
use carboy_server::{Server, ServerConfig};
use carboy_testkit::{node, python};
use std::{
    process::Command,
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

#[websocket("/close")]
async fn close(mut socket: WebSocket) {
    socket.close(4000, "game over").await;
}

#[websocket("/fails")]
async fn fails(mut socket: WebSocket) -> carboy::Result<()> {
    socket.accept().await?;
    Err(Error::msg("went wrong"))
}

#[websocket("/speaks")]
async fn speaks(mut socket: WebSocket) -> carboy::Result<()> {
    socket.choose_subprotocol(&["chat.v2", "chat.v1"]).or_abort(400)?;
    while socket.recv().await?.is_some() {}
    Ok(())
}

#[websocket("/private")]
async fn private(_socket: WebSocket) -> carboy::Result<()> {
    abort(401)
}

/// Serves the app to a client that says "all is well" when it found what it expects; then nothing may be open.
fn served_to(client: impl FnOnce(u16) -> Command) {
    let mut app = App::new("clients");
    app.routes(routes![echo, close, fails, speaks, private]);
    let app = app.build().unwrap();
    let server = Server::new(ServerConfig::new().bind("127.0.0.1:0").workers(2)).start(app.clone()).unwrap();
    let port = server.addresses()[0].as_tcp().unwrap().port();
    let output = client(port).output().unwrap();
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said);
    assert!(output.status.success() && said.contains("all is well"), "{said}");
    let end = Instant::now() + Duration::from_secs(20);
    while app.state().open_websockets() > 0 {
        assert!(Instant::now() < end, "{} are still open", app.state().open_websockets());
        thread::sleep(Duration::from_millis(10));
    }
}

#[test]
#[ignore = "needs Python with websockets"]
fn a_client_in_python_finds_what_it_expects() {
    served_to(|port| {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/websocket_clients.py");
        let mut client = Command::new(python());
        client.args([script, &port.to_string()]);
        client
    });
}

#[test]
#[ignore = "needs Node.js with ws"]
fn a_client_in_javascript_finds_what_it_expects() {
    served_to(|port| {
        let mut client = node(include_str!("websocket_clients.mjs"));
        client.env("PORT", port.to_string());
        client
    });
}
