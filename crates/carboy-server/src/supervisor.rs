//! What watches a server from its first moment to its last: the drain and its deadlines, and, where the server has the process for
//! itself, signals and the service manager.

use crate::{
    ShutdownHandle,
    observers::Observers,
    pid_file::PidFile,
    process::Process,
    shutdown::{Either, Stage, race},
    signals::{Signals, Wish},
};
use std::{future::pending, sync::Arc, thread::JoinHandle, time::Duration};
use tokio::{runtime::Runtime, sync::mpsc};

/// How long threads that were told to end are waited for; one that is stuck in a view is left behind.
const LAST_WAIT: Duration = Duration::from_millis(500);

/// Something to do at each SIGHUP.
pub(crate) type ReloadHook = Arc<dyn Fn() + Send + Sync>;

/// Threads that serve, and what watches them.
pub(crate) struct Supervisor {
    pub(crate) shutdown: ShutdownHandle,
    pub(crate) runtime: Runtime,
    pub(crate) threads: Vec<JoinHandle<()>>,
    /// Ends when all threads have.
    pub(crate) all_ended: mpsc::Receiver<()>,
    pub(crate) drain_delay: Duration,
    pub(crate) drain: Duration,
    pub(crate) observers: Observers,
    pub(crate) reload_hooks: Vec<ReloadHook>,
    /// Of a server that has the process for itself.
    pub(crate) process: Option<(Process, Signals)>,
    pub(crate) pid_file: Option<PidFile>,
    #[cfg(feature = "tls")]
    pub(crate) tls: Option<Arc<crate::tls::Tls>>,
    /// Stops when the server does.
    #[cfg(feature = "tls")]
    pub(crate) redirect: Option<crate::RunningServer>,
}

impl Supervisor {
    /// Returns when the server has ended.
    pub(crate) fn watch(self) {
        let Supervisor { shutdown, runtime, threads, mut all_ended, observers, reload_hooks, .. } = self;
        #[cfg(feature = "tls")]
        if let Some(tls) = self.tls {
            #[cfg(feature = "acme")]
            runtime.spawn(crate::tls::keep_issued(tls.clone()));
            runtime.spawn(crate::tls::keep_fresh(tls, self.process.is_some()));
        }
        let (process, signals) = self.process.unzip();
        let process = process.as_ref();
        let all_ended = runtime.block_on(async {
            let end = async {
                shutdown.reached(Stage::Leaving).await;
                process.inspect(|process| process.stopping());
                race(tokio::time::sleep(self.drain_delay), shutdown.reached(Stage::Draining)).await;
                shutdown.drain();
                process.inspect(|process| process.stopped_listening());
                race(tokio::time::sleep(self.drain), shutdown.reached(Stage::Aborting)).await;
                shutdown.abort();
                tokio::time::sleep(LAST_WAIT).await;
            };
            let obey = async {
                if let (Some(process), Some(signals)) = (process, signals) {
                    let obey = obey(signals, process, &shutdown, &observers, &reload_hooks);
                    race(obey, process.keep_alive()).await;
                }
                pending::<()>().await;
            };
            matches!(race(all_ended.recv(), race(end, obey)).await, Either::First(_))
        });
        drop(self.pid_file);
        if all_ended {
            for thread in threads {
                let _ = thread.join();
            }
            #[cfg(feature = "tls")]
            if let Some(redirect) = self.redirect {
                redirect.join();
            }
        } else {
            tracing::warn!(
                target: "carboy::server",
                "the drain deadline has passed; requests that block their worker are left behind"
            );
        }
        runtime.shutdown_background();
    }
}

/// Does what signals ask for. Does not end.
async fn obey(
    mut signals: Signals,
    process: &Process,
    shutdown: &ShutdownHandle,
    observers: &Observers,
    reload_hooks: &[ReloadHook],
) {
    let mut told_to_stop = false;
    loop {
        match signals.next().await {
            Wish::Stop if told_to_stop => shutdown.abort(),
            Wish::Stop => {
                told_to_stop = true;
                tracing::info!(target: "carboy::server", "stopping: requests under way are finished; again to end at once");
                shutdown.shutdown();
            }
            Wish::Restart => process.restart(),
            Wish::Reload => {
                process.reloading();
                observers.reload();
                let hooks = reload_hooks.to_vec();
                // They may read files; connections are accepted meanwhile.
                let done = tokio::task::spawn_blocking(move || hooks.iter().for_each(|hook| hook())).await;
                match done {
                    Ok(()) => tracing::info!(target: "carboy::server", "reloaded"),
                    Err(error) => tracing::error!(target: "carboy::server", %error, "the reload failed"),
                }
                process.reloaded();
            }
        }
    }
}
