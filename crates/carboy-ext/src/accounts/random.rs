//! Random texts.

use carboy::{Error, Result, Secret};

/// This many random bytes as hexadecimal digits.
pub(super) fn hex(bytes: usize) -> Result<String> {
    Ok(random(bytes)?.iter().map(|byte| format!("{byte:02x}")).collect())
}

/// A new stamp: 128 random bits, as long as the hexadecimal UUID that Flask-Security writes.
pub(super) fn stamp() -> Result<Secret<String>> {
    hex(16).map(Secret::new)
}

/// This many characters of base32 (five random bits each).
pub(super) fn base32(characters: usize) -> Result<String> {
    const CHARS: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    Ok(random(characters)?.iter().map(|byte| char::from(CHARS[usize::from(byte % 32)])).collect())
}

fn random(bytes: usize) -> Result<Vec<u8>> {
    let mut buffer = vec![0; bytes];
    getrandom::fill(&mut buffer).map_err(|error| Error::msg(format!("no random numbers: {error}")))?;
    Ok(buffer)
}
