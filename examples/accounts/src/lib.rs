//! Notes of one's own: an app that uses the extensions together.
//!
//! | module | what it has |
//! |---|---|
//! | `notes` | the notes: a form, a list, the database |
//! | `admin` | who has an account, for admins; the command `make-admin` |
//! | `tokens` `api` | tokens for programs, and what they may do with them |
//! | `providers` | logging in by another provider |
//! | `language` | which language a page is in |
//! | `errors` | pages about what went wrong |
//! | `schema` | the tables |
//!
//! Signing up, logging in, second factors and passkeys are [`Accounts`]' own pages, in this app's layout.

mod admin;
mod api;
mod errors;
mod language;
mod notes;
mod providers;
mod schema;
mod tokens;

use carboy::{Config, prelude::*, security::Csrf};
use carboy_db::Db;
use carboy_ext::{
    accounts::{Account, Accounts},
    jwt::Jwt,
    limiter::Limiter,
    login::is_authenticated,
    mail::Mail,
    roles::Roles,
};

/// The first page.
#[route("/")]
fn index() -> carboy::Result<Response> {
    if is_authenticated() {
        return redirect(url_for!("notes.index")).into_response();
    }
    render!("index.html", providers = providers::offered())?.into_response()
}

/// Makes the app as it is served; `config.toml` in the instance folder may configure it.
pub fn create_app() -> App {
    create_app_with(Db::default(), Mail::new(), |config| {
        config.instance_relative(true).from_toml_silent("config.toml").from_prefixed_env("NOTEBOOK");
    })
}

/// Makes the app with a database, a mailer and a configuration of the caller's choice: for tests.
pub fn create_app_with(db: Db, mail: Mail, configure: impl FnOnce(&mut Config)) -> App {
    let mut app = App::new("notebook");
    app.config()
        .set("MAIL_DEFAULT_SENDER", "Notebook <notebook@localhost>")
        .set("SECURITY_TOTP_ISSUER", "Notebook");
    configure(app.config());
    app.secret_key_file();
    app.ext(db.clone()).ext(mail).ext(language::translations()).ext(Csrf::new().exempt_blueprint("api"));
    app.ext(Accounts::new(db.clone()))
        .ext(roles())
        .ext(Jwt::new().key_file("token_key.pem"))
        .ext(limits())
        .ext(schema::Schema);
    providers::register(&mut app, db);
    errors::register(&mut app);
    app.routes(routes![index]);
    app.register(notes::bp()).register(tokens::bp()).register(api::bp()).register(admin::bp());
    language::register(&mut app);
    app.commands(commands![admin::make_admin]);
    app
}

fn roles() -> Roles {
    Roles::new(|account: &Account| account.roles.clone())
        .role("admin", |role| role.may(["account:list", "account:change"]))
}

fn limits() -> Limiter {
    Limiter::new().limit("accounts.register", "20 per hour").limit("accounts.login", "30 per minute")
}
