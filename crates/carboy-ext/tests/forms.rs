//! Forms: what WTForms and Flask-WTF make of the same fields, and what a view sees.
#![cfg(feature = "forms")]

#[path = "forms/conformance.rs"]
mod conformance;
#[path = "forms/fields.rs"]
mod fields;
#[path = "forms/views.rs"]
mod views;
