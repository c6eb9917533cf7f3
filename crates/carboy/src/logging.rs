//! Log output.
use crate::{CurrentRequest, Error};
pub(crate) fn exception(_app: &str, request: &CurrentRequest, error: &Error) {
    tracing::error!(target: "carboy::app", "Exception on {} [{}]: {error}", request.path(), request.method());
}
pub(crate) fn escaped(text: &str) -> String {
    text.escape_debug().to_string()
}

pub(crate) fn init(_debug: bool) {}
