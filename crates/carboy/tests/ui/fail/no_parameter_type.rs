use carboy::prelude::*;

#[route("/<on>")]
fn flag(on: bool) -> String {
    on.to_string()
}

fn main() {}
