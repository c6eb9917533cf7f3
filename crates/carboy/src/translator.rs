//! Where extensions find their words in the language of a request.

use crate::{Ext, Extension, try_ext};

/// What knows the language of the current request and has messages in it: an extension for translations implements it.
///
/// Other extensions and the app ask through [`gettext`], [`ngettext`] and [`translator`], so that none of them needs to know who translates.
pub trait Translate: Send + Sync + 'static {
    /// The locale of the current request, as in `de` or `pt_BR`; `None` when nothing was chosen.
    fn locale(&self) -> Option<String>;

    /// A message in that language; `None` when there is no translation of it.
    fn gettext(&self, message: &str) -> Option<String>;

    /// The form of a message for `n` things; `None` when there is no translation of it.
    fn ngettext(&self, singular: &str, plural: &str, n: u64) -> Option<String>;
}

/// The translations of an app, as other extensions find them.
///
/// ```
/// use carboy::{Translate, Translator, gettext, prelude::*};
///
/// struct German;
///
/// impl Translate for German {
///     fn locale(&self) -> Option<String> {
///         Some("de".to_owned())
///     }
///     fn gettext(&self, message: &str) -> Option<String> {
///         (message == "Good morning").then(|| "Guten Morgen".to_owned())
///     }
///     fn ngettext(&self, _: &str, _: &str, _: u64) -> Option<String> {
///         None
///     }
/// }
///
/// #[route("/")]
/// fn hello() -> String {
///     gettext("Good morning")
/// }
///
/// let mut app = App::new("doc");
/// app.ext(Translator::new(German)).routes(routes![hello]);
/// assert_eq!(app.test_client().get("/").send().text(), "Guten Morgen");
/// ```
pub struct Translator(Box<dyn Translate>);

impl Translator {
    /// Asks `source` for every message. An extension for translations registers this in its `init`.
    pub fn new(source: impl Translate) -> Self {
        Translator(Box::new(source))
    }

    /// The locale of the current request.
    pub fn locale(&self) -> Option<String> {
        self.0.locale()
    }

    /// A message in the language of the current request, if there is a translation.
    pub fn gettext(&self, message: &str) -> Option<String> {
        self.0.gettext(message)
    }

    /// The form of a message for `n` things, if there is a translation.
    pub fn ngettext(&self, singular: &str, plural: &str, n: u64) -> Option<String> {
        self.0.ngettext(singular, plural, n)
    }
}

impl Extension for Translator {
    fn name(&self) -> &'static str {
        "Translator"
    }
}

/// The translations of the current app, if it has any.
pub fn translator() -> Option<Ext<Translator>> {
    try_ext()
}

/// A message in the language of the current request; the message itself where nothing translates it.
pub fn gettext(message: &str) -> String {
    translator().and_then(|words| words.gettext(message)).unwrap_or_else(|| message.to_owned())
}

/// The form of a message for `n` things in the language of the current request; the singular for one and the plural for others where
/// nothing translates it.
pub fn ngettext(singular: &str, plural: &str, n: u64) -> String {
    let translated = translator().and_then(|words| words.ngettext(singular, plural, n));
    translated.unwrap_or_else(|| if n == 1 { singular } else { plural }.to_owned())
}
