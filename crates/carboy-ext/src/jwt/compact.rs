//! The compact serialization (RFC 7515 section 7.1): read strictly, written, signed.

use super::{
    algorithm::Algorithm,
    error::{JwtError, JwtErrorKind},
    key::Key,
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD as BASE64URL};
use serde::{
    Deserializer, Serialize,
    de::{DeserializeSeed, Error as _, MapAccess, SeqAccess, Visitor},
};
use serde_json::{Map, Number, Value};
use std::fmt;

/// Of a header, still encoded.
const MAX_HEADER: usize = 2048;

/// The types that a token for access may say (RFC 7519 section 5.1, RFC 9068 section 2.1); it may also say nothing.
pub(crate) const ACCESS: &[&str] = &["JWT", "at+jwt"];

/// A header that was read and not believed yet.
pub(crate) struct Header {
    pub(crate) algorithm: Algorithm,
    pub(crate) key_id: Option<String>,
}

/// A token in its parts.
pub(crate) struct Compact<'a> {
    pub(crate) header: Header,
    signed: &'a str,
    payload: &'a str,
    signature: Vec<u8>,
}

impl<'a> Compact<'a> {
    /// Takes a token apart, looking at the header only. `types` are those that `typ` may say.
    pub(crate) fn parse(token: &'a str, max_size: usize, types: &[&str]) -> Result<Self, JwtError> {
        if token.len() > max_size {
            return Err(JwtErrorKind::TooLarge.into());
        }
        let mut parts = token.split('.');
        let (Some(head), Some(payload), Some(signature), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(JwtErrorKind::Malformed.into());
        };
        if head.len() > MAX_HEADER {
            return Err(JwtErrorKind::TooLarge.into());
        }
        let header = Header::read(&object(head)?, types)?;
        let signature = decode(signature)?;
        Ok(Compact { header, signed: &token[..head.len() + 1 + payload.len()], payload, signature })
    }

    /// The claims, when one of the keys signed them.
    pub(crate) fn verify(&self, keys: &[Key]) -> Result<Map<String, Value>, JwtError> {
        let named = |key: &&Key| match (&self.header.key_id, key.id()) {
            (Some(named), Some(id)) => named == id,
            // A token without a name may be of any key; a key without one of any token.
            _ => true,
        };
        let mut candidates = keys.iter().filter(named).peekable();
        if candidates.peek().is_none() {
            return Err(JwtErrorKind::UnknownKey.into());
        }
        let mut candidates = candidates.filter(|key| key.algorithm() == self.header.algorithm).peekable();
        if candidates.peek().is_none() {
            return Err(JwtErrorKind::Algorithm.into());
        }
        if !candidates.any(|key| key.verify(self.signed.as_bytes(), &self.signature)) {
            return Err(JwtErrorKind::Signature.into());
        }
        object(self.payload)
    }
}

impl Header {
    fn read(header: &Map<String, Value>, types: &[&str]) -> Result<Self, JwtError> {
        let text = |name: &str| match header.get(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(JwtError::from(JwtErrorKind::Malformed)),
        };
        if header.contains_key("crit") || header.contains_key("b64") {
            return Err(JwtErrorKind::Critical.into());
        }
        // Keys and addresses of keys that stand in the token itself (jwk, jku, x5c, x5u) are not even looked at.
        let algorithm = text("alg")?.ok_or(JwtErrorKind::Algorithm)?.parse()?;
        if let Some(typ) = text("typ")? {
            let typ = typ.strip_prefix("application/").unwrap_or(typ);
            if !types.iter().any(|known| known.eq_ignore_ascii_case(typ)) {
                return Err(JwtErrorKind::Type.into());
            }
        }
        Ok(Header { algorithm, key_id: text("kid")?.cloned() })
    }
}

/// Signs claims.
pub(crate) fn sign(key: &Key, typ: &str, claims: &impl Serialize) -> Result<String, JwtError> {
    let mut header = Map::new();
    header.insert("alg".into(), key.algorithm().name().into());
    header.insert("typ".into(), typ.into());
    if let Some(id) = key.id() {
        header.insert("kid".into(), id.into());
    }
    let encode = |value: Result<Vec<u8>, serde_json::Error>| {
        let value = value.map_err(|_| JwtErrorKind::InvalidClaim("claims".into()))?;
        Ok::<_, JwtError>(BASE64URL.encode(value))
    };
    let signed = format!("{}.{}", encode(serde_json::to_vec(&header))?, encode(serde_json::to_vec(claims))?);
    let signature = key.sign(signed.as_bytes())?;
    Ok(format!("{signed}.{}", BASE64URL.encode(signature)))
}

fn decode(part: &str) -> Result<Vec<u8>, JwtError> {
    BASE64URL.decode(part).map_err(|_| JwtErrorKind::Malformed.into())
}

/// A part that is a JSON object.
fn object(part: &str) -> Result<Map<String, Value>, JwtError> {
    let bytes = decode(part)?;
    let mut reader = serde_json::Deserializer::from_slice(&bytes);
    let value = Unique.deserialize(&mut reader).and_then(|value| reader.end().map(|()| value));
    match value {
        Ok(Value::Object(object)) => Ok(object),
        _ => Err(JwtErrorKind::Malformed.into()),
    }
}

/// Reads JSON in which no object has a name twice: two readers could otherwise see different tokens (RFC 7519 section 4).
struct Unique;

impl<'de> DeserializeSeed<'de> for Unique {
    type Value = Value;
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Unique {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON without repeated names")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(Number::from_f64(value).map_or(Value::Null, Value::Number))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element_seed(Unique)? {
            list.push(item);
        }
        Ok(Value::Array(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let mut object = Map::new();
        while let Some(name) = members.next_key::<String>()? {
            let value = members.next_value_seed(Unique)?;
            if object.insert(name, value).is_some() {
                return Err(A::Error::custom("a name stands there twice"));
            }
        }
        Ok(Value::Object(object))
    }
}
