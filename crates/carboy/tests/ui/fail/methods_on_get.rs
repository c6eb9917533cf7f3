use carboy::prelude::*;

#[get("/", methods = ["POST"])]
fn index() {}

#[route("/login", methods = "POST")]
fn login() {}

fn main() {
    let _ = routes![index, login];
}
