use carboy::prelude::*;
use carboy_ext::cache::cached;

#[cached(timeout = 60)]
#[get("/")]
fn index() -> &'static str {
    "home"
}

#[cached(timeout = 60)]
fn sum() -> u8 {
    3
}

fn main() {
    App::new("order").routes(routes![index]);
    sum();
}
