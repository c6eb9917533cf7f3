//! HTTP/1: one connection, request after request.
//!
//! [`head`] reads a head, [`incoming`] the body behind it (through [`chunked`] and [`pipe`]), [`encode`] writes the head of an answer;
//! [`connection`] has the socket with its buffers and deadlines. This file is the way of a request through them.
//!
//! Answers to pipelined requests leave together: what is written stays in [`output`] until there is no further request to be answered at once.

mod chunked;
mod connection;
mod encode;
#[cfg(fuzzing)]
pub(crate) mod fuzzing;
mod head;
mod incoming;
mod output;
mod pipe;
mod tunnel;

use crate::{
    ServerConfig, ShutdownHandle,
    caught::{caught, expired, internal_error, panicked},
    gate,
    headers::first,
    load::Held,
    record::Record,
    refusal::Refusal,
    request_body::RequestBody,
    transport::Transport,
};
use bytes::BytesMut;
use carboy_http::{Body, ConnectionInfo, Method, Response, Service, Upgrade, Upgraded};
use connection::{Connection, Meanwhile, NoHead};
use encode::{Asked, Sending};
use head::{Framing, Head};
use http::{StatusCode, Version, header};
use http_body::Body as _;
use incoming::Incoming;
use std::{
    future::poll_fn,
    io,
    pin::{Pin, pin},
    sync::Arc,
    task::Poll,
};
use tokio::sync::oneshot;

/// How much of a body that nobody reads is received all the same, so that the connection can be used again.
const SKIP: u64 = 64 * 1024;

/// Answers of a stream that are written before other connections get their turn.
const FRAMES_A_TURN: usize = 32;

/// What becomes of the connection behind an answer.
enum After {
    NextRequest,
    /// The client knows that this was the last answer; `linger` if it may still be sending.
    Close {
        linger: bool,
    },
    /// There is nobody to say anything to.
    Gone,
    Tunnel(oneshot::Sender<Upgraded>),
}

/// Serves a connection until it ends or becomes a tunnel. `input` is what was read of it already.
pub(crate) async fn serve<S: Service>(
    transport: Transport,
    input: BytesMut,
    info: ConnectionInfo,
    config: Arc<ServerConfig>,
    shutdown: ShutdownHandle,
    held: Held,
    service: &S,
) {
    let mut connection = Connection::new(transport, input, config, shutdown, held);
    loop {
        let after = match connection.next_head().await {
            Ok(head) => exchange(&mut connection, head, &info, service).await,
            Err(NoHead::Refused(refusal)) => refuse(&mut connection, refusal, &info).await,
            Err(NoHead::Over) => After::Close { linger: false },
        };
        match after {
            After::NextRequest => {}
            After::Close { linger } => return connection.close(linger).await,
            After::Gone => return,
            After::Tunnel(upgrade) => {
                if connection.flush().await.is_ok() {
                    // Nobody may be waiting for it; then it closes.
                    let _ = upgrade.send(Upgraded::new(connection.into_tunnel()));
                }
                return;
            }
        }
    }
}

/// Answers what is no request, and is done with the connection: where the next one would begin nobody knows.
async fn refuse(connection: &mut Connection, refusal: Refusal, info: &ConnectionInfo) -> After {
    let mut log = Record::refused(&connection.config, info.remote_addr, || head::noted(&connection.input));
    if connection.room().await.is_err() {
        return After::Gone;
    }
    let asked = Asked { version: Version::HTTP_11, head: false, persistent: false, trailers: false };
    let now = connection.now();
    let mut response = refusal.into_response();
    if let Some(log) = &mut log {
        log.answered(&mut response);
    }
    encode::head(connection.output.small(), &mut response, asked, now);
    let body = response.body().as_bytes().unwrap_or_default();
    connection.output.small().extend_from_slice(body);
    if let Some(log) = &mut log {
        log.sent(body.len());
    }
    After::Close { linger: true }
}

/// One request and its answer.
async fn exchange<S: Service>(
    connection: &mut Connection,
    head: Head,
    info: &ConnectionInfo,
    service: &S,
) -> After {
    let Head { mut request, framing, persistent, expects_continue, upgrade, takes_trailers } = head;
    let parts = request.parts_mut();
    let mut log = Record::begin(&connection.config, info.remote_addr, parts);
    let mut asked = Asked {
        version: parts.version,
        head: parts.method == Method::HEAD,
        persistent,
        trailers: takes_trailers,
    };
    let mut incoming = Incoming::NOTHING;
    let mut tunnel = None;
    let response = match gate::admit(parts, connection.last_host.value()) {
        Err(refusal) => {
            asked.persistent = false;
            incoming = Incoming::refused(framing);
            Ok(refusal.into_response())
        }
        Ok(()) => {
            connection.last_host.note(first(&parts.headers, &header::HOST));
            if upgrade {
                let (sender, receiver) = oneshot::channel();
                tunnel = Some(sender);
                parts.extensions.insert(Upgrade::new(async {
                    receiver.await.map_err(|_| io::Error::other("the connection did not change its protocol"))
                }));
            }
            let body = if framing == Framing::Empty {
                None
            } else if let Some(bytes) = incoming::at_hand(&mut connection.input, framing) {
                Some(bytes.into())
            } else {
                let (rest, reader) = Incoming::new(framing, expects_continue);
                incoming = rest;
                Some(Body::stream(RequestBody::new(reader, connection.config.clone())))
            };
            request.begin(info, body);
            match caught(|| service.call(request)) {
                Ok(answer) => work(connection, &mut incoming, pin!(answer)).await,
                Err(panic) => Err(Unanswered::Panicked(panic)),
            }
        }
    };
    asked.persistent &= response.is_ok();
    let mut response = match response {
        Ok(response) => response,
        Err(Unanswered::Gone) => return After::Gone,
        Err(Unanswered::Expired) => expired(),
        Err(Unanswered::Panicked(panic)) => panicked(&panic),
    };
    if let Some(log) = &mut log {
        log.answered(&mut response);
    }
    respond(connection, response, asked, &mut incoming, tunnel, log.as_deref_mut()).await
}

/// Why an application gave no answer.
enum Unanswered {
    Gone,
    Expired,
    Panicked(String),
}

/// Polls the application until it answers, and the connection meanwhile.
async fn work(
    connection: &mut Connection,
    incoming: &mut Incoming,
    mut answer: Pin<&mut impl Future<Output = Response>>,
) -> Result<Response, Unanswered> {
    let mut deadline = None;
    poll_fn(|cx| {
        loop {
            match caught(|| answer.as_mut().poll(cx)) {
                Ok(Poll::Ready(response)) => return Poll::Ready(Ok(response)),
                Ok(Poll::Pending) => {}
                Err(panic) => return Poll::Ready(Err(Unanswered::Panicked(panic))),
            }
            if deadline.is_none()
                && let Some(limit) = connection.config.deadlines.request
            {
                deadline = Some(connection.now() + limit);
            }
            match connection.poll_meanwhile(cx, incoming, deadline) {
                Poll::Ready(Meanwhile::Progress) => {}
                Poll::Ready(Meanwhile::Gone) => return Poll::Ready(Err(Unanswered::Gone)),
                Poll::Ready(Meanwhile::Expired) => return Poll::Ready(Err(Unanswered::Expired)),
                Poll::Pending => return Poll::Pending,
            }
        }
    })
    .await
}

/// Sends an answer.
async fn respond(
    connection: &mut Connection,
    mut response: Response,
    mut asked: Asked,
    incoming: &mut Incoming,
    tunnel: Option<oneshot::Sender<Upgraded>>,
    mut log: Option<&mut Record>,
) -> After {
    if connection.room().await.is_err() {
        return After::Gone;
    }
    if response.status().is_informational()
        && (response.status() != StatusCode::SWITCHING_PROTOCOLS || tunnel.is_none())
    {
        tracing::error!(target: "carboy::server", status = response.status().as_u16(), "this status is no answer to this request");
        response = internal_error();
    }
    // A client that was not told to send its body may not do so, or may: the next request cannot be told from it.
    if incoming.expects_continue {
        incoming.abandon();
    }
    asked.persistent &= !connection.is_draining() && (incoming.is_read() || incoming.can_be_skipped(SKIP));
    let now = connection.now();
    let (sending, persistent) = encode::head(connection.output.small(), &mut response, asked, now);
    if response.status() == StatusCode::SWITCHING_PROTOCOLS
        && let Some(tunnel) = tunnel
    {
        return After::Tunnel(tunnel);
    }
    let mut body = std::mem::take(response.body_mut());
    match sending {
        Sending::Nothing => {}
        Sending::AtHand => {
            if let Some(log) = &mut log {
                log.sent(body.as_bytes().map_or(0, <[u8]>::len));
            }
            if let Some(bytes) = body.take_bytes() {
                connection.output.piece(bytes, b"");
            }
        }
        Sending::Stream(framing) => {
            if stream(connection, &mut body, framing, asked.trailers, incoming, log).await.is_err() {
                return After::Gone;
            }
        }
    }
    // What a body holds is released before the next request begins.
    drop(body);
    response.recycle();
    if !persistent {
        return After::Close { linger: !incoming.is_done() };
    }
    if incoming.is_done() || connection.skip(incoming, SKIP).await {
        After::NextRequest
    } else {
        After::Close { linger: true }
    }
}

/// Sends a stream; [`Framing::Empty`] is one that the end of the connection ends. An error breaks the connection off, so that nobody takes
/// the part for the whole.
async fn stream(
    connection: &mut Connection,
    body: &mut Body,
    framing: Framing,
    takes_trailers: bool,
    incoming: &mut Incoming,
    mut log: Option<&mut Record>,
) -> io::Result<()> {
    let mut left = match framing {
        Framing::Length(length) => Some(length),
        Framing::Chunked | Framing::Empty => None,
    };
    let mut turn = 0;
    let mut trailers = None;
    let whole = poll_fn(|cx| {
        loop {
            if left == Some(0) {
                return Poll::Ready(Ok(true));
            }
            if !connection.output.has_room() {
                turn = 0;
                match connection.poll_flushed(cx) {
                    Poll::Ready(Ok(())) => {}
                    Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
                    Poll::Pending => return Poll::Pending,
                }
            }
            let frame = match caught(|| Pin::new(&mut *body).poll_frame(cx)) {
                Ok(Poll::Ready(frame)) => frame,
                Ok(Poll::Pending) => match connection.poll_meanwhile(cx, incoming, None) {
                    Poll::Ready(Meanwhile::Progress) => continue,
                    Poll::Ready(_) => return Poll::Ready(Err(io::ErrorKind::ConnectionAborted.into())),
                    Poll::Pending => {
                        turn = 0;
                        return Poll::Pending;
                    }
                },
                Err(panic) => {
                    *body = Body::empty();
                    Some(Err(format!("the response body panicked: {panic}").into()))
                }
            };
            match frame {
                None => return Poll::Ready(Ok(true)),
                Some(Err(error)) => {
                    tracing::error!(target: "carboy::server", %error, "response broken off");
                    return Poll::Ready(Ok(false));
                }
                Some(Ok(frame)) => {
                    let mut data = match frame.into_data() {
                        Ok(data) => data,
                        Err(frame) => {
                            trailers = frame.into_trailers().ok().filter(|_| takes_trailers);
                            continue;
                        }
                    };
                    if let Some(left) = &mut left {
                        data.truncate(usize::try_from(*left).unwrap_or(usize::MAX));
                        *left -= data.len() as u64;
                    }
                    if data.is_empty() {
                        continue;
                    }
                    if let Some(log) = &mut log {
                        log.sent(data.len());
                    }
                    let tail: &[u8] = if framing == Framing::Chunked {
                        encode::chunk_size(connection.output.small(), data.len());
                        b"\r\n"
                    } else {
                        b""
                    };
                    connection.output.piece(data, tail);
                }
            }
            turn += 1;
            if turn == FRAMES_A_TURN {
                turn = 0;
                cx.waker().wake_by_ref();
                return Poll::Pending;
            }
        }
    })
    .await?;
    if !whole {
        return broken_off(connection).await;
    }
    if framing == Framing::Chunked {
        connection.room().await?;
        encode::last_chunk(connection.output.small(), trailers);
    }
    if left.is_some_and(|left| left > 0) {
        tracing::error!(target: "carboy::server", missing = left, "response shorter than its Content-Length");
        return broken_off(connection).await;
    }
    Ok(())
}

/// Sends what there is of a stream that does not come to its end. Then the connection must close without the mark of the end.
async fn broken_off(connection: &mut Connection) -> io::Result<()> {
    connection.flush().await?;
    Err(io::ErrorKind::ConnectionAborted.into())
}
