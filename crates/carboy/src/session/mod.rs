//! Sessions: the handle that views see, and where sessions are kept.
use crate::{Result, view::BoxFuture};
use carboy_http::{HeaderMap, Response};
use std::time::Duration;
/// s
#[derive(Clone, Default)]
pub struct Session {}
/// c
#[derive(Clone, Default)]
#[allow(missing_docs)]
pub struct SessionConfig {
    pub secret_key: Option<Vec<u8>>,
    pub fallbacks: Vec<Vec<u8>>,
    pub cookie_name: String,
    pub domain: Option<String>,
    pub path: String,
    pub httponly: bool,
    pub secure: bool,
    pub samesite: Option<String>,
    pub partitioned: bool,
    pub lifetime: Duration,
    pub refresh_each_request: bool,
    pub max_cookie_size: usize,
}
/// i
#[allow(missing_docs)]
pub trait SessionInterface: Send + Sync {
    fn load<'a>(
        &'a self,
        _config: &'a SessionConfig,
        _headers: &'a HeaderMap,
    ) -> Option<BoxFuture<Result<Session>>> {
        None
    }
    fn open(&self, _config: &SessionConfig, _headers: &HeaderMap) -> Session {
        Session {}
    }
    fn refreshes_untouched(&self, _config: &SessionConfig, _headers: &HeaderMap) -> bool {
        false
    }
    fn save<'a>(
        &'a self,
        _config: &'a SessionConfig,
        _session: &'a Session,
        _secure: bool,
        _response: &'a mut Response,
    ) -> std::pin::Pin<Box<dyn Future<Output = Result<()>> + Send + 'a>> {
        Box::pin(async { Ok(()) })
    }
}
/// d
#[derive(Default)]
pub struct SecureCookieSessionInterface;
impl SessionInterface for SecureCookieSessionInterface {}
