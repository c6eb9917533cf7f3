use carboy::prelude::*;

#[route("/user/<int:id")]
fn unclosed(id: u64) -> String {
    id.to_string()
}

#[route("/user/<int(min=-5):id>")]
fn negative(id: i64) -> String {
    id.to_string()
}

#[route("/<first name>")]
fn blank(name: String) -> String {
    name
}

fn main() {
    let _ = routes![unclosed, negative, blank];
}
