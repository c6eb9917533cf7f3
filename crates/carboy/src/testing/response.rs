//! The response that a test sees.

use crate::{ctx::Context, runtime};
use bytes::Bytes;
use carboy_http::{Body, HeaderMap, Response, StatusCode, header};
use http_body_util::BodyExt;
use std::sync::Arc;

/// A whole response.
#[derive(Clone)]
pub struct TestResponse {
    context: Option<Arc<Context>>,
    status: StatusCode,
    headers: HeaderMap,
    data: Bytes,
    body_error: Option<String>,
    history: Vec<TestResponse>,
}

impl TestResponse {
    pub(super) async fn read(response: Response) -> Self {
        let (parts, mut body) = response.into_parts();
        let mut data = Vec::new();
        let mut body_error = None;
        while let Some(frame) = body.frame().await {
            match frame {
                Ok(frame) => {
                    if let Ok(bytes) = frame.into_data() {
                        data.extend_from_slice(&bytes);
                    }
                }
                Err(error) => {
                    body_error = Some(error.to_string());
                    break;
                }
            }
        }
        TestResponse {
            context: parts.extensions.get::<Arc<Context>>().cloned(),
            status: parts.status,
            headers: parts.headers,
            data: data.into(),
            body_error,
            history: Vec::new(),
        }
    }

    pub(super) fn set_history(&mut self, history: Vec<TestResponse>) {
        self.history = history;
    }

    /// The status; it compares with a number: `assert_eq!(response.status(), 200)`.
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// The header fields.
    pub fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    /// The first value of a header field, if it is text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// All values of a header field that are text.
    pub fn header_all(&self, name: &str) -> Vec<&str> {
        self.headers.get_all(name).iter().filter_map(|v| v.to_str().ok()).collect()
    }

    /// Where a redirect leads.
    pub fn location(&self) -> Option<&str> {
        self.header(header::LOCATION.as_str())
    }

    /// The body.
    pub fn data(&self) -> &[u8] {
        &self.data
    }

    /// The body as text; what is not UTF-8 is replaced.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.data).into_owned()
    }

    /// The body as JSON.
    ///
    /// # Panics
    /// When it is not JSON for a `T`, with the body's text.
    #[track_caller]
    pub fn json<T: serde::de::DeserializeOwned>(&self) -> T {
        match serde_json::from_slice(&self.data) {
            Ok(value) => value,
            Err(e) => panic!("the body is not the JSON that was expected ({e}): {}", self.text()),
        }
    }

    /// Why the body broke off, if it did.
    pub fn body_error(&self) -> Option<&str> {
        self.body_error.as_deref()
    }

    /// Runs `f` in the context of the request that was answered: what `with client:` is for in Flask.
    ///
    /// Teardown functions have run by then, so what they closed is closed.
    ///
    /// # Panics
    /// When another service than the app itself answered.
    #[track_caller]
    pub fn in_context<T>(&self, f: impl FnOnce() -> T) -> T {
        let Some(context) = &self.context else { panic!("the app itself did not answer this request") };
        let _runtime = runtime::handle().enter();
        context.sync_scope(f)
    }

    /// The redirects that led here, first one first.
    pub fn history(&self) -> &[TestResponse] {
        &self.history
    }
}

impl std::fmt::Debug for TestResponse {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TestResponse")
            .field("status", &self.status)
            .field("headers", &self.headers)
            .field("text", &self.text())
            .finish_non_exhaustive()
    }
}

/// A response whose body is still to be read. Dropping it is a client that goes away.
#[derive(Debug)]
pub struct StreamingResponse {
    status: StatusCode,
    headers: HeaderMap,
    body: Body,
}

impl StreamingResponse {
    pub(super) fn new(response: Response) -> Self {
        let (parts, body) = response.into_parts();
        StreamingResponse { status: parts.status, headers: parts.headers, body }
    }

    /// The status.
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// The header fields.
    pub fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    /// The next piece of the body; `None` at its end.
    ///
    /// # Panics
    /// When the body breaks off; inside an async function.
    #[track_caller]
    pub fn chunk(&mut self) -> Option<Bytes> {
        loop {
            match runtime::block_on(self.body.frame())? {
                Ok(frame) => {
                    if let Ok(bytes) = frame.into_data() {
                        return Some(bytes);
                    }
                }
                Err(error) => panic!("the body broke off: {error}"),
            }
        }
    }
}
