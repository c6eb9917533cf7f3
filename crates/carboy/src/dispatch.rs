//! The life of one request, in the order in which it happens.
//!
//! The steps are numbered as in ARCHITECTURE.md. Everything here runs in the request's context.

#[cfg(feature = "websocket")]
use crate::websocket;
use crate::{
    Error, Result,
    ctx::{Context, CurrentRequest, Dispatched, Matched, RoutingError},
    debug_page,
    end::End,
    hooks,
    hooks::{ErrorHandlers, Step},
    logging,
    middleware::Inner,
    polling::{Caught, catch, poll_in},
    registry::Plan,
    running::{Frozen, blueprint_of},
    runtime::Entered,
    session::Session,
    signals::ResponseEvent,
    state::State,
    view::{BoxFuture, IntoResponse},
};
use carboy_http::{
    HeaderMap, HttpError, HttpErrorKind, MatchedRoute, Method, Request, Response, StatusCode, header, host,
};
use carboy_routing::{Args, Bind, Match, MatchError, Target};
use futures_util::future::Either;
use std::{
    error::Error as _,
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context as TaskContext, Poll},
};

/// An error that the app hands on to whoever called it, as Flask lets it escape when testing or debugging: the test client
/// raises it again.
#[derive(Clone)]
pub(crate) struct Propagated(pub(crate) Error);

/// Answers a request that has come through the layers; `arrival` is the context that was made before them, if there are any.
///
/// Step 4: the URL map matches. A mounted service, or the fallback for what no rule takes, answers by itself; otherwise what the
/// map says is kept in the context.
///
/// The response is still to be made fit for its method: that is for the door ([`Response::finalize`]).
pub(crate) fn dispatch(
    app: &Arc<Frozen>,
    mut request: Request,
    arrival: Option<Arc<Context>>,
) -> impl Future<Output = Response> + Send {
    if !app.mounts.is_empty()
        && let Some((service, prefix)) = app.mounts.find(request.path())
    {
        if let Some(route) = request.extensions().get::<MatchedRoute>() {
            route.set(&format!("{prefix}/…"));
        }
        return Either::Right(elsewhere(service, crate::middleware::mounted(&request, prefix)));
    }
    let state = &app.state;
    *request.limits_mut() = state.settings().limits;
    // Converters of the app's own may look at the context, so it has to stand before they are asked.
    let arrival = match arrival {
        None if state.has_own_converters => Some(Context::for_arrival(state.clone(), request.head())),
        arrival => arrival,
    };
    let routing = match &arrival {
        Some(context) => context.sync_scope(|| route(state, &request)),
        None => route(state, &request),
    };
    if let (Ok(matched), Some(route)) = (&routing, request.extensions().get::<MatchedRoute>()) {
        route.set(state.url_map().rule(matched.rule).text());
    }
    if let Some(fallback) = &app.fallback
        && fallback_takes(app, &routing)
    {
        return Either::Right(to_fallback(app, fallback, request, arrival));
    }
    let dispatched = Dispatched { request: request.into(), routing };
    let context = match arrival {
        None => Context::for_request(state, dispatched),
        Some(context) => match context.dispatch(dispatched) {
            Ok(()) => context,
            // A layer may send a request on twice; each sending is a request of its own.
            Err(dispatched) => Context::for_request(state, *dispatched),
        },
    };
    Either::Left(Dispatch {
        end: Some(End::new(app, context.clone())),
        life: Box::pin(live(app, context)),
        recovery: None,
    })
}

fn elsewhere(service: &Inner, request: Request) -> BoxFuture<Response> {
    let service = service.clone();
    Box::pin(async move { service.respond(request).await })
}

/// The fallback answers what no rule of this app does: a path, a method or a WebSocket without one, and a file that the
/// automatic rule for static files does not have. It does not get requests to an untrusted host.
fn fallback_takes(app: &Frozen, routing: &std::result::Result<Matched, RoutingError>) -> bool {
    let state = &app.state;
    match routing {
        Ok(matched) => {
            app.registry.entry(matched.tag).static_files && {
                let endpoint = state.url_map().rule(matched.rule).get_endpoint();
                !state.static_sources.has(blueprint_of(endpoint), &matched.text("filename"))
            }
        }
        Err(RoutingError::Http(error)) => {
            match error.http().map(|http| (http.status().as_u16(), http.kind())) {
                Some((404 | 405, _)) => true,
                // Only a WebSocket rule takes the path, or the reverse.
                Some((400, HttpErrorKind::Plain)) => true,
                _ => false,
            }
        }
        Err(RoutingError::Redirect(_)) => false,
    }
}

/// Answers with the fallback; when that fails, the error handlers are asked.
fn to_fallback(
    app: &Arc<Frozen>,
    fallback: &Inner,
    request: Request,
    arrival: Option<Arc<Context>>,
) -> BoxFuture<Response> {
    let app = app.clone();
    let context = arrival.unwrap_or_else(|| Context::for_arrival(app.state.clone(), request.head()));
    let answer = fallback.call_boxed(request.into());
    Box::pin(async move {
        match answer.await {
            Ok(response) => response.into(),
            Err(error) => answer_layer_error(&app, context, Error::from_layer(error)).await,
        }
    })
}

/// A request on its way: its life, what follows if that panics, and the end that comes in any case.
///
/// The life is boxed, because a future is moved half a dozen times before it first runs.
struct Dispatch<'a, F> {
    life: Pin<Box<F>>,
    recovery: Option<BoxFuture<Response>>,
    end: Option<End<&'a Arc<Frozen>>>,
}

impl<F: Future<Output = Response>> Future for Dispatch<'_, F> {
    type Output = Response;

    fn poll(self: Pin<&mut Self>, cx: &mut TaskContext<'_>) -> Poll<Response> {
        let this = self.get_mut();
        let end = this.end.as_mut().expect("a future is not polled after it is ready");
        let response = loop {
            let polled = match &mut this.recovery {
                None => poll_in(end.slot(), || this.life.as_mut().poll(cx)),
                Some(recovery) => poll_in(end.slot(), || recovery.as_mut().poll(cx)),
            };
            match (polled, &this.recovery) {
                (Ok(Poll::Pending), _) => return Poll::Pending,
                (Ok(Poll::Ready(response)), _) => break response,
                // A panic is an error like any other: it is answered once.
                (Err(panic), None) => {
                    let context = end.slot().clone().expect("a slot has its context back after a poll");
                    this.recovery = Some(Box::pin(recover(Arc::clone(end.app()), context, panic)));
                }
                (Err(panic), Some(_)) => {
                    tracing::error!(target: "carboy::app", "the answer to a panic {panic}");
                    break HttpError::new(StatusCode::INTERNAL_SERVER_ERROR).to_response();
                }
            }
        };
        Poll::Ready(match this.end.take() {
            #[cfg(feature = "websocket")]
            Some(end) if response.status() == StatusCode::SWITCHING_PROTOCOLS => {
                websocket::attach(end, response)
            }
            Some(end) => end.attach(response),
            None => response,
        })
    }
}

/// Steps 5 to 10.
///
/// What is rare is boxed: the future of a request is copied before it first runs, so it had better be small.
async fn live(app: &Arc<Frozen>, context: Arc<Context>) -> Response {
    let state = &app.state;
    let request = context.request().expect("dispatched with a request");
    let plan = app.plan(&context);
    state.signals().appcontext_pushed.send(|| ());
    let loaded = match state.sessions().load(state.session_config(), request.headers()) {
        Some(loading) => loading.await.map(|session| context.set_session(session)),
        None => Ok(()),
    };
    let prepared = match loaded {
        Ok(()) if !app.registry.prepare_request.is_empty() => Box::pin(prepare(app)).await,
        loaded => loaded,
    };

    // 5–8 On the way to a response.
    state.signals().request_started.send(|| ());
    let answered = match prepared {
        Ok(()) => answer(app, &context, plan).await,
        Err(error) => Err(error),
    };
    let answer = match answered {
        Ok(response) => Answer::Response(response),
        Err(error) => Box::pin(answer_error(app, &context, error)).await,
    };

    // 9, 10 On the way back.
    context.set_answered();
    let response = match answer {
        Answer::Response(response) => response,
        Answer::InternalError(page) => return Box::pin(process_page(app, &context, page)).await,
    };
    match process(app, &context, plan, response, None).await {
        Ok(response) => finished(app, &context, response),
        Err(error) => Box::pin(process_error(app, &context, error)).await,
    }
}

/// What extensions load before anything else runs.
async fn prepare(app: &Frozen) -> Result<()> {
    for hook in &app.registry.prepare_request {
        let answer = match hook() {
            Step::Ready(answer) => answer,
            Step::Pending(future) => future.await,
        };
        answer.0?;
    }
    Ok(())
}

/// Goes on after a panic: as after an error in the same place.
async fn recover(app: Arc<Frozen>, context: Arc<Context>, panic: Error) -> Response {
    if context.is_answered() {
        return process_error(&app, &context, panic).await;
    }
    let answer = answer_error(&app, &context, panic).await;
    context.set_answered();
    let response = match answer {
        Answer::Response(response) => response,
        Answer::InternalError(page) => return process_page(&app, &context, page).await,
    };
    match Caught::new(process(&app, &context, app.plan(&context), response, None)).await.flatten() {
        Ok(response) => finished(&app, &context, response),
        Err(error) => process_error(&app, &context, error).await,
    }
}

fn route(state: &State, request: &Request) -> std::result::Result<Matched, RoutingError> {
    let settings = state.settings();
    let limits = &settings.limits;
    let too_long = || Err(RoutingError::Http(HttpError::new(StatusCode::URI_TOO_LONG).into()));
    // A query of n bytes has at most (n + 1) / 2 arguments.
    let too_many = || {
        limits.max_args.is_some_and(|max| request.query_string().len() / 2 >= max)
            && request.check_args().is_err()
    };
    if limits.max_path_length.is_some_and(|max| request.uri().path().len() > max) {
        return too_long();
    }
    if let Some(trusted) = &settings.trusted_hosts
        && !host::host_is_trusted(request.host(), trusted)
    {
        // No answer repeats a host that somebody made up.
        tracing::debug!(target: "carboy::app", "the host '{}' is not trusted", logging::escaped(&said_host(request)));
        return Err(RoutingError::Http(HttpError::security("The host is not trusted.").into()));
    }
    let path = request.path();
    if !state.needs_host()
        && let Some(rule) = state.url_map().fixed(request.method().as_str(), path)
        && !is_websocket(request)
    {
        if too_many() {
            return too_long();
        }
        return Ok(Matched::new(Match { rule, args: Args::default() }));
    }
    let server = state.needs_host().then(|| state.server_and_subdomain(request));
    let target = target(request, path, &server);
    let error = match state.url_map().matches(&target) {
        Ok(_) if too_many() => return too_long(),
        Ok(matched) => return Ok(Matched::new(matched)),
        // Only a redirect names the host, so only now it is looked at.
        Err(MatchError::Redirect(_)) if server.is_none() => {
            let server = Some(state.server_and_subdomain(request));
            match state.url_map().matches(&self::target(request, path, &server)) {
                Ok(matched) => return Ok(Matched::new(matched)),
                Err(error) => error,
            }
        }
        Err(error) => error,
    };
    Err(RoutingError::from_match(error, |redirect| state.redirect_location(redirect)))
}

/// The host as the client said it.
fn said_host(request: &Request) -> std::borrow::Cow<'_, str> {
    match request.uri().authority() {
        Some(authority) => authority.as_str().into(),
        None => request.header("host").unwrap_or_default(),
    }
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
    request
        .headers()
        .get(header::UPGRADE)
        .is_some_and(|protocol| protocol.as_bytes().eq_ignore_ascii_case(b"websocket"))
}

/// Steps 5 to 7: preprocessors, hooks, guards, body, view.
async fn answer(app: &Arc<Frozen>, context: &Arc<Context>, plan: &Plan) -> Result<Response> {
    if !plan.url_value_preprocessors.is_empty() {
        context.preprocess(&plan.url_value_preprocessors);
    }
    for hook in &plan.before_request {
        let answer = match hook() {
            Step::Ready(answer) => answer,
            Step::Pending(future) => future.await,
        };
        if let Some(response) = answer.0? {
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
    let (Some(entry), Some(request)) = (app.entry(context), context.request()) else {
        return Err(HttpError::new(StatusCode::NOT_FOUND).into());
    };
    if entry.automatic_options && request.method() == Method::OPTIONS {
        return Ok(options(context));
    }
    for guard in &*entry.guards {
        let answer = match guard.run() {
            Step::Ready(answer) => answer,
            Step::Pending(future) => future.await,
        };
        if let Some(response) = answer.0? {
            return Ok(response);
        }
    }
    if !entry.stream {
        let loaded = match request.body_loaded() {
            Some(result) => result,
            None => Box::pin(request.load_body()).await,
        };
        loaded
            .map_err(|error| entry.body_refused.iter().fold(error, |error, refuse| refuse(context, error)))?;
    }
    let Some(view) = &entry.view else {
        return Err(Error::msg(format!(
            "no view is registered for the endpoint '{}'",
            context.endpoint().unwrap_or("")
        )));
    };
    // Step 7.
    view.call(context).await
}

/// The automatic answer to OPTIONS.
fn options(context: &Context) -> Response {
    let mut response = Response::html("");
    let request = context.request().expect("only called in a request");
    let path = request.path();
    let state = context.state();
    let server = state.needs_host().then(|| state.server_and_subdomain(request));
    let allowed = state.url_map().allowed_methods(&target(request, path, &server));
    let allowed = allowed.to_string();
    if !allowed.is_empty()
        && let Ok(allowed) = allowed.parse()
    {
        response.headers_mut().insert(header::ALLOW, allowed);
    }
    response
}

/// An error of a layer, which may have kept the request from being dispatched: the error handlers see it.
pub(crate) async fn answer_layer_error(app: &Arc<Frozen>, context: Arc<Context>, error: Error) -> Response {
    let answer = Caught::new(answer_error(app, &context, error));
    match Entered::new(context.clone().scope(answer)).await {
        Ok(Answer::Response(response) | Answer::InternalError(response)) => response,
        Err(_) => HttpError::new(StatusCode::INTERNAL_SERVER_ERROR).to_response(),
    }
}

/// A context of a request that is routed, and goes no further.
pub(crate) fn undispatched(app: &Arc<Frozen>, request: Request) -> Arc<Context> {
    let routing = route(&app.state, &request);
    Context::for_request(&app.state, Dispatched { request: request.into(), routing })
}

/// The session that a request with these headers sees.
pub(crate) async fn open_session_now(state: &State, headers: &HeaderMap) -> Result<Session> {
    match state.sessions().load(state.session_config(), headers) {
        Some(loading) => loading.await,
        None => Ok(state.sessions().open(state.session_config(), headers)),
    }
}

/// What an error became.
enum Answer {
    /// What a handler made of it, or its own page.
    Response(Response),
    /// The answer to an error nobody handled: what fails on its way back is only logged.
    InternalError(Response),
}

/// Step 8: an error becomes a response: by a handler, by its own page, or as an internal server error.
async fn answer_error(app: &Arc<Frozen>, context: &Arc<Context>, error: Error) -> Answer {
    let settings = app.state.settings();
    let handlers = &app.plan(context).error_handlers;
    if let Some(http) = error.http().filter(|http| http.status().is_server_error())
        && let Some(source) = http.source()
    {
        // The client is told that something is wrong, whoever runs the app what it is.
        tracing::error!(target: "carboy::app", "{} {}: {source}", http.status().as_u16(), http.name());
    }
    // What an error handler raises is itself an error nobody handles.
    let unhandled = match error.http() {
        // A response that was raised as it is: no handler is asked.
        Some(http) if http.code().is_none() => return Answer::Response(http.to_response()),
        Some(http) if !settings.traps(http) => match ErrorHandlers::find(handlers.iter(), &error) {
            Some(handler) => match run_handler(handler, error.clone()).await {
                Ok(response) => return Answer::Response(response),
                Err(raised) => raised,
            },
            None if settings.shows_bad_request_keys() => return Answer::Response(http.to_debug_response()),
            None => return Answer::Response(http.to_response()),
        },
        _ => match ErrorHandlers::find(handlers.iter(), &error) {
            Some(handler) => match run_handler(handler, error).await {
                Ok(response) => return Answer::Response(response),
                Err(raised) => raised,
            },
            None => error,
        },
    };
    Answer::InternalError(internal_error(app, context, unhandled).await)
}

/// An error nobody handled: told, logged, and answered with status 500.
async fn internal_error(app: &Arc<Frozen>, context: &Arc<Context>, error: Error) -> Response {
    let state = &app.state;
    context.note_error(error.clone());
    let _ = catch(|| state.signals().got_request_exception.send(|| error.clone()));
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
    let handlers = &app.plan(context).error_handlers;
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

/// An error on the way back: the page about it is sent on the same way.
async fn process_error(app: &Arc<Frozen>, context: &Arc<Context>, error: Error) -> Response {
    let page = internal_error(app, context, error).await;
    process_page(app, context, page).await
}

/// The page about an error nobody handled on its way back: when that fails Flask only logs, and sends the page as far as it
/// has come.
async fn process_page(app: &Arc<Frozen>, context: &Arc<Context>, page: Response) -> Response {
    let mut kept = copy(&page);
    match Caught::new(process(app, context, app.plan(context), page, Some(&mut kept))).await.flatten() {
        Ok(response) => finished(app, context, response),
        Err(error) => {
            tracing::error!(
                target: "carboy::app",
                "Request finalizing failed with an error while handling an error: {error}"
            );
            kept.unwrap_or_else(|| HttpError::new(StatusCode::INTERNAL_SERVER_ERROR).to_response())
        }
    }
}

/// Another response like this one, unless it streams.
fn copy(response: &Response) -> Option<Response> {
    let mut copy = Response::new(response.data()?.to_vec());
    copy.set_status(response.status_line());
    copy.headers_mut().clone_from(response.headers());
    copy.extensions_mut().clone_from(response.extensions());
    Some(copy)
}

/// The response as it leaves the app.
fn finished(app: &Frozen, context: &Arc<Context>, mut response: Response) -> Response {
    app.state.signals().request_finished.send(|| ResponseEvent::from(&response));
    if app.state.testing() {
        response.extensions_mut().insert(context.clone());
    }
    response
}

/// Steps 9 and 10: the functions for the response, what it depends on, the session. `kept` is given a copy of what each of them is given.
async fn process(
    app: &Arc<Frozen>,
    context: &Arc<Context>,
    plan: &Plan,
    mut response: Response,
    mut kept: Option<&mut Option<Response>>,
) -> Result<Response> {
    let mut keep = |response: &Response| {
        if let Some(kept) = &mut kept {
            **kept = copy(response);
        }
    };
    if let Some(functions) = context.take_after_this_request() {
        for f in functions {
            keep(&response);
            response = f(response)?;
        }
    }
    for hook in &plan.after_request {
        keep(&response);
        let answer = match hook(response) {
            Step::Ready(answer) => answer,
            Step::Pending(future) => future.await,
        };
        response = answer.0?;
    }
    context.name_what_it_depends_on(&mut response);
    keep(&response);
    save_session(&app.state, context, &mut response).await?;
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
