//! The process, where a server has it for itself: its service manager and its successor.

use crate::{Listener, ServerConfig, ServerError, ShutdownHandle};
#[cfg(unix)]
use crate::{
    heartbeat::Beats,
    notify::{self, Manager},
    restart::{self, Restart},
};
#[cfg(unix)]
use std::{os::unix::net::UnixDatagram, sync::Arc};

/// Whom the process tells what, and who comes after it.
pub(crate) struct Process {
    #[cfg(unix)]
    manager: Arc<Option<Manager>>,
    #[cfg(unix)]
    restart: Arc<Restart>,
    #[cfg(unix)]
    predecessor: Option<UnixDatagram>,
    #[cfg(unix)]
    beats: Option<Arc<Beats>>,
}

#[cfg(unix)]
impl Process {
    /// For a server that listens on these sockets.
    pub(crate) fn new<'a>(
        listeners: impl Iterator<Item = &'a Listener>,
        predecessor: Option<UnixDatagram>,
        config: &ServerConfig,
        shutdown: &ShutdownHandle,
    ) -> Result<Self, ServerError> {
        let copies = listeners.map(Listener::heirloom).collect::<Result<Vec<_>, _>>();
        let copies = copies.map_err(|error| ServerError::system("listening", error))?;
        let manager = Arc::new(Manager::of_process());
        let watchdog = manager.as_ref().as_ref().and_then(|_| notify::watchdog_interval());
        Ok(Process {
            restart: Restart::new(copies, config, shutdown, manager.clone()),
            manager,
            predecessor,
            beats: watchdog.map(|interval| Beats::new(config.workers, interval)),
        })
    }

    /// What the workers beat for, if anybody listens.
    pub(crate) fn beats(&self) -> Option<Arc<Beats>> {
        self.beats.clone()
    }

    /// Clients are served.
    pub(crate) fn serving(&self) {
        if let Some(predecessor) = &self.predecessor {
            restart::tell_predecessor(predecessor);
        }
        self.tell("READY=1");
    }

    pub(crate) fn reloading(&self) {
        self.tell("RELOADING=1");
    }

    pub(crate) fn reloaded(&self) {
        self.tell("READY=1");
    }

    pub(crate) fn stopping(&self) {
        // After a restart the service goes on, in another process.
        if !self.restart.is_done() {
            self.tell("STOPPING=1");
        }
    }

    /// Nobody is listened to any more.
    pub(crate) fn stopped_listening(&self) {
        self.restart.close();
    }

    pub(crate) fn restart(&self) {
        self.restart.begin();
    }

    /// Tells the manager that all workers are alive, as long as they are. Does not end.
    pub(crate) async fn keep_alive(&self) {
        if let (Some(manager), Some(beats)) = (&*self.manager, &self.beats) {
            loop {
                tokio::time::sleep(beats.asked()).await;
                // A worker that is stuck keeps the word back, so that the service is started anew.
                if beats.all_alive() {
                    manager.tell("WATCHDOG=1");
                }
            }
        }
        std::future::pending().await
    }

    fn tell(&self, state: &str) {
        if let Some(manager) = &*self.manager {
            manager.tell(state);
        }
    }
}

#[cfg(not(unix))]
impl Process {
    pub(crate) fn new<'a>(
        _: impl Iterator<Item = &'a Listener>,
        _: &ServerConfig,
        _: &ShutdownHandle,
    ) -> Result<Self, ServerError> {
        Ok(Process {})
    }
    pub(crate) fn serving(&self) {}
    pub(crate) fn reloading(&self) {}
    pub(crate) fn reloaded(&self) {}
    pub(crate) fn stopping(&self) {}
    pub(crate) fn stopped_listening(&self) {}
    pub(crate) fn restart(&self) {}
    pub(crate) async fn keep_alive(&self) {
        std::future::pending().await
    }
}
