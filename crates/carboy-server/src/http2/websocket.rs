//! A WebSocket as a stream of its own (RFC 8441): to an application it looks as one over HTTP/1.

use super::link::Link;
use carboy_http::{HeaderValue, Method, Response, StatusCode, Upgrade, Upgraded, header};
use http::request::Parts;
use hyper::{ext::Protocol, upgrade::OnUpgrade};
use hyper_util::rt::TokioIo;
use std::{
    io,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// HTTP/2 has no key, because nothing between client and server takes one of its streams for something else; applications want one.
const KEY: HeaderValue = HeaderValue::from_static("AAAAAAAAAAAAAAAAAAAAAA==");

/// Makes the request of HTTP/1 of one that asks for a WebSocket; says whether it is one. Any other CONNECT is left to be refused.
pub(super) fn begin(parts: &mut Parts, link: &Arc<Link>) -> bool {
    if parts.method != Method::CONNECT {
        return false;
    }
    let Some(connection) = parts.extensions.remove::<OnUpgrade>() else { return false };
    if parts.extensions.remove::<Protocol>().is_none_or(|protocol| protocol.as_str() != "websocket") {
        return false;
    }
    parts.method = Method::GET;
    parts.headers.insert(header::CONNECTION, HeaderValue::from_static("upgrade"));
    parts.headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
    parts.headers.insert(header::SEC_WEBSOCKET_KEY, KEY);
    let busy = Busy::new(link.clone());
    parts.extensions.insert(Upgrade::new(async move {
        let connection = connection.await.map_err(io::Error::other)?;
        Ok(Upgraded::new(Stream { connection: TokioIo::new(connection), _busy: busy }))
    }));
    true
}

/// Makes the answer of HTTP/2 of one of HTTP/1: what opens the stream there is a success, and nothing else may be one.
pub(super) fn answer(response: &mut Response) {
    match response.status() {
        StatusCode::SWITCHING_PROTOCOLS => {
            response.set_status(StatusCode::OK);
            for name in
                [header::CONNECTION, header::UPGRADE, header::SEC_WEBSOCKET_ACCEPT, header::CONTENT_LENGTH]
            {
                response.headers_mut().remove(name);
            }
        }
        status if status.is_success() => {
            tracing::debug!(target: "carboy::server", status = status.as_u16(), "this status is no answer to a WebSocket");
            response.set_status(StatusCode::NOT_IMPLEMENTED);
        }
        _ => {}
    }
}

/// Keeps the connection from being idle.
#[derive(Debug)]
struct Busy(Arc<Link>);

impl Busy {
    fn new(link: Arc<Link>) -> Self {
        link.activity.begin();
        Busy(link)
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        self.0.activity.end();
    }
}

/// The stream of a WebSocket.
struct Stream {
    connection: TokioIo<hyper::upgrade::Upgraded>,
    _busy: Busy,
}

impl AsyncRead for Stream {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().connection).poll_read(cx, buf)
    }
}

impl AsyncWrite for Stream {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().connection).poll_write(cx, bytes)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().connection).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().connection).poll_shutdown(cx)
    }
}
