//! What the user's own names are does not matter to what a macro means.
#![allow(dead_code)]

struct String;
struct Vec;
struct Box;
struct Option;
struct Result;
trait Route {}
fn respond() {}
fn extract() {}

#[carboy::route("/<int:id>", defaults(ctx = "x"), methods = ["GET"])]
fn view(id: u8, ctx: std::string::String, error: carboy::Query<()>) -> &'static str {
    let _ = (id, ctx, error);
    ""
}

#[carboy::get("/value")]
async fn value() -> std::string::String {
    std::string::String::new()
}

fn main() {
    let _ = carboy::routes![view, value];
    let _ = || carboy::url_for!(view, id = 1, ctx = "y"; value = 2);
}
