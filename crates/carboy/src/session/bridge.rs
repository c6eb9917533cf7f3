//! Between session values and everything that serde knows.
//!
//! A [`Value`] among them comes through unharmed: it names its special types to the serializer by newtype names of its
//! own, and the deserializer hands them over as variants of an enum. Other formats see text, lists and dicts.

use std::fmt;

use serde::de::value::{MapDeserializer, SeqDeserializer, StringDeserializer, U32Deserializer};
use serde::de::{
    self, DeserializeOwned, DeserializeSeed, Deserializer, EnumAccess, IntoDeserializer, MapAccess,
    SeqAccess, VariantAccess, Visitor,
};
use serde::ser::{self, Serializer};
use serde::{Deserialize, Serialize, forward_to_deserialize_any};

use super::tagged::{escaped, unescaped};
use super::value::{BigInt, DateTime, Dict, Value};

/// Why a value of a session is not what was asked for, or cannot become one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConversionError(Box<str>);

impl fmt::Display for ConversionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for ConversionError {}

impl ser::Error for ConversionError {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self(message.to_string().into())
    }
}

impl de::Error for ConversionError {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self(message.to_string().into())
    }
}

type Result<T, E = ConversionError> = std::result::Result<T, E>;

pub(super) fn to_value<T: Serialize + ?Sized>(value: &T) -> Result<Value> {
    value.serialize(ToValue)
}

pub(super) fn from_value<T: DeserializeOwned>(value: Value) -> Result<T> {
    T::deserialize(FromValue(value))
}

/// Asks [`FromValue`] to hand over a [`Value`] as it is.
const VALUE: &str = "$carboy::session::Value";

/// The types that only a session tells apart. Their names as newtypes, and their numbers as variants.
#[derive(Clone, Copy)]
enum Special {
    Tuple,
    Markup,
    Uuid,
    DateTime,
    BigInt,
    NotUnicode,
}

impl Special {
    const ALL: [Self; 6] =
        [Self::Tuple, Self::Markup, Self::Uuid, Self::DateTime, Self::BigInt, Self::NotUnicode];

    fn name(self) -> &'static str {
        match self {
            Self::Tuple => "$carboy::session::Tuple",
            Self::Markup => "$carboy::session::Markup",
            Self::Uuid => "$carboy::session::Uuid",
            Self::DateTime => "$carboy::session::DateTime",
            Self::BigInt => "$carboy::session::BigInt",
            Self::NotUnicode => "$carboy::session::NotUnicode",
        }
    }

    fn named(name: &str) -> Option<Self> {
        if !name.starts_with('$') {
            return None;
        }
        Self::ALL.into_iter().find(|special| special.name() == name)
    }

    /// The value of this type that a list or text stands for.
    fn restore(self, plain: Value) -> Result<Value> {
        let wrong = || de::Error::custom("not the content of such a value");
        Ok(match (self, plain) {
            (Self::Tuple, Value::List(items)) => Value::Tuple(items),
            (Self::Markup, Value::Str(html)) => Value::Markup(html),
            (Self::Uuid, Value::Str(text)) => Value::Uuid(text.parse().map_err(|_| wrong())?),
            (Self::DateTime, Value::Str(text)) => Value::DateTime(text.parse()?),
            (Self::BigInt, Value::Str(text)) => text.parse::<BigInt>()?.into_value(),
            (Self::NotUnicode, Value::Str(text)) => unescaped(&text).ok_or_else(wrong)?,
            _ => return Err(wrong()),
        })
    }
}

/// Which type a value has that only a session tells apart, and the list or text that stands for it.
fn special(value: &Value) -> Option<(Special, Plain<'_>)> {
    Some(match value {
        Value::Tuple(items) => (Special::Tuple, Plain::List(items)),
        Value::Markup(html) => (Special::Markup, Plain::Str(html.into())),
        Value::Uuid(uuid) => (Special::Uuid, Plain::Str(uuid.to_string().into())),
        Value::DateTime(time) => (Special::DateTime, Plain::Str(time.to_string().into())),
        Value::BigInt(number) => (Special::BigInt, Plain::Str(number.as_str().into())),
        Value::NotUnicode(text) => (Special::NotUnicode, Plain::Str(escaped(text).into())),
        _ => return None,
    })
}

#[derive(Serialize)]
#[serde(untagged)]
enum Plain<'v> {
    List(&'v [Value]),
    Str(std::borrow::Cow<'v, str>),
}

impl Serialize for Value {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Null => serializer.serialize_unit(),
            Self::Bool(on) => serializer.serialize_bool(*on),
            Self::Int(number) => serializer.serialize_i64(*number),
            Self::Float(number) => serializer.serialize_f64(*number),
            Self::Str(text) => serializer.serialize_str(text),
            Self::Bytes(bytes) => serializer.serialize_bytes(bytes),
            Self::List(items) => items.serialize(serializer),
            Self::Dict(dict) => serializer.collect_map(dict),
            special_value => match special(special_value) {
                Some((special, plain)) => serializer.serialize_newtype_struct(special.name(), &plain),
                None => serializer.serialize_unit(),
            },
        }
    }
}

impl Serialize for DateTime {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Value::DateTime(*self).serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_newtype_struct(VALUE, ValueVisitor)
    }
}

impl<'de> Deserialize<'de> for DateTime {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
        text.parse().map_err(|_| de::Error::custom("not a date"))
    }
}

struct ValueVisitor;

impl<'de> Visitor<'de> for ValueVisitor {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value of a session")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i128<E: de::Error>(self, value: i128) -> Result<Value, E> {
        to_value(&value).map_err(E::custom)
    }

    fn visit_u128<E: de::Error>(self, value: u128) -> Result<Value, E> {
        to_value(&value).map_err(E::custom)
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_bytes<E>(self, value: &[u8]) -> Result<Value, E> {
        Ok(Value::Bytes(value.to_vec()))
    }

    fn visit_byte_buf<E>(self, value: Vec<u8>) -> Result<Value, E> {
        Ok(Value::Bytes(value))
    }

    fn visit_none<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        Value::deserialize(deserializer)
    }

    fn visit_newtype_struct<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = access.next_element()? {
            items.push(item);
        }
        Ok(Value::List(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        let mut dict = Dict::new();
        while let Some((key, value)) = access.next_entry()? {
            dict.insert(key, value);
        }
        Ok(Value::Dict(dict))
    }

    fn visit_enum<A: EnumAccess<'de>>(self, access: A) -> Result<Value, A::Error> {
        let (number, variant) = access.variant::<u32>()?;
        let special = usize::try_from(number).ok().and_then(|number| Special::ALL.get(number));
        let special = special.ok_or_else(|| de::Error::custom("not a value of a session"))?;
        special.restore(variant.newtype_variant()?).map_err(de::Error::custom)
    }
}

/// Takes a value apart for whoever deserialises it.
struct FromValue(Value);

impl IntoDeserializer<'_, ConversionError> for FromValue {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

fn visit_list<'de, V: Visitor<'de>>(items: Vec<Value>, visitor: V) -> Result<V::Value> {
    let mut access = SeqDeserializer::new(items.into_iter().map(FromValue));
    let value = visitor.visit_seq(&mut access)?;
    access.end()?;
    Ok(value)
}

fn visit_dict<'de, V: Visitor<'de>>(dict: Dict, visitor: V) -> Result<V::Value> {
    let items = dict.into_iter().map(|(key, value)| (FromKey(key), FromValue(value)));
    let mut access = MapDeserializer::new(items);
    let value = visitor.visit_map(&mut access)?;
    access.end()?;
    Ok(value)
}

impl<'de> Deserializer<'de> for FromValue {
    type Error = ConversionError;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        match self.0 {
            Value::Null => visitor.visit_unit(),
            Value::Bool(on) => visitor.visit_bool(on),
            Value::Int(number) => visitor.visit_i64(number),
            Value::BigInt(number) => {
                let digits = number.as_str();
                if let Ok(number) = digits.parse() {
                    visitor.visit_u64(number)
                } else if let Ok(number) = digits.parse() {
                    visitor.visit_i128(number)
                } else if let Ok(number) = digits.parse() {
                    visitor.visit_u128(number)
                } else {
                    visitor.visit_f64(digits.parse().unwrap_or(f64::NAN))
                }
            }
            Value::Float(number) => visitor.visit_f64(number),
            Value::Str(text) | Value::Markup(text) => visitor.visit_string(text),
            Value::NotUnicode(text) => visitor.visit_string(text.to_string()),
            Value::Bytes(bytes) => visitor.visit_byte_buf(bytes),
            Value::List(items) | Value::Tuple(items) => visit_list(items, visitor),
            Value::Dict(dict) => visit_dict(dict, visitor),
            Value::Uuid(uuid) => visitor.visit_string(uuid.to_string()),
            Value::DateTime(time) => visitor.visit_string(time.to_string()),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        if self.0 == Value::Null { visitor.visit_none() } else { visitor.visit_some(self) }
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        match self.0 {
            Value::Bytes(bytes) => visitor.visit_seq(SeqDeserializer::new(bytes.into_iter())),
            other => Self(other).deserialize_any(visitor),
        }
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, _len: usize, visitor: V) -> Result<V::Value> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, name: &'static str, visitor: V) -> Result<V::Value> {
        if name != VALUE {
            return visitor.visit_newtype_struct(self);
        }
        let plain = match special(&self.0) {
            None => return self.deserialize_any(visitor),
            Some((special, Plain::Str(text))) => (special, Value::Str(text.into_owned())),
            Some((special, Plain::List(_))) => match self.0 {
                Value::Tuple(items) => (special, Value::List(items)),
                other => (special, other),
            },
        };
        visitor.visit_enum(Handover(plain.0, plain.1))
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value> {
        match self.0 {
            Value::Str(variant) => visitor.visit_enum(StringDeserializer::new(variant)),
            Value::Dict(mut dict) if dict.len() == 1 => match dict.pop() {
                Some((variant, content)) => visitor.visit_enum(Variant(variant, content)),
                None => Err(de::Error::custom("expected a dict with one key")),
            },
            _ => Err(de::Error::custom("expected text or a dict with one key")),
        }
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        visitor.visit_unit()
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct
        tuple_struct map struct identifier
    }
}

/// Hands a special value over to [`ValueVisitor::visit_enum`].
struct Handover(Special, Value);

impl<'de> EnumAccess<'de> for Handover {
    type Error = ConversionError;
    type Variant = Content;

    fn variant_seed<V: DeserializeSeed<'de>>(self, seed: V) -> Result<(V::Value, Content)> {
        let number = U32Deserializer::<ConversionError>::new(self.0 as u32);
        Ok((seed.deserialize(number)?, Content(self.1)))
    }
}

/// A variant of a Rust enum with its content, from a dict with one key.
struct Variant(String, Value);

impl<'de> EnumAccess<'de> for Variant {
    type Error = ConversionError;
    type Variant = Content;

    fn variant_seed<V: DeserializeSeed<'de>>(self, seed: V) -> Result<(V::Value, Content)> {
        let name = StringDeserializer::<ConversionError>::new(self.0);
        Ok((seed.deserialize(name)?, Content(self.1)))
    }
}

struct Content(Value);

impl<'de> VariantAccess<'de> for Content {
    type Error = ConversionError;

    fn unit_variant(self) -> Result<()> {
        <()>::deserialize(FromValue(self.0))
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value> {
        seed.deserialize(FromValue(self.0))
    }

    fn tuple_variant<V: Visitor<'de>>(self, _len: usize, visitor: V) -> Result<V::Value> {
        FromValue(self.0).deserialize_seq(visitor)
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        _fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value> {
        FromValue(self.0).deserialize_any(visitor)
    }
}

/// A key of a dict, which is text and may stand for a number.
struct FromKey(String);

impl IntoDeserializer<'_, ConversionError> for FromKey {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

macro_rules! parsed_keys {
    ($($method:ident => $visit:ident),* $(,)?) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
            match self.0.parse() {
                Ok(value) => visitor.$visit(value),
                Err(_) => visitor.visit_string(self.0),
            }
        }
    )*};
}

impl<'de> Deserializer<'de> for FromKey {
    type Error = ConversionError;

    parsed_keys! {
        deserialize_bool => visit_bool,
        deserialize_i8 => visit_i8,
        deserialize_i16 => visit_i16,
        deserialize_i32 => visit_i32,
        deserialize_i64 => visit_i64,
        deserialize_i128 => visit_i128,
        deserialize_u8 => visit_u8,
        deserialize_u16 => visit_u16,
        deserialize_u32 => visit_u32,
        deserialize_u64 => visit_u64,
        deserialize_u128 => visit_u128,
        deserialize_f32 => visit_f32,
        deserialize_f64 => visit_f64,
    }

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        visitor.visit_string(self.0)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value> {
        visitor.visit_enum(StringDeserializer::new(self.0))
    }

    forward_to_deserialize_any! {
        char str string bytes byte_buf unit unit_struct seq tuple tuple_struct map struct identifier ignored_any
    }
}

/// Makes a value out of whatever serialises.
struct ToValue;

macro_rules! into_value {
    ($($method:ident: $type:ty),* $(,)?) => {$(
        fn $method(self, value: $type) -> Result<Value> {
            Ok(value.into())
        }
    )*};
}

fn big_int(value: impl fmt::Display) -> Result<Value> {
    Ok(value.to_string().parse::<BigInt>()?.into_value())
}

impl Serializer for ToValue {
    type Ok = Value;
    type Error = ConversionError;
    type SerializeSeq = Items;
    type SerializeTuple = Items;
    type SerializeTupleStruct = Items;
    type SerializeTupleVariant = Named<Items>;
    type SerializeMap = Entries;
    type SerializeStruct = Entries;
    type SerializeStructVariant = Named<Entries>;

    into_value!(
        serialize_bool: bool, serialize_i8: i8, serialize_i16: i16, serialize_i32: i32, serialize_i64: i64,
        serialize_u8: u8, serialize_u16: u16, serialize_u32: u32, serialize_u64: u64, serialize_f64: f64,
        serialize_str: &str,
    );

    fn serialize_i128(self, value: i128) -> Result<Value> {
        big_int(value)
    }

    fn serialize_u128(self, value: u128) -> Result<Value> {
        big_int(value)
    }

    fn serialize_f32(self, value: f32) -> Result<Value> {
        // The float that looks the same, not the one that is: 0.1 rather than 0.10000000149011612.
        Ok(Value::Float(value.to_string().parse().unwrap_or_else(|_| value.into())))
    }

    fn serialize_char(self, value: char) -> Result<Value> {
        Ok(Value::Str(value.into()))
    }

    fn serialize_bytes(self, value: &[u8]) -> Result<Value> {
        Ok(Value::Bytes(value.to_vec()))
    }

    fn serialize_none(self) -> Result<Value> {
        Ok(Value::Null)
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<Value> {
        value.serialize(self)
    }

    fn serialize_unit(self) -> Result<Value> {
        Ok(Value::Null)
    }

    fn serialize_unit_struct(self, _name: &'static str) -> Result<Value> {
        Ok(Value::Null)
    }

    fn serialize_unit_variant(
        self,
        _name: &'static str,
        _index: u32,
        variant: &'static str,
    ) -> Result<Value> {
        Ok(variant.into())
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(self, name: &'static str, value: &T) -> Result<Value> {
        let plain = value.serialize(self)?;
        match Special::named(name) {
            Some(special) => special.restore(plain),
            None => Ok(plain),
        }
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _name: &'static str,
        _index: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<Value> {
        Ok(tagged(variant, value.serialize(self)?))
    }

    fn serialize_seq(self, len: Option<usize>) -> Result<Items> {
        // The length is a hint from outside: take it, within reason.
        Ok(Items(Vec::with_capacity(len.unwrap_or(0).min(1024))))
    }

    fn serialize_tuple(self, len: usize) -> Result<Items> {
        self.serialize_seq(Some(len))
    }

    fn serialize_tuple_struct(self, _name: &'static str, len: usize) -> Result<Items> {
        self.serialize_seq(Some(len))
    }

    fn serialize_tuple_variant(
        self,
        _name: &'static str,
        _index: u32,
        variant: &'static str,
        len: usize,
    ) -> Result<Named<Items>> {
        Ok(Named(variant, self.serialize_seq(Some(len))?))
    }

    fn serialize_map(self, _len: Option<usize>) -> Result<Entries> {
        Ok(Entries { dict: Dict::new(), key: String::new() })
    }

    fn serialize_struct(self, _name: &'static str, len: usize) -> Result<Entries> {
        self.serialize_map(Some(len))
    }

    fn serialize_struct_variant(
        self,
        _name: &'static str,
        _index: u32,
        variant: &'static str,
        len: usize,
    ) -> Result<Named<Entries>> {
        Ok(Named(variant, self.serialize_map(Some(len))?))
    }
}

fn tagged(variant: &str, content: Value) -> Value {
    Value::Dict(Dict::from_iter([(variant.to_owned(), content)]))
}

/// A list in the making.
struct Items(Vec<Value>);

impl Items {
    fn push<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<()> {
        self.0.push(to_value(value)?);
        Ok(())
    }
}

impl ser::SerializeSeq for Items {
    type Ok = Value;
    type Error = ConversionError;

    fn serialize_element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<()> {
        self.push(value)
    }

    fn end(self) -> Result<Value> {
        Ok(Value::List(self.0))
    }
}

impl ser::SerializeTuple for Items {
    type Ok = Value;
    type Error = ConversionError;

    fn serialize_element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<()> {
        self.push(value)
    }

    fn end(self) -> Result<Value> {
        Ok(Value::List(self.0))
    }
}

impl ser::SerializeTupleStruct for Items {
    type Ok = Value;
    type Error = ConversionError;

    fn serialize_field<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<()> {
        self.push(value)
    }

    fn end(self) -> Result<Value> {
        Ok(Value::List(self.0))
    }
}

/// A dict in the making.
struct Entries {
    dict: Dict,
    /// The key whose value comes next.
    key: String,
}

impl ser::SerializeMap for Entries {
    type Ok = Value;
    type Error = ConversionError;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<()> {
        // As json.dumps() turns keys into text.
        self.key = match to_value(key)? {
            Value::Str(text) => text,
            Value::Int(number) => number.to_string(),
            Value::BigInt(number) => number.to_string(),
            Value::Bool(on) => on.to_string(),
            Value::Null => "null".to_owned(),
            Value::Float(number) => {
                let mut text = Vec::new();
                carboy_signing::json::write_f64(number, &mut text);
                String::from_utf8_lossy(&text).into_owned()
            }
            _ => return Err(ser::Error::custom("keys must be str, int, float, bool or None")),
        };
        Ok(())
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<()> {
        self.dict.insert(std::mem::take(&mut self.key), to_value(value)?);
        Ok(())
    }

    fn end(self) -> Result<Value> {
        Ok(Value::Dict(self.dict))
    }
}

impl ser::SerializeStruct for Entries {
    type Ok = Value;
    type Error = ConversionError;

    fn serialize_field<T: Serialize + ?Sized>(&mut self, name: &'static str, value: &T) -> Result<()> {
        self.dict.insert(name.to_owned(), to_value(value)?);
        Ok(())
    }

    fn end(self) -> Result<Value> {
        Ok(Value::Dict(self.dict))
    }
}

/// The content of an enum's variant in the making.
struct Named<T>(&'static str, T);

impl ser::SerializeTupleVariant for Named<Items> {
    type Ok = Value;
    type Error = ConversionError;

    fn serialize_field<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<()> {
        self.1.push(value)
    }

    fn end(self) -> Result<Value> {
        Ok(tagged(self.0, Value::List(self.1.0)))
    }
}

impl ser::SerializeStructVariant for Named<Entries> {
    type Ok = Value;
    type Error = ConversionError;

    fn serialize_field<T: Serialize + ?Sized>(&mut self, name: &'static str, value: &T) -> Result<()> {
        ser::SerializeStruct::serialize_field(&mut self.1, name, value)
    }

    fn end(self) -> Result<Value> {
        Ok(tagged(self.0, Value::Dict(self.1.dict)))
    }
}
