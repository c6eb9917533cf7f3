//! One connection, from its first byte to its end.

use crate::{
    Metrics, ServerConfig,
    config::DRAIN_FIRST_BYTE,
    http1,
    http2::{self, PREFACE},
    listener::Accepted,
    load::Held,
    proxy_protocol::{self, Said},
    shutdown::{Either, ShutdownHandle, Stage, race},
    transport::Transport,
};
use bytes::BytesMut;
use carboy_http::{ConnectionInfo, Service, Version, proxy::TrustedProxies};
use std::{future::poll_fn, net::SocketAddr, pin::Pin, sync::Arc};
use tokio_util::io::poll_read_buf;

/// What all connections share.
#[derive(Debug)]
pub(crate) struct Protocols {
    pub(crate) config: Arc<ServerConfig>,
    pub(crate) shutdown: ShutdownHandle,
}

impl Protocols {
    pub(crate) fn new(config: Arc<ServerConfig>, shutdown: ShutdownHandle) -> Self {
        Protocols { config, shutdown }
    }
}

/// How much is read before the protocol is known.
const FIRST_READ: usize = 4096;

/// Serves a connection until it ends or becomes a tunnel; `held` counts it until its socket closes.
pub(crate) async fn serve<S: Service>(
    accepted: Accepted,
    held: Held,
    protocols: Arc<Protocols>,
    service: Arc<S>,
) {
    let Accepted { mut transport, mut peer, mut local } = accepted;
    let mut counted = protocols.config.metrics.as_ref().map(Metrics::connected);
    if let Some(trusted) = &protocols.config.proxy_protocol {
        match proxied(&mut transport, peer, trusted, &protocols).await {
            Some(Said::Addresses { source, destination }) => {
                (peer, local) = (Some(source), Some(destination))
            }
            Some(Said::Nothing) => {}
            None => return,
        }
    }
    let Some(first) = first_bytes(&mut transport, &protocols).await else { return };
    let info = ConnectionInfo { remote_addr: peer, local_addr: local, ..ConnectionInfo::default() };
    let Protocols { config, shutdown } = &*protocols;
    let speaks_http2 = config.http2.prior_knowledge && first.starts_with(PREFACE);
    if let Some(counted) = &mut counted {
        counted.speaks(if speaks_http2 { Version::HTTP_2 } else { Version::HTTP_11 });
    }
    if speaks_http2 {
        http2::serve(transport, first, info, config.clone(), shutdown, held, service).await;
    } else {
        http1::serve(transport, first, info, config.clone(), shutdown.clone(), held, &*service).await;
    }
}

/// What the PROXY protocol says of a connection; `None` when it is to be closed.
async fn proxied(
    transport: &mut Transport,
    peer: Option<SocketAddr>,
    trusted: &TrustedProxies,
    protocols: &Protocols,
) -> Option<Said> {
    if !trusted.trusts(peer) {
        tracing::debug!(target: "carboy::server", ?peer, "connection closed: the PROXY protocol is not for this peer");
        return None;
    }
    let drained = async {
        protocols.shutdown.reached(Stage::Draining).await;
        tokio::time::sleep(DRAIN_FIRST_BYTE).await;
    };
    let limit = protocols.config.deadlines.first_byte;
    match race(proxy_protocol::read(transport, limit), drained).await {
        Either::First(Ok(said)) => Some(said),
        Either::First(Err(error)) => {
            tracing::debug!(target: "carboy::server", ?peer, %error, "connection closed: no header of the PROXY protocol");
            None
        }
        Either::Second(()) => None,
    }
}

/// Reads until it is clear whether the client speaks HTTP/2; `None` if it leaves or says nothing in time.
async fn first_bytes(transport: &mut Transport, protocols: &Protocols) -> Option<BytesMut> {
    let config = &protocols.config;
    let read = async {
        let mut first = BytesMut::new();
        loop {
            first.reserve(FIRST_READ);
            match poll_fn(|cx| poll_read_buf(Pin::new(&mut *transport), cx, &mut first)).await {
                Ok(1..) => {}
                Ok(0) | Err(_) => return None,
            }
            let undecided =
                config.http2.prior_knowledge && first.len() < PREFACE.len() && PREFACE.starts_with(&first);
            if !undecided {
                return Some(first);
            }
        }
    };
    let give_up = async {
        let first_byte = async {
            match config.deadlines.first_byte {
                Some(limit) => tokio::time::sleep(limit).await,
                None => std::future::pending().await,
            }
        };
        let drained = async {
            protocols.shutdown.reached(Stage::Draining).await;
            tokio::time::sleep(DRAIN_FIRST_BYTE).await;
        };
        race(first_byte, drained).await;
    };
    match race(read, give_up).await {
        Either::First(first) => first,
        Either::Second(()) => None,
    }
}
