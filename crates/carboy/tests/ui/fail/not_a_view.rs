use carboy::prelude::*;

struct Settings {}

fn main() {
    url_for!(Settings);
    let _ = routes![Settings];
}
