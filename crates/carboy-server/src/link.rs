//! What a connection's socket, requests and timer share.

use crate::{ServerConfig, activity::Activity};
use carboy_http::ConnectionInfo;
use std::{io, sync::Arc, task::Poll};

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

    /// The socket took bytes, or does not.
    pub(crate) fn note_write(&self, result: &Poll<io::Result<usize>>) {
        match result {
            Poll::Ready(_) => self.activity.sent(),
            Poll::Pending => self.activity.blocked(),
        }
    }
}
