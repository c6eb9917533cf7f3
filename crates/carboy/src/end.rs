//! The end of a request: teardown functions and signals.

use crate::{
    Error,
    ctx::Context,
    hooks::{Step, Teardown},
    polling::{Caught, catch},
    running::Frozen,
    runtime,
};
use carboy_http::{Body, Response};
use std::{
    future::Future,
    ops::Deref,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::Pin,
    sync::Arc,
    task::{Context as TaskContext, Poll, Waker},
};

/// Step 11, the end of a request: teardown functions and signals, exactly once.
///
/// It fires when it is dropped: at the end of the life of the request, at the end of a streamed body, or wherever the
/// client's going away drops them.
///
/// `A` is the app: borrowed by a request that is being worked on, owned by a stream that is being sent.
pub(crate) struct End<A: Deref<Target = Arc<Frozen>>> {
    app: A,
    /// Lent to the current context while the request is polled; gone when the end goes on elsewhere.
    context: Option<Arc<Context>>,
}

/// An app that is owned, in the place of a borrowed one.
pub(crate) struct Owned(Arc<Frozen>);

impl Deref for Owned {
    type Target = Arc<Frozen>;

    fn deref(&self) -> &Arc<Frozen> {
        &self.0
    }
}

impl<A: Deref<Target = Arc<Frozen>>> End<A> {
    pub(crate) fn new(app: A, context: Arc<Context>) -> Self {
        End { app, context: Some(context) }
    }

    pub(crate) fn app(&self) -> &A {
        &self.app
    }

    /// Where the context of the request is, to be polled in.
    pub(crate) fn slot(&mut self) -> &mut Option<Arc<Context>> {
        &mut self.context
    }

    /// The context of the request.
    #[cfg(feature = "websocket")]
    pub(crate) fn context(&self) -> Option<&Arc<Context>> {
        self.context.as_ref()
    }

    /// The same end, for what outlives the request's own code.
    #[cfg(feature = "websocket")]
    pub(crate) fn into_owned(mut self) -> End<Owned> {
        End { app: Owned(self.app.clone()), context: self.context.take() }
    }

    /// Moves the end behind a body that is still to be streamed; any other response ends the request here.
    pub(crate) fn attach(mut self, mut response: Response) -> Response {
        if response.body().is_stream() {
            let body = std::mem::take(response.body_mut());
            let end = End { app: Owned(self.app.clone()), context: self.context.take() };
            *response.body_mut() = Body::stream(Guarded { body, end: Some(end) });
        }
        response
    }
}

impl<A: Deref<Target = Arc<Frozen>>> Drop for End<A> {
    fn drop(&mut self) {
        let Some(context) = self.context.take() else { return };
        let signals = self.app.state.signals();
        let idle = self.app.plan(&context).teardown_request.is_empty()
            && self.app.registry.teardown_appcontext.is_empty()
            && !signals.request_tearing_down.has_receivers()
            && !signals.appcontext_tearing_down.has_receivers()
            && !signals.appcontext_popped.has_receivers();
        if idle {
            return Context::retire(context);
        }
        let app = self.app.clone();
        run(&context.clone(), async move {
            let error = context.error();
            tear_down(&app.plan(&context).teardown_request, &error).await;
            quiet(|| app.state.signals().request_tearing_down.send(|| error.clone()));
            tear_down_app_context(&app, &error).await;
        });
    }
}

/// The end of a context that has no request.
pub(crate) fn end_app_context(app: &Arc<Frozen>, context: &Arc<Context>) {
    let app = app.clone();
    run(context, async move { tear_down_app_context(&app, &None).await });
}

/// The end of a context of the app: the last of a request, and all that a context without a request has.
async fn tear_down_app_context(app: &Frozen, error: &Option<Error>) {
    let signals = app.state.signals();
    tear_down(&app.registry.teardown_appcontext, error).await;
    quiet(|| signals.appcontext_tearing_down.send(|| error.clone()));
    quiet(|| signals.appcontext_popped.send(|| ()));
}

/// Runs an end here and now; from the first function that waits for something it goes on in a task of its own, in order.
fn run(context: &Arc<Context>, end: impl Future<Output = ()> + Send + 'static) {
    let _runtime = runtime::handle().enter();
    let mut end = Box::pin(context.clone().scope(end));
    if end.as_mut().poll(&mut TaskContext::from_waker(Waker::noop())).is_pending() {
        runtime::spawn_tracked(end);
    }
}

/// Runs teardown functions; one that panics does not keep the others from running.
async fn tear_down(functions: &[Teardown], error: &Option<Error>) {
    for f in functions {
        let ended = match catch(|| f(error.clone())) {
            Ok(Step::Ready(())) => Ok(()),
            Ok(Step::Pending(future)) => Caught::new(future).await,
            Err(panic) => Err(panic),
        };
        if let Err(panic) = ended {
            tracing::error!(target: "carboy::app", "a teardown function {panic}");
        }
    }
}

fn quiet(f: impl FnOnce()) {
    if let Err(panic) = catch(f) {
        tracing::error!(target: "carboy::app", "a signal's receiver {panic}");
    }
}

pin_project_lite::pin_project! {
    /// A streamed body with the end of its request behind it.
    struct Guarded {
        #[pin]
        body: Body,
        end: Option<End<Owned>>,
    }
}

impl http_body::Body for Guarded {
    type Data = bytes::Bytes;
    type Error = carboy_http::BodyError;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut TaskContext<'_>,
    ) -> Poll<Option<Result<http_body::Frame<bytes::Bytes>, Self::Error>>> {
        let this = self.project();
        let polled = {
            let _runtime = runtime::handle().enter();
            match catch_unwind(AssertUnwindSafe(|| this.body.poll_frame(cx))) {
                Ok(polled) => polled,
                Err(payload) => Poll::Ready(Some(Err(Error::from_panic(payload).to_string().into()))),
            }
        };
        match &polled {
            Poll::Ready(None) => *this.end = None,
            Poll::Ready(Some(Err(error))) => {
                // The status is on its way already: all that is left is to break the connection off, and to say so.
                tracing::error!(target: "carboy::app", "a streamed body broke off: {error}");
                if let Some(context) = this.end.as_ref().and_then(|end| end.context.as_ref()) {
                    context.note_error(Error::msg(error.to_string()));
                }
                *this.end = None;
            }
            _ => {}
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.end.is_none() && self.body.is_end_stream()
    }

    fn size_hint(&self) -> http_body::SizeHint {
        self.body.size_hint()
    }
}
