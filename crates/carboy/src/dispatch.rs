//! The life of one request, in the order in which it happens.
//!
//! The steps are numbered as in ARCHITECTURE.md. Everything here runs in the request's context.

use crate::{
    Error, Result,
    app::Frozen,
    ctx::{Context, CurrentRequest, Matched, RoutingError},
    debug_page, hooks,
    hooks::{ErrorHandlers, Step},
    logging,
    registry::{Entry, Plan},
    runtime::{self, Entered},
    session::Session,
    signals::ResponseEvent,
    state::State,
    view::{BoxFuture, IntoResponse, View},
};
use carboy_http::{Body, HeaderMap, HttpError, Method, Request, Response, StatusCode, header, host};
use carboy_routing::{Bind, MatchError, Target};
use std::{
    future::Future,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::Pin,
    sync::{Arc, Mutex},
    task::{Context as TaskContext, Poll},
    time::{Duration, Instant},
};

/// A poll longer than this is logged: it held up every other request of its worker.
const LONG_POLL: Duration = Duration::from_millis(100);

/// An error that the app hands on to whoever called it, as Flask lets it escape when testing or debugging: the test client
/// raises it again.
#[derive(Clone)]
pub(crate) struct Propagated(pub(crate) Error);

/// Answers a request that has come through the layers.
pub(crate) fn dispatch(app: Arc<Frozen>, context: Arc<Context>) -> impl Future<Output = Response> + Send {
    let life = Life { end: End::new(app.clone(), context.clone()), app, context: context.clone() };
    Watched::new(Entered::new(context.clone().scope(life.run())), context)
}

/// One request on its way.
struct Life {
    app: Arc<Frozen>,
    context: Arc<Context>,
    end: End,
}

impl Life {
    async fn run(self) -> Response {
        let Life { app, context, mut end } = self;
        let state = &app.state;
        let request = context.request().expect("dispatched with a request");
        request.set_limits(state.settings().limits);
        state.signals().appcontext_pushed.send(|| ());

        // 4 The context: the URL map matches, and what it says is kept. The session opens at first touch.
        if let Some(answering) = elsewhere(&app, &context, request) {
            end.hooks = false;
            return end.attach(answering.await);
        }
        let loaded = match state.sessions().load(state.session_config(), request.headers()) {
            Some(loading) => loading.await.map(|session| context.set_session(session)),
            None => Ok(()),
        };

        // 5–8 On the way to a response. A panic is an error like any other.
        state.signals().request_started.send(|| ());
        let plan = plan(&app, &context);
        let answered = match loaded {
            Ok(()) => Caught::new(answer(&app, &context, plan)).await.flatten(),
            Err(error) => Err(error),
        };
        // What is rare is boxed: the future of a request is copied before it first runs, so it had better be small.
        let answer = match answered {
            Ok(response) => response,
            Err(error) => Box::pin(answer_error(&app, &context, error, &mut end)).await,
        };

        // 9, 10 On the way back.
        let mut response = finalize(&app, &context, answer, &mut end).await;
        if state.testing() {
            response.extensions_mut().insert(context);
        }
        end.attach(response)
    }
}

/// The functions for this request: those of the matched rule's blueprint, or the app's alone.
fn plan<'a>(app: &'a Frozen, context: &Context) -> &'a Plan {
    match entry(app, context) {
        Some(entry) => &app.registry.plans[entry.plan],
        None => &app.registry.plans[0],
    }
}

fn entry<'a>(app: &'a Frozen, context: &Context) -> Option<&'a Entry> {
    Some(app.registry.entry(app.state.url_map(), context.matched()?.rule))
}

/// Step 4: finds the rule, or whoever else answers: a mounted service, or the fallback when no rule does.
fn elsewhere(app: &Frozen, context: &Arc<Context>, request: &Request) -> Option<BoxFuture<Response>> {
    if let Some((service, prefix)) = app.mounts.find(&request.path()) {
        let request = crate::middleware::mounted(request, prefix);
        let service = service.clone();
        return Some(Box::pin(async move { service.respond(request).await }));
    }
    let routing = route(&app.state, request);
    if let (Err(error), Some(fallback)) = (&routing, &app.fallback)
        && fallback_takes(error)
    {
        let (fallback, request) = (fallback.clone(), crate::middleware::take(request));
        return Some(Box::pin(async move { fallback.respond(request).await }));
    }
    context.set_routing(routing);
    None
}

/// The fallback answers what no rule of this app does: not an untrusted host.
fn fallback_takes(error: &RoutingError) -> bool {
    match error {
        RoutingError::Http(error) => matches!(error.status().as_u16(), 404 | 405),
        RoutingError::Redirect(_) => false,
    }
}

fn route(state: &State, request: &Request) -> std::result::Result<Matched, RoutingError> {
    let settings = state.settings();
    if let Some(trusted) = &settings.trusted_hosts {
        let host = request.host();
        if !host::host_is_trusted(&host, trusted) {
            return Err(RoutingError::Http(
                HttpError::security(format!("Host '{}' is not trusted.", host.escape_default())).into(),
            ));
        }
    }
    let path = request.path();
    let server = state.needs_host().then(|| state.server_and_subdomain(request));
    let target = target(request, &path, &server);
    let error = match state.url_map().matches(&target) {
        Ok(matched) => return Ok(Matched { rule: matched.rule.id(), args: Mutex::new(matched.args) }),
        // Only a redirect names the host, so only now it is looked at.
        Err(MatchError::Redirect(_)) if server.is_none() => {
            let server = Some(state.server_and_subdomain(request));
            match state.url_map().matches(&self::target(request, &path, &server)) {
                Ok(matched) => {
                    return Ok(Matched { rule: matched.rule.id(), args: Mutex::new(matched.args) });
                }
                Err(error) => error,
            }
        }
        Err(error) => error,
    };
    Err(RoutingError::from_match(error, |redirect| state.redirect_location(redirect)))
}

/// What the URL map matches; with the server's name and subdomain where they matter.
fn target<'a>(
    request: &'a Request,
    path: &'a str,
    server: &'a Option<(String, Option<String>)>,
) -> Target<'a> {
    let (name, subdomain) = server.as_ref().map_or(("", None), |(name, sub)| (name.as_str(), sub.as_deref()));
    let mut bind = Bind::new(name)
        .script_name(request.script_root())
        .scheme(request.scheme())
        .method(request.method().as_str());
    if let Some(subdomain) = subdomain {
        bind = bind.subdomain(subdomain);
    }
    Target::new(bind, path).query(request.query_string()).websocket(is_websocket(request))
}

/// Whether a request opens a WebSocket (RFC 6455 section 4.1).
fn is_websocket(request: &Request) -> bool {
    request.header("upgrade").is_some_and(|protocol| protocol.eq_ignore_ascii_case("websocket"))
}

/// Steps 5 to 7: preprocessors, hooks, body, view.
async fn answer(app: &Arc<Frozen>, context: &Arc<Context>, plan: &Plan) -> Result<Response> {
    if !plan.url_value_preprocessors.is_empty() {
        context.preprocess(&plan.url_value_preprocessors);
    }
    for hook in &plan.before_request {
        if let Some(response) = hook().resolve().await.0? {
            return Ok(response);
        }
    }
    match context.routing() {
        Some(Err(RoutingError::Http(error))) => return Err(error.clone()),
        Some(Err(RoutingError::Redirect(location))) => {
            return crate::view::Redirect::permanent(location).into_response();
        }
        _ => {}
    }
    let (Some(entry), Some(request)) = (entry(app, context), context.request()) else {
        return Err(HttpError::new(StatusCode::NOT_FOUND).into());
    };
    if entry.automatic_options && request.method() == Method::OPTIONS {
        return Ok(options(context));
    }
    if !entry.stream {
        match request.body_loaded() {
            Some(result) => result?,
            None => Box::pin(request.load_body()).await?,
        }
    }
    let Some(view) = &entry.view else {
        return Err(Error::msg(format!(
            "no view is registered for the endpoint '{}'",
            context.endpoint().unwrap_or("")
        )));
    };
    call(app, context, view).await
}

/// Step 7: runs the view where it belongs.
async fn call(app: &Frozen, context: &Arc<Context>, view: &Arc<View>) -> Result<Response> {
    match &**view {
        View::Sync(f) if !app.state.settings().sync_views_block => f(context),
        View::Async(f) => f(context.clone()).await,
        View::Sync(_) | View::Blocking(_) => {
            let (context, view) = (context.clone(), view.clone());
            runtime::blocking(move || match &*view {
                View::Sync(f) => f(&context),
                View::Blocking(f) => f(&context),
                View::Async(_) => unreachable!("asynchronous views are awaited"),
            })
            .await
        }
    }
}

/// The automatic answer to OPTIONS.
fn options(context: &Context) -> Response {
    let mut response = Response::html("");
    let request = context.request().expect("only called in a request");
    let path = request.path();
    let state = context.state();
    let server = state.needs_host().then(|| state.server_and_subdomain(request));
    let allowed = state.url_map().allowed_methods(&target(request, &path, &server));
    if let Ok(allowed) = allowed.to_string().parse() {
        response.headers_mut().insert(header::ALLOW, allowed);
    }
    response
}

/// An error of a layer, which may have kept the request from being dispatched: the error handlers see it.
pub(crate) async fn answer_layer_error(app: &Arc<Frozen>, context: Arc<Context>, error: Error) -> Response {
    let mut end = End::new(app.clone(), context.clone());
    // If the request was dispatched, its own end has come already.
    end.hooks = false;
    let answer = Caught::new(answer_error(app, &context, error, &mut end));
    let mut response = match Entered::new(context.clone().scope(answer)).await {
        Ok(response) => response,
        Err(_) => HttpError::new(StatusCode::INTERNAL_SERVER_ERROR).to_response(),
    };
    if let Some(request) = context.request() {
        response.finalize(request.method());
    }
    response
}

/// A context of a request that is routed, and goes no further.
pub(crate) fn undispatched(app: &Arc<Frozen>, request: Request) -> Arc<Context> {
    let routing = route(&app.state, &request);
    let context = Context::for_request(app.state.clone(), request);
    context.set_routing(routing);
    context
}

/// The session that a request with these headers sees.
pub(crate) async fn open_session_now(state: &State, headers: &HeaderMap) -> Result<Session> {
    match state.sessions().load(state.session_config(), headers) {
        Some(loading) => loading.await,
        None => Ok(state.sessions().open(state.session_config(), headers)),
    }
}

/// Step 8: an error becomes a response: by a handler, by its own page, or as an internal server error.
async fn answer_error(app: &Arc<Frozen>, context: &Arc<Context>, error: Error, end: &mut End) -> Response {
    let settings = app.state.settings();
    let handlers = &plan(app, context).error_handlers;
    // What an error handler raises is itself an error nobody handles.
    let unhandled = match error.http() {
        // A response that was raised as it is: no handler is asked.
        Some(http) if http.code().is_none() => return http.to_response(),
        Some(http) if !settings.traps(http) => match ErrorHandlers::find(handlers.iter(), &error) {
            Some(handler) => match run_handler(handler, error.clone()).await {
                Ok(response) => return response,
                Err(raised) => raised,
            },
            None if settings.shows_bad_request_keys() => return http.to_debug_response(),
            None => return http.to_response(),
        },
        _ => match ErrorHandlers::find(handlers.iter(), &error) {
            Some(handler) => match run_handler(handler, error).await {
                Ok(response) => return response,
                Err(raised) => raised,
            },
            None => error,
        },
    };
    internal_error(app, context, unhandled, end).await
}

/// An error nobody handled: told, logged, and answered with status 500.
async fn internal_error(app: &Arc<Frozen>, context: &Arc<Context>, error: Error, end: &mut End) -> Response {
    let state = &app.state;
    end.error = Some(error.clone());
    let _ = catch_unwind(AssertUnwindSafe(|| state.signals().got_request_exception.send(|| error.clone())));
    let request = CurrentRequest::of(context).expect("only called in a request");
    if state.settings().propagate_exceptions {
        let mut response = if state.settings().debug {
            logging::exception(state.name(), &request, &error);
            debug_page::response(context, &error)
        } else {
            HttpError::new(StatusCode::INTERNAL_SERVER_ERROR).to_response()
        };
        response.extensions_mut().insert(Propagated(error));
        return response;
    }
    logging::exception(state.name(), &request, &error);
    let error = hooks::internal_server_error(error);
    let handlers = &plan(app, context).error_handlers;
    match ErrorHandlers::find(handlers.iter(), &error) {
        Some(handler) => match run_handler(handler, error).await {
            Ok(response) => response,
            Err(raised) => {
                logging::exception(state.name(), &request, &raised);
                HttpError::new(StatusCode::INTERNAL_SERVER_ERROR).to_response()
            }
        },
        None => HttpError::new(StatusCode::INTERNAL_SERVER_ERROR).to_response(),
    }
}

async fn run_handler(handler: &hooks::ErrorHandler, error: Error) -> Result<Response> {
    match catch(|| handler(error))? {
        Step::Ready(answer) => answer.0,
        Step::Pending(future) => match Caught::new(future).await {
            Ok(answer) => answer.0,
            Err(panic) => Err(panic),
        },
    }
}

/// Steps 9 and 10: the functions for the response, the session, the signal.
async fn finalize(app: &Arc<Frozen>, context: &Arc<Context>, response: Response, end: &mut End) -> Response {
    let response = match Caught::new(process(app, context, response)).await.flatten() {
        Ok(response) => response,
        Err(error) => Box::pin(finalize_error(app, context, error, end)).await,
    };
    app.state.signals().request_finished.send(|| ResponseEvent::from(&response));
    response
}

/// An error on the way back: Flask processes the page about it once more, and only logs when that fails too.
async fn finalize_error(app: &Arc<Frozen>, context: &Arc<Context>, error: Error, end: &mut End) -> Response {
    let page = internal_error(app, context, error, end).await;
    match Caught::new(process(app, context, page)).await.flatten() {
        Ok(response) => response,
        Err(error) => {
            tracing::error!(
                target: "carboy::app",
                "Request finalizing failed with an error while handling an error: {error}"
            );
            HttpError::new(StatusCode::INTERNAL_SERVER_ERROR).to_response()
        }
    }
}

async fn process(app: &Arc<Frozen>, context: &Arc<Context>, mut response: Response) -> Result<Response> {
    for f in context.take_after_this_request() {
        response = f(response)?;
    }
    for hook in &plan(app, context).after_request {
        response = hook(response).resolve().await.0?;
    }
    save_session(&app.state, context, &mut response).await?;
    let request = context.request().expect("only called in a request");
    response.finalize(request.method());
    Ok(response)
}

/// Step 10: the session is saved once, after every function that may still change it.
async fn save_session(state: &State, context: &Context, response: &mut Response) -> Result<()> {
    let sessions = state.sessions();
    let session = match context.opened_session() {
        Some(session) => session,
        // A permanent session is refreshed even when nobody touched it.
        None => {
            let request = context.request().expect("only called in a request");
            if !sessions.refreshes_untouched(state.session_config(), request.headers()) {
                return Ok(());
            }
            context.open_session()
        }
    };
    if session.is_null() {
        return Ok(());
    }
    let secure = context.request().is_some_and(Request::is_secure);
    sessions.save(state.session_config(), session, secure, response).await
}

/// Step 11, the end of a request: teardown functions and signals, exactly once.
///
/// It fires when it is dropped: at the end of the life of the request, at the end of a streamed body, or wherever the
/// client's going away drops them.
pub(crate) struct End {
    app: Arc<Frozen>,
    context: Arc<Context>,
    error: Option<Error>,
    /// Whether this app answers; a mounted service or the fallback has an end of its own.
    hooks: bool,
}

impl End {
    fn new(app: Arc<Frozen>, context: Arc<Context>) -> Self {
        End { app, context, error: None, hooks: true }
    }

    /// Moves the end behind a body that is still to be streamed; any other response ends the request here.
    fn attach(self, response: Response) -> Response {
        if !self.hooks || !response.body().is_stream() {
            return response;
        }
        response.map_body(|body| Body::stream(Guarded { body, end: Some(self) }))
    }
}

impl Drop for End {
    fn drop(&mut self) {
        if !self.hooks {
            return;
        }
        let plan = plan(&self.app, &self.context);
        let signals = self.app.state.signals();
        let idle = plan.teardown_request.is_empty()
            && self.app.registry.teardown_appcontext.is_empty()
            && !signals.request_tearing_down.has_receivers()
            && !signals.appcontext_tearing_down.has_receivers()
            && !signals.appcontext_popped.has_receivers();
        if idle {
            return;
        }
        let _runtime = runtime::handle().enter();
        let context = self.context.clone();
        context.sync_scope(|| {
            tear_down(&context, &plan.teardown_request, &self.error);
            quiet(|| signals.request_tearing_down.send(|| self.error.clone()));
            end_app_context(&self.app, &context, &self.error);
        });
    }
}

/// The end of a context of the app: what [`End`] does last, and all that a context without a request does.
pub(crate) fn end_app_context(app: &Frozen, context: &Arc<Context>, error: &Option<Error>) {
    let signals = app.state.signals();
    tear_down(context, &app.registry.teardown_appcontext, error);
    quiet(|| signals.appcontext_tearing_down.send(|| error.clone()));
    quiet(|| signals.appcontext_popped.send(|| ()));
}

/// Runs teardown functions; one that panics does not keep the others from running.
fn tear_down(context: &Arc<Context>, functions: &[hooks::Teardown], error: &Option<Error>) {
    for f in functions {
        match catch(|| f(error.clone())) {
            Ok(Step::Ready(())) => {}
            Ok(Step::Pending(future)) => {
                let future = Caught::new(context.clone().scope(future));
                runtime::spawn_tracked(async move {
                    if let Err(panic) = future.await {
                        tracing::error!(target: "carboy::app", "a teardown function {panic}");
                    }
                });
            }
            Err(panic) => tracing::error!(target: "carboy::app", "a teardown function {panic}"),
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
        end: Option<End>,
    }
}

impl http_body::Body for Guarded {
    type Data = bytes::Bytes;
    type Error = carboy_http::BodyError;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut TaskContext<'_>,
    ) -> Poll<Option<std::result::Result<http_body::Frame<bytes::Bytes>, Self::Error>>> {
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
                if let Some(end) = this.end {
                    end.error = Some(Error::msg(error.to_string()));
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

fn catch<T>(f: impl FnOnce() -> T) -> Result<T> {
    // What a panic may leave half done belongs to the request, and that ends here.
    catch_unwind(AssertUnwindSafe(f)).map_err(Error::from_panic)
}

pin_project_lite::pin_project! {
    /// A future whose panics are errors.
    struct Caught<F> {
        #[pin]
        inner: F,
    }
}

impl<F> Caught<F> {
    fn new(inner: F) -> Self {
        Caught { inner }
    }
}

impl<F: Future> Future for Caught<F> {
    type Output = Result<F::Output>;
    fn poll(self: Pin<&mut Self>, cx: &mut TaskContext<'_>) -> Poll<Self::Output> {
        let inner = self.project().inner;
        match catch(|| inner.poll(cx)) {
            Ok(Poll::Ready(value)) => Poll::Ready(Ok(value)),
            Ok(Poll::Pending) => Poll::Pending,
            Err(panic) => Poll::Ready(Err(panic)),
        }
    }
}

pin_project_lite::pin_project! {
    /// Notices polls that hold up the worker.
    struct Watched<F> {
        #[pin]
        inner: F,
        context: Arc<Context>,
    }
}

impl<F> Watched<F> {
    fn new(inner: F, context: Arc<Context>) -> Self {
        Watched { inner, context }
    }
}

impl<F: Future> Future for Watched<F> {
    type Output = F::Output;
    fn poll(self: Pin<&mut Self>, cx: &mut TaskContext<'_>) -> Poll<F::Output> {
        let this = self.project();
        let start = Instant::now();
        let polled = this.inner.poll(cx);
        let taken = start.elapsed();
        if taken > LONG_POLL {
            tracing::warn!(
                target: "carboy::app",
                "the view `{}` blocked its worker for {} ms: make it `async` and await what takes long, or add `blocking` \
                 to its route",
                this.context.endpoint().unwrap_or("?"),
                taken.as_millis()
            );
        }
        polled
    }
}
