//! The keys of objects: always strings, and put in order by what they were.

use serde::Serialize;
use serde::ser::{self, Error as _};
use serde_json::Error;

use super::number::{write_f32, write_f64, write_int};
use super::text::write_str;
use super::{JsonStyle, Result};

/// What an entry is sorted by.
pub(super) enum Key {
    Name(&'static str),
    /// The place of a key in the output, which needed no escapes.
    Written(usize, usize),
    Text(Box<str>),
    Number(i128),
    Float(f64),
}

impl Key {
    fn text<'a>(&'a self, out: &'a [u8]) -> Option<&'a [u8]> {
        match self {
            Self::Name(name) => Some(name.as_bytes()),
            Self::Written(start, end) => Some(&out[*start..*end]),
            Self::Text(text) => Some(text.as_bytes()),
            Self::Number(_) | Self::Float(_) => None,
        }
    }

    pub(super) fn cmp(&self, other: &Self, out: &[u8]) -> Option<std::cmp::Ordering> {
        match (self, other) {
            (Self::Number(a), Self::Number(b)) => Some(a.cmp(b)),
            (Self::Number(a), Self::Float(b)) => (*a as f64).partial_cmp(b),
            (Self::Float(a), Self::Number(b)) => a.partial_cmp(&(*b as f64)),
            (Self::Float(a), Self::Float(b)) => Some(a.total_cmp(b)),
            _ => Some(self.text(out)?.cmp(other.text(out)?)),
        }
    }
}

/// Writes a key, always as a string, and tells what it is sorted by.
pub(super) struct KeyWriter<'a> {
    pub(super) out: &'a mut Vec<u8>,
    pub(super) style: &'a JsonStyle,
}

impl KeyWriter<'_> {
    fn quoted(self, text: &[u8], key: Key) -> Result<Key> {
        self.out.push(b'"');
        self.out.extend_from_slice(text);
        self.out.push(b'"');
        Ok(key)
    }

    fn refuse<T>(self) -> Result<T> {
        Err(Error::custom("keys must be str, int, float, bool or None"))
    }
}

macro_rules! integer_keys {
    ($($method:ident: $type:ty),*) => {$(
        fn $method(self, value: $type) -> Result<Key> {
            self.out.push(b'"');
            write_int(value, self.out);
            self.out.push(b'"');
            Ok(Key::Number(i128::try_from(value).unwrap_or(i128::MAX)))
        }
    )*};
}

impl ser::Serializer for KeyWriter<'_> {
    type Ok = Key;
    type Error = Error;
    type SerializeSeq = ser::Impossible<Key, Error>;
    type SerializeTuple = ser::Impossible<Key, Error>;
    type SerializeTupleStruct = ser::Impossible<Key, Error>;
    type SerializeTupleVariant = ser::Impossible<Key, Error>;
    type SerializeMap = ser::Impossible<Key, Error>;
    type SerializeStruct = ser::Impossible<Key, Error>;
    type SerializeStructVariant = ser::Impossible<Key, Error>;

    integer_keys!(
        serialize_i8: i8, serialize_i16: i16, serialize_i32: i32, serialize_i64: i64, serialize_i128: i128,
        serialize_u8: u8, serialize_u16: u16, serialize_u32: u32, serialize_u64: u64, serialize_u128: u128
    );

    fn serialize_str(self, value: &str) -> Result<Key> {
        let start = self.out.len() + 1;
        write_str(value, self.style.ensure_ascii, self.out);
        let end = self.out.len() - 1;
        let escaped = end - start != value.len() || &self.out[start..end] != value.as_bytes();
        Ok(if escaped { Key::Text(value.into()) } else { Key::Written(start, end) })
    }

    fn serialize_unit_variant(self, _name: &'static str, _index: u32, variant: &'static str) -> Result<Key> {
        self.serialize_str(variant)
    }

    fn serialize_char(self, value: char) -> Result<Key> {
        self.serialize_str(value.encode_utf8(&mut [0; 4]))
    }

    fn serialize_bool(self, value: bool) -> Result<Key> {
        let text: &[u8] = if value { b"true" } else { b"false" };
        self.quoted(text, Key::Number(value.into()))
    }

    fn serialize_f32(self, value: f32) -> Result<Key> {
        let mut text = Vec::new();
        write_f32(value, &mut text);
        self.quoted(&text, Key::Float(value.into()))
    }

    fn serialize_f64(self, value: f64) -> Result<Key> {
        let mut text = Vec::new();
        write_f64(value, &mut text);
        self.quoted(&text, Key::Float(value))
    }

    fn serialize_unit(self) -> Result<Key> {
        self.quoted(b"null", Key::Name("null"))
    }

    fn serialize_none(self) -> Result<Key> {
        self.serialize_unit()
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<Key> {
        value.serialize(self)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(self, _name: &'static str, value: &T) -> Result<Key> {
        value.serialize(self)
    }

    fn serialize_bytes(self, _value: &[u8]) -> Result<Key> {
        self.refuse()
    }

    fn serialize_unit_struct(self, _name: &'static str) -> Result<Key> {
        self.serialize_unit()
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _name: &'static str,
        _index: u32,
        _variant: &'static str,
        _value: &T,
    ) -> Result<Key> {
        self.refuse()
    }

    fn serialize_seq(self, _len: Option<usize>) -> Result<Self::SerializeSeq> {
        self.refuse()
    }

    fn serialize_tuple(self, _len: usize) -> Result<Self::SerializeTuple> {
        self.refuse()
    }

    fn serialize_tuple_struct(self, _name: &'static str, _len: usize) -> Result<Self::SerializeTupleStruct> {
        self.refuse()
    }

    fn serialize_tuple_variant(
        self,
        _name: &'static str,
        _index: u32,
        _variant: &'static str,
        _len: usize,
    ) -> Result<Self::SerializeTupleVariant> {
        self.refuse()
    }

    fn serialize_map(self, _len: Option<usize>) -> Result<Self::SerializeMap> {
        self.refuse()
    }

    fn serialize_struct(self, _name: &'static str, _len: usize) -> Result<Self::SerializeStruct> {
        self.refuse()
    }

    fn serialize_struct_variant(
        self,
        _name: &'static str,
        _index: u32,
        _variant: &'static str,
        _len: usize,
    ) -> Result<Self::SerializeStructVariant> {
        self.refuse()
    }
}
