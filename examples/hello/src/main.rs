//! The smallest app. Run it: `cargo run -p hello`, then open http://127.0.0.1:5000/.

use carboy::prelude::*;

#[route("/")]
fn hello() -> &'static str {
    "Hello, World!"
}

fn main() -> carboy::Result<()> {
    App::new("hello").routes(routes![hello]).run()
}
