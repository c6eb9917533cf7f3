//! The blog of Flask's tutorial. Run it: `cargo run -p flaskr`, then open http://127.0.0.1:5000/.

fn main() -> carboy::Result<()> {
    flaskr::create_app().run()
}
