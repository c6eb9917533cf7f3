//! The context of a request or of the app, and the accessors that read it.
//!
//! Flask keeps two stacked contexts; here one object holds the app, `g` and, while a request is answered, the request and
//! its session. It is entered around every poll of the code that answers the request, so the accessors work in views,
//! hooks, handlers, templates and whatever they call, and in nothing else.

mod g;

pub(crate) use g::GStore;
pub use g::{G, g, try_g};

use crate::{
    Error,
    session::{self, Session},
    state::State,
};
use carboy_http::{HeaderName, HttpError, Request, Response, StatusCode, header, headers::HeaderSet};
use carboy_routing::{Args, Match, MatchError, RuleId, Value};
#[cfg(feature = "websocket")]
use std::any::Any;
use std::{
    cell::RefCell,
    fmt,
    future::Future,
    ops::Deref,
    pin::Pin,
    sync::{
        Arc, Mutex, MutexGuard, OnceLock,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context as TaskContext, Poll},
};

/// What an answer may be changed by just before the `after_request` functions see it.
pub(crate) type AfterThisRequest = Box<dyn FnOnce(Response) -> crate::Result<Response> + Send>;

/// The app, `g` and, in a request, the request with its session: what the accessors read.
pub struct Context {
    state: Arc<State>,
    g: GStore,
    request: Option<RequestPart>,
}

/// What a context holds in a request.
pub(crate) struct RequestPart {
    place: Place,
    session: OnceLock<Session>,
    answered: AtomicBool,
    rare: OnceLock<Box<Rare>>,
}

/// What few requests have.
#[derive(Default)]
struct Rare {
    after: Mutex<Vec<AfterThisRequest>>,
    /// The error that no handler dealt with.
    error: Mutex<Option<Error>>,
    flashes: Mutex<Option<Vec<(String, session::Value)>>>,
    /// The fields of the request that the answer depends on.
    vary: Mutex<Vec<HeaderName>>,
    /// What the view is given beside the request.
    #[cfg(feature = "websocket")]
    handed: Mutex<Option<Box<dyn Any + Send>>>,
}

impl RequestPart {
    fn new(place: Place) -> Self {
        RequestPart {
            place,
            session: OnceLock::new(),
            answered: AtomicBool::new(false),
            rare: OnceLock::new(),
        }
    }

    fn rare(&self) -> &Rare {
        self.rare.get_or_init(Box::default)
    }
}

/// How far a request has come.
enum Place {
    /// It is dispatched.
    Dispatched(Dispatched),
    /// It has arrived (this is its head); layers, or converters that look at the context, come before its dispatch.
    Arrived(Request, OnceLock<Box<Dispatched>>),
}

/// A request that leaves its memory to the next one when its time is over.
pub(crate) struct Recycled(Option<Request>);

impl Deref for Recycled {
    type Target = Request;

    fn deref(&self) -> &Request {
        self.0.as_ref().expect("it is there until it is dropped")
    }
}

impl Drop for Recycled {
    fn drop(&mut self) {
        if let Some(request) = self.0.take() {
            request.recycle();
        }
    }
}

impl From<Request> for Recycled {
    fn from(request: Request) -> Self {
        Recycled(Some(request))
    }
}

/// A request with what the URL map says about it.
pub(crate) struct Dispatched {
    pub(crate) request: Recycled,
    pub(crate) routing: Result<Matched, RoutingError>,
}

/// The rule that a request matched and the values taken from its path.
pub(crate) struct Matched {
    pub(crate) rule: RuleId,
    /// The rule's tag: where its entry stands in the registry.
    pub(crate) tag: u32,
    args: Args,
    /// What URL value preprocessors made of them.
    preprocessed: OnceLock<Args>,
}

impl Matched {
    pub(crate) fn new(matched: Match<'_>) -> Self {
        let Match { rule, args } = matched;
        Matched { rule: rule.id(), tag: rule.get_tag(), args, preprocessed: OnceLock::new() }
    }

    fn args(&self) -> &Args {
        self.preprocessed.get().unwrap_or(&self.args)
    }

    /// A value from the path, as text.
    pub(crate) fn text(&self, name: &str) -> String {
        self.args().get(name).map(ToString::to_string).unwrap_or_default()
    }
}

/// Why a request is not routed: raised only after the `before_request` functions.
#[derive(Debug)]
pub(crate) enum RoutingError {
    /// No rule, no method, or an untrusted host.
    Http(Error),
    /// A redirect of the URL map: never seen by error handlers.
    Redirect(String),
}

impl RoutingError {
    pub(crate) fn from_match(
        error: MatchError,
        location: impl FnOnce(&carboy_routing::Redirect) -> String,
    ) -> Self {
        match error {
            MatchError::NotFound => RoutingError::Http(HttpError::new(StatusCode::NOT_FOUND).into()),
            MatchError::MethodNotAllowed { allowed } => {
                RoutingError::Http(HttpError::method_not_allowed(allowed.iter()).into())
            }
            MatchError::WebsocketMismatch => {
                RoutingError::Http(HttpError::new(StatusCode::BAD_REQUEST).into())
            }
            MatchError::Redirect(redirect) => RoutingError::Redirect(location(&redirect)),
        }
    }
}

thread_local! {
    static CURRENT: RefCell<Option<Arc<Context>>> = const { RefCell::new(None) };
    /// Contexts of requests that have ended, for the next ones.
    static SPARE: RefCell<Vec<Arc<Context>>> = const { RefCell::new(Vec::new()) };
}

/// How many of them a thread keeps: as a rule one request is under way at a time.
const SPARES: usize = 4;

/// Puts a context in place and the former one back when dropped.
struct Entered {
    former: Option<Arc<Context>>,
}

impl Entered {
    fn new(context: Arc<Context>) -> Self {
        Entered { former: CURRENT.with_borrow_mut(|c| c.replace(context)) }
    }
}

impl Drop for Entered {
    fn drop(&mut self) {
        let former = self.former.take();
        // The context leaves the cell before it is dropped: dropping it may run user code that reads the cell.
        let left = CURRENT.with_borrow_mut(|c| std::mem::replace(c, former));
        drop(left);
    }
}

/// Runs a function in the context of a slot, which has it back afterwards. (A handle of its own would cost more than
/// what many a view does.)
pub(crate) fn lend<T>(slot: &mut Option<Arc<Context>>, f: impl FnOnce() -> T) -> T {
    struct Lent<'a> {
        slot: &'a mut Option<Arc<Context>>,
        former: Option<Arc<Context>>,
    }
    impl Drop for Lent<'_> {
        fn drop(&mut self) {
            let former = self.former.take();
            *self.slot = CURRENT.with_borrow_mut(|c| std::mem::replace(c, former));
        }
    }
    let former = CURRENT.with_borrow_mut(|c| std::mem::replace(c, slot.take()));
    let _lent = Lent { slot, former };
    f()
}

pin_project_lite::pin_project! {
    /// A future that is polled in a context.
    pub(crate) struct InContext<F> {
        context: Arc<Context>,
        #[pin]
        inner: F,
    }
}

impl<F: Future> Future for InContext<F> {
    type Output = F::Output;
    fn poll(self: Pin<&mut Self>, cx: &mut TaskContext<'_>) -> Poll<F::Output> {
        let this = self.project();
        let _entered = Entered::new(this.context.clone());
        this.inner.poll(cx)
    }
}

/// The context that this code runs in, if any.
pub(crate) fn try_current() -> Option<Arc<Context>> {
    CURRENT.with_borrow(|c| c.clone())
}

/// Looks at the current request without taking a handle: for checks that every request passes.
pub(crate) fn peek_request<T>(f: impl FnOnce(&Request) -> T) -> Option<T> {
    CURRENT.with_borrow(|c| Some(f(c.as_ref()?.request()?)))
}

/// Looks at the id of the current request, if there is one: also where a thread is about to end.
pub(crate) fn peek_request_id<T>(f: impl FnOnce(&str) -> T) -> Option<T> {
    let peek = |current: &RefCell<Option<Arc<Context>>>| {
        Some(f(current.try_borrow().ok()?.as_ref()?.request()?.request_id()?))
    };
    CURRENT.try_with(peek).ok().flatten()
}

/// Looks at what the current app knows without taking a handle.
pub(crate) fn peek_state<T>(f: impl FnOnce(&State) -> T) -> Option<T> {
    CURRENT.with_borrow(|c| Some(f(&c.as_ref()?.state)))
}

const NO_APP: &str = "Working outside of application context.\n\n\
    Attempted to use functionality that expected a current application to be set. To solve this, set up an app context \
    using 'app.app_context(…)'. A task started with `tokio::spawn` or a plain thread has no context either: \
    use `carboy::spawn` or `carboy::blocking`.";
const NO_REQUEST: &str = "Working outside of request context.\n\n\
    Attempted to use functionality that expected an active HTTP request. Consult the documentation on testing for \
    information about how to avoid this problem. A task started with `tokio::spawn` or a plain thread has no context \
    either: use `carboy::spawn` or `carboy::blocking`.";

/// The context that this code runs in.
///
/// # Panics
/// Outside a context, with Flask's sentence.
#[track_caller]
pub(crate) fn current() -> Arc<Context> {
    match try_current() {
        Some(context) => context,
        None => panic!("{NO_APP}"),
    }
}

#[track_caller]
fn current_request() -> Arc<Context> {
    match try_current() {
        Some(context) if context.request.is_some() => context,
        _ => panic!("{NO_REQUEST}"),
    }
}

impl Context {
    /// A context of the app alone.
    pub(crate) fn for_app(state: Arc<State>) -> Arc<Self> {
        Arc::new(Context { state, g: GStore::default(), request: None })
    }

    /// A context of a request that is dispatched now.
    pub(crate) fn for_request(state: &Arc<State>, dispatched: Dispatched) -> Arc<Self> {
        let place = Place::Dispatched(dispatched);
        if let Ok(Some(mut spare)) = SPARE.try_with(|spare| spare.borrow_mut().pop())
            && Arc::ptr_eq(&spare.state, state)
            && let Some(context) = Arc::get_mut(&mut spare)
        {
            context.request = Some(RequestPart::new(place));
            return spare;
        }
        Context::with_place(state.clone(), place)
    }

    /// Lets a context go whose request has ended. If nobody else holds it, all that it holds is dropped, and the thread's next request has its memory.
    pub(crate) fn retire(mut context: Arc<Self>) {
        let Some(inner) = Arc::get_mut(&mut context) else { return };
        inner.request = None;
        inner.g.clear();
        let keep = |spare: &RefCell<Vec<Arc<Context>>>| {
            let mut spare = spare.borrow_mut();
            if spare.len() < SPARES {
                spare.push(context);
            }
        };
        let _ = SPARE.try_with(keep);
    }

    /// Lets go of what this thread keeps for the next request of an app that is no more.
    pub(crate) fn forget_spares() {
        let _ = SPARE.try_with(RefCell::take);
    }

    /// A context of a request that has arrived, with this head, and is still to be [dispatched](Self::dispatch).
    pub(crate) fn for_arrival(state: Arc<State>, head: Request) -> Arc<Self> {
        Context::with_place(state, Place::Arrived(head, OnceLock::new()))
    }

    fn with_place(state: Arc<State>, place: Place) -> Arc<Self> {
        Arc::new(Context { state, g: GStore::default(), request: Some(RequestPart::new(place)) })
    }

    /// Runs a future in this context.
    pub(crate) fn scope<F: Future>(self: Arc<Self>, inner: F) -> InContext<F> {
        InContext { context: self, inner }
    }

    /// Runs a function in this context.
    pub(crate) fn sync_scope<T>(self: &Arc<Self>, f: impl FnOnce() -> T) -> T {
        let _entered = Entered::new(self.clone());
        f()
    }

    /// What the running app knows.
    pub fn state(&self) -> &Arc<State> {
        &self.state
    }

    /// Whether this is the context of a request.
    pub fn has_request(&self) -> bool {
        self.request.is_some()
    }

    fn part(&self) -> &RequestPart {
        self.request.as_ref().expect("only called in the context of a request")
    }

    /// The request, if this is the context of one.
    pub fn request(&self) -> Option<&Request> {
        match &self.request.as_ref()?.place {
            Place::Dispatched(dispatched) => Some(&dispatched.request),
            Place::Arrived(head, dispatched) => Some(dispatched.get().map_or(head, |d| &d.request)),
        }
    }

    /// Notes the request that is dispatched now; gives it back when this context already has one.
    pub(crate) fn dispatch(&self, dispatched: Dispatched) -> Result<(), Box<Dispatched>> {
        match &self.part().place {
            Place::Dispatched(_) => Err(Box::new(dispatched)),
            Place::Arrived(_, slot) => slot.set(Box::new(dispatched)),
        }
    }

    /// Lets functions change the values that were taken from the URL; done once a request.
    pub(crate) fn preprocess(&self, functions: &[crate::hooks::UrlValuePreprocessor]) {
        match self.matched() {
            Some(matched) => {
                let endpoint = self.endpoint();
                let mut args = matched.args.clone();
                functions.iter().for_each(|f| f(endpoint, &mut args));
                let _ = matched.preprocessed.set(args);
            }
            None => functions.iter().for_each(|f| f(None, &mut Args::default())),
        }
    }

    pub(crate) fn routing(&self) -> Option<&Result<Matched, RoutingError>> {
        match &self.request.as_ref()?.place {
            Place::Dispatched(dispatched) => Some(&dispatched.routing),
            Place::Arrived(_, dispatched) => dispatched.get().map(|d| &d.routing),
        }
    }

    pub(crate) fn matched(&self) -> Option<&Matched> {
        self.routing()?.as_ref().ok()
    }

    /// The value of a URL parameter.
    #[doc(hidden)]
    pub fn url_arg(&self, name: &str) -> Option<&Value> {
        self.matched()?.args().get(name)
    }

    /// The endpoint that the request matched.
    pub fn endpoint(&self) -> Option<&str> {
        Some(self.state.url_map().rule(self.matched()?.rule).get_endpoint())
    }

    /// The session, opened now if nobody did before; without marking it as accessed.
    pub(crate) fn open_session(&self) -> &Session {
        let part = self.part();
        part.session.get_or_init(|| {
            let request = self.request().expect("a context has its request before its session");
            self.state.sessions().open(self.state.session_config(), request.headers())
        })
    }

    /// Puts a session in place that was loaded before the hooks.
    pub(crate) fn set_session(&self, session: Session) {
        let _ = self.part().session.set(session);
    }

    /// The session if anybody opened it.
    pub(crate) fn opened_session(&self) -> Option<&Session> {
        self.request.as_ref()?.session.get()
    }

    /// Notes an error that no handler dealt with, for the functions of the end.
    pub(crate) fn note_error(&self, error: Error) {
        *lock(&self.part().rare().error) = Some(error);
    }

    pub(crate) fn error(&self) -> Option<Error> {
        lock(&self.part().rare.get()?.error).clone()
    }

    /// Notes that there is a response, which is on its way back.
    pub(crate) fn set_answered(&self) {
        self.part().answered.store(true, Ordering::Relaxed);
    }

    pub(crate) fn is_answered(&self) -> bool {
        self.part().answered.load(Ordering::Relaxed)
    }

    pub(crate) fn after_this_request(&self, f: AfterThisRequest) {
        lock(&self.part().rare().after).push(f);
    }

    /// The functions to call before every `after_request` function, if there may be any.
    pub(crate) fn take_after_this_request(&self) -> Option<Vec<AfterThisRequest>> {
        Some(std::mem::take(&mut *lock(&self.part().rare.get()?.after)))
    }

    /// The flashed messages of this request, taken from the session once.
    pub(crate) fn flashes(
        &self,
        take: impl FnOnce() -> Vec<(String, session::Value)>,
    ) -> Vec<(String, session::Value)> {
        lock(&self.part().rare().flashes).get_or_insert_with(take).clone()
    }

    fn vary_on(&self, field: HeaderName) {
        let mut fields = lock(&self.part().rare().vary);
        if !fields.contains(&field) {
            fields.push(field);
        }
    }

    fn varies_on(&self) -> Vec<HeaderName> {
        let rare = self.request.as_ref().and_then(|part| part.rare.get());
        rare.map(|rare| lock(&rare.vary).clone()).unwrap_or_default()
    }

    /// Names in `Vary` what the answer depends on.
    pub(crate) fn name_what_it_depends_on(&self, response: &mut Response) {
        let fields = self.varies_on();
        if fields.is_empty() || HeaderSet::of(response.headers(), &header::VARY).contains("*") {
            return;
        }
        for field in &fields {
            response.add_vary(field);
        }
    }

    /// Hands a value to the view.
    #[cfg(feature = "websocket")]
    pub(crate) fn hand(&self, value: impl Any + Send) {
        *lock(&self.part().rare().handed) = Some(Box::new(value));
    }

    /// What was handed to the view, if it is a `T`; once.
    #[cfg(feature = "websocket")]
    pub(crate) fn take_handed<T: Any>(&self) -> Option<T> {
        let mut handed = lock(&self.request.as_ref()?.rare.get()?.handed);
        let value = handed.take_if(|value| value.is::<T>())?;
        value.downcast().ok().map(|value| *value)
    }

    pub(crate) fn g(&self) -> &GStore {
        &self.g
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // A panic while the lock was held left nothing half done: each critical section is one step.
    mutex.lock().unwrap_or_else(|e| e.into_inner())
}

/// The current request. Dereferences to [`Request`].
///
/// A cheap handle: keep it, send it to a task, let it go.
#[derive(Clone)]
pub struct CurrentRequest(Arc<Context>);

impl CurrentRequest {
    pub(crate) fn of(context: &Arc<Context>) -> Option<Self> {
        context.request().is_some().then(|| CurrentRequest(context.clone()))
    }

    /// The endpoint of the matched rule; `None` when no rule matched.
    pub fn endpoint(&self) -> Option<&str> {
        self.0.endpoint()
    }

    /// The text of the matched rule.
    pub fn url_rule(&self) -> Option<&str> {
        Some(self.0.state.url_map().rule(self.0.matched()?.rule).text())
    }

    /// The name of the blueprint that the view belongs to: its endpoint up to the last dot.
    pub fn blueprint(&self) -> Option<&str> {
        self.endpoint()?.rsplit_once('.').map(|(blueprint, _)| blueprint)
    }

    /// The blueprint and those it is nested in, innermost first.
    pub fn blueprints(&self) -> Vec<&str> {
        std::iter::successors(self.blueprint(), |b| b.rsplit_once('.').map(|(parent, _)| parent)).collect()
    }

    /// The values that the matched rule took from the URL.
    pub fn view_args(&self) -> Vec<(String, Value)> {
        let Some(matched) = self.0.matched() else { return Vec::new() };
        matched.args().iter().map(|(n, v)| (n.to_owned(), v.clone())).collect()
    }

    /// Why the request was not routed, if it was not: what the view's place will raise.
    pub fn routing_exception(&self) -> Option<&Error> {
        match self.0.routing()? {
            Err(RoutingError::Http(error)) => Some(error),
            _ => None,
        }
    }
}

impl Deref for CurrentRequest {
    type Target = Request;
    fn deref(&self) -> &Request {
        self.0.request().expect("made only for a context with a request")
    }
}

impl fmt::Debug for CurrentRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<Request {} {}>", self.method(), self.uri())
    }
}

/// The request that is being answered.
///
/// # Panics
/// Outside a request, with Flask's sentence and the caller's line; [`try_request`] does not.
#[track_caller]
pub fn request() -> CurrentRequest {
    let context = current_request();
    match CurrentRequest::of(&context) {
        Some(request) => request,
        None => panic!("{NO_REQUEST}"),
    }
}

/// The request that is being answered, if any.
pub fn try_request() -> Option<CurrentRequest> {
    CurrentRequest::of(&try_current()?)
}

/// The session of the request that is being answered.
///
/// # Panics
/// Outside a request; [`try_session`] does not.
#[track_caller]
pub fn session() -> Session {
    // From the second call on the session is open, and needs no handle of the context to be found.
    match CURRENT.with_borrow(|c| c.as_ref()?.opened_session().cloned()) {
        Some(session) => session,
        None => current_request().open_session().clone(),
    }
}

/// The session of the request that is being answered, if any.
pub fn try_session() -> Option<Session> {
    let context = try_current()?;
    context.request.is_some().then(|| context.open_session().clone())
}

/// What the running app knows: its name, configuration, URL map, extensions.
///
/// # Panics
/// Outside a context; [`try_current_app`] does not.
#[track_caller]
pub fn current_app() -> Arc<State> {
    current().state.clone()
}

/// What the running app knows, if this code runs in a context.
pub fn try_current_app() -> Option<Arc<State>> {
    Some(try_current()?.state.clone())
}

/// Whether this code runs in the context of a request.
pub fn has_request_context() -> bool {
    CURRENT.with_borrow(|c| c.as_ref().is_some_and(|c| c.request.is_some()))
}

/// Whether this code runs in a context of an app.
pub fn has_app_context() -> bool {
    CURRENT.with_borrow(Option::is_some)
}

/// Calls `f` with the response of this request, before every `after_request` function, in the order of these calls.
///
/// # Panics
/// Outside a request.
#[track_caller]
pub fn after_this_request<R>(f: impl FnOnce(Response) -> R + Send + 'static)
where
    R: Into<AfterAnswer>,
{
    current_request().after_this_request(Box::new(move |response| f(response).into().0));
}

/// Says that the answer to this request depends on a header field of it, which `Vary` then names for caches: what reads the field says so,
/// before or in the view, and the view need not know. Does nothing outside a request.
///
/// ```
/// use carboy::{HeaderName, prelude::*, vary_on};
///
/// fn theme() -> String {
///     vary_on(HeaderName::from_static("x-theme"));
///     request().header("x-theme").unwrap_or_default().into_owned()
/// }
///
/// #[get("/")]
/// fn index() -> String {
///     format!("in {}", theme())
/// }
///
/// let mut app = App::new("themes");
/// app.routes(routes![index]);
/// assert_eq!(app.test_client().get("/").send().header("vary"), Some("X-Theme"));
/// ```
pub fn vary_on(field: HeaderName) {
    if let Some(context) = try_current()
        && context.has_request()
    {
        context.vary_on(field);
    }
}

/// What the answer to this request depends on so far, by [`vary_on`]: for what keeps answers. Nothing outside a request.
pub fn varies_on() -> Vec<HeaderName> {
    try_current().map(|context| context.varies_on()).unwrap_or_default()
}

/// What a function of [`after_this_request`] returns: a response, or a `Result` of one.
pub struct AfterAnswer(crate::Result<Response>);

impl From<Response> for AfterAnswer {
    fn from(response: Response) -> Self {
        AfterAnswer(Ok(response))
    }
}

impl From<crate::Result<Response>> for AfterAnswer {
    fn from(result: crate::Result<Response>) -> Self {
        AfterAnswer(result)
    }
}
