//! The driver of a connection, fed as a socket feeds it.
#![allow(missing_docs)]

use super::{Message, Wire, channel::Channel, error::Close};
use crate::settings::WebSocketLimits;
use carboy_http::Upgraded;
use std::{
    collections::VecDeque,
    future::poll_fn,
    io,
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll},
    time::Duration,
};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// What came of a connection.
#[derive(Debug, PartialEq, Eq)]
pub struct Life {
    /// What the handler was given.
    pub messages: Vec<Message>,
    /// The code that it ended with; 1006 when the bytes ended first.
    pub code: u16,
    /// What the client was sent.
    pub sent: Vec<u8>,
}

/// The life of a connection whose client sends bytes in pieces, and leaves.
///
/// # Panics
/// When it does not come to its end.
pub fn live<'a>(
    pieces: impl IntoIterator<Item = &'a [u8]>,
    max_message_size: usize,
    max_frame_size: usize,
) -> Life {
    let hour = Duration::from_secs(3600);
    let limits = WebSocketLimits {
        max_message_size: Some(max_message_size),
        max_frame_size: Some(max_frame_size),
        ping_interval: None,
        ping_timeout: hour,
        send_buffer: 1 << 20,
        send_timeout: None,
        close_timeout: hour,
    };
    let pieces: VecDeque<Vec<u8>> = pieces.into_iter().map(<[u8]>::to_vec).collect();
    // No step is without a byte, a message or a change of phase for long.
    let mut steps = 1000 + pieces.iter().map(|piece| 2 + piece.len()).sum::<usize>();
    let sent = Arc::new(Mutex::new(Vec::new()));
    let client = Client { pieces, rests: false, sent: sent.clone() };
    let channel = Arc::new(Channel::new(limits.send_buffer));
    let mut messages = Vec::new();
    RUNTIME.with(|runtime| {
        runtime.block_on(async {
            let mut wire = Wire::new(Upgraded::new(client), channel.clone(), limits);
            poll_fn(|cx| {
                loop {
                    let carried = wire.poll(cx);
                    while let Poll::Ready(Some(message)) = channel.poll_recv(cx) {
                        messages.extend(message);
                    }
                    if carried.is_ready() {
                        return Poll::Ready(());
                    }
                    steps = steps.checked_sub(1).expect("the connection comes to its end");
                }
            })
            .await;
        });
    });
    let code = channel.closed().as_ref().map_or(1006, Close::code);
    let sent = std::mem::take(&mut *sent.lock().unwrap_or_else(PoisonError::into_inner));
    Life { messages, code, sent }
}

thread_local! {
    /// Deadlines need one.
    static RUNTIME: tokio::runtime::Runtime =
        tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime starts");
}

/// A client that sends its pieces with a rest between them, reads all, and leaves.
struct Client {
    pieces: VecDeque<Vec<u8>>,
    rests: bool,
    sent: Arc<Mutex<Vec<u8>>>,
}

impl AsyncRead for Client {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.rests = !self.rests;
        if self.rests {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        if let Some(piece) = self.pieces.front_mut() {
            let rest = piece.split_off(piece.len().min(buf.remaining()));
            buf.put_slice(piece);
            *piece = rest;
        }
        if self.pieces.front().is_some_and(Vec::is_empty) {
            self.pieces.pop_front();
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Client {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.sent.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}
