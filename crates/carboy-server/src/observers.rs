//! What runs beside a server for those who watch it: the page of its figures, and the thread that writes its access log.

use crate::{
    BoundAddress, Listener, LogSink, RunningServer, Server, ServerConfig, ServerError, metrics::MetricsPage,
};
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
    /// Starts what a configuration asks for; `listener` is for the page of the figures.
    pub(crate) fn start(config: &ServerConfig, listener: Option<Listener>) -> Result<Self, ServerError> {
        let log = config.access_log_to.clone();
        if let (Some(metrics), Some(log)) = (&config.metrics, log.clone()) {
            metrics.counter(
                "carboy_access_log_lines_dropped_total",
                "Lines of the access log that were lost.",
                move || log.dropped(),
            );
        }
        let page = match (listener, &config.metrics) {
            (Some(listener), Some(metrics)) => {
                let own = ServerConfig::new().workers(1).max_connections(64);
                Some(Server::new(own).listeners(vec![listener]).start(MetricsPage(metrics.clone()))?)
            }
            _ => None,
        };
        Ok(Observers { page, log })
    }

    /// Where the figures are shown.
    pub(crate) fn metrics_address(&self) -> Option<&BoundAddress> {
        self.page.as_ref()?.addresses().first()
    }

    /// Opens the file of the access log anew: a tool has moved it away.
    pub(crate) fn reload(&self) {
        if let Some(log) = &self.log {
            log.reopen();
        }
    }
}

impl Drop for Observers {
    fn drop(&mut self) {
        if let Some(log) = &self.log {
            log.flush(LAST_LINES);
        }
    }
}
