use carboy::prelude::*;

#[route("/<int:id>/<id>")]
fn twice(id: u64) -> String {
    id.to_string()
}

fn main() {}
