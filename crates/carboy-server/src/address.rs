//! Addresses: where a server shall listen, and where it does.

use std::{
    fmt,
    net::{IpAddr, SocketAddr},
    path::PathBuf,
};

/// Where a server shall listen.
///
/// Made from a [`SocketAddr`], a pair of address and port, or text: `127.0.0.1:5000`, `[::1]:5000`,
/// `localhost:5000`, `unix:/run/app.sock`, `unix:/run/app.sock?mode=660`. Text is resolved when the server binds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BindAddress {
    pub(crate) target: Target,
    /// The permissions of a Unix socket's file.
    pub(crate) mode: Option<u32>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Target {
    Tcp(SocketAddr),
    /// `host:port`, still to be resolved.
    Name(String),
    Unix(PathBuf),
}

impl BindAddress {
    /// A Unix socket at this path.
    pub fn unix(path: impl Into<PathBuf>) -> Self {
        BindAddress { target: Target::Unix(path.into()), mode: None }
    }

    /// The permissions of a Unix socket's file, `0o660` for its user and group alone: who may write to it may connect. Default: what the
    /// process's umask leaves. Means nothing for a TCP address.
    pub fn mode(mut self, permissions: u32) -> Self {
        self.mode = Some(permissions & 0o7777);
        self
    }
}

impl fmt::Display for BindAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.target {
            Target::Tcp(address) => address.fmt(f),
            Target::Name(name) => f.write_str(name),
            Target::Unix(path) => write!(f, "unix:{}", path.display()),
        }
    }
}

impl From<SocketAddr> for BindAddress {
    fn from(address: SocketAddr) -> Self {
        BindAddress { target: Target::Tcp(address), mode: None }
    }
}
impl<A: Into<IpAddr>> From<(A, u16)> for BindAddress {
    fn from((address, port): (A, u16)) -> Self {
        SocketAddr::new(address.into(), port).into()
    }
}
impl From<&str> for BindAddress {
    fn from(text: &str) -> Self {
        if let Some(path) = text.strip_prefix("unix:") {
            let path = path.strip_prefix("//").unwrap_or(path);
            let with_mode = path.rsplit_once("?mode=");
            return match with_mode.and_then(|(path, mode)| Some((path, u32::from_str_radix(mode, 8).ok()?))) {
                Some((path, mode)) => BindAddress::unix(path).mode(mode),
                None => BindAddress::unix(path),
            };
        }
        match text.parse::<SocketAddr>() {
            Ok(address) => address.into(),
            Err(_) => BindAddress { target: Target::Name(text.to_owned()), mode: None },
        }
    }
}
impl From<String> for BindAddress {
    fn from(text: String) -> Self {
        text.as_str().into()
    }
}

/// Where a server listens: the address with the port that it really has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BoundAddress {
    /// A TCP address and port.
    Tcp(SocketAddr),
    /// A TCP address and port where TLS is spoken.
    Tls(SocketAddr),
    /// The path of a Unix socket; empty for one without a name.
    Unix(PathBuf),
}

impl BoundAddress {
    /// The TCP address; `None` for a Unix socket.
    pub fn as_tcp(&self) -> Option<SocketAddr> {
        match self {
            BoundAddress::Tcp(address) | BoundAddress::Tls(address) => Some(*address),
            BoundAddress::Unix(_) => None,
        }
    }

    /// Whether only this machine can connect there: a loopback address or a Unix socket.
    ///
    /// ```
    /// # use carboy_server::BoundAddress;
    /// assert!(BoundAddress::Tcp(([127, 0, 0, 1], 80).into()).is_local());
    /// assert!(!BoundAddress::Tcp(([0, 0, 0, 0], 80).into()).is_local());
    /// ```
    pub fn is_local(&self) -> bool {
        match self {
            BoundAddress::Tcp(address) | BoundAddress::Tls(address) => {
                address.ip().to_canonical().is_loopback()
            }
            BoundAddress::Unix(_) => true,
        }
    }

    /// What to type into a browser, `http://127.0.0.1:5000`, with `https` where TLS is spoken; for a Unix socket `unix:/path`.
    ///
    /// ```
    /// # use carboy_server::BoundAddress;
    /// assert_eq!(BoundAddress::Tcp(([127, 0, 0, 1], 80).into()).url(), "http://127.0.0.1:80");
    /// ```
    pub fn url(&self) -> String {
        match self {
            BoundAddress::Tcp(address) => format!("http://{address}"),
            BoundAddress::Tls(address) => format!("https://{address}"),
            BoundAddress::Unix(_) => self.to_string(),
        }
    }
}

impl fmt::Display for BoundAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            BoundAddress::Tcp(address) | BoundAddress::Tls(address) => address.fmt(f),
            BoundAddress::Unix(path) => write!(f, "unix:{}", path.display()),
        }
    }
}
