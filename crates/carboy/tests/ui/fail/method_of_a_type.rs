use carboy::prelude::*;

struct Blog;

impl Blog {
    #[route("/")]
    fn index(&self) -> &'static str {
        "a"
    }
}

fn main() {}
