//! Which language a visitor gets, and when it changes.

use carboy::{prelude::*, render_template_string};
use carboy_ext::translations::*;
use carboy_testkit::Folder;
use std::fs;

fn write(folder: &Folder, locale: &str, translation: &str) {
    let place = folder.path().join("translations").join(locale).join("LC_MESSAGES");
    fs::create_dir_all(&place).unwrap();
    let po = format!("msgid \"Hello\"\nmsgstr \"{translation}\"\n\nmsgid \"%(n)s\"\nmsgstr \"%(typo)s\"\n");
    fs::write(place.join("messages.po"), po).unwrap();
}

#[route("/")]
fn hello() -> String {
    format!("{} {}", get_locale(), gettext("Hello"))
}

#[route("/language/<name>")]
fn choose(name: String) -> String {
    let before = gettext("Hello");
    session().set("language", &name);
    refresh();
    format!("{before} {}", gettext("Hello"))
}

#[route("/forced")]
async fn forced() -> carboy::Result<String> {
    let mut words = vec![gettext("Hello")];
    {
        let _german = force_locale("de_AT")?;
        words.push(gettext("Hello"));
        {
            let _french = force_locale("fr")?;
            tokio::time::sleep(std::time::Duration::from_millis(1)).await;
            words.push(gettext("Hello"));
        }
        refresh();
        words.push(gettext("Hello"));
    }
    words.push(gettext("Hello"));
    Ok(words.join(" "))
}

static GREETING: LazyText = lazy_gettext("Hello");

#[route("/lazy")]
fn lazy() -> carboy::Result<Html> {
    render_template_string("{{ greeting }} {{ get_locale() }}", context! { greeting => &GREETING })
}

#[route("/typo")]
fn typo() -> carboy::Result<String> {
    let page = render_template_string("{{ _('%(n)s', n=2) }}", ())?;
    Ok(format!("{} {}", gettext!("%(n)s", n = 1), page.0))
}

#[route("/zone")]
fn zone() -> carboy::Result<String> {
    let when: jiff::Timestamp = "2026-07-01T22:30:00Z".parse()?;
    let typed = to_utc("2026-07-02T00:30".parse()?)?;
    Ok(format!(
        "{} {} {}",
        format_datetime(when, "yyyy-MM-dd HH:mm z")?,
        to_user_timezone(when).time(),
        typed
    ))
}

fn app(folder: &Folder, translations: Translations) -> App {
    let mut app = super::plain();
    app.root_path(folder.path());
    app.config().set("SECRET_KEY", "dev");
    app.ext(translations).routes(routes![hello, choose, forced, lazy, typo, zone]);
    app
}

fn languages() -> Folder {
    let folder = Folder::new();
    write(&folder, "de", "Hallo");
    write(&folder, "fr", "Bonjour");
    write(&folder, "pt_BR", "Olá");
    folder
}

#[test]
fn a_visitor_gets_the_language_that_the_browser_asks_for_and_caches_are_told() {
    let folder = languages();
    let client = app(&folder, Translations::new()).test_client();
    for (accepted, expected) in [
        ("de-AT,de;q=0.8,en;q=0.5", "de Hallo"),
        ("fr;q=0.3,pt-BR", "pt_BR Olá"),
        ("pt", "pt_BR Olá"),
        ("ja", "en Hello"),
        ("", "en Hello"),
        // A language that is named wins over one that is only near, as in Werkzeug.
        ("en-US,de;q=0.9", "de Hallo"),
        ("*", "en Hello"),
        ("de;q=0", "en Hello"),
        ("garbage;;q=x,,", "en Hello"),
    ] {
        let answer = client.get("/").header("Accept-Language", accepted).send();
        assert_eq!(answer.text(), expected, "{accepted}");
        assert_eq!(answer.header_all("vary"), ["Accept-Language"], "{accepted}");
    }
}

#[test]
fn a_selector_decides_and_what_it_says_wrong_means_the_default() {
    let folder = languages();
    let chosen = Translations::new().locale_selector(|| request().args().get("lang"));
    let client = app(&folder, chosen).test_client();
    for (query, expected) in
        [("de", "de Hallo"), ("de_AT", "de_AT Hallo"), ("../../etc", "en Hello"), ("xx", "en Hello")]
    {
        let answer = client.get("/").query([("lang", query)]).header("Accept-Language", "fr").send();
        assert_eq!(answer.text(), expected);
        assert_eq!(answer.header("vary"), None);
    }
}

#[test]
fn a_language_that_was_just_chosen_is_spoken_after_refresh() {
    let folder = languages();
    let chosen = Translations::new().locale_selector(|| session().get::<String>("language"));
    let client = app(&folder, chosen).test_client();
    assert_eq!(client.get("/language/fr").send().text(), "Hello Bonjour");
    assert_eq!(client.get("/").send().text(), "fr Bonjour");
}

#[test]
fn a_forced_language_ends_where_its_value_is_dropped() {
    let folder = languages();
    let client = app(&folder, Translations::new()).test_client();
    let answer = client.get("/forced").header("Accept-Language", "pt-BR").send();
    assert_eq!(answer.text(), "Olá Hallo Bonjour Hallo Olá");
}

#[test]
fn a_lazy_text_speaks_the_language_of_the_request_that_shows_it() {
    let folder = languages();
    let client = app(&folder, Translations::new()).test_client();
    for (accepted, expected) in [("de", "Hallo de"), ("fr", "Bonjour fr")] {
        assert_eq!(client.get("/lazy").header("Accept-Language", accepted).send().text(), expected);
    }
}

#[test]
fn a_translation_that_misspells_a_name_does_not_break_the_page() {
    let folder = languages();
    let client = app(&folder, Translations::new()).test_client();
    assert_eq!(client.get("/typo").header("Accept-Language", "de").send().text(), "1 2");
}

#[test]
fn moments_move_to_the_time_zone_of_the_visitor() {
    let folder = languages();
    let chosen = Translations::new().timezone_selector(|| request().args().get("zone"));
    let client = app(&folder, chosen).test_client();
    let at = |zone: &str| client.get("/zone").query([("zone", zone)]).send().text();
    assert_eq!(at("Europe/Vienna"), "2026-07-02 00:30 +0200 00:30:00 2026-07-01T22:30:00Z");
    assert_eq!(at("no/where"), at("UTC"));
}

#[test]
fn a_catalogue_is_read_again_when_it_changed_in_debug_mode_only() {
    for debug in [true, false] {
        let folder = languages();
        let mut app = app(&folder, Translations::new());
        app.config().set("DEBUG", debug);
        let client = app.test_client();
        let get = || client.get("/").header("Accept-Language", "de").send().text();
        assert_eq!(get(), "de Hallo");
        write(&folder, "de", "Servus");
        let file = folder.path().join("translations/de/LC_MESSAGES/messages.po");
        let later = std::time::SystemTime::now() + std::time::Duration::from_secs(5);
        fs::File::options().write(true).open(&file).unwrap().set_modified(later).unwrap();
        assert_eq!(get(), if debug { "de Servus" } else { "de Hallo" });
        if debug {
            // A mistake while editing keeps what was there.
            fs::write(&file, "msgid").unwrap();
            assert_eq!(get(), "de Servus");
        }
    }
}

#[test]
fn other_extensions_find_the_catalogues() {
    let folder = languages();
    let service = app(&folder, Translations::new().locale_selector(|| Some("de".into()))).build().unwrap();
    service.test_request_context("/", || {
        assert_eq!(carboy::gettext("Hello"), "Hallo");
        assert_eq!(carboy::translator().unwrap().gettext("Nobody translated this"), None);
        assert_eq!(carboy::translator().unwrap().ngettext("a", "b", 2), None);
        assert_eq!(carboy::translator().unwrap().locale().as_deref(), Some("de"));
    });
}

#[test]
fn wrong_settings_and_catalogues_are_told_at_the_start() {
    let start = |key: &str, value: &str| {
        let folder = languages();
        let mut app = app(&folder, Translations::new());
        app.config().set(key, value);
        app.build().err().map(|error| error.to_string()).unwrap_or_default()
    };
    assert_eq!(start("BABEL_DEFAULT_LOCALE", "de"), "");
    assert!(start("BABEL_DEFAULT_LOCALE", "xx").contains("BABEL_DEFAULT_LOCALE: unknown locale \"xx\""));
    assert!(
        start("BABEL_DEFAULT_TIMEZONE", "Mars")
            .contains("BABEL_DEFAULT_TIMEZONE: unknown time zone \"Mars\"")
    );
    let folder = languages();
    fs::write(folder.path().join("translations/de/LC_MESSAGES/messages.mo"), "no catalogue").unwrap();
    let error = app(&folder, Translations::new()).build().err().unwrap().to_string();
    assert!(
        error.contains("de/LC_MESSAGES/messages.mo cannot be read: it is no compiled catalogue"),
        "{error}"
    );
}

#[test]
fn outside_of_an_app_words_are_as_they_are_and_dates_english() {
    assert_eq!(gettext("Hello"), "Hello");
    assert_eq!(ngettext!("%(num)s tree", "%(num)s trees", 2), "2 trees");
    assert_eq!(format_date(jiff::civil::date(2026, 11, 29), "full").unwrap(), "Sunday, November 29, 2026");
    assert!(format_time(jiff::civil::date(2026, 11, 29), "d").is_err());
    assert!(
        format_date(
            jiff::civil::date(2026, 11, 29),
            "yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy"
        )
        .is_err()
    );
    assert!(format_decimal(1, Some(&"0".repeat(5000))).is_err());
    assert!(force_locale("nowhere").is_err());
}
