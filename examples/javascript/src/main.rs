//! Pages that add numbers with JavaScript. Run it: `cargo run -p javascript`, then open http://127.0.0.1:5000/.

fn main() -> carboy::Result<()> {
    javascript::create_app().run()
}
