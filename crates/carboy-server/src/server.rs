//! A server as a whole: started, supervised, stopped.

use crate::{
    BoundAddress, Inherited, Listener, ServerConfig, ServerError, ShutdownHandle,
    accept::accept_loop,
    connection::Protocols,
    health::{Check, Front},
    listener::Detached,
    load::{Held, Load, open_file_limit},
    observers::Observers,
    opening::Opening,
    pid_file::PidFile,
    process::Process,
    shutdown::Stage,
    signals::Signals,
    supervisor::{ReloadHook, Supervisor},
    worker::{self, Source, Worker},
};
use carboy_http::Service;
use std::{fmt, io, pin::Pin, sync::Arc, thread::JoinHandle};
use tokio::sync::{
    mpsc::{self, UnboundedSender},
    oneshot,
};

/// Files that connections leave to the application.
const RESERVED_FILES: usize = 64;

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
    reload_hooks: Vec<ReloadHook>,
    checks: Vec<Check>,
    metrics_listener: Option<Listener>,
    #[cfg(feature = "tls")]
    redirect_listener: Option<Listener>,
    #[cfg(unix)]
    predecessor: Option<std::os::unix::net::UnixDatagram>,
}

impl Server {
    /// A server with this configuration.
    pub fn new(config: ServerConfig) -> Self {
        let shutdown = ShutdownHandle::new();
        Server {
            config,
            listeners: None,
            shutdown,
            on_listen: None,
            drain_hook: None,
            reload_hooks: Vec::new(),
            checks: Vec::new(),
            metrics_listener: None,
            #[cfg(feature = "tls")]
            redirect_listener: None,
            #[cfg(unix)]
            predecessor: None,
        }
    }

    /// Listens on sockets that exist already, inherited ones for example; the configuration's
    /// addresses are not bound then.
    pub fn listeners(mut self, listeners: Vec<Listener>) -> Self {
        self.listeners = Some(listeners);
        self
    }

    /// Listens on the sockets that this process was started with, if there are any; the configuration's addresses are not bound
    /// then.
    pub fn inherited(mut self, inherited: Inherited) -> Self {
        if !inherited.listeners.is_empty() {
            self.listeners = Some(inherited.listeners);
        }
        self.metrics_listener = inherited.metrics;
        #[cfg(feature = "tls")]
        {
            self.redirect_listener = inherited.redirect;
        }
        #[cfg(unix)]
        {
            self.predecessor = inherited.predecessor;
        }
        self
    }

    /// Listens now rather than when it is started, for those who want to know where before anybody is served.
    ///
    /// # Errors
    /// As [`Listener::bind`].
    pub fn bind(mut self) -> Result<Self, ServerError> {
        if self.listeners.is_none() {
            self.listeners = Some(Listener::bind(&self.config)?);
        }
        Ok(self)
    }

    /// Where it listens already: see [`bind`](Self::bind).
    pub fn addresses(&self) -> impl Iterator<Item = &BoundAddress> {
        self.listeners.iter().flatten().map(Listener::address)
    }

    /// Asks this too before the [readiness path](ServerConfig::readiness_path) says that the application is ready; may be called for several.
    ///
    /// `check` fails with the reason, which is logged; a client learns the name alone. After five seconds it counts as failed.
    pub fn readiness_check<F>(mut self, name: &str, check: impl Fn() -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Result<(), String>> + Send + 'static,
    {
        self.checks.push(Check { name: name.to_owned(), run: Box::new(move || Box::pin(check())) });
        self
    }

    /// Does this at each SIGHUP, on a thread where it may read files: certificates or settings that have changed. (The file of the access
    /// log is opened anew without it.) Only [`serve`](Self::serve) obeys signals.
    pub fn on_reload(mut self, hook: impl Fn() + Send + Sync + 'static) -> Self {
        self.reload_hooks.push(Arc::new(hook));
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

    /// Stops when another server does.
    #[cfg(feature = "tls")]
    pub(crate) fn stopped_by(mut self, shutdown: ShutdownHandle) -> Self {
        self.shutdown = shutdown;
        self
    }

    /// Runs until Ctrl-C, SIGTERM or the [`ShutdownHandle`] stops it: then no connection is accepted
    /// any more, idle ones are closed, answers under way have the drain deadline to finish. A second
    /// signal ends at once.
    ///
    /// SIGUSR2 starts the program anew with the sockets of this process; when the new process serves, this one drains. One that does not
    /// come to serve changes nothing. SIGHUP reloads, or stops where the server was started from a terminal. What systemd wants to know
    /// (`NOTIFY_SOCKET`, `WATCHDOG_USEC`) it is told.
    ///
    /// # Errors
    ///
    /// [`ServerError`] when it cannot start; once it runs it ends with `Ok`.
    pub fn serve<S: Service>(self, service: S) -> Result<(), ServerError> {
        let (supervisor, _) = self.launch(service, true)?;
        supervisor.watch();
        Ok(())
    }

    /// Runs in the background, without looking at signals.
    ///
    /// # Errors
    ///
    /// [`ServerError`] when it cannot start.
    pub fn start<S: Service>(self, service: S) -> Result<RunningServer, ServerError> {
        let (launched, addresses) = self.launch(service, false)?;
        let shutdown = launched.shutdown.clone();
        let metrics_address = launched.observers.metrics_address().cloned();
        #[cfg(feature = "tls")]
        let redirect_address = launched.redirect.as_ref().and_then(|own| own.addresses().first().cloned());
        let supervisor = std::thread::Builder::new()
            .name("carboy-server".into())
            .spawn(move || launched.watch())
            .map_err(|error| ServerError::system("a thread", error))?;
        Ok(RunningServer {
            addresses,
            metrics_address,
            #[cfg(feature = "tls")]
            redirect_address,
            shutdown,
            supervisor: Some(supervisor),
        })
    }

    /// `owns_process`: signals and the service manager are for this server.
    fn launch<S: Service>(
        self,
        service: S,
        owns_process: bool,
    ) -> Result<(Supervisor, Vec<BoundAddress>), ServerError> {
        let listeners = match self.listeners {
            Some(listeners) => listeners,
            None => Listener::bind(&self.config)?,
        };
        if let Some(why) = service.local_only() {
            only_local(why, listeners.iter().map(Listener::address))?;
        }
        let metrics_listener = match self.metrics_listener {
            Some(listener) => Some(listener),
            None => Listener::bind_metrics(&self.config)?,
        };
        #[cfg(feature = "tls")]
        let redirect_listener = match self.redirect_listener {
            Some(listener) => Some(listener),
            None => Listener::bind_redirect(&self.config)?,
        };
        let process = if owns_process {
            let all = listeners.iter().chain(&metrics_listener);
            #[cfg(feature = "tls")]
            let all = all.chain(&redirect_listener);
            #[cfg(unix)]
            let process = Process::new(all, self.predecessor, &self.config, &self.shutdown)?;
            #[cfg(not(unix))]
            let process = Process::new(all, &self.config, &self.shutdown)?;
            Some(process)
        } else {
            None
        };
        let observers = Observers::start(&self.config, metrics_listener)?;
        let opening = Opening::new(&self.config)?;
        #[cfg(feature = "tls")]
        let tls = opening.tls.clone();
        let addresses: Vec<_> = listeners.iter().map(|l| opening.announced(l.address())).collect();
        let files = open_file_limit().map_or(usize::MAX, |n| n.saturating_sub(RESERVED_FILES).max(1));
        #[cfg_attr(not(feature = "tls"), expect(unused_mut, reason = "the redirect takes its share"))]
        let mut connections = self.config.max_connections.min(files);
        #[cfg(feature = "tls")]
        let redirect = match (&self.config.redirect, redirect_listener, &tls) {
            (Some(redirect), Some(listener), Some(tls)) => {
                let own = crate::tls::share(connections);
                connections = connections.saturating_sub(own).max(1);
                Some(redirect.start(&self.config, own, &self.shutdown, listener, &addresses, tls)?)
            }
            _ => None,
        };
        let workers = self.config.workers;
        let load = Load::new(workers, connections);
        let config = Arc::new(self.config);
        let service = Arc::new(Front::new(service, &config.life.health, self.checks, &self.shutdown));
        let protocols = Arc::new(Protocols::new(config.clone(), self.shutdown.clone(), opening));
        let system = |what| move |error: io::Error| ServerError::system(what, error);

        let supervisor = worker::runtime().map_err(system("a runtime"))?;
        let (draining, drained) = (self.shutdown.clone(), service.clone());
        supervisor.spawn(async move {
            draining.reached(Stage::Draining).await;
            drained.drain();
        });
        let (ended, all_ended) = mpsc::channel::<()>(1);
        let mut threads = Vec::with_capacity(workers);
        let mut hand_over = Vec::new();
        let mut begin = None;
        let mut listeners = Some(listeners);
        for index in 0..workers {
            let runtime = worker::runtime().map_err(system("a runtime"))?;
            let source = if workers == 1 {
                let _context = runtime.enter();
                let own = listeners.take().unwrap_or_default();
                let open: io::Result<Vec<_>> = own.into_iter().map(Listener::open).collect();
                // Until all stands nobody is served: what did not start must not answer.
                let (sender, begins) = oneshot::channel();
                begin = Some(sender);
                Source::Accept(open.map_err(system("listening"))?, begins)
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
                #[cfg(unix)]
                beats: process.as_ref().and_then(Process::beats),
                #[cfg(not(unix))]
                beats: None,
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
        // Before anybody learns that it serves, and sends a signal.
        let process = match process {
            Some(process) => {
                let _context = supervisor.enter();
                Some((process, Signals::new().map_err(system("signals"))?))
            }
            None => None,
        };
        let pid_file = config.life.pid_file.as_deref().map(PidFile::write).transpose()?;
        if let Some(begin) = begin {
            let _ = begin.send(());
        }
        if let Some(ready) = self.on_listen {
            ready(&addresses);
        }
        if let Some((process, _)) = &process {
            process.serving();
        }
        let supervisor = Supervisor {
            shutdown: self.shutdown,
            runtime: supervisor,
            threads,
            all_ended,
            drain_delay: config.life.drain_delay,
            drain: config.deadlines.drain,
            observers,
            reload_hooks: self.reload_hooks,
            process,
            pid_file,
            #[cfg(feature = "tls")]
            tls,
            #[cfg(feature = "tls")]
            redirect,
        };
        Ok((supervisor, addresses))
    }
}

/// Refuses addresses that other machines can reach. What stands before a Unix socket nobody here can know.
fn only_local<'a>(why: &str, addresses: impl Iterator<Item = &'a BoundAddress>) -> Result<(), ServerError> {
    for address in addresses {
        if !address.is_local() {
            return Err(ServerError::public(why, address));
        }
        if let BoundAddress::Unix(_) = address {
            tracing::warn!(target: "carboy::server", "{why}: whatever passes requests on to {address} must be for this machine alone");
        }
    }
    Ok(())
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

/// A server that runs in the background; dropping it stops it without waiting.
#[derive(Debug)]
pub struct RunningServer {
    addresses: Vec<BoundAddress>,
    metrics_address: Option<BoundAddress>,
    #[cfg(feature = "tls")]
    redirect_address: Option<BoundAddress>,
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

    /// Where it [sends plain HTTP away](ServerConfig::redirect_to_https).
    #[cfg(feature = "tls")]
    pub fn redirect_address(&self) -> Option<&BoundAddress> {
        self.redirect_address.as_ref()
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
