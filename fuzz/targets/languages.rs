//! The language of a request is one that there is, and the one that its client likes best where it named one.
//!
//! The input: the field `Accept-Language`, a line end, the name of a locale.
#![no_main]

use carboy::{HeaderValue, prelude::*, testing::TestClient};
use carboy_ext::translations::{Locale, Translations, get_locale};
use carboy_fuzz::{line, quick, text};
use carboy_http::headers::{Accept, AcceptKind};
use libfuzzer_sys::fuzz_target;
use std::sync::LazyLock;

/// Those of the folder `catalogues`, and the default.
const LANGUAGES: [&str; 5] = ["en", "de", "de_AT", "pt_BR", "zh_Hant_TW"];

#[route("/")]
fn language() -> String {
    get_locale().to_string()
}

static CLIENT: LazyLock<TestClient> = LazyLock::new(|| {
    let mut app = App::new("fuzz");
    app.config().set("BABEL_TRANSLATION_DIRECTORIES", concat!(env!("CARGO_MANIFEST_DIR"), "/catalogues"));
    app.ext(Translations::new()).routes(routes![language]);
    app.test_client()
});

fn same(left: &str, right: &str) -> bool {
    let plain = |text: &str| text.to_lowercase().replace('_', "-");
    plain(left) == plain(right)
}

fuzz_target!(|data: &[u8]| {
    let (field, name) = line(text(data));
    quick(|| {
        if let Ok(locale) = Locale::parse(name) {
            assert_eq!(Locale::parse(&locale.to_string()).as_ref(), Ok(&locale), "{name}");
            assert!(locale.tag().bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-'), "{name}");
            let _ = (locale.display_name(), locale.is_rtl(), locale.plural_form(2));
            let chosen = Locale::negotiate([name], LANGUAGES);
            assert!(chosen.is_none_or(|chosen| LANGUAGES.contains(&&*chosen.to_string())), "{name}");
        }
        let Ok(value) = HeaderValue::from_bytes(field.as_bytes()) else { return };
        let Ok(value) = value.to_str() else { return };
        let answer = CLIENT.get("/").header("accept-language", value).send();
        assert_eq!(answer.status(), 200);
        let chosen = answer.text();
        assert!(LANGUAGES.contains(&&*chosen), "{chosen:?}");

        let accept = Accept::parse(value, AcceptKind::Language);
        let best = accept.iter().map(|(_, quality)| quality).fold(0.0, f64::max);
        if best == 0.0 {
            assert_eq!(chosen, "en", "nothing is wanted");
        }
        // Of a tag that is named twice the first counts.
        let wanted = |language: &str| {
            let item = accept.iter().find(|(item, _)| *item == "*" || same(item, language));
            item.map_or(0.0, |(_, quality)| quality)
        };
        let most = LANGUAGES.iter().map(|language| wanted(language)).fold(0.0, f64::max);
        if most > 0.0 {
            assert_eq!(wanted(&chosen), most, "{chosen} of {value}");
        }
    });
});
