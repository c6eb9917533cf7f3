//! `Valid`: an argument of a view that is checked before the view runs.

use super::{
    messages,
    problem::{InvalidInput, Source, body_error},
    report::{Report, Validate, Violation},
};
use carboy::{
    Context, CurrentRequest, Error, Form, FromContext, HttpError, Json, Query, Result, view::FieldError,
    view::read_fields,
};
use serde::de::DeserializeOwned;
use std::{
    ops::{Deref, DerefMut},
    sync::Arc,
};

/// Input that keeps its rules: `Valid<Json<T>>`, `Valid<Form<T>>`, `Valid<Query<T>>`, `Valid<Path<T>>`.
///
/// `T` is what serde reads and [`Validate`] checks; the value dereferences to it. Members that `T` does not have are left out, so nothing
/// is set that was not declared; `#[serde(deny_unknown_fields)]` makes them errors.
///
/// # Errors
/// An [`InvalidInput`]: 422 when rules are broken (all of them are told) or a value is of another type or missing (the first one is told,
/// with its place), 400 with line and column when the body is no JSON. 415 when its content type is another, 413 when it is too large, and 400 when it
/// breaks off are answered in the same form.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Valid<E>(pub E);

impl<E: Deref> Deref for Valid<E> {
    type Target = E::Target;
    fn deref(&self) -> &E::Target {
        &self.0
    }
}

impl<E: DerefMut> DerefMut for Valid<E> {
    fn deref_mut(&mut self) -> &mut E::Target {
        &mut self.0
    }
}

/// The parameters of the URL as a `T`, by their names: as an argument it stands for all that the rule has and no other argument names.
///
/// # Errors
/// 404 when a parameter is missing or does not parse; within [`Valid`] 422.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Path<T>(pub T);

impl<T> Deref for Path<T> {
    type Target = T;
    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T> DerefMut for Path<T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.0
    }
}

fn read_path<T: DeserializeOwned>(request: &CurrentRequest) -> Result<T, FieldError> {
    let args: Vec<(String, [String; 1])> =
        request.view_args().into_iter().map(|(name, value)| (name, [value.to_string()])).collect();
    read_fields(args.iter().map(|(name, value)| (name.as_str(), value.as_slice())))
}

impl<T: DeserializeOwned> FromContext for Path<T> {
    fn from_context(context: &Arc<Context>) -> Result<Self> {
        let request = request(context)?;
        read_path(&request)
            .map(Path)
            .map_err(|why| HttpError::new(carboy::StatusCode::NOT_FOUND).with_source(why).into())
    }
}

fn request(context: &Arc<Context>) -> Result<CurrentRequest> {
    CurrentRequest::from_context(context)
}

/// A body that could not be read, told as what is wrong in one.
fn refused(context: &Arc<Context>, error: HttpError, source: Source) -> HttpError {
    match request(context) {
        Ok(request) => body_error(error, source, &request),
        Err(_) => error,
    }
}

/// Checks a value that was read.
fn check<T: Validate>(value: T, source: Source, request: &CurrentRequest) -> Result<T> {
    let mut report = Report::default();
    value.validate_into(&mut report);
    match report.into_violations() {
        violations if violations.is_empty() => Ok(value),
        violations => Err(InvalidInput::new(source, violations).into_error(request)),
    }
}

/// A value that was not read, as an error of its type.
fn unread(why: &FieldError, source: Source, request: &CurrentRequest) -> Error {
    let mut report = Report::default();
    let message = match why.is_missing() {
        true => messages::gettext("This field is required."),
        false => why.message().to_owned(),
    };
    match why.field() {
        Some(field) => report.within(field, |report| report.push("type", message)),
        None => report.push("type", message),
    }
    InvalidInput::new(source, report.into_violations()).into_error(request)
}

impl<T: DeserializeOwned + Validate> FromContext for Valid<Json<T>> {
    fn body_refused(context: &Arc<Context>, error: HttpError) -> HttpError {
        refused(context, error, Source::Json)
    }

    fn from_context(context: &Arc<Context>) -> Result<Self> {
        let request = request(context)?;
        let json: serde_json::Value = match request.json() {
            Ok(json) => json,
            Err(error) => {
                let position = std::error::Error::source(&error)
                    .and_then(|source| source.downcast_ref::<serde_json::Error>())
                    .map(|why| (plain(why), why.line(), why.column()));
                return Err(match position {
                    Some((why, line, column)) => {
                        InvalidInput::malformed(why, line, column).into_error(&request)
                    }
                    None => body_error(error, Source::Json, &request).into(),
                });
            }
        };
        let value: T = serde_path_to_error::deserialize(json).map_err(|error| {
            let mut violations = Vec::new();
            let (mut pointer, message) = (pointer(error.path()), plain(error.inner()));
            let mut text = message.clone();
            // serde names what is missing in its sentence only.
            if let Some(name) =
                message.strip_prefix("missing field `").and_then(|rest| rest.strip_suffix('`'))
            {
                let mut report = Report::default();
                report.within(name, |report| report.push("type", String::new()));
                pointer.push_str(report.into_violations().first().map_or("", |found| &found.pointer));
                text = messages::gettext("This field is required.");
            }
            violations.push(Violation { pointer, rule: "type".into(), message: text });
            InvalidInput::new(Source::Json, violations).into_error(&request)
        })?;
        check(value, Source::Json, &request).map(|value| Valid(Json(value)))
    }
}

/// The sentence of serde without the place, which is told apart.
fn plain(error: &serde_json::Error) -> String {
    let text = error.to_string();
    match text.rfind(" at line ") {
        Some(at) => text[..at].to_owned(),
        None => text,
    }
}

/// The path to a value as a JSON Pointer.
fn pointer(path: &serde_path_to_error::Path) -> String {
    use serde_path_to_error::Segment;
    let mut report = Report::default();
    let segments: Vec<String> = path
        .iter()
        .filter_map(|segment| match segment {
            Segment::Seq { index } => Some(index.to_string()),
            Segment::Map { key } => Some(key.clone()),
            Segment::Enum { .. } | Segment::Unknown => None,
        })
        .collect();
    fn descend(report: &mut Report, segments: &[String]) {
        match segments.split_first() {
            Some((first, rest)) => report.within(first, |report| descend(report, rest)),
            None => report.push("type", String::new()),
        }
    }
    descend(&mut report, &segments);
    report.into_violations().into_iter().next().map_or_else(String::new, |found| found.pointer)
}

impl<T: DeserializeOwned + Validate> FromContext for Valid<Form<T>> {
    fn body_refused(context: &Arc<Context>, error: HttpError) -> HttpError {
        refused(context, error, Source::Form)
    }

    fn from_context(context: &Arc<Context>) -> Result<Self> {
        let request = request(context)?;
        let form = request.form();
        let value: T = read_fields(form.lists()).map_err(|why| unread(&why, Source::Form, &request))?;
        check(value, Source::Form, &request).map(|value| Valid(Form(value)))
    }
}

impl<T: DeserializeOwned + Validate> FromContext for Valid<Query<T>> {
    fn from_context(context: &Arc<Context>) -> Result<Self> {
        let request = request(context)?;
        let args = request.args();
        let value: T = read_fields(args.lists()).map_err(|why| unread(&why, Source::Query, &request))?;
        check(value, Source::Query, &request).map(|value| Valid(Query(value)))
    }
}

impl<T: DeserializeOwned + Validate> FromContext for Valid<Path<T>> {
    fn from_context(context: &Arc<Context>) -> Result<Self> {
        let request = request(context)?;
        let value: T = read_path(&request).map_err(|why| unread(&why, Source::Path, &request))?;
        check(value, Source::Path, &request).map(|value| Valid(Path(value)))
    }
}
