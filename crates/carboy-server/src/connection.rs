//! One connection, from its first byte to its end.

use crate::{
    ServerConfig,
    activity::{Expired, Phase},
    config::DRAIN_FIRST_BYTE,
    exchange::answer,
    io::{Io, PREFACE},
    link::Link,
    listener::Accepted,
    load::Held,
    shutdown::{Either, ShutdownHandle, Stage, race},
    transport::Transport,
};
use bytes::BytesMut;
use carboy_http::{ConnectionInfo, Service};
use hyper::{
    server::conn::{http1, http2},
    service::service_fn,
};
use hyper_util::rt::{TokioIo, TokioTimer};
use std::{
    future::poll_fn,
    pin::{Pin, pin},
    sync::Arc,
    task::{Context, Poll, Waker},
    time::Duration,
};
use tokio::{io::AsyncWrite, time::Instant};
use tokio_util::io::poll_read_buf;

/// What all connections of a worker share.
#[derive(Debug)]
pub(crate) struct Protocols {
    config: Arc<ServerConfig>,
    shutdown: ShutdownHandle,
    http1: http1::Builder,
    http2: http2::Builder<Spawn>,
}

impl Protocols {
    pub(crate) fn new(config: Arc<ServerConfig>, shutdown: ShutdownHandle) -> Self {
        let mut http1 = http1::Builder::new();
        // No timeout of hyper's: [`crate::activity`] watches the same time for less. Writes stay vectored:
        // flattened ones are a little cheaper for small answers, but copy large ones and keep the memory.
        http1
            .header_read_timeout(None)
            .half_close(config.http1.half_close)
            .max_headers(config.http1.max_headers)
            .max_header_size(config.http1.max_head_size)
            .max_buf_size(config.http1.max_head_size * 2);
        let mut http2 = http2::Builder::new(Spawn);
        let h2 = &config.http2;
        http2
            .timer(TokioTimer::new())
            .max_concurrent_streams(h2.max_concurrent_streams)
            .initial_stream_window_size(h2.stream_window)
            .initial_connection_window_size(h2.connection_window)
            .max_header_list_size(h2.max_header_list)
            .max_send_buf_size(h2.max_send_buffer)
            .keep_alive_interval(h2.ping_interval)
            .keep_alive_timeout(h2.ping_timeout);
        Protocols { config, shutdown, http1, http2 }
    }
}

/// Runs the streams of an HTTP/2 connection on the worker of the connection.
#[derive(Debug, Clone, Copy)]
struct Spawn;

impl<F> hyper::rt::Executor<F> for Spawn
where
    F: Future<Output: Send> + Send + 'static,
{
    fn execute(&self, future: F) {
        tokio::spawn(future);
    }
}

/// How much is read before the protocol is known.
const FIRST_READ: usize = 4096;

/// What is said to a client whose head does not come to an end.
const REQUEST_TIMEOUT: &[u8] =
    b"HTTP/1.1 408 Request Timeout\r\nconnection: close\r\ncontent-length: 0\r\n\r\n";

/// Serves a connection until it ends or becomes a tunnel; `held` counts it until its socket closes.
pub(crate) async fn serve<S: Service>(
    accepted: Accepted,
    held: Held,
    protocols: Arc<Protocols>,
    service: Arc<S>,
) {
    let Accepted { mut transport, peer, local } = accepted;
    let Some(sniffed) = first_bytes(&mut transport, &protocols).await else { return };
    let info = ConnectionInfo { remote_addr: peer, local_addr: local, ..ConnectionInfo::default() };
    let http2 = protocols.config.http2.prior_knowledge && sniffed.starts_with(PREFACE);
    let link = Link::new(info, http2, protocols.config.clone());
    let io = TokioIo::new(Io::new(transport, sniffed.freeze(), link.clone(), held));
    if http2 {
        let streams = service_fn(|request| {
            let (service, link) = (service.clone(), link.clone());
            async move { answer(&*service, &link, request).await }
        });
        let connection = pin!(protocols.http2.serve_connection(io, streams));
        drive(connection, |c| c.graceful_shutdown(), &link, &protocols.shutdown).await;
    } else {
        let requests = service_fn(|request| answer(&*service, &link, request));
        let mut connection = protocols.http1.serve_connection(io, requests).with_upgrades();
        let end = drive(Pin::new(&mut connection), |c| c.graceful_shutdown(), &link, &protocols.shutdown);
        if end.await == Some(Expired::Head)
            && !link.activity.is_blocked()
            && let Some(parts) = connection.into_parts()
        {
            let mut io = parts.io.into_inner();
            let mut transport = Pin::new(&mut io.transport);
            let mut cx = Context::from_waker(Waker::noop());
            // What the socket does not take at once is lost.
            let _ = transport.as_mut().poll_write(&mut cx, REQUEST_TIMEOUT);
            let _ = transport.poll_flush(&mut cx);
        }
    }
}

/// Reads until it is clear whether the client speaks HTTP/2; `None` if it leaves or says nothing in time.
async fn first_bytes(transport: &mut Transport, protocols: &Protocols) -> Option<BytesMut> {
    let config = &protocols.config;
    let read = async {
        let mut sniffed = BytesMut::new();
        loop {
            sniffed.reserve(FIRST_READ);
            match poll_fn(|cx| poll_read_buf(Pin::new(&mut *transport), cx, &mut sniffed)).await {
                Ok(1..) => {}
                Ok(0) | Err(_) => return None,
            }
            let undecided = config.http2.prior_knowledge
                && sniffed.len() < PREFACE.len()
                && PREFACE.starts_with(&sniffed);
            if !undecided {
                return Some(sniffed);
            }
        }
    };
    let give_up = async {
        let first_byte = async {
            match config.deadlines.first_byte {
                Some(limit) => tokio::time::sleep(limit).await,
                None => std::future::pending().await,
            }
        };
        let drained = async {
            protocols.shutdown.reached(Stage::Draining).await;
            tokio::time::sleep(DRAIN_FIRST_BYTE).await;
        };
        race(first_byte, drained).await;
    };
    match race(read, give_up).await {
        Either::First(sniffed) => sniffed,
        Either::Second(()) => None,
    }
}

/// Polls a connection until it ends or a deadline passes, which it says; tells it when the server drains.
async fn drive<C>(
    mut connection: Pin<&mut C>,
    mut graceful: impl FnMut(Pin<&mut C>),
    link: &Link,
    shutdown: &ShutdownHandle,
) -> Option<Expired>
where
    C: Future<Output = hyper::Result<()>>,
{
    let activity = &link.activity;
    let limits = &link.config.deadlines;
    let mut draining = pin!(shutdown.reached(Stage::Draining));
    // hyper closes an HTTP/1 connection that has not served a request yet, although one is on its way.
    let mut drain = |connection: Pin<&mut C>| match activity.phase() {
        Phase::Head => activity.set_spent(),
        _ => graceful(connection),
    };
    let (mut watched, mut drained) = (false, shutdown.is_stopping());
    if drained {
        drain(connection.as_mut());
    }
    // One timer, which never fires later than the deadline of the moment. It often fires earlier,
    // because the deadline of a busy connection moves; then it is set anew.
    let mut timer = pin!(tokio::time::sleep(Duration::ZERO));
    let mut armed = false;
    poll_fn(|cx| {
        loop {
            match connection.as_mut().poll(cx) {
                Poll::Ready(Ok(())) => return Poll::Ready(None),
                Poll::Ready(Err(error)) => {
                    tracing::debug!(target: "carboy::server", %error, "connection ended");
                    return Poll::Ready(None);
                }
                Poll::Pending => {}
            }
            // After its first poll the signal wakes this task; then a look at the word is enough.
            let told = if watched { shutdown.is_stopping() } else { draining.as_mut().poll(cx).is_ready() };
            watched = true;
            if told && !drained {
                drained = true;
                drain(connection.as_mut());
                continue;
            }
            break;
        }
        loop {
            let Some((deadline, what)) = activity.deadline(limits) else { return Poll::Pending };
            let deadline = Instant::from_std(deadline);
            if armed && timer.deadline() <= deadline && !timer.is_elapsed() {
                return Poll::Pending;
            }
            let now = Instant::now();
            if now < deadline {
                timer.as_mut().reset(deadline);
                armed = timer.as_mut().poll(cx).is_pending();
                if armed {
                    return Poll::Pending;
                }
                continue;
            }
            tracing::debug!(target: "carboy::server", ?what, "connection closed: a deadline has passed");
            if what == Expired::Idle && link.http2 && !drained {
                // Says goodbye, so that a request that is on its way is known to be unanswered.
                drained = true;
                activity.close();
                drain(connection.as_mut());
                if connection.as_mut().poll(cx).is_ready() {
                    return Poll::Ready(None);
                }
                continue;
            }
            return Poll::Ready(Some(what));
        }
    })
    .await
}
