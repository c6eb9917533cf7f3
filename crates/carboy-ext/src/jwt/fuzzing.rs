//! Tokens, judged and made as the extension does it.
#![allow(missing_docs, clippy::missing_errors_doc)]

use super::{
    JwtError, Key, MAX_TOKEN,
    claims::Rules,
    compact::{ACCESS, Compact},
};
use serde_json::{Map, Value};

/// The claims of a token that is good at this second.
pub fn judge(token: &str, keys: &[Key], now: u64) -> Result<Map<String, Value>, JwtError> {
    let claims = Compact::parse(token, MAX_TOKEN, ACCESS)?.verify(keys)?;
    Rules { issuers: &[], audiences: &[], leeway: 0, now }.check(&claims)?;
    Ok(claims)
}

/// The signature of what stands before the second period of a token.
pub fn sign(key: &Key, signed: &str) -> Result<Vec<u8>, JwtError> {
    key.sign(signed.as_bytes())
}
