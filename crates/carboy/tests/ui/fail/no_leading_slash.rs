use carboy::prelude::*;

#[route("about")]
fn about() -> &'static str {
    "About"
}

fn main() {
    let _ = routes![about];
}
