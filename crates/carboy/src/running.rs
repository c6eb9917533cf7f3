//! The running app: what it is made of, and how it is called.

use crate::{
    Error, Extension, Result, cli,
    ctx::Context,
    middleware::{Inner, Mounts},
    registry::{Entry, Plan, Registry},
    state::State,
    testing::TestClient,
    upstream::Upstream,
};
use bytes::Bytes;
use carboy_http::{Body, BodyError, Request, Response, SpoolFolder, proxy::ProxyFix};
use carboy_server::ServerConfig;
use std::{
    convert::Infallible,
    future::Future,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context as TaskContext, Poll},
};

/// Whether something that the app needs is there.
pub(crate) type ReadinessCheck = Arc<dyn Fn() -> crate::view::BoxFuture<Result<()>> + Send + Sync>;

/// A frozen app: what it knows and what it runs.
pub(crate) struct Frozen {
    pub(crate) state: Arc<State>,
    pub(crate) registry: Registry,
    pub(crate) layers: Option<Inner>,
    pub(crate) mounts: Mounts,
    pub(crate) fallback: Option<Inner>,
    pub(crate) upstreams: Vec<Upstream>,
    /// The apps among the services that are mounted.
    pub(crate) mounted: Vec<AppService>,
    pub(crate) extensions: Vec<Arc<dyn Extension>>,
    /// Whether the extensions were told that it is over.
    pub(crate) stopped: AtomicBool,
    pub(crate) commands: Vec<(Option<String>, cli::CommandDef)>,
    /// What is believed of what proxies say.
    pub(crate) proxies: Option<ProxyFix>,
    /// What the app chose about its server.
    pub(crate) server: ServerConfig,
    pub(crate) readiness_checks: Vec<(String, ReadinessCheck)>,
}

impl Drop for Frozen {
    fn drop(&mut self) {
        Context::forget_spares();
    }
}

impl Frozen {
    /// What is registered for the rule that a request matched.
    pub(crate) fn entry(&self, context: &Context) -> Option<&Entry> {
        Some(self.registry.entry(context.matched()?.tag))
    }

    /// The functions for a request: those of the matched rule's blueprint, or the app's alone.
    pub(crate) fn plan(&self, context: &Context) -> &Plan {
        &self.registry.plans[self.entry(context).map_or(0, |entry| entry.plan)]
    }
}

/// A running app: a service for carboy's server, for tower and for tests. Cheap to clone.
#[derive(Clone)]
pub struct AppService(pub(crate) Arc<Frozen>);

impl AppService {
    /// What the app knows.
    pub fn state(&self) -> &Arc<State> {
        &self.0.state
    }

    /// A client for tests, with cookies of its own.
    pub fn test_client(&self) -> TestClient {
        TestClient::new(self.clone())
    }

    /// Runs `f` in a context of the app, then the functions of `teardown_appcontext`.
    pub fn app_context<T>(&self, f: impl FnOnce() -> T) -> T {
        struct Leave<'a>(&'a AppService, Arc<Context>);
        impl Drop for Leave<'_> {
            fn drop(&mut self) {
                crate::end::end_app_context(&self.0.0, &self.1);
            }
        }
        let context = Context::for_app(self.0.state.clone());
        let _leave = Leave(self, context.clone());
        let _runtime = crate::runtime::handle().enter();
        context.sync_scope(|| {
            self.state().signals().appcontext_pushed.send(|| ());
            f()
        })
    }

    /// Awaits `future` in a context of the app, then runs the functions of `teardown_appcontext`.
    pub async fn in_app_context<F: Future>(&self, future: F) -> F::Output {
        let context = Context::for_app(self.0.state.clone());
        let output = crate::runtime::Entered::new(context.clone().scope(future)).await;
        crate::end::end_app_context(&self.0, &context);
        output
    }

    /// Runs `f` in the context of a request that is not dispatched: no view and no function before or after it runs, but those
    /// of `teardown_request` and `teardown_appcontext` do at the end, as in Flask.
    pub fn request_context<T>(&self, request: Request, f: impl FnOnce() -> T) -> T {
        let _runtime = crate::runtime::handle().enter();
        let context = crate::dispatch::undispatched(&self.0, request);
        let _end = crate::end::End::new(&self.0, context.clone());
        context.sync_scope(|| {
            self.state().signals().appcontext_pushed.send(|| ());
            f()
        })
    }

    /// [`request_context`](Self::request_context) of a GET request for a path or URL.
    pub fn test_request_context<T>(&self, target: &str, f: impl FnOnce() -> T) -> T {
        self.request_context(crate::testing::request(&self.0.state, target), f)
    }

    /// Starts the extensions, in the order of registration.
    pub(crate) fn startup(&self) -> Result<()> {
        let spool = self.state().settings().limits.spool_folder.unwrap_or_else(SpoolFolder::system);
        if let Err(error) = spool.sweep() {
            tracing::warn!(target: "carboy::app", "uploads cannot be kept in {}: {error}", spool.path().display());
        }
        let app = self.clone();
        crate::runtime::wait(async move {
            for (started, extension) in app.0.extensions.iter().enumerate() {
                if let Err(error) = extension.startup(&app.0.state).await {
                    app.stop(started).await;
                    return Err(Error::msg(format!("{}: {error}", extension.name())));
                }
            }
            Ok(())
        })
    }

    /// Stops the first of the extensions, those that were started, in reverse order. Once.
    async fn stop(&self, started: usize) {
        if !self.0.stopped.swap(true, Ordering::SeqCst) {
            for extension in self.0.extensions[..started].iter().rev() {
                extension.shutdown(&self.0.state).await;
            }
        }
    }

    /// As [`shutdown`](Self::shutdown), for no longer than this.
    pub(crate) fn shutdown_within(&self, limit: std::time::Duration) {
        let app = self.clone();
        let (sender, done) = std::sync::mpsc::sync_channel::<()>(1);
        let stop = std::thread::Builder::new().name("carboy-shutdown".into()).spawn(move || {
            app.shutdown();
            let _ = sender.send(());
        });
        if stop.is_ok() && done.recv_timeout(limit) == Err(std::sync::mpsc::RecvTimeoutError::Timeout) {
            tracing::warn!(target: "carboy", "what an extension does at its end was not over in time and is left behind");
        }
    }

    /// Stops the extensions, in reverse order, after what requests left running has ended. Only the first call does.
    pub fn shutdown(&self) {
        let app = self.clone();
        crate::runtime::wait(async move {
            crate::runtime::drain().await;
            app.stop(app.0.extensions.len()).await;
        });
    }
}

impl carboy_http::Service for AppService {
    fn call(&self, request: Request) -> impl Future<Output = Response> + Send {
        crate::middleware::serve(&self.0, request)
    }

    fn drain(&self) {
        self.0.state.drain.begin();
        self.0.mounted.iter().for_each(carboy_http::Service::drain);
    }

    fn local_only(&self) -> Option<&str> {
        let mounted = || self.0.mounted.iter().find_map(carboy_http::Service::local_only);
        if self.0.state.debug() { Some("debug mode shows sources and settings") } else { mounted() }
    }
}

impl<B> tower_service::Service<http::Request<B>> for AppService
where
    B: http_body::Body<Data = Bytes> + Send + 'static,
    B::Error: Into<BodyError>,
{
    type Response = http::Response<Body>;
    type Error = Infallible;
    type Future = crate::view::BoxFuture<std::result::Result<http::Response<Body>, Infallible>>;

    fn poll_ready(&mut self, _: &mut TaskContext<'_>) -> Poll<std::result::Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<B>) -> Self::Future {
        let app = self.0.clone();
        let request: Request = request.map(Body::stream).into();
        Box::pin(async move {
            let method = request.method().clone();
            let mut response = crate::middleware::serve(&app, request).await;
            response.finalize(&method);
            Ok(response.into())
        })
    }
}

/// The blueprint that an endpoint belongs to; `""` is the app itself.
pub(crate) fn blueprint_of(endpoint: &str) -> &str {
    endpoint.rsplit_once('.').map_or("", |(blueprint, _)| blueprint)
}
