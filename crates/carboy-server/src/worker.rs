//! A worker: one thread, one runtime, its share of the connections.

use crate::{
    accept::accept_loop,
    connection::{Protocols, serve},
    heartbeat::Beats,
    listener::{Accepted, Detached, OpenListener},
    load::{Held, Load},
    server::DrainHook,
    shutdown::{ShutdownHandle, Stage, race},
};
use carboy_http::Service;
use std::{sync::Arc, time::Duration};
use tokio::{
    runtime::{Builder, Runtime},
    sync::{mpsc::UnboundedReceiver, oneshot},
    task::JoinSet,
};

/// Where a worker's connections come from.
pub(crate) enum Source {
    /// It accepts them itself, once it is told to: there is no other worker.
    Accept(Vec<OpenListener>, oneshot::Receiver<()>),
    /// The acceptor hands them over. The channel is as long as the connection cap allows.
    Handed(UnboundedReceiver<(Detached, Held)>),
}

/// What a worker needs to run.
pub(crate) struct Worker<S> {
    pub(crate) index: usize,
    pub(crate) service: Arc<S>,
    pub(crate) protocols: Arc<Protocols>,
    pub(crate) load: Arc<Load>,
    pub(crate) shutdown: ShutdownHandle,
    pub(crate) drain: Duration,
    pub(crate) drain_hook: Option<DrainHook>,
    /// Whom it tells that it is not stuck, if anybody wants to know.
    pub(crate) beats: Option<Arc<Beats>>,
}

pub(crate) fn runtime() -> std::io::Result<Runtime> {
    Builder::new_current_thread().enable_all().thread_name("carboy-blocking").build()
}

impl<S: Service> Worker<S> {
    /// Serves until the server is stopped and what was under way has ended, or its time is over.
    pub(crate) fn run(self, runtime: Runtime, source: Source) {
        runtime.block_on(async {
            if let Some(beats) = self.beats.clone() {
                let index = self.index;
                tokio::spawn(async move { beats.beat(index).await });
            }
            match source {
                Source::Accept(listeners, begin) => {
                    // An error: the server did not come to start.
                    if begin.await.is_ok() {
                        self.accept(listeners).await;
                    }
                }
                Source::Handed(mut handed) => {
                    while let Some((connection, held)) = handed.recv().await {
                        match connection.attach() {
                            Ok(connection) => self.spawn(connection, held),
                            Err(error) => {
                                tracing::error!(target: "carboy::server", %error, "connection lost");
                            }
                        }
                    }
                }
            }
            let ended = async {
                self.load.none_of(self.index).await;
                if let Some(hook) = &self.drain_hook {
                    hook().await;
                }
            };
            let over = race(tokio::time::sleep(self.drain), self.shutdown.reached(Stage::Aborting));
            race(ended, over).await;
        });
        // Blocking calls that are still running have no one left to answer to.
        runtime.shutdown_background();
    }

    async fn accept(&self, listeners: Vec<OpenListener>) {
        let mut loops = JoinSet::new();
        for listener in listeners {
            let (load, shutdown) = (self.load.clone(), self.shutdown.clone());
            let (protocols, service, index) = (self.protocols.clone(), self.service.clone(), self.index);
            loops.spawn(async move {
                accept_loop(listener, &load, &shutdown, |connection| {
                    let held = load.take(index);
                    tokio::spawn(serve(connection, held, protocols.clone(), service.clone()));
                })
                .await;
            });
        }
        loops.join_all().await;
    }

    fn spawn(&self, connection: Accepted, held: Held) {
        tokio::spawn(serve(connection, held, self.protocols.clone(), self.service.clone()));
    }
}
