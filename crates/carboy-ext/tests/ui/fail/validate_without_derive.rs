use carboy::prelude::*;
use carboy_ext::validation::Valid;
use serde::Deserialize;

#[derive(Deserialize)]
struct Order {
    name: String,
}

#[post("/")]
fn create(order: Valid<Json<Order>>) -> String {
    order.name.clone()
}

fn main() {}
