//! JSON text as Python's `json` module writes it, from anything that serde serialises.
//!
//! Signed tokens and Flask's JSON provider need the very bytes of Python: its separators, its order of keys, its way
//! to show a float, and which characters it escapes.

mod key;
mod number;
mod text;

use serde::Serialize;
use serde::ser::{
    self, Error as _, SerializeMap, SerializeSeq, SerializeStruct, SerializeStructVariant, SerializeTuple,
    SerializeTupleStruct, SerializeTupleVariant,
};
use serde_json::Error;
use smallvec::SmallVec;

use key::{Key, KeyWriter};
use number::{write_f32, write_int};

pub use number::write_f64;
pub use text::write_str;

type Result<T, E = Error> = std::result::Result<T, E>;

/// How JSON text looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct JsonStyle {
    /// Keys in ascending order: text by code points, numbers by value. Keys of both sorts in one object are an error.
    pub sort_keys: bool,
    /// Everything but printable ASCII as `\uXXXX`.
    pub ensure_ascii: bool,
    /// `,` and `:` instead of `, ` and `: `. Without effect if there is an indent.
    pub compact: bool,
    /// Every item on a line of its own, indented by this many blanks a level.
    pub indent: Option<usize>,
}

impl Default for JsonStyle {
    /// What `flask.json.dumps` writes: sorted, ASCII only, with blanks after `,` and `:`.
    fn default() -> Self {
        Self { sort_keys: true, ensure_ascii: true, compact: false, indent: None }
    }
}

/// Appends `value` to `out` as JSON.
///
/// Floats look as in Python (`1.0`, `1e+16`), NaN and infinities are written bare (`NaN`, `Infinity`), which other
/// readers may refuse. Keys may be text, numbers, booleans and unit; any other key is an error. After an error `out`
/// holds an unfinished text.
///
/// ```
/// use carboy_signing::json::{JsonStyle, write};
///
/// let mut out = Vec::new();
/// write(&serde_json::json!({"b": 1e16, "a": "é"}), &JsonStyle::default(), &mut out)?;
/// assert_eq!(out, br#"{"a": "\u00e9", "b": 1e+16}"#);
/// # Ok::<(), serde_json::Error>(())
/// ```
pub fn write<T: Serialize + ?Sized>(value: &T, style: &JsonStyle, out: &mut Vec<u8>) -> Result<()> {
    value.serialize(&mut Writer { out, style, depth: 0, entries: SmallVec::new() })
}

/// One `"key":value` of an object being written, for the case that it has to be put in order.
struct Entry {
    key: Key,
    start: usize,
    end: usize,
}

struct Writer<'w> {
    out: &'w mut Vec<u8>,
    style: &'w JsonStyle,
    depth: usize,
    /// The entries of all objects that are open, innermost last.
    entries: SmallVec<[Entry; 8]>,
}

impl<'w> Writer<'w> {
    fn newline(&mut self) {
        if let Some(width) = self.style.indent {
            self.out.push(b'\n');
            self.out.extend(std::iter::repeat_n(b' ', width * self.depth));
        }
    }

    fn comma(&mut self) {
        let is_spaced = !self.style.compact && self.style.indent.is_none();
        self.out.extend_from_slice(if is_spaced { b", " } else { b"," });
    }

    fn open<'a>(&'a mut self, bracket: u8) -> Open<'a, 'w> {
        self.out.push(bracket);
        self.depth += 1;
        let (start, base) = (self.out.len(), self.entries.len());
        Open { writer: self, start, base, sorted: true, empty: true }
    }

    fn open_variant<'a>(&'a mut self, variant: &str, bracket: u8) -> Result<Variant<'a, 'w>> {
        self.begin_variant(variant);
        Ok(Variant(self.open(bracket)))
    }

    /// `{"variant":` of an externally tagged enum.
    fn begin_variant(&mut self, variant: &str) {
        self.out.push(b'{');
        self.depth += 1;
        self.newline();
        write_str(variant, self.style.ensure_ascii, self.out);
        self.colon();
    }

    fn end_variant(&mut self) {
        self.depth -= 1;
        self.newline();
        self.out.push(b'}');
    }

    fn colon(&mut self) {
        let is_spaced = !self.style.compact || self.style.indent.is_some();
        self.out.extend_from_slice(if is_spaced { b": " } else { b":" });
    }
}

/// An array or object being written.
struct Open<'a, 'w> {
    writer: &'a mut Writer<'w>,
    /// Where its content starts in the output, and its entries in the list.
    start: usize,
    base: usize,
    sorted: bool,
    empty: bool,
}

impl Open<'_, '_> {
    fn item(&mut self) {
        if self.empty {
            self.empty = false;
        } else {
            self.writer.comma();
        }
        self.writer.newline();
    }

    fn element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<()> {
        self.item();
        value.serialize(&mut *self.writer)
    }

    fn begin_entry(&mut self) -> usize {
        self.item();
        self.writer.out.len()
    }

    fn key(&mut self, start: usize, key: Key) -> Result<()> {
        self.writer.colon();
        if self.writer.style.sort_keys {
            if let Some(last) = self.writer.entries[self.base..].last() {
                match last.key.cmp(&key, self.writer.out) {
                    Some(order) => self.sorted &= order.is_le(),
                    None => {
                        return Err(Error::custom("'<' not supported between keys of different types"));
                    }
                }
            }
            self.writer.entries.push(Entry { key, start, end: start });
        }
        Ok(())
    }

    fn value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<()> {
        value.serialize(&mut *self.writer)?;
        if self.writer.style.sort_keys
            && let Some(entry) = self.writer.entries.last_mut()
        {
            entry.end = self.writer.out.len();
        }
        Ok(())
    }

    fn field<T: Serialize + ?Sized>(&mut self, name: &'static str, value: &T) -> Result<()> {
        let start = self.begin_entry();
        write_str(name, self.writer.style.ensure_ascii, self.writer.out);
        self.key(start, Key::Name(name))?;
        self.value(value)
    }

    fn close(mut self, bracket: u8) {
        self.sort();
        self.writer.entries.truncate(self.base);
        self.writer.depth -= 1;
        if !self.empty {
            self.writer.newline();
        }
        self.writer.out.push(bracket);
    }

    /// Writes the entries once more in their order, if they came in another.
    fn sort(&mut self) {
        if self.sorted {
            return;
        }
        let unsorted = self.writer.out.split_off(self.start);
        let moved = self.start;
        let entries = &mut self.writer.entries[self.base..];
        for entry in &mut *entries {
            entry.start -= moved;
            entry.end -= moved;
            if let Key::Written(start, end) = &mut entry.key {
                *start -= moved;
                *end -= moved;
            }
        }
        entries.sort_by(|a, b| a.key.cmp(&b.key, &unsorted).unwrap_or(std::cmp::Ordering::Equal));
        let order: Vec<_> = entries.iter().map(|entry| entry.start..entry.end).collect();
        self.empty = true;
        for range in order {
            self.item();
            self.writer.out.extend_from_slice(&unsorted[range]);
        }
    }
}

/// An array or object that is the content of an enum's variant.
struct Variant<'a, 'w>(Open<'a, 'w>);

impl Variant<'_, '_> {
    fn close(self, bracket: u8) -> Result<()> {
        let mut open = self.0;
        open.sort();
        let Open { writer, base, empty, .. } = open;
        writer.entries.truncate(base);
        writer.depth -= 1;
        if !empty {
            writer.newline();
        }
        writer.out.push(bracket);
        writer.end_variant();
        Ok(())
    }
}

macro_rules! integers {
    ($($method:ident: $type:ty),*) => {$(
        fn $method(self, value: $type) -> Result<()> {
            write_int(value, self.out);
            Ok(())
        }
    )*};
}

impl<'a, 'w> ser::Serializer for &'a mut Writer<'w> {
    type Ok = ();
    type Error = Error;
    type SerializeSeq = Open<'a, 'w>;
    type SerializeTuple = Open<'a, 'w>;
    type SerializeTupleStruct = Open<'a, 'w>;
    type SerializeTupleVariant = Variant<'a, 'w>;
    type SerializeMap = OpenMap<'a, 'w>;
    type SerializeStruct = Open<'a, 'w>;
    type SerializeStructVariant = Variant<'a, 'w>;

    integers!(
        serialize_i8: i8, serialize_i16: i16, serialize_i32: i32, serialize_i64: i64, serialize_i128: i128,
        serialize_u8: u8, serialize_u16: u16, serialize_u32: u32, serialize_u64: u64, serialize_u128: u128
    );

    fn serialize_bool(self, value: bool) -> Result<()> {
        self.out.extend_from_slice(if value { b"true" } else { b"false" });
        Ok(())
    }

    fn serialize_f32(self, value: f32) -> Result<()> {
        write_f32(value, self.out);
        Ok(())
    }

    fn serialize_f64(self, value: f64) -> Result<()> {
        write_f64(value, self.out);
        Ok(())
    }

    fn serialize_char(self, value: char) -> Result<()> {
        self.serialize_str(value.encode_utf8(&mut [0; 4]))
    }

    fn serialize_str(self, value: &str) -> Result<()> {
        write_str(value, self.style.ensure_ascii, self.out);
        Ok(())
    }

    fn serialize_bytes(self, value: &[u8]) -> Result<()> {
        self.collect_seq(value)
    }

    fn serialize_none(self) -> Result<()> {
        self.serialize_unit()
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<()> {
        value.serialize(self)
    }

    fn serialize_unit(self) -> Result<()> {
        self.out.extend_from_slice(b"null");
        Ok(())
    }

    fn serialize_unit_struct(self, _name: &'static str) -> Result<()> {
        self.serialize_unit()
    }

    fn serialize_unit_variant(self, _name: &'static str, _index: u32, variant: &'static str) -> Result<()> {
        self.serialize_str(variant)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(self, _name: &'static str, value: &T) -> Result<()> {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _name: &'static str,
        _index: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<()> {
        self.begin_variant(variant);
        value.serialize(&mut *self)?;
        self.end_variant();
        Ok(())
    }

    fn serialize_seq(self, _len: Option<usize>) -> Result<Open<'a, 'w>> {
        Ok(self.open(b'['))
    }

    fn serialize_tuple(self, _len: usize) -> Result<Open<'a, 'w>> {
        Ok(self.open(b'['))
    }

    fn serialize_tuple_struct(self, _name: &'static str, _len: usize) -> Result<Open<'a, 'w>> {
        Ok(self.open(b'['))
    }

    fn serialize_tuple_variant(
        self,
        _name: &'static str,
        _index: u32,
        variant: &'static str,
        _len: usize,
    ) -> Result<Variant<'a, 'w>> {
        self.open_variant(variant, b'[')
    }

    fn serialize_map(self, _len: Option<usize>) -> Result<OpenMap<'a, 'w>> {
        Ok(OpenMap(self.open(b'{')))
    }

    fn serialize_struct(self, _name: &'static str, _len: usize) -> Result<Open<'a, 'w>> {
        Ok(self.open(b'{'))
    }

    fn serialize_struct_variant(
        self,
        _name: &'static str,
        _index: u32,
        variant: &'static str,
        _len: usize,
    ) -> Result<Variant<'a, 'w>> {
        self.open_variant(variant, b'{')
    }
}

impl SerializeSeq for Open<'_, '_> {
    type Ok = ();
    type Error = Error;

    fn serialize_element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<()> {
        self.element(value)
    }

    fn end(self) -> Result<()> {
        self.close(b']');
        Ok(())
    }
}

impl SerializeTuple for Open<'_, '_> {
    type Ok = ();
    type Error = Error;

    fn serialize_element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<()> {
        self.element(value)
    }

    fn end(self) -> Result<()> {
        self.close(b']');
        Ok(())
    }
}

impl SerializeTupleStruct for Open<'_, '_> {
    type Ok = ();
    type Error = Error;

    fn serialize_field<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<()> {
        self.element(value)
    }

    fn end(self) -> Result<()> {
        self.close(b']');
        Ok(())
    }
}

impl SerializeStruct for Open<'_, '_> {
    type Ok = ();
    type Error = Error;

    fn serialize_field<T: Serialize + ?Sized>(&mut self, name: &'static str, value: &T) -> Result<()> {
        self.field(name, value)
    }

    fn end(self) -> Result<()> {
        self.close(b'}');
        Ok(())
    }
}

impl SerializeTupleVariant for Variant<'_, '_> {
    type Ok = ();
    type Error = Error;

    fn serialize_field<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<()> {
        self.0.element(value)
    }

    fn end(self) -> Result<()> {
        self.close(b']')
    }
}

impl SerializeStructVariant for Variant<'_, '_> {
    type Ok = ();
    type Error = Error;

    fn serialize_field<T: Serialize + ?Sized>(&mut self, name: &'static str, value: &T) -> Result<()> {
        self.0.field(name, value)
    }

    fn end(self) -> Result<()> {
        self.close(b'}')
    }
}

/// An object whose keys are values themselves.
struct OpenMap<'a, 'w>(Open<'a, 'w>);

impl SerializeMap for OpenMap<'_, '_> {
    type Ok = ();
    type Error = Error;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<()> {
        let start = self.0.begin_entry();
        let style = self.0.writer.style;
        let key = key.serialize(KeyWriter { out: self.0.writer.out, style })?;
        self.0.key(start, key)
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<()> {
        self.0.value(value)
    }

    fn end(self) -> Result<()> {
        self.0.close(b'}');
        Ok(())
    }
}
