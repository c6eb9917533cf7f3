//! Chat: who gives a name enters rooms and talks there, through a WebSocket; a clock comes as server-sent events.
//!
//! `rooms` knows who is where. A handler does two things: what its client says goes to the room, and the room sends to its client by the
//! socket's sender.

pub mod rooms;

use carboy::{
    prelude::*,
    sse::{Event, Sse},
};
use futures_util::stream;
use rooms::Rooms;
use serde::Deserialize;
use std::time::Duration;

/// The longest name, and the longest line.
const MAX_NAME: usize = 30;
const MAX_LINE: usize = 500;

/// The rooms, and the form for a name.
#[get("/")]
fn index(rooms: Ext<Rooms>) -> carboy::Result {
    render!("index.html", rooms = rooms.list()).into_response()
}

/// Takes a name.
#[post("/name")]
fn set_name() -> carboy::Result<Redirect> {
    let name = request().form().get::<String>("name").unwrap_or_default();
    let name: String = name.trim().chars().filter(|c| !c.is_control()).take(MAX_NAME).collect();
    if name.is_empty() {
        flash("A name is needed.", "error");
    } else {
        session().set("name", name);
    }
    Ok(redirect(url_for!(index)))
}

/// Goes to a room by the name in the form.
#[get("/go")]
fn go() -> Redirect {
    let name = request().args().get::<String>("room").unwrap_or_default();
    let name: String = name.trim().chars().filter(|c| !c.is_control() && *c != '/').take(MAX_NAME).collect();
    if name.is_empty() { redirect(url_for!(index)) } else { redirect(url_for!(room, name)) }
}

/// A room.
#[get("/room/<name>")]
fn room(name: String) -> carboy::Result {
    if session().get::<String>("name").is_none() {
        flash("Say who you are first.", "error");
        return redirect(url_for!(index)).into_response();
    }
    render!("room.html", name).into_response()
}

/// What a client sends.
#[derive(Deserialize)]
struct Said {
    text: String,
}

/// The talk in a room.
#[websocket("/room/<name>/talk")]
async fn talk(mut socket: WebSocket, name: String, rooms: Ext<Rooms>) -> carboy::Result<()> {
    // Before the handshake is answered: without a name the client sees 401, with too many windows 429.
    let who: String = session().get("name").or_abort(401)?;
    socket.limit(("name", &who), 20)?;
    socket.accept().await?;
    let seat = rooms.enter(&name, &who, socket.sender());
    while let Some(said) = socket.recv_json::<Said>().await? {
        let text: String = said.text.trim().chars().take(MAX_LINE).collect();
        if !text.is_empty() {
            seat.say(&text);
        }
    }
    // The seat is left when it is dropped, however this function ends.
    Ok(())
}

/// The time, each second.
#[get("/clock")]
fn clock() -> Sse {
    Sse::new(stream::unfold(false, |began| async move {
        if began {
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
        let now = std::time::SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default().as_secs();
        let time = format!("{:02}:{:02}:{:02} UTC", now / 3600 % 24, now / 60 % 60, now % 60);
        Some((Event::data(time).event("tick"), true))
    }))
}

/// Makes the app.
pub fn create_app() -> App {
    let mut app = App::new("chat");
    app.config().instance_relative(true).from_toml_silent("config.toml");
    app.secret_key_file();
    app.ext(Rooms::default()).routes(routes![index, set_name, go, room, talk, clock]);
    app
}
