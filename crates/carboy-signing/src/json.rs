//! JSON text as Python's `json` module writes it, from anything that serde serialises.
//!
//! Signed tokens and Flask's JSON provider need the very bytes of Python: its separators, its order of keys, its way
//! to show a float, and which characters it escapes.

use std::io::Write;

use serde::Serialize;
use serde::ser::{
    self, Error as _, SerializeMap, SerializeSeq, SerializeStruct, SerializeStructVariant, SerializeTuple,
    SerializeTupleStruct, SerializeTupleVariant,
};
use serde_json::Error;
use smallvec::SmallVec;

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

/// Appends text as a JSON string, quotes included.
pub fn write_str(text: &str, ensure_ascii: bool, out: &mut Vec<u8>) {
    out.reserve(text.len() + 2);
    out.push(b'"');
    let plain = if ensure_ascii { PLAIN_ASCII } else { PLAIN_UTF8 };
    if is_plain(text.as_bytes(), plain) {
        out.extend_from_slice(text.as_bytes());
    } else {
        write_escaped(text, plain, out);
    }
    out.push(b'"');
}

/// Whether every byte stands for itself; eight at a time, since most do.
fn is_plain(bytes: &[u8], plain: &[bool; 256]) -> bool {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const HIGH: u64 = 0x80 * ONES;
    let has = |word: u64, byte: u8| {
        let zero = word ^ (ONES * u64::from(byte));
        zero.wrapping_sub(ONES) & !zero
    };
    let (words, rest) = bytes.as_chunks::<8>();
    words.iter().all(|bytes| {
        let word = u64::from_ne_bytes(*bytes);
        let control = word.wrapping_sub(0x20 * ONES) & !word;
        // A byte beyond ASCII is looked up: whether it is plain is a matter of style.
        let doubtful = (control | has(word, b'"') | has(word, b'\\') | has(word, 0x7f) | word) & HIGH;
        doubtful == 0 || bytes.iter().all(|&byte| plain[usize::from(byte)])
    }) && rest.iter().all(|&byte| plain[usize::from(byte)])
}

fn write_escaped(text: &str, plain: &[bool; 256], out: &mut Vec<u8>) {
    let bytes = text.as_bytes();
    let mut written = 0;
    let mut at = 0;
    while let Some(skip) = bytes[at..].iter().position(|&byte| !plain[usize::from(byte)]) {
        at += skip;
        out.extend_from_slice(&bytes[written..at]);
        let byte = bytes[at];
        at += 1;
        match byte {
            b'"' => out.extend_from_slice(b"\\\""),
            b'\\' => out.extend_from_slice(b"\\\\"),
            b'\n' => out.extend_from_slice(b"\\n"),
            b'\r' => out.extend_from_slice(b"\\r"),
            b'\t' => out.extend_from_slice(b"\\t"),
            0x08 => out.extend_from_slice(b"\\b"),
            0x0c => out.extend_from_slice(b"\\f"),
            byte if byte < 0x80 => write_unit(u16::from(byte), out),
            _ => {
                let Some(char) = text[at - 1..].chars().next() else { break };
                for unit in char.encode_utf16(&mut [0; 2]) {
                    write_unit(*unit, out);
                }
                at += char.len_utf8() - 1;
            }
        }
        written = at;
    }
    out.extend_from_slice(&bytes[written..]);
}

const PLAIN_ASCII: &[bool; 256] = &plain(0x7f);
const PLAIN_UTF8: &[bool; 256] = &plain(0x100);

/// Which bytes stand for themselves in a string; `end` is the first that does not.
const fn plain(end: usize) -> [bool; 256] {
    let mut table = [false; 256];
    let mut byte = 0x20;
    while byte < end {
        table[byte] = byte != b'"' as usize && byte != b'\\' as usize;
        byte += 1;
    }
    table
}

fn write_unit(unit: u16, out: &mut Vec<u8>) {
    out.extend_from_slice(b"\\u");
    for shift in [12, 8, 4, 0] {
        out.push(b"0123456789abcdef"[usize::from(unit >> shift & 0xf)]);
    }
}

/// Appends a float as Python's `json` writes it: the shortest text that reads back as the same float.
pub fn write_f64(value: f64, out: &mut Vec<u8>) {
    if !value.is_finite() {
        let text: &[u8] = match value {
            _ if value.is_nan() => b"NaN",
            _ if value > 0.0 => b"Infinity",
            _ => b"-Infinity",
        };
        return out.extend_from_slice(text);
    }
    write_float(format_args!("{value:e}"), out);
}

fn write_f32(value: f32, out: &mut Vec<u8>) {
    if value.is_finite() {
        write_float(format_args!("{value:e}"), out);
    } else {
        write_f64(value.into(), out);
    }
}

/// Lays out what Rust formats as `-d.ddde±x` by the rules of Python's `repr`.
fn write_float(scientific: std::fmt::Arguments<'_>, out: &mut Vec<u8>) {
    let mut buffer = [0_u8; 40];
    let mut rest = &mut buffer[..];
    let fits = rest.write_fmt(scientific).is_ok();
    debug_assert!(fits, "a float has at most 17 digits");
    let left = rest.len();
    let text = &buffer[..buffer.len() - left];
    let (sign, text) = match text {
        [b'-', text @ ..] => (true, text),
        text => (false, text),
    };
    let split = text.iter().position(|&byte| byte == b'e').unwrap_or(text.len());
    let exponent: i32 =
        text.get(split + 1..).and_then(|e| std::str::from_utf8(e).ok()?.parse().ok()).unwrap_or(0);
    let mantissa = &text[..split];
    let (first, more) = (mantissa[0], mantissa.get(2..).unwrap_or_default());
    if sign {
        out.push(b'-');
    }
    if !(-4..16).contains(&exponent) {
        out.push(first);
        if !more.is_empty() {
            out.push(b'.');
            out.extend_from_slice(more);
        }
        out.extend_from_slice(if exponent < 0 { b"e-" } else { b"e+" });
        if exponent.abs() < 10 {
            out.push(b'0');
        }
        write_int(exponent.abs(), out);
    } else if exponent < 0 {
        out.extend_from_slice(b"0.");
        out.extend(std::iter::repeat_n(b'0', (-exponent - 1) as usize));
        out.push(first);
        out.extend_from_slice(more);
    } else {
        let whole = exponent as usize;
        out.push(first);
        out.extend_from_slice(&more[..more.len().min(whole)]);
        out.extend(std::iter::repeat_n(b'0', whole.saturating_sub(more.len())));
        out.push(b'.');
        match more.get(whole..) {
            Some(fraction) if !fraction.is_empty() => out.extend_from_slice(fraction),
            _ => out.push(b'0'),
        }
    }
}

fn write_int(value: impl itoa::Integer, out: &mut Vec<u8>) {
    out.extend_from_slice(itoa::Buffer::new().format(value).as_bytes());
}

/// One `"key":value` of an object being written, for the case that it has to be put in order.
struct Entry {
    key: Key,
    start: usize,
    end: usize,
}

/// What an entry is sorted by.
enum Key {
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

    fn cmp(&self, other: &Self, out: &[u8]) -> Option<std::cmp::Ordering> {
        match (self, other) {
            (Self::Number(a), Self::Number(b)) => Some(a.cmp(b)),
            (Self::Number(a), Self::Float(b)) => (*a as f64).partial_cmp(b),
            (Self::Float(a), Self::Number(b)) => a.partial_cmp(&(*b as f64)),
            (Self::Float(a), Self::Float(b)) => Some(a.total_cmp(b)),
            _ => Some(self.text(out)?.cmp(other.text(out)?)),
        }
    }
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

    /// `,` or `:`, with a blank where the style has one.
    fn mark(&mut self, mark: u8, is_spaced: bool) {
        self.out.push(mark);
        if is_spaced {
            self.out.push(b' ');
        }
    }

    fn comma(&mut self) {
        self.mark(b',', !self.style.compact && self.style.indent.is_none());
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
        self.mark(b':', !self.style.compact || self.style.indent.is_some());
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

/// Writes a key, always as a string, and tells what it is sorted by.
struct KeyWriter<'a> {
    out: &'a mut Vec<u8>,
    style: &'a JsonStyle,
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_byte_that_needs_an_escape_is_found_wherever_it_stands() {
        for ensure_ascii in [true, false] {
            let plain = if ensure_ascii { PLAIN_ASCII } else { PLAIN_UTF8 };
            for length in 1..20 {
                for place in 0..length {
                    for byte in 0..=0xff {
                        let mut bytes = vec![b'a'; length];
                        bytes[place] = byte;
                        assert_eq!(is_plain(&bytes, plain), plain[usize::from(byte)], "{bytes:?}");
                    }
                }
            }
        }
    }
}
