//! The certificate of a client.

use std::{fmt, sync::Arc};

/// The certificate that a client has shown and whose key it has proved to hold, in DER (RFC 5280), with the chain that came with it.
///
/// The server has verified the chain; whom it names is for a parser of certificates to say. Clones share the bytes.
///
/// ```
/// use carboy_http::{PeerCertificate, Request};
///
/// let mut request = Request::get("/");
/// request.connection_mut().peer_certificate = Some(PeerCertificate::new([vec![0x30, 0x82]]));
/// let shown = request.connection().peer_certificate.as_ref().unwrap();
/// assert_eq!(shown.der(), [0x30, 0x82]);
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct PeerCertificate(Arc<[Vec<u8>]>);

impl PeerCertificate {
    /// For servers: the certificate, then those that lead to its authority.
    pub fn new(chain: impl IntoIterator<Item = Vec<u8>>) -> Self {
        PeerCertificate(chain.into_iter().collect())
    }

    /// The client's own certificate; empty if there is none.
    pub fn der(&self) -> &[u8] {
        self.0.first().map_or(&[], Vec::as_slice)
    }

    /// The certificate and those that came with it.
    pub fn chain(&self) -> impl ExactSizeIterator<Item = &[u8]> {
        self.0.iter().map(Vec::as_slice)
    }
}

impl fmt::Debug for PeerCertificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PeerCertificate({} bytes)", self.der().len())
    }
}
