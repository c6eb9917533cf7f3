//! The body of a response on its way out, and what ends with it.

use super::link::Link;
use crate::{caught::caught, record::Record};
use bytes::Bytes;
use carboy_http::{Body, BodyError, Response};
use http_body::{Frame, SizeHint};
use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

/// A request that is being answered: it ends when this is dropped.
#[derive(Debug)]
pub(super) struct OpenExchange {
    link: Arc<Link>,
    log: Option<Box<Record>>,
}

impl OpenExchange {
    /// Begins an exchange: its head is complete.
    pub(super) fn begin(link: Arc<Link>, log: Option<Box<Record>>) -> Self {
        link.activity.begin();
        OpenExchange { link, log }
    }

    /// There is an answer.
    pub(super) fn answered(&mut self, response: &mut Response) {
        if let Some(log) = &mut self.log {
            log.answered(response);
        }
    }

    fn sent(&mut self, bytes: usize) {
        if let Some(log) = &mut self.log {
            log.sent(bytes);
        }
    }
}

impl Drop for OpenExchange {
    fn drop(&mut self) {
        self.link.activity.end();
    }
}

/// A response body for hyper.
#[derive(Debug)]
pub(super) struct ResponseBody {
    body: Body,
    /// Until the body has ended, or nobody wants it any more.
    open: Option<OpenExchange>,
}

impl ResponseBody {
    pub(super) fn new(body: Body, exchange: OpenExchange) -> Self {
        ResponseBody { body, open: Some(exchange) }
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
                if let Some(data) = frame.data_ref() {
                    open.sent(data.len());
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
