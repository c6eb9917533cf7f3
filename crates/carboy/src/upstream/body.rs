//! The bodies of an exchange on their way through, a piece at a time.

use super::{
    Options,
    flow::Flow,
    pool::{Pool, Sender},
};
use crate::runtime;
use bytes::Bytes;
use carboy_http::{Body, BodyError, HttpError, StatusCode};
use http_body::{Frame, SizeHint};
use hyper::body::Incoming;
use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
    time::{Duration, Instant},
};
use tokio::time::Sleep;

/// How long an upstream has to say that it wants a body before it gets it unasked (RFC 9110 section 10.1.1).
const CONTINUE_PATIENCE: Duration = Duration::from_secs(1);

/// The body of a request on its way to the upstream.
pub(super) struct Upload {
    body: Body,
    flow: Arc<Flow>,
    asking: Option<Pin<Box<Sleep>>>,
}

impl Upload {
    pub(super) fn new(body: Body, flow: Arc<Flow>) -> Self {
        Upload { body, flow, asking: None }
    }

    /// Waits until the body may go on.
    fn poll_gate(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), &'static str>> {
        if let Poll::Ready(result) = self.flow.poll_gate(cx) {
            self.asking = None;
            return Poll::Ready(result);
        }
        let timer = self.asking.get_or_insert_with(|| {
            let _runtime = runtime::handle().enter();
            Box::pin(tokio::time::sleep(CONTINUE_PATIENCE))
        });
        ready!(timer.as_mut().poll(cx));
        self.flow.release();
        self.flow.poll_gate(cx)
    }
}

impl http_body::Body for Upload {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let this = &mut *self;
        if let Err(why) = ready!(this.poll_gate(cx)) {
            return Poll::Ready(Some(Err(why.into())));
        }
        let polled = Pin::new(&mut this.body).poll_frame(cx);
        this.flow.client_owes(polled.is_pending());
        match ready!(polled) {
            Some(Err(error)) => {
                let http = match error.downcast::<HttpError>() {
                    Ok(http) => *http,
                    Err(error) => HttpError::new(StatusCode::BAD_REQUEST).with_source(error),
                };
                this.flow.fail(http);
                Poll::Ready(Some(Err("the client's body broke off".into())))
            }
            frame => Poll::Ready(frame),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl Drop for Upload {
    fn drop(&mut self) {
        self.flow.client_owes(false);
    }
}

/// A connection in use, which goes back to its pool when the answer is complete.
pub(super) struct Lease {
    pub(super) sender: Sender,
    pub(super) pool: Arc<Pool>,
    pub(super) options: Options,
}

impl Lease {
    fn give_back(self) {
        let Lease { mut sender, pool, options } = self;
        if sender.is_ready() {
            pool.keep(sender, &options);
        } else if !sender.is_closed() {
            // The connection's own task has to see the end first.
            runtime::handle().spawn(async move {
                if sender.ready().await.is_ok() {
                    pool.keep(sender, &options);
                }
            });
        }
    }
}

/// The body of a response on its way to the client.
pub(super) struct Download {
    incoming: Incoming,
    lease: Option<Lease>,
    flow: Arc<Flow>,
    patience: Option<Duration>,
    timer: Option<Pin<Box<Sleep>>>,
    /// The response is one without a body whose length nobody has told, so it must not look like an empty one.
    unmeasured: bool,
}

impl Download {
    pub(super) fn new(incoming: Incoming, lease: Lease, flow: Arc<Flow>, unmeasured: bool) -> Self {
        let patience = lease.options.idle_timeout;
        flow.touch();
        Download { incoming, lease: Some(lease), flow, patience, timer: None, unmeasured }
    }

    fn finish(&mut self) {
        self.flow.cut();
        if let Some(lease) = self.lease.take() {
            lease.give_back();
        }
    }

    /// Ready when nothing has moved for too long.
    fn poll_stalled(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let Some(patience) = self.patience else { return Poll::Pending };
        loop {
            let deadline = self.flow.deadline(patience);
            if Instant::now() >= deadline {
                return Poll::Ready(());
            }
            let deadline = tokio::time::Instant::from_std(deadline);
            let timer = match &mut self.timer {
                Some(timer) => {
                    // A timer that fires early is looked at again.
                    if timer.is_elapsed() {
                        timer.as_mut().reset(deadline);
                    }
                    timer
                }
                none => {
                    let _runtime = runtime::handle().enter();
                    none.insert(Box::pin(tokio::time::sleep_until(deadline)))
                }
            };
            ready!(timer.as_mut().poll(cx));
        }
    }
}

impl http_body::Body for Download {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let this = &mut *self;
        match Pin::new(&mut this.incoming).poll_frame(cx) {
            Poll::Ready(Some(Ok(frame))) => {
                this.flow.touch();
                Poll::Ready(Some(Ok(frame)))
            }
            Poll::Ready(Some(Err(error))) => {
                this.lease = None;
                Poll::Ready(Some(Err(format!("the upstream's answer broke off: {error}").into())))
            }
            Poll::Ready(None) => {
                this.finish();
                Poll::Ready(None)
            }
            Poll::Pending => {
                ready!(this.poll_stalled(cx));
                this.lease = None;
                Poll::Ready(Some(Err("the upstream's answer has come to a standstill".into())))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        !self.unmeasured && self.incoming.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        if self.unmeasured { SizeHint::default() } else { self.incoming.size_hint() }
    }
}

impl Drop for Download {
    fn drop(&mut self) {
        if hyper::body::Body::is_end_stream(&self.incoming) {
            self.finish();
        }
        self.flow.cut();
    }
}
