//! Messages for the next page.
#![allow(missing_docs)]
pub fn flash(_message: &str, _category: &str) {}
pub fn get_flashed_messages() -> Vec<(String, String)> {
    Vec::new()
}
