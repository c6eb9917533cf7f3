//! `carboy-bench PORT WORKERS`: the pages of the comparison with other servers, as a carboy app in its default configuration.

use carboy::prelude::*;
use carboy_server::{Server, ServerConfig};
use serde::Serialize;
use std::sync::LazyLock;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const HELLO: &str = "Hello, World!";

#[derive(Serialize)]
struct Message {
    message: &'static str,
}

#[derive(Serialize)]
struct User {
    id: i64,
    name: String,
}

#[derive(Serialize)]
struct Row {
    id: usize,
    message: String,
}

static ROWS: LazyLock<Vec<Row>> =
    LazyLock::new(|| (0..12).map(|id| Row { id, message: format!("fortune <b>{id}</b> & more") }).collect());

#[route("/")]
fn index() -> impl IntoResponse {
    Response::text(HELLO)
}

#[route("/json")]
fn json() -> Json<Message> {
    Json(Message { message: HELLO })
}

#[route("/user/<int:id>")]
fn user(id: i64) -> Json<User> {
    Json(User { id, name: format!("user{id}") })
}

#[route("/template")]
fn template() -> carboy::Result<Html> {
    render!("fortunes.html", title = "Fortunes", rows = *ROWS)
}

#[route("/session")]
fn count() -> String {
    let n = session().get::<i64>("n").unwrap_or(0) + 1;
    session().set("n", n);
    n.to_string()
}

fn main() -> carboy::Result<()> {
    let number = |n: usize, default: usize| {
        std::env::args().nth(n).and_then(|arg| arg.parse().ok()).unwrap_or(default)
    };
    let port = u16::try_from(number(1, 8200))?;
    let mut app = App::new("bench");
    app.config().set("SECRET_KEY", "bench");
    app.routes(routes![index, json, user, template, count]);
    let service = app.build()?;
    Server::new(ServerConfig::new().bind(([127, 0, 0, 1], port)).workers(number(2, 1))).serve(service)?;
    Ok(())
}
