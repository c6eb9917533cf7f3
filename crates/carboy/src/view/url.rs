//! URL parameters: values that a rule takes out of a URL, and values that go into one.

use crate::{
    Error, Result,
    ctx::{self, Context},
    error::abort,
    urls::{self, UrlOptions},
};
use carboy_routing::{Value, Values};
use std::{any::TypeId, borrow::Cow, sync::Arc};
use uuid::Uuid;

/// A type that an argument named in the URL rule may have.
///
/// | type | converter |
/// |---|---|
/// | `String`, `Box<str>`, `Arc<str>` | `<name>`, `<string:name>`, `<path:name>`, `<any(…):name>` |
/// | the integers from `u8` to `i128` | `<int:name>` |
/// | `f64`, `f32` | `<float:name>` |
/// | `uuid::Uuid` | `<uuid:name>` |
/// | `Option<T>` | those of `T`; `None` where a rule does not give the parameter |
/// | `UrlValue` | any, also the app's own |
///
/// A value that the type does not take (`300` for a `u8`) is answered with 404.
///
/// Implement it for a type of your own; a built-in converter then stands for it as long as [`CONVERTERS`] names it.
///
/// ```
/// use carboy::{FromUrl, UrlValue};
///
/// enum Color { Red, Blue }
///
/// impl FromUrl for Color {
///     const CONVERTERS: &'static [&'static str] = &["default", "string", "any"];
///     fn from_url(value: &UrlValue) -> Option<Self> {
///         match value.as_str()? {
///             "red" => Some(Color::Red),
///             "blue" => Some(Color::Blue),
///             _ => None,
///         }
///     }
///     fn to_url(&self) -> UrlValue {
///         match self { Color::Red => "red".into(), Color::Blue => "blue".into() }
///     }
/// }
/// ```
///
/// [`CONVERTERS`]: FromUrl::CONVERTERS
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be the type of a URL parameter",
    label = "not a type of URL parameters",
    note = "an argument named in the rule is a URL parameter: take `String`, an integer, `f64`, `Uuid` or an `Option` of \
            them, or implement `FromUrl` for the type"
)]
pub trait FromUrl: Sized {
    /// The converters whose values this type takes, `"default"` for a bare `<name>`; empty for any.
    const CONVERTERS: &'static [&'static str];

    /// Reads the value that the converter gave; `None` answers 404.
    fn from_url(value: &Value) -> Option<Self>;

    /// The value to build a URL with.
    fn to_url(&self) -> Value;

    /// What stands for a parameter that the rule does not give; `None` if it must give it.
    fn missing() -> Option<Self> {
        None
    }
}

/// Whether a type takes the values of a converter: what the macro checks when it compiles.
#[doc(hidden)]
pub const fn accepts<T: FromUrl>(converter: &str) -> bool {
    let converters = T::CONVERTERS;
    let mut at = 0;
    while at < converters.len() {
        if equal(converters[at].as_bytes(), converter.as_bytes()) {
            return true;
        }
        at += 1;
    }
    converters.is_empty()
}

const fn equal(a: &[u8], b: &[u8]) -> bool {
    if a.len() != b.len() {
        return false;
    }
    let mut at = 0;
    while at < a.len() {
        if a[at] != b[at] {
            return false;
        }
        at += 1;
    }
    true
}

/// Reads a URL parameter of the request.
#[doc(hidden)]
#[inline]
pub fn url_arg<T: FromUrl>(context: &Arc<Context>, name: &str) -> Result<T> {
    match context.url_arg(name) {
        Some(value) => match T::from_url(value) {
            Some(value) => Ok(value),
            // As in Werkzeug, where a converter that refuses a value ends the matching.
            None => abort(404),
        },
        None => T::missing().ok_or_else(|| {
            let endpoint = context.endpoint().unwrap_or_default();
            Error::msg(format!(
                "the view '{endpoint}' needs the URL parameter '{name}', which its rule does not give"
            ))
        }),
    }
}

macro_rules! text {
    ($($ty:ty),+) => {$(
        impl FromUrl for $ty {
            const CONVERTERS: &'static [&'static str] = &["default", "string", "path", "any"];
            fn from_url(value: &Value) -> Option<Self> {
                value.as_str().map(Into::into)
            }
            fn to_url(&self) -> Value {
                Value::from(&**self)
            }
        }
    )+};
}
text!(String, Box<str>, Arc<str>);

macro_rules! integers {
    ($($ty:ty),+) => {$(
        impl FromUrl for $ty {
            const CONVERTERS: &'static [&'static str] = &["int"];
            fn from_url(value: &Value) -> Option<Self> {
                <$ty>::try_from(value.as_int()?).ok()
            }
            fn to_url(&self) -> Value {
                Value::from(*self)
            }
        }
    )+};
}
integers!(u8, u16, u32, u64, usize, i8, i16, i32, i64, i128, isize);

macro_rules! floats {
    ($($ty:ty),+) => {$(
        impl FromUrl for $ty {
            const CONVERTERS: &'static [&'static str] = &["float"];
            fn from_url(value: &Value) -> Option<Self> {
                value.as_float().map(|number| number as $ty)
            }
            fn to_url(&self) -> Value {
                Value::from(*self)
            }
        }
    )+};
}
floats!(f32, f64);

impl FromUrl for Uuid {
    const CONVERTERS: &'static [&'static str] = &["uuid"];
    fn from_url(value: &Value) -> Option<Self> {
        value.as_uuid()
    }
    fn to_url(&self) -> Value {
        Value::from(*self)
    }
}

impl FromUrl for Value {
    const CONVERTERS: &'static [&'static str] = &[];
    fn from_url(value: &Value) -> Option<Self> {
        Some(value.clone())
    }
    fn to_url(&self) -> Value {
        self.clone()
    }
}

impl<T: FromUrl> FromUrl for Option<T> {
    const CONVERTERS: &'static [&'static str] = T::CONVERTERS;
    fn from_url(value: &Value) -> Option<Self> {
        if value.is_none() { Some(None) } else { T::from_url(value).map(Some) }
    }
    fn to_url(&self) -> Value {
        self.as_ref().map_or(Value::None, T::to_url)
    }
    fn missing() -> Option<Self> {
        Some(None)
    }
}

/// A value that `url_for!` takes for a parameter of type `T`: a `T`, a reference to one, or text for a `String`.
#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not fit a URL parameter of type `{T}`",
    label = "expected `{T}`"
)]
pub trait UrlArg<T> {
    /// The value.
    fn into_arg(self) -> T;
}

impl<T> UrlArg<T> for T {
    fn into_arg(self) -> T {
        self
    }
}

impl<T: Clone> UrlArg<T> for &T {
    fn into_arg(self) -> T {
        self.clone()
    }
}

impl<T> UrlArg<Option<T>> for T {
    fn into_arg(self) -> Option<T> {
        Some(self)
    }
}

macro_rules! text_args {
    ($($ty:ty),+) => {$(
        #[diagnostic::do_not_recommend]
        impl UrlArg<$ty> for &str {
            fn into_arg(self) -> $ty {
                self.into()
            }
        }
        #[diagnostic::do_not_recommend]
        impl UrlArg<$ty> for Cow<'_, str> {
            fn into_arg(self) -> $ty {
                self.into()
            }
        }
        #[diagnostic::do_not_recommend]
        impl UrlArg<Option<$ty>> for &str {
            fn into_arg(self) -> Option<$ty> {
                Some(self.into())
            }
        }
    )+};
}
text_args!(String, Box<str>, Arc<str>);

/// The struct beside an attributed function: the values of its URL parameters.
#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no view",
    label = "not a function under `#[route]`",
    note = "`url_for!` links to functions under `#[route]`, `#[get]`, `#[post]`, …; to link by an endpoint's name write \
            `url_for!(\"name\")`"
)]
pub trait UrlParams: 'static {
    /// The name of the function.
    const NAME: &'static str;

    /// The values.
    fn values(&self) -> Values;
}

/// What `url_for!` collects: values of the query, and Flask's reserved arguments.
#[doc(hidden)]
#[derive(Debug, Default)]
pub struct UrlFor {
    values: Values,
    options: UrlOptions,
}

impl UrlFor {
    /// Nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// A value by name.
    pub fn value(mut self, name: &'static str, value: impl Into<Value>) -> Self {
        self.values.insert(name, value);
        self
    }

    /// `_anchor`.
    pub fn anchor<'a>(mut self, anchor: impl Into<Option<&'a str>>) -> Self {
        self.options.anchor = anchor.into().map(str::to_owned);
        self
    }

    /// `_method`.
    pub fn method<'a>(mut self, method: impl Into<Option<&'a str>>) -> Self {
        self.options.method = method.into().map(str::to_owned);
        self
    }

    /// `_scheme`.
    pub fn scheme<'a>(mut self, scheme: impl Into<Option<&'a str>>) -> Self {
        self.options.scheme = scheme.into().map(str::to_owned);
        self
    }

    /// `_external`.
    pub fn external(mut self, external: impl Into<Option<bool>>) -> Self {
        self.options.external = external.into();
        self
    }
}

/// The URL of a view: what `url_for!` with a path becomes.
#[doc(hidden)]
#[track_caller]
pub fn url_for_view<T: UrlParams>(view: &T, extra: UrlFor) -> String {
    let mut values = view.values();
    for (name, value) in extra.values.iter() {
        // The parameters of the rule win over the query.
        if !values.contains(name) {
            values.insert_named(name, value.clone());
        }
    }
    urls::url_for_view(TypeId::of::<T>(), T::NAME, values, &extra.options)
}

/// The URL of an endpoint: what `url_for!` with a text becomes.
#[doc(hidden)]
#[track_caller]
pub fn url_for_endpoint(endpoint: &str, extra: UrlFor) -> String {
    match urls::build(&ctx::current(), endpoint, extra.values, &extra.options) {
        Ok(url) => url,
        Err(error) => panic!("{error}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_that_the_type_cannot_hold_is_refused() {
        assert_eq!(u8::from_url(&Value::from(255)), Some(255));
        assert_eq!(u8::from_url(&Value::from(300)), None);
        assert_eq!(u64::from_url(&Value::from(-1)), None);
        assert_eq!(i64::from_url(&Value::from("1")), None);
    }

    #[test]
    fn a_type_takes_the_values_of_its_converters_alone() {
        assert!(accepts::<String>("default") && accepts::<String>("path"));
        assert!(!accepts::<String>("int") && !accepts::<u64>("default") && !accepts::<u64>("in"));
        assert!(accepts::<Option<u64>>("int"));
        assert!(accepts::<Value>("anything"));
    }

    #[test]
    fn an_optional_parameter_may_be_missing() {
        assert_eq!(<Option<u8>>::missing(), Some(None));
        assert_eq!(u8::missing(), None);
        assert_eq!(<Option<u8>>::from_url(&Value::from(300)), None);
    }

    #[test]
    fn literals_and_references_fit_parameters() {
        fn take<T>(value: impl UrlArg<T>) -> T {
            value.into_arg()
        }
        let _: u64 = take(3);
        let _: u64 = take(3);
        let _: f64 = take(1.5);
        assert_eq!(take::<String>("a"), "a");
        assert_eq!(take::<String>(&"a".to_owned()), "a");
        assert_eq!(take::<Option<u32>>(3), Some(3));
        assert_eq!(take::<Option<u32>>(None), None);
        assert_eq!(take::<Option<String>>("a"), Some("a".to_owned()));
    }
}
