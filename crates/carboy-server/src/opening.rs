//! A connection until its first byte: the PROXY header, the TLS handshake, and which version of HTTP it is; under one deadline.

use crate::{
    BoundAddress, ServerConfig, ServerError,
    config::DRAIN_FIRST_BYTE,
    http2::PREFACE,
    listener::Accepted,
    proxy_protocol::{self, Said},
    shutdown::{Either, ShutdownHandle, Stage, race},
    transport::Transport,
};
use bytes::BytesMut;
use carboy_http::ConnectionInfo;
use std::{future::poll_fn, pin::Pin};
use tokio_util::io::poll_read_buf;

/// How much is read before the protocol is known.
const FIRST_READ: usize = 4096;

/// A connection that has sent its first byte.
pub(crate) struct Opened {
    pub(crate) transport: Transport,
    pub(crate) first: BytesMut,
    pub(crate) is_http2: bool,
    pub(crate) info: ConnectionInfo,
}

/// How connections are opened.
#[derive(Debug, Clone)]
pub(crate) struct Opening {
    #[cfg(feature = "tls")]
    pub(crate) tls: Option<std::sync::Arc<crate::tls::Tls>>,
}

impl Opening {
    /// Reads the certificates, if there are any to be read.
    pub(crate) fn new(config: &ServerConfig) -> Result<Self, ServerError> {
        #[cfg(feature = "tls")]
        let tls = match &config.tls {
            Some(tls) => {
                let tls = crate::tls::Tls::load(tls.clone());
                Some(std::sync::Arc::new(tls.map_err(ServerError::certificate)?))
            }
            None => None,
        };
        #[cfg(not(feature = "tls"))]
        let _ = config;
        Ok(Opening {
            #[cfg(feature = "tls")]
            tls,
        })
    }

    /// A listener's address with what is spoken there.
    pub(crate) fn announced(&self, address: &BoundAddress) -> BoundAddress {
        match address {
            #[cfg(feature = "tls")]
            BoundAddress::Tcp(address) if self.tls.is_some() => BoundAddress::Tls(*address),
            other => other.clone(),
        }
    }

    /// Opens a connection; `None` if the client leaves, or is not as far in time.
    pub(crate) async fn open(
        &self,
        accepted: Accepted,
        config: &ServerConfig,
        shutdown: &ShutdownHandle,
    ) -> Option<Opened> {
        let open = async {
            let accepted = proxied(accepted, config).await?;
            let mut secured = self.secure(accepted).await?;
            let preface = config.http2.prior_knowledge && !secured.info.is_secure;
            secured.first = first_bytes(&mut secured.transport, preface).await?;
            secured.is_http2 |= preface && secured.first.starts_with(PREFACE);
            Some(secured)
        };
        let give_up = async {
            let first_byte = async {
                match config.deadlines.first_byte {
                    Some(limit) => tokio::time::sleep(limit).await,
                    None => std::future::pending().await,
                }
            };
            let drained = async {
                shutdown.reached(Stage::Draining).await;
                tokio::time::sleep(DRAIN_FIRST_BYTE).await;
            };
            race(first_byte, drained).await;
        };
        match race(open, give_up).await {
            Either::First(opened) => opened,
            Either::Second(()) => None,
        }
    }

    /// Shakes hands where TLS is spoken: on TCP, if there are certificates.
    async fn secure(&self, accepted: Accepted) -> Option<Opened> {
        let Accepted { transport, peer, local } = accepted;
        let info = ConnectionInfo { remote_addr: peer, local_addr: local, ..ConnectionInfo::default() };
        let plain = |transport| Opened { transport, first: BytesMut::new(), is_http2: false, info };
        #[cfg(feature = "tls")]
        if let (Transport::Tcp(_), Some(tls)) = (&transport, &self.tls) {
            let Transport::Tcp(socket) = transport else { return None };
            let crate::tls::Secured { stream, http2, peer_certificate } =
                crate::tls::handshake(socket, tls).await?;
            let mut opened = plain(Transport::Tls(Box::new(stream)));
            opened.is_http2 = http2;
            opened.info.is_secure = true;
            opened.info.peer_certificate = peer_certificate;
            return Some(opened);
        }
        Some(plain(transport))
    }
}

/// Reads what the PROXY protocol says of a connection, if that is spoken; `None` when it is to be closed.
async fn proxied(mut accepted: Accepted, config: &ServerConfig) -> Option<Accepted> {
    let Some(trusted) = &config.proxy_protocol else { return Some(accepted) };
    let peer = accepted.peer;
    if !trusted.trusts(peer) {
        tracing::debug!(target: "carboy::server", ?peer, "connection closed: the PROXY protocol is not for this peer");
        return None;
    }
    match proxy_protocol::read(&mut accepted.transport).await {
        Ok(Said::Addresses { source, destination }) => {
            (accepted.peer, accepted.local) = (Some(source), Some(destination));
            Some(accepted)
        }
        Ok(Said::Nothing) => Some(accepted),
        Err(error) => {
            tracing::debug!(target: "carboy::server", ?peer, %error, "connection closed: no header of the PROXY protocol");
            None
        }
    }
}

/// Reads until it is clear whether this is the preface of HTTP/2, if that is looked for.
async fn first_bytes(transport: &mut Transport, preface: bool) -> Option<BytesMut> {
    let mut first = BytesMut::new();
    loop {
        first.reserve(FIRST_READ);
        match poll_fn(|cx| poll_read_buf(Pin::new(&mut *transport), cx, &mut first)).await {
            Ok(1..) => {}
            Ok(0) | Err(_) => return None,
        }
        let undecided = preface && first.len() < PREFACE.len() && PREFACE.starts_with(&first);
        if !undecided {
            return Some(first);
        }
    }
}
