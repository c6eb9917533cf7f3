//! Every form of a view.
use carboy::prelude::*;
use carboy::view::{BodyStream, Route, View};
use carboy::{CurrentRequest, Result, Session};
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize)]
struct Item {
    name: String,
}

/// The front page.
///
/// With more words.
#[route("/")]
fn index() -> &'static str {
    "Hello"
}

#[route("/nothing")]
fn nothing() {}

#[route("/user/<int:id>", methods = ["GET", "post"], name = "profile")]
async fn user(id: u64) -> Result<Html> {
    Ok(Html(format!("{id}")))
}

#[get("/json")]
fn json() -> Json<Item> {
    Json(Item { name: "a".into() })
}

#[post("/items")]
async fn create(Json(item): Json<Item>, session: Session) -> Result<(String, u16)> {
    drop(session);
    Ok((item.name, 201))
}

#[put("/items/<path:p>")]
fn update(mut p: String, Query(query): Query<Item>, _: Form<Item>) -> impl IntoResponse {
    p.push_str(&query.name);
    (p, 200, [("X-A", "1")])
}

#[delete("/items/<int:_id>")]
fn remove(_id: u8) -> Option<&'static str> {
    None
}

#[patch("/stream")]
async fn stream(mut body: BodyStream) -> Result<String> {
    let mut length = 0;
    while let Some(chunk) = body.chunk().await? {
        length += chunk.len();
    }
    Ok(length.to_string())
}

#[route("/slow", blocking)]
fn slow() -> Result {
    let text = std::fs::read_to_string("/etc/hostname")?;
    text.into_response()
}

#[route("/try")]
fn attempt(user: Option<Session>, form: Result<Form<Item>>, request: CurrentRequest) -> Result<String> {
    let _ = (user, request);
    Ok(form?.0.name)
}

fn main() {
    let mut app = App::new("views");
    app.routes(routes![index, nothing, user, json, create, update, remove, stream, slow, attempt]);

    let def = user::def();
    assert_eq!(def.endpoint, "profile");
    assert_eq!(def.rules[0].rule, "/user/<int:id>");
    assert_eq!(def.rules[0].methods, Some(&["GET", "POST"][..]));
    assert!(matches!((def.make)(), View::Async(_)));
    assert!(matches!((index::def().make)(), View::Sync(_)));
    assert!(matches!((slow::def().make)(), View::Blocking(_)));
    assert_eq!(index::def().doc, "The front page.\n\nWith more words.");
    assert_eq!(index::def().location.line(), 15);
    assert!(stream::def().stream && !create::def().stream);
    // The functions are still functions.
    assert_eq!(index(), "Hello");
}
