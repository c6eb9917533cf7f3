use carboy::prelude::*;

#[route("/")]
fn yes() -> bool {
    true
}

fn main() {}
