//! What a session can hold: JSON, and the Python types that Flask tags.

use std::fmt;
use std::str::FromStr;
use std::time::SystemTime;

use carboy_http::date::{HttpDate, parse_date_unix, system_time, unix_seconds};
use indexmap::IndexMap;
use uuid::Uuid;

/// The items of a session or of a dict in it, in the order in which they were set.
pub type Dict = IndexMap<String, Value>;

/// A value in a session.
///
/// Ordinary Rust values need none of this: [`Session::get`](super::Session::get) and
/// [`set`](super::Session::set) convert them. A `Value` is for what only Python tells apart, such as tuples and lists,
/// or bytes and text.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub enum Value {
    /// `None`.
    #[default]
    Null,
    /// `True` or `False`.
    Bool(bool),
    /// An `int` of up to 64 bits.
    Int(i64),
    /// An `int` of more than 64 bits.
    BigInt(BigInt),
    /// A `float`, which may be NaN or infinite.
    Float(f64),
    /// A `str`.
    Str(String),
    /// A `str` with lone surrogates, which no Rust text can hold.
    NotUnicode(NotUnicode),
    /// `bytes`.
    Bytes(Vec<u8>),
    /// A `list`.
    List(Vec<Value>),
    /// A `tuple`.
    Tuple(Vec<Value>),
    /// A `dict`. A custom tag that Python wrote and Flask does not know is a dict with one key.
    Dict(Dict),
    /// A `markupsafe.Markup`: HTML that is safe as it is.
    Markup(String),
    /// A `uuid.UUID`.
    Uuid(Uuid),
    /// A `datetime.datetime`, in whole seconds.
    DateTime(DateTime),
}

impl Value {
    /// Converts anything that serialises. Rust tuples and arrays become lists.
    ///
    /// # Errors
    ///
    /// A value that refuses to be serialised, or a map whose keys are no text, number or boolean.
    pub fn from_serialize<T: serde::Serialize + ?Sized>(value: &T) -> Result<Self, super::ConversionError> {
        super::bridge::to_value(value)
    }

    /// Converts into anything that deserialises.
    ///
    /// # Errors
    ///
    /// A value of another type.
    pub fn deserialize_into<T: serde::de::DeserializeOwned>(self) -> Result<T, super::ConversionError> {
        super::bridge::from_value(self)
    }

    /// The text of a string or markup.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::Str(text) | Self::Markup(text) => Some(text),
            _ => None,
        }
    }

    /// The number, if it is whole and has up to 64 bits.
    pub fn as_i64(&self) -> Option<i64> {
        if let Self::Int(number) = self { Some(*number) } else { None }
    }

    /// The number.
    pub fn as_f64(&self) -> Option<f64> {
        match self {
            Self::Float(number) => Some(*number),
            Self::Int(number) => Some(*number as f64),
            Self::BigInt(number) => number.as_str().parse().ok(),
            _ => None,
        }
    }

    /// The boolean.
    pub fn as_bool(&self) -> Option<bool> {
        if let Self::Bool(on) = self { Some(*on) } else { None }
    }

    /// The items of a list or tuple.
    pub fn as_list(&self) -> Option<&[Value]> {
        match self {
            Self::List(items) | Self::Tuple(items) => Some(items),
            _ => None,
        }
    }

    /// The dict.
    pub fn as_dict(&self) -> Option<&Dict> {
        if let Self::Dict(dict) = self { Some(dict) } else { None }
    }

    /// The bytes.
    pub fn as_bytes(&self) -> Option<&[u8]> {
        if let Self::Bytes(bytes) = self { Some(bytes) } else { None }
    }

    /// What Python's `bool()` says: false for nothing, zero and everything empty.
    pub fn is_truthy(&self) -> bool {
        match self {
            Self::Null => false,
            Self::Bool(on) => *on,
            Self::Int(number) => *number != 0,
            Self::Float(number) => *number != 0.0,
            Self::Str(text) | Self::Markup(text) => !text.is_empty(),
            Self::Bytes(bytes) => !bytes.is_empty(),
            Self::List(items) | Self::Tuple(items) => !items.is_empty(),
            Self::Dict(dict) => !dict.is_empty(),
            Self::BigInt(_) | Self::NotUnicode(_) | Self::Uuid(_) | Self::DateTime(_) => true,
        }
    }
}

macro_rules! from {
    ($($type:ty => |$value:ident| $make:expr),* $(,)?) => {$(
        impl From<$type> for Value {
            fn from($value: $type) -> Self {
                $make
            }
        }
    )*};
}

from! {
    () => |_value| Self::Null,
    bool => |value| Self::Bool(value),
    i8 => |value| Self::Int(value.into()),
    i16 => |value| Self::Int(value.into()),
    i32 => |value| Self::Int(value.into()),
    i64 => |value| Self::Int(value),
    u8 => |value| Self::Int(value.into()),
    u16 => |value| Self::Int(value.into()),
    u32 => |value| Self::Int(value.into()),
    u64 => |value| match i64::try_from(value) {
        Ok(number) => Self::Int(number),
        Err(_) => Self::BigInt(BigInt(value.to_string().into())),
    },
    f64 => |value| Self::Float(value),
    &str => |value| Self::Str(value.to_owned()),
    String => |value| Self::Str(value),
    std::borrow::Cow<'_, str> => |value| Self::Str(value.into_owned()),
    Vec<Value> => |value| Self::List(value),
    Dict => |value| Self::Dict(value),
    Uuid => |value| Self::Uuid(value),
    DateTime => |value| Self::DateTime(value),
    SystemTime => |value| Self::DateTime(value.into()),
    BigInt => |value| value.into_value(),
}

/// A whole number of any size, as decimal digits.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct BigInt(Box<str>);

impl BigInt {
    /// The digits, after a `-` if it is negative.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// A plain number if 64 bits are enough.
    pub(super) fn into_value(self) -> Value {
        self.0.parse().map_or(Value::BigInt(self), Value::Int)
    }
}

impl FromStr for BigInt {
    type Err = super::ConversionError;

    /// Reads an optional `-` and digits without leading zeros.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let digits = text.strip_prefix('-').unwrap_or(text);
        let leading_zero = digits.len() > 1 && digits.starts_with('0');
        if digits.is_empty() || leading_zero || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(serde::de::Error::custom("not a whole number"));
        }
        Ok(Self(text.into()))
    }
}

impl fmt::Display for BigInt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Text that is not Unicode: UTF-16 with surrogates that stand alone. Kept as it came; displays with U+FFFD for them.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct NotUnicode(pub(super) Box<[u16]>);

impl NotUnicode {
    /// The UTF-16 code units.
    pub fn units(&self) -> &[u16] {
        &self.0
    }
}

impl fmt::Display for NotUnicode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&String::from_utf16_lossy(&self.0))
    }
}

/// A time in whole seconds, as Flask's cookies hold it.
///
/// ```
/// use carboy::session::DateTime;
///
/// let time = DateTime::from_unix(1_700_000_000);
/// assert_eq!(time.to_string(), "Tue, 14 Nov 2023 22:13:20 GMT");
/// assert_eq!("Tue, 14 Nov 2023 22:13:20 GMT".parse(), Ok(time));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DateTime(i64);

impl DateTime {
    /// The time this many seconds after 1970-01-01 00:00:00 UTC.
    pub const fn from_unix(seconds: i64) -> Self {
        Self(seconds)
    }

    /// The seconds since 1970-01-01 00:00:00 UTC.
    pub const fn unix_seconds(self) -> i64 {
        self.0
    }

    /// The time as the standard library has it; `None` where the platform cannot express it.
    pub fn to_system_time(self) -> Option<SystemTime> {
        system_time(self.0)
    }
}

impl From<SystemTime> for DateTime {
    fn from(time: SystemTime) -> Self {
        Self(unix_seconds(time))
    }
}

impl FromStr for DateTime {
    type Err = super::ConversionError;

    /// Reads a date in any form that stands in header fields.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        parse_date_unix(text).map(Self).ok_or_else(|| serde::de::Error::custom("not a date"))
    }
}

impl fmt::Display for DateTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(HttpDate::from_unix(self.0).as_str())
    }
}
