//! Recovery codes: for who has lost the second factor.

use carboy::Result;
use sha2::{Digest, Sha256};

use super::random;

/// How many codes an account has.
pub(super) const COUNT: usize = 10;

/// New codes: sixteen characters, 80 random bits, in groups of four.
pub(super) fn generate() -> Result<Vec<String>> {
    let code = || {
        let text = random::base32(16)?;
        Ok([&text[..4], &text[4..8], &text[8..12], &text[12..]].join("-"))
    };
    (0..COUNT).map(|_| code()).collect()
}

/// What is stored of a code. So many random bits need no slow hash.
pub(super) fn digest(account_id: &str, code: &str) -> String {
    let plain: String = code.chars().filter(|c| c.is_ascii_alphanumeric()).take(64).collect();
    let digest = Sha256::digest(format!("{account_id}:{}", plain.to_ascii_uppercase()));
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}
