//! The HTTP server of carboy: runs any [`carboy_http::Service`] and knows no application.
//!
//! HTTP/1.1 by a connection of our own, strict about framing, and HTTP/2 by hyper's, over TCP and Unix sockets, under an accept loop,
//! deadlines and a head gate of our own. One thread per worker, each with a runtime of its own; one
//! listening socket, whose connections go to the worker that holds the fewest.
//!
//! ```no_run
//! use carboy_http::{Request, Response, Service};
//! use carboy_server::{Server, ServerConfig};
//!
//! struct Hello;
//!
//! impl Service for Hello {
//!     async fn call(&self, _request: Request) -> Response {
//!         Response::new("Hello, World!")
//!     }
//! }
//!
//! fn main() -> Result<(), carboy_server::ServerError> {
//!     Server::new(ServerConfig::new().bind("127.0.0.1:5000"))
//!         .on_listen(|addresses| println!("Running on {}", addresses[0].url()))
//!         .serve(Hello)
//! }
//! ```
//!
//! The way of a request: [`accept`](ServerConfig::bind) → protocol sniff → the head is read, by an HTTP/1 connection of our own or by
//! hyper's HTTP/2 → head gate → [`Service::call`](carboy_http::Service::call) → the response is written. Each wait on the way has a
//! deadline; see [`ServerConfig`] for all of them.
//!
//! A request of HTTP/1 that asks for another protocol carries an [`Upgrade`](carboy_http::Upgrade) among its extensions: a service that
//! answers it with 101 gets the connection as a stream of bytes from there. It counts as a connection until it closes, and a drain gives
//! it the time that it gives requests.

#![forbid(unsafe_code)]

mod accept;
mod access_log;
mod address;
mod alarm;
mod caught;
mod config;
mod connection;
mod date;
mod error;
#[cfg(fuzzing)]
#[doc(hidden)]
pub mod fuzzing;
mod gate;
mod headers;
mod health;
mod heartbeat;
mod http1;
mod http2;
mod inherited;
mod listener;
mod load;
mod log_sink;
mod metrics;
#[cfg(unix)]
mod notify;
mod observers;
mod opening;
mod pid_file;
mod process;
mod proxy_protocol;
mod record;
mod refusal;
mod request_body;
mod request_id;
#[cfg(unix)]
mod restart;
mod server;
mod shutdown;
mod signals;
mod supervisor;
#[cfg(feature = "tls")]
mod tls;
mod transport;
mod worker;

pub use address::{BindAddress, BoundAddress};
pub use config::{AccessLog, RequestIds, ServerConfig};
pub use error::{ServerError, ServerErrorKind};
pub use inherited::Inherited;
pub use listener::Listener;
pub use log_sink::LogSink;
pub use metrics::Metrics;
pub use server::{RunningServer, Server};
pub use shutdown::ShutdownHandle;
#[cfg(feature = "acme")]
pub use tls::AcmeConfig;
#[cfg(feature = "tls")]
pub use tls::{ClientCertificates, HttpsRedirect, TlsConfig};
