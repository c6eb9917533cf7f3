use carboy::prelude::*;

#[route("/<id>")]
fn text_as_number(id: u64) -> String {
    id.to_string()
}

#[route("/<int:id>")]
fn number_as_text(id: String) -> String {
    id
}

#[route("/<float:rate>/<uuid:key>")]
fn others(rate: i32, key: Option<String>) -> String {
    format!("{rate}{key:?}")
}

fn main() {}
