//! What a connection's socket, requests and timer share.

use super::activity::Activity;
use crate::ServerConfig;
use carboy_http::ConnectionInfo;
use std::sync::Arc;

/// One connection: who it is, what it is doing, what it may.
#[derive(Debug)]
pub(crate) struct Link {
    pub(crate) info: ConnectionInfo,
    pub(crate) activity: Activity,
    pub(crate) config: Arc<ServerConfig>,
}

impl Link {
    pub(crate) fn new(info: ConnectionInfo, config: Arc<ServerConfig>) -> Arc<Self> {
        Arc::new(Link { info, activity: Activity::new(), config })
    }
}
