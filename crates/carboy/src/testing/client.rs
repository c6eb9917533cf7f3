//! The client: what it keeps between requests.

use super::{
    cookies::{Cookie, Jar},
    request::RequestBuilder,
};
use crate::{running::AppService, runtime, session::Session};
use carboy_http::{HeaderMap, Method, Response, header};
use std::sync::{Arc, Mutex, MutexGuard};

/// A client for tests: it keeps cookies and sends requests straight to the app.
///
/// Cheap to clone; clones share their cookies. Made by [`App::test_client`](crate::App::test_client) and
/// [`AppService::test_client`].
#[derive(Clone)]
pub struct TestClient {
    pub(super) app: AppService,
    jar: Arc<Mutex<Jar>>,
    pub(super) use_cookies: bool,
    pub(super) propagate: bool,
}

impl TestClient {
    pub(crate) fn new(app: AppService) -> Self {
        TestClient { app, jar: Arc::default(), use_cookies: true, propagate: true }
    }

    /// The app under test.
    pub fn app(&self) -> &AppService {
        &self.app
    }

    /// A client with the same cookies that gets errors as responses with status 500 instead of panicking.
    pub fn propagate_errors(&self, propagate: bool) -> Self {
        TestClient { propagate, ..self.clone() }
    }

    /// A client without cookies.
    pub fn without_cookies(&self) -> Self {
        TestClient { use_cookies: false, ..self.clone() }
    }

    /// A GET request for a path or URL.
    pub fn get(&self, target: &str) -> RequestBuilder {
        self.open(Method::GET, target)
    }

    /// A POST request for a path or URL.
    pub fn post(&self, target: &str) -> RequestBuilder {
        self.open(Method::POST, target)
    }

    /// A PUT request for a path or URL.
    pub fn put(&self, target: &str) -> RequestBuilder {
        self.open(Method::PUT, target)
    }

    /// A PATCH request for a path or URL.
    pub fn patch(&self, target: &str) -> RequestBuilder {
        self.open(Method::PATCH, target)
    }

    /// A DELETE request for a path or URL.
    pub fn delete(&self, target: &str) -> RequestBuilder {
        self.open(Method::DELETE, target)
    }

    /// A HEAD request for a path or URL.
    pub fn head(&self, target: &str) -> RequestBuilder {
        self.open(Method::HEAD, target)
    }

    /// An OPTIONS request for a path or URL.
    pub fn options(&self, target: &str) -> RequestBuilder {
        self.open(Method::OPTIONS, target)
    }

    /// A request with any method for a path or URL.
    pub fn open(&self, method: Method, target: &str) -> RequestBuilder {
        RequestBuilder::new(self.clone(), method, target)
    }

    /// Sets a cookie for `localhost` (or SERVER_NAME) and every path.
    pub fn set_cookie(&self, name: &str, value: &str) {
        let (_, host, _) = super::base_url(self.app.state());
        self.jar().set(Cookie::new(name, value, &host, "/"));
    }

    /// A cookie by name, whatever its path.
    pub fn get_cookie(&self, name: &str) -> Option<Cookie> {
        self.jar().get(name)
    }

    /// Forgets a cookie.
    pub fn delete_cookie(&self, name: &str) {
        self.jar().delete(name);
    }

    /// Opens the session that the next request would see, lets `f` read and change it, and keeps what was changed:
    /// Flask's `session_transaction`.
    ///
    /// # Panics
    /// When the session cannot be saved, as without SECRET_KEY.
    #[track_caller]
    pub fn session<T>(&self, f: impl FnOnce(&Session) -> T) -> T {
        assert!(self.use_cookies, "Cookies are disabled. Use a client that has cookies enabled.");
        let state = self.app.state();
        let (scheme, host, root) = super::base_url(state);
        let path = if root.is_empty() { "/" } else { &root };
        let mut request = super::request(state, "/");
        request.headers_mut().insert(header::USER_AGENT, super::user_agent());
        if let Some(cookies) = self.cookie_header(&host, path)
            && let Ok(cookies) = cookies.parse()
        {
            request.headers_mut().insert(header::COOKIE, cookies);
        }
        let headers = request.headers().clone();
        let (output, response) = self.app.request_context(request, || {
            let session = runtime::block_on(crate::dispatch::open_session_now(state, &headers))
                .unwrap_or_else(|e| panic!("the session cannot be opened: {e}"));
            let output = f(&session);
            let mut response = Response::empty();
            let saved = runtime::block_on(state.sessions().save(
                state.session_config(),
                &session,
                scheme == "https",
                &mut response,
            ));
            if let Err(error) = saved {
                panic!("the session cannot be saved: {error}");
            }
            (output, response)
        });
        self.keep_cookies(&host, path, response.headers());
        output
    }

    pub(super) fn cookie_header(&self, host: &str, path: &str) -> Option<String> {
        self.use_cookies.then(|| self.jar().header(host, path)).flatten()
    }

    pub(super) fn keep_cookies(&self, host: &str, path: &str, headers: &HeaderMap) {
        if self.use_cookies {
            let mut jar = self.jar();
            for line in headers.get_all(header::SET_COOKIE) {
                jar.take(&String::from_utf8_lossy(line.as_bytes()), host, path);
            }
        }
    }

    fn jar(&self) -> MutexGuard<'_, Jar> {
        self.jar.lock().unwrap_or_else(|e| e.into_inner())
    }
}
