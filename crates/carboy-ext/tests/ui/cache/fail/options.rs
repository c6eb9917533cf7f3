use carboy::prelude::*;
use carboy_ext::cache::cached;

#[get("/a")]
#[cached(timeout = "60")]
fn a() -> &'static str {
    "a"
}

#[get("/b")]
#[cached(60)]
fn b() -> &'static str {
    "b"
}

#[get("/c")]
#[cached(key_prefix = "c")]
fn c() -> &'static str {
    "c"
}

#[post("/d")]
#[cached(timeout = 60)]
fn d() -> &'static str {
    "d"
}

#[get("/e")]
#[cached(timeout = 60)]
#[cached(timeout = 30)]
fn e() -> &'static str {
    "e"
}

#[get("/f")]
#[cached(timeout = 60, stale_while_revalidate = -1)]
fn f() -> &'static str {
    "f"
}

fn main() {
    App::new("options").routes(routes![a, b, c, d, e, f]);
}
