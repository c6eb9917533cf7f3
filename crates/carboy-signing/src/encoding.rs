//! URL-safe base64 without padding, and integers as the fewest big-endian bytes (`itsdangerous.encoding`).

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::error::{Error, Result};

/// Encodes bytes as URL-safe base64 without padding.
pub fn base64_encode(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// Decodes URL-safe base64, with or without its padding.
///
/// Accepts everything [`base64_encode`] and Python produce. Characters outside the alphabet, a wrong length and stray
/// bits in the last character are errors of kind [`BadData`](crate::ErrorKind::BadData); Python skips some of them.
pub fn base64_decode(text: impl AsRef<[u8]>) -> Result<Vec<u8>> {
    let mut text = text.as_ref();
    for _ in 0..2 {
        text = text.strip_suffix(b"=").unwrap_or(text);
    }
    URL_SAFE_NO_PAD.decode(text).map_err(Error::bad_base64)
}

/// Appends URL-safe base64 without padding to `out`.
pub(crate) fn base64_append(bytes: &[u8], out: &mut Vec<u8>) {
    let start = out.len();
    out.resize(start + bytes.len().div_ceil(3) * 4, 0);
    let written = URL_SAFE_NO_PAD.encode_slice(bytes, &mut out[start..]).unwrap_or(0);
    out.truncate(start + written);
}

/// Appends an integer as base64 of its big-endian bytes without leading zeros; 0 appends nothing.
pub(crate) fn timestamp_append(seconds: u64, out: &mut Vec<u8>) {
    let bytes = seconds.to_be_bytes();
    base64_append(&bytes[(seconds.leading_zeros() / 8) as usize..], out);
}

/// Reads what [`timestamp_append`] wrote; `None` for bad base64 and for more than eight bytes.
pub(crate) fn timestamp_decode(text: &[u8]) -> Option<u64> {
    let decoded = base64_decode(text).ok()?;
    let mut bytes = [0; 8];
    let start = bytes.len().checked_sub(decoded.len())?;
    bytes[start..].copy_from_slice(&decoded);
    Some(u64::from_be_bytes(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn padding_may_be_there_or_missing() {
        for text in ["YQ", "YQ=", "YQ=="] {
            assert_eq!(base64_decode(text).unwrap(), b"a");
        }
        assert_eq!(base64_decode("YQ===").unwrap_err().to_string(), "Invalid base64-encoded data");
        assert_eq!(base64_decode("Y+/").unwrap_err().to_string(), "Invalid base64-encoded data");
    }

    #[test]
    fn zero_is_the_empty_timestamp() {
        let mut out = Vec::new();
        timestamp_append(0, &mut out);
        assert!(out.is_empty());
        assert_eq!(timestamp_decode(b""), Some(0));
        timestamp_append(1_700_000_000, &mut out);
        assert_eq!(out, b"ZVPxAA");
        assert_eq!(timestamp_decode(b"ZVPxAA"), Some(1_700_000_000));
        assert_eq!(timestamp_decode(b"AAAAAAAAAAAAAAAA"), None);
    }
}
