//! Flaskr: users register, log in, and write posts.
//!
//! `auth` and `blog` are the blueprints, `schema` makes the tables. The database and the secret key lie in the instance
//! folder and are made at the first start.

pub mod auth;
pub mod blog;
mod schema;

use carboy::{Config, prelude::*};
use carboy_db::Db;

/// A page that says hello.
#[route("/hello")]
fn hello() -> &'static str {
    "Hello, World!"
}

/// Makes the app as it is served; `config.toml` in the instance folder may configure it.
pub fn create_app() -> App {
    create_app_with(Db::default(), |config| {
        config.instance_relative(true).from_toml_silent("config.toml");
    })
}

/// Makes the app with a database and a configuration of the caller's choice: for tests.
pub fn create_app_with(db: Db, configure: impl FnOnce(&mut Config)) -> App {
    let mut app = base(db, configure);
    app.register(auth::bp()).register(blog::bp());
    // The blog is the front page: url_for('index') and url_for('blog.index') are the same.
    app.add_url_rule("/", "index", None, Default::default());
    app
}

/// Makes the app without its blueprints: what both halves of it stand on.
pub fn base(db: Db, configure: impl FnOnce(&mut Config)) -> App {
    let mut app = App::new("flaskr");
    configure(app.config());
    app.secret_key_file();
    app.ext(db).ext(schema::Schema);
    app.routes(routes![hello]).commands(commands![schema::init_db]);
    app
}
