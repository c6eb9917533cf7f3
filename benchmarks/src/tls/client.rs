//! `tls-load PORT CHAIN full|resumed SECONDS`: a new connection for each request, over TLS 1.3 with a handshake of this kind; prints how many were answered.

use rustls::{
    ClientConfig, ClientConnection, HandshakeKind, RootCertStore, StreamOwned,
    client::Resumption,
    pki_types::{CertificateDer, ServerName, pem::PemObject},
    version::TLS13,
};
use std::{
    error::Error,
    io::{Read, Write},
    net::TcpStream,
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

const CLIENTS: usize = 8;

type Outcome<T> = Result<T, Box<dyn Error + Send + Sync>>;

fn main() -> Outcome<()> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [port, chain, kind, seconds] = &args[..] else {
        return Err("tls-load PORT CHAIN full|resumed SECONDS".into());
    };
    let kind = match &**kind {
        "full" => HandshakeKind::Full,
        "resumed" => HandshakeKind::Resumed,
        other => return Err(format!("no kind of handshake: {other}").into()),
    };
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(chain)?)?;
    let (port, until) = (port.parse()?, Instant::now() + Duration::from_secs(seconds.parse()?));
    let clients: Vec<_> = (0..CLIENTS)
        .map(|_| {
            let roots = roots.clone();
            thread::spawn(move || client(port, roots, kind, until))
        })
        .collect();
    let mut answered = 0;
    for client in clients {
        answered += client.join().map_err(|_| "a client panicked")??;
    }
    println!("{answered}");
    Ok(())
}

/// Asks until it is time, and answers how often that was.
fn client(port: u16, roots: RootCertStore, kind: HandshakeKind, until: Instant) -> Outcome<u64> {
    let mut config = ClientConfig::builder_with_protocol_versions(&[&TLS13])
        .with_root_certificates(roots)
        .with_no_client_auth();
    if kind == HandshakeKind::Full {
        config.resumption = Resumption::disabled();
    }
    let config = Arc::new(config);
    ask(port, &config)?;
    let mut answered = 0;
    while Instant::now() < until {
        let was = ask(port, &config)?;
        if was != Some(kind) {
            return Err(format!("the handshake was {was:?}, not {kind:?}").into());
        }
        answered += 1;
    }
    Ok(answered)
}

/// Gets the page on a connection of its own.
fn ask(port: u16, config: &Arc<ClientConfig>) -> Outcome<Option<HandshakeKind>> {
    let socket = TcpStream::connect(("127.0.0.1", port))?;
    socket.set_nodelay(true)?;
    socket.set_read_timeout(Some(Duration::from_secs(10)))?;
    let session = ClientConnection::new(config.clone(), ServerName::try_from("localhost")?)?;
    let mut stream = StreamOwned::new(session, socket);
    stream.write_all(b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer)?;
    if !answer.starts_with(b"HTTP/1.1 200") || !answer.ends_with(b"Hello, World!") {
        return Err(format!("the answer was {:?}", String::from_utf8_lossy(&answer)).into());
    }
    Ok(stream.conn.handshake_kind())
}
