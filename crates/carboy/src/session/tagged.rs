//! The JSON of Flask's session cookies, in which tags keep Python's types apart (`flask.json.tag`).
//!
//! A tag is an object with one key: `{" t": [1, 2]}` is the tuple `(1, 2)`. Objects whose only key is no tag of Flask
//! are dicts, so tags of somebody else survive being read and written.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use carboy_signing::json::{write_f64, write_str};
use carboy_signing::{Decode, Encode, Error};
use uuid::Uuid;

use super::value::{BigInt, DateTime, Dict, NotUnicode, Value};

/// Flask's `TaggedJSONSerializer`: sorted keys, ASCII only, no blanks.
///
/// Reads what Python's `json` writes: `NaN`, the infinities and numbers of any size included. Nesting deeper than
/// [`TaggedJson::MAX_DEPTH`] is an error both ways.
#[derive(Clone, Copy, Debug, Default)]
pub struct TaggedJson;

const DICT: &str = " di";
const TUPLE: &str = " t";
const BYTES: &str = " b";
const MARKUP: &str = " m";
const UUID: &str = " u";
const DATETIME: &str = " d";

fn is_tag(key: &str) -> bool {
    matches!(key, DICT | TUPLE | BYTES | MARKUP | UUID | DATETIME)
}

impl TaggedJson {
    /// How deep arrays and objects may be nested, tags included.
    pub const MAX_DEPTH: usize = 200;

    /// A dict as text.
    ///
    /// # Errors
    ///
    /// Values nested too deep to be read again.
    pub fn dumps(&self, dict: &Dict) -> Result<Vec<u8>, Error> {
        let mut out = Vec::with_capacity(128);
        self.encode(dict, &mut out)?;
        Ok(out)
    }

    /// Reads a dict.
    ///
    /// # Errors
    ///
    /// What is not JSON, not an object, nested too deep, or has a tag around something else than it announces.
    pub fn loads(&self, text: &[u8]) -> Result<Dict, Error> {
        self.decode(text)
    }
}

impl Encode<Dict> for TaggedJson {
    fn encode(&self, dict: &Dict, out: &mut Vec<u8>) -> Result<(), Error> {
        write_dict(dict, out, Self::MAX_DEPTH).map_err(Error::unserializable)
    }
}

impl Decode<Dict> for TaggedJson {
    fn decode(&self, payload: &[u8]) -> Result<Dict, Error> {
        let text = std::str::from_utf8(payload).map_err(Error::bad_payload)?;
        let mut reader = Reader { text, at: 0 };
        let value = reader.document(Self::MAX_DEPTH).map_err(Error::bad_payload)?;
        match value {
            Value::Dict(dict) => Ok(dict),
            _ => Err(Error::bad_payload(Invalid("not an object"))),
        }
    }
}

/// What is wrong with a text or value.
#[derive(Debug)]
struct Invalid(&'static str);

impl fmt::Display for Invalid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl std::error::Error for Invalid {}

const TOO_DEEP: Invalid = Invalid("nested too deep");

fn write_value(value: &Value, out: &mut Vec<u8>, depth: usize) -> Result<(), Invalid> {
    match value {
        Value::Null => out.extend_from_slice(b"null"),
        Value::Bool(true) => out.extend_from_slice(b"true"),
        Value::Bool(false) => out.extend_from_slice(b"false"),
        Value::Int(number) => out.extend_from_slice(number.to_string().as_bytes()),
        Value::BigInt(number) => out.extend_from_slice(number.as_str().as_bytes()),
        Value::Float(number) => write_f64(*number, out),
        Value::Str(text) => write_str(text, true, out),
        Value::NotUnicode(text) => write_units(text, out),
        Value::List(items) => write_list(items, out, depth)?,
        Value::Dict(dict) => write_dict(dict, out, depth)?,
        Value::Tuple(items) => {
            open_tag(TUPLE, out);
            write_list(items, out, depth.checked_sub(1).ok_or(TOO_DEEP)?)?;
            out.push(b'}');
        }
        Value::Bytes(bytes) => write_tagged(BYTES, &STANDARD.encode(bytes), out),
        Value::Markup(html) => write_tagged(MARKUP, html, out),
        Value::Uuid(uuid) => write_tagged(UUID, uuid.simple().encode_lower(&mut Uuid::encode_buffer()), out),
        Value::DateTime(time) => write_tagged(DATETIME, &time.to_string(), out),
    }
    Ok(())
}

fn open_tag(tag: &str, out: &mut Vec<u8>) {
    out.push(b'{');
    write_str(tag, true, out);
    out.push(b':');
}

fn write_tagged(tag: &str, text: &str, out: &mut Vec<u8>) {
    open_tag(tag, out);
    write_str(text, true, out);
    out.push(b'}');
}

fn write_list(items: &[Value], out: &mut Vec<u8>, depth: usize) -> Result<(), Invalid> {
    let depth = depth.checked_sub(1).ok_or(TOO_DEEP)?;
    out.push(b'[');
    for (index, item) in items.iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        write_value(item, out, depth)?;
    }
    out.push(b']');
    Ok(())
}

fn write_dict(dict: &Dict, out: &mut Vec<u8>, depth: usize) -> Result<(), Invalid> {
    let mut depth = depth.checked_sub(1).ok_or(TOO_DEEP)?;
    if let (1, Some((key, value))) = (dict.len(), dict.first())
        && is_tag(key)
    {
        // A dict that looks like a tag is tagged itself, and its key marked.
        depth = depth.checked_sub(1).ok_or(TOO_DEEP)?;
        open_tag(DICT, out);
        open_tag(&format!("{key}__"), out);
        write_value(value, out, depth)?;
        out.extend_from_slice(b"}}");
        return Ok(());
    }
    let mut items: Vec<_> = dict.iter().collect();
    items.sort_unstable_by_key(|(key, _)| *key);
    out.push(b'{');
    for (index, (key, value)) in items.into_iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        write_str(key, true, out);
        out.push(b':');
        write_value(value, out, depth)?;
    }
    out.push(b'}');
    Ok(())
}

/// Writes text with lone surrogates, which are escaped like everything else that is not ASCII.
fn write_units(text: &NotUnicode, out: &mut Vec<u8>) {
    out.push(b'"');
    for part in char::decode_utf16(text.0.iter().copied()) {
        match part {
            Ok(char) => {
                let quoted = out.len();
                write_str(char.encode_utf8(&mut [0; 4]), true, out);
                out.pop();
                out.remove(quoted);
            }
            Err(lone) => out.extend_from_slice(format!("\\u{:04x}", lone.unpaired_surrogate()).as_bytes()),
        }
    }
    out.push(b'"');
}

/// What a tag and its content stand for; any other dict stands for itself.
fn untag(mut dict: Dict) -> Result<Value, Invalid> {
    if dict.len() != 1 || !dict.first().is_some_and(|(key, _)| is_tag(key)) {
        return Ok(Value::Dict(dict));
    }
    let Some((tag, content)) = dict.pop() else { return Ok(Value::Dict(dict)) };
    Ok(match (tag.as_str(), content) {
        (TUPLE, Value::List(items)) => Value::Tuple(items),
        (MARKUP, Value::Str(html)) => Value::Markup(html),
        (BYTES, Value::Str(text)) => {
            Value::Bytes(STANDARD.decode(text).map_err(|_| Invalid("tagged bytes are no base64"))?)
        }
        (UUID, Value::Str(text)) => {
            Value::Uuid(Uuid::try_parse(&text).map_err(|_| Invalid("a tagged UUID is none"))?)
        }
        // A date that Python cannot read is None.
        (DATETIME, Value::Str(text)) => text.parse::<DateTime>().map_or(Value::Null, Value::DateTime),
        (DICT, Value::Dict(mut inner)) => {
            let Some((mut key, value)) = inner.shift_remove_index(0) else {
                return Err(Invalid("a tagged dict is empty"));
            };
            key.pop();
            key.pop();
            dict.insert(key, value);
            Value::Dict(dict)
        }
        _ => return Err(Invalid("a tag around something else than it announces")),
    })
}

/// Reads JSON as Python's `json` does.
struct Reader<'t> {
    text: &'t str,
    at: usize,
}

impl Reader<'_> {
    fn document(&mut self, depth: usize) -> Result<Value, Invalid> {
        let value = self.value(depth)?;
        self.blanks();
        if self.at < self.text.len() { Err(Invalid("extra data")) } else { Ok(value) }
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn blanks(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    /// Steps over `byte` if it comes next.
    fn eat(&mut self, byte: u8) -> bool {
        let here = self.peek() == Some(byte);
        self.at += usize::from(here);
        here
    }

    fn value(&mut self, depth: usize) -> Result<Value, Invalid> {
        const WORDS: [(&str, Value); 6] = [
            ("null", Value::Null),
            ("true", Value::Bool(true)),
            ("false", Value::Bool(false)),
            ("NaN", Value::Float(f64::NAN)),
            ("Infinity", Value::Float(f64::INFINITY)),
            ("-Infinity", Value::Float(f64::NEG_INFINITY)),
        ];
        self.blanks();
        match self.peek() {
            Some(b'"') => {
                self.at += 1;
                self.string()
            }
            Some(b'{') => {
                self.at += 1;
                self.object(depth.checked_sub(1).ok_or(TOO_DEEP)?)
            }
            Some(b'[') => {
                self.at += 1;
                self.array(depth.checked_sub(1).ok_or(TOO_DEEP)?)
            }
            Some(b'0'..=b'9') => self.number(),
            Some(b'-') if !self.text[self.at..].starts_with("-I") => self.number(),
            _ => {
                let rest = &self.text[self.at..];
                let found = WORDS.into_iter().find(|(word, _)| rest.starts_with(word));
                let (word, value) = found.ok_or(Invalid("expecting value"))?;
                self.at += word.len();
                Ok(value)
            }
        }
    }

    fn array(&mut self, depth: usize) -> Result<Value, Invalid> {
        let mut items = Vec::new();
        self.blanks();
        if self.eat(b']') {
            return Ok(Value::List(items));
        }
        loop {
            items.push(self.value(depth)?);
            self.blanks();
            if self.eat(b']') {
                return Ok(Value::List(items));
            }
            if !self.eat(b',') {
                return Err(Invalid("expecting ',' delimiter"));
            }
        }
    }

    fn object(&mut self, depth: usize) -> Result<Value, Invalid> {
        let mut dict = Dict::new();
        self.blanks();
        if self.eat(b'}') {
            return Ok(Value::Dict(dict));
        }
        loop {
            self.blanks();
            if !self.eat(b'"') {
                return Err(Invalid("expecting property name enclosed in double quotes"));
            }
            let Value::Str(key) = self.string()? else {
                return Err(Invalid("a key with lone surrogates"));
            };
            self.blanks();
            if !self.eat(b':') {
                return Err(Invalid("expecting ':' delimiter"));
            }
            let value = self.value(depth)?;
            dict.insert(key, value);
            self.blanks();
            if self.eat(b'}') {
                return untag(dict);
            }
            if !self.eat(b',') {
                return Err(Invalid("expecting ',' delimiter"));
            }
        }
    }

    /// What follows an opening quote.
    fn string(&mut self) -> Result<Value, Invalid> {
        let mut text = String::new();
        // Taken up with the first surrogate that stands alone.
        let mut units: Option<Vec<u16>> = None;
        loop {
            let rest = &self.text[self.at..];
            let stop = rest.bytes().position(|byte| byte < 0x20 || byte == b'"' || byte == b'\\');
            let run = &rest[..stop.ok_or(Invalid("unterminated string"))?];
            self.at += run.len();
            match &mut units {
                None => text.push_str(run),
                Some(units) => units.extend(run.encode_utf16()),
            }
            if self.eat(b'"') {
                return Ok(match units {
                    None => Value::Str(text),
                    Some(units) => Value::NotUnicode(NotUnicode(units.into())),
                });
            }
            if !self.eat(b'\\') {
                return Err(Invalid("invalid control character"));
            }
            match (self.escape()?, &mut units) {
                (Ok(char), None) => text.push(char),
                (Ok(char), Some(units)) => units.extend(char.encode_utf16(&mut [0; 2]).iter()),
                (Err(lone), Some(units)) => units.push(lone),
                (Err(lone), None) => {
                    let mut all: Vec<u16> = text.encode_utf16().collect();
                    all.push(lone);
                    units = Some(all);
                }
            }
        }
    }

    /// What follows a backslash: a character, or a surrogate that stands alone.
    fn escape(&mut self) -> Result<Result<char, u16>, Invalid> {
        let byte = self.peek().ok_or(Invalid("unterminated string"))?;
        self.at += 1;
        Ok(Ok(match byte {
            b'"' | b'\\' | b'/' => char::from(byte),
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => {
                let high = self.unit()?;
                let after = self.at;
                if (0xd800..0xdc00).contains(&high) && self.text[self.at..].starts_with("\\u") {
                    self.at += 2;
                    let low = self.unit()?;
                    if let Some(Ok(char)) = char::decode_utf16([high, low]).next() {
                        return Ok(Ok(char));
                    }
                    self.at = after;
                }
                return Ok(char::from_u32(high.into()).ok_or(high));
            }
            _ => return Err(Invalid("invalid \\escape")),
        }))
    }

    fn unit(&mut self) -> Result<u16, Invalid> {
        const BAD: Invalid = Invalid("invalid \\uXXXX escape");
        let digits = self.text.get(self.at..self.at + 4).ok_or(BAD)?;
        if !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(BAD);
        }
        self.at += 4;
        u16::from_str_radix(digits, 16).map_err(|_| BAD)
    }

    fn digits(&mut self) -> Result<(), Invalid> {
        let start = self.at;
        while matches!(self.peek(), Some(b'0'..=b'9')) {
            self.at += 1;
        }
        if self.at == start { Err(Invalid("expecting a digit")) } else { Ok(()) }
    }

    fn number(&mut self) -> Result<Value, Invalid> {
        const BAD: Invalid = Invalid("not a number");
        let start = self.at;
        self.eat(b'-');
        if !self.eat(b'0') {
            self.digits()?;
        }
        let mut whole = true;
        if self.eat(b'.') {
            whole = false;
            self.digits()?;
        }
        if matches!(self.peek(), Some(b'e' | b'E')) {
            whole = false;
            self.at += 1;
            if !self.eat(b'+') {
                self.eat(b'-');
            }
            self.digits()?;
        }
        let text = &self.text[start..self.at];
        if whole {
            return match text.parse() {
                Ok(number) => Ok(Value::Int(number)),
                Err(_) => text.parse::<BigInt>().map(Value::BigInt).map_err(|_| BAD),
            };
        }
        text.parse().map(Value::Float).map_err(|_| BAD)
    }
}

/// The text between quotes as it stands in JSON, which holds lone surrogates as escapes.
pub(super) fn escaped(text: &NotUnicode) -> String {
    let mut out = Vec::new();
    write_units(text, &mut out);
    String::from_utf8_lossy(&out[1..out.len() - 1]).into_owned()
}

/// Undoes [`escaped`].
pub(super) fn unescaped(text: &str) -> Option<Value> {
    let quoted = format!("{text}\"");
    let mut reader = Reader { text: &quoted, at: 0 };
    let value = reader.string().ok()?;
    (reader.at == quoted.len()).then_some(value)
}
