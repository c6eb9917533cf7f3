use carboy::prelude::*;

#[route("/", guard = office_hours)]
fn index() {}

fn main() {}
