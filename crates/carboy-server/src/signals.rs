//! The signals that a server obeys.

use std::io;

/// What a signal asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wish {
    /// SIGTERM, SIGINT, Ctrl-C.
    Stop,
    /// SIGHUP.
    Reload,
    /// SIGUSR2.
    Restart,
}

#[cfg(unix)]
pub(crate) struct Signals {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
    hangup: tokio::signal::unix::Signal,
    restart: tokio::signal::unix::Signal,
    /// A terminal that goes away takes its programs with it.
    in_terminal: bool,
}

#[cfg(unix)]
impl Signals {
    pub(crate) fn new() -> io::Result<Self> {
        use std::io::IsTerminal;
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Signals {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
            hangup: signal(SignalKind::hangup())?,
            restart: signal(SignalKind::user_defined2())?,
            in_terminal: io::stdin().is_terminal(),
        })
    }

    pub(crate) async fn next(&mut self) -> Wish {
        use std::task::Poll;
        std::future::poll_fn(|cx| {
            if self.interrupt.poll_recv(cx).is_ready() || self.terminate.poll_recv(cx).is_ready() {
                return Poll::Ready(Wish::Stop);
            }
            if self.hangup.poll_recv(cx).is_ready() {
                return Poll::Ready(if self.in_terminal { Wish::Stop } else { Wish::Reload });
            }
            self.restart.poll_recv(cx).map(|_| Wish::Restart)
        })
        .await
    }
}

#[cfg(not(unix))]
pub(crate) struct Signals;

#[cfg(not(unix))]
impl Signals {
    pub(crate) fn new() -> io::Result<Self> {
        Ok(Signals)
    }

    pub(crate) async fn next(&mut self) -> Wish {
        let _ = tokio::signal::ctrl_c().await;
        Wish::Stop
    }
}
