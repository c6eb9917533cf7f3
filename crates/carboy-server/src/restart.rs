//! A restart without a lost request: a new process is started with the listening sockets of this one, says that it serves, and only
//! then this one drains.

use crate::{
    ServerConfig, ShutdownHandle,
    listener::{Heirloom, READY},
    notify::Manager,
};
use command_fds::{CommandFdExt, FdMapping};
use std::{
    ffi::OsString,
    io,
    os::unix::net::UnixDatagram,
    path::PathBuf,
    process::{Child, Command},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};

/// The word of a process that serves.
const SERVING: &[u8] = b"READY=1";

/// How often a new process is looked after.
const LOOK: Duration = Duration::from_millis(20);

/// The first descriptor after those of input and output, where the protocol wants the sockets to begin.
const FIRST: i32 = 3;

/// What a restart needs.
#[derive(Debug)]
pub(crate) struct Restart {
    program: OsString,
    sockets: Mutex<Vec<Heirloom>>,
    patience: Duration,
    under_way: AtomicBool,
    done: AtomicBool,
    shutdown: ShutdownHandle,
    manager: Arc<Option<Manager>>,
}

impl Restart {
    pub(crate) fn new(
        sockets: Vec<Heirloom>,
        config: &ServerConfig,
        shutdown: &ShutdownHandle,
        manager: Arc<Option<Manager>>,
    ) -> Arc<Self> {
        Arc::new(Restart {
            program: program(),
            sockets: Mutex::new(sockets),
            patience: config.life.restart_timeout,
            under_way: AtomicBool::new(false),
            done: AtomicBool::new(false),
            shutdown: shutdown.clone(),
            manager,
        })
    }

    /// Lets go of the sockets: this process does not listen any more.
    pub(crate) fn close(&self) {
        self.sockets.lock().unwrap_or_else(|lock| lock.into_inner()).clear();
    }

    /// Whether another process has taken over.
    pub(crate) fn is_done(&self) -> bool {
        self.done.load(Relaxed)
    }

    /// Starts the new process and waits for its word in a thread of its own.
    pub(crate) fn begin(self: &Arc<Self>) {
        if self.shutdown.is_stopping() {
            tracing::warn!(target: "carboy::server", "no restart: this process is stopping");
            return;
        }
        if self.under_way.swap(true, Relaxed) {
            tracing::warn!(target: "carboy::server", "no second restart: a new process is starting");
            return;
        }
        let restart = self.clone();
        let begun = std::thread::Builder::new().name("carboy-restart".into()).spawn(move || restart.run());
        if let Err(error) = begun {
            tracing::error!(target: "carboy::server", %error, "no restart; this process goes on serving");
            self.under_way.store(false, Relaxed);
        }
    }

    fn run(&self) {
        match self.replace() {
            Ok(pid) => {
                tracing::info!(target: "carboy::server", pid, "the new process serves; this one finishes what is under way");
                if let Some(manager) = &*self.manager {
                    manager.tell(&format!("MAINPID={pid}"));
                }
                self.done.store(true, Relaxed);
                self.shutdown.drain();
            }
            Err(why) => {
                tracing::error!(target: "carboy::server", "no restart, this process goes on serving: {why}");
            }
        }
        self.under_way.store(false, Relaxed);
    }

    /// The number of the new process, once it serves.
    fn replace(&self) -> Result<u32, String> {
        let (word, ready) = UnixDatagram::pair().map_err(|error| format!("no socket: {error}"))?;
        word.set_read_timeout(Some(LOOK)).map_err(|error| format!("no timeout: {error}"))?;
        let mut child = self
            .start(ready)
            .map_err(|error| format!("{} cannot be started: {error}", self.program.display()))?;
        tracing::info!(target: "carboy::server", pid = child.id(), "restarting: a new process is starting");
        let serves = self.wait(&mut child, &word);
        match serves {
            Ok(()) => {
                let sockets = self.sockets.lock().unwrap_or_else(|lock| lock.into_inner());
                sockets.iter().for_each(|heirloom| heirloom.left.leave());
                Ok(child.id())
            }
            Err(why) => {
                let _ = child.kill();
                let _ = child.wait();
                Err(why)
            }
        }
    }

    fn wait(&self, child: &mut Child, word: &UnixDatagram) -> Result<(), String> {
        let end = Instant::now() + self.patience;
        let mut heard = [0; 64];
        loop {
            if word.recv(&mut heard).is_ok_and(|n| heard[..n] == *SERVING) {
                return Ok(());
            }
            match child.try_wait() {
                Ok(None) => {}
                Ok(Some(status)) => return Err(format!("the new process ended before it served ({status})")),
                Err(error) => return Err(format!("the new process is lost: {error}")),
            }
            if self.shutdown.is_stopping() {
                return Err("this process is stopping".to_owned());
            }
            if Instant::now() > end {
                return Err(format!("the new process did not serve within {:?}", self.patience));
            }
        }
    }

    fn start(&self, ready: UnixDatagram) -> io::Result<Child> {
        let sockets = self.sockets.lock().unwrap_or_else(|lock| lock.into_inner());
        let mut handed = Vec::with_capacity(sockets.len() + 1);
        let mut names = Vec::with_capacity(sockets.len() + 1);
        for heirloom in sockets.iter() {
            handed.push(heirloom.socket.try_clone()?);
            names.push(heirloom.name.as_str());
        }
        handed.push(ready.into());
        names.push(READY);
        let mut command = Command::new(&self.program);
        command
            .args(std::env::args_os().skip(1))
            .env("LISTEN_FDS", handed.len().to_string())
            .env("LISTEN_FDNAMES", names.join(":"))
            // The number of the new process is not known before it runs; without it the sockets are for whoever gets them.
            .env_remove("LISTEN_PID")
            .env_remove("LISTEN_FDS_FIRST_FD")
            // The watchdog is for the main process, which it is going to be.
            .env_remove("WATCHDOG_PID");
        let mappings = (FIRST..).zip(handed).map(|(child_fd, parent_fd)| FdMapping { parent_fd, child_fd });
        command
            .fd_mappings(mappings.collect())
            .map_err(|error| io::Error::new(io::ErrorKind::InvalidInput, error.to_string()))?;
        command.spawn()
    }
}

/// Tells the predecessor that this process serves.
pub(crate) fn tell_predecessor(predecessor: &UnixDatagram) {
    if let Err(error) = predecessor.send(SERVING) {
        tracing::warn!(target: "carboy::server", %error, "the process that this one takes over from is gone");
    }
}

/// The program as it was called: a symbolic link in the path may meanwhile point to the next release, which is what is wanted.
fn program() -> OsString {
    let called = std::env::args_os().next().filter(|name| !name.is_empty());
    let with_path = called.as_ref().map(PathBuf::from).filter(|path| path.components().count() > 1);
    let path = match with_path {
        Some(path) => std::path::absolute(path).ok().filter(|path| path.is_file()),
        None => None,
    };
    match (path, called) {
        (Some(path), _) => path.into(),
        (None, Some(name)) if on_path(&name) => name,
        (None, called) => std::env::current_exe().map(OsString::from).ok().or(called).unwrap_or_default(),
    }
}

fn on_path(name: &std::ffi::OsStr) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|folder| folder.join(name).is_file())
}
