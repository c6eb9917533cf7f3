//! One request and its answer.

use super::{
    convert,
    link::Link,
    pace::Paced,
    response_body::{OpenExchange, ResponseBody},
    websocket,
};
use crate::{
    caught::{caught, expired, panicked},
    gate,
    record::Record,
    request_body::RequestBody,
    shutdown::{Either, race},
};
use carboy_http::{Body, Method, Request, Response, Service};
use http_body::Body as _;
use hyper::body::Incoming;
use std::{
    convert::Infallible,
    future::{pending, poll_fn},
    pin::pin,
    sync::Arc,
    task::Poll,
};

/// Answers one request: gate, service, conversion. Never fails; a service that panics is a 500.
pub(super) async fn answer<S: Service>(
    service: &S,
    link: &Arc<Link>,
    request: http::Request<Incoming>,
) -> Result<http::Response<Paced<ResponseBody>>, Infallible> {
    let (mut parts, incoming) = request.into_parts();
    let log = Record::begin(&link.config, link.info.remote_addr, &mut parts);
    let mut exchange = OpenExchange::begin(link.clone(), log);
    let handshake = websocket::begin(&mut parts, link);
    let head = parts.method == Method::HEAD;
    let mut response = match gate::admit(&mut parts, None) {
        Ok(()) => {
            let request = if incoming.is_end_stream() {
                Request::without_body(parts, link.info.clone())
            } else {
                let body = Body::stream(RequestBody::new(incoming, link.config.clone()));
                Request::new(parts, link.info.clone(), body)
            };
            work(service, link, request).await
        }
        Err(refusal) => refusal.into_response(),
    };
    if handshake {
        websocket::answer(&mut response);
    }
    exchange.answered(&mut response);
    let (parts, body) = convert::to_hyper(response, head);
    let body = Paced::new(ResponseBody::new(body, exchange), link.clone());
    Ok(http::Response::from_parts(parts, body))
}

async fn work<S: Service>(service: &S, link: &Link, request: Request) -> Response {
    let mut answer = match caught(|| service.call(request)) {
        Ok(answer) => pin!(answer),
        Err(panic) => return panicked(&panic),
    };
    let answer = poll_fn(|cx| match caught(|| answer.as_mut().poll(cx)) {
        Ok(Poll::Pending) => Poll::Pending,
        Ok(Poll::Ready(response)) => Poll::Ready(response),
        Err(panic) => Poll::Ready(panicked(&panic)),
    });
    let limit = async {
        match link.config.deadlines.request {
            Some(limit) => tokio::time::sleep(limit).await,
            None => pending().await,
        }
    };
    match race(answer, limit).await {
        Either::First(response) => response,
        Either::Second(()) => expired(),
    }
}
