//! E-mail addresses as names of accounts.

use unicode_normalization::UnicodeNormalization;

use crate::validation::{EmailOptions, is_email};

/// An address as it is kept and looked for: without space around it, in lower case and Unicode's form NFC; `None` for what is none, as
/// [`Rule::email`](crate::validation::Rule::email) sees it, but for `.test`, which tests may use.
///
/// Two spellings that differ in case only are one account: no provider of today tells them apart.
///
/// ```
/// use carboy_ext::accounts::normalize_email;
///
/// assert_eq!(normalize_email(" Ada@Example.com ").as_deref(), Some("ada@example.com"));
/// for bad in ["", "ada", "@example.com", "ada@", "a b@example.com", "ada@exa_mple.com", "ada@example..com", "ada@localhost"] {
///     assert_eq!(normalize_email(bad), None, "{bad}");
/// }
/// ```
pub fn normalize_email(text: &str) -> Option<String> {
    let email: String = text.trim().to_lowercase().nfc().collect();
    is_email(&email, EmailOptions { test_environment: true, ..EmailOptions::default() }).then_some(email)
}
