//! Readiness and liveness: what the server answers by itself, before the application.

use crate::{ShutdownHandle, config::HealthPaths};
use carboy_http::{Body, Method, Request, Response, Service, StatusCode};
use http::{
    HeaderValue,
    header::{ALLOW, CACHE_CONTROL},
};
use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::{Duration, Instant},
};
use tokio::sync::Mutex;

/// How long a check may take before it counts as failed.
const CHECK_LIMIT: Duration = Duration::from_secs(5);

type Checking = Pin<Box<dyn Future<Output = Result<(), String>> + Send>>;

/// Something that a ready application needs.
pub(crate) struct Check {
    pub(crate) name: String,
    pub(crate) run: Box<dyn Fn() -> Checking + Send + Sync>,
}

/// The two paths, and what is asked for the first.
pub(crate) struct Health {
    paths: HealthPaths,
    checks: Vec<Check>,
    shutdown: ShutdownHandle,
    last: Mutex<Option<Round>>,
}

/// One time that all checks were asked.
struct Round {
    began: Instant,
    /// The names of those that failed.
    failed: Vec<String>,
}

/// A service with the server's own paths before it.
pub(crate) struct Front<S> {
    service: S,
    health: Option<Arc<Health>>,
}

impl<S> Front<S> {
    pub(crate) fn new(
        service: S,
        paths: &HealthPaths,
        checks: Vec<Check>,
        shutdown: &ShutdownHandle,
    ) -> Self {
        let wanted = paths.ready.is_some() || paths.live.is_some();
        let health = wanted.then(|| {
            let (paths, shutdown) = (paths.clone(), shutdown.clone());
            Arc::new(Health { paths, checks, shutdown, last: Mutex::default() })
        });
        Front { service, health }
    }
}

impl<S: Service> Service for Front<S> {
    fn call(&self, request: Request) -> impl Future<Output = Response> + Send {
        let own = self.health.as_ref().and_then(|health| health.answer(&request));
        match own {
            None => Answer::Service { future: self.service.call(request) },
            Some(future) => Answer::Own { future },
        }
    }

    fn drain(&self) {
        self.service.drain();
    }

    fn local_only(&self) -> Option<&str> {
        self.service.local_only()
    }
}

pin_project_lite::pin_project! {
    /// Who answers. An enum costs a request of the application nothing.
    #[project = AnswerProjection]
    enum Answer<F> {
        Service { #[pin] future: F },
        Own { future: Pin<Box<dyn Future<Output = Response> + Send>> },
    }
}

impl<F: Future<Output = Response>> Future for Answer<F> {
    type Output = Response;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Response> {
        match self.project() {
            AnswerProjection::Service { future } => future.poll(cx),
            AnswerProjection::Own { future } => future.as_mut().poll(cx),
        }
    }
}

impl Health {
    /// The answer, if the request is for one of the two paths.
    fn answer(self: &Arc<Self>, request: &Request) -> Option<Pin<Box<dyn Future<Output = Response> + Send>>> {
        let path = request.uri().path();
        let is = |own: &Option<String>| own.as_deref() == Some(path);
        let (live, ready) = (is(&self.paths.live), is(&self.paths.ready));
        if !live && !ready {
            return None;
        }
        let asks = matches!(*request.method(), Method::GET | Method::HEAD);
        let health = self.clone();
        Some(Box::pin(async move {
            if !asks {
                let mut response = text(StatusCode::METHOD_NOT_ALLOWED, "Method Not Allowed\n".to_owned());
                response.headers_mut().insert(ALLOW, HeaderValue::from_static("GET, HEAD"));
                return response;
            }
            if live {
                return text(StatusCode::OK, "ok\n".to_owned());
            }
            health.readiness().await
        }))
    }

    async fn readiness(&self) -> Response {
        if self.shutdown.is_stopping() {
            return text(StatusCode::SERVICE_UNAVAILABLE, "stopping\n".to_owned());
        }
        let failed = self.failed().await;
        if failed.is_empty() {
            text(StatusCode::OK, "ok\n".to_owned())
        } else {
            text(StatusCode::SERVICE_UNAVAILABLE, format!("not ready: {}\n", failed.join(", ")))
        }
    }

    /// The names of the checks that fail. They are asked once at a time, whoever asks for them and how often: all who ask while they
    /// are asked get what the next round says.
    async fn failed(&self) -> Vec<String> {
        let asked = Instant::now();
        let mut last = self.last.lock().await;
        if let Some(round) = last.as_ref().filter(|round| round.began >= asked) {
            return round.failed.clone();
        }
        let began = Instant::now();
        let mut failed = Vec::new();
        for check in &self.checks {
            let outcome = match tokio::time::timeout(CHECK_LIMIT, (check.run)()).await {
                Ok(outcome) => outcome,
                Err(_) => Err(format!("no answer within {CHECK_LIMIT:?}")),
            };
            if let Err(why) = outcome {
                // The reason is for those who read the log; whoever asks learns the name.
                tracing::warn!(target: "carboy::server", check = check.name, "not ready: {why}");
                failed.push(check.name.clone());
            }
        }
        *last = Some(Round { began, failed: failed.clone() });
        failed
    }
}

fn text(status: StatusCode, body: String) -> Response {
    let mut response = Response::text(Body::from(body));
    response.set_status(status);
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
