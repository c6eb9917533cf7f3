//! What runs before, after and at the end of a request: the types of the functions, and how a plain or an async
//! function becomes one.

use crate::{
    Caught, Error, Result,
    guard::Guard,
    view::{BoxFuture, IntoResponse},
};
use carboy_http::{HttpError, Response};
use std::{any::TypeId, error::Error as StdError, future::Future, sync::Arc};

/// What a function answered: at once, or in a while.
#[doc(hidden)]
pub enum Step<T> {
    /// The answer.
    Ready(T),
    /// The answer to await.
    Pending(BoxFuture<T>),
}

/// Marks a function that answers at once.
#[doc(hidden)]
pub struct Now;
/// Marks a function that answers with a future.
#[doc(hidden)]
pub struct Later;

/// Something that stands for a `T`, at once or in a while: what makes hooks take plain and async functions alike.
#[diagnostic::on_unimplemented(
    message = "no hook and no guard can return `{Self}`",
    note = "a guard, as a `before_request` function, returns nothing, an `Option` of anything a view may return, or a `Result` of either; \
            what other hooks return says the documentation of their method; `async` functions return it in a future"
)]
pub trait Answer<T, M>: Send {
    #[doc(hidden)]
    fn answer(self) -> Step<T>;
}

impl<T, A: IntoAnswer<T> + Send> Answer<T, Now> for A {
    fn answer(self) -> Step<T> {
        Step::Ready(self.into_answer())
    }
}

impl<T, F> Answer<T, Later> for F
where
    F: Future<Output: IntoAnswer<T>> + Send + 'static,
    T: 'static,
{
    fn answer(self) -> Step<T> {
        Step::Pending(Box::pin(async move { self.await.into_answer() }))
    }
}

/// Something that stands for a `T`.
#[doc(hidden)]
pub trait IntoAnswer<T> {
    fn into_answer(self) -> T;
}

/// The answer of a `before_request` function: go on, or answer with this.
#[doc(hidden)]
pub struct BeforeAnswer(pub(crate) Result<Option<Response>>);

impl IntoAnswer<BeforeAnswer> for () {
    fn into_answer(self) -> BeforeAnswer {
        BeforeAnswer(Ok(None))
    }
}

impl<R: IntoResponse> IntoAnswer<BeforeAnswer> for Option<R> {
    fn into_answer(self) -> BeforeAnswer {
        BeforeAnswer(self.map(IntoResponse::into_response).transpose())
    }
}

impl<A: IntoAnswer<BeforeAnswer>, E: Into<Error>> IntoAnswer<BeforeAnswer> for std::result::Result<A, E> {
    fn into_answer(self) -> BeforeAnswer {
        match self {
            Ok(answer) => answer.into_answer(),
            Err(e) => BeforeAnswer(Err(e.into())),
        }
    }
}

/// The answer of a `prepare_request` function.
#[doc(hidden)]
pub struct PrepareAnswer(pub(crate) Result<()>);

impl IntoAnswer<PrepareAnswer> for () {
    fn into_answer(self) -> PrepareAnswer {
        PrepareAnswer(Ok(()))
    }
}

impl<E: Into<Error>> IntoAnswer<PrepareAnswer> for std::result::Result<(), E> {
    fn into_answer(self) -> PrepareAnswer {
        PrepareAnswer(self.map_err(Into::into))
    }
}

/// The answer of an `after_request` function.
#[doc(hidden)]
pub struct AfterAnswer(pub(crate) Result<Response>);

impl IntoAnswer<AfterAnswer> for Response {
    fn into_answer(self) -> AfterAnswer {
        AfterAnswer(Ok(self))
    }
}

impl<E: Into<Error>> IntoAnswer<AfterAnswer> for std::result::Result<Response, E> {
    fn into_answer(self) -> AfterAnswer {
        AfterAnswer(self.map_err(Into::into))
    }
}

/// The answer of an error handler: whatever a view may return.
#[doc(hidden)]
pub struct HandlerAnswer(pub(crate) Result<Response>);

impl<R: IntoResponse> IntoAnswer<HandlerAnswer> for R {
    fn into_answer(self) -> HandlerAnswer {
        HandlerAnswer(self.into_response())
    }
}

impl IntoAnswer<()> for () {
    fn into_answer(self) {}
}

pub(crate) type PrepareRequest = Arc<dyn Fn() -> Step<PrepareAnswer> + Send + Sync>;
pub(crate) type BeforeRequest = Arc<dyn Fn() -> Step<BeforeAnswer> + Send + Sync>;
pub(crate) type AfterRequest = Arc<dyn Fn(Response) -> Step<AfterAnswer> + Send + Sync>;
pub(crate) type Teardown = Arc<dyn Fn(Option<Error>) -> Step<()> + Send + Sync>;
pub(crate) type ErrorHandler = Arc<dyn Fn(Error) -> Step<HandlerAnswer> + Send + Sync>;
pub(crate) type UrlValuePreprocessor = Arc<dyn Fn(Option<&str>, &mut UrlValues) + Send + Sync>;

/// Named URL values, in order: what a rule took from a path, or what a URL is built from.
pub use carboy_routing::Values as UrlValues;

/// The error handlers of one scope.
#[derive(Default, Clone)]
pub(crate) struct ErrorHandlers {
    by_code: Vec<(u16, ErrorHandler)>,
    by_type: Vec<(TypeId, ErrorHandler)>,
    any: Option<ErrorHandler>,
}

impl ErrorHandlers {
    pub(crate) fn on_code(&mut self, code: u16, handler: ErrorHandler) {
        replace(&mut self.by_code, code, handler);
    }

    pub(crate) fn on_type(&mut self, kind: TypeId, handler: ErrorHandler) {
        replace(&mut self.by_type, kind, handler);
    }

    pub(crate) fn on_any(&mut self, handler: ErrorHandler) {
        self.any = Some(handler);
    }

    fn for_code(&self, code: u16) -> Option<&ErrorHandler> {
        self.by_code.iter().find(|(c, _)| *c == code).map(|(_, h)| h)
    }

    fn for_type(&self, kind: TypeId) -> Option<&ErrorHandler> {
        self.by_type.iter().find(|(t, _)| *t == kind).map(|(_, h)| h)
    }

    /// Flask's order: every scope is asked for the code first, innermost first; only then for the type. A type of HTTP error of
    /// its own comes before its code in each scope, as a subclass does in Flask.
    pub(crate) fn find<'a>(
        scopes: impl Iterator<Item = &'a ErrorHandlers> + Clone,
        error: &Error,
    ) -> Option<&'a ErrorHandler> {
        let (http, kind) = (TypeId::of::<HttpError>(), error.type_id());
        let by_type = |kind| move |s: &'a ErrorHandlers| s.for_type(kind).or(s.any.as_ref());
        let Some(code) = error.http().map(|e| e.status().as_u16()) else {
            return scopes.clone().find_map(by_type(kind));
        };
        let own = (kind != http).then_some(kind);
        let of_code =
            |s: &'a ErrorHandlers| own.and_then(|kind| s.for_type(kind)).or_else(|| s.for_code(code));
        scopes.clone().find_map(of_code).or_else(|| scopes.clone().find_map(by_type(http)))
    }
}

fn replace<K: PartialEq>(list: &mut Vec<(K, ErrorHandler)>, key: K, handler: ErrorHandler) {
    match list.iter_mut().find(|(k, _)| *k == key) {
        Some((_, h)) => *h = handler,
        None => list.push((key, handler)),
    }
}

/// Wraps a handler of one error type.
pub(crate) fn typed_handler<E, R, M>(f: impl Fn(Caught<E>) -> R + Send + Sync + 'static) -> ErrorHandler
where
    E: StdError + Send + Sync + 'static,
    R: Answer<HandlerAnswer, M>,
{
    Arc::new(move |error| f(Caught::new(error)).answer())
}

/// The functions of one scope: the app's own, or a blueprint's.
#[derive(Default, Clone)]
pub(crate) struct Hooks {
    pub(crate) url_value_preprocessors: Vec<UrlValuePreprocessor>,
    pub(crate) before_request: Vec<BeforeRequest>,
    pub(crate) guards: Vec<Guard>,
    pub(crate) after_request: Vec<AfterRequest>,
    pub(crate) teardown_request: Vec<Teardown>,
    pub(crate) error_handlers: ErrorHandlers,
}

impl Hooks {
    pub(crate) fn extend(&mut self, other: Hooks) {
        self.url_value_preprocessors.extend(other.url_value_preprocessors);
        self.before_request.extend(other.before_request);
        self.guards.extend(other.guards);
        self.after_request.extend(other.after_request);
        self.teardown_request.extend(other.teardown_request);
        for (code, handler) in other.error_handlers.by_code {
            self.error_handlers.on_code(code, handler);
        }
        for (kind, handler) in other.error_handlers.by_type {
            self.error_handlers.on_type(kind, handler);
        }
        if let Some(handler) = other.error_handlers.any {
            self.error_handlers.on_any(handler);
        }
    }
}

/// The error that handlers of status 500 see when something else than an [`HttpError`] got through.
pub(crate) fn internal_server_error(original: Error) -> Error {
    Error::with_original(HttpError::new(carboy_http::StatusCode::INTERNAL_SERVER_ERROR), original)
}
