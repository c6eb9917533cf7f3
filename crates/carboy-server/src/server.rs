//! A server as a whole: started, supervised, stopped.

use crate::{
    BoundAddress, Listener, ServerConfig, ServerError, ShutdownHandle,
    accept::accept_loop,
    connection::Protocols,
    listener::Detached,
    load::{Held, Load, open_file_limit},
    observers::Observers,
    opening::Opening,
    shutdown::{Stage, race},
    worker::{self, Source, Worker},
};
use carboy_http::Service;
use std::{fmt, io, pin::Pin, sync::Arc, thread::JoinHandle, time::Duration};
use tokio::{
    runtime::Runtime,
    sync::mpsc::{self, UnboundedSender},
};

/// Files that connections leave to the application.
const RESERVED_FILES: usize = 64;

/// How long threads that were told to end are waited for; one that is stuck in a view is left behind.
const LAST_WAIT: Duration = Duration::from_secs(1);

pub(crate) type DrainHook = Arc<dyn Fn() -> Pin<Box<dyn Future<Output = ()> + Send>> + Send + Sync>;
type OnListen = Box<dyn FnOnce(&[BoundAddress]) + Send>;

/// A server that is about to run.
///
/// [`serve`](Server::serve) is for programs: it blocks and obeys Ctrl-C and SIGTERM.
/// [`start`](Server::start) is for tests and for programs that stop it themselves.
pub struct Server {
    config: ServerConfig,
    listeners: Option<Vec<Listener>>,
    shutdown: ShutdownHandle,
    on_listen: Option<OnListen>,
    drain_hook: Option<DrainHook>,
}

impl Server {
    /// A server with this configuration.
    pub fn new(config: ServerConfig) -> Self {
        let shutdown = ShutdownHandle::new();
        Server { config, listeners: None, shutdown, on_listen: None, drain_hook: None }
    }

    /// Listens on sockets that exist already, inherited ones for example; the configuration's
    /// addresses are not bound then.
    pub fn listeners(mut self, listeners: Vec<Listener>) -> Self {
        self.listeners = Some(listeners);
        self
    }

    /// Calls `ready` once clients can connect, with the addresses as they are: port 0 has become a
    /// real one.
    pub fn on_listen(mut self, ready: impl FnOnce(&[BoundAddress]) + Send + 'static) -> Self {
        self.on_listen = Some(Box::new(ready));
        self
    }

    /// Awaits what `last` gives on each worker when its connections have ended, within the drain
    /// deadline: for work that outlives its request.
    pub fn on_drained<F>(mut self, last: impl Fn() -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = ()> + Send + 'static,
    {
        self.drain_hook = Some(Arc::new(move || Box::pin(last())));
        self
    }

    /// What stops this server, from anywhere.
    pub fn shutdown_handle(&self) -> ShutdownHandle {
        self.shutdown.clone()
    }

    /// Runs until Ctrl-C, SIGTERM or the [`ShutdownHandle`] stops it: then no connection is accepted
    /// any more, idle ones are closed, answers under way have the drain deadline to finish. A second
    /// signal ends at once.
    ///
    /// # Errors
    ///
    /// [`ServerError`] when it cannot start; once it runs it ends with `Ok`.
    pub fn serve<S: Service>(self, service: S) -> Result<(), ServerError> {
        let running = self.launch(service)?;
        running.supervise(true);
        Ok(())
    }

    /// Runs in the background, without looking at signals.
    ///
    /// # Errors
    ///
    /// [`ServerError`] when it cannot start.
    pub fn start<S: Service>(self, service: S) -> Result<RunningServer, ServerError> {
        let launched = self.launch(service)?;
        let (addresses, shutdown) = (launched.addresses.clone(), launched.shutdown.clone());
        let metrics_address = launched.observers.metrics_address().cloned();
        let supervisor = std::thread::Builder::new()
            .name("carboy-server".into())
            .spawn(move || launched.supervise(false))
            .map_err(|error| ServerError::system("a thread", error))?;
        Ok(RunningServer { addresses, metrics_address, shutdown, supervisor: Some(supervisor) })
    }

    fn launch<S: Service>(self, service: S) -> Result<Launched, ServerError> {
        let listeners = match self.listeners {
            Some(listeners) => listeners,
            None => Listener::bind(&self.config)?,
        };
        let observers = Observers::start(&self.config)?;
        let opening = Opening::new(&self.config)?;
        #[cfg(feature = "tls")]
        let tls = opening.tls.clone();
        let addresses: Vec<_> = listeners.iter().map(|l| opening.announced(l.address())).collect();
        let workers = self.config.workers;
        let files = open_file_limit().map_or(usize::MAX, |n| n.saturating_sub(RESERVED_FILES).max(1));
        let load = Load::new(workers, self.config.max_connections.min(files));
        let config = Arc::new(self.config);
        let service = Arc::new(service);
        let protocols = Arc::new(Protocols::new(config.clone(), self.shutdown.clone(), opening));
        let system = |what| move |error: io::Error| ServerError::system(what, error);

        let supervisor = worker::runtime().map_err(system("a runtime"))?;
        let (ended, all_ended) = mpsc::channel::<()>(1);
        let mut threads = Vec::with_capacity(workers);
        let mut hand_over = Vec::new();
        let mut listeners = Some(listeners);
        for index in 0..workers {
            let runtime = worker::runtime().map_err(system("a runtime"))?;
            let source = if workers == 1 {
                let _context = runtime.enter();
                let own = listeners.take().unwrap_or_default();
                let open: io::Result<Vec<_>> = own.into_iter().map(Listener::open).collect();
                Source::Accept(open.map_err(system("listening"))?)
            } else {
                let (sender, receiver) = mpsc::unbounded_channel();
                hand_over.push(sender);
                Source::Handed(receiver)
            };
            let worker = Worker {
                index,
                service: service.clone(),
                protocols: protocols.clone(),
                load: load.clone(),
                shutdown: self.shutdown.clone(),
                drain: config.deadlines.drain,
                drain_hook: self.drain_hook.clone(),
            };
            let ended = ended.clone();
            let thread = std::thread::Builder::new()
                .name(format!("carboy-worker-{index}"))
                .spawn(move || {
                    let _ended = ended;
                    worker.run(runtime, source);
                })
                .map_err(system("a thread"))?;
            threads.push(thread);
        }
        let handed = listeners.unwrap_or_default();
        if !handed.is_empty() {
            let _context = supervisor.enter();
            let hand_over: Arc<[_]> = hand_over.into();
            for listener in handed {
                let listener = listener.open().map_err(system("listening"))?;
                let (load, shutdown, workers) = (load.clone(), self.shutdown.clone(), hand_over.clone());
                supervisor.spawn(async move {
                    accept_loop(listener, &load, &shutdown, |connection| {
                        let detached = connection.detach();
                        match detached {
                            Ok(connection) => hand(connection, &load, &workers),
                            Err(error) => {
                                tracing::error!(target: "carboy::server", %error, "connection lost");
                            }
                        }
                    })
                    .await;
                });
            }
        }
        if let Some(ready) = self.on_listen {
            ready(&addresses);
        }
        Ok(Launched {
            addresses,
            shutdown: self.shutdown,
            supervisor,
            threads,
            all_ended,
            drain: config.deadlines.drain,
            observers,
            #[cfg(feature = "tls")]
            tls,
        })
    }
}

fn hand(connection: Detached, load: &Arc<Load>, workers: &[UnboundedSender<(Detached, Held)>]) {
    let index = load.least_loaded();
    // Fails only if the worker is gone, and with it the server.
    let _ = workers[index].send((connection, load.take(index)));
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server").field("config", &self.config).finish_non_exhaustive()
    }
}

/// Threads that serve, and what watches them.
struct Launched {
    addresses: Vec<BoundAddress>,
    shutdown: ShutdownHandle,
    supervisor: Runtime,
    threads: Vec<JoinHandle<()>>,
    all_ended: mpsc::Receiver<()>,
    drain: Duration,
    observers: Observers,
    #[cfg(feature = "tls")]
    tls: Option<Arc<crate::tls::Tls>>,
}

impl Launched {
    fn supervise(mut self, signals: bool) {
        #[cfg(feature = "tls")]
        if let Some(tls) = self.tls.take() {
            self.supervisor.spawn(crate::tls::keep_fresh(tls, signals));
        }
        let shutdown = &self.shutdown;
        let all_ended = self.supervisor.block_on(async {
            let over = async {
                shutdown.reached(Stage::Draining).await;
                race(tokio::time::sleep(self.drain), shutdown.reached(Stage::Aborting)).await;
                shutdown.abort();
                tokio::time::sleep(LAST_WAIT).await;
            };
            let obey = async {
                if signals {
                    race(obey_signals(shutdown), self.observers.obey_hangups()).await;
                }
                std::future::pending::<()>().await;
            };
            let ended = race(self.all_ended.recv(), race(over, obey)).await;
            matches!(ended, crate::shutdown::Either::First(_))
        });
        if all_ended {
            for thread in self.threads {
                let _ = thread.join();
            }
        } else {
            tracing::warn!(
                target: "carboy::server",
                "the drain deadline has passed; requests that block their worker are left behind"
            );
        }
        self.supervisor.shutdown_background();
    }
}

async fn obey_signals(shutdown: &ShutdownHandle) {
    let mut signals = match Signals::new() {
        Ok(signals) => signals,
        Err(error) => {
            tracing::error!(target: "carboy::server", %error, "cannot listen for signals");
            return;
        }
    };
    signals.next().await;
    tracing::info!(target: "carboy::server", "stopping: requests under way are finished; again to end at once");
    shutdown.shutdown();
    signals.next().await;
    shutdown.abort();
}

#[cfg(unix)]
struct Signals(tokio::signal::unix::Signal, tokio::signal::unix::Signal);

#[cfg(unix)]
impl Signals {
    fn new() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Signals(signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?))
    }

    async fn next(&mut self) {
        race(self.0.recv(), self.1.recv()).await;
    }
}

#[cfg(not(unix))]
struct Signals;

#[cfg(not(unix))]
impl Signals {
    fn new() -> io::Result<Self> {
        Ok(Signals)
    }

    async fn next(&mut self) {
        let _ = tokio::signal::ctrl_c().await;
    }
}

/// A server that runs in the background; dropping it stops it without waiting.
#[derive(Debug)]
pub struct RunningServer {
    addresses: Vec<BoundAddress>,
    metrics_address: Option<BoundAddress>,
    shutdown: ShutdownHandle,
    supervisor: Option<JoinHandle<()>>,
}

impl RunningServer {
    /// Where it listens, in the order of the configuration.
    pub fn addresses(&self) -> &[BoundAddress] {
        &self.addresses
    }

    /// Where it shows its [figures](ServerConfig::metrics_on).
    pub fn metrics_address(&self) -> Option<&BoundAddress> {
        self.metrics_address.as_ref()
    }

    /// What stops it, from anywhere.
    pub fn shutdown_handle(&self) -> ShutdownHandle {
        self.shutdown.clone()
    }

    /// Stops accepting and lets answers under way finish; does not wait.
    pub fn shutdown(&self) {
        self.shutdown.shutdown();
    }

    /// Waits until it has ended; somebody has to stop it.
    pub fn join(mut self) {
        if let Some(supervisor) = self.supervisor.take() {
            let _ = supervisor.join();
        }
    }
}

impl Drop for RunningServer {
    fn drop(&mut self) {
        if self.supervisor.is_some() {
            self.shutdown.abort();
        }
    }
}
