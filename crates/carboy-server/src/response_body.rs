//! The body of a response on its way out, and what ends with it.

use crate::{access_log::Entry, exchange::caught, link::Link};
use bytes::Bytes;
use carboy_http::{Body, BodyError, StatusCode};
use http::request::Parts;
use http_body::{Frame, SizeHint};
use std::{
    ops::Deref,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

/// A request that is being answered: it ends when this is dropped.
///
/// `L` is the connection, borrowed by a request that is being worked on, owned by a stream that is being sent.
#[derive(Debug)]
pub(crate) struct OpenExchange<L: Deref<Target = Arc<Link>>> {
    pub(crate) link: L,
    pub(crate) log: Option<Box<Record>>,
    /// The exchange goes on elsewhere.
    moved: bool,
}

/// What will be logged about a request.
#[derive(Debug)]
pub(crate) struct Record {
    entry: Entry,
    /// Until there is an answer, that the client left before one.
    status: u16,
    bytes: u64,
}

/// nginx's status for "client closed request"; only ever logged.
const CLIENT_LEFT: u16 = 499;

impl Record {
    /// Begins a line of the access log; nothing when there is none.
    pub(crate) fn begin(link: &Link, parts: &Parts) -> Option<Box<Self>> {
        let entry = Entry::begin(link.config.access_log, link.info.remote_addr, parts)?;
        Some(Box::new(Record { entry, status: CLIENT_LEFT, bytes: 0 }))
    }
}

impl<L: Deref<Target = Arc<Link>>> OpenExchange<L> {
    /// Begins an exchange: its head is complete.
    pub(crate) fn begin(link: L) -> Self {
        link.activity.begin();
        OpenExchange { link, log: None, moved: false }
    }

    /// Ends the exchange without ending the work on its connection, which goes on as a tunnel: no deadline
    /// of a request counts any more, and nothing is held back.
    fn hand_over(mut self) {
        self.moved = true;
        if let Some(record) = &self.log {
            record.entry.end(record.status, record.bytes);
        }
    }

    fn into_owned(mut self) -> OpenExchange<Owned> {
        self.moved = true;
        OpenExchange { link: Owned(Arc::clone(&self.link)), log: self.log.take(), moved: false }
    }
}

impl<L: Deref<Target = Arc<Link>>> Drop for OpenExchange<L> {
    fn drop(&mut self) {
        if self.moved {
            return;
        }
        self.link.activity.end();
        if let Some(record) = &self.log {
            record.entry.end(record.status, record.bytes);
        }
    }
}

/// A connection that is owned, in the place of a borrowed one.
#[derive(Debug)]
pub(crate) struct Owned(Arc<Link>);

impl Deref for Owned {
    type Target = Arc<Link>;

    fn deref(&self) -> &Arc<Link> {
        &self.0
    }
}

/// A response body for hyper.
#[derive(Debug)]
pub(crate) struct ResponseBody {
    body: Body,
    /// Kept by streams; a body at hand ends its exchange when it is handed over.
    open: Option<OpenExchange<Owned>>,
}

impl ResponseBody {
    pub(crate) fn new(body: Body, mut exchange: OpenExchange<&Arc<Link>>, status: StatusCode) -> Self {
        let at_hand = body.as_bytes().map(<[u8]>::len);
        if let Some(record) = &mut exchange.log {
            record.status = status.as_u16();
            record.bytes = at_hand.unwrap_or(0) as u64;
        }
        if status == StatusCode::SWITCHING_PROTOCOLS && !exchange.link.http2 {
            exchange.hand_over();
            return ResponseBody { body, open: None };
        }
        let open = if at_hand.is_some() { None } else { Some(exchange.into_owned()) };
        ResponseBody { body, open }
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
                if let (Some(record), Some(data)) = (&mut open.log, frame.data_ref()) {
                    record.bytes += data.len() as u64;
                }
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
