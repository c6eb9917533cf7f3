#![deny(dead_code)]
use carboy::prelude::*;

#[route("/")]
fn listed() {}

#[route("/forgotten")]
fn forgotten() {}

fn main() {
    let _ = routes![listed];
}
