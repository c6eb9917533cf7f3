use carboy::prelude::*;

#[route("/page/")]
#[route("/page/<int:n>")]
fn page(n: u32) -> String {
    n.to_string()
}

fn main() {}
