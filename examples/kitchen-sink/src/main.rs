//! The kitchen sink: everything that Flask does, in one app, with a twin in Flask (`twin/`), to be asked the same questions. Run
//! it: `cargo run -p kitchen-sink`; compare them: `cargo xtask differential`.

mod echo;
mod errors;
mod files;
mod hand;
mod pages;
mod responses;
mod routing;
mod sessions;

use carboy::prelude::*;

fn create_app() -> App {
    let mut app = App::new("kitchen-sink");
    app.root_path(env!("CARGO_MANIFEST_DIR"));
    app.config()
        .set("SECRET_KEY", "kitchen-sink")
        .set("MAX_CONTENT_LENGTH", 400_000)
        .set("MAX_FORM_MEMORY_SIZE", 100_000)
        .set("MAX_FORM_PARTS", 20)
        .from_prefixed_env("SINK");
    app.before_request(before).after_request(after);
    routing::register(&mut app);
    echo::register(&mut app);
    responses::register(&mut app);
    files::register(&mut app);
    errors::register(&mut app);
    sessions::register(&mut app);
    pages::register(&mut app);
    hand::register(&mut app);
    app
}

/// Leaves a word in X-Trace.
fn trace(word: impl Into<String>) {
    let mut words = g().get::<Vec<String>>("trace").unwrap_or_default();
    words.push(word.into());
    g().set("trace", words);
}

fn before() -> Option<(&'static str, u16)> {
    trace("before app");
    let request = request();
    if request.header("x-answer").as_deref() == Some("app") {
        return Some(("answered by the app", 203));
    }
    if let Some(limit) = request.header("x-limit").and_then(|limit| limit.parse().ok()) {
        request.set_max_content_length(Some(limit));
    }
    None
}

fn after(mut response: Response) -> carboy::Result {
    trace("after app");
    let words = g().get::<Vec<String>>("trace").unwrap_or_default();
    response.set_header("X-Trace", words.join(", "))?;
    Ok(response)
}

fn main() -> carboy::Result<()> {
    create_app().run()
}
