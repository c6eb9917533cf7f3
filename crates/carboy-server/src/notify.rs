//! What systemd is told (`sd_notify(3)`): that the server is ready, reloads, stops, and is alive.

use std::{os::unix::net::UnixDatagram, time::Duration};

/// Where the service manager listens.
#[derive(Debug)]
pub(crate) struct Manager(UnixDatagram);

impl Manager {
    /// The one that started this process, by `NOTIFY_SOCKET`.
    pub(crate) fn of_process() -> Option<Self> {
        let address = std::env::var("NOTIFY_SOCKET").ok().filter(|address| !address.is_empty())?;
        match connect(&address) {
            Ok(socket) => Some(Manager(socket)),
            Err(error) => {
                tracing::warn!(target: "carboy::server", %error, "NOTIFY_SOCKET {address:?} cannot be reached");
                None
            }
        }
    }

    /// Tells it; a manager that has gone is no failure of ours.
    pub(crate) fn tell(&self, state: &str) {
        if let Err(error) = self.0.send(state.as_bytes()) {
            tracing::debug!(target: "carboy::server", %error, state, "the service manager was not told");
        }
    }
}

fn connect(address: &str) -> std::io::Result<UnixDatagram> {
    let socket = UnixDatagram::unbound()?;
    // It must never hold up a server.
    socket.set_nonblocking(true)?;
    match address.strip_prefix('@') {
        #[cfg(target_os = "linux")]
        Some(name) => {
            use std::os::linux::net::SocketAddrExt;
            socket.connect_addr(&std::os::unix::net::SocketAddr::from_abstract_name(name)?)?;
        }
        _ => socket.connect(address)?,
    }
    Ok(socket)
}

/// How often the manager wants to hear that the server is alive: half of what it waits (`WATCHDOG_USEC`), if it waits for this process.
pub(crate) fn watchdog_interval() -> Option<Duration> {
    let number = |name: &str| std::env::var(name).ok()?.parse::<u64>().ok();
    let for_us = number("WATCHDOG_PID").is_none_or(|pid| pid == u64::from(std::process::id()));
    number("WATCHDOG_USEC").filter(|&limit| for_us && limit > 0).map(|limit| Duration::from_micros(limit) / 2)
}
