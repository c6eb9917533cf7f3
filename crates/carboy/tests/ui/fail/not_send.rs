use carboy::prelude::*;
use std::rc::Rc;

async fn wait() {}

#[route("/")]
async fn index() -> String {
    let counter = Rc::new(1);
    wait().await;
    counter.to_string()
}

fn main() {}
