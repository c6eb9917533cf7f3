//! Which language a page is in: what the visitor chose, else what the browser prefers.

use carboy::{Result, prelude::*, redirect_target};
use carboy_ext::translations::{Locale, Translations, best_match};

/// The languages there are, and their names in themselves.
const LANGUAGES: [(&str, &str); 2] = [("en", "English"), ("de", "Deutsch")];

pub(crate) fn translations() -> Translations {
    Translations::new().locale_selector(|| session().get("language").or_else(preferred))
}

/// What suits the browser best: `de-AT` is served by `de`.
fn preferred() -> Option<String> {
    // It also says in the answer that this depends on the field.
    let exact = best_match();
    let request = request();
    let accepted = request.accept_languages();
    let wanted = accepted.iter().filter(|(_, quality)| *quality > 0.0).map(|(language, _)| language);
    Locale::negotiate(wanted, LANGUAGES.map(|(code, _)| code)).map(|locale| locale.to_string()).or(exact)
}

pub(crate) fn register(app: &mut App) {
    app.routes(routes![language]);
    app.template_global("languages", || LANGUAGES.to_vec());
}

/// Chooses a language, and goes back to the page it was chosen on.
#[post("/language")]
fn language() -> Result<Redirect> {
    let chosen: String = request().form().get_required("language")?;
    if LANGUAGES.iter().any(|(code, _)| *code == chosen) {
        session().set("language", chosen);
    }
    Ok(redirect(redirect_target("next").unwrap_or_else(|| url_for!("index"))))
}
