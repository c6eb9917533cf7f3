//! Listening sockets: made, taken over, accepted from.

use crate::{
    BoundAddress, ServerConfig, ServerError, ServerErrorKind,
    address::{BindAddress, Target},
    transport::Transport,
};
use socket2::{Domain, Protocol, SockAddr, Socket, Type};
use std::{
    io,
    net::{SocketAddr, TcpListener, ToSocketAddrs},
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    task::{Context, Poll},
};

/// A socket that listens, made by the server or by whoever started it.
#[derive(Debug)]
pub struct Listener {
    socket: Bound,
    address: BoundAddress,
    /// The file to remove at the end: only one that this process made, or took over from the one that did.
    file: Option<SocketFile>,
    name: Option<String>,
    left: Left,
}

#[derive(Debug)]
enum Bound {
    Tcp(TcpListener),
    #[cfg(unix)]
    Unix(std::os::unix::net::UnixListener),
}

/// What a process puts before the name of a socket that it hands to its successor: whether the file of a Unix socket goes with it.
#[cfg(unix)]
const WITH_FILE: &str = "file=";
#[cfg(unix)]
const WITHOUT_FILE: &str = "socket=";

/// The name of the socket that takes the word of readiness.
#[cfg(unix)]
pub(crate) const READY: &str = "carboy-ready";

/// The name of the socket for figures.
pub(crate) const METRICS: &str = "carboy-metrics";

/// The name of the socket that sends plain HTTP to HTTPS.
#[cfg(feature = "tls")]
pub(crate) const REDIRECT: &str = "carboy-redirect";

/// A copy of a listening socket, for the next process.
#[cfg(unix)]
#[derive(Debug)]
pub(crate) struct Heirloom {
    pub(crate) socket: std::os::fd::OwnedFd,
    /// What [`Listener::of_predecessor`] is told.
    pub(crate) name: String,
    pub(crate) left: Left,
}

/// Whether another process listens on the socket too, and goes on when this one stops.
#[derive(Debug, Clone, Default)]
pub(crate) struct Left(Arc<AtomicBool>);

impl Left {
    /// Leaves the socket to another process.
    pub(crate) fn leave(&self) {
        self.0.store(true, Relaxed);
    }

    pub(crate) fn is_left(&self) -> bool {
        self.0.load(Relaxed)
    }
}

/// The file of a Unix socket, removed with this, unless the socket is left to another process.
#[derive(Debug)]
struct SocketFile {
    path: PathBuf,
    left: Left,
}

impl Drop for SocketFile {
    fn drop(&mut self) {
        if !self.left.is_left() {
            let _ = std::fs::remove_file(&self.path);
        }
    }
}

impl Listener {
    fn new(socket: Bound, address: BoundAddress) -> Self {
        Listener { socket, address, file: None, name: None, left: Left::default() }
    }

    /// Takes over a TCP socket that listens already: inherited, or made with options of one's own.
    ///
    /// Errors if the system does not tell its address.
    pub fn from_tcp(socket: TcpListener) -> io::Result<Self> {
        socket.set_nonblocking(true)?;
        let address = BoundAddress::Tcp(socket.local_addr()?);
        Ok(Listener::new(Bound::Tcp(socket), address))
    }

    /// Takes over a Unix socket that listens already; its file stays when the server ends.
    ///
    /// Errors if the system does not tell its address.
    #[cfg(unix)]
    pub fn from_unix(socket: std::os::unix::net::UnixListener) -> io::Result<Self> {
        socket.set_nonblocking(true)?;
        let path = socket.local_addr()?.as_pathname().map(Path::to_owned).unwrap_or_default();
        Ok(Listener::new(Bound::Unix(socket), BoundAddress::Unix(path)))
    }

    /// A socket that was handed over under a name by the process before this one, which does not need it any more.
    #[cfg(unix)]
    pub(crate) fn of_predecessor(mut self, name: Option<String>) -> Self {
        let name = name.unwrap_or_default();
        let name = match (name.strip_prefix(WITH_FILE), &self.address) {
            (Some(name), BoundAddress::Unix(path)) => {
                self.file = Some(SocketFile { path: path.clone(), left: self.left.clone() });
                name
            }
            _ => name.strip_prefix(WITHOUT_FILE).unwrap_or(&name),
        };
        self.name = Some(name).filter(|name| !name.is_empty()).map(str::to_owned);
        self
    }

    /// A socket that was handed over under a name by a service manager, which goes on listening when this process stops.
    #[cfg(unix)]
    pub(crate) fn of_manager(mut self, name: Option<String>) -> Self {
        self.left.leave();
        self.name = name;
        self
    }

    /// The name that the service manager gave it: `FileDescriptorName=` of systemd's socket unit.
    pub fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    /// A copy for the next process.
    #[cfg(unix)]
    pub(crate) fn heirloom(&self) -> io::Result<Heirloom> {
        use std::os::fd::AsFd;
        let socket = match &self.socket {
            Bound::Tcp(socket) => socket.as_fd().try_clone_to_owned()?,
            Bound::Unix(socket) => socket.as_fd().try_clone_to_owned()?,
        };
        let file = if self.file.is_some() { WITH_FILE } else { WITHOUT_FILE };
        let name = format!("{file}{}", self.name.as_deref().unwrap_or_default());
        Ok(Heirloom { socket, name, left: self.left.clone() })
    }

    /// Where it listens.
    pub fn address(&self) -> &BoundAddress {
        &self.address
    }

    /// Listens on the addresses of a configuration: what [`Server`](crate::Server) does by itself when it is given no listeners.
    ///
    /// # Errors
    /// If one of them cannot be had.
    pub fn bind(config: &ServerConfig) -> Result<Vec<Listener>, ServerError> {
        let default = [BindAddress::from(([127, 0, 0, 1], 5000))];
        let wanted = if config.addresses.is_empty() { &default[..] } else { &config.addresses };
        let of_ipv4 = |address: &BindAddress| match address.target {
            Target::Tcp(SocketAddr::V4(address)) => Some(address.port()),
            _ => None,
        };
        let ipv4_ports: Vec<u16> = wanted.iter().filter_map(of_ipv4).collect();
        wanted.iter().map(|address| bind(address, &ipv4_ports, config.backlog)).collect()
    }

    /// Listens on the address for the figures, if there is one.
    pub(crate) fn bind_metrics(config: &ServerConfig) -> Result<Option<Listener>, ServerError> {
        config.metrics_on.as_ref().map(|address| bind_for(METRICS, address, config)).transpose()
    }

    /// Listens on the address that sends plain HTTP away, if there is one.
    #[cfg(feature = "tls")]
    pub(crate) fn bind_redirect(config: &ServerConfig) -> Result<Option<Listener>, ServerError> {
        let redirect = config.redirect.as_ref().filter(|_| config.tls.is_some());
        redirect.map(|redirect| bind_for(REDIRECT, redirect.address(), config)).transpose()
    }

    /// Registers the socket with the runtime of the calling thread.
    pub(crate) fn open(self) -> io::Result<OpenListener> {
        // A socket on one address tells where each of its connections arrived; one on all of them does not.
        let local = self.address.as_tcp().filter(|a| !a.ip().is_unspecified());
        let socket = match self.socket {
            Bound::Tcp(socket) => OpenSocket::Tcp(tokio::net::TcpListener::from_std(socket)?),
            #[cfg(unix)]
            Bound::Unix(socket) => OpenSocket::Unix(tokio::net::UnixListener::from_std(socket)?),
        };
        Ok(OpenListener { socket, local, left: self.left, _file: self.file })
    }
}

/// A socket that has a purpose of its own, which its successor knows by this name.
fn bind_for(name: &str, address: &BindAddress, config: &ServerConfig) -> Result<Listener, ServerError> {
    let mut listener = bind(address, &[], config.backlog)?;
    listener.name = Some(name.to_owned());
    Ok(listener)
}

fn bind(address: &BindAddress, ipv4_ports: &[u16], backlog: u32) -> Result<Listener, ServerError> {
    let result = match &address.target {
        Target::Tcp(address) => bind_tcp(*address, ipv4_ports, backlog),
        Target::Name(name) => bind_tcp(resolve(name)?, ipv4_ports, backlog),
        Target::Unix(path) => bind_unix(path, address.mode, backlog),
    };
    result.map_err(|error| ServerError::bind(address, error))
}

/// IPv4 wins where a name has both: `localhost` is what people type as 127.0.0.1.
fn resolve(name: &str) -> Result<SocketAddr, ServerError> {
    let wrong = |why: String| {
        ServerError::new(
            ServerErrorKind::AddressNotAvailable,
            format!("Cannot listen on {name:?}: {why}; write host:port, [ipv6]:port or unix:/path"),
        )
    };
    let found: Vec<_> = name.to_socket_addrs().map_err(|e| wrong(e.to_string()))?.collect();
    let first = found.iter().find(|a| a.is_ipv4()).or_else(|| found.first());
    first.copied().ok_or_else(|| wrong("the name has no address".into()))
}

fn bind_tcp(address: SocketAddr, ipv4_ports: &[u16], backlog: u32) -> io::Result<Listener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    // On Windows this option lets another process take the port away; there the default is right.
    if cfg!(unix) {
        socket.set_reuse_address(true)?;
    }
    if address.is_ipv6() {
        // Both on one port only if nobody asked for IPv4 there.
        socket.set_only_v6(ipv4_ports.contains(&address.port()))?;
    }
    socket.bind(&address.into())?;
    socket.listen(backlog.min(i32::MAX as u32) as i32)?;
    Listener::from_tcp(socket.into())
}

#[cfg(unix)]
fn bind_unix(path: &Path, mode: Option<u32>, backlog: u32) -> io::Result<Listener> {
    use std::os::unix::{
        fs::{FileTypeExt, PermissionsExt},
        net::UnixStream,
    };
    // A file that nobody answers on was left behind by a process that died.
    let left_behind = std::fs::symlink_metadata(path).is_ok_and(|m| m.file_type().is_socket())
        && UnixStream::connect(path).is_err_and(|e| e.kind() == io::ErrorKind::ConnectionRefused);
    if left_behind {
        std::fs::remove_file(path)?;
    }
    let socket = Socket::new(Domain::UNIX, Type::STREAM, None)?;
    socket.bind(&SockAddr::unix(path)?)?;
    let left = Left::default();
    let file = SocketFile { path: path.to_owned(), left: left.clone() };
    if let Some(mode) = mode {
        // Before anybody can connect.
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode))?;
    }
    socket.listen(backlog.min(i32::MAX as u32) as i32)?;
    let mut listener = Listener::from_unix(socket.into())?;
    (listener.file, listener.left) = (Some(file), left);
    Ok(listener)
}

#[cfg(not(unix))]
fn bind_unix(_: &Path, _: Option<u32>, _: u32) -> io::Result<Listener> {
    Err(io::Error::new(io::ErrorKind::Unsupported, "this system has no Unix sockets"))
}

/// A listening socket in a runtime.
#[derive(Debug)]
pub(crate) struct OpenListener {
    socket: OpenSocket,
    local: Option<SocketAddr>,
    left: Left,
    _file: Option<SocketFile>,
}

#[derive(Debug)]
enum OpenSocket {
    Tcp(tokio::net::TcpListener),
    #[cfg(unix)]
    Unix(tokio::net::UnixListener),
}

impl OpenListener {
    /// Whether those who wait to be accepted can be left to another process.
    pub(crate) fn is_left(&self) -> bool {
        self.left.is_left()
    }

    pub(crate) fn poll_accept(&self, cx: &mut Context<'_>) -> Poll<io::Result<Accepted>> {
        match &self.socket {
            OpenSocket::Tcp(socket) => socket.poll_accept(cx).map_ok(|(stream, peer)| {
                // Fails only on a socket that is gone; reading will say so.
                let _ = stream.set_nodelay(true);
                let local = self.local.or_else(|| stream.local_addr().ok());
                Accepted { transport: Transport::Tcp(stream), peer: Some(peer), local }
            }),
            #[cfg(unix)]
            OpenSocket::Unix(socket) => socket.poll_accept(cx).map_ok(|(stream, _)| Accepted {
                transport: Transport::Unix(stream),
                peer: None,
                local: None,
            }),
        }
    }
}

/// A connection that nobody has read from.
#[derive(Debug)]
pub(crate) struct Accepted {
    pub(crate) transport: Transport,
    pub(crate) peer: Option<SocketAddr>,
    pub(crate) local: Option<SocketAddr>,
}

/// An accepted connection on its way to another thread.
#[derive(Debug)]
pub(crate) struct Detached {
    stream: DetachedStream,
    peer: Option<SocketAddr>,
    local: Option<SocketAddr>,
}

#[derive(Debug)]
enum DetachedStream {
    Tcp(std::net::TcpStream),
    #[cfg(unix)]
    Unix(std::os::unix::net::UnixStream),
}

impl Accepted {
    pub(crate) fn detach(self) -> io::Result<Detached> {
        let stream = match self.transport {
            Transport::Tcp(stream) => DetachedStream::Tcp(stream.into_std()?),
            #[cfg(unix)]
            Transport::Unix(stream) => DetachedStream::Unix(stream.into_std()?),
            // Hands are shaken by the worker that serves the connection.
            #[cfg(feature = "tls")]
            Transport::Tls(_) => return Err(io::ErrorKind::Unsupported.into()),
        };
        Ok(Detached { stream, peer: self.peer, local: self.local })
    }
}

impl Detached {
    pub(crate) fn attach(self) -> io::Result<Accepted> {
        let transport = match self.stream {
            DetachedStream::Tcp(stream) => Transport::Tcp(tokio::net::TcpStream::from_std(stream)?),
            #[cfg(unix)]
            DetachedStream::Unix(stream) => Transport::Unix(tokio::net::UnixStream::from_std(stream)?),
        };
        Ok(Accepted { transport, peer: self.peer, local: self.local })
    }
}
