use carboy::prelude::*;

struct User;

#[route("/")]
fn index(user: User) -> &'static str {
    let _ = user;
    "a"
}

fn main() {}
