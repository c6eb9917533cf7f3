//! A connection that changes its protocol (RFC 9110 section 7.8): bytes in both directions from there.

use std::{
    fmt,
    future::{Future, IntoFuture},
    io::{self, IoSlice},
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll},
};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// The way to the connection of a request that asks for another protocol; one of the request's
/// [extensions](crate::Request::extensions).
///
/// Whoever answers the request with status 101 awaits this *beside* the answer, most likely in a task of its own: it is there once the
/// head of the answer has gone out. A request that does not ask, or whose connection cannot change, has none.
///
/// ```
/// use carboy_http::{Request, Response, StatusCode, Upgrade};
/// use tokio::io::AsyncWriteExt;
///
/// fn answer(request: &Request) -> Response {
///     let Some(upgrade) = request.extensions().get::<Upgrade>().cloned() else {
///         return Response::text("ask for it").with_status(StatusCode::UPGRADE_REQUIRED);
///     };
///     tokio::spawn(async move {
///         let mut connection = upgrade.await?;
///         connection.write_all(b"hello").await
///     });
///     let mut response = Response::text("").with_status(StatusCode::SWITCHING_PROTOCOLS);
///     let _ = response.set_header("connection", "upgrade");
///     let _ = response.set_header("upgrade", "greeting");
///     response
/// }
/// # assert_eq!(answer(&Request::get("/")).status(), 426);
/// ```
///
/// Clones lead to the same connection, which one of them gets. It is an error when the request was answered otherwise, when the client
/// has left, or when another clone was first.
#[derive(Clone)]
pub struct Upgrade(Arc<Mutex<Option<Upgrading>>>);

/// What awaiting an [`Upgrade`] waits with.
pub type Upgrading = Pin<Box<dyn Future<Output = io::Result<Upgraded>> + Send>>;

impl Upgrade {
    /// A way to what `connection` becomes, for servers. It is dropped when nobody can ask for it any more.
    pub fn new(connection: impl Future<Output = io::Result<Upgraded>> + Send + 'static) -> Self {
        Upgrade(Arc::new(Mutex::new(Some(Box::pin(connection)))))
    }
}

impl IntoFuture for Upgrade {
    type Output = io::Result<Upgraded>;
    type IntoFuture = Upgrading;

    /// Claims the connection at once, so that no other clone gets it.
    fn into_future(self) -> Upgrading {
        let claimed = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        claimed.unwrap_or_else(|| {
            Box::pin(std::future::ready(Err(io::Error::other("the connection was taken over already"))))
        })
    }
}

impl fmt::Debug for Upgrade {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Upgrade")
    }
}

/// A connection that has changed its protocol: a stream of bytes in both directions.
///
/// What the client sent behind the head of its request is read first. Dropping it closes the connection.
pub struct Upgraded(Pin<Box<dyn Connection>>);

trait Connection: AsyncRead + AsyncWrite + Send {}

impl<T: AsyncRead + AsyncWrite + Send> Connection for T {}

impl Upgraded {
    /// Wraps a connection, for servers.
    pub fn new(connection: impl AsyncRead + AsyncWrite + Send + 'static) -> Self {
        Upgraded(Box::pin(connection))
    }
}

impl AsyncRead for Upgraded {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.0.as_mut().poll_read(cx, buf)
    }
}

impl AsyncWrite for Upgraded {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.0.as_mut().poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        pieces: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.0.as_mut().poll_write_vectored(cx, pieces)
    }

    fn is_write_vectored(&self) -> bool {
        self.0.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.0.as_mut().poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.0.as_mut().poll_shutdown(cx)
    }
}

impl fmt::Debug for Upgraded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Upgraded")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    #[tokio::test]
    async fn one_of_the_clones_gets_the_connection() {
        let (mut client, server) = tokio::io::duplex(64);
        let upgrade = Upgrade::new(async { Ok(Upgraded::new(server)) });
        let (first, second) = (upgrade.clone().into_future(), upgrade.into_future());
        assert!(second.await.is_err());
        first.await.unwrap().write_all(b"hello").await.unwrap();
        let mut said = String::new();
        client.read_to_string(&mut said).await.unwrap();
        assert_eq!(said, "hello");
    }
}
