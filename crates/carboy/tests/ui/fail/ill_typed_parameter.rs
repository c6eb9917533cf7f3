use carboy::prelude::*;

#[route("/user/<int:id>")]
fn user(id: u64) -> String {
    id.to_string()
}

fn main() {
    url_for!(user, id = "3");
}
