//! Run it (Python with Flask and Flask-WTF): `export FLASKR_INSTANCE=/tmp/flaskr`, then `flask --app examples/migration/python/flaskr run --port 5001` and, beside it,
//! `cargo run -p migration`; open http://127.0.0.1:5000/.
//!
//! One blog, half of it in Python and half in Rust: database, secret key, users and sessions are shared. The browser talks to
//! the Rust half, which hands on what it does not have. `FLASKR_MOVED=auth` moves the other half instead; `FLASKR_UPSTREAM` says where
//! the Python half is.

use carboy::{App, Result, Scaffold, Upstream, after_this_request, flash, request, url_for};
use carboy_db::Db;
use flaskr::{auth, blog};

/// Written by `python python/carboy_routes.py --app examples/migration/python/flaskr`.
const ROUTES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/routes.json");

fn main() -> Result<()> {
    create_app()?.run()
}

fn create_app() -> Result<App> {
    let mut app = flaskr::base(Db::default(), |config| {
        config.from_prefixed_env("FLASKR");
    });
    let moved: String = app.config().get("MOVED")?.unwrap_or_else(|| "blog".to_owned());
    let upstream: String =
        app.config().get("UPSTREAM")?.unwrap_or_else(|| "http://127.0.0.1:5001".to_owned());
    match moved.as_str() {
        "auth" => app.register(auth::bp()),
        "blog" => {
            // Both halves look up who is logged in.
            app.before_request(auth::load_logged_in_user).register(blog::bp());
            app.add_url_rule("/", "index", None, Default::default())
        }
        other => {
            return Err(carboy::Error::msg(format!(
                "FLASKR_MOVED must be 'auth' or 'blog', and is '{}'",
                other.escape_debug()
            )));
        }
    };
    app.before_request(announce);
    app.external_routes(ROUTES).fallback(Upstream::new(&upstream));
    Ok(app)
}

/// Says what was done, as the Python half does. The message is shown by the next page, whichever half that is in.
fn announce() {
    after_this_request(|response| {
        let request = request();
        let back = response.header("location").is_some_and(|location| location == url_for("index", ()));
        if request.method() == "POST" && back {
            match request.endpoint() {
                Some("auth.login") => flash("Welcome back.", "message"),
                Some("blog.delete") => flash("Deleted.", "message"),
                _ => flash("Saved.", "message"),
            }
        }
        Ok(response)
    });
}
