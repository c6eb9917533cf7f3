//! What an answer depends on without its view saying so.

use super::{MINUTE, Runs, get, run, runs};
use carboy::{HeaderName, prelude::*, testing::TestClient, vary_on};
use carboy_ext::cache::{Cache, cached};
use std::sync::atomic::AtomicUsize;

fn theme() -> String {
    vary_on(HeaderName::from_static("x-theme"));
    request().header("x-theme").unwrap_or_default().into_owned()
}

#[get("/theme")]
#[cached(timeout = 60)]
fn themed() -> String {
    format!("{} {}", theme(), run())
}

#[get("/hooked")]
#[cached(timeout = 60)]
fn hooked() -> String {
    format!("{:?} {}", g().get::<String>("theme"), run())
}

#[get("/cookie")]
#[cached(timeout = 60)]
fn by_cookie() -> String {
    vary_on(HeaderName::from_static("cookie"));
    format!("{:?} {}", request().cookie("lang"), run())
}

fn app() -> App {
    let mut app = App::new("varies");
    app.config().set("SECRET_KEY", "dev");
    app.routes(routes![themed, hooked, by_cookie]).ext(Runs(AtomicUsize::new(0))).ext(Cache::new());
    app
}

#[test]
fn what_somebody_else_than_the_view_looks_at_tells_variants_apart_and_is_named() {
    let mut app = app();
    app.before_request(|| {
        if request().path() == "/hooked" {
            g().set("theme", theme());
        }
    });
    let client = app.build().unwrap().test_client();
    let ask = |path: &str, theme: &str| {
        let answer = client.get(path).header("X-Theme", theme).send();
        assert_eq!(answer.header_all("vary"), ["X-Theme"], "{path} {theme}");
        answer.text()
    };
    for _ in 0..2 {
        assert_eq!([ask("/theme", "dark"), ask("/theme", "light")], ["dark 1", "light 2"]);
    }
    for _ in 0..2 {
        let both = [ask("/hooked", "dark"), ask("/hooked", "light")];
        assert_eq!(both, ["Some(\"dark\") 3", "Some(\"light\") 4"]);
    }
    // One who depends on cookies is for one alone.
    let cookie = |value: &str| get(&client, "/cookie", &[("Cookie", value)]);
    assert_eq!([cookie("lang=de"), cookie("lang=de")], ["Some(\"de\") 5", "Some(\"de\") 6"]);
}

#[cfg(feature = "translations")]
mod languages {
    use super::*;
    use carboy_ext::{
        cache::memoize,
        translations::{Translations, best_match, get_locale, gettext},
    };
    use carboy_testkit::Folder;
    use std::fs;

    #[get("/")]
    #[cached(timeout = 60)]
    fn hello() -> String {
        format!("{} {}", gettext("Hello"), run())
    }

    #[get("/late")]
    #[cached(timeout = 60)]
    fn late() -> carboy::Result<Html> {
        carboy::render_template_string("{{ _('Hello') }} {{ count() }}", ())
    }

    #[get("/gone")]
    #[cached(timeout = 60)]
    fn gone() -> (String, u16) {
        (format!("{} {}", gettext("Hello"), run()), 404)
    }

    #[get("/plain")]
    #[cached(timeout = 60)]
    fn plain() -> String {
        format!("plain {}", run())
    }

    #[get("/fragment")]
    #[cached(timeout = 60)]
    fn fragment() -> carboy::Result<Html> {
        let source = "{% set name = 'hello/' ~ get_locale() %}{% set part = cache.get(name) %}{% if part is none %}\
            {% set part %}{{ _('Hello') }} {{ count() }}{% endset %}{% set part = cache.keep(name, part, 60) %}\
            {% endif %}{{ part }}";
        carboy::render_template_string(source, ())
    }

    #[memoize(timeout = 60)]
    async fn greeting(language: String) -> carboy::Result<String> {
        Ok(format!("{language} {} {}", gettext("Hello"), run()))
    }

    #[get("/memoized")]
    #[cached(timeout = 60)]
    async fn memoized() -> carboy::Result<String> {
        greeting(get_locale().to_string()).await
    }

    fn client(translations: Translations) -> (Folder, TestClient) {
        let folder = Folder::new();
        for (locale, translation) in [("de", "Hallo"), ("fr", "Bonjour")] {
            let place = folder.path().join("translations").join(locale).join("LC_MESSAGES");
            fs::create_dir_all(&place).unwrap();
            let po = format!("msgid \"Hello\"\nmsgstr \"{translation}\"\n");
            fs::write(place.join("messages.po"), po).unwrap();
        }
        let mut app = app();
        app.root_path(folder.path()).template_global("count", run).ext(translations);
        app.routes(routes![hello, late, gone, plain, fragment, memoized]);
        (folder, app.build().unwrap().test_client())
    }

    #[test]
    fn nobody_gets_the_page_that_was_kept_in_another_language() {
        let (_folder, client) = client(Translations::new());
        let mut number = 0;
        for path in ["/", "/late", "/gone", "/fragment", "/memoized"] {
            for (language, hello) in [("de", "Hallo"), ("en", "Hello"), ("fr", "Bonjour")] {
                number += 1;
                for _ in 0..2 {
                    let answer = client.get(path).header("Accept-Language", language).send();
                    let text = answer.text();
                    assert!(text.ends_with(&format!("{hello} {number}")), "{path} in {language}: {text}");
                    assert_eq!(answer.header_all("vary"), ["Accept-Language"], "{path} in {language}");
                }
            }
        }
        // A page without a word of any language is one for all.
        for language in ["de", "en"] {
            let answer = client.get("/plain").header("Accept-Language", language).send();
            assert_eq!((answer.text(), answer.header("vary")), ("plain 16".into(), None));
        }
    }

    #[test]
    fn a_language_that_the_session_chose_is_not_anybody_elses() {
        let chosen =
            Translations::new().locale_selector(|| session().get::<String>("language").or_else(best_match));
        let (_folder, client) = client(chosen);
        let german = client.app().test_client();
        german.session(|session| session.set("language", "de"));
        for client in [&german, &client, &german, &client] {
            let language = if std::ptr::eq(client, &german) { "Hallo" } else { "Bonjour" };
            let text = get(client, "/", &[("Accept-Language", "fr")]);
            assert!(text.starts_with(language), "{language}: {text}");
        }
        assert_eq!(runs(&client), 4);
    }
}

#[cfg(feature = "cors")]
#[test]
fn what_cors_says_is_of_the_request_and_never_kept() {
    use carboy_ext::cors::{Cors, CorsOptions};
    let mut app = app();
    let origins = ["https://a.example", "https://b.example"];
    app.ext(Cors::with(CorsOptions::new().origins(origins)));
    let client = app.build().unwrap().test_client();
    for origin in [origins[0], origins[1], "https://evil.example", origins[0]] {
        let answer = client.get("/hooked").header("Origin", origin).send();
        assert_eq!(answer.text(), "None 1", "{origin}");
        let allowed = Some(origin).filter(|origin| origins.contains(origin));
        assert_eq!(answer.header("access-control-allow-origin"), allowed, "{origin}");
        assert!(allowed.is_none() || answer.header_all("vary") == ["Origin"], "{origin}");
    }
}

#[get("/slow")]
#[cached(timeout = 60)]
async fn slow() -> String {
    let number = run();
    if number == 1 {
        // Somebody changes what the page shows, after the view has looked at it.
        ext::<Cache>().delete_view("/slow").await;
    }
    format!("made {number}")
}

#[get("/private-then-slow")]
#[cached(timeout = 60)]
async fn private_then_slow() -> carboy::Result {
    let number = run();
    let mut response = Response::text(format!("made {number}"));
    match number {
        1 => drop(response.set_header("Cache-Control", "private")?),
        2 => ext::<Cache>().clear().await,
        _ => {}
    }
    Ok(response)
}

#[get("/memo/<what>")]
async fn memo(what: String) -> carboy::Result<String> {
    let cache = ext::<Cache>();
    let made = cache
        .memoize("memo/1", MINUTE, async || {
            let number = run();
            match (number, what.as_str()) {
                (1, "delete") => cache.delete("memo/1").await,
                (1, "prefix") => cache.delete_prefix("memo/").await,
                (1, "other") => cache.delete("memo/2").await,
                _ => {}
            }
            Ok(number)
        })
        .await?;
    Ok(format!("made {made}"))
}

#[test]
fn what_is_deleted_while_it_is_made_is_not_kept() {
    let made = |path: &str| {
        let mut app = app();
        let client = app.routes(routes![slow, private_then_slow, memo]).build().unwrap().test_client();
        [(); 4].map(|()| get(&client, path, &[]).trim_start_matches("made ").to_owned())
    };
    assert_eq!(made("/slow"), ["1", "2", "2", "2"]);
    assert_eq!(made("/private-then-slow"), ["1", "2", "3", "3"]);
    assert_eq!(made("/memo/delete"), ["1", "2", "2", "2"]);
    assert_eq!(made("/memo/prefix"), ["1", "2", "2", "2"]);
    assert_eq!(made("/memo/other"), ["1", "1", "1", "1"]);
}
