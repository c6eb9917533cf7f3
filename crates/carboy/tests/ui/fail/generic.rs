use carboy::prelude::*;

#[route("/")]
fn generic<T: Default>(value: Query<T>) {}

#[route("/b")]
fn implied(value: impl Into<String>) {}

#[route("/c")]
unsafe fn dangerous() {}

fn main() {
    let _ = routes![generic, implied, dangerous];
}
