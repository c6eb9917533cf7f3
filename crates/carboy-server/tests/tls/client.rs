//! A client that speaks TLS by hand.

use crate::authority::Authority;
use rustls::{
    ClientConfig, ClientConnection, RootCertStore, StreamOwned,
    crypto::aws_lc_rs,
    pki_types::{CertificateDer, ServerName},
};
use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
    sync::Arc,
    time::{Duration, Instant},
};

pub(crate) type Connection = StreamOwned<ClientConnection, TcpStream>;

/// Trusts this authority.
pub(crate) fn trusting(authority: &Authority) -> ClientConfig {
    let mut roots = RootCertStore::empty();
    roots.add(authority.der()).unwrap();
    ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth()
}

/// Connects and shakes hands.
pub(crate) fn connect(addr: SocketAddr, name: &str, config: ClientConfig) -> std::io::Result<Connection> {
    let socket = TcpStream::connect(addr)?;
    socket.set_nodelay(true)?;
    socket.set_read_timeout(Some(Duration::from_secs(10)))?;
    let name = ServerName::try_from(name.to_owned()).unwrap();
    let mut session = ClientConnection::new(Arc::new(config), name).unwrap();
    let mut socket = socket;
    while session.is_handshaking() {
        session.complete_io(&mut socket)?;
    }
    Ok(StreamOwned::new(session, socket))
}

/// The server's own certificate, as it was shown.
pub(crate) fn shown(connection: &Connection) -> CertificateDer<'static> {
    connection.conn.peer_certificates().unwrap()[0].clone().into_owned()
}

/// Sends a request and reads until the server closes.
pub(crate) fn ask(connection: &mut Connection, path: &str) -> String {
    write!(connection, "GET {path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").unwrap();
    let mut text = String::new();
    connection.read_to_string(&mut text).unwrap();
    text
}

/// How long the server keeps this open.
pub(crate) fn closed_after(connection: &mut impl Read) -> (Vec<u8>, Duration) {
    let start = Instant::now();
    let mut said = Vec::new();
    // Reset or closed: it is over.
    let _ = connection.read_to_end(&mut said);
    (said, start.elapsed())
}
