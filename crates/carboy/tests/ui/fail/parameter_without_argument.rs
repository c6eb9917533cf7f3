use carboy::prelude::*;

#[route("/user/<int:id>")]
fn none() {}

#[route("/user/<int:id>")]
fn misspelt(uid: u64) -> String {
    uid.to_string()
}

#[get("/page/", defaults(n = 1))]
fn default() {}

fn main() {}
