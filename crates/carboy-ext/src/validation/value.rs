//! The value of a field, whatever its type: what rules look at.

use super::decimal::Decimal;
use carboy::{FileStorage, TemplateValue};
use jiff::civil;
use std::fmt;

/// The value of a field, as WTForms' `field.data`.
#[derive(Clone, Default)]
#[non_exhaustive]
pub enum Value {
    /// Nothing: Python's `None`.
    #[default]
    None,
    /// A truth value.
    Bool(bool),
    /// A whole number.
    Integer(i128),
    /// A floating-point number.
    Float(f64),
    /// A decimal number.
    Decimal(Decimal),
    /// Text.
    Text(String),
    /// A date.
    Date(civil::Date),
    /// A time of the day.
    Time(civil::Time),
    /// A date and a time, without time zone.
    DateTime(civil::DateTime),
    /// An uploaded file.
    File(FileStorage),
    /// Several values.
    List(Vec<Value>),
    /// The fields of a form, by name.
    Map(Vec<(String, Value)>),
}

impl Value {
    /// Python's truth.
    pub fn is_true(&self) -> bool {
        match self {
            Value::None => false,
            Value::Bool(value) => *value,
            Value::Integer(value) => *value != 0,
            Value::Float(value) => *value != 0.0,
            Value::Decimal(value) => !value.is_zero(),
            Value::Text(text) => !text.is_empty(),
            Value::Date(_) | Value::Time(_) | Value::DateTime(_) => true,
            Value::File(file) => !file.is_empty(),
            Value::List(items) => !items.is_empty(),
            Value::Map(entries) => !entries.is_empty(),
        }
    }

    /// Whether there is nothing, or an empty text.
    pub fn is_blank(&self) -> bool {
        match self {
            Value::None => true,
            Value::Text(text) => text.is_empty(),
            _ => false,
        }
    }

    /// The text, if it is one.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    /// Python's `len()`, of a text in characters; 0 for what has none.
    pub fn len(&self) -> usize {
        match self {
            Value::Text(text) => text.chars().count(),
            Value::List(items) => items.len(),
            Value::Map(entries) => entries.len(),
            _ => 0,
        }
    }

    /// Whether [`len`](Self::len) is 0.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The files in it that have a name.
    pub(crate) fn files(&self) -> Option<Vec<&FileStorage>> {
        let of = |value: &'_ Value| matches!(value, Value::File(file) if !file.is_empty());
        match self {
            Value::File(file) if !file.is_empty() => Some(vec![file]),
            Value::List(items) if !items.is_empty() && items.iter().all(of) => Some(
                items
                    .iter()
                    .filter_map(|item| match item {
                        Value::File(file) => Some(file),
                        _ => None,
                    })
                    .collect(),
            ),
            _ => None,
        }
    }

    /// The value as templates see it.
    pub fn to_template(&self) -> TemplateValue {
        match self {
            Value::None => TemplateValue::none(),
            Value::Bool(value) => (*value).into(),
            Value::Integer(value) => match i64::try_from(*value) {
                Ok(value) => value.into(),
                Err(_) => value.to_string().into(),
            },
            Value::Float(value) => (*value).into(),
            Value::File(file) => file.filename().into(),
            Value::List(items) => TemplateValue::list(items.iter().map(Value::to_template).collect()),
            Value::Map(entries) => {
                TemplateValue::map(entries.iter().map(|(name, value)| (name.clone(), value.to_template())))
            }
            other => other.to_string().into(),
        }
    }

    /// Compares as numbers, dates or text; nothing for values that have no order, such as texts and numbers, or not-a-number.
    pub(crate) fn compare(&self, other: &Value) -> Option<std::cmp::Ordering> {
        match (self, other) {
            (Value::Integer(a), Value::Integer(b)) => Some(a.cmp(b)),
            (Value::Float(a), Value::Float(b)) => a.partial_cmp(b),
            (Value::Date(a), Value::Date(b)) => Some(a.cmp(b)),
            (Value::Time(a), Value::Time(b)) => Some(a.cmp(b)),
            (Value::Text(a), Value::Text(b)) => Some(a.cmp(b)),
            (Value::Date(_) | Value::DateTime(_), Value::Date(_) | Value::DateTime(_)) => {
                Some(self.to_datetime()?.cmp(&other.to_datetime()?))
            }
            _ => self.to_decimal()?.compare(&other.to_decimal()?),
        }
    }

    pub(crate) fn to_datetime(&self) -> Option<civil::DateTime> {
        match self {
            Value::Date(date) => Some(date.to_datetime(civil::Time::midnight())),
            Value::DateTime(at) => Some(*at),
            _ => None,
        }
    }

    fn to_decimal(&self) -> Option<Decimal> {
        match self {
            Value::Integer(value) => Decimal::parse(&value.to_string()),
            Value::Float(value) => Decimal::parse(&value.to_string()),
            Value::Decimal(value) => Some(value.clone()),
            Value::Bool(value) => Decimal::parse(if *value { "1" } else { "0" }),
            _ => None,
        }
    }
}

/// Python's `==`: numbers are compared as numbers, whatever their type.
impl PartialEq for Value {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Value::None, Value::None) => true,
            (Value::Bool(a), Value::Bool(b)) => a == b,
            (Value::Text(a), Value::Text(b)) => a == b,
            (Value::Time(a), Value::Time(b)) => a == b,
            (Value::Date(a), Value::Date(b)) => a == b,
            (Value::DateTime(a), Value::DateTime(b)) => a == b,
            (Value::List(a), Value::List(b)) => a == b,
            (Value::Map(a), Value::Map(b)) => a == b,
            (
                Value::Bool(_) | Value::Integer(_) | Value::Float(_) | Value::Decimal(_),
                Value::Bool(_) | Value::Integer(_) | Value::Float(_) | Value::Decimal(_),
            ) => self.compare(other) == Some(std::cmp::Ordering::Equal),
            _ => false,
        }
    }
}

/// Python's `str()`.
impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Value::None => f.write_str("None"),
            Value::Bool(value) => f.write_str(if *value { "True" } else { "False" }),
            Value::Integer(value) => value.fmt(f),
            Value::Float(value) => TemplateValue::from(*value).fmt(f),
            Value::Decimal(value) => value.fmt(f),
            Value::Text(text) => f.write_str(text),
            Value::Date(date) => date.fmt(f),
            Value::Time(time) => time.fmt(f),
            Value::DateTime(at) => write!(f, "{} {}", at.date(), at.time()),
            Value::File(file) => f.write_str(file.filename()),
            list => list.to_template().fmt(f),
        }
    }
}

impl fmt::Debug for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Value::Text(text) => text.fmt(f),
            Value::List(items) => f.debug_list().entries(items).finish(),
            Value::Map(entries) => f.debug_map().entries(entries.iter().map(|(k, v)| (k, v))).finish(),
            other => fmt::Display::fmt(other, f),
        }
    }
}

macro_rules! from {
    ($($ty:ty => $variant:ident),+ $(,)?) => {$(
        impl From<$ty> for Value {
            fn from(value: $ty) -> Self {
                Value::$variant(value.into())
            }
        }
    )+};
}
from! {
    bool => Bool, i8 => Integer, i16 => Integer, i32 => Integer, i64 => Integer, i128 => Integer, u8 => Integer,
    u16 => Integer, u32 => Integer, u64 => Integer, f32 => Float, f64 => Float, &str => Text, String => Text, Decimal => Decimal,
    civil::Date => Date, civil::Time => Time, civil::DateTime => DateTime, FileStorage => File,
}

macro_rules! from_size {
    ($($ty:ty)+) => {$(
        impl From<$ty> for Value {
            fn from(value: $ty) -> Self {
                Value::Integer(value as i128)
            }
        }
    )+};
}
from_size!(usize isize);

impl<T: Into<Value>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Value::None, Into::into)
    }
}

impl<T: Into<Value>> From<Vec<T>> for Value {
    fn from(values: Vec<T>) -> Self {
        Value::List(values.into_iter().map(Into::into).collect())
    }
}
