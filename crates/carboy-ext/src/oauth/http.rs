//! Requests to providers: encrypted, bounded in size and time, and never redirected.

use super::error::OAuthErrorKind;
use carboy::{Method, StatusCode};
use http_body_util::{BodyExt, Full, Limited};
use hyper::{Request, Uri, body::Bytes, header};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::{TokioExecutor, TokioTimer},
};
use serde_json::{Map, Value};
use std::{
    net::IpAddr,
    sync::{Arc, OnceLock},
    time::Duration,
};

/// The largest body of an answer.
pub(super) const MAX_BODY: usize = 1024 * 1024;
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
const IDLE: Duration = Duration::from_secs(30);

type Sender = Client<HttpsConnector<HttpConnector>, Full<Bytes>>;

/// The connections to one provider.
#[derive(Debug, Clone)]
pub(super) struct Http {
    sender: Arc<OnceLock<Sender>>,
    timeout: Duration,
    /// The provider runs on this machine, so plain HTTP to this machine is no loss.
    local: bool,
}

/// A request that is not sent yet.
#[derive(Debug, Default)]
pub(super) struct Ask<'a> {
    /// Fields of a form, which make it a POST.
    pub(super) form: Option<Vec<(&'a str, String)>>,
    pub(super) authorization: Option<String>,
}

/// An answer.
pub(super) struct Answer {
    pub(super) status: StatusCode,
    body: Bytes,
}

impl Http {
    pub(super) fn new(timeout: Duration, local: bool) -> Self {
        Http { sender: Arc::default(), timeout, local }
    }

    /// The address that a request may go to.
    fn address(&self, url: &str) -> Result<Uri, OAuthErrorKind> {
        match url.parse::<Uri>() {
            Ok(uri) if uri.scheme_str() == Some("https") || (self.local && is_local(url)) => Ok(uri),
            _ => Err(OAuthErrorKind::Unavailable(format!("'{}' is no https URL", shown(url)))),
        }
    }

    /// Sends a request and reads its whole answer.
    pub(super) async fn send(&self, url: &str, ask: Ask<'_>) -> Result<Answer, OAuthErrorKind> {
        let mut request = Request::builder()
            .uri(self.address(url)?)
            .header(header::ACCEPT, "application/json")
            // Some providers refuse requests that do not say who sends them.
            .header(header::USER_AGENT, concat!("carboy/", env!("CARGO_PKG_VERSION")));
        if let Some(authorization) = ask.authorization {
            let mut value = header::HeaderValue::from_str(&authorization).map_err(|_| {
                OAuthErrorKind::Config("the credentials cannot be sent in a header field".to_owned())
            })?;
            value.set_sensitive(true);
            request = request.header(header::AUTHORIZATION, value);
        }
        let body = match ask.form {
            Some(fields) => {
                request = request
                    .method(Method::POST)
                    .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
                Bytes::from(form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish())
            }
            None => Bytes::new(),
        };
        let request = request
            .body(Full::new(body))
            .map_err(|error| OAuthErrorKind::Unavailable(format!("the request cannot be made: {error}")))?;
        let sender = self.sender()?.clone();
        let exchange = async move {
            let response = sender.request(request).await.map_err(unreachable)?;
            let status = response.status();
            let body = Limited::new(response.into_body(), MAX_BODY).collect().await.map_err(|error| {
                OAuthErrorKind::Unavailable(match error.downcast_ref::<http_body_util::LengthLimitError>() {
                    Some(_) => format!("its answer is longer than {MAX_BODY} bytes"),
                    None => format!("its answer breaks off: {error}"),
                })
            })?;
            Ok(Answer { status, body: body.to_bytes() })
        };
        // In a task of the background runtime, which the connection belongs to, whoever asks.
        match carboy::spawn(tokio::time::timeout(self.timeout, exchange)).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(_)) => Err(OAuthErrorKind::Timeout),
            Err(error) => Err(OAuthErrorKind::Unavailable(error.to_string())),
        }
    }

    fn sender(&self) -> Result<&Sender, OAuthErrorKind> {
        if let Some(sender) = self.sender.get() {
            return Ok(sender);
        }
        // Named, because a program may link several libraries for cryptography.
        let provider = rustls::crypto::aws_lc_rs::default_provider();
        let tls = HttpsConnectorBuilder::new()
            .with_provider_and_platform_verifier(provider)
            .map_err(|error| OAuthErrorKind::Config(format!("TLS cannot be set up: {error}")))?;
        let connector = if self.local { tls.https_or_http() } else { tls.https_only() };
        let connector = connector.enable_http1().wrap_connector(plain());
        let sender = Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(IDLE)
            .pool_max_idle_per_host(8)
            .http1_max_buf_size(64 * 1024)
            .build(connector);
        Ok(self.sender.get_or_init(|| sender))
    }
}

fn plain() -> HttpConnector {
    let mut connector = HttpConnector::new();
    connector.enforce_http(false);
    connector.set_nodelay(true);
    connector.set_connect_timeout(Some(CONNECT_TIMEOUT));
    connector
}

fn unreachable(error: hyper_util::client::legacy::Error) -> OAuthErrorKind {
    let mut text = error.to_string();
    let mut source = std::error::Error::source(&error);
    while let Some(inner) = source {
        text = format!("{text}: {inner}");
        source = inner.source();
    }
    OAuthErrorKind::Unavailable(text)
}

impl Answer {
    /// The body of a success as a JSON object.
    pub(super) fn object(&self) -> Result<Map<String, Value>, OAuthErrorKind> {
        match self.status {
            StatusCode::OK => self.json(),
            status => Err(self
                .refusal()
                .unwrap_or_else(|| OAuthErrorKind::Unavailable(format!("it answers {status}")))),
        }
    }

    pub(super) fn json<T: serde::de::DeserializeOwned>(&self) -> Result<T, OAuthErrorKind> {
        serde_json::from_slice(&self.body).map_err(|_| {
            OAuthErrorKind::Unavailable("its answer is not the JSON that was asked for".to_owned())
        })
    }

    /// The error that the body tells, if it does (RFC 6749 section 5.2).
    pub(super) fn refusal(&self) -> Option<OAuthErrorKind> {
        let body: Map<String, Value> = serde_json::from_slice(&self.body).ok()?;
        let text = |name| body.get(name).and_then(Value::as_str).unwrap_or_default();
        refused(text("error"), text("error_description"))
    }
}

/// The error of a provider, with what RFC 6749 lets stand in it and no more.
pub(super) fn refused(error: &str, description: &str) -> Option<OAuthErrorKind> {
    let clean = |text: &str, longest: usize| -> String {
        text.chars().filter(|c| matches!(c, ' '..='~') && !matches!(c, '"' | '\\')).take(longest).collect()
    };
    let error = clean(error, 64);
    (!error.is_empty()).then(|| OAuthErrorKind::Refused { error, description: clean(description, 300) })
}

/// Whether a URL is one of plain HTTP to this machine.
pub(super) fn is_local(url: &str) -> bool {
    let Ok(uri) = url.parse::<Uri>() else { return false };
    let host = uri.host().unwrap_or_default();
    let address = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    uri.scheme_str() == Some("http")
        && (host == "localhost" || address.is_ok_and(|address| address.is_loopback()))
}

/// A URL for a message: without what may be secret in it.
pub(super) fn shown(url: &str) -> &str {
    url.split(['?', '#']).next().unwrap_or_default()
}
