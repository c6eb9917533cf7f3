use carboy::prelude::*;

#[route("/")]
async fn number() -> f32 {
    1.0
}

#[route("/tuple")]
fn tuple() -> (&'static str, f32) {
    ("a", 1.0)
}

fn main() {}
