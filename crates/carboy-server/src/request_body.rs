//! The body of a request on its way in: no gap too long, no rate too low, no end that is none.

use crate::{ServerConfig, config::BODY_RATE_GRACE};
use bytes::Bytes;
use carboy_http::{HttpError, StatusCode};
use http_body::{Body, Frame, SizeHint};
use std::{
    fmt,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
    time::Duration,
};
use tokio::{
    runtime::Handle,
    time::{Instant, Sleep},
};

/// A body that fails with an [`HttpError`]: 408 when the client is too slow, 400 when it breaks the
/// framing or leaves. Once failed it keeps failing, so that nobody takes its beginning for the whole.
pub(crate) struct RequestBody<B: GiveUp> {
    incoming: B,
    config: Arc<ServerConfig>,
    /// The worker's runtime: whoever reads may do so from another one, or from none.
    runtime: Handle,
    timer: Option<Pin<Box<Sleep>>>,
    waiting_since: Option<Instant>,
    waited: Duration,
    received: u64,
    failed: Option<StatusCode>,
}

/// Where the bytes of a body come from.
pub(crate) trait GiveUp: Body<Data = Bytes, Error: fmt::Display> + Unpin {
    /// The client is too slow; nobody waits for the rest.
    fn give_up(&mut self) {}
}

impl GiveUp for hyper::body::Incoming {}

impl<B: GiveUp> RequestBody<B> {
    pub(crate) fn new(incoming: B, config: Arc<ServerConfig>) -> Self {
        RequestBody {
            incoming,
            config,
            runtime: Handle::current(),
            timer: None,
            waiting_since: None,
            waited: Duration::ZERO,
            received: 0,
            failed: None,
        }
    }

    fn fail(&mut self, status: StatusCode) -> Poll<Option<Result<Frame<Bytes>, HttpError>>> {
        self.failed = Some(status);
        self.incoming.give_up();
        Poll::Ready(Some(Err(error(status))))
    }

    /// How long this wait may last, counted from its begin.
    fn patience(&self) -> Option<Duration> {
        let limits = &self.config.deadlines;
        let rate = (limits.min_body_rate > 0).then(|| {
            let earned = Duration::from_secs_f64(self.received as f64 / f64::from(limits.min_body_rate));
            earned.max(BODY_RATE_GRACE).saturating_sub(self.waited)
        });
        match (limits.body_gap, rate) {
            (Some(gap), Some(rate)) => Some(gap.min(rate)),
            (gap, rate) => gap.or(rate),
        }
    }

    fn poll_deadline(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let since = *self.waiting_since.get_or_insert_with(Instant::now);
        let Some(patience) = self.patience() else { return Poll::Pending };
        let deadline = since + patience;
        let timer = match &mut self.timer {
            Some(timer) => {
                // A timer that fires early is looked at again; only one that would be late is moved.
                if timer.deadline() > deadline {
                    timer.as_mut().reset(deadline);
                }
                timer
            }
            none => {
                let _context = self.runtime.enter();
                none.insert(Box::pin(tokio::time::sleep_until(deadline)))
            }
        };
        loop {
            ready!(timer.as_mut().poll(cx));
            if Instant::now() >= deadline {
                return Poll::Ready(());
            }
            timer.as_mut().reset(deadline);
        }
    }
}

fn error(status: StatusCode) -> HttpError {
    HttpError::new(status)
}

impl<B: GiveUp> Body for RequestBody<B> {
    type Data = Bytes;
    type Error = HttpError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, HttpError>>> {
        let this = &mut *self;
        if let Some(status) = this.failed {
            return Poll::Ready(Some(Err(error(status))));
        }
        let polled = Pin::new(&mut this.incoming).poll_frame(cx);
        if polled.is_ready()
            && let Some(since) = this.waiting_since.take()
        {
            this.waited += since.elapsed();
        }
        match polled {
            Poll::Ready(Some(Ok(frame))) => {
                this.received += frame.data_ref().map_or(0, |data| data.len() as u64);
                Poll::Ready(Some(Ok(frame)))
            }
            Poll::Ready(Some(Err(cause))) => {
                tracing::debug!(target: "carboy::server", error = %cause, "request body broken off");
                this.fail(StatusCode::BAD_REQUEST)
            }
            Poll::Ready(None) => Poll::Ready(None),
            Poll::Pending => {
                ready!(this.poll_deadline(cx));
                tracing::debug!(target: "carboy::server", bytes = this.received, "request body too slow");
                this.fail(StatusCode::REQUEST_TIMEOUT)
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.failed.is_none() && self.incoming.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.incoming.size_hint()
    }
}
