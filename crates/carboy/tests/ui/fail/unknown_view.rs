use carboy::prelude::*;

#[route("/user")]
fn user() {}

fn plain() {}

fn main() {
    url_for!(usr);
    let _ = routes![user, plain];
}
