//! Addresses: where a server shall listen, and where it does.

use std::{
    fmt,
    net::{IpAddr, SocketAddr},
    path::PathBuf,
};

/// Where a server shall listen.
///
/// Made from a [`SocketAddr`], a pair of address and port, or text: `127.0.0.1:5000`, `[::1]:5000`,
/// `localhost:5000`, `unix:/run/app.sock`. Text is resolved when the server binds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BindAddress(pub(crate) Target);

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
        BindAddress(Target::Unix(path.into()))
    }
}

impl fmt::Display for BindAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Target::Tcp(address) => address.fmt(f),
            Target::Name(name) => f.write_str(name),
            Target::Unix(path) => write!(f, "unix:{}", path.display()),
        }
    }
}

impl From<SocketAddr> for BindAddress {
    fn from(address: SocketAddr) -> Self {
        BindAddress(Target::Tcp(address))
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
            return BindAddress::unix(path.strip_prefix("//").unwrap_or(path));
        }
        match text.parse() {
            Ok(address) => BindAddress(Target::Tcp(address)),
            Err(_) => BindAddress(Target::Name(text.to_owned())),
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
    /// The path of a Unix socket; empty for one without a name.
    Unix(PathBuf),
}

impl BoundAddress {
    /// The TCP address; `None` for a Unix socket.
    pub fn as_tcp(&self) -> Option<SocketAddr> {
        match self {
            BoundAddress::Tcp(address) => Some(*address),
            BoundAddress::Unix(_) => None,
        }
    }

    /// What to type into a browser, `http://127.0.0.1:5000`; for a Unix socket `unix:/path`.
    ///
    /// ```
    /// # use carboy_server::BoundAddress;
    /// assert_eq!(BoundAddress::Tcp(([127, 0, 0, 1], 80).into()).url(), "http://127.0.0.1:80");
    /// ```
    pub fn url(&self) -> String {
        match self {
            BoundAddress::Tcp(address) => format!("http://{address}"),
            BoundAddress::Unix(_) => self.to_string(),
        }
    }
}

impl fmt::Display for BoundAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            BoundAddress::Tcp(address) => address.fmt(f),
            BoundAddress::Unix(path) => write!(f, "unix:{}", path.display()),
        }
    }
}
