//! The life of a connection behind its handshake: its handler, its driver, and the end of its request.

use super::{Close, Handler, Opened, Opening, WebSocketError, Wire};
use crate::{
    Error,
    ctx::{Context, CurrentRequest},
    end::{End, Owned},
    logging,
    polling::{catch, poll_in},
    running::Frozen,
    runtime,
};
use carboy_http::{Response, StatusCode};
use std::{
    future::{Future, poll_fn},
    ops::Deref,
    pin::pin,
    sync::{Arc, Mutex, PoisonError},
    task::Poll,
};
use tokio::{runtime::Handle, sync::watch};

/// How a test sees the end of a connection, and what its handler failed with: an extension of its request.
#[derive(Clone)]
pub(crate) struct Witness {
    failure: Arc<Mutex<Option<Error>>>,
    ended: watch::Sender<bool>,
}

impl Default for Witness {
    fn default() -> Self {
        Witness { failure: Arc::default(), ended: watch::Sender::new(false) }
    }
}

impl Witness {
    fn set(&self, error: Error) {
        *self.failure.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
    }

    /// What the handler failed with.
    pub(crate) fn take(&self) -> Option<Error> {
        self.failure.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// Waits until the teardown functions have run.
    pub(crate) async fn ended(&self) {
        let _ = self.ended.subscribe().wait_for(|ended| *ended).await;
    }
}

/// Tells the witness when it is dropped.
struct Ended(Option<Witness>);

impl Drop for Ended {
    fn drop(&mut self) {
        if let Some(witness) = &self.0 {
            witness.ended.send_replace(true);
        }
    }
}

/// Ends a request with its response; when that opens a WebSocket, the end moves behind the connection.
pub(crate) fn attach<A: Deref<Target = Arc<Frozen>>>(end: End<A>, mut response: Response) -> Response {
    let opened = response.extensions_mut().remove::<Opened>();
    let opening = opened.and_then(|opened| opened.0.lock().unwrap_or_else(PoisonError::into_inner).take());
    match opening {
        // Whoever put another status in its place does not want the connection.
        Some(opening) if response.status() == StatusCode::SWITCHING_PROTOCOLS => {
            let life = live(opening, end.into_owned());
            // The connection stays on its worker; a caller without a runtime has none.
            drop(match Handle::try_current() {
                Ok(worker) => worker.spawn(life),
                Err(_) => runtime::handle().spawn(life),
            });
            response
        }
        _ => end.attach(response),
    }
}

async fn live(opening: Opening, end: End<Owned>) {
    let Opening { upgrade, channel, mut handler, limits, held, counted } = opening;
    // Each goes before the one above it.
    let witness = end.context().and_then(|context| context.request()?.extensions().get::<Witness>().cloned());
    let _ended = Ended(witness.clone());
    let _counted = counted;
    let mut end = end;
    let app = Arc::clone(end.app());
    let mut wire = match upgrade.await {
        Ok(io) => Some(Wire::new(io, channel.clone(), limits)),
        Err(error) => {
            tracing::debug!(target: "carboy::app", %error, "a WebSocket was not opened");
            channel.end(Close::new(1006, ""));
            None
        }
    };
    let mut open = wire.is_some();
    let mut drain = pin!(app.state.drain.begun());
    let mut draining = false;
    let mut patience = None;
    poll_fn(|cx| {
        if !draining && drain.as_mut().poll(cx).is_ready() {
            draining = true;
            channel.close(Close::new(1001, ""));
        }
        if let Some(running) = &mut handler {
            let ended = match poll_in(end.slot(), || running.as_mut().poll(cx)) {
                Ok(Poll::Pending) => None,
                Ok(Poll::Ready(result)) => Some(result),
                Err(panic) => Some(Err(panic)),
            };
            if let Some(result) = ended {
                handler = None;
                let close = match (result, end.slot()) {
                    (Err(error), Some(context)) => report(&app, context, error, witness.as_ref()),
                    _ => Close::new(1000, ""),
                };
                channel.close(close);
            }
        }
        // The connection is let go with the handler: a server that drains waits for both.
        if open && let Some(wire) = &mut wire {
            open = wire.poll(cx).is_pending();
        }
        if open {
            return Poll::Pending;
        }
        if handler.is_none() {
            return Poll::Ready(());
        }
        // A handler that waits for something else than its socket does not see that this is gone.
        let patience = patience.get_or_insert_with(|| Box::pin(tokio::time::sleep(limits.close_timeout)));
        patience.as_mut().poll(cx)
    })
    .await;
    if let (Some(handler), Some(context)) = (handler.take(), end.slot().clone()) {
        abandon(&context, handler);
    }
    held.release();
}

/// Drops a handler that does not end by itself, where its destructors find what they know.
fn abandon(context: &Arc<Context>, handler: Handler) {
    tracing::debug!(
        target: "carboy::app",
        "the handler `{}` did not return after its connection had ended, and was dropped",
        context.endpoint().unwrap_or("?")
    );
    let _runtime = runtime::handle().enter();
    if let Err(panic) = catch(|| context.sync_scope(|| drop(handler))) {
        tracing::error!(target: "carboy::app", "a handler that was dropped {panic}");
    }
}

/// Tells what a handler has raised, as far as it is the app's fault; says what the connection is closed with.
fn report(app: &Frozen, context: &Arc<Context>, error: Error, witness: Option<&Witness>) -> Close {
    if let Some(error) = error.downcast_ref::<WebSocketError>() {
        tracing::debug!(target: "carboy::app", %error, "a WebSocket has ended");
        return Close::new(error.code(), "");
    }
    let settings = app.state.settings();
    if let Some(http) = error.http()
        && http.status().is_client_error()
        && !settings.traps(http)
    {
        return Close::new(1008, http.description());
    }
    context.note_error(error.clone());
    let _ = catch(|| context.sync_scope(|| app.state.signals().got_request_exception.send(|| error.clone())));
    let request = CurrentRequest::of(context).expect("a connection belongs to a request");
    match witness {
        Some(witness) if settings.propagate_exceptions => witness.set(error),
        _ => logging::exception(app.state.name(), &request, &error),
    }
    Close::new(1011, "")
}
