//! The values of environment variables: what Python's `json.loads` reads, as far as JSON values can hold it.
//!
//! `NaN`, the infinities and whole numbers that no 64-bit integer holds stay text; typed getters read them as `f64`. Lone
//! surrogates and documents more than 128 deep are not read at all.

use serde_json::{Map, Number, Value};

const MAX_DEPTH: usize = 128;
/// CPython refuses to read longer whole numbers.
const MAX_DIGITS: usize = 4300;

/// The value, or nothing when `json.loads` would raise.
pub(super) fn loads(text: &str) -> Option<Value> {
    let mut reader = Reader { text, at: 0 };
    reader.space();
    let value = reader.value(0)?;
    reader.space();
    (reader.at == text.len()).then_some(value)
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
}

impl Reader<'_> {
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn eat(&mut self, word: &str) -> bool {
        let found = self.text[self.at..].starts_with(word);
        self.at += if found { word.len() } else { 0 };
        found
    }

    fn space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    fn value(&mut self, depth: usize) -> Option<Value> {
        if depth > MAX_DEPTH {
            return None;
        }
        for (word, value) in [
            ("null", Value::Null),
            ("true", Value::Bool(true)),
            ("false", Value::Bool(false)),
            ("NaN", Value::from("NaN")),
            ("Infinity", Value::from("Infinity")),
            ("-Infinity", Value::from("-Infinity")),
        ] {
            if self.eat(word) {
                return Some(value);
            }
        }
        match self.peek()? {
            b'"' => self.string().map(Value::String),
            b'[' => self.array(depth),
            b'{' => self.object(depth),
            _ => self.number(),
        }
    }

    /// A JSON string; finding its end here and leaving the escapes to serde_json.
    fn string(&mut self) -> Option<String> {
        let bytes = self.text.as_bytes();
        let start = self.at;
        let mut end = start + 1;
        while *bytes.get(end)? != b'"' {
            end += if bytes[end] == b'\\' { 2 } else { 1 };
        }
        let literal = self.text.get(start..=end)?;
        self.at = end + 1;
        serde_json::from_str(literal).ok()
    }

    fn array(&mut self, depth: usize) -> Option<Value> {
        self.at += 1;
        let mut list = Vec::new();
        self.space();
        if self.eat("]") {
            return Some(Value::Array(list));
        }
        loop {
            self.space();
            list.push(self.value(depth + 1)?);
            self.space();
            if self.eat("]") {
                return Some(Value::Array(list));
            }
            if !self.eat(",") {
                return None;
            }
        }
    }

    fn object(&mut self, depth: usize) -> Option<Value> {
        self.at += 1;
        let mut map = Map::new();
        self.space();
        if self.eat("}") {
            return Some(Value::Object(map));
        }
        loop {
            self.space();
            if self.peek()? != b'"' {
                return None;
            }
            let key = self.string()?;
            self.space();
            if !self.eat(":") {
                return None;
            }
            self.space();
            map.insert(key, self.value(depth + 1)?);
            self.space();
            if self.eat("}") {
                return Some(Value::Object(map));
            }
            if !self.eat(",") {
                return None;
            }
        }
    }

    fn digits(&mut self) -> usize {
        let start = self.at;
        while self.peek().is_some_and(|b| b.is_ascii_digit()) {
            self.at += 1;
        }
        self.at - start
    }

    fn number(&mut self) -> Option<Value> {
        let start = self.at;
        self.eat("-");
        let whole = if self.eat("0") { 1 } else { self.digits() };
        if whole == 0 {
            return None;
        }
        let end_of_whole = self.at;
        let mut is_whole = true;
        // A fraction or an exponent without digits belongs to what follows, which is then in the way.
        if self.eat(".") {
            if self.digits() > 0 { is_whole = false } else { self.at = end_of_whole }
        }
        let end_of_fraction = self.at;
        if self.eat("e") || self.eat("E") {
            let _sign = self.eat("+") || self.eat("-");
            if self.digits() > 0 { is_whole = false } else { self.at = end_of_fraction }
        }
        let literal = &self.text[start..self.at];
        if is_whole {
            if whole > MAX_DIGITS {
                return None;
            }
            let number =
                literal.parse::<i64>().map(Value::from).or_else(|_| literal.parse::<u64>().map(Value::from));
            return Some(number.unwrap_or_else(|_| Value::from(literal)));
        }
        let float: f64 = literal.parse().ok()?;
        let infinity = if float > 0.0 { "Infinity" } else { "-Infinity" };
        Some(Number::from_f64(float).map_or_else(|| Value::from(infinity), Value::Number))
    }
}
