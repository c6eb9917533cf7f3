//! What runs beside a server for those who watch it: the page of its figures, and the thread that writes its access log.

use crate::{BoundAddress, LogSink, RunningServer, Server, ServerConfig, ServerError, metrics::MetricsPage};
use std::time::Duration;

/// How long lines of the access log that are not written yet are waited for at the end.
const LAST_LINES: Duration = Duration::from_secs(1);

/// They end when this is dropped.
#[derive(Debug)]
pub(crate) struct Observers {
    page: Option<RunningServer>,
    log: Option<LogSink>,
}

impl Observers {
    /// Starts what a configuration asks for.
    pub(crate) fn start(config: &ServerConfig) -> Result<Self, ServerError> {
        let log = config.access_log_to.clone();
        if let (Some(metrics), Some(log)) = (&config.metrics, &log)
            && !metrics.has(LOST)
        {
            let log = log.clone();
            metrics.counter(LOST, "Lines of the access log that were lost.", move || log.dropped());
        }
        let page = match (&config.metrics_on, &config.metrics) {
            (Some(address), Some(metrics)) => {
                let own = ServerConfig::new().bind(address.clone()).workers(1).max_connections(64);
                Some(Server::new(own).start(MetricsPage(metrics.clone()))?)
            }
            _ => None,
        };
        Ok(Observers { page, log })
    }

    /// Where the figures are shown.
    pub(crate) fn metrics_address(&self) -> Option<&BoundAddress> {
        self.page.as_ref()?.addresses().first()
    }

    /// Opens the file of the access log anew at each SIGHUP: a tool has moved it away. Does not end.
    #[cfg(unix)]
    pub(crate) async fn obey_hangups(&self) {
        use tokio::signal::unix::{SignalKind, signal};
        if let Some(log) = &self.log
            && let Ok(mut hangups) = signal(SignalKind::hangup())
        {
            while hangups.recv().await.is_some() {
                log.reopen();
            }
        }
        std::future::pending().await
    }

    #[cfg(not(unix))]
    pub(crate) async fn obey_hangups(&self) {
        std::future::pending().await
    }
}

const LOST: &str = "carboy_log_lines_dropped_total";

impl Drop for Observers {
    fn drop(&mut self) {
        if let Some(log) = &self.log {
            log.flush(LAST_LINES);
        }
    }
}
