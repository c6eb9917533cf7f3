//! Sockets that were there before the process: from systemd (`sd_listen_fds(3)`), from whoever speaks its protocol, or from the
//! process that this one takes over from.

use crate::{Listener, ServerError};
#[cfg(unix)]
use crate::{
    ServerErrorKind,
    listener::{METRICS, READY},
};

/// What a process was started with: see [`Inherited::take`].
#[derive(Debug, Default)]
pub struct Inherited {
    pub(crate) listeners: Vec<Listener>,
    pub(crate) metrics: Option<Listener>,
    #[cfg(feature = "tls")]
    pub(crate) redirect: Option<Listener>,
    /// Where the predecessor waits for the word that this process serves.
    #[cfg(unix)]
    pub(crate) predecessor: Option<std::os::unix::net::UnixDatagram>,
}

impl Inherited {
    /// None: only Unix hands sockets over.
    ///
    /// # Errors
    /// Never.
    #[cfg(not(unix))]
    pub fn take() -> Result<Self, ServerError> {
        Ok(Inherited::default())
    }

    /// Takes the sockets that this process was started with (`LISTEN_FDS`, `LISTEN_PID`, `LISTEN_FDNAMES`). They can be taken once.
    ///
    /// Called before other threads run, because it clears these variables: what this process starts shall not take them for its own.
    ///
    /// # Errors
    /// If one of them is no listening TCP or Unix socket.
    #[cfg(unix)]
    pub fn take() -> Result<Self, ServerError> {
        let names = std::env::var("LISTEN_FDNAMES").unwrap_or_default();
        let mut names = names.split(':').map(str::to_owned);
        let of_predecessor = names.clone().any(|name| name == READY);
        let mut sockets = listenfd::ListenFd::from_env();
        let mut inherited = Inherited::default();
        for index in 0..sockets.len() {
            let name = names.next().filter(|name| !name.is_empty());
            let listener = match name.as_deref() {
                Some(READY) => {
                    inherited.predecessor = sockets.take_unix_datagram(index).map_err(wrong)?;
                    continue;
                }
                _ => match sockets.take_tcp_listener(index) {
                    Ok(Some(socket)) => Listener::from_tcp(socket),
                    _ => match sockets.take_unix_listener(index).map_err(wrong)? {
                        Some(socket) => Listener::from_unix(socket),
                        None => continue,
                    },
                },
            };
            let listener = listener.map_err(wrong)?;
            let listener =
                if of_predecessor { listener.of_predecessor(name) } else { listener.of_manager(name) };
            match listener.name() {
                Some(METRICS) => inherited.metrics = Some(listener),
                #[cfg(feature = "tls")]
                Some(crate::listener::REDIRECT) => inherited.redirect = Some(listener),
                _ => inherited.listeners.push(listener),
            }
        }
        Ok(inherited)
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.listeners.is_empty()
    }

    /// The sockets, in the order in which they were handed over.
    pub fn listeners(&self) -> &[Listener] {
        &self.listeners
    }
}

#[cfg(unix)]
fn wrong(error: std::io::Error) -> ServerError {
    ServerError::new(
        ServerErrorKind::System,
        format!(
            "A socket that this process was started with cannot be used: {error}; it takes listening TCP and Unix stream sockets"
        ),
    )
}
