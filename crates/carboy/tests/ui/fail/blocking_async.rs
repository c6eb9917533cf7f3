use carboy::prelude::*;

#[route("/", blocking)]
async fn index() {}

fn main() {}
