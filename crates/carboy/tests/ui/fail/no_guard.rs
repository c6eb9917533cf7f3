use carboy::prelude::*;

fn takes_a_user(_: u32) -> Result<(), Error> {
    Ok(())
}

fn says_yes() -> bool {
    true
}

#[route("/a", guard = "admin")]
fn text() {}

#[route("/b", guard = takes_a_user)]
fn argument() {}

#[route("/c", guard = says_yes)]
fn answer() {}

#[route("/d", guard = [says_yes(), |_: &str| ()])]
fn list() {}

fn blueprint() {
    Blueprint::new("admin").guard(says_yes);
}

fn main() {}
