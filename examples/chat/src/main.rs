//! A chat with rooms. Run it: `cargo run -p chat`, then open http://127.0.0.1:5000/ in two windows.

fn main() -> carboy::Result<()> {
    chat::create_app().run()
}
