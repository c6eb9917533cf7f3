//! `cargo run -p accounts`: notes of one's own. Mail is printed to the terminal, and shown at `/mails` in debug mode; `cargo run -p accounts -- make-admin ADDRESS` makes an
//! account that has signed up an admin.

fn main() -> carboy::Result<()> {
    accounts::create_app().run()
}
