//! Form fields and query values as a type of the user's own: a serde deserializer over names with lists of text.

use serde::de::{self, DeserializeOwned, DeserializeSeed, IntoDeserializer, MapAccess, Visitor};
use std::fmt;

/// Reads a `T` out of names and the values of each, as [`Form`](crate::Form) reads what was sent.
///
/// # Errors
/// A field is missing, or does not parse.
pub fn read_fields<'a, T, I>(lists: I) -> Result<T, FieldError>
where
    T: DeserializeOwned,
    I: Iterator<Item = (&'a str, &'a [String])>,
{
    T::deserialize(Fields { lists: lists.filter(|(_, values)| !values.is_empty()), current: None })
}

/// Which field of a form or a query string was not understood, and why: the source of the 400 of [`Form`](crate::Form) and
/// [`Query`](crate::Query).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldError {
    field: Option<String>,
    message: String,
    missing: bool,
}

impl FieldError {
    /// The name of the field; `None` for the form as a whole.
    pub fn field(&self) -> Option<&str> {
        self.field.as_deref()
    }

    /// Why.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// Whether the field is missing.
    pub fn is_missing(&self) -> bool {
        self.missing
    }

    fn of(self, field: &str) -> Self {
        FieldError { field: self.field.or_else(|| Some(field.to_owned())), ..self }
    }
}

impl fmt::Display for FieldError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.field {
            Some(field) if !self.missing => write!(f, "{field}: {}", self.message),
            _ => f.write_str(&self.message),
        }
    }
}

impl std::error::Error for FieldError {}

impl de::Error for FieldError {
    fn custom<T: fmt::Display>(message: T) -> Self {
        FieldError { field: None, message: message.to_string(), missing: false }
    }

    fn missing_field(field: &'static str) -> Self {
        FieldError {
            field: Some(field.to_owned()),
            message: format!("missing field `{field}`"),
            missing: true,
        }
    }

    fn unknown_field(field: &str, expected: &'static [&'static str]) -> Self {
        let known = match expected {
            [] => "there are no fields".to_owned(),
            names => format!("expected one of `{}`", names.join("`, `")),
        };
        FieldError {
            field: Some(field.to_owned()),
            message: format!("unknown field, {known}"),
            missing: false,
        }
    }
}

/// All fields: a map.
struct Fields<'a, I> {
    lists: I,
    current: Option<(&'a str, &'a [String])>,
}

impl<'a, 'de, I: Iterator<Item = (&'a str, &'a [String])>> de::Deserializer<'de> for Fields<'a, I> {
    type Error = FieldError;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, FieldError> {
        visitor.visit_map(self)
    }

    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, FieldError> {
        visitor.visit_unit()
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, FieldError> {
        visitor.visit_newtype_struct(self)
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit_struct seq tuple
        tuple_struct map struct enum identifier ignored_any
    }
}

impl<'a, 'de, I: Iterator<Item = (&'a str, &'a [String])>> MapAccess<'de> for Fields<'a, I> {
    type Error = FieldError;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, FieldError> {
        self.current = self.lists.next();
        match self.current {
            Some((name, _)) => seed.deserialize(name.into_deserializer()).map(Some),
            None => Ok(None),
        }
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, FieldError> {
        let (name, values) = self.current.take().unwrap_or_default();
        seed.deserialize(Values(values)).map_err(|error| error.of(name))
    }
}

/// The values of one field: a list, or the first of them, as Flask's `form["name"]`.
struct Values<'a>(&'a [String]);

impl<'a> Values<'a> {
    fn first(&self) -> &'a str {
        self.0.first().map_or("", String::as_str)
    }

    fn parse<T: std::str::FromStr>(&self, what: &str) -> Result<T, FieldError> {
        // Browsers keep the blanks that people type around a number.
        let text = self.first().trim();
        text.parse().map_err(|_| de::Error::custom(format_args!("{text:?} is not {what}")))
    }
}

macro_rules! parsed {
    ($($deserialize:ident $visit:ident $ty:ty, $what:literal;)+) => {$(
        fn $deserialize<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, FieldError> {
            visitor.$visit(self.parse::<$ty>($what)?)
        }
    )+};
}

impl<'de> de::Deserializer<'de> for Values<'_> {
    type Error = FieldError;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, FieldError> {
        match self.0 {
            [] | [_] => visitor.visit_str(self.first()),
            _ => self.deserialize_seq(visitor),
        }
    }

    parsed! {
        deserialize_i8 visit_i8 i8, "a whole number in range";
        deserialize_i16 visit_i16 i16, "a whole number in range";
        deserialize_i32 visit_i32 i32, "a whole number in range";
        deserialize_i64 visit_i64 i64, "a whole number in range";
        deserialize_i128 visit_i128 i128, "a whole number in range";
        deserialize_u8 visit_u8 u8, "a whole number in range";
        deserialize_u16 visit_u16 u16, "a whole number in range";
        deserialize_u32 visit_u32 u32, "a whole number in range";
        deserialize_u64 visit_u64 u64, "a whole number in range";
        deserialize_u128 visit_u128 u128, "a whole number in range";
        deserialize_f32 visit_f32 f32, "a number";
        deserialize_f64 visit_f64 f64, "a number";
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, FieldError> {
        match self.first() {
            "on" | "true" | "True" | "1" | "yes" | "y" => visitor.visit_bool(true),
            "off" | "false" | "False" | "0" | "no" | "n" | "" => visitor.visit_bool(false),
            other => Err(de::Error::custom(format_args!("{other:?} is not true or false"))),
        }
    }

    fn deserialize_char<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, FieldError> {
        visitor.visit_str(self.first())
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, FieldError> {
        visitor.visit_str(self.first())
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, FieldError> {
        visitor.visit_str(self.first())
    }

    fn deserialize_bytes<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, FieldError> {
        visitor.visit_bytes(self.first().as_bytes())
    }

    fn deserialize_byte_buf<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, FieldError> {
        visitor.visit_bytes(self.first().as_bytes())
    }

    fn deserialize_identifier<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, FieldError> {
        visitor.visit_str(self.first())
    }

    /// A field that was left empty is sent as empty text.
    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, FieldError> {
        match self.0 {
            [] => visitor.visit_none(),
            [text] if text.is_empty() => visitor.visit_none(),
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, FieldError> {
        visitor.visit_unit()
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, FieldError> {
        visitor.visit_unit()
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, FieldError> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, FieldError> {
        let items = self.0.iter().map(|value| Values(std::slice::from_ref(value)));
        visitor.visit_seq(de::value::SeqDeserializer::new(items))
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, FieldError> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: usize,
        visitor: V,
    ) -> Result<V::Value, FieldError> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_map<V: Visitor<'de>>(self, _: V) -> Result<V::Value, FieldError> {
        Err(de::Error::custom("a field holds text, not further fields"))
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, FieldError> {
        self.deserialize_map(visitor)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, FieldError> {
        visitor.visit_enum(self.first().into_deserializer())
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, FieldError> {
        visitor.visit_unit()
    }
}

impl IntoDeserializer<'_, FieldError> for Values<'_> {
    type Deserializer = Self;
    fn into_deserializer(self) -> Self {
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;

    #[derive(Deserialize, Debug, PartialEq)]
    struct Order {
        name: String,
        count: u32,
        price: Option<f64>,
        #[serde(default)]
        tags: Vec<String>,
        #[serde(default)]
        gift: bool,
        size: Option<Size>,
    }

    #[derive(Deserialize, Debug, PartialEq)]
    #[serde(rename_all = "lowercase")]
    enum Size {
        Small,
        Large,
    }

    fn order(fields: &[(&str, &[&str])]) -> Result<Order, FieldError> {
        let fields: Vec<(&str, Vec<String>)> = fields
            .iter()
            .map(|(name, values)| (*name, values.iter().map(|v| (*v).to_owned()).collect()))
            .collect();
        read_fields(fields.iter().map(|(name, values)| (*name, values.as_slice())))
    }

    #[test]
    fn fields_are_read_by_their_names_and_others_are_ignored() {
        let read = order(&[
            ("name", &["Ann"]),
            ("count", &[" 3 "]),
            ("price", &["1.5"]),
            ("tags", &["a", "b"]),
            ("gift", &["on"]),
            ("size", &["large"]),
            ("csrf_token", &["x"]),
        ]);
        let expected = Order {
            name: "Ann".into(),
            count: 3,
            price: Some(1.5),
            tags: vec!["a".into(), "b".into()],
            gift: true,
            size: Some(Size::Large),
        };
        assert_eq!(read, Ok(expected));
    }

    #[test]
    fn an_optional_field_that_is_empty_or_missing_is_none() {
        let read = order(&[("name", &[""]), ("count", &["0"]), ("price", &[""])]).unwrap();
        assert_eq!((read.name.as_str(), read.price, read.size, read.gift), ("", None, None, false));
    }

    #[test]
    fn one_value_fills_a_list() {
        assert_eq!(order(&[("name", &["a"]), ("count", &["1"]), ("tags", &["x"])]).unwrap().tags, ["x"]);
    }

    #[test]
    fn the_first_of_several_values_fills_a_single_field() {
        assert_eq!(order(&[("name", &["a", "b"]), ("count", &["1"])]).unwrap().name, "a");
    }

    #[test]
    fn an_error_names_the_field() {
        let text = |fields: &[(&str, &[&str])]| order(fields).unwrap_err().to_string();
        assert_eq!(
            text(&[("name", &["a"]), ("count", &["x"])]),
            "count: \"x\" is not a whole number in range"
        );
        assert_eq!(text(&[("name", &["a"])]), "missing field `count`");
        assert_eq!(
            text(&[("name", &["a"]), ("count", &["1"]), ("size", &["huge"])]),
            "size: unknown variant `huge`, expected `small` or `large`"
        );
    }
}
