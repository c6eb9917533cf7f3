//! Replays what Werkzeug said (`conformance/generate/`), a module for each folder of vectors.

mod conditional;
mod cookies;
mod headers;
mod paths;

use serde_json::Value;

/// The rows of a list of vectors.
fn rows(value: &Value) -> &[Value] {
    value.as_array().expect("a list of vectors")
}

/// A text of a row; an absent or null one is `None`.
fn text<'v>(row: &'v Value, field: &str) -> Option<&'v str> {
    row[field].as_str()
}

/// A text that every row has.
fn must<'v>(row: &'v Value, field: &str) -> &'v str {
    text(row, field).unwrap_or_else(|| panic!("no {field} in {row}"))
}
