//! One HTTP/2 connection, from its preface to its end.

use super::{activity::Expired, exchange::answer, guarded::Guarded, io::Io, link::Link, pace::Streams};
use crate::{ServerConfig, ShutdownHandle, alarm::Alarm, load::Held, shutdown::Stage, transport::Transport};
use bytes::BytesMut;
use carboy_http::{ConnectionInfo, Service};
use hyper::{server::conn::http2, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use std::{
    future::poll_fn,
    pin::{Pin, pin},
    sync::Arc,
    task::Poll,
};

/// What an HTTP/2 connection begins with.
pub(crate) const PREFACE: &[u8; 24] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// How many streams that a client has reset may wait to be seen; with more it has to leave.
const PENDING_RESETS: usize = 20;

/// How many streams a client may make the server reset; then it has to leave.
const PROVOKED_RESETS: usize = 100;

fn builder(link: &Arc<Link>) -> http2::Builder<Streams> {
    let mut builder = http2::Builder::new(Streams(link.clone()));
    let limits = &link.config.http2;
    builder
        .timer(TokioTimer::new())
        .max_concurrent_streams(limits.max_concurrent_streams)
        .max_pending_accept_reset_streams(PENDING_RESETS)
        .max_local_error_reset_streams(PROVOKED_RESETS)
        .initial_stream_window_size(limits.stream_window)
        .initial_connection_window_size(limits.connection_window)
        .max_header_list_size(limits.max_header_list)
        .max_send_buf_size(limits.max_send_buffer)
        .keep_alive_interval(limits.ping_interval)
        .keep_alive_timeout(limits.ping_timeout)
        // A WebSocket may be one of the streams (RFC 8441).
        .enable_connect_protocol();
    builder
}

/// Serves a connection until it ends. `first` is what was read of it already.
pub(crate) async fn serve<S: Service>(
    transport: Transport,
    first: BytesMut,
    info: ConnectionInfo,
    config: Arc<ServerConfig>,
    shutdown: &ShutdownHandle,
    held: Held,
    service: Arc<S>,
) {
    let link = Link::new(info, config);
    let io = Io::new(transport, first.freeze(), link.clone(), held);
    let io = TokioIo::new(Guarded::new(io, link.clone()));
    let streams = service_fn(|request| {
        let (service, link) = (service.clone(), link.clone());
        async move { answer(&*service, &link, request).await }
    });
    let connection = pin!(builder(&link).serve_connection(io, streams));
    drive(connection, |c| c.graceful_shutdown(), &link, shutdown).await;
}

/// Polls a connection until it ends or a deadline passes; tells it when the server drains.
async fn drive<C>(
    mut connection: Pin<&mut C>,
    mut graceful: impl FnMut(Pin<&mut C>),
    link: &Link,
    shutdown: &ShutdownHandle,
) where
    C: Future<Output = hyper::Result<()>>,
{
    let (activity, limits) = (&link.activity, &link.config.deadlines);
    let mut draining = pin!(shutdown.reached(Stage::Draining));
    let (mut watched, mut goodbye) = (false, shutdown.is_draining());
    if goodbye {
        graceful(connection.as_mut());
    }
    let mut alarm = Alarm::default();
    poll_fn(|cx| {
        loop {
            match connection.as_mut().poll(cx) {
                Poll::Ready(Ok(())) => return Poll::Ready(()),
                Poll::Ready(Err(error)) => {
                    tracing::debug!(target: "carboy::server", %error, "connection ended");
                    return Poll::Ready(());
                }
                Poll::Pending => {}
            }
            // After its first poll the signal wakes this task; then a look at the word is enough.
            let told = if watched { shutdown.is_draining() } else { draining.as_mut().poll(cx).is_ready() };
            watched = true;
            if told && !goodbye {
                goodbye = true;
                graceful(connection.as_mut());
                continue;
            }
            let Some((deadline, what)) = activity.deadline(limits) else { return Poll::Pending };
            if alarm.poll(cx, deadline).is_pending() {
                return Poll::Pending;
            }
            tracing::debug!(target: "carboy::server", ?what, "connection closed: a deadline has passed");
            if what != Expired::Idle || goodbye {
                return Poll::Ready(());
            }
            // Says goodbye, so that a request that is on its way is known to be unanswered.
            goodbye = true;
            activity.close();
            graceful(connection.as_mut());
        }
    })
    .await;
}
