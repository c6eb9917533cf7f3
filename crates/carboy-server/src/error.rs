//! Why a server did not start.

use std::{fmt, io};

/// Why a server did not start; its text is one sentence that says what to do.
#[derive(Debug)]
pub struct ServerError {
    kind: ServerErrorKind,
    message: String,
    source: Option<io::Error>,
}

/// The kinds of [`ServerError`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ServerErrorKind {
    /// Another program listens on the address.
    AddressInUse,
    /// This machine does not have the address, or its text means none.
    AddressNotAvailable,
    /// The process may not listen there.
    PermissionDenied,
    /// The service is for this machine only, and other machines can reach the address.
    Public,
    /// A certificate or its key is missing or no use.
    Certificate,
    /// The operating system refused a socket, a thread or a runtime.
    System,
}

impl ServerError {
    /// The kind of failure.
    pub fn kind(&self) -> ServerErrorKind {
        self.kind
    }

    pub(crate) fn new(kind: ServerErrorKind, message: String) -> Self {
        ServerError { kind, message, source: None }
    }

    pub(crate) fn bind(address: &impl fmt::Display, error: io::Error) -> Self {
        let (kind, message) = match error.kind() {
            io::ErrorKind::AddrInUse => (
                ServerErrorKind::AddressInUse,
                format!(
                    "Address already in use: another program listens on {address}; stop it, or choose another port with --port"
                ),
            ),
            io::ErrorKind::AddrNotAvailable => (
                ServerErrorKind::AddressNotAvailable,
                format!(
                    "Address not available: this machine has no {address}; try --host 127.0.0.1, or 0.0.0.0 for all its addresses"
                ),
            ),
            io::ErrorKind::PermissionDenied => (
                ServerErrorKind::PermissionDenied,
                format!(
                    "Permission denied: this user may not listen on {address}; ports below 1024 are reserved, choose another one with --port"
                ),
            ),
            _ => (ServerErrorKind::System, format!("Cannot listen on {address}: {error}")),
        };
        ServerError { kind, message, source: Some(error) }
    }

    pub(crate) fn public(why: &str, address: &impl fmt::Display) -> Self {
        let message = format!(
            "{why}, so it is served on this machine only: use --host 127.0.0.1 instead of {address}, or switch debug mode off"
        );
        ServerError::new(ServerErrorKind::Public, message)
    }

    #[cfg(feature = "tls")]
    pub(crate) fn certificate(message: String) -> Self {
        ServerError::new(ServerErrorKind::Certificate, message)
    }

    pub(crate) fn system(what: &str, error: io::Error) -> Self {
        ServerError {
            kind: ServerErrorKind::System,
            message: format!("Cannot start {what}: {error}"),
            source: Some(error),
        }
    }
}

impl fmt::Display for ServerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for ServerError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.source.as_ref().map(|e| e as _)
    }
}
