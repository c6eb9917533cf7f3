//! The nonce of a request.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};

/// How many characters a nonce has, as in Flask-Talisman.
#[cfg(test)]
const LENGTH: usize = 32;

/// The nonce of a request, kept in `g`.
pub(super) struct Nonce(pub(super) String);

impl Nonce {
    /// 192 random bits as 32 characters of base64.
    pub(super) fn new() -> Self {
        let mut bytes = [0u8; 24];
        getrandom::fill(&mut bytes).expect("the system gives random bytes");
        Nonce(URL_SAFE_NO_PAD.encode(bytes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_nonce_has_32_characters_that_a_header_field_and_an_attribute_can_hold_and_is_new_each_time() {
        let (one, other) = (Nonce::new().0, Nonce::new().0);
        assert!(one.len() == LENGTH && one.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b)));
        assert_ne!(one, other);
    }
}
