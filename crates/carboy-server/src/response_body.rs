//! The body of a response on its way out, and what ends with it.

use crate::{access_log::Entry, exchange::caught, link::Link};
use bytes::Bytes;
use carboy_http::{Body, BodyError};
use http_body::{Frame, SizeHint};
use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

/// A request that is being answered; dropped when its answer is handed over or given up.
#[derive(Debug)]
pub(crate) struct OpenExchange {
    pub(crate) link: Arc<Link>,
    pub(crate) entry: Option<Box<Entry>>,
    /// The status for the log; until there is an answer, that the client left before one.
    pub(crate) status: u16,
    pub(crate) bytes: u64,
}

/// nginx's status for "client closed request"; only ever logged.
const CLIENT_LEFT: u16 = 499;

impl OpenExchange {
    /// Begins an exchange: its head is complete.
    pub(crate) fn begin(link: Arc<Link>) -> Self {
        link.activity.begin();
        OpenExchange { link, entry: None, status: CLIENT_LEFT, bytes: 0 }
    }
}

impl Drop for OpenExchange {
    fn drop(&mut self) {
        self.link.activity.end();
        if let Some(entry) = &self.entry {
            entry.end(self.status, self.bytes);
        }
    }
}

/// A response body for hyper.
#[derive(Debug)]
pub(crate) struct ResponseBody {
    body: Body,
    /// Kept by streams; a body at hand ends its exchange when it is handed over.
    open: Option<OpenExchange>,
}

impl ResponseBody {
    pub(crate) fn new(body: Body, mut exchange: OpenExchange) -> Self {
        match body.as_bytes() {
            Some(bytes) => {
                exchange.bytes = bytes.len() as u64;
                ResponseBody { body, open: None }
            }
            None => ResponseBody { body, open: Some(exchange) },
        }
    }
}

impl http_body::Body for ResponseBody {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let this = self.get_mut();
        let body = Pin::new(&mut this.body);
        let Some(open) = &mut this.open else { return body.poll_frame(cx) };
        let polled = match caught(|| body.poll_frame(cx)) {
            Ok(polled) => polled,
            Err(panic) => {
                let message = format!("the response body panicked: {panic}");
                this.body = Body::empty();
                Poll::Ready(Some(Err(message.into())))
            }
        };
        match &polled {
            Poll::Pending => {}
            Poll::Ready(Some(Ok(frame))) => {
                open.bytes += frame.data_ref().map_or(0, |data| data.len() as u64);
            }
            Poll::Ready(Some(Err(error))) => {
                tracing::error!(target: "carboy::server", %error, "response broken off");
                this.open = None;
            }
            Poll::Ready(None) => this.open = None,
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
