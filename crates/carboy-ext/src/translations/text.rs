//! Messages: looked up in the language of the request, and filled with values.

use std::borrow::Cow;
use std::fmt;

use carboy::TemplateValue;
use serde::{Serialize, Serializer};

use super::extension::translated;
use super::store::Loaded;

/// A message that is asked for.
#[derive(Clone, Copy)]
pub(super) struct Call<'c> {
    pub(super) context: Option<&'c str>,
    pub(super) message: &'c str,
    /// The plural, and the number that chooses.
    pub(super) plural: Option<(&'c str, i64)>,
}

impl Call<'_> {
    pub(super) fn look_up<'l>(&self, loaded: &'l Loaded) -> Option<&'l str> {
        match self.plural {
            None => loaded.get(self.context, self.message),
            Some((_, number)) => {
                // A catalogue's rule is made for what can be counted.
                loaded.get_plural(self.context, self.message, number.unsigned_abs())
            }
        }
    }

    /// The message as the source has it.
    pub(super) fn original(&self) -> &str {
        match self.plural {
            Some((plural, number)) if number != 1 => plural,
            _ => self.message,
        }
    }
}

/// A message with its values in place. Without values it is left as it is, as Flask-Babel does.
///
/// A translation that does not take the values (a name misspelt, a conversion that does not fit) must not break the page: the original is
/// filled in its place, and the log says so.
pub(super) fn filled(found: Option<&str>, call: &Call<'_>, values: &[(String, TemplateValue)]) -> String {
    let fill =
        |text: &str| TemplateValue::new(text).percent(values.iter().cloned()).map(|text| text.to_string());
    let original = call.original();
    let text = found.unwrap_or(original);
    if values.is_empty() {
        return text.to_owned();
    }
    fill(text).unwrap_or_else(|error| {
        tracing::error!(target: "carboy::translations", "a translation of {original:?} cannot be filled: {error}");
        fill(original).unwrap_or_else(|_| original.to_owned())
    })
}

/// A message in the language of the request; the message itself where nobody translated it.
///
/// The macro of the same name fills in values: `gettext!("Hello %(name)s!", name = user)`.
pub fn gettext(message: &str) -> String {
    translated(&Call { context: None, message, plural: None }, &[])
}

/// The form of a message for a number. `%(num)s` (or `%(num)d`) in it is the number.
pub fn ngettext(singular: &str, plural: &str, num: i64) -> String {
    let values = [("num".to_owned(), TemplateValue::new(&num))];
    translated(&Call { context: None, message: singular, plural: Some((plural, num)) }, &values)
}

/// [`gettext`] of a message that is told from the same words elsewhere by a context.
pub fn pgettext(context: &str, message: &str) -> String {
    translated(&Call { context: Some(context), message, plural: None }, &[])
}

/// [`ngettext`] with a context.
pub fn npgettext(context: &str, singular: &str, plural: &str, num: i64) -> String {
    let values = [("num".to_owned(), TemplateValue::new(&num))];
    translated(&Call { context: Some(context), message: singular, plural: Some((plural, num)) }, &values)
}

/// A message that is translated where it is used, so that it may be made once for all requests: in a `static`, a form's label.
///
/// Displayed or serialised (as in a template) it is text in the language of that request.
///
/// ```
/// use carboy_ext::translations::{LazyText, lazy_gettext};
/// static TITLE: LazyText = lazy_gettext("Welcome");
/// assert_eq!(TITLE.to_string(), "Welcome");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LazyText {
    context: Option<Cow<'static, str>>,
    message: Cow<'static, str>,
    plural: Option<(Cow<'static, str>, i64)>,
}

/// [`gettext`] later.
pub const fn lazy_gettext(message: &'static str) -> LazyText {
    LazyText { context: None, message: Cow::Borrowed(message), plural: None }
}

/// [`pgettext`] later.
pub const fn lazy_pgettext(context: &'static str, message: &'static str) -> LazyText {
    LazyText { context: Some(Cow::Borrowed(context)), message: Cow::Borrowed(message), plural: None }
}

/// [`ngettext`] later.
pub const fn lazy_ngettext(singular: &'static str, plural: &'static str, num: i64) -> LazyText {
    let plural = Some((Cow::Borrowed(plural), num));
    LazyText { context: None, message: Cow::Borrowed(singular), plural }
}

impl LazyText {
    /// The message as the source has it.
    pub fn message(&self) -> &str {
        &self.message
    }
}

impl fmt::Display for LazyText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = match (&self.context, &self.plural) {
            (None, None) => gettext(&self.message),
            (Some(context), None) => pgettext(context, &self.message),
            (None, Some((plural, num))) => ngettext(&self.message, plural, *num),
            (Some(context), Some((plural, num))) => npgettext(context, &self.message, plural, *num),
        };
        f.pad(&text)
    }
}

impl Serialize for LazyText {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl From<LazyText> for String {
    fn from(text: LazyText) -> String {
        text.to_string()
    }
}

/// What the macros call.
#[doc(hidden)]
pub mod __private {
    use super::{Call, translated};
    pub use carboy::TemplateValue;

    pub fn text(
        context: Option<&str>,
        message: &str,
        plural: Option<(&str, i64)>,
        mut values: Vec<(String, TemplateValue)>,
    ) -> String {
        if let Some((_, num)) = plural
            && !values.iter().any(|(name, _)| name == "num")
        {
            values.push(("num".to_owned(), TemplateValue::new(&num)));
        }
        translated(&Call { context, message, plural }, &values)
    }
}

/// The values of a message, by name.
#[macro_export]
#[doc(hidden)]
macro_rules! __translations_values {
    ($($name:ident = $value:expr),*) => {
        ::std::vec![$((
            ::std::string::String::from(::core::stringify!($name)),
            $crate::translations::__private::TemplateValue::new(&$value),
        )),*]
    };
}

/// A message in the language of the request, with values for its `%(name)s`: Flask-Babel's `gettext`.
///
/// ```
/// use carboy_ext::translations::gettext;
/// assert_eq!(gettext!("Hello %(name)s!", name = "Ada"), "Hello Ada!");
/// assert_eq!(gettext!("100%"), "100%");
/// ```
#[macro_export]
#[doc(hidden)]
macro_rules! __translations_gettext {
    ($message:expr $(, $name:ident = $value:expr)* $(,)?) => {
        $crate::translations::__private::text(
            None,
            $message,
            None,
            $crate::__translations_values!($($name = $value),*),
        )
    };
}

/// The form of a message for a number, with values: Flask-Babel's `ngettext`. The number is also `%(num)s`.
///
/// ```
/// use carboy_ext::translations::ngettext;
/// assert_eq!(ngettext!("%(num)d apple", "%(num)d apples", 3), "3 apples");
/// assert_eq!(ngettext!("%(who)s ate it", "%(who)s ate %(num)s", 2, who = "Ada"), "Ada ate 2");
/// ```
#[macro_export]
#[doc(hidden)]
macro_rules! __translations_ngettext {
    ($singular:expr, $plural:expr, $num:expr $(, $name:ident = $value:expr)* $(,)?) => {
        $crate::translations::__private::text(
            None,
            $singular,
            Some(($plural, $num as i64)),
            $crate::__translations_values!($($name = $value),*),
        )
    };
}

/// [`gettext!`](crate::translations::gettext!) with a context before the message.
#[macro_export]
#[doc(hidden)]
macro_rules! __translations_pgettext {
    ($context:expr, $message:expr $(, $name:ident = $value:expr)* $(,)?) => {
        $crate::translations::__private::text(
            Some($context),
            $message,
            None,
            $crate::__translations_values!($($name = $value),*),
        )
    };
}

/// [`ngettext!`](crate::translations::ngettext!) with a context before the messages.
#[macro_export]
#[doc(hidden)]
macro_rules! __translations_npgettext {
    ($context:expr, $singular:expr, $plural:expr, $num:expr $(, $name:ident = $value:expr)* $(,)?) => {
        $crate::translations::__private::text(
            Some($context),
            $singular,
            Some(($plural, $num as i64)),
            $crate::__translations_values!($($name = $value),*),
        )
    };
}
