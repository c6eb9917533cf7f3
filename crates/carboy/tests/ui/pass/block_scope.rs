//! Views inside functions and tests, and views that are compiled only sometimes.
use carboy::prelude::*;

#[route("/unix")]
#[cfg(unix)]
fn only_unix() {}

#[cfg(any())]
#[route("/never")]
fn never(_: NoSuchType) {}

fn main() {
    #[route("/local/<int:id>")]
    fn local(id: i32) -> String {
        id.to_string()
    }
    let _ = routes![
        local,
        #[cfg(unix)]
        only_unix,
        #[cfg(any())]
        never,
    ];
    assert_eq!(local(3), "3");
}
