//! A connection that has changed its protocol: bytes, in both directions, until both sides are done.

use crate::runtime;
use carboy_http::Upgrade;
use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;
use std::{
    io,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    task::{Context, Poll},
    time::{Duration, Instant},
};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf, copy_bidirectional};

/// Carries bytes between the two sides once both have changed their protocol; on the background runtime.
pub(super) fn start(client: Upgrade, upstream: OnUpgrade, patience: Option<Duration>) {
    runtime::handle().spawn(async move {
        if let Err(error) = carry(client, upstream, patience).await {
            tracing::debug!(target: "carboy::upstream", %error, "tunnel ended");
        }
    });
}

async fn carry(client: Upgrade, upstream: OnUpgrade, patience: Option<Duration>) -> io::Result<()> {
    let clock = Arc::new(Clock { epoch: Instant::now(), moved: AtomicU64::new(0) });
    let upstream = upstream.await.map_err(io::Error::other)?;
    let client = client.await?;
    let mut client = Watched { io: client, clock: clock.clone() };
    let mut upstream = Watched { io: TokioIo::new(upstream), clock: clock.clone() };
    let carried = copy_bidirectional(&mut client, &mut upstream);
    match patience {
        None => carried.await.map(drop),
        Some(patience) => tokio::select! {
            result = carried => result.map(drop),
            () = clock.stands_still(patience) => Err(io::ErrorKind::TimedOut.into()),
        },
    }
}

/// When a byte moved last.
struct Clock {
    epoch: Instant,
    moved: AtomicU64,
}

impl Clock {
    fn touch(&self) {
        self.moved.store(self.epoch.elapsed().as_millis() as u64, Relaxed);
    }

    /// Returns when nothing has moved for so long.
    async fn stands_still(&self, patience: Duration) {
        loop {
            let deadline = self.epoch + Duration::from_millis(self.moved.load(Relaxed)) + patience;
            if Instant::now() >= deadline {
                return;
            }
            tokio::time::sleep_until(deadline.into()).await;
        }
    }
}

/// A side of a tunnel that notes when it moves.
struct Watched<T> {
    io: T,
    clock: Arc<Clock>,
}

impl<T: AsyncRead + Unpin> AsyncRead for Watched<T> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let polled = Pin::new(&mut self.io).poll_read(cx, buf);
        if polled.is_ready() {
            self.clock.touch();
        }
        polled
    }
}

impl<T: AsyncWrite + Unpin> AsyncWrite for Watched<T> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.io).poll_write(cx, bytes);
        if polled.is_ready() {
            self.clock.touch();
        }
        polled
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(cx)
    }
}
