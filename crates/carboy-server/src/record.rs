//! What is noted of one request for those who watch.

use crate::{ServerConfig, access_log::Entry};
use carboy_http::Response;
use http::request::Parts;
use std::{net::SocketAddr, sync::Arc};

/// nginx's status for "client closed request"; only ever logged.
const CLIENT_LEFT: u16 = 499;

/// What will be logged about a request; it is, when this is dropped with the end of its answer.
#[derive(Debug)]
pub(crate) struct Record {
    entry: Entry,
    /// Until there is an answer, that the client left before one.
    status: u16,
    bytes: u64,
}

impl Record {
    /// Begins a record; nothing when nobody watches.
    pub(crate) fn begin(
        config: &Arc<ServerConfig>,
        peer: Option<SocketAddr>,
        parts: &mut Parts,
    ) -> Option<Box<Self>> {
        let entry = Entry::begin(config.access_log, peer, parts)?;
        Some(Box::new(Record { entry, status: CLIENT_LEFT, bytes: 0 }))
    }

    /// There is an answer.
    pub(crate) fn answered(&mut self, response: &mut Response) {
        self.status = response.status().as_u16();
    }

    /// Bytes of the body went out.
    pub(crate) fn sent(&mut self, bytes: usize) {
        self.bytes += bytes as u64;
    }
}

impl Drop for Record {
    fn drop(&mut self) {
        self.entry.end(self.status, self.bytes);
    }
}
