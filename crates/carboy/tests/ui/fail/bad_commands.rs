use carboy::prelude::*;

#[command]
fn later(files: Vec<String>, name: String) {}

#[command]
fn typed(value: std::cell::Cell<u8>) {}

#[command]
async fn number() -> u8 {
    1
}

fn main() {
    let _ = commands![later, typed, number];
}
