//! Functions around views: Flask's decorators that do something before a view and with its answer.

use super::{BoxFuture, View};
use crate::{Result, ctx::Context, runtime};
use carboy_http::Response;
use std::{future::Future, sync::Arc};

/// Something around a view: it calls the view, or does not, and answers.
///
/// It runs where the view runs: behind the hooks and guards, when the body is read. What it answers goes the way that the view's answer
/// goes, through the `after_request` functions. `#[route("/", around = …)]` puts it in place, for several
/// views [`Routes::around`](super::Routes::around). A function of a [`Call`] that returns a
/// future of a [`Result`] is one.
///
/// ```
/// use carboy::{prelude::*, view::Call};
///
/// #[route("/")]
/// fn index() -> &'static str {
///     "quiet"
/// }
///
/// let mut app = App::new("shout");
/// app.routes(routes![index].around(|view: Call| async move {
///     let mut response = view.run().await?;
///     response.set_header("X-Loud", "no")?;
///     Ok(response)
/// }));
/// assert_eq!(app.test_client().get("/").send().header("x-loud"), Some("no"));
/// ```
pub trait Around: Send + Sync + 'static {
    /// Answers in the view's place.
    fn answer(&self, view: Call) -> BoxFuture<Result<Response>>;
}

impl<F, R> Around for F
where
    F: Fn(Call) -> R + Send + Sync + 'static,
    R: Future<Output = Result<Response>> + Send + 'static,
{
    fn answer(&self, view: Call) -> BoxFuture<Result<Response>> {
        Box::pin(self(view))
    }
}

/// A view that is about to be called, for the current request.
pub struct Call {
    view: Arc<View>,
    context: Arc<Context>,
}

impl Call {
    /// Calls the view.
    ///
    /// # Errors
    /// Those of the view.
    pub fn run(self) -> BoxFuture<Result<Response>> {
        Box::pin(async move { self.view.call(&self.context).await })
    }
}

impl View {
    /// Puts something around the view.
    pub fn around(self, around: Arc<dyn Around>) -> View {
        let view = Arc::new(self);
        View::Async(Box::new(move |context| around.answer(Call { view: view.clone(), context })))
    }

    /// Calls the view where it belongs: on the worker, or on the blocking pool.
    pub(crate) async fn call(self: &Arc<Self>, context: &Arc<Context>) -> Result<Response> {
        match &**self {
            View::Sync(f) if !context.state().settings().sync_views_block => f(context),
            View::Async(f) => f(context.clone()).await,
            View::Sync(_) | View::Blocking(_) => {
                let (context, view) = (context.clone(), self.clone());
                runtime::blocking(move || match &*view {
                    View::Sync(f) => f(&context),
                    View::Blocking(f) => f(&context),
                    View::Async(_) => unreachable!("asynchronous views are awaited"),
                })
                .await
            }
        }
    }
}
