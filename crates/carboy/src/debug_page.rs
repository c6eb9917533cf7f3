//! The page about an error in debug mode.
use crate::{Error, ctx::Context};
use carboy_http::{HttpError, Response};
use std::sync::Arc;
pub(crate) fn response(_context: &Arc<Context>, _error: &Error) -> Response {
    HttpError::new(carboy_http::StatusCode::INTERNAL_SERVER_ERROR).to_response()
}
