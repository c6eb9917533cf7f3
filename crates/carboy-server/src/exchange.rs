//! One request and its answer.

use crate::{
    convert, gate,
    link::Link,
    request_body::RequestBody,
    response_body::{OpenExchange, Record, ResponseBody},
};
use carboy_http::{Body, Method, Request, Response, Service, StatusCode, Upgrade, Upgraded};
use http_body::Body as _;
use hyper::{body::Incoming, upgrade::OnUpgrade};
use hyper_util::rt::TokioIo;
use pin_project_lite::pin_project;
use std::{
    convert::Infallible,
    io,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

/// Answers one request: gate, service, conversion. Never fails; a service that panics is a 500.
///
/// It borrows what the connection owns: a request pays for no reference count.
pub(crate) fn answer<'a, S: Service>(
    service: &'a S,
    link: &'a Arc<Link>,
    request: http::Request<Incoming>,
) -> impl Future<Output = Result<http::Response<ResponseBody>, Infallible>> + Send + 'a {
    let mut exchange = OpenExchange::begin(link);
    let (mut parts, incoming) = request.into_parts();
    exchange.log = Record::begin(link, &parts);
    if !parts.extensions.is_empty()
        && let Some(connection) = parts.extensions.remove::<OnUpgrade>()
    {
        parts.extensions.insert(upgrade(connection));
    }
    let head = parts.method == Method::HEAD;
    let bodyless = incoming.is_end_stream();
    let work = match gate::admit(&mut parts, bodyless) {
        Ok(()) => {
            let request = if bodyless {
                Request::without_body(parts, link.info.clone())
            } else {
                let body = Body::stream(RequestBody::new(incoming, link.clone()));
                Request::new(parts, link.info.clone(), body)
            };
            match caught(|| service.call(request)) {
                Ok(future) => Work::Running { future },
                Err(panic) => Work::Done { response: Some(panicked(link, &panic)) },
            }
        }
        Err(refusal) => {
            if !bodyless {
                link.activity.set_unread();
            }
            link.activity.set_spent();
            Work::Done { response: Some(refusal.into_response()) }
        }
    };
    Answer { exchange: Some(exchange), head, work }
}

/// hyper's way to a connection that changes its protocol, as ours.
fn upgrade(connection: OnUpgrade) -> Upgrade {
    Upgrade::new(async move {
        let connection = connection.await.map_err(io::Error::other)?;
        Ok(Upgraded::new(TokioIo::new(connection)))
    })
}

pin_project! {
    /// The future of [`answer`].
    struct Answer<'a, F> {
        exchange: Option<OpenExchange<&'a Arc<Link>>>,
        head: bool,
        #[pin]
        work: Work<F>,
    }
}

pin_project! {
    #[project = WorkProjection]
    enum Work<F> {
        Running { #[pin] future: F },
        Done { response: Option<Response> },
    }
}

impl<F: Future<Output = Response>> Future for Answer<'_, F> {
    type Output = Result<http::Response<ResponseBody>, Infallible>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let outcome = match this.work.project() {
            WorkProjection::Running { future } => match caught(|| future.poll(cx)) {
                Ok(Poll::Pending) => return Poll::Pending,
                Ok(Poll::Ready(response)) => Ok(response),
                Err(panic) => Err(panic),
            },
            WorkProjection::Done { response } => Ok(response.take().unwrap_or_else(internal_error)),
        };
        let exchange = this.exchange.take().expect("a future is not polled after its end");
        let link = exchange.link;
        let response = outcome.unwrap_or_else(|panic| panicked(link, &panic));
        // On HTTP/2 a connection outlives a request that went wrong.
        let close = !link.http2 && link.activity.is_spent();
        let (parts, body) = convert::to_hyper(response, *this.head, close);
        let body = ResponseBody::new(body, exchange, parts.status);
        Poll::Ready(Ok(http::Response::from_parts(parts, body)))
    }
}

fn panicked(link: &Link, panic: &str) -> Response {
    tracing::error!(target: "carboy::server", %panic, "the service panicked");
    link.activity.set_spent();
    internal_error()
}

fn internal_error() -> Response {
    let mut response = Response::new("Internal Server Error\n");
    response.set_status(StatusCode::INTERNAL_SERVER_ERROR);
    response
}

/// Runs `f`; a panic is its message.
pub(crate) fn caught<T>(f: impl FnOnce() -> T) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(f)).map_err(|payload| {
        let text = payload.downcast_ref::<&str>().map(|s| (*s).to_owned());
        text.or_else(|| payload.downcast_ref::<String>().cloned()).unwrap_or_else(|| "no message".to_owned())
    })
}
