//! The values that URLs carry: what a converter reads from a path, and what is given to build a URL.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use uuid::Uuid;

use crate::python;

/// A value of a URL variable or of a query parameter.
///
/// Its [`Display`](fmt::Display) is what Python's `str()` writes (`True`, `1.0`, `[1, 'a']`), because that is what
/// Werkzeug puts into URLs, and its equality is Python's: `1`, `1.0` and `True` are equal, `"1"` is none of them.
#[derive(Debug, Clone, Default)]
pub enum Value {
    /// Text.
    Str(String),
    /// An integer.
    Int(i128),
    /// A floating point number.
    Float(f64),
    /// A UUID.
    Uuid(Uuid),
    /// A truth value.
    Bool(bool),
    /// No value: counts as not given when a URL is built.
    #[default]
    None,
    /// Several values: a repeated key of a query.
    List(Vec<Value>),
    /// A mapping, written as Python writes a `dict`.
    Dict(Vec<(String, Value)>),
}

impl Value {
    /// The text, if it is text.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::Str(text) => Some(text),
            _ => None,
        }
    }

    /// The integer, if it is one.
    pub fn as_int(&self) -> Option<i128> {
        match self {
            Self::Int(number) => Some(*number),
            _ => None,
        }
    }

    /// The number, if it is a float.
    pub fn as_float(&self) -> Option<f64> {
        match self {
            Self::Float(number) => Some(*number),
            _ => None,
        }
    }

    /// The UUID, if it is one.
    pub fn as_uuid(&self) -> Option<Uuid> {
        match self {
            Self::Uuid(uuid) => Some(*uuid),
            _ => None,
        }
    }

    /// The truth value, if it is one.
    pub fn as_bool(&self) -> Option<bool> {
        match self {
            Self::Bool(truth) => Some(*truth),
            _ => None,
        }
    }

    /// Whether there is no value.
    pub fn is_none(&self) -> bool {
        matches!(self, Self::None)
    }

    /// Python's name of the type, for messages.
    pub(crate) fn type_name(&self) -> &'static str {
        match self {
            Self::Str(_) => "str",
            Self::Int(_) => "int",
            Self::Float(_) => "float",
            Self::Uuid(_) => "UUID",
            Self::Bool(_) => "bool",
            Self::None => "NoneType",
            Self::List(_) => "list",
            Self::Dict(_) => "dict",
        }
    }

    /// Python's truth of the value.
    pub(crate) fn is_truthy(&self) -> bool {
        match self {
            Self::Str(text) => !text.is_empty(),
            Self::Int(number) => *number != 0,
            Self::Float(number) => *number != 0.0,
            Self::Uuid(_) => true,
            Self::Bool(truth) => *truth,
            Self::None => false,
            Self::List(items) => !items.is_empty(),
            Self::Dict(items) => !items.is_empty(),
        }
    }

    /// What `str(value)` gives, borrowed where it is text already.
    pub(crate) fn to_text(&self) -> Cow<'_, str> {
        match self {
            Self::Str(text) => Cow::Borrowed(text),
            other => Cow::Owned(other.to_string()),
        }
    }

    fn push_repr(&self, out: &mut String) {
        match self {
            Self::Str(text) => python::push_repr(out, text),
            Self::Uuid(uuid) => out.push_str(&format!("UUID('{uuid}')")),
            Self::List(items) => {
                out.push('[');
                for (index, item) in items.iter().enumerate() {
                    if index > 0 {
                        out.push_str(", ");
                    }
                    item.push_repr(out);
                }
                out.push(']');
            }
            Self::Dict(items) => {
                out.push('{');
                for (index, (key, item)) in items.iter().enumerate() {
                    if index > 0 {
                        out.push_str(", ");
                    }
                    python::push_repr(out, key);
                    out.push_str(": ");
                    item.push_repr(out);
                }
                out.push('}');
            }
            plain => out.push_str(&plain.to_string()),
        }
    }

    /// The number it is to Python, where `True` is 1.
    fn number(&self) -> Option<Number> {
        match self {
            Self::Int(number) => Some(Number::Int(*number)),
            Self::Bool(truth) => Some(Number::Int(i128::from(*truth))),
            Self::Float(number) => Some(Number::Float(*number)),
            _ => None,
        }
    }
}

/// A number as Python compares it.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Number {
    Int(i128),
    Float(f64),
}

impl Number {
    pub(crate) fn as_float(self) -> f64 {
        match self {
            Self::Int(number) => number as f64,
            Self::Float(number) => number,
        }
    }
}

impl PartialEq for Number {
    fn eq(&self, other: &Self) -> bool {
        self.partial_cmp(other) == Some(std::cmp::Ordering::Equal)
    }
}

impl PartialOrd for Number {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        match (self, other) {
            (Self::Int(a), Self::Int(b)) => Some(a.cmp(b)),
            (a, b) => a.as_float().partial_cmp(&b.as_float()),
        }
    }
}

impl TryFrom<&Value> for Number {
    type Error = ();

    fn try_from(value: &Value) -> Result<Self, ()> {
        value.number().ok_or(())
    }
}

impl PartialEq for Value {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Str(a), Self::Str(b)) => a == b,
            (Self::Uuid(a), Self::Uuid(b)) => a == b,
            (Self::None, Self::None) => true,
            (Self::List(a), Self::List(b)) => a == b,
            (Self::Dict(a), Self::Dict(b)) => {
                a.len() == b.len()
                    && a.iter().all(|(key, value)| b.iter().any(|(k, v)| k == key && v == value))
            }
            (a, b) => matches!((a.number(), b.number()), (Some(a), Some(b)) if a == b),
        }
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Str(text) => f.write_str(text),
            Self::Int(number) => number.fmt(f),
            Self::Float(number) => f.write_str(&python::float_text(*number)),
            Self::Uuid(uuid) => uuid.fmt(f),
            Self::Bool(true) => f.write_str("True"),
            Self::Bool(false) => f.write_str("False"),
            Self::None => f.write_str("None"),
            Self::List(_) | Self::Dict(_) => {
                let mut out = String::new();
                self.push_repr(&mut out);
                f.write_str(&out)
            }
        }
    }
}

macro_rules! from_ints {
    ($($int:ty)*) => {
        $(impl From<$int> for Value {
            fn from(number: $int) -> Self {
                Self::Int(number as i128)
            }
        })*
    };
}
from_ints!(i8 i16 i32 i64 i128 isize u8 u16 u32 u64 usize);

impl From<f64> for Value {
    fn from(number: f64) -> Self {
        Self::Float(number)
    }
}

impl From<f32> for Value {
    fn from(number: f32) -> Self {
        Self::Float(f64::from(number))
    }
}

impl From<bool> for Value {
    fn from(truth: bool) -> Self {
        Self::Bool(truth)
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Str(text.to_owned())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Str(text)
    }
}

impl From<&String> for Value {
    fn from(text: &String) -> Self {
        Self::Str(text.clone())
    }
}

impl From<Cow<'_, str>> for Value {
    fn from(text: Cow<'_, str>) -> Self {
        Self::Str(text.into_owned())
    }
}

impl From<Uuid> for Value {
    fn from(uuid: Uuid) -> Self {
        Self::Uuid(uuid)
    }
}

impl<T: Into<Self>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::None, Into::into)
    }
}

impl<T: Into<Self>> From<Vec<T>> for Value {
    fn from(items: Vec<T>) -> Self {
        Self::List(items.into_iter().map(Into::into).collect())
    }
}

impl<T: Clone + Into<Self>> From<&[T]> for Value {
    fn from(items: &[T]) -> Self {
        Self::List(items.iter().cloned().map(Into::into).collect())
    }
}

impl<T: Into<Self>, const N: usize> From<[T; N]> for Value {
    fn from(items: [T; N]) -> Self {
        Self::List(items.into_iter().map(Into::into).collect())
    }
}

/// The name of a value: a literal, or shared with the rule that it stands in.
#[derive(Clone)]
enum Name {
    Static(&'static str),
    Shared(Arc<str>),
}

impl Name {
    fn as_str(&self) -> &str {
        match self {
            Self::Static(name) => name,
            Self::Shared(name) => name,
        }
    }
}

/// Values by name, in the order in which they were given: a view's arguments, or what a URL is built from.
///
/// None at all costs no allocation, and any number is cheap to move. Setting a name again replaces its value in place, as
/// in a Python `dict`.
///
/// ```
/// use carboy_routing::{Value, Values};
///
/// let values = Values::new().with("id", 3).with("tag", ["a", "b"]);
/// assert_eq!(values.get("id"), Some(&Value::Int(3)));
/// assert_eq!(values, Values::from([("id", Value::from(3)), ("tag", Value::from(["a", "b"]))]));
/// ```
#[derive(Clone, Default)]
pub struct Values(Vec<(Name, Value)>);

/// The arguments that a matched URL gives to its view.
pub type Args = Values;

impl Values {
    /// No values.
    pub fn new() -> Self {
        Self::default()
    }

    /// No values, and room for some.
    pub(crate) fn with_capacity(values: usize) -> Self {
        Self(Vec::with_capacity(values))
    }

    /// These values and one more.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl Into<Value>) -> Self {
        self.insert(name, value);
        self
    }

    /// Sets a value whose name is a literal.
    pub fn insert(&mut self, name: &'static str, value: impl Into<Value>) {
        self.set(Name::Static(name), value.into());
    }

    /// Sets a value whose name is made at run time.
    pub fn insert_named(&mut self, name: impl Into<Arc<str>>, value: impl Into<Value>) {
        self.set(Name::Shared(name.into()), value.into());
    }

    fn set(&mut self, name: Name, value: Value) {
        match self.0.iter_mut().find(|(own, _)| own.as_str() == name.as_str()) {
            Some((_, slot)) => *slot = value,
            None => self.0.push((name, value)),
        }
    }

    /// Adds a value whose name is known not to be there yet.
    pub(crate) fn push(&mut self, name: Arc<str>, value: Value) {
        self.0.push((Name::Shared(name), value));
    }

    /// The value of a name.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.0.iter().find(|(own, _)| own.as_str() == name).map(|(_, value)| value)
    }

    /// The value of a name, to be changed.
    pub fn get_mut(&mut self, name: &str) -> Option<&mut Value> {
        self.0.iter_mut().find(|(own, _)| own.as_str() == name).map(|(_, value)| value)
    }

    /// Takes a value out.
    pub fn remove(&mut self, name: &str) -> Option<Value> {
        let place = self.0.iter().position(|(own, _)| own.as_str() == name)?;
        Some(self.0.remove(place).1)
    }

    /// Whether there is a value of this name.
    pub fn contains(&self, name: &str) -> bool {
        self.get(name).is_some()
    }

    /// The number of values.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are no values.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The values with their names, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value))
    }

    /// The names, in order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|(name, _)| name.as_str())
    }
}

impl PartialEq for Values {
    /// Equal as Python dicts are: the order does not matter.
    fn eq(&self, other: &Self) -> bool {
        self.len() == other.len() && self.iter().all(|(name, value)| other.get(name) == Some(value))
    }
}

impl fmt::Debug for Values {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}

impl<V: Into<Value>, const N: usize> From<[(&'static str, V); N]> for Values {
    fn from(values: [(&'static str, V); N]) -> Self {
        values.into_iter().collect()
    }
}

impl<V: Into<Value>> FromIterator<(&'static str, V)> for Values {
    fn from_iter<I: IntoIterator<Item = (&'static str, V)>>(values: I) -> Self {
        let mut own = Self::new();
        values.into_iter().for_each(|(name, value)| own.insert(name, value));
        own
    }
}

impl<V: Into<Value>> FromIterator<(String, V)> for Values {
    fn from_iter<I: IntoIterator<Item = (String, V)>>(values: I) -> Self {
        let mut own = Self::new();
        values.into_iter().for_each(|(name, value)| own.insert_named(name, value));
        own
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_compare_as_python_compares_them() {
        assert_eq!(Value::from(1), Value::from(1.0));
        assert_eq!(Value::from(true), Value::from(1));
        assert_ne!(Value::from("1"), Value::from(1));
        assert_ne!(Value::None, Value::from(false));
        assert_eq!(Value::from([1, 2]), Value::from([1.0, 2.0]));
    }

    #[test]
    fn values_are_written_as_python_writes_them() {
        let list = Value::List(vec![1.into(), "a".into(), true.into(), Value::None]);
        assert_eq!(list.to_string(), "[1, 'a', True, None]");
        assert_eq!(Value::Dict(vec![("a".into(), 1.5.into())]).to_string(), "{'a': 1.5}");
    }

    #[test]
    fn a_name_set_twice_keeps_its_place() {
        let mut values = Values::from([("a", 1), ("b", 2)]);
        values.insert_named("a".to_owned(), 3);
        assert_eq!(
            values.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>(),
            ["a=3", "b=2"]
        );
        assert_eq!(values.remove("a"), Some(Value::Int(3)));
        assert_eq!(values.len(), 1);
    }
}
