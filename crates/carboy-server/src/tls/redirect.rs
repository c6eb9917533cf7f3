//! What plain HTTP is told: go to HTTPS.

use super::{Tls, challenges::Challenges};
use crate::{
    BindAddress, BoundAddress, Listener, RunningServer, Server, ServerConfig, ServerError, ShutdownHandle,
    config::HealthPaths,
};
use carboy_http::{
    HeaderValue, Request, Response, Service, StatusCode, header,
    host::{host_is_trusted, valid_host_name},
    redirect,
};
use std::sync::Arc;

/// A second address that speaks plain HTTP and sends every request to HTTPS with 308 (RFC 9110 section 15.4.9: the method and the body
/// stay), at the same host and with the same path and query. It also answers the `http-01` challenges of ACME.
///
/// ```no_run
/// use carboy_server::{HttpsRedirect, ServerConfig, TlsConfig};
///
/// let config = ServerConfig::new()
///     .bind("0.0.0.0:443")
///     .tls(TlsConfig::new("/etc/shop/fullchain.pem", "/etc/shop/privkey.pem"))
///     .redirect_to_https(HttpsRedirect::on("0.0.0.0:80").trusted_hosts(["shop.example"]));
/// ```
#[derive(Debug, Clone)]
pub struct HttpsRedirect {
    address: BindAddress,
    port: Option<u16>,
    trusted_hosts: Vec<String>,
}

impl HttpsRedirect {
    /// Listens on this address.
    pub fn on(address: impl Into<BindAddress>) -> Self {
        HttpsRedirect { address: address.into(), port: None, trusted_hosts: Vec::new() }
    }

    /// The port at which clients reach HTTPS. Default: the one of the first address that speaks TLS; say it where ports are forwarded.
    pub fn port(mut self, port: u16) -> Self {
        self.port = Some(port);
        self
    }

    /// Sends nobody to hosts but these; a name with a leading dot stands for the domain and all below it. Default: those that
    /// [`ServerConfig::trusted_hosts`] says, else any that is a valid host name, which is where the client came to: such an answer says
    /// that no cache may keep it.
    pub fn trusted_hosts<H: Into<String>>(mut self, hosts: impl IntoIterator<Item = H>) -> Self {
        self.trusted_hosts = hosts.into_iter().map(Into::into).collect();
        self
    }

    /// As [`trusted_hosts`](Self::trusted_hosts), if that says nothing.
    pub(crate) fn or_trusted_hosts(mut self, hosts: &[String]) -> Self {
        if self.trusted_hosts.is_empty() {
            self.trusted_hosts = hosts.to_vec();
        }
        self
    }

    pub(crate) fn address(&self) -> &BindAddress {
        &self.address
    }

    /// Starts to answer, behind the same proxies as the server itself, as watched as it, and until it stops. `addresses` are its own.
    pub(crate) fn start(
        &self,
        config: &ServerConfig,
        connections: usize,
        shutdown: &ShutdownHandle,
        listener: Listener,
        addresses: &[BoundAddress],
        tls: &Tls,
    ) -> Result<RunningServer, ServerError> {
        let first = addresses.iter().find_map(|address| match address {
            BoundAddress::Tls(address) => Some(address.port()),
            _ => None,
        });
        let service = ToHttps {
            port: self.port.or(first).unwrap_or(HTTPS),
            trusted_hosts: self.trusted_hosts.clone(),
            challenges: tls.challenges().clone(),
        };
        let mut own = config.clone().workers(1).max_connections(connections);
        // What there is once a process.
        (own.tls, own.redirect, own.metrics_on, own.life.pid_file) = (None, None, None, None);
        own.life.health = HealthPaths::default();
        Server::new(own).listeners(vec![listener]).stopped_by(shutdown.clone()).start(service)
    }
}

const HTTPS: u16 = 443;

/// How many of so many connections are for clients that are told to go to HTTPS.
pub(crate) fn share(connections: usize) -> usize {
    (connections / 8).clamp(1, 1024)
}

/// Where `http-01` looks (RFC 8555 section 8.3).
const CHALLENGE: &str = "/.well-known/acme-challenge/";

struct ToHttps {
    port: u16,
    trusted_hosts: Vec<String>,
    challenges: Arc<Challenges>,
}

impl Service for ToHttps {
    async fn call(&self, request: Request) -> Response {
        if let Some(token) = request.uri().path().strip_prefix(CHALLENGE)
            && let Some(answer) = self.challenges.http01(token)
        {
            let mut response = Response::text(answer);
            let plain = HeaderValue::from_static("application/octet-stream");
            response.headers_mut().insert(header::CONTENT_TYPE, plain);
            return response;
        }
        let bad = |why: &'static str| Response::text(why).with_status(StatusCode::BAD_REQUEST);
        let host = request.headers().get(header::HOST).and_then(|host| host.to_str().ok());
        let Some(name) = host.and_then(valid_host_name) else {
            return bad("A request for another host than one: name it in the field Host\n");
        };
        if !host_is_trusted(name, &self.trusted_hosts) {
            return bad("This host is not served here\n");
        }
        let Some(path) =
            request.uri().path_and_query().map(|path| path.as_str()).filter(|p| p.starts_with('/'))
        else {
            return bad("A request for no page\n");
        };
        let location = match self.port {
            HTTPS => format!("https://{name}{path}"),
            port => format!("https://{name}:{port}{path}"),
        };
        let mut response = redirect(&location, StatusCode::PERMANENT_REDIRECT)
            .unwrap_or_else(|_| bad("A request for no page\n"));
        if self.trusted_hosts.is_empty() {
            // A host that anybody may have made up is repeated to the one who named it, and to nobody else.
            response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        }
        response
    }
}
