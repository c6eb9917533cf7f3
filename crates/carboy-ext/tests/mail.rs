//! Mail as its senders and receivers see it.
#![cfg(feature = "mail")]

#[path = "mail/kept.rs"]
mod kept;
#[path = "mail/refused.rs"]
mod refused;
#[path = "mail/sent.rs"]
mod sent;

use carboy::App;
use carboy::config::{Config, Environment};
use carboy_ext::mail::Mail;

/// A running app with mail and these settings. It sends, unless they say otherwise.
fn app(settings: serde_json::Value) -> (carboy::AppService, Mail) {
    let mail = Mail::new();
    let mut app = App::new("post");
    *app.config() = Config::with_environment(Environment::of::<String, String>([]));
    app.config().set("MAIL_SUPPRESS_SEND", false).set("MAIL_TIMEOUT", 20).from_mapping(settings);
    app.ext(mail.clone());
    (app.build().expect("the app starts"), mail)
}
