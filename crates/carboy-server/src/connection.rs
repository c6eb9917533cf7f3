//! One connection, from its first byte to its end.

use crate::{
    Metrics, ServerConfig, http1, http2,
    listener::Accepted,
    load::Held,
    opening::{Opened, Opening},
    shutdown::ShutdownHandle,
};
use carboy_http::{Service, Version};
use std::sync::Arc;

/// What all connections share.
#[derive(Debug)]
pub(crate) struct Protocols {
    pub(crate) config: Arc<ServerConfig>,
    pub(crate) shutdown: ShutdownHandle,
    pub(crate) opening: Opening,
}

impl Protocols {
    pub(crate) fn new(config: Arc<ServerConfig>, shutdown: ShutdownHandle, opening: Opening) -> Self {
        Protocols { config, shutdown, opening }
    }
}

/// Serves a connection until it ends or becomes a tunnel; `held` counts it until its socket closes.
pub(crate) async fn serve<S: Service>(
    accepted: Accepted,
    held: Held,
    protocols: Arc<Protocols>,
    service: Arc<S>,
) {
    let Protocols { config, shutdown, opening } = &*protocols;
    let mut counted = config.metrics.as_ref().map(Metrics::connected);
    let Some(opened) = opening.open(accepted, config, shutdown).await else { return };
    let Opened { transport, first, is_http2, info } = opened;
    if let Some(counted) = &mut counted {
        counted.speaks(if is_http2 { Version::HTTP_2 } else { Version::HTTP_11 });
    }
    if is_http2 {
        http2::serve(transport, first, info, config.clone(), shutdown, held, service).await;
    } else {
        http1::serve(transport, first, info, config.clone(), shutdown.clone(), held, &*service).await;
    }
}
