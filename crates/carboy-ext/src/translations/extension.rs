//! The extension: which language and which time zone, and where the catalogues are.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use carboy::{
    App, Extension, ExtensionFuture, HeaderName, State, TemplateValue, Translate, Translator, try_ext, try_g,
    try_request, vary_on,
};
use jiff::tz::TimeZone;

use super::cldr::locale::Locale;
use super::extract;
use super::store::{Folder, Place, Store};
use super::templates;
use super::text::{self, Call};

const ACCEPT_LANGUAGE: HeaderName = HeaderName::from_static("accept-language");

type Selector = Arc<dyn Fn() -> Option<String> + Send + Sync>;

/// The extension that translates and formats: Flask-Babel's `Babel`. Cheap to clone; all clones are one.
#[derive(Clone, Default)]
pub struct Translations {
    locale_selector: Option<Selector>,
    timezone_selector: Option<Selector>,
    running: Arc<OnceLock<Running>>,
}

/// What holds once the app runs.
struct Running {
    store: Store,
    default_locale: Locale,
    default_timezone: TimeZone,
}

impl Translations {
    /// Takes the language from the request's `Accept-Language`, as far as there are catalogues, and the time zone from the configuration.
    pub fn new() -> Self {
        Self::default()
    }

    /// Asks `selector` for the name of the language, once a request: from the session, the user, the URL. `None`, and a name that is no
    /// locale, mean the default. A selector that reads a field of the request by itself says so, with [`vary_on`](carboy::vary_on).
    ///
    /// ```
    /// # use carboy::prelude::*;
    /// # use carboy_ext::translations::{Translations, best_match};
    /// let translations = Translations::new()
    ///     .locale_selector(|| session().get::<String>("language").or_else(best_match));
    /// ```
    pub fn locale_selector(mut self, selector: impl Fn() -> Option<String> + Send + Sync + 'static) -> Self {
        self.locale_selector = Some(Arc::new(selector));
        self
    }

    /// Asks `selector` for the name of the time zone (`Europe/Vienna`), once a request. `None`, and a name that is none, mean the default.
    pub fn timezone_selector(
        mut self,
        selector: impl Fn() -> Option<String> + Send + Sync + 'static,
    ) -> Self {
        self.timezone_selector = Some(Arc::new(selector));
        self
    }

    /// The languages that there are catalogues of, and the default one. Flask-Babel's `list_translations`.
    pub fn list_translations(&self) -> Vec<Locale> {
        let Some(running) = self.running.get() else { return Vec::new() };
        let mut all: Vec<Locale> =
            running.store.names().iter().filter_map(|name| name.parse().ok()).collect();
        if !all.contains(&running.default_locale) {
            all.push(running.default_locale.clone());
        }
        all
    }

    fn start(&self, app: &State) -> carboy::Result<&Running> {
        if let Some(running) = self.running.get() {
            return Ok(running);
        }
        let config = app.config();
        let text = |key: &str, default: &str| -> carboy::Result<String> {
            Ok(config.get::<String>(key)?.unwrap_or_else(|| default.to_owned()))
        };
        let default_locale: Locale = text("BABEL_DEFAULT_LOCALE", "en")?
            .parse()
            .map_err(|error| carboy::Error::msg(format!("BABEL_DEFAULT_LOCALE: {error}")))?;
        let timezone = text("BABEL_DEFAULT_TIMEZONE", "UTC")?;
        let default_timezone = TimeZone::get(&timezone).map_err(|_| {
            carboy::Error::msg(format!("BABEL_DEFAULT_TIMEZONE: unknown time zone {timezone:?}"))
        })?;
        let directories = text("BABEL_TRANSLATION_DIRECTORIES", "translations")?;
        let domains = text("BABEL_DOMAIN", "messages")?;
        let domains: Vec<&str> = domains.split(';').collect();
        let mut places = Vec::new();
        for (index, directory) in directories.split(';').enumerate() {
            let domain = domains.get(index).or_else(|| domains.first()).copied().unwrap_or("messages");
            let built_in = app.embedded_translations();
            let folder = if directory == "translations" && !built_in.is_empty() {
                Folder::Embedded(built_in)
            } else {
                Folder::Disk(app.root_path().join(PathBuf::from(directory)))
            };
            places.push(Place { folder, domain: domain.to_owned() });
        }
        let store = Store::new(places, app.debug());
        // A catalogue that cannot be read is told now, not to the first who speaks the language.
        for name in store.names() {
            if let Ok(locale) = Locale::parse(&name) {
                let loaded = store.load(&locale).map_err(carboy::Error::msg)?;
                tracing::debug!(target: "carboy::translations", "{name}: {} messages", loaded.len());
            }
        }
        Ok(self.running.get_or_init(|| Running { store, default_locale, default_timezone }))
    }

    pub(super) fn store(&self) -> Option<&Store> {
        Some(&self.running.get()?.store)
    }

    fn locale(&self) -> Option<Locale> {
        let running = self.running.get()?;
        let default = || running.default_locale.clone();
        let chosen = match &self.locale_selector {
            Some(selector) => selector(),
            None => best_match(),
        };
        let locale = chosen.and_then(|name| match name.parse() {
            Ok(locale) => Some(locale),
            Err(error) => {
                tracing::debug!(target: "carboy::translations", "the locale selector chose an {error}");
                None
            }
        });
        Some(locale.unwrap_or_else(default))
    }

    fn timezone(&self) -> Option<TimeZone> {
        let running = self.running.get()?;
        let chosen = self.timezone_selector.as_ref().and_then(|selector| selector());
        let timezone = chosen.and_then(|name| TimeZone::get(&name).ok());
        Some(timezone.unwrap_or_else(|| running.default_timezone.clone()))
    }
}

/// What was chosen for a request, or another context.
#[derive(Default)]
struct Slot(Mutex<Chosen>);

#[derive(Clone, Default)]
struct Chosen {
    locale: Option<Locale>,
    forced: Option<Locale>,
    timezone: Option<TimeZone>,
}

fn slot() -> Option<Arc<Slot>> {
    let g = try_g()?;
    if let Some(slot) = g.of_type::<Slot>() {
        return Some(slot);
    }
    g.insert(Slot::default());
    g.of_type::<Slot>()
}

impl Slot {
    fn with<T>(&self, f: impl FnOnce(&mut Chosen) -> T) -> T {
        f(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// The language of the current request: what [`force_locale`] says, else the selector, else the default. English outside of a context.
pub fn get_locale() -> Locale {
    let english = || Locale::parse("en").unwrap_or_else(|_| unreachable!("there is data for English"));
    let (Some(translations), Some(slot)) = (try_ext::<Translations>(), slot()) else { return english() };
    if let Some(locale) = slot.with(|chosen| chosen.forced.clone().or_else(|| chosen.locale.clone())) {
        return locale;
    }
    // The selector is code of the app, and may ask for the language itself.
    let Some(locale) = translations.locale() else { return english() };
    slot.with(|chosen| chosen.locale = Some(locale.clone()));
    locale
}

/// The time zone of the current request: the selector's, else the default. UTC outside of a context.
pub fn get_timezone() -> TimeZone {
    let (Some(translations), Some(slot)) = (try_ext::<Translations>(), slot()) else { return TimeZone::UTC };
    if let Some(timezone) = slot.with(|chosen| chosen.timezone.clone()) {
        return timezone;
    }
    let Some(timezone) = translations.timezone() else { return TimeZone::UTC };
    slot.with(|chosen| chosen.timezone = Some(timezone.clone()));
    timezone
}

/// Asks the selectors again: after the user changed the language, and the answer is to be in the new one.
pub fn refresh() {
    if let Some(slot) = try_g().and_then(|g| g.of_type::<Slot>()) {
        slot.with(|chosen| (chosen.locale, chosen.timezone) = (None, None));
    }
}

/// Which of the languages that there are catalogues of, and of the default one, the client likes best, by `Accept-Language`, which `Vary`
/// then names.
pub fn best_match() -> Option<String> {
    let (translations, request) = (try_ext::<Translations>()?, try_request()?);
    vary_on(ACCEPT_LANGUAGE);
    let mut names: Vec<String> = translations.list_translations().iter().map(ToString::to_string).collect();
    // Of equals the default one wins.
    let default = translations.running.get()?.default_locale.to_string();
    names.sort_by_key(|name| *name != default);
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    request.accept_languages().best_match(&names).map(str::to_owned)
}

/// Speaks another language until it is dropped, as in a message to somebody else than who asks.
#[must_use = "the language is forced as long as this lives"]
pub struct ForcedLocale {
    slot: Option<Arc<Slot>>,
    former: Option<Locale>,
}

/// Speaks another language until the returned value is dropped. Flask-Babel's `force_locale`.
///
/// ```
/// # use carboy_ext::translations::{UnknownLocale, force_locale, gettext};
/// # fn example() -> Result<(), UnknownLocale> {
/// let subject = {
///     let _german = force_locale("de")?;
///     gettext("Welcome")
/// };
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// When there is no such locale.
pub fn force_locale(name: &str) -> Result<ForcedLocale, super::UnknownLocale> {
    let locale: Locale = name.parse()?;
    let slot = slot();
    let former = slot.as_ref().and_then(|slot| slot.with(|chosen| chosen.forced.replace(locale)));
    Ok(ForcedLocale { slot, former })
}

impl Drop for ForcedLocale {
    fn drop(&mut self) {
        if let Some(slot) = &self.slot {
            slot.with(|chosen| chosen.forced = self.former.take());
        }
    }
}

impl Extension for Translations {
    fn name(&self) -> &'static str {
        "Translations"
    }

    fn init(&self, app: &mut App) -> carboy::Result<()> {
        templates::install(app);
        app.ext(Translator::new(self.clone()));
        app.command_group("babel", extract::commands());
        Ok(())
    }

    fn startup<'a>(&'a self, app: &'a Arc<State>) -> ExtensionFuture<'a, carboy::Result<()>> {
        Box::pin(async move { self.start(app).map(|_| ()) })
    }
}

/// What other extensions ask.
impl Translate for Translations {
    fn locale(&self) -> Option<String> {
        Some(get_locale().to_string())
    }

    fn gettext(&self, message: &str) -> Option<String> {
        let call = Call { context: None, message, plural: None };
        lookup(&call, |found| found.map(str::to_owned))
    }

    fn ngettext(&self, singular: &str, plural: &str, n: u64) -> Option<String> {
        let number = i64::try_from(n).unwrap_or(i64::MAX);
        let call = Call { context: None, message: singular, plural: Some((plural, number)) };
        lookup(&call, |found| found.map(str::to_owned))
    }
}

impl std::fmt::Debug for Translations {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Translations").finish_non_exhaustive()
    }
}

/// Looks a message up in the language of the request, for `f`.
pub(super) fn lookup<T>(call: &Call<'_>, f: impl FnOnce(Option<&str>) -> T) -> T {
    let translations = try_ext::<Translations>();
    let store = translations.as_ref().and_then(|translations| translations.store());
    let loaded = store.map(|store| store.of(&get_locale()));
    f(loaded.as_ref().and_then(|loaded| call.look_up(loaded)))
}

/// Translates and fills a message in the language of the request.
pub(super) fn translated(call: &Call<'_>, values: &[(String, TemplateValue)]) -> String {
    lookup(call, |found| text::filled(found, call, values))
}
