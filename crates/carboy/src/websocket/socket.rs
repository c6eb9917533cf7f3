//! The socket as a handler sees it.

use super::{
    channel::Channel,
    count::Counted,
    error::{Close, WebSocketError},
    message::Message,
};
use crate::{Context, Error, FromContext, Result, State, abort};
use futures_util::Stream;
use serde::{Serialize, de::DeserializeOwned};
use std::{
    fmt,
    future::poll_fn,
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    task::{Context as TaskContext, Poll},
};

/// The connection of a handler under [`#[websocket]`](macro@crate::websocket): messages in both directions.
///
/// The handshake is answered when the handler first waits for the socket: by [`recv`](Self::recv), [`send`](Self::send) or
/// [`accept`](Self::accept). What it does before belongs to the request: an error there is an ordinary answer (`abort(403)?`), and a
/// change of the session is saved. The connection is closed when the handler returns.
///
/// ```
/// use carboy::{prelude::*, websocket::WebSocket};
///
/// #[websocket("/echo/<room>")]
/// async fn echo(mut socket: WebSocket, room: String) -> Result<()> {
///     if room == "secret" {
///         abort(403)?;
///     }
///     while let Some(message) = socket.recv().await? {
///         socket.send(message).await?;
///     }
///     Ok(())
/// }
/// # use carboy::Result;
/// # let mut app = App::new("doc");
/// # app.routes(routes![echo]);
/// # let client = app.test_client();
/// # assert_eq!(client.websocket("/echo/secret").try_connect().unwrap_err().status(), 403);
/// let mut socket = client.websocket("/echo/tea").connect();
/// socket.send("hello");
/// assert_eq!(socket.recv().unwrap().as_text(), Some("hello"));
/// ```
///
/// Sizes, deadlines and the allowed origins are settings: see the [module](mod@crate::websocket).
pub struct WebSocket {
    sender: WebSocketSender,
    receiver: WebSocketReceiver,
    offered: Vec<String>,
    held: Arc<Held>,
}

/// What a connection is counted by, until it ends.
#[derive(Default)]
pub(super) struct Held(Mutex<Vec<Counted>>);

impl Held {
    pub(super) fn add(&self, counted: Counted) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(counted);
    }

    pub(super) fn release(&self) {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

impl WebSocket {
    pub(super) fn new(
        channel: Arc<Channel>,
        state: Arc<State>,
        offered: Vec<String>,
        held: Arc<Held>,
    ) -> Self {
        let sender = WebSocketSender { channel: channel.clone() };
        WebSocket { sender, receiver: WebSocketReceiver { channel, state }, offered, held }
    }

    /// Answers the handshake, and waits until that has gone out.
    ///
    /// # Errors
    /// When the client has left.
    pub async fn accept(&mut self) -> Result<(), WebSocketError> {
        poll_fn(|cx| self.sender.channel.poll_accept(cx)).await
    }

    /// The next message; `None` when the connection is closed, by whichever side, or the client has gone.
    ///
    /// It may be dropped while it waits, as in `select!`: no message is lost.
    ///
    /// # Errors
    /// When the client breaks the protocol or a limit, does not answer a ping, or takes nothing of what it is sent.
    pub async fn recv(&mut self) -> Result<Option<Message>, WebSocketError> {
        self.receiver.recv().await
    }

    /// The value that the next message is in JSON; `None` when the connection is closed.
    ///
    /// # Errors
    /// Those of [`recv`](Self::recv), and for a message that is not JSON for a `T`.
    pub async fn recv_json<T: DeserializeOwned>(&mut self) -> Result<Option<T>, WebSocketError> {
        self.receiver.recv_json().await
    }

    /// Sends a message. Waits while too much is on its way already.
    ///
    /// # Errors
    /// When the connection is closed or closing.
    pub async fn send(&mut self, message: impl Into<Message>) -> Result<(), WebSocketError> {
        self.sender.send(message).await
    }

    /// Sends a value as JSON.
    ///
    /// # Errors
    /// Those of [`send`](Self::send), and when the value cannot be written as JSON.
    pub async fn send_json<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<()> {
        self.sender.send_json(value).await
    }

    /// Closes the connection with a code and a text, and waits for the client to agree. Returning from the handler is as good; this is
    /// for another code than 1000. A code that the protocol does not let be sent is 1000; of the text 123 bytes are sent.
    pub async fn close(&mut self, code: u16, reason: &str) {
        self.sender.close(code, reason);
        let _ = self.accept().await;
        poll_fn(|cx| self.sender.channel.poll_closed(cx)).await;
    }

    /// How the connection was closed, by either side; `None` while it is open.
    pub fn closed(&self) -> Option<Close> {
        self.sender.channel.closed()
    }

    /// The subprotocols that the client offers, the one it likes best first.
    pub fn offered_subprotocols(&self) -> &[String] {
        &self.offered
    }

    /// Chooses the first of these subprotocols that the client offers, and says so in the answer; `None` when it offers none of them, or
    /// the handshake is answered already.
    pub fn choose_subprotocol(&mut self, known: &[&'static str]) -> Option<&'static str> {
        let chosen = known.iter().find(|known| self.offered.iter().any(|offered| offered == *known))?;
        self.sender.channel.set_subprotocol(chosen).then_some(*chosen)
    }

    /// The subprotocol that was chosen.
    pub fn subprotocol(&self) -> Option<&'static str> {
        self.sender.channel.subprotocol()
    }

    /// Allows so many connections at once that say the same key: a user's, say. This one counts until it ends.
    ///
    /// # Errors
    /// 429 when there are as many already.
    ///
    /// ```
    /// # use carboy::{prelude::*, websocket::WebSocket, Result};
    /// #[websocket("/ws")]
    /// async fn feed(mut socket: WebSocket) -> Result<()> {
    ///     let user: u64 = session().get("user_id").or_abort(401)?;
    ///     socket.limit(("user", user), 5)?;
    ///     socket.send("welcome").await?;
    ///     Ok(())
    /// }
    /// ```
    #[track_caller]
    pub fn limit(&self, key: impl fmt::Debug, most: usize) -> Result<()> {
        match self.receiver.state.sockets.hold(format!("{key:?}"), most) {
            Some(counted) => {
                self.held.add(counted);
                Ok(())
            }
            None => abort((429u16, "There are too many connections open already.")),
        }
    }

    /// A sender of its own: to be kept elsewhere, and to be cloned. It does not keep the connection open.
    pub fn sender(&self) -> WebSocketSender {
        self.sender.clone()
    }

    /// Both directions apart. When the receiver is dropped, what the client sends is thrown away.
    pub fn split(self) -> (WebSocketSender, WebSocketReceiver) {
        (self.sender, self.receiver)
    }
}

impl FromContext for WebSocket {
    /// # Errors
    /// When the view is none under `#[websocket]`, or has taken its socket already.
    fn from_context(context: &Arc<Context>) -> Result<Self> {
        context
            .take_handed()
            .ok_or_else(|| Error::msg("only a view under `#[websocket]` has a WebSocket, and it has one"))
    }
}

impl Stream for WebSocket {
    type Item = Result<Message, WebSocketError>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut TaskContext<'_>) -> Poll<Option<Self::Item>> {
        self.receiver.channel.poll_recv(cx)
    }
}

impl fmt::Debug for WebSocket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WebSocket").field("closed", &self.closed()).finish_non_exhaustive()
    }
}

/// The sending half of a [`WebSocket`]; clones send to the same client.
#[derive(Clone)]
pub struct WebSocketSender {
    channel: Arc<Channel>,
}

impl WebSocketSender {
    /// Sends a message. Waits while too much is on its way already.
    ///
    /// # Errors
    /// When the connection is closed or closing.
    pub async fn send(&self, message: impl Into<Message>) -> Result<(), WebSocketError> {
        let mut message = Some(message.into());
        poll_fn(|cx| self.channel.poll_send(cx, &mut message)).await
    }

    /// Sends a value as JSON.
    ///
    /// # Errors
    /// Those of [`send`](Self::send), and when the value cannot be written as JSON.
    pub async fn send_json<T: Serialize + ?Sized>(&self, value: &T) -> Result<()> {
        Ok(self.send(Message::json(value)?).await?)
    }

    /// Sends a message without waiting: for one that goes to many, of whom none is to hold up the others.
    ///
    /// # Errors
    /// [`Full`](super::WebSocketErrorKind::Full) when too much is on its way to this client already, and when the connection is closed.
    pub fn try_send(&self, message: impl Into<Message>) -> Result<(), WebSocketError> {
        self.channel.try_send(message.into())
    }

    /// Begins to close the connection with a code and a text, behind what was sent; does not wait.
    pub fn close(&self, code: u16, reason: &str) {
        self.channel.close(Close::new(code, reason));
    }

    /// Whether something can still be sent.
    pub fn is_open(&self) -> bool {
        self.channel.is_open()
    }
}

impl fmt::Debug for WebSocketSender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WebSocketSender").field("open", &self.is_open()).finish_non_exhaustive()
    }
}

/// The receiving half of a [`WebSocket`].
pub struct WebSocketReceiver {
    channel: Arc<Channel>,
    state: Arc<State>,
}

impl WebSocketReceiver {
    /// The next message; as [`WebSocket::recv`].
    ///
    /// # Errors
    /// When the client breaks the protocol or a limit, does not answer a ping, or takes nothing of what it is sent.
    pub async fn recv(&mut self) -> Result<Option<Message>, WebSocketError> {
        poll_fn(|cx| self.channel.poll_recv(cx)).await.transpose()
    }

    /// The value that the next message is in JSON; `None` when the connection is closed.
    ///
    /// # Errors
    /// Those of [`recv`](Self::recv), and for a message that is not JSON for a `T`.
    pub async fn recv_json<T: DeserializeOwned>(&mut self) -> Result<Option<T>, WebSocketError> {
        match self.recv().await? {
            Some(message) => message.parse().map(Some),
            None => Ok(None),
        }
    }

    /// How the connection was closed; `None` while it is open.
    pub fn closed(&self) -> Option<Close> {
        self.channel.closed()
    }
}

impl Drop for WebSocketReceiver {
    fn drop(&mut self) {
        self.channel.set_deaf();
    }
}

impl Stream for WebSocketReceiver {
    type Item = Result<Message, WebSocketError>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut TaskContext<'_>) -> Poll<Option<Self::Item>> {
        self.channel.poll_recv(cx)
    }
}

impl fmt::Debug for WebSocketReceiver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WebSocketReceiver").field("closed", &self.closed()).finish_non_exhaustive()
    }
}
