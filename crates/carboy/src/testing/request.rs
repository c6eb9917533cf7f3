//! A request of a test, from its parts to its response.

use super::{
    TestClient, multipart,
    multipart::Part,
    response::{StreamingResponse, TestResponse},
};
use crate::{dispatch::Propagated, json, runtime};
use base64::Engine as _;
use carboy_http::{
    Body, ConnectionInfo, HeaderMap, HeaderName, HeaderValue, Method, Request, Response, Service, header,
};
use std::{
    future::{Future, IntoFuture},
    net::SocketAddr,
    pin::Pin,
};

/// A request that is being put together; [`send`](Self::send) it, or `.await` it in an async test.
#[must_use = "a request does nothing until it is sent: call `.send()` or `.await` it"]
pub struct RequestBuilder {
    client: TestClient,
    method: Method,
    target: String,
    base: Option<String>,
    query: Vec<(String, String)>,
    headers: HeaderMap,
    body: RequestBody,
    remote_addr: Option<SocketAddr>,
    secure: bool,
    follow_redirects: bool,
}

enum RequestBody {
    None,
    Bytes { content_type: Option<String>, bytes: Vec<u8> },
    Form(Vec<Part>),
    Stream(Body),
}

impl RequestBuilder {
    pub(super) fn new(client: TestClient, method: Method, target: &str) -> Self {
        let mut headers = HeaderMap::new();
        headers.insert(header::USER_AGENT, super::user_agent());
        RequestBuilder {
            client,
            method,
            target: target.to_owned(),
            base: None,
            query: Vec::new(),
            headers,
            body: RequestBody::None,
            remote_addr: Some(super::REMOTE_ADDR),
            secure: false,
            follow_redirects: false,
        }
    }

    /// Sets a header field.
    ///
    /// # Panics
    /// When name or value are not allowed in HTTP.
    #[track_caller]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        let name: HeaderName = name.parse().unwrap_or_else(|e| panic!("'{name}' is no header name: {e}"));
        let value = HeaderValue::from_bytes(value.as_bytes()).unwrap_or_else(|e| panic!("{name}: {e}"));
        self.headers.insert(name, value);
        self
    }

    /// Adds arguments to the query string.
    pub fn query<K: Into<String>, V: ToString>(mut self, args: impl IntoIterator<Item = (K, V)>) -> Self {
        self.query.extend(args.into_iter().map(|(k, v)| (k.into(), v.to_string())));
        self
    }

    /// Sends form fields: urlencoded, or multipart when there is a [file](Self::file).
    pub fn form<K: Into<String>, V: ToString>(mut self, fields: impl IntoIterator<Item = (K, V)>) -> Self {
        let parts = fields
            .into_iter()
            .map(|(name, value)| Part::Field { name: name.into(), value: value.to_string() });
        let parts: Vec<_> = parts.collect();
        self.parts().extend(parts);
        self
    }

    /// Sends a file in a form.
    pub fn file(
        mut self,
        name: &str,
        filename: &str,
        content_type: &str,
        content: impl Into<Vec<u8>>,
    ) -> Self {
        self.parts().push(Part::File {
            name: name.to_owned(),
            filename: filename.to_owned(),
            content_type: content_type.to_owned(),
            content: content.into(),
        });
        self
    }

    fn parts(&mut self) -> &mut Vec<Part> {
        if !matches!(self.body, RequestBody::Form(_)) {
            self.body = RequestBody::Form(Vec::new());
        }
        match &mut self.body {
            RequestBody::Form(parts) => parts,
            _ => unreachable!("set just above"),
        }
    }

    /// Sends a value as JSON, written as the app writes JSON.
    ///
    /// # Panics
    /// When the value cannot be written as JSON.
    #[track_caller]
    pub fn json<T: serde::Serialize>(mut self, value: &T) -> Self {
        let bytes =
            json::to_vec(value, &json::JsonStyle::default()).unwrap_or_else(|e| panic!("no JSON: {e}"));
        self.body = RequestBody::Bytes { content_type: Some("application/json".to_owned()), bytes };
        self
    }

    /// Sends bytes, without a content type unless one is [set](Self::content_type).
    pub fn data(mut self, bytes: impl Into<Vec<u8>>) -> Self {
        self.body = RequestBody::Bytes { content_type: None, bytes: bytes.into() };
        self
    }

    /// Sends a body as it comes, without a length.
    pub fn stream(mut self, body: Body) -> Self {
        self.body = RequestBody::Stream(body);
        self
    }

    /// Sets the content type.
    #[track_caller]
    pub fn content_type(self, content_type: &str) -> Self {
        self.header("content-type", content_type)
    }

    /// Authenticates with a name and a password (RFC 7617).
    #[track_caller]
    pub fn basic_auth(self, username: &str, password: &str) -> Self {
        let pair = base64::engine::general_purpose::STANDARD.encode(format!("{username}:{password}"));
        self.header("authorization", &format!("Basic {pair}"))
    }

    /// Authenticates with a token (RFC 6750).
    #[track_caller]
    pub fn bearer(self, token: &str) -> Self {
        self.header("authorization", &format!("Bearer {token}"))
    }

    /// Sends to another scheme and host, `https://shop.example`; a path of its own is where the app is mounted.
    pub fn base_url(mut self, base: &str) -> Self {
        self.base = Some(base.trim_end_matches('/').to_owned());
        self
    }

    /// Comes over an encrypted connection.
    pub fn secure(mut self) -> Self {
        self.secure = true;
        self
    }

    /// Comes from this address.
    pub fn remote_addr(mut self, address: SocketAddr) -> Self {
        self.remote_addr = Some(address);
        self
    }

    /// Follows redirects: 307 and 308 with method and body, the others with GET (HEAD stays HEAD).
    pub fn follow_redirects(mut self) -> Self {
        self.follow_redirects = true;
        self
    }

    /// Sends the request and waits for the whole response.
    ///
    /// # Panics
    /// When an error got through that nobody handled, or a view panicked; inside an async function, where `.await` is meant.
    #[track_caller]
    pub fn send(self) -> TestResponse {
        // The panic is raised here, not inside the future, so that it names the line of the test.
        match runtime::block_on(self.run()) {
            Ok(response) => response,
            Err(error) => panic!("{error}"),
        }
    }

    /// Sends the request and returns as soon as the head of the response is there; the body is read piece by piece.
    #[track_caller]
    pub fn send_streaming(self) -> StreamingResponse {
        match runtime::block_on(self.run_once()) {
            Ok((response, _)) => StreamingResponse::new(response),
            Err(error) => panic!("{error}"),
        }
    }

    async fn run(self) -> Result<TestResponse, String> {
        let follow = self.follow_redirects;
        let client = self.client.clone();
        let (response, mut sent) = self.run_once().await?;
        let mut response = TestResponse::read(response).await;
        let mut history = Vec::new();
        while follow && let Some(next) = sent.redirected(&response)? {
            if history.len() >= 20 {
                return Err("Loop detected: the redirects do not end".to_owned());
            }
            let again = RequestBuilder { client: client.clone(), ..next };
            let (answer, now) = again.run_once().await?;
            history.push(std::mem::replace(&mut response, TestResponse::read(answer).await));
            sent = now;
        }
        response.set_history(history);
        Ok(response)
    }

    async fn run_once(self) -> Result<(Response, Sent), String> {
        self.run_with(|_| {}).await
    }

    /// Whether errors that nobody handles are raised in the test.
    #[cfg(feature = "websocket")]
    pub(super) fn propagates(&self) -> bool {
        self.client.propagate
    }

    /// Sends the request with what is put on it.
    pub(super) async fn run_with(self, put: impl FnOnce(&mut Request)) -> Result<(Response, Sent), String> {
        let client = self.client.clone();
        let (mut request, sent) = self.build()?;
        put(&mut request);
        let method = request.method().clone();
        let mut response = client.app.call(request).await;
        response.finalize(&method);
        client.keep_cookies(&sent.host, &sent.path, response.headers());
        match response.extensions().get::<Propagated>() {
            Some(Propagated(error)) if client.propagate => {
                Err(format!("{} {} failed: {error} ({})", sent.method, sent.path, error.location()))
            }
            _ => Ok((response, sent)),
        }
    }

    fn build(self) -> Result<(Request, Sent), String> {
        let state = self.client.app.state();
        let (scheme, host, root) = super::base_url(state);
        let base = self.base.as_deref().map(|base| super::split(base, &scheme, &host));
        let (scheme, host) =
            base.map_or((scheme.as_str(), host.as_str()), |(scheme, host, _)| (scheme, host));
        let root = base.map_or(root.clone(), |(_, _, path)| path.trim_end_matches('/').to_owned());
        let (scheme, host, path) = super::split(&self.target, scheme, host);
        let mut path = path.to_owned();
        if !self.query.is_empty() {
            let query: Vec<String> =
                self.query.iter().map(|(k, v)| format!("{}={}", encode(k), encode(v))).collect();
            path.push(if path.contains('?') { '&' } else { '?' });
            path.push_str(&query.join("&"));
        }
        let mut headers = self.headers;
        let full_path = format!("{root}{path}");
        if let Some(cookies) = self.client.cookie_header(host, &full_path) {
            // Cookies that the test sets by hand come first.
            let all = match headers.get(header::COOKIE) {
                Some(own) => format!("{}; {cookies}", String::from_utf8_lossy(own.as_bytes())),
                None => cookies,
            };
            headers
                .insert(header::COOKIE, HeaderValue::from_bytes(all.as_bytes()).map_err(|e| e.to_string())?);
        }
        headers.insert(header::HOST, HeaderValue::from_bytes(host.as_bytes()).map_err(|e| e.to_string())?);
        let (content_type, body, resend) = match self.body {
            RequestBody::None => (None, Body::empty(), None),
            RequestBody::Bytes { content_type, bytes } => (content_type, bytes.clone().into(), Some(bytes)),
            RequestBody::Stream(body) => (None, body, None),
            RequestBody::Form(parts) => {
                let (content_type, bytes) = form_body(&parts);
                (Some(content_type), bytes.clone().into(), Some(bytes))
            }
        };
        if let Some(content_type) = content_type
            && !headers.contains_key(header::CONTENT_TYPE)
        {
            headers.insert(
                header::CONTENT_TYPE,
                content_type.parse().map_err(|_| "no content type".to_owned())?,
            );
        }
        if let Some(bytes) = &resend
            && !headers.contains_key(header::CONTENT_LENGTH)
        {
            headers.insert(header::CONTENT_LENGTH, bytes.len().into());
        }
        let mut builder = http::Request::builder().method(self.method.clone()).uri(escape_path(&path));
        *builder.headers_mut().ok_or_else(|| format!("'{}' is no path", self.target))? = headers.clone();
        let (parts, ()) =
            builder.body(()).map_err(|e| format!("'{}' is no path: {e}", self.target))?.into_parts();
        let secure = self.secure || scheme == "https";
        let connection = ConnectionInfo {
            remote_addr: self.remote_addr,
            local_addr: None,
            is_secure: secure,
            ..ConnectionInfo::default()
        };
        let mut request = Request::new(parts, connection, body);
        request.set_script_root(&root);
        headers.remove(header::COOKIE);
        let sent = Sent {
            client: self.client.clone(),
            method: self.method,
            scheme: if secure { "https".to_owned() } else { scheme.to_owned() },
            host: host.to_owned(),
            path: full_path,
            root,
            headers,
            body: resend,
        };
        Ok((request, sent))
    }
}

/// `.await`s the whole response.
///
/// # Panics
/// As [`RequestBuilder::send`], but for the async function.
impl IntoFuture for RequestBuilder {
    type Output = TestResponse;
    type IntoFuture = Pin<Box<dyn Future<Output = TestResponse> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move {
            match self.run().await {
                Ok(response) => response,
                Err(error) => panic!("{error}"),
            }
        })
    }
}

/// What was sent: what a redirect starts from.
pub(super) struct Sent {
    client: TestClient,
    method: Method,
    scheme: String,
    host: String,
    path: String,
    root: String,
    headers: HeaderMap,
    body: Option<Vec<u8>>,
}

impl Sent {
    /// The request that a redirect asks for, if the response is one.
    fn redirected(&self, response: &TestResponse) -> Result<Option<RequestBuilder>, String> {
        let status = response.status().as_u16();
        let (301 | 302 | 303 | 305 | 307 | 308, Some(location)) = (status, response.location()) else {
            return Ok(None);
        };
        let (scheme, host, path) = super::split(location, &self.scheme, &self.host);
        if !host.eq_ignore_ascii_case(&self.host) {
            return Err(format!("following external redirects is not supported: {location}"));
        }
        let path = if path.starts_with('/') {
            path.to_owned()
        } else {
            let here = self.path.split('?').next().unwrap_or("/");
            format!("{}/{path}", here.rsplit_once('/').map_or("", |(directory, _)| directory))
        };
        let path = match path.strip_prefix(&self.root) {
            Some(path) if path.starts_with('/') => path.to_owned(),
            Some("") => "/".to_owned(),
            _ => return Err(format!("the redirect leads out of the app: {location}")),
        };
        let mut next = RequestBuilder::new(self.client.clone(), self.method.clone(), &path);
        next.base = Some(format!("{scheme}://{host}{}", self.root));
        next.headers.clone_from(&self.headers);
        if status == 307 || status == 308 {
            if let Some(bytes) = &self.body {
                next.body = RequestBody::Bytes { content_type: None, bytes: bytes.clone() };
            }
        } else {
            if self.method != Method::HEAD {
                next.method = Method::GET;
            }
            next.headers.remove(header::CONTENT_TYPE);
            next.headers.remove(header::CONTENT_LENGTH);
        }
        Ok(Some(next))
    }
}

fn form_body(parts: &[Part]) -> (String, Vec<u8>) {
    if parts.iter().any(|p| matches!(p, Part::File { .. })) {
        return multipart::encode(parts);
    }
    let fields: Vec<String> = parts
        .iter()
        .filter_map(|p| match p {
            Part::Field { name, value } => Some(format!("{}={}", encode(name), encode(value))),
            Part::File { .. } => None,
        })
        .collect();
    ("application/x-www-form-urlencoded".to_owned(), fields.join("&").into_bytes())
}

/// A field as browsers encode it.
fn encode(text: &str) -> String {
    percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC)
        .to_string()
        .replace("%20", "+")
}

/// Percent-encodes what may not stand in a request line, and nothing that may.
fn escape_path(path: &str) -> String {
    path.bytes()
        .map(|b| match b {
            b'!'..=b'~' if !matches!(b, b'"' | b'<' | b'>' | b'#') => (b as char).to_string(),
            _ => format!("%{b:02X}"),
        })
        .collect()
}
