//! The accept loop: it survives whatever the system says, and stops for the cap and for the end only.

use crate::{
    listener::{Accepted, OpenListener},
    load::Load,
    shutdown::{Either, ShutdownHandle, Stage, race},
};
use std::{future::poll_fn, io, pin::pin, task::Poll, time::Duration};

const FIRST_PAUSE: Duration = Duration::from_millis(10);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// Accepts until the server drains, then empties the backlog, so that no client that the system has
/// told "connected" is turned away. `hand` counts each connection in `load`.
pub(crate) async fn accept_loop(
    listener: OpenListener,
    load: &Load,
    shutdown: &ShutdownHandle,
    mut hand: impl FnMut(Accepted),
) {
    let mut pause = FIRST_PAUSE;
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
                pause = (pause * 2).min(LONGEST_PAUSE);
            }
        }
    }
    while let Some(connection) = backlog(&listener).await {
        if load.total() < load.cap() {
            hand(connection);
        }
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
