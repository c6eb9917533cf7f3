//! One request and its answer.

use crate::{
    access_log::Entry,
    convert, gate,
    link::Link,
    request_body::RequestBody,
    response_body::{OpenExchange, ResponseBody},
};
use carboy_http::{Body, Method, Request, Response, Service, StatusCode};
use http_body::Body as _;
use hyper::body::Incoming;
use pin_project_lite::pin_project;
use std::{
    convert::Infallible,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

/// Answers one request: gate, service, conversion. Never fails; a service that panics is a 500.
pub(crate) fn answer<S: Service>(
    service: Arc<S>,
    link: Arc<Link>,
    request: http::Request<Incoming>,
) -> impl Future<Output = Result<http::Response<ResponseBody>, Infallible>> + Send {
    let mut exchange = OpenExchange::begin(link);
    async move {
        let link = &exchange.link;
        let (mut parts, incoming) = request.into_parts();
        exchange.entry = Entry::begin(link.config.access_log, link.info.remote_addr, &parts);
        let head = parts.method == Method::HEAD;
        let response = match gate::admit(&mut parts) {
            Ok(()) => {
                let body = if incoming.is_end_stream() {
                    Body::empty()
                } else {
                    Body::stream(RequestBody::new(incoming, link.clone()))
                };
                let request = Request::new(parts, link.info.clone(), body);
                match (Caught { future: async { service.call(request).await } }).await {
                    Ok(response) => response,
                    Err(panic) => {
                        tracing::error!(target: "carboy::server", %panic, "the service panicked");
                        link.activity.set_spent();
                        internal_error()
                    }
                }
            }
            Err(refusal) => {
                if !incoming.is_end_stream() {
                    link.activity.set_unread();
                }
                link.activity.set_spent();
                refusal.into_response()
            }
        };
        // On HTTP/2 a connection outlives a request that went wrong.
        let close = !link.http2 && link.activity.is_spent();
        let (parts, body) = convert::to_hyper(response, head, close).into_parts();
        exchange.status = parts.status.as_u16();
        Ok(http::Response::from_parts(parts, ResponseBody::new(body, exchange)))
    }
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

pin_project! {
    /// A future whose panic is a value.
    struct Caught<F> {
        #[pin]
        future: F,
    }
}

impl<F: Future> Future for Caught<F> {
    type Output = Result<F::Output, String>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let future = self.project().future;
        match caught(|| future.poll(cx)) {
            Ok(polled) => polled.map(Ok),
            Err(panic) => Poll::Ready(Err(panic)),
        }
    }
}
