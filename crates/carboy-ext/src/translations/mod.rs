//! Languages, time zones, dates and numbers: Flask-Babel's surface.
//!
//! ```
//! use carboy::prelude::*;
//! use carboy_ext::translations::{Translations, format_currency, gettext, ngettext};
//!
//! #[route("/cart")]
//! fn cart() -> carboy::Result<String> {
//!     let price = format_currency(9.5, "EUR", Default::default())?;
//!     Ok(format!("{} {} {price}", gettext("Your cart:"), ngettext("%(num)d apple", "%(num)d apples", 3)))
//! }
//!
//! let mut app = App::new("shop");
//! app.config().set("BABEL_DEFAULT_LOCALE", "de");
//! app.ext(Translations::new());
//! app.routes(routes![cart]);
//! // Nobody translated the words yet.
//! assert_eq!(app.test_client().get("/cart").send().text(), "Your cart: 3 apples 9,50\u{a0}€");
//! ```
//!
//! Catalogues lie where Flask-Babel has them, `translations/de/LC_MESSAGES/messages.po`, and are read as they are: a `.mo` file if there is one,
//! else the `.po` file. A release build holds those of the folder `translations`; in debug mode they are read again when they change.
//!
//! | key | meaning | default |
//! |---|---|---|
//! | `BABEL_DEFAULT_LOCALE` | the language if nothing else is known | `en` |
//! | `BABEL_DEFAULT_TIMEZONE` | the time zone | `UTC` |
//! | `BABEL_TRANSLATION_DIRECTORIES` | folders with catalogues, separated by `;`, below the app's root | `translations` |
//! | `BABEL_DOMAIN` | the name of the catalogues, or one for each folder, separated by `;` | `messages` |
//!
//! Templates have `_`, `gettext`, `ngettext`, `pgettext`, `npgettext` and `{% trans %}` in Jinja's new style, and the filters `datetimeformat`,
//! `dateformat`, `timeformat`, `timedeltaformat`, `numberformat`, `decimalformat`, `currencyformat`, `percentformat`, `scientificformat`, and
//! `listformat`. The commands `babel extract`, `init`, `update` and `compile` do what those of `pybabel` do.
//!
//! Forms and other extensions speak the language of the request, too: they ask [`carboy::gettext`] and [`carboy::translator`].
//!
//! What is formatted comes from Unicode's locale data (CLDR), as Babel 2.19 has it, for all of its 1147 locales, and is what Babel writes.

mod catalog;
mod cldr;
mod extension;
mod extract;
mod format;
#[cfg(fuzzing)]
pub mod fuzzing;
mod store;
mod templates;
mod text;

pub use crate::{
    __translations_gettext as gettext, __translations_ngettext as ngettext,
    __translations_npgettext as npgettext, __translations_pgettext as pgettext,
};
pub use cldr::decimal::{Decimal, ParseDecimalError};
pub use cldr::locale::{Locale, UnknownLocale};
pub use extension::{
    ForcedLocale, Translations, best_match, force_locale, get_locale, get_timezone, refresh,
};
pub use format::{
    CurrencyOptions, DateFormat, FormatError, Moment, Timedelta, TimedeltaFormat, format_currency,
    format_date, format_datetime, format_decimal, format_list, format_number, format_percent,
    format_scientific, format_time, format_timedelta, to_user_timezone, to_utc,
};
#[doc(hidden)]
pub use text::__private;
pub use text::{
    LazyText, gettext, lazy_gettext, lazy_ngettext, lazy_pgettext, ngettext, npgettext, pgettext,
};
