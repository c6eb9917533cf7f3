use carboy::prelude::*;

#[route("/user")]
fn user(id: u64) -> String {
    id.to_string()
}

fn main() {
    let _ = routes![user];
}
