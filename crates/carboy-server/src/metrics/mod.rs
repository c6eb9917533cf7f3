//! Figures for Prometheus: counted while requests are answered, written when somebody asks.

mod page;
mod series;
mod text;

pub(crate) use page::MetricsPage;

use crate::caught;
use http::{Method, Version};
use series::{OTHER, Series, method_label};
use std::{
    collections::HashMap,
    fmt,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError, RwLock,
        atomic::{AtomicI64, AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};
use text::Text;

/// How many routes are told apart; what comes after them is counted as one.
const MAX_ROUTES: usize = 1000;

/// The figures by route, then by method.
type Routes = HashMap<Box<str>, HashMap<&'static str, Arc<Series>>>;

/// What a server has done, in figures: requests by method, route and status, how long they took, connections, bytes, panics. Clones are the same
/// figures.
///
/// Requests are counted by the pattern of their route, as the application [notes](carboy_http::MatchedRoute) it, never by their path: a client cannot
/// make up figures without number. A request that no route took has the route `""`.
///
/// ```
/// use carboy_server::Metrics;
/// let metrics = Metrics::new();
/// metrics.gauge("shop_carts", "Carts that are open.", || 3.0);
/// assert!(metrics.render().contains("# TYPE shop_carts gauge\nshop_carts 3\n"));
/// ```
#[derive(Clone, Default)]
pub struct Metrics(Arc<Figures>);

#[derive(Default)]
struct Figures {
    routes: RwLock<Routes>,
    in_flight: Protocols,
    connections: Protocols,
    /// Connections whose first bytes have not come yet.
    opening: AtomicI64,
    accepted: AtomicU64,
    bytes: AtomicU64,
    own: Mutex<Vec<Own>>,
}

/// How many there are of something, by protocol.
#[derive(Default)]
struct Protocols {
    http1: AtomicI64,
    http2: AtomicI64,
}

impl Protocols {
    fn of(&self, version: Version) -> &AtomicI64 {
        if version == Version::HTTP_2 { &self.http2 } else { &self.http1 }
    }
}

/// A figure that somebody else knows.
struct Own {
    name: String,
    help: String,
    kind: &'static str,
    value: Box<dyn Fn() -> f64 + Send + Sync>,
}

impl Metrics {
    /// Figures that are all zero.
    pub fn new() -> Self {
        Metrics::default()
    }

    /// Adds a figure that rises and falls; it is asked for when figures are written. One that was added under the same name gives way.
    ///
    /// # Panics
    /// When the name is none for Prometheus (`[a-zA-Z_:][a-zA-Z0-9_:]*`) or one of the server's own.
    pub fn gauge(&self, name: &str, help: &str, value: impl Fn() -> f64 + Send + Sync + 'static) {
        self.add(name, help, "gauge", Box::new(value));
    }

    /// Adds a figure that only rises; by convention its name ends in `_total`.
    ///
    /// # Panics
    /// As [`gauge`](Self::gauge).
    pub fn counter(&self, name: &str, help: &str, value: impl Fn() -> u64 + Send + Sync + 'static) {
        self.add(name, help, "counter", Box::new(move || value() as f64));
    }

    fn add(&self, name: &str, help: &str, kind: &'static str, value: Box<dyn Fn() -> f64 + Send + Sync>) {
        let letter = |b: u8| b.is_ascii_alphabetic() || matches!(b, b'_' | b':');
        let valid =
            name.bytes().next().is_some_and(letter) && name.bytes().all(|b| letter(b) || b.is_ascii_digit());
        assert!(valid, "'{name}' is no name for a figure of Prometheus");
        assert!(!text::NAMES.contains(&name), "there is a figure of the name '{name}' already");
        let mut own = lock(&self.0.own);
        own.retain(|former| former.name != name);
        own.push(Own { name: name.to_owned(), help: help.to_owned(), kind, value });
    }

    /// A request begins.
    pub(crate) fn begin(&self, method: &Method, version: Version) -> InFlight {
        self.0.in_flight.of(version).fetch_add(1, Relaxed);
        InFlight { metrics: self.clone(), method: method_label(method), version }
    }

    /// A connection begins; it is counted until the result is dropped.
    pub(crate) fn connected(&self) -> Connected {
        self.0.accepted.fetch_add(1, Relaxed);
        self.0.opening.fetch_add(1, Relaxed);
        Connected { metrics: self.clone(), version: None }
    }

    /// The figures of a method and a route.
    fn series(&self, method: &'static str, route: &str) -> Arc<Series> {
        let read = self.0.routes.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(series) = read.get(route).and_then(|methods| methods.get(method)) {
            return series.clone();
        }
        let route = if read.len() < MAX_ROUTES || read.contains_key(route) { route } else { OTHER };
        drop(read);
        let mut write = self.0.routes.write().unwrap_or_else(PoisonError::into_inner);
        write.entry(route.into()).or_default().entry(method).or_default().clone()
    }

    /// The figures in Prometheus' text format, version 0.0.4.
    pub fn render(&self) -> String {
        let figures = &*self.0;
        let mut text = Text::default();
        {
            let routes = figures.routes.read().unwrap_or_else(PoisonError::into_inner);
            let mut rows: Vec<(&Box<str>, &str, &Arc<Series>)> = Vec::new();
            for (route, methods) in routes.iter() {
                rows.extend(methods.iter().map(|(method, series)| (route, *method, series)));
            }
            rows.sort_by_key(|(route, method, _)| (*route, *method));
            text.requests(&rows);
            text.durations(&rows);
        }
        let (in_flight, connections) = (&figures.in_flight, &figures.connections);
        let active = in_flight.http1.load(Relaxed);
        let all = active + in_flight.http2.load(Relaxed);
        text.gauge(text::IN_FLIGHT, "Requests that are being answered.", all as f64);
        let bytes = figures.bytes.load(Relaxed);
        text.counter(text::BYTES, "Bytes of bodies that were handed to connections.", bytes as f64);
        text.connections(&[
            ("opening", figures.opening.load(Relaxed)),
            // A connection of HTTP/1 answers one request at a time.
            ("active", active),
            ("idle", (connections.http1.load(Relaxed) - active).max(0)),
            ("http2", connections.http2.load(Relaxed)),
        ]);
        let accepted = figures.accepted.load(Relaxed);
        text.counter(text::ACCEPTED, "Connections that were accepted.", accepted as f64);
        text.counter(text::PANICS, "Panics that reached a server of this process.", caught::panics() as f64);
        for own in lock(&figures.own).iter() {
            text.figure(&own.name, &own.help, own.kind, (own.value)());
        }
        text.0
    }
}

impl fmt::Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Metrics").finish_non_exhaustive()
    }
}

/// A request that is being answered.
#[derive(Debug)]
pub(crate) struct InFlight {
    metrics: Metrics,
    method: &'static str,
    version: Version,
}

impl InFlight {
    pub(crate) fn end(self, route: Option<&str>, status: u16, duration: Duration, bytes: u64) {
        self.metrics.0.bytes.fetch_add(bytes, Relaxed);
        self.metrics.series(self.method, route.unwrap_or_default()).note(status, duration);
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        self.metrics.0.in_flight.of(self.version).fetch_sub(1, Relaxed);
    }
}

/// A connection that is open.
#[derive(Debug)]
pub(crate) struct Connected {
    metrics: Metrics,
    version: Option<Version>,
}

impl Connected {
    /// It is known which protocol it speaks.
    pub(crate) fn speaks(&mut self, version: Version) {
        self.metrics.0.opening.fetch_sub(1, Relaxed);
        self.metrics.0.connections.of(version).fetch_add(1, Relaxed);
        self.version = Some(version);
    }
}

impl Drop for Connected {
    fn drop(&mut self) {
        let figures = &self.metrics.0;
        let count = self.version.map_or(&figures.opening, |version| figures.connections.of(version));
        count.fetch_sub(1, Relaxed);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // A panic while the lock was held left nothing half done.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn routes_without_number_are_counted_as_one() {
        let metrics = Metrics::new();
        for i in 0..MAX_ROUTES + 50 {
            metrics.begin(&Method::GET, Version::HTTP_11).end(
                Some(&format!("/{i}")),
                200,
                Duration::from_millis(3),
                1,
            );
        }
        let text = metrics.render();
        assert!(
            text.contains("http_requests_total{method=\"GET\",route=\"other\",status=\"2xx\"} 50\n"),
            "{text}"
        );
        assert!(text.contains("http_requests_in_flight 0\n"));
    }

    #[test]
    fn a_method_that_a_client_made_up_and_a_route_with_quotes_stay_one_label_each() {
        let metrics = Metrics::new();
        let method = Method::from_bytes(b"PROPFIND-x").unwrap();
        metrics.begin(&method, Version::HTTP_11).end(Some("/a\"b\\c\nd"), 404, Duration::from_millis(3), 0);
        let line = r#"http_requests_total{method="other",route="/a\"b\\c\nd",status="4xx"} 1"#;
        assert!(metrics.render().lines().any(|l| l == line), "{}", metrics.render());
    }

    #[test]
    #[should_panic(expected = "there is a figure of the name 'http_requests_total' already")]
    fn a_name_that_is_taken_is_a_mistake() {
        Metrics::new().counter("http_requests_total", "", || 0);
    }
}
