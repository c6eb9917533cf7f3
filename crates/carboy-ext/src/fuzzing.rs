//! What the fuzz targets reach, and nobody else: it is there when cargo-fuzz builds.
#![allow(missing_docs, clippy::missing_errors_doc)]

/// Tokens.
#[cfg(feature = "jwt")]
pub use crate::jwt::fuzzing as jwt;
/// Catalogues.
#[cfg(feature = "translations")]
pub use crate::translations::fuzzing as translations;

/// Whether mail can be sent to a text.
#[cfg(feature = "forms")]
pub fn is_email(text: &str, allow_smtputf8: bool) -> bool {
    use crate::validation::{EmailOptions, is_email};
    is_email(text, EmailOptions { allow_smtputf8, ..EmailOptions::default() })
}
