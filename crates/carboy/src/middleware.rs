//! Layers and middleware functions around the dispatch of a request, and services beside it.

use crate::{
    Error, ctx::Context, debug_page, dispatch, running::Frozen, spans::RequestSpan, view::BoxFuture,
};
use bytes::Bytes;
use carboy_http::{Body, BodyError, HttpError, Request, Response, StatusCode};
use futures_util::future::Either;
use std::{
    future::{Future, poll_fn},
    sync::Arc,
    task::{Context as TaskContext, Poll},
};
use tower_layer::Layer;
use tower_service::Service;

/// What a layer wraps: the rest of the app, as a tower service that takes a request with any body.
#[derive(Clone)]
pub struct Inner(Arc<dyn Respond>);

/// Something that answers requests, or fails as a layer may.
trait Respond: Send + Sync {
    fn respond(&self, request: http::Request<Body>) -> BoxFuture<Result<http::Response<Body>, BodyError>>;
}

impl Inner {
    /// The innermost service: the dispatch of an app.
    pub(crate) fn dispatching(app: std::sync::Weak<Frozen>) -> Self {
        Inner(Arc::new(Dispatching(app)))
    }

    /// A foreign service: anything that can be cloned and called.
    pub(crate) fn foreign<S, RB>(service: S) -> Self
    where
        S: Service<http::Request<Body>, Response = http::Response<RB>> + Clone + Send + Sync + 'static,
        S::Error: Into<BodyError>,
        S::Future: Send + 'static,
        RB: http_body::Body<Data = Bytes> + Send + 'static,
        RB::Error: Into<BodyError>,
    {
        Inner(Arc::new(Foreign(service)))
    }

    /// Wraps this in a layer.
    pub(crate) fn layered<L, RB>(self, layer: &L) -> Self
    where
        L: Layer<Inner>,
        L::Service:
            Service<http::Request<Body>, Response = http::Response<RB>> + Clone + Send + Sync + 'static,
        <L::Service as Service<http::Request<Body>>>::Error: Into<BodyError>,
        <L::Service as Service<http::Request<Body>>>::Future: Send + 'static,
        RB: http_body::Body<Data = Bytes> + Send + 'static,
        RB::Error: Into<BodyError>,
    {
        Inner::foreign(layer.layer(self))
    }

    /// Wraps this in a middleware function.
    pub(crate) fn with_function(self, f: Function) -> Self {
        Inner(Arc::new(WithFunction { f, rest: self }))
    }

    /// Compresses what this answers.
    #[cfg(feature = "compression")]
    pub(crate) fn compressed(self, compression: crate::compression::Compression) -> Self {
        Inner(Arc::new(Compressing { compression: compression.into(), rest: self }))
    }

    pub(crate) fn call_boxed(
        &self,
        request: http::Request<Body>,
    ) -> BoxFuture<Result<http::Response<Body>, BodyError>> {
        self.0.respond(request)
    }

    /// Answers a request; a failure is an internal server error, unless it is an HTTP error itself.
    pub(crate) async fn respond(&self, request: Request) -> Response {
        match self.call_boxed(request.into()).await {
            Ok(response) => response.into(),
            Err(error) => match error.downcast::<HttpError>() {
                Ok(http) => http.to_response(),
                Err(error) => {
                    tracing::error!(target: "carboy::app", "a mounted service failed: {error}");
                    HttpError::new(StatusCode::INTERNAL_SERVER_ERROR).to_response()
                }
            },
        }
    }
}

impl<B> Service<http::Request<B>> for Inner
where
    B: http_body::Body<Data = Bytes> + Send + 'static,
    B::Error: Into<BodyError>,
{
    type Response = http::Response<Body>;
    type Error = BodyError;
    type Future = BoxFuture<Result<http::Response<Body>, BodyError>>;

    fn poll_ready(&mut self, _: &mut TaskContext<'_>) -> Poll<Result<(), BodyError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<B>) -> Self::Future {
        self.call_boxed(request.map(Body::stream))
    }
}

struct Foreign<S>(S);

impl<S, RB> Respond for Foreign<S>
where
    S: Service<http::Request<Body>, Response = http::Response<RB>> + Clone + Send + Sync + 'static,
    S::Error: Into<BodyError>,
    S::Future: Send + 'static,
    RB: http_body::Body<Data = Bytes> + Send + 'static,
    RB::Error: Into<BodyError>,
{
    fn respond(&self, request: http::Request<Body>) -> BoxFuture<Result<http::Response<Body>, BodyError>> {
        let mut service = self.0.clone();
        Box::pin(async move {
            poll_fn(|cx| service.poll_ready(cx)).await.map_err(Into::into)?;
            let response = service.call(request).await.map_err(Into::into)?;
            Ok(response.map(Body::stream))
        })
    }
}

/// The bottom of the stack. It holds its app weakly: the app owns the stack.
struct Dispatching(std::sync::Weak<Frozen>);

impl Respond for Dispatching {
    fn respond(
        &self,
        mut request: http::Request<Body>,
    ) -> BoxFuture<Result<http::Response<Body>, BodyError>> {
        let Some(app) = self.0.upgrade() else {
            return Box::pin(async { Err("the app is gone".into()) });
        };
        let context = request
            .extensions_mut()
            .remove::<Arc<Context>>()
            .filter(|context| Arc::ptr_eq(context.state(), &app.state));
        Box::pin(async move {
            let method = request.method().clone();
            let mut response = dispatch::dispatch(&app, request.into(), context).await;
            // Layers are outside of the door: they see what it sends.
            response.finalize(&method);
            Ok(response.into())
        })
    }
}

/// A middleware function, boxed.
pub(crate) type Function = Arc<dyn Fn(Request, Next) -> BoxFuture<Response> + Send + Sync>;

struct WithFunction {
    f: Function,
    rest: Inner,
}

impl Respond for WithFunction {
    fn respond(&self, request: http::Request<Body>) -> BoxFuture<Result<http::Response<Body>, BodyError>> {
        let answer = (self.f)(request.into(), Next(self.rest.clone()));
        Box::pin(async move { Ok(answer.await.into()) })
    }
}

#[cfg(feature = "compression")]
struct Compressing {
    compression: Arc<crate::compression::Compression>,
    rest: Inner,
}

#[cfg(feature = "compression")]
impl Respond for Compressing {
    fn respond(
        &self,
        mut request: http::Request<Body>,
    ) -> BoxFuture<Result<http::Response<Body>, BodyError>> {
        let method = request.method().clone();
        let wish = crate::compression::Wish::of(&method, request.headers_mut());
        let compression = self.compression.clone();
        let answer = self.rest.call_boxed(request);
        Box::pin(async move { Ok(compression.answer(&wish, answer.await?)) })
    }
}

/// The rest of the app, as a [middleware function](crate::App::middleware) sees it.
pub struct Next(Inner);

impl Next {
    /// Sends the request on and waits for the response.
    ///
    /// An error of a layer further in is answered with status 500.
    pub async fn run(self, request: Request) -> Response {
        self.0.respond(request).await
    }
}

/// Services that answer below a path of their own.
#[derive(Default)]
pub(crate) struct Mounts(Vec<(String, Inner)>);

impl Mounts {
    /// Mounts a service below a prefix without a slash at its end.
    pub(crate) fn add(&mut self, prefix: &str, service: Inner) {
        self.0.push((prefix.trim_end_matches('/').to_owned(), service));
        // The longest prefix is asked first.
        self.0.sort_by_key(|(prefix, _)| std::cmp::Reverse(prefix.len()));
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The service with the longest prefix of whole segments.
    pub(crate) fn find(&self, path: &str) -> Option<(&Inner, &str)> {
        self.0
            .iter()
            .find(|(prefix, _)| {
                path.strip_prefix(prefix.as_str())
                    .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
            })
            .map(|(prefix, service)| (service, prefix.as_str()))
    }
}

/// A request to hand to a mounted service: the prefix moves from its path to its root.
pub(crate) fn mounted(request: &Request, prefix: &str) -> Request {
    let mut taken = take(request);
    let root = format!("{}{prefix}", taken.script_root());
    let rest = match request.uri().path().strip_prefix(prefix) {
        Some(rest) => rest.to_owned(),
        // The prefix was written with percent signs.
        None => {
            let rest = request.path().strip_prefix(prefix).unwrap_or_default();
            carboy_http::url::quote(rest, &carboy_http::url::PATH).into_owned()
        }
    };
    let query = request.uri().query().map(|query| format!("?{query}")).unwrap_or_default();
    let path = format!("/{}{query}", rest.trim_start_matches('/'));
    if let Ok(uri) = path.parse() {
        taken.set_uri(uri);
    }
    taken.set_script_root(&root);
    taken
}

/// A request to hand to another service: this one's head, and its body.
pub(crate) fn take(request: &Request) -> Request {
    let body = request.take_body().unwrap_or_default();
    let mut taken = request.head();
    taken.set_body(body);
    taken
}

/// Answers a request from outside: as the proxies say that it was, in a span if that is wanted, through the layers if there are any.
pub(crate) fn serve(app: &Arc<Frozen>, mut request: Request) -> impl Future<Output = Response> + Send {
    if let Some(proxies) = &app.proxies {
        proxies.apply(&mut request);
    }
    if app.state.settings().debug
        && let Some(answer) = debug_page::entered(&request)
    {
        return Either::Right(Box::pin(std::future::ready(answer)) as BoxFuture<Response>);
    }
    if app.state.settings().request_spans {
        return Either::Right(in_span(app.clone(), request));
    }
    match &app.layers {
        None => Either::Left(dispatch::dispatch(app, request, None)),
        Some(layers) => Either::Right(through_layers(app.clone(), layers.clone(), request)),
    }
}

fn in_span(app: Arc<Frozen>, mut request: Request) -> BoxFuture<Response> {
    let span = RequestSpan::begin(&mut request);
    Box::pin(span.around(async move {
        match &app.layers {
            None => dispatch::dispatch(&app, request, None).await,
            Some(layers) => through_layers(app.clone(), layers.clone(), request).await,
        }
    }))
}

fn through_layers(app: Arc<Frozen>, layers: Inner, request: Request) -> BoxFuture<Response> {
    Box::pin(async move {
        // Layers may answer, fail or change the request before it is dispatched; what they raise sees this one.
        let context = Context::for_arrival(app.state.clone(), request.head());
        let mut request: http::Request<Body> = request.into();
        request.extensions_mut().insert(context.clone());
        match context.clone().scope(layers.call_boxed(request)).await {
            Ok(response) => response.into(),
            Err(error) => dispatch::answer_layer_error(&app, context, Error::from_layer(error)).await,
        }
    })
}
