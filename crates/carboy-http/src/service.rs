//! The waist: everything that serves (a server, WSGI, a test client) meets everything that answers here.

use crate::{Request, Response};

/// Something that answers requests.
///
/// A service never fails: what goes wrong is a response. Implementations may be written as `async fn call`.
pub trait Service: Send + Sync + 'static {
    /// Answers one request.
    fn call(&self, request: Request) -> impl Future<Output = Response> + Send;

    /// Is told, once, that whoever serves begins to stop: an answer that does not end by itself (a stream of events, a WebSocket) is to
    /// come to its end now. Does nothing by default.
    fn drain(&self) {}

    /// Why nobody but this machine is to reach it, when that is so: debug mode. A server refuses addresses then that other machines can
    /// reach. `None` by default.
    fn local_only(&self) -> Option<&str> {
        None
    }
}

impl<S: Service> Service for std::sync::Arc<S> {
    fn call(&self, request: Request) -> impl Future<Output = Response> + Send {
        (**self).call(request)
    }

    fn drain(&self) {
        (**self).drain();
    }

    fn local_only(&self) -> Option<&str> {
        (**self).local_only()
    }
}
