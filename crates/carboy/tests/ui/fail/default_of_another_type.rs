use carboy::prelude::*;

#[route("/page/", defaults(n = "one"))]
#[route("/page/<int:n>")]
fn page(n: u32) -> String {
    n.to_string()
}

fn main() {}
