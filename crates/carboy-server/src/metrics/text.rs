//! Prometheus' text format, version 0.0.4.

use super::series::{BUCKETS, Series};
use std::{fmt::Write, sync::Arc};

pub(super) const REQUESTS: &str = "http_requests_total";
pub(super) const DURATION: &str = "http_request_duration_seconds";
pub(super) const IN_FLIGHT: &str = "http_requests_in_flight";
pub(super) const BYTES: &str = "http_response_body_bytes_total";
pub(super) const CONNECTIONS: &str = "carboy_connections";
pub(super) const ACCEPTED: &str = "carboy_connections_total";
pub(super) const PANICS: &str = "carboy_panics_total";

/// The names that are taken.
pub(super) const NAMES: [&str; 7] = [REQUESTS, DURATION, IN_FLIGHT, BYTES, CONNECTIONS, ACCEPTED, PANICS];

/// A route and a method, with their figures.
type Row<'a> = (&'a Box<str>, &'a str, &'a Arc<Series>);

/// Figures as text. (Writing into a string cannot fail.)
#[derive(Default)]
pub(super) struct Text(pub(super) String);

impl Text {
    fn head(&mut self, name: &str, help: &str, kind: &str) {
        let help = help.replace('\\', "\\\\").replace('\n', "\\n");
        _ = write!(self.0, "# HELP {name} {help}\n# TYPE {name} {kind}\n");
    }

    pub(super) fn figure(&mut self, name: &str, help: &str, kind: &str, value: f64) {
        self.head(name, help, kind);
        _ = writeln!(self.0, "{name} {value}");
    }

    pub(super) fn gauge(&mut self, name: &str, help: &str, value: f64) {
        self.figure(name, help, "gauge", value);
    }

    pub(super) fn counter(&mut self, name: &str, help: &str, value: f64) {
        self.figure(name, help, "counter", value);
    }

    pub(super) fn connections(&mut self, states: &[(&str, i64)]) {
        self.head(
            CONNECTIONS,
            "Open connections: before the first byte, answering a request, without one; and those of HTTP/2.",
            "gauge",
        );
        for (state, count) in states {
            _ = writeln!(self.0, "{CONNECTIONS}{{state=\"{state}\"}} {count}");
        }
    }

    pub(super) fn requests(&mut self, rows: &[Row<'_>]) {
        self.head(
            REQUESTS,
            "Requests that were answered, by method, pattern of the route, and class of status.",
            "counter",
        );
        for (route, method, series) in rows {
            let route = label(route);
            for (class, count) in series.classes() {
                _ = writeln!(
                    self.0,
                    "{REQUESTS}{{method=\"{method}\",route=\"{route}\",status=\"{class}xx\"}} {count}"
                );
            }
        }
    }

    pub(super) fn durations(&mut self, rows: &[Row<'_>]) {
        self.head(DURATION, "Time from a request's head to the end of its answer, in seconds.", "histogram");
        for (route, method, series) in rows {
            let labels = format!("method=\"{method}\",route=\"{}\"", label(route));
            let counts = series.cumulative();
            let count = counts[BUCKETS.len()];
            for ((bound, _), count) in BUCKETS.iter().zip(counts) {
                _ = writeln!(self.0, "{DURATION}_bucket{{{labels},le=\"{bound}\"}} {count}");
            }
            _ = writeln!(self.0, "{DURATION}_bucket{{{labels},le=\"+Inf\"}} {count}");
            _ = writeln!(self.0, "{DURATION}_sum{{{labels}}} {}", series.seconds());
            _ = writeln!(self.0, "{DURATION}_count{{{labels}}} {count}");
        }
    }
}

fn label(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}
