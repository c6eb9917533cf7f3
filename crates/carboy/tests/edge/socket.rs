//! An app behind a real socket, and clients that write bytes.

use carboy::{
    App,
    server::{RunningServer, Server, ServerConfig},
};
use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
    time::Duration,
};

pub(crate) struct Served {
    pub(crate) server: RunningServer,
    pub(crate) address: SocketAddr,
}

pub(crate) fn serve(app: &mut App, choose: impl FnOnce(ServerConfig) -> ServerConfig) -> Served {
    let service = app.build().unwrap();
    let config = choose(ServerConfig::new().bind("127.0.0.1:0").workers(1));
    let server = Server::new(config).start(service).unwrap();
    let address = server.addresses()[0].as_tcp().unwrap();
    Served { server, address }
}

/// Sends bytes and reads all that comes until the server closes.
pub(crate) fn talk(address: SocketAddr, bytes: &[u8]) -> Vec<u8> {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    stream.write_all(bytes).unwrap();
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    answer
}

/// As [`talk`], for a GET request with more fields; the answer as text.
pub(crate) fn get(address: SocketAddr, target: &str, fields: &str) -> String {
    let request = format!("GET {target} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{fields}\r\n");
    String::from_utf8_lossy(&talk(address, request.as_bytes())).into_owned()
}
