use carboy::prelude::*;
use carboy_ext::cache::cached;

#[get("/a")]
#[cached(timeout = 60, unless = true)]
fn a() -> &'static str {
    "a"
}

fn main() {
    App::new("types").routes(routes![a]);
}
