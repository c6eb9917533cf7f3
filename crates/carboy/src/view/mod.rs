//! A function becomes a view: its arguments, and what it returns.
//!
//! | file | what it holds |
//! |---|---|
//! | `mod.rs` | [`View`], the callable; [`view`], the way to one without a macro |
//! | `route.rs` | what `#[route]` says about a function |
//! | `url.rs` | URL parameters: [`FromUrl`], and the values that `url_for!` takes |
//! | `extract.rs` | the other arguments: [`FromContext`], [`Json`], [`Form`], [`Query`], [`BodyStream`] |
//! | `fields.rs` | form and query fields as a type of the user's own |
//! | `response.rs` | return values: [`IntoResponse`], [`Html`], [`Redirect`] |
//! | `around.rs` | functions around views: [`Around`] |
//! | `method.rs` | a type with a function for each HTTP method: [`MethodView`] |

mod around;
mod extract;
mod fields;
mod method;
mod response;
mod route;
mod url;

pub use around::{Around, Call};
pub use extract::{BodyStream, Form, FromContext, Json, Query};
pub use fields::{FieldError, read_fields};
pub use method::{MethodView, method_view};
pub use response::{Html, IntoResponse, Redirect, ResponsePart, redirect};
pub use route::{ArgDef, ArgKind, BodyRefused, Route, RouteDef, Routes, RuleDef};
pub use url::{FromUrl, UrlArg, UrlParams};

use crate::{Result, ctx::Context};
use carboy_http::Response;
use std::{future::Future, pin::Pin, sync::Arc};

/// A future that can be kept anywhere and awaited on any thread.
pub type BoxFuture<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// A plain function of a context.
#[doc(hidden)]
pub type SyncFn = dyn Fn(&Arc<Context>) -> Result<Response> + Send + Sync;
/// An async function of a context.
#[doc(hidden)]
pub type AsyncFn = dyn Fn(Arc<Context>) -> BoxFuture<Result<Response>> + Send + Sync;

/// A view as the dispatcher calls it: made once, when the view is registered.
pub enum View {
    /// A plain function, called on the worker.
    Sync(Box<SyncFn>),
    /// An `async` function.
    Async(Box<AsyncFn>),
    /// A plain function for the blocking pool.
    Blocking(Arc<SyncFn>),
}

impl View {
    /// A plain function for the blocking pool.
    pub fn blocking(f: impl Fn(&Arc<Context>) -> Result<Response> + Send + Sync + 'static) -> Self {
        View::Blocking(Arc::new(f))
    }

    /// A plain function moves to the blocking pool; the others stay what they are (`SYNC_VIEWS = "blocking"`).
    pub fn into_blocking(self) -> Self {
        match self {
            View::Sync(f) => View::Blocking(f.into()),
            other => other,
        }
    }
}

impl std::fmt::Debug for View {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            View::Sync(_) => "View::Sync",
            View::Async(_) => "View::Async",
            View::Blocking(_) => "View::Blocking",
        })
    }
}

/// The arguments of a view that was made without a macro: URL parameters by name, everything else by type.
///
/// ```
/// use carboy::{Result, view::Args};
///
/// async fn user(args: Args) -> Result<String> {
///     let id: u64 = args.get("id")?;
///     Ok(format!("user {id}"))
/// }
/// ```
#[derive(Clone)]
pub struct Args(Arc<Context>);

impl Args {
    pub(crate) fn new(context: Arc<Context>) -> Self {
        Args(context)
    }

    /// A URL parameter; an `Option` where not every rule gives it.
    ///
    /// # Errors
    /// 404 when the type does not take the value, and an internal error when the rule gives no such parameter.
    pub fn get<T: FromUrl>(&self, name: &str) -> Result<T> {
        url::url_arg(&self.0, name)
    }

    /// An argument by its type, such as `Form<Login>`.
    ///
    /// # Errors
    /// Those of the type.
    pub fn extract<T: FromContext>(&self) -> Result<T> {
        T::from_context(&self.0)
    }
}

impl std::fmt::Debug for Args {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Args")
    }
}

/// Marks a function that returns a response.
#[doc(hidden)]
pub struct Now;
/// Marks a function that returns a future.
#[doc(hidden)]
pub struct Later;

/// What the function given to [`view`] may return: a response, or a future of one.
#[diagnostic::on_unimplemented(
    message = "a view cannot return `{Self}`",
    label = "not a response, and not a future of one",
    note = "return text, `Html`, `Json`, `Redirect`, `Response`, `(body, status)`, or a `Result` of one of them; an async \
            function must be `Send`"
)]
pub trait ViewReturn<M>: Sized {
    #[doc(hidden)]
    fn view<F: Fn(Args) -> Self + Send + Sync + 'static>(f: F) -> View;
}

impl<R: IntoResponse> ViewReturn<Now> for R {
    fn view<F: Fn(Args) -> Self + Send + Sync + 'static>(f: F) -> View {
        View::Sync(Box::new(move |context| f(Args(context.clone())).into_response()))
    }
}

impl<R> ViewReturn<Later> for R
where
    R: Future<Output: IntoResponse> + Send + 'static,
{
    fn view<F: Fn(Args) -> Self + Send + Sync + 'static>(f: F) -> View {
        View::Async(Box::new(move |context| {
            let future = f(Args(context));
            Box::pin(async move { future.await.into_response() })
        }))
    }
}

/// Makes a view without a macro, for rules that are made at run time: of a plain or an async function of [`Args`].
///
/// ```
/// use carboy::view::{Args, view};
///
/// let hello = view(|args: Args| async move {
///     let name: String = args.get("name")?;
///     carboy::Result::<_>::Ok(format!("Hello, {name}!"))
/// });
/// # let _ = hello;
/// ```
pub fn view<F, R, M>(f: F) -> View
where
    F: Fn(Args) -> R + Send + Sync + 'static,
    R: ViewReturn<M>,
{
    R::view(f)
}

/// What generated code calls; which `carboy::__private` re-exports.
#[doc(hidden)]
pub mod __private {
    pub use super::{
        View,
        route::{ArgDef, Route, RouteDef, Routes, RuleDef},
        url::{FromUrl, UrlArg, UrlFor, UrlParams, accepts, url_arg, url_for_endpoint, url_for_view},
    };
    pub use carboy_routing::{Value as UrlValue, Values as UrlValues};
    pub use std::{boxed::Box, vec::Vec};

    use super::{BoxFuture, FromContext, IntoResponse};
    use crate::{
        Result,
        ctx::Context,
        guard::{Guard, IntoGuard},
    };
    use carboy_http::Response;
    use std::sync::Arc;

    /// A guard of what stands behind `guard =`.
    #[inline]
    pub fn guard<M>(guard: impl IntoGuard<M>) -> Guard {
        guard.into_guard()
    }

    /// Makes an argument by its type.
    #[inline]
    pub fn extract<T: FromContext>(context: &Arc<Context>) -> Result<T> {
        T::from_context(context)
    }

    /// Turns what a view returned into a response.
    #[inline]
    pub fn respond<T: IntoResponse>(returned: T) -> Result<Response> {
        returned.into_response()
    }

    /// Boxes the future of an async view. Its name stands in the error about one that is not `Send`.
    #[inline]
    pub fn view_future_must_be_send<F>(future: F) -> BoxFuture<Result<Response>>
    where
        F: Future<Output = Result<Response>> + Send + 'static,
    {
        Box::pin(future)
    }
}
