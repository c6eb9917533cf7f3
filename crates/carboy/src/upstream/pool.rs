//! Connections to an upstream: made, kept while they are idle, used again.

use super::{
    Options,
    address::{Address, Place},
    body::Upload,
    failure::Failure,
};
use crate::runtime;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use std::{
    io,
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
    time::{Duration, Instant},
};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
};

/// The sending half of a connection.
pub(super) type Sender = http1::SendRequest<Upload>;

/// The idle connections to one upstream.
#[derive(Debug, Default)]
pub(super) struct Pool(Mutex<Idle>);

#[derive(Debug, Default)]
struct Idle {
    connections: Vec<(Sender, Instant)>,
    /// A task is on its way that closes what was not used in time.
    swept: bool,
}

impl Pool {
    fn idle(&self) -> MutexGuard<'_, Idle> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The connection that was used last, if one is open.
    pub(super) fn reuse(&self, keep_alive: Duration) -> Option<Sender> {
        let mut idle = self.idle();
        while let Some((sender, since)) = idle.connections.pop() {
            if since.elapsed() < keep_alive && sender.is_ready() {
                return Some(sender);
            }
        }
        None
    }

    /// Keeps a connection for another request.
    pub(super) fn keep(self: &Arc<Self>, sender: Sender, options: &Options) {
        let keep_alive = options.keep_alive;
        let mut idle = self.idle();
        if keep_alive.is_zero() || idle.connections.len() >= options.max_idle_connections {
            return;
        }
        idle.connections.push((sender, Instant::now()));
        if !std::mem::replace(&mut idle.swept, true) {
            runtime::handle().spawn(sweep(Arc::downgrade(self), keep_alive));
        }
    }
}

/// Closes connections that nobody has used for so long, until there are none.
async fn sweep(pool: Weak<Pool>, keep_alive: Duration) {
    loop {
        tokio::time::sleep(keep_alive).await;
        let Some(pool) = pool.upgrade() else { return };
        let mut idle = pool.idle();
        idle.connections.retain(|(sender, since)| since.elapsed() < keep_alive && !sender.is_closed());
        if idle.connections.is_empty() {
            idle.swept = false;
            return;
        }
    }
}

/// Makes a connection. It is served by the background runtime, whichever worker asked for it.
pub(super) async fn connect(address: &Address, options: &Options) -> Result<Sender, Failure> {
    let connecting = async {
        match &address.place {
            Place::Tcp(host, port) => {
                let stream = TcpStream::connect((host.as_str(), *port)).await?;
                stream.set_nodelay(true)?;
                start(stream).await
            }
            #[cfg(unix)]
            Place::Unix(path) => start(tokio::net::UnixStream::connect(path).await?).await,
        }
    };
    match options.connect_timeout {
        Some(limit) => match tokio::time::timeout(limit, connecting).await {
            Ok(connected) => connected.map_err(Failure::Unreachable),
            Err(_) => Err(Failure::ConnectTimeout),
        },
        None => connecting.await.map_err(Failure::Unreachable),
    }
}

async fn start(stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static) -> io::Result<Sender> {
    let (sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(io::Error::other)?;
    runtime::handle().spawn(async move {
        if let Err(error) = connection.with_upgrades().await {
            tracing::debug!(target: "carboy::upstream", %error, "connection ended");
        }
    });
    Ok(sender)
}
