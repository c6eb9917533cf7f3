//! Values that go into and come out of templates, and functions on them.

use std::any::{Any, TypeId};
use std::fmt;
use std::sync::Arc;

use minijinja::value::{Enumerator, Kwargs, Object, ObjectRepr, Serde, Tuple};
use minijinja::{AutoEscape, Error as EngineError, ErrorKind, State, Value};
use serde::de::DeserializeOwned;
use serde::{Serialize, Serializer};

use super::args::Args;
use super::error::{TemplateError, TemplateErrorKind};
use super::markup::Markup;
use super::python;

/// A value as templates see it: anything serde can serialise, [`Markup`], or a live object.
///
/// ```
/// use carboy::TemplateValue;
///
/// let user = TemplateValue::new(&serde_json::json!({"name": "Ada", "tags": ["a", "b"]}));
/// assert_eq!(user.get("name").as_str(), Some("Ada"));
/// assert_eq!(user.get("tags").to_string(), "['a', 'b']");
/// assert_eq!(user.get("missing").to_string(), "");
/// ```
#[derive(Clone)]
pub struct TemplateValue(pub(super) Value);

impl TemplateValue {
    /// Turns a serialisable value into a template value; what cannot be serialised fails when the template uses it.
    pub fn new<T: Serialize + ?Sized>(value: &T) -> Self {
        Self(Value::from(Serde(value)))
    }

    /// The undefined value.
    #[must_use]
    pub fn undefined() -> Self {
        Self(Value::UNDEFINED)
    }

    /// Python's `None`.
    #[must_use]
    pub fn none() -> Self {
        Self(Value::from(()))
    }

    /// A live object: its attributes are asked for when the template names them.
    pub fn from_object(object: impl TemplateObject) -> Self {
        Self(Value::from_object(Live(Box::new(object))))
    }

    /// A function for templates, such as one that an object's attribute answers.
    pub fn from_function<M, F: TemplateFunction<M>>(function: F) -> Self {
        Self(function_value(function))
    }

    /// An immutable sequence of fixed length, which prints with round brackets.
    #[must_use]
    pub fn tuple(items: Vec<TemplateValue>) -> Self {
        Self(Value::from(Tuple::from(items.into_iter().map(|item| item.0).collect::<Vec<_>>())))
    }

    /// A list.
    #[must_use]
    pub fn list(items: Vec<TemplateValue>) -> Self {
        Self(items.into_iter().map(|item| item.0).collect())
    }

    /// A mapping, in the order given.
    pub fn map<K: Into<String>>(entries: impl IntoIterator<Item = (K, TemplateValue)>) -> Self {
        Self(Value::from_pairs(entries.into_iter().map(|(key, value)| (key.into(), value.0))))
    }

    /// Whether it is undefined.
    #[must_use]
    pub fn is_undefined(&self) -> bool {
        self.0.is_undefined()
    }

    /// Whether it is `None`.
    #[must_use]
    pub fn is_none(&self) -> bool {
        self.0.is_none()
    }

    /// Python's truth: not empty, not zero, not `None`.
    #[must_use]
    pub fn is_true(&self) -> bool {
        self.0.is_true()
    }

    /// Whether it is text that is HTML already.
    #[must_use]
    pub fn is_safe(&self) -> bool {
        self.0.is_safe()
    }

    /// The text, if it is text.
    #[must_use]
    pub fn as_str(&self) -> Option<&str> {
        python::as_text(&self.0)
    }

    /// An attribute or the entry of a mapping; undefined if there is none.
    #[must_use]
    pub fn get(&self, name: &str) -> TemplateValue {
        TemplateValue(self.0.get_attr(name).unwrap_or_default())
    }

    /// The item at `index`; undefined if there is none.
    #[must_use]
    pub fn get_index(&self, index: usize) -> TemplateValue {
        TemplateValue(self.0.get_item_by_index(index).unwrap_or_default())
    }

    /// The items of a list or the keys of a mapping.
    ///
    /// # Errors
    /// If the value cannot be iterated over.
    pub fn items(&self) -> Result<Vec<TemplateValue>, TemplateError> {
        Ok(super::args::items(&self.0)?.into_iter().map(TemplateValue).collect())
    }

    /// Python's `text % mapping`: each `%(name)s` (`d`, `.2f`, …) is replaced by the value of that name, `%%` is a percent sign.
    ///
    /// In [`Markup`](crate::Markup) the values are escaped, and the result is markup.
    ///
    /// # Errors
    /// If a name is missing, or a conversion does not fit its value.
    pub fn percent<K: Into<String>>(
        &self,
        values: impl IntoIterator<Item = (K, TemplateValue)>,
    ) -> Result<TemplateValue, TemplateError> {
        let values = TemplateValue::map(values);
        let text = super::printf::percent(&python::to_text(&self.0), &[], Some(&values.0), self.is_safe())?;
        Ok(TemplateValue(super::args::keep_safety(&self.0, text)))
    }

    /// Turns the value into a Rust type.
    ///
    /// # Errors
    /// If the value does not have the type's shape.
    pub fn to<T: DeserializeOwned + 'static>(&self) -> Result<T, TemplateError> {
        convert(&self.0)
    }
}

/// Python's `str(value)`.
impl fmt::Display for TemplateValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        python::write_str(f, &self.0)
    }
}

/// Python's `repr(value)`.
impl fmt::Debug for TemplateValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        python::write_repr(f, &self.0, false)
    }
}

impl PartialEq for TemplateValue {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}

impl Default for TemplateValue {
    fn default() -> Self {
        Self::undefined()
    }
}

impl Serialize for TemplateValue {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

impl<'de> serde::Deserialize<'de> for TemplateValue {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Value::deserialize(deserializer).map(TemplateValue)
    }
}

macro_rules! value_from {
    ($($ty:ty)*) => {$(
        impl From<$ty> for TemplateValue {
            fn from(value: $ty) -> Self {
                Self(Value::from(value))
            }
        }
    )*};
}
value_from!(bool u8 u16 u32 u64 usize i8 i16 i32 i64 isize f32 f64 &str String);

impl From<Markup> for TemplateValue {
    fn from(markup: Markup) -> Self {
        Self(Value::from_safe_string(markup.into_string()))
    }
}

/// Turns an engine value into a Rust type; template values and markup keep what serde cannot carry.
fn convert<T: DeserializeOwned + 'static>(value: &Value) -> Result<T, TemplateError> {
    let special: Option<Box<dyn Any>> = if TypeId::of::<T>() == TypeId::of::<TemplateValue>() {
        Some(Box::new(TemplateValue(value.clone())))
    } else if TypeId::of::<T>() == TypeId::of::<Option<TemplateValue>>() {
        Some(Box::new((!value.is_undefined()).then(|| TemplateValue(value.clone()))))
    } else {
        None
    };
    if let Some(special) = special
        && let Ok(found) = special.downcast::<T>()
    {
        return Ok(*found);
    }
    T::deserialize(value).map_err(|error| {
        TemplateError::new(
            TemplateErrorKind::Value,
            format!("{} does not fit: {}", python::type_name(value), error.detail().unwrap_or("wrong type")),
        )
    })
}

/// An object whose attributes are computed when a template asks for them, such as `request`.
pub trait TemplateObject: Send + Sync + 'static {
    /// The value of an attribute or key; `None` makes it undefined.
    ///
    /// # Errors
    /// An error ends the rendering.
    fn get(&self, name: &str) -> Result<Option<TemplateValue>, TemplateError>;

    /// Calls a method; `None` means there is none of that name, then a callable attribute is called.
    fn call_method(
        &self,
        name: &str,
        arguments: &TemplateArgs<'_>,
    ) -> Option<Result<TemplateValue, TemplateError>> {
        let _ = (name, arguments);
        None
    }

    /// Calls the object itself.
    ///
    /// # Errors
    /// Objects cannot be called unless they say how.
    fn call(&self, arguments: &TemplateArgs<'_>) -> Result<TemplateValue, TemplateError> {
        let _ = arguments;
        Err(TemplateError::new(TemplateErrorKind::Runtime, "the object is not callable"))
    }

    /// The keys, if the object is a mapping that can be iterated over, counted and searched.
    fn keys(&self) -> Option<Vec<String>> {
        None
    }

    /// Whether the object counts as true.
    fn is_true(&self) -> bool {
        match self.items() {
            Some(mut items) => items.next().is_some(),
            None => self.keys().is_none_or(|keys| !keys.is_empty()),
        }
    }

    /// The items, if the object is a sequence: what a loop over it gives, and what whole numbers find. It comes before [`keys`](Self::keys).
    /// They are made when they are asked for, so that asking whether there are any costs little.
    fn items(&self) -> Option<Box<dyn Iterator<Item = TemplateValue> + '_>> {
        None
    }

    /// What is printed for the object.
    fn text(&self) -> String {
        "<object>".to_owned()
    }

    /// The object as HTML that is not escaped again, if it knows how to show itself (Python's `__html__`). What is printed where nothing
    /// is escaped is its [`text`](Self::text).
    fn html(&self) -> Option<Markup> {
        None
    }
}

/// A [`TemplateObject`] as the engine sees it.
pub(super) struct Live(Box<dyn TemplateObject>);

impl Live {
    pub(super) fn is_mapping(&self) -> bool {
        self.0.items().is_none() && self.0.keys().is_some()
    }

    /// The object as HTML.
    pub(super) fn html(&self) -> Option<Markup> {
        self.0.html()
    }
}

impl fmt::Debug for Live {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.text())
    }
}

impl Object for Live {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        if self.0.items().is_some() {
            ObjectRepr::Iterable
        } else if self.is_mapping() {
            ObjectRepr::Map
        } else {
            ObjectRepr::Plain
        }
    }

    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        if let Some(name) = key.as_str() {
            return self.get_value_by_str(name);
        }
        let index = key.as_i64()?;
        let mut items = self.0.items()?;
        if let Ok(index) = usize::try_from(index) {
            return items.nth(index).map(|item| item.0);
        }
        // A negative index counts from the end.
        let all: Vec<TemplateValue> = items.collect();
        let back = usize::try_from(index.unsigned_abs()).ok()?;
        Some(all.get(all.len().checked_sub(back)?)?.0.clone())
    }

    fn get_value_by_str(self: &Arc<Self>, key: &str) -> Option<Value> {
        match self.0.get(key) {
            Ok(found) => found.map(|value| value.0),
            Err(error) => Some(Value::from(EngineError::from(error))),
        }
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        match (self.0.items(), self.0.keys()) {
            (Some(items), _) => Enumerator::Values(items.map(|item| item.0).collect()),
            (None, Some(keys)) => Enumerator::Values(keys.into_iter().map(Value::from).collect()),
            (None, None) => Enumerator::NonEnumerable,
        }
    }

    fn is_true(self: &Arc<Self>) -> bool {
        self.0.is_true()
    }

    fn call(self: &Arc<Self>, state: &mut State<'_, '_>, args: &[Value]) -> Result<Value, EngineError> {
        Ok(self.0.call(&TemplateArgs::new(args, state))?.0)
    }

    fn call_method(
        self: &Arc<Self>,
        state: &mut State<'_, '_>,
        method: &str,
        args: &[Value],
    ) -> Result<Value, EngineError> {
        match self.0.call_method(method, &TemplateArgs::new(args, state)) {
            Some(result) => Ok(result?.0),
            None => Err(EngineError::from(ErrorKind::UnknownMethod)),
        }
    }

    fn render(self: &Arc<Self>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.text())
    }
}

/// The arguments of a call in a template.
pub struct TemplateArgs<'a> {
    arguments: &'a [Value],
    escapes: bool,
}

impl<'a> TemplateArgs<'a> {
    fn new(arguments: &'a [Value], state: &State<'_, '_>) -> Self {
        Self { arguments, escapes: !matches!(state.auto_escape(), AutoEscape::None) }
    }
}

impl TemplateArgs<'_> {
    /// Whether what is printed where the call stands is escaped, unless it is [`Markup`](crate::Markup).
    #[must_use]
    pub fn escapes(&self) -> bool {
        self.escapes
    }

    /// How many positional arguments there are.
    #[must_use]
    pub fn len(&self) -> usize {
        Args(self.arguments).split().0.len()
    }

    /// Whether there are no arguments at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.arguments.is_empty()
    }

    /// The positional argument at `index`.
    #[must_use]
    pub fn get(&self, index: usize) -> Option<TemplateValue> {
        Args(self.arguments).split().0.get(index).cloned().map(TemplateValue)
    }

    /// The named argument.
    #[must_use]
    pub fn named(&self, name: &str) -> Option<TemplateValue> {
        let value = Args(self.arguments).split().1?.get_attr(name).ok()?;
        (!value.is_undefined()).then_some(TemplateValue(value))
    }

    /// All named arguments, in the order in which they were written.
    #[must_use]
    pub fn all_named(&self) -> Vec<(String, TemplateValue)> {
        Args(self.arguments)
            .split()
            .1
            .map(|named| python::pairs(named, false))
            .unwrap_or_default()
            .into_iter()
            .map(|(key, value)| (key.to_string(), TemplateValue(value)))
            .collect()
    }

    /// The argument at `index` or, if there is none, of the name, turned into a Rust type.
    ///
    /// # Errors
    /// If it is missing (unless `T` is an option) or has another type.
    pub fn argument<T: DeserializeOwned + 'static>(
        &self,
        index: usize,
        name: &str,
    ) -> Result<T, TemplateError> {
        match self.get(index).or_else(|| self.named(name)) {
            Some(value) => value.to(),
            None => convert(&Value::UNDEFINED).map_err(|_| {
                TemplateError::new(
                    TemplateErrorKind::Runtime,
                    format!("missing 1 required argument: '{name}'"),
                )
            }),
        }
    }

    fn positional<T: DeserializeOwned + 'static>(&self, index: usize) -> Result<T, TemplateError> {
        match self.get(index) {
            Some(value) => value.to(),
            None => convert(&Value::UNDEFINED).map_err(|_| {
                TemplateError::new(TemplateErrorKind::Runtime, format!("argument {} is missing", index + 1))
            }),
        }
    }

    /// Closures name no parameters, so they take neither named arguments nor more than they have.
    fn check(&self, most: usize) -> Result<(), TemplateError> {
        let (positional, named) = Args(self.arguments).split();
        if named.is_some() {
            return Err(TemplateError::new(
                TemplateErrorKind::Runtime,
                "this function takes no named arguments",
            ));
        }
        if positional.len() > most {
            return Err(TemplateError::new(
                TemplateErrorKind::Runtime,
                format!("this function takes {most} arguments, {} were given", positional.len()),
            ));
        }
        Ok(())
    }
}

/// What a template function may answer: a serialisable value, or a `Result` with one.
///
/// `M` only tells the two apart.
pub trait IntoTemplateValue<M> {
    /// The value, or the error that ends the rendering.
    ///
    /// # Errors
    /// The error of the function.
    fn into_template_value(self) -> Result<TemplateValue, TemplateError>;
}

#[doc(hidden)]
pub struct PlainMarker;

#[doc(hidden)]
pub struct ResultMarker;

impl<T: Serialize> IntoTemplateValue<PlainMarker> for T {
    fn into_template_value(self) -> Result<TemplateValue, TemplateError> {
        Ok(TemplateValue::new(&self))
    }
}

#[doc(hidden)]
pub struct CarboyMarker;

/// An error of a function that a template called, on its way to the error handlers.
#[derive(Clone, Debug)]
pub(super) struct Raised(pub(super) crate::Error);

impl fmt::Display for Raised {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl std::error::Error for Raised {}

impl From<crate::Error> for TemplateError {
    fn from(error: crate::Error) -> Self {
        TemplateError::new(TemplateErrorKind::Runtime, error.to_string()).with_source(Raised(error))
    }
}

impl<T: Serialize> IntoTemplateValue<CarboyMarker> for crate::Result<T> {
    fn into_template_value(self) -> Result<TemplateValue, TemplateError> {
        Ok(TemplateValue::new(&self?))
    }
}

impl<T, E> IntoTemplateValue<ResultMarker> for Result<T, E>
where
    T: Serialize,
    E: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    fn into_template_value(self) -> Result<TemplateValue, TemplateError> {
        match self {
            Ok(value) => Ok(TemplateValue::new(&value)),
            Err(error) => {
                let error = error.into();
                Err(match error.downcast::<TemplateError>() {
                    Ok(error) => *error,
                    Err(error) => {
                        TemplateError::new(TemplateErrorKind::Runtime, error.to_string()).with_source(error)
                    }
                })
            }
        }
    }
}

/// A function that templates can call as a filter, a test or a global.
///
/// Implemented for closures of up to six arguments that serde can deserialise (a missing argument is `None` for an
/// `Option`), and for closures over [`TemplateArgs`], which also see named arguments.
///
/// ```
/// use carboy::{TemplateArgs, TemplateFunction};
///
/// fn takes<M>(_: impl TemplateFunction<M>) {}
/// takes(|price: f64| format!("{price:.2} €"));
/// takes(|text: String, count: Option<usize>| text.repeat(count.unwrap_or(2)));
/// takes(|args: &TemplateArgs<'_>| args.all_named().len());
/// ```
pub trait TemplateFunction<M>: Send + Sync + 'static {
    /// Calls the function.
    ///
    /// # Errors
    /// If an argument is missing or has another type, and the function's own errors.
    fn call(&self, arguments: &TemplateArgs<'_>) -> Result<TemplateValue, TemplateError>;
}

#[doc(hidden)]
pub struct ArgsMarker<M>(std::marker::PhantomData<M>);

impl<F, R, M> TemplateFunction<ArgsMarker<M>> for F
where
    F: Fn(&TemplateArgs<'_>) -> R + Send + Sync + 'static,
    R: IntoTemplateValue<M>,
{
    fn call(&self, arguments: &TemplateArgs<'_>) -> Result<TemplateValue, TemplateError> {
        self(arguments).into_template_value()
    }
}

macro_rules! function_impls {
    ($($arg:ident),*) => {
        impl<Func, Ret, M, $($arg),*> TemplateFunction<(M, $($arg,)*)> for Func
        where
            Func: Fn($($arg),*) -> Ret + Send + Sync + 'static,
            Ret: IntoTemplateValue<M>,
            $($arg: DeserializeOwned + 'static,)*
        {
            #[allow(non_snake_case, unused_mut, unused_variables, unused_assignments)]
            fn call(&self, arguments: &TemplateArgs<'_>) -> Result<TemplateValue, TemplateError> {
                let names: &[&str] = &[$(stringify!($arg)),*];
                arguments.check(names.len())?;
                let mut index = 0;
                $(
                    let $arg = arguments.positional::<$arg>(index)?;
                    index += 1;
                )*
                self($($arg),*).into_template_value()
            }
        }
    };
}
function_impls!();
function_impls!(A);
function_impls!(A, B);
function_impls!(A, B, C);
function_impls!(A, B, C, D);
function_impls!(A, B, C, D, E);
function_impls!(A, B, C, D, E, G);

/// A function as the engine sees it.
pub(super) fn function_value<M, F: TemplateFunction<M>>(function: F) -> Value {
    Value::from_function(move |state: &mut State<'_, '_>, args: Args<'_>| -> Result<Value, EngineError> {
        Ok(function.call(&TemplateArgs::new(args.0, state))?.0)
    })
}

/// Named arguments for a call from Rust.
pub(super) fn named_arguments(named: Vec<(String, TemplateValue)>) -> Value {
    named.into_iter().map(|(name, value)| (name, value.0)).collect::<Kwargs>().into()
}
