//! Replays what Werkzeug said (`conformance/generate/`), a module for each folder of vectors.

mod conditional;
mod cookies;
mod headers;
mod paths;

use serde_json::Value;
use std::path::Path;

/// The vectors of one file, such as `cookies/parse.json`.
fn vectors(file: &str) -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../conformance").join(file);
    let text = std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_slice(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

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

/// Fails with all rows that do not hold, not only the first.
fn check(rows: &[Value], at_least: usize, holds: impl Fn(&Value) -> Result<(), String>) {
    assert!(rows.len() >= at_least, "only {} vectors", rows.len());
    let wrong: Vec<String> =
        rows.iter().filter_map(|row| holds(row).err().map(|why| format!("{why}\n    in {row}"))).collect();
    assert!(
        wrong.is_empty(),
        "{} of {} vectors fail:\n{}",
        wrong.len(),
        rows.len(),
        wrong[..wrong.len().min(20)].join("\n")
    );
}

/// Compares two values of a row.
fn same<T: PartialEq + std::fmt::Debug>(what: &str, got: T, expected: T) -> Result<(), String> {
    if got == expected { Ok(()) } else { Err(format!("{what}: got {got:?}, expected {expected:?}")) }
}
