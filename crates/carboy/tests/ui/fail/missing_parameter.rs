use carboy::prelude::*;

#[route("/user/<int:id>/<name>")]
fn user(id: u64, name: String) -> String {
    format!("{id}{name}")
}

fn main() {
    url_for!(user, id = 3);
}
