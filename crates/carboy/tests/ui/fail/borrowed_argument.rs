use carboy::prelude::*;

#[route("/user/<name>")]
fn user(name: &str) -> String {
    name.to_owned()
}

#[route("/")]
fn index(request: &Request) -> String {
    request.method().to_string()
}

fn main() {
    let _ = routes![user, index];
}
