//! Translations beside the real Flask-Babel and Babel (the vectors of `conformance/translations`, and the packages themselves), and what an app's
//! author and its visitors see.
#![cfg(feature = "translations")]

#[path = "translations/app.rs"]
mod app;
#[path = "translations/commands.rs"]
mod commands;
#[path = "translations/formats.rs"]
mod formats;
#[path = "translations/hostile.rs"]
mod hostile;
#[path = "translations/messages.rs"]
mod messages;

use carboy::App;
use carboy::config::{Config, Environment};

/// An app without anything of the machine.
fn plain() -> App {
    let mut app = App::new("words");
    *app.config() = Config::with_environment(Environment::of::<String, String>([]));
    app
}
