//! Files that change are read again.

use super::{Tls, stamps::stamps};
use crate::shutdown::{Either, race};
use std::sync::Arc;

/// Reads the files again when they have changed, and when SIGHUP comes if `signals` are obeyed. Ends with its runtime.
pub(crate) async fn keep_fresh(tls: Arc<Tls>, signals: bool) {
    let mut hangup = Hangup::new(signals);
    let mut read = tls.stamps.clone();
    let mut seen = read.clone();
    loop {
        let tick = async {
            match tls.config.reload_interval {
                Some(interval) => tokio::time::sleep(interval).await,
                None => std::future::pending().await,
            }
        };
        let told = matches!(race(tick, hangup.comes()).await, Either::Second(()));
        // Files may lie where reading takes long; connections are accepted meanwhile.
        let Some(now) = beside(&tls, |tls| stamps(&tls.config)).await else { continue };
        // Somebody who is still writing is waited for.
        let settled = now == seen;
        seen = now;
        if told || (settled && seen != read) {
            read.clone_from(&seen);
            let Some(reloaded) = beside(&tls, Tls::reload).await else { continue };
            match reloaded {
                Ok(()) => tracing::info!(target: "carboy::server", "the certificates were read again"),
                Err(why) => {
                    tracing::error!(target: "carboy::server", "{why}; the certificates that were read before stay in use");
                }
            }
        }
    }
}

/// What this gives, on a thread where it may wait; `None` if it panicked.
async fn beside<T: Send + 'static>(
    tls: &Arc<Tls>,
    work: impl FnOnce(&Tls) -> T + Send + 'static,
) -> Option<T> {
    let tls = tls.clone();
    let done = tokio::task::spawn_blocking(move || work(&tls)).await;
    done.inspect_err(|error| tracing::error!(target: "carboy::server", %error, "certificates cannot be read"))
        .ok()
}

#[cfg(unix)]
struct Hangup(Option<tokio::signal::unix::Signal>);

#[cfg(unix)]
impl Hangup {
    fn new(wanted: bool) -> Self {
        use tokio::signal::unix::{SignalKind, signal};
        // Without it the files are still looked at.
        Hangup(wanted.then(|| signal(SignalKind::hangup()).ok()).flatten())
    }

    async fn comes(&mut self) {
        match &mut self.0 {
            Some(signal) => drop(signal.recv().await),
            None => std::future::pending().await,
        }
    }
}

#[cfg(not(unix))]
struct Hangup;

#[cfg(not(unix))]
impl Hangup {
    fn new(_: bool) -> Self {
        Hangup
    }

    async fn comes(&mut self) {
        std::future::pending().await
    }
}
