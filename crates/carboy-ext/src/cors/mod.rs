//! Cross-origin resource sharing.
