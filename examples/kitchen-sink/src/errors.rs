//! Errors, and who answers them: by status, by type, in a blueprint, for the whole app.

use carboy::{
    Caught, RuleOptions,
    prelude::*,
    view::{Args, view},
};
use carboy_http::headers::WwwAuthenticate;
use serde_json::json;
use std::fmt;

#[derive(Debug)]
struct Spilled(&'static str);

#[derive(Debug)]
struct Broken(&'static str);

impl fmt::Display for Spilled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl std::error::Error for Spilled {}
impl std::error::Error for Broken {}

fn aborted(args: Args) -> carboy::Result {
    let code: u16 = args.get("code")?;
    match request().args().get::<String>("text") {
        None => abort(code),
        Some(text) => abort((code, text)),
    }
}

fn raised(args: Args) -> carboy::Result {
    let kind: String = args.get("kind")?;
    match kind.as_str() {
        "spilled" => Err(Spilled("milk").into()),
        "broken" => Err(Broken("glass").into()),
        "notfound" => abort((404u16, "no such <thing>")),
        "busy" => abort(HttpError::from_code(429)?.with_retry_after(30)),
        "login" => {
            let challenge = WwwAuthenticate::new("basic").parameter("realm", "sink");
            abort(HttpError::unauthorized([challenge.to_header().parse()?]))
        }
        "returned" => HttpError::from_code(404)?.into_response(),
        _ => Err(Error::msg(kind)),
    }
}

fn add(scaffold: &mut impl Scaffold) {
    let options =
        || RuleOptions { methods: Some(vec!["GET".into(), "POST".into()]), ..RuleOptions::default() };
    scaffold.add_url_rule("/abort/<int:code>", "abort", view(aborted), options());
    scaffold.add_url_rule("/raise/<kind>", "raise", view(raised), options());
}

fn description(error: &Error) -> String {
    error.http().map(|http| http.description().to_owned()).unwrap_or_default()
}

pub(crate) fn register(app: &mut App) {
    add(app);
    app.errorhandler(418, |error: Error| {
        (format!("app teapot: {}", description(&error)), 418, [("X-Handler", "app 418")])
    });
    app.errorhandler_for(|error: Caught<Spilled>| format!("app mopped up {}", error.0));

    let mut api = Blueprint::new("api");
    api.url_prefix("/api");
    add(&mut api);
    api.errorhandler_for(|error: Caught<HttpError>| {
        let code = error.status().as_u16();
        (json!({ "code": code, "name": error.name(), "description": error.description() }), code)
    });
    api.errorhandler(404, |error: Error| (json!({ "missing": description(&error) }), 404));
    api.errorhandler_for(|error: Caught<Broken>| (format!("api fixed {}", error.0), 200));
    app.register(api);

    let mut strict = Blueprint::new("strict");
    strict.url_prefix("/strict");
    add(&mut strict);
    strict.errorhandler_any(|error: Error| {
        let code = error.http().and_then(HttpError::code);
        (format!("strict answers {}", code.map_or("none".to_owned(), |code| code.to_string())), 500)
    });
    strict.errorhandler(403, |_: Error| -> carboy::Result { Err(Broken("in the handler").into()) });
    app.register(strict);
}
