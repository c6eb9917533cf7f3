//! From a socket to an encrypted connection.

use super::{Stream, Tls, challenges::ACME_TLS, stream::Wire};
use crate::config::LINGER;
use carboy_http::PeerCertificate;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};
use tokio_rustls::TlsAcceptor;

/// A connection after its handshake.
pub(crate) struct Secured {
    pub(crate) stream: Stream,
    /// What was agreed on (RFC 9113 section 3.2: by ALPN only).
    pub(crate) http2: bool,
    pub(crate) peer_certificate: Option<PeerCertificate>,
}

/// The first byte of every TLS connection: a record with a message of the handshake (RFC 8446 section 5.1).
const HANDSHAKE_RECORD: u8 = 22;

/// What is said to a client that does not speak TLS here.
const SPEAK_TLS: &[u8] = b"HTTP/1.1 400 Bad Request\r\nconnection: close\r\n\
    content-type: text/plain; charset=utf-8\r\ncontent-length: 85\r\n\r\n\
    This port speaks HTTPS, and the request came in plain HTTP: begin the URL with https\n";

/// Shakes hands; `None` if that fails, and then the client knows why if it can be told. The caller sets the deadline.
pub(crate) async fn handshake(mut socket: TcpStream, tls: &Tls) -> Option<Secured> {
    let mut first = [0];
    if socket.peek(&mut first).await.ok()? == 0 {
        return None;
    }
    // Methods are written in capitals. Anything else is told by an alert.
    if first[0] != HANDSHAKE_RECORD && first[0].is_ascii_uppercase() {
        refuse_plain(&mut socket).await;
        return None;
    }
    let acceptor = TlsAcceptor::from(tls.current());
    match acceptor.accept(Wire::new(socket)).await {
        Ok(stream) => {
            let (_, session) = stream.get_ref();
            // An authority that has seen its proof has nothing to ask (RFC 8737 section 3).
            if session.alpn_protocol() == Some(ACME_TLS) {
                return None;
            }
            let http2 = session.alpn_protocol() == Some(b"h2");
            let peer_certificate = session
                .peer_certificates()
                .map(|chain| PeerCertificate::new(chain.iter().map(|certificate| certificate.to_vec())));
            Some(Secured { stream: Stream(stream), http2, peer_certificate })
        }
        Err(error) => {
            tracing::debug!(target: "carboy::server", %error, "TLS handshake failed");
            None
        }
    }
}

/// Answers, then reads until the client leaves, so that it can read the answer.
async fn refuse_plain(socket: &mut TcpStream) {
    let answer = async {
        socket.write_all(SPEAK_TLS).await?;
        socket.shutdown().await?;
        let mut waste = [0; 1024];
        while socket.read(&mut waste).await? > 0 {}
        Ok::<_, std::io::Error>(())
    };
    let _ = timeout(LINGER, answer).await;
}
