//! What a connection's socket, requests and timer share.

use super::{activity::Activity, budget::Budget};
use crate::ServerConfig;
use carboy_http::ConnectionInfo;
use std::sync::Arc;

/// One connection: who it is, what it is doing, what it may.
#[derive(Debug)]
pub(crate) struct Link {
    pub(crate) info: ConnectionInfo,
    pub(crate) activity: Activity,
    pub(crate) budget: Budget,
    pub(crate) config: Arc<ServerConfig>,
}

impl Link {
    pub(crate) fn new(info: ConnectionInfo, config: Arc<ServerConfig>) -> Arc<Self> {
        let budget = Budget::new(config.http2.max_control_frames);
        Arc::new(Link { info, activity: Activity::new(), budget, config })
    }
}
