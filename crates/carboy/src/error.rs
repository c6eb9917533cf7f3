//! Errors of views, hooks and extensions.

use carboy_http::{HttpError, Response, StatusCode};
use std::{
    any::{Any, TypeId},
    backtrace::{Backtrace, BacktraceStatus},
    borrow::Cow,
    error::Error as StdError,
    fmt,
    panic::Location,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

/// What views, hooks and handlers return: a response by default, or an [`Error`].
pub type Result<T = Response, E = Error> = std::result::Result<T, E>;

/// Any failure on the way to a response.
///
/// It holds one [`std::error::Error`] and the place where `?` or [`abort`] met it. An [`HttpError`] answers with
/// its own status; everything else is an internal server error. Cloning is cheap.
///
/// `Error` does not itself implement [`std::error::Error`]: that is what lets `?` turn every error into it.
///
/// ```
/// fn parse(text: &str) -> carboy::Result<u32> {
///     Ok(text.trim().parse()?)
/// }
/// assert!(parse("x").unwrap_err().is::<std::num::ParseIntError>());
/// ```
#[derive(Clone)]
pub struct Error(Arc<Inner>);

struct Inner {
    source: Box<dyn StdError + Send + Sync>,
    type_id: TypeId,
    location: &'static Location<'static>,
    backtrace: Backtrace,
    original: Option<Error>,
    /// The answer of an error that is none itself.
    http: Option<Box<HttpError>>,
}

/// Whether errors take a backtrace without being asked by `RUST_BACKTRACE`.
static BACKTRACES: AtomicBool = AtomicBool::new(false);

/// Makes every error take a backtrace: debug mode shows it.
pub(crate) fn capture_backtraces() {
    BACKTRACES.store(true, Ordering::Relaxed);
}

impl Error {
    #[track_caller]
    fn wrap<E: StdError + Send + Sync + 'static>(source: E) -> Self {
        // An HttpError is an answer, not a fault: nobody looks at where it came from, so it costs no backtrace.
        let backtrace = if TypeId::of::<E>() == TypeId::of::<HttpError>() {
            Backtrace::disabled()
        } else if BACKTRACES.load(Ordering::Relaxed) {
            Backtrace::force_capture()
        } else {
            Backtrace::capture()
        };
        Error(Arc::new(Inner {
            source: Box::new(source),
            type_id: TypeId::of::<E>(),
            location: Location::caller(),
            backtrace,
            original: None,
            http: None,
        }))
    }

    /// An error of a type of its own that is answered as an HTTP error: what a subclass of `BadRequest` is in Flask.
    ///
    /// Handlers see it by its type, then by the status, then as an [`HttpError`]: in each scope the type comes before the status.
    ///
    /// ```
    /// use carboy::{Error, HttpError, StatusCode, prelude::*};
    ///
    /// #[derive(Debug)]
    /// struct SoldOut(&'static str);
    ///
    /// impl std::fmt::Display for SoldOut {
    ///     fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
    ///         write!(f, "{} is sold out", self.0)
    ///     }
    /// }
    ///
    /// impl std::error::Error for SoldOut {}
    ///
    /// #[route("/buy")]
    /// fn buy() -> carboy::Result<()> {
    ///     let error = SoldOut("tea");
    ///     let answer = HttpError::new(StatusCode::CONFLICT).with_description(error.to_string());
    ///     Err(Error::with_http(error, answer))
    /// }
    ///
    /// let mut app = App::new("shop");
    /// app.routes(routes![buy]);
    /// app.errorhandler_for::<SoldOut, _, _>(|error| (format!("No {} today", error.0), 409u16));
    /// assert_eq!(app.test_client().get("/buy").send().text(), "No tea today");
    /// ```
    #[track_caller]
    pub fn with_http<E: StdError + Send + Sync + 'static>(error: E, http: HttpError) -> Self {
        Error(Arc::new(Inner {
            source: Box::new(error),
            type_id: TypeId::of::<E>(),
            location: Location::caller(),
            backtrace: Backtrace::disabled(),
            original: None,
            http: Some(Box::new(http)),
        }))
    }

    /// An HTTP error that answers for another error.
    pub(crate) fn with_original(http: HttpError, original: Error) -> Self {
        Error(Arc::new(Inner {
            source: Box::new(http),
            type_id: TypeId::of::<HttpError>(),
            location: original.location(),
            backtrace: Backtrace::disabled(),
            original: Some(original),
            http: None,
        }))
    }

    /// The error that this one answers for: what a handler of status 500 asks to see what happened.
    ///
    /// `None` for an error that was raised as it is, as by `abort(500)`.
    pub fn original(&self) -> Option<&Error> {
        self.0.original.as_ref()
    }

    /// An internal error that is only a sentence.
    #[track_caller]
    pub fn msg(text: impl Into<Cow<'static, str>>) -> Self {
        Error::wrap(Message(text.into()))
    }

    /// What a layer raised: the error inside, if it is a known one.
    #[track_caller]
    pub(crate) fn from_layer(error: carboy_http::BodyError) -> Self {
        match error.downcast::<HttpError>() {
            Ok(http) => Error::wrap(*http),
            Err(error) => Error::wrap(LayerError(error)),
        }
    }

    /// A caught panic.
    #[track_caller]
    pub(crate) fn from_panic(payload: Box<dyn Any + Send>) -> Self {
        let text = match payload.downcast::<String>() {
            Ok(text) => *text,
            Err(payload) => match payload.downcast::<&'static str>() {
                Ok(text) => (*text).to_owned(),
                Err(_) => "a panic without a message".to_owned(),
            },
        };
        Error::wrap(Panic(text))
    }

    /// The status that answers this error unless a handler decides otherwise.
    pub fn status(&self) -> StatusCode {
        self.http().map_or(StatusCode::INTERNAL_SERVER_ERROR, HttpError::status)
    }

    /// The HTTP error inside, or the one that it is [answered as](Self::with_http).
    pub fn http(&self) -> Option<&HttpError> {
        self.downcast_ref()
    }

    /// Whether the error inside is an `E`.
    pub fn is<E: StdError + 'static>(&self) -> bool {
        self.downcast_ref::<E>().is_some()
    }

    /// The error inside, if it is an `E`.
    pub fn downcast_ref<E: StdError + 'static>(&self) -> Option<&E> {
        let answer = || self.0.http.as_deref().and_then(|http| (http as &dyn Any).downcast_ref());
        self.0.source.downcast_ref().or_else(answer)
    }

    /// Whether this is a panic that was caught.
    pub fn is_panic(&self) -> bool {
        self.is::<Panic>()
    }

    /// The error inside.
    pub fn source(&self) -> &(dyn StdError + Send + Sync + 'static) {
        &*self.0.source
    }

    /// The place in the source where `?`, [`abort`] or a panic handler met the error.
    pub fn location(&self) -> &'static Location<'static> {
        self.0.location
    }

    /// The backtrace, when `RUST_BACKTRACE` or debug mode asked for one and the error is not an HTTP error.
    pub fn backtrace(&self) -> Option<&Backtrace> {
        (self.0.backtrace.status() == BacktraceStatus::Captured).then_some(&self.0.backtrace)
    }

    pub(crate) fn type_id(&self) -> TypeId {
        self.0.type_id
    }

    /// The error and its sources, outermost first.
    pub fn chain(&self) -> impl Iterator<Item = &(dyn StdError + 'static)> {
        let first: &(dyn StdError + 'static) = &*self.0.source;
        std::iter::successors(Some(first), |e: &&(dyn StdError + 'static)| (*e).source())
    }
}

impl<E: StdError + Send + Sync + 'static> From<E> for Error {
    #[track_caller]
    fn from(source: E) -> Self {
        Error::wrap(source)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut last = String::new();
        for (i, e) in self.chain().enumerate() {
            let text = e.to_string();
            // Many errors repeat their source in their own text; once is enough.
            if i == 0 {
                f.write_str(&text)?;
            } else if !last.contains(&text) {
                write!(f, ": {text}")?;
            }
            last = text;
        }
        Ok(())
    }
}

/// `main` prints an error with `Debug`: the sentence, not the structure.
impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[derive(Debug)]
struct Message(Cow<'static, str>);

impl fmt::Display for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl StdError for Message {}

/// An error of a layer, whose type only the layer knows.
#[derive(Debug)]
struct LayerError(carboy_http::BodyError);

impl fmt::Display for LayerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl StdError for LayerError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.0.source()
    }
}

#[derive(Debug)]
pub(crate) struct Panic(String);

impl fmt::Display for Panic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "panicked: {}", self.0)
    }
}

impl StdError for Panic {}

/// What [`abort`] takes: a status code, a code and a text, a [`Response`] to send as it is, or an [`HttpError`].
#[derive(Debug)]
pub struct Abort(std::result::Result<HttpError, LookupError>);

/// The sentence that Werkzeug's `abort` says about a code that is no error.
#[derive(Debug)]
struct LookupError(u16);

impl fmt::Display for LookupError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "no exception for {}", self.0)
    }
}

impl StdError for LookupError {}

impl From<u16> for Abort {
    fn from(code: u16) -> Self {
        Abort(HttpError::from_code(code).map_err(|_| LookupError(code)))
    }
}

impl From<StatusCode> for Abort {
    fn from(status: StatusCode) -> Self {
        status.as_u16().into()
    }
}

impl<C: Into<u16>, T: Into<Cow<'static, str>>> From<(C, T)> for Abort {
    fn from((code, text): (C, T)) -> Self {
        Abort(Abort::from(code.into()).0.map(|e| e.with_description(text)))
    }
}

impl From<HttpError> for Abort {
    fn from(error: HttpError) -> Self {
        Abort(Ok(error))
    }
}

impl From<Response> for Abort {
    fn from(response: Response) -> Self {
        Abort(Ok(HttpError::from_response(response)))
    }
}

/// Ends a view with an HTTP error, as `flask.abort` does.
///
/// It stands in every position: `abort(403)?;` as a statement, `None => abort(404)?` in a match, `return abort(404)`.
/// A code that is not an HTTP error (spec: 400–418, 421–424, 428, 429, 431, 451, 500–505) is an internal error, as in
/// Werkzeug. A response is sent as it is, without asking any error handler.
///
/// ```
/// fn only_even(n: u32) -> carboy::Result<u32> {
///     if n % 2 == 1 {
///         carboy::abort((404u16, "odd numbers live elsewhere"))?;
///     }
///     Ok(n)
/// }
/// assert_eq!(only_even(3).unwrap_err().status(), 404);
/// ```
#[track_caller]
pub fn abort<T>(what: impl Into<Abort>) -> Result<T> {
    Err(match what.into().0 {
        Ok(http) => Error::wrap(http),
        Err(lookup) => Error::wrap(lookup),
    })
}

/// Turns nothing, or an error, into an HTTP error.
pub trait OrAbort<T> {
    /// The value, or 404 Not Found.
    fn or_404(self) -> Result<T>;
    /// The value, or whatever [`abort`] makes of `what`.
    fn or_abort(self, what: impl Into<Abort>) -> Result<T>;
}

impl<T> OrAbort<T> for Option<T> {
    #[track_caller]
    fn or_404(self) -> Result<T> {
        self.or_abort(404)
    }

    #[track_caller]
    fn or_abort(self, what: impl Into<Abort>) -> Result<T> {
        match self {
            Some(value) => Ok(value),
            None => abort(what),
        }
    }
}

impl<T, E> OrAbort<T> for std::result::Result<T, E> {
    #[track_caller]
    fn or_404(self) -> Result<T> {
        self.ok().or_404()
    }

    #[track_caller]
    fn or_abort(self, what: impl Into<Abort>) -> Result<T> {
        self.ok().or_abort(what)
    }
}

/// The error that a handler of [`errorhandler_for`](crate::Scaffold::errorhandler_for) was registered for.
pub struct Caught<E> {
    error: Error,
    kind: std::marker::PhantomData<fn() -> E>,
}

impl<E: StdError + 'static> Caught<E> {
    pub(crate) fn new(error: Error) -> Self {
        Caught { error, kind: std::marker::PhantomData }
    }

    /// The error with its status, location and backtrace.
    pub fn error(&self) -> &Error {
        &self.error
    }
}

impl<E: StdError + 'static> std::ops::Deref for Caught<E> {
    type Target = E;
    fn deref(&self) -> &E {
        self.error.downcast_ref().expect("handlers are looked up by type")
    }
}
