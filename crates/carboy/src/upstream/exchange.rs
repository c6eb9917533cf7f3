//! One request's way to the upstream and its answer's way back.

use super::{
    Inner, Options,
    body::{Download, Lease, Upload},
    failure::Failure,
    flow::Flow,
    head::{self, Outgoing},
    pool::{self, Sender},
    tunnel,
};
use carboy_http::{Body, HeaderValue, Method, Request, StatusCode, Upgrade, header};
use http::request::Parts;
use http_body::Body as _;
use hyper::body::Incoming;
use std::{sync::Arc, time::Instant};

/// Sends a request on and answers with what comes back.
pub(super) async fn forward(upstream: &Inner, mut request: Request) -> Result<http::Response<Body>, Failure> {
    let address = upstream.address.as_ref().map_err(|sentence| Failure::Address(sentence.clone()))?;
    let body = request.take_body().unwrap_or_default();
    // An upgrade is what follows a request; one with a body of its own is not sent by anybody.
    let client = match body.is_end_stream() {
        true => request.extensions_mut().remove::<Upgrade>(),
        false => None,
    };
    let mut outgoing = head::outgoing(&mut request, address, client.is_some()).ok_or(Failure::Loop)?;
    let headers = &mut outgoing.parts.headers;
    if !body.is_end_stream() && !headers.contains_key(header::CONTENT_LENGTH) {
        // Said, because hyper takes a GET for one without a body otherwise.
        headers.insert(header::TRANSFER_ENCODING, HeaderValue::from_static("chunked"));
    }
    let is_head = outgoing.parts.method == Method::HEAD;
    let asked_for = outgoing.upgrade.clone();
    let Answer { mut response, lease, flow } = answer(upstream, outgoing, body).await?;

    if response.status() == StatusCode::SWITCHING_PROTOCOLS {
        let (Some(client), Some(_)) = (client, asked_for) else { return Err(Failure::Unasked) };
        let protocol = response.headers().get(header::UPGRADE).cloned().ok_or(Failure::Unasked)?;
        tunnel::start(client, hyper::upgrade::on(&mut response), upstream.options.tunnel_idle_timeout);
        let (mut parts, _) = response.into_parts();
        head::returning(&mut parts, Some(protocol));
        return Ok(http::Response::from_parts(parts, Body::empty()));
    }
    let (mut parts, incoming) = response.into_parts();
    head::returning(&mut parts, None);
    let unmeasured = is_head && !parts.headers.contains_key(header::CONTENT_LENGTH);
    let body = Body::stream(Download::new(incoming, lease, flow, unmeasured));
    Ok(http::Response::from_parts(parts, body))
}

/// An answer whose head has come.
pub(super) struct Answer {
    pub(super) response: http::Response<Incoming>,
    lease: Lease,
    flow: Arc<Flow>,
}

/// Sends a request and waits for the head of its answer.
///
/// Only a request that may be sent twice goes over a connection that was used before, and only it is sent again when that
/// connection turns out to be dead. Every other one gets a new connection: nobody could tell whether it was carried out.
pub(super) async fn answer(upstream: &Inner, outgoing: Outgoing, body: Body) -> Result<Answer, Failure> {
    let address = upstream.address.as_ref().map_err(|sentence| Failure::Address(sentence.clone()))?;
    let options = upstream.options;
    let Outgoing { parts, upgrade, expects_continue } = outgoing;
    let repeatable = body.is_end_stream() && upgrade.is_none() && head::is_repeatable(&parts.method);
    if repeatable && let Some(sender) = upstream.pool.reuse(options.keep_alive) {
        match send(upstream, options, sender, parts.clone(), Body::empty(), false).await {
            Err(failure) if failure.is_dead_connection() => {}
            answer => return answer,
        }
    }
    let sender = pool::connect(address, &options).await?;
    let held = expects_continue && !body.is_end_stream();
    send(upstream, options, sender, parts, body, held).await
}

async fn send(
    upstream: &Inner,
    options: Options,
    mut sender: Sender,
    parts: Parts,
    body: Body,
    held: bool,
) -> Result<Answer, Failure> {
    let flow = Arc::new(Flow::new(held));
    let mut request = http::Request::from_parts(parts, Upload::new(body, flow.clone()));
    if held {
        let flow = flow.clone();
        hyper::ext::on_informational(&mut request, move |head| {
            if head.status() == StatusCode::CONTINUE {
                flow.release();
            }
        });
    }
    let sent = sender.send_request(request);
    let sent = match options.response_timeout {
        None => sent.await,
        Some(patience) => tokio::select! {
            sent = sent => sent,
            () = stalled(&flow, patience) => {
                flow.cut();
                return Err(Failure::ResponseTimeout);
            }
        },
    };
    match sent {
        Ok(response) => {
            let lease = Lease { sender, pool: upstream.pool.clone(), options };
            Ok(Answer { response, lease, flow })
        }
        Err(error) => Err(flow.failure().map_or(Failure::Broken(error), Failure::Client)),
    }
}

/// Returns when nothing has moved for so long.
async fn stalled(flow: &Flow, patience: std::time::Duration) {
    loop {
        let deadline = flow.deadline(patience);
        if Instant::now() >= deadline {
            return;
        }
        tokio::time::sleep_until(deadline.into()).await;
    }
}
