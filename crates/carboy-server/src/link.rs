//! What a connection's socket, requests and timer share.

use crate::{ServerConfig, activity::Activity};
use carboy_http::ConnectionInfo;
use std::sync::Arc;

/// One connection: who it is, what it is doing, what it may.
#[derive(Debug)]
pub(crate) struct Link {
    pub(crate) info: ConnectionInfo,
    pub(crate) http2: bool,
    pub(crate) activity: Activity,
    pub(crate) config: Arc<ServerConfig>,
}

impl Link {
    pub(crate) fn new(info: ConnectionInfo, http2: bool, config: Arc<ServerConfig>) -> Arc<Self> {
        Arc::new(Link { info, http2, activity: Activity::new(http2), config })
    }
}
