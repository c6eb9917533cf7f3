//! Making a response fit the conditions and the range of its request.

use super::{Response, length_value};
use crate::{
    HttpError, Request,
    conditional::{Conditions, Outcome, Validators, decide},
    date::{HttpDate, parse_date_unix},
    headers::ContentRange,
};
use http::{HeaderValue, Method, StatusCode, header};

impl Response {
    /// Makes the response conditional: 304 or 412 when the request's conditions say so, 206 with a part of the body
    /// when it asks for one (Werkzeug's `make_conditional`). Does nothing but for GET and HEAD.
    ///
    /// Entity tag and date of last change must be set before. With `accept_ranges` the response says that
    /// parts may be asked for, and `complete_length` is how long the whole body is; without a length no part is served.
    /// `Date` is added when it is missing. The body of a 304 goes when the response is
    /// [finalized](Response::finalize).
    ///
    /// # Errors
    /// 416 for a range that is malformed or lies outside the body.
    pub fn make_conditional(
        &mut self,
        request: &Request,
        accept_ranges: bool,
        complete_length: Option<u64>,
    ) -> Result<&mut Self, HttpError> {
        if !matches!(*request.method(), Method::GET | Method::HEAD) {
            return Ok(self);
        }
        self.headers_mut().entry(header::DATE).or_insert_with(|| HttpDate::now().to_header_value());
        if accept_ranges {
            self.headers_mut().insert(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
        }
        let conditions = Conditions::of(request.headers());
        if !conditions.is_empty() {
            let etag = self.header("etag");
            let validators = Validators {
                etag: etag.as_deref(),
                last_modified: self.header("last-modified").and_then(|date| parse_date_unix(&date)),
            };
            let length = complete_length.filter(|_| accept_ranges);
            match decide(request.method(), &conditions, validators, length) {
                Outcome::Full => {}
                Outcome::NotModified => drop(self.set_status(StatusCode::NOT_MODIFIED)),
                Outcome::PreconditionFailed => drop(self.set_status(StatusCode::PRECONDITION_FAILED)),
                Outcome::Partial { start, stop, length } => self.take_part(start, stop, length),
                Outcome::RangeNotSatisfiable { length } => {
                    return Err(HttpError::range_not_satisfiable(length));
                }
            }
        }
        if let Some(length) = self.data().map(<[u8]>::len)
            && let header::Entry::Vacant(entry) = self.headers_mut().entry(header::CONTENT_LENGTH)
        {
            entry.insert(length_value(length));
        }
        Ok(self)
    }

    fn take_part(&mut self, start: u64, stop: u64, length: u64) {
        let part = stop.saturating_sub(start);
        self.headers_mut().insert(header::CONTENT_LENGTH, part.into());
        if let Some(Ok(range)) =
            ContentRange::new(start, stop, Some(length)).map(|range| HeaderValue::try_from(range.to_header()))
        {
            self.headers_mut().insert(header::CONTENT_RANGE, range);
        }
        self.set_status(StatusCode::PARTIAL_CONTENT);
        self.body_mut().keep_part(start, part);
    }
}
