//! Notes of one's own: an app that uses the extensions together.
//!
//! | module | what it has |
//! |---|---|
//! | `notes` | the notes: a form, a list, the database |
//! | `admin` | who has an account, for admins; the command `make-admin` |
//! | `tokens` `api` | tokens for programs, and what they may do with them |
//! | `providers` | logging in by another provider, and which of these logins an account has |
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
    cache::Cache,
    cors::{Cors, CorsOptions},
    limiter::Limiter,
    login::is_authenticated,
    mail::Mail,
    roles::Roles,
};

/// The first page.
#[route("/")]
async fn index() -> carboy::Result<Response> {
    if is_authenticated() {
        return redirect(url_for!("notes.index")).into_response();
    }
    render!("index.html", kept = notes::kept().await?)?.into_response()
}

/// Makes the app as it is served; `config.toml` in the instance folder may configure it.
pub fn create_app() -> App {
    create_app_with(Db::default(), mail(), |config| {
        config.instance_relative(true).from_toml_silent("config.toml").from_prefixed_env("NOTEBOOK");
    })
}

/// The mailer, which shows what it sent on a page while one develops.
pub fn mail() -> Mail {
    Mail::new().with_page("/mails")
}

/// Makes the app with a database, a mailer and a configuration of the caller's choice: for tests.
pub fn create_app_with(db: Db, mail: Mail, configure: impl FnOnce(&mut Config)) -> App {
    let mut app = App::new("notebook");
    app.config()
        .set("MAIL_DEFAULT_SENDER", "Notebook <notebook@localhost>")
        .set("SECURITY_TOTP_ISSUER", "Notebook")
        .set("CORS_ORIGINS", [""; 0]);
    configure(app.config());
    app.secret_key_file();
    app.ext(db.clone()).ext(mail).ext(language::translations()).ext(Csrf::new().exempt_blueprint("api"));
    app.ext(Accounts::new(db.clone()))
        .ext(roles())
        .ext(Cache::new())
        .ext(tokens::jwt(db.clone()))
        .ext(cross_origin())
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

/// Which pages of other sites may read what the API answers: those in CORS_ORIGINS, nobody's to begin with. To let them write, too, name them in
/// CSRF_TRUSTED_ORIGINS.
fn cross_origin() -> Cors {
    let api = CorsOptions::new()
        .methods(["GET", "POST", "DELETE"])
        .allow_headers(["Authorization", "Content-Type"]);
    Cors::new().resource("/api/*", api)
}

fn limits() -> Limiter {
    Limiter::new().limit("accounts.register", "20 per hour").limit("accounts.login", "30 per minute")
}
