//! The accept loop: it survives whatever the system says, and stops for the cap and for the end only.

use crate::{
    listener::{Accepted, OpenListener},
    load::Load,
    shutdown::{Either, ShutdownHandle, Stage, race},
};
use std::{
    fs::File,
    future::poll_fn,
    io,
    pin::{Pin, pin},
    task::{Context, Poll, Waker},
    time::Duration,
};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

const FIRST_PAUSE: Duration = Duration::from_millis(10);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// What a client hears when there is no file left for its connection, and has not been for a while.
const NO_ROOM: &[u8] =
    b"HTTP/1.1 503 Service Unavailable\r\nretry-after: 1\r\nconnection: close\r\ncontent-length: 0\r\n\r\n";

/// Accepts until the server drains, then empties the backlog, so that no client that the system has
/// told "connected" is turned away; those who wait at a socket that another process listens on are its. `hand` counts each connection
/// in `load`.
pub(crate) async fn accept_loop(
    listener: OpenListener,
    load: &Load,
    shutdown: &ShutdownHandle,
    mut hand: impl FnMut(Accepted),
) {
    let mut pause = FIRST_PAUSE;
    let mut reserve = Reserve::new();
    let mut full = false;
    let mut draining = pin!(shutdown.reached(Stage::Draining));
    loop {
        if load.total() >= load.cap() {
            if !full {
                tracing::warn!(
                    target: "carboy::server",
                    connections = load.cap(),
                    "all connections are in use; further clients wait in the backlog"
                );
            }
            full = true;
            match race(draining.as_mut(), load.at_most(load.cap() - 1)).await {
                Either::First(()) => break,
                Either::Second(()) => continue,
            }
        }
        match race(draining.as_mut(), poll_fn(|cx| listener.poll_accept(cx))).await {
            Either::First(()) => break,
            Either::Second(Ok(connection)) => {
                (pause, full) = (FIRST_PAUSE, false);
                hand(connection);
            }
            Either::Second(Err(error)) if is_of_one_connection(&error) => {}
            Either::Second(Err(error)) => {
                // Out of files or memory: connections that end make room. Said once until it works again.
                if pause == FIRST_PAUSE {
                    tracing::error!(target: "carboy::server", %error, "cannot accept connections; trying again");
                }
                if let Either::First(()) = race(draining.as_mut(), tokio::time::sleep(pause)).await {
                    break;
                }
                if pause == LONGEST_PAUSE {
                    reserve.turn_away(&listener).await;
                }
                pause = (pause * 2).min(LONGEST_PAUSE);
            }
        }
    }
    while !listener.is_left()
        && let Some(connection) = backlog(&listener).await
    {
        if load.total() < load.cap() {
            hand(connection);
        }
    }
}

/// A file that is kept open to be closed when no other can be opened: so those who wait can at least be told.
struct Reserve(Option<File>);

impl Reserve {
    fn new() -> Self {
        Reserve(File::open("/dev/null").ok())
    }

    /// Tells everybody who waits that there is no room.
    async fn turn_away(&mut self, listener: &OpenListener) {
        drop(self.0.take());
        let mut turned_away = 0;
        while let Some(mut connection) = backlog(listener).await {
            // The socket is new and takes these few bytes at once, or the client has left.
            let mut cx = Context::from_waker(Waker::noop());
            let mut transport = Pin::new(&mut connection.transport);
            let _ = transport.as_mut().poll_write(&mut cx, NO_ROOM);
            // What is left unread when a socket is closed makes the client's system throw the answer away.
            let mut waste = [0; 4096];
            let _ = transport.as_mut().poll_read(&mut cx, &mut ReadBuf::new(&mut waste));
            turned_away += 1;
        }
        if turned_away > 0 {
            tracing::error!(target: "carboy::server", turned_away, "no files for further connections; clients were told 503");
        }
        *self = Reserve::new();
    }
}

/// A connection that waits to be accepted now.
async fn backlog(listener: &OpenListener) -> Option<Accepted> {
    poll_fn(|cx| {
        loop {
            return match listener.poll_accept(cx) {
                Poll::Ready(Ok(connection)) => Poll::Ready(Some(connection)),
                Poll::Ready(Err(error)) if is_of_one_connection(&error) => continue,
                Poll::Ready(Err(_)) | Poll::Pending => Poll::Ready(None),
            };
        }
    })
    .await
}

/// Errors that `accept` passes on from a connection that broke before it was accepted.
fn is_of_one_connection(error: &io::Error) -> bool {
    use io::ErrorKind::*;
    matches!(
        error.kind(),
        ConnectionAborted
            | ConnectionReset
            | ConnectionRefused
            | Interrupted
            | TimedOut
            | HostUnreachable
            | NetworkUnreachable
            | NetworkDown
    )
}
