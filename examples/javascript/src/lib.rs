//! Three ways for a page to talk to its app without being loaded anew: `fetch`, `XMLHttpRequest` and jQuery.

use carboy::{Result, prelude::*};
use serde_json::{Value, json};

/// The page; without a word in the path it is the one with `fetch`.
#[route("/", defaults(js = "fetch"))]
#[route("/<any(xhr, jquery, fetch):js>")]
fn index(js: String) -> Result<Html> {
    render_template(format!("{js}.html"), context! { js })
}

/// Adds two numbers of a form; what is no number counts as nothing.
#[route("/add", methods = ["POST"])]
fn add() -> Value {
    let form = request().form();
    let number = |name: &str| form.get::<f64>(name).unwrap_or(0.0);
    json!({ "result": number("a") + number("b") })
}

/// Makes the app.
pub fn create_app() -> App {
    let mut app = App::new("javascript");
    app.routes(routes![index, add]);
    app
}
