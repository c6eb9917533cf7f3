//! The client's side of a WebSocket in a test, without a socket.

use super::{RequestBuilder, TestClient, TestResponse};
use crate::{
    runtime,
    websocket::{Blocking, Close, Message, Witness, is_blocked},
};
use carboy_http::{Response, StatusCode, Upgrade, Upgraded};
use std::{
    future::{Future, poll_fn},
    task::Poll,
    time::Duration,
};
use tokio::io::DuplexStream;
use tungstenite::{
    Error, Message as Frame,
    protocol::{Role, WebSocketContext},
};

/// How long a test waits for the app.
const PATIENCE: Duration = Duration::from_secs(10);

/// How much is on its way at most.
const PIPE: usize = 64 * 1024;

impl TestClient {
    /// A handshake for a path or URL: [`connect`](RequestBuilder::connect) it.
    ///
    /// It has cookies, and whatever the test adds: an `origin`, `sec-websocket-protocol`, arguments.
    pub fn websocket(&self, target: &str) -> RequestBuilder {
        self.get(target)
            .header("connection", "Upgrade")
            .header("upgrade", "websocket")
            .header("sec-websocket-version", "13")
            .header("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==")
    }
}

impl RequestBuilder {
    /// Opens a [WebSocket](TestClient::websocket).
    ///
    /// # Panics
    /// When the app answers something else; that is what [`try_connect`](Self::try_connect) is for. And as [`send`](Self::send).
    #[track_caller]
    pub fn connect(self) -> TestWebSocket {
        match self.try_connect() {
            Ok(socket) => socket,
            Err(response) => {
                panic!("the WebSocket was refused with {}: {}", response.status(), response.text())
            }
        }
    }

    /// Opens a [WebSocket](TestClient::websocket), or gives the answer that refuses it.
    ///
    /// # Errors
    /// The answer, when it is not 101.
    ///
    /// # Panics
    /// As [`send`](Self::send).
    #[track_caller]
    #[allow(clippy::result_large_err)]
    pub fn try_connect(self) -> Result<TestWebSocket, TestResponse> {
        match runtime::block_on(self.open_websocket()) {
            Ok(opened) => opened,
            Err(error) => panic!("{error}"),
        }
    }

    async fn open_websocket(self) -> Result<Result<TestWebSocket, TestResponse>, String> {
        let propagate = self.propagates();
        let (io, served) = tokio::io::duplex(PIPE);
        let witness = Witness::default();
        let with = witness.clone();
        let (response, _) = self
            .run_with(move |request| {
                let extensions = request.extensions_mut();
                extensions.insert(Upgrade::new(async { Ok(Upgraded::new(served)) }));
                extensions.insert(with);
            })
            .await?;
        if response.status() != StatusCode::SWITCHING_PROTOCOLS {
            return Ok(Err(TestResponse::read(response).await));
        }
        Ok(Ok(TestWebSocket {
            io,
            protocol: WebSocketContext::new(Role::Client, None),
            response,
            witness,
            propagate,
            closed: None,
        }))
    }
}

/// A WebSocket of a test. Dropping it is a client that goes away.
///
/// ```
/// use carboy::{prelude::*, Result};
///
/// #[websocket("/double")]
/// async fn double(mut socket: WebSocket) -> Result<()> {
///     while let Some(n) = socket.recv_json::<u32>().await? {
///         socket.send_json(&(2 * n)).await?;
///     }
///     Ok(())
/// }
///
/// # let mut app = App::new("doc");
/// # app.routes(routes![double]);
/// let mut socket = app.test_client().websocket("/double").connect();
/// socket.send("21");
/// assert_eq!(socket.recv().unwrap().as_text(), Some("42"));
/// assert_eq!(socket.close(1000, "done").code(), 1000);
/// ```
///
/// What the handler raises, and no HTTP error is, is raised again in the test, by the call that sees the connection end.
pub struct TestWebSocket {
    io: DuplexStream,
    protocol: WebSocketContext,
    response: Response,
    witness: Witness,
    propagate: bool,
    closed: Option<Close>,
}

impl TestWebSocket {
    /// The first value of a header field of the answer, if it is text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.response.headers().get(name)?.to_str().ok()
    }

    /// The subprotocol that the app chose.
    pub fn subprotocol(&self) -> Option<&str> {
        self.header("sec-websocket-protocol")
    }

    /// Sends a message.
    ///
    /// # Panics
    /// When the connection is closed, or the app takes nothing for ten seconds.
    #[track_caller]
    pub fn send(&mut self, message: impl Into<Message>) {
        let frame = message.into().into_wire();
        if let Err(error) = runtime::block_on(within("the app takes no message", self.write(frame))) {
            panic!("the message cannot be sent: {error}");
        }
    }

    /// Sends a value as JSON.
    ///
    /// # Panics
    /// As [`send`](Self::send).
    #[track_caller]
    pub fn send_json<T: serde::Serialize + ?Sized>(&mut self, value: &T) {
        self.send(Message::json(value).unwrap_or_else(|error| panic!("no JSON: {error}")));
    }

    /// The next message; `None` when the app has closed the connection, and its teardown functions have run.
    ///
    /// # Panics
    /// When nothing comes for ten seconds; with what the handler has raised.
    #[track_caller]
    pub fn recv(&mut self) -> Option<Message> {
        let message = runtime::block_on(within("no message came", self.read()));
        if message.is_none() {
            self.raise();
        }
        message
    }

    /// The value that the next message is in JSON.
    ///
    /// # Panics
    /// As [`recv`](Self::recv), when the connection is closed, and when the message is not JSON for a `T`.
    #[track_caller]
    pub fn recv_json<T: serde::de::DeserializeOwned>(&mut self) -> T {
        let Some(message) = self.recv() else { panic!("the connection is closed: {:?}", self.closed) };
        message.parse().unwrap_or_else(|error| panic!("{error}: {message:?}"))
    }

    /// Closes the connection with a code and a text, and says how the app answers it. Messages that come before are dropped.
    ///
    /// # Panics
    /// When the app does not answer within ten seconds; with what the handler has raised.
    #[track_caller]
    pub fn close(&mut self, code: u16, reason: &str) -> Close {
        let frame = Frame::Close(Some(Close::new(code, reason).into_wire()));
        runtime::block_on(within("the app does not close the connection", async {
            if self.closed.is_none() {
                let _ = self.write(frame).await;
            }
            while self.read().await.is_some() {}
        }));
        self.raise();
        self.closed.clone().unwrap_or_else(|| Close::new(1006, ""))
    }

    /// How the connection was closed, once [`recv`](Self::recv) has seen it.
    pub fn closed(&self) -> Option<&Close> {
        self.closed.as_ref()
    }

    async fn write(&mut self, frame: Frame) -> Result<(), Error> {
        let mut frame = Some(frame);
        poll_fn(|cx| {
            let mut io = Blocking::new(&mut self.io, cx);
            let written = match frame.take() {
                Some(frame) => self.protocol.write(&mut io, frame),
                None => Ok(()),
            };
            match written.and_then(|()| self.protocol.flush(&mut io)) {
                Err(error) if is_blocked(&error) => Poll::Pending,
                result => Poll::Ready(result),
            }
        })
        .await
    }

    async fn read(&mut self) -> Option<Message> {
        let message = poll_fn(|cx| {
            loop {
                match self.protocol.read(&mut Blocking::new(&mut self.io, cx)) {
                    Ok(Frame::Close(frame)) => {
                        self.closed.get_or_insert(Close::from_wire(frame));
                    }
                    Ok(frame) => match Message::from_wire(frame) {
                        Some(message) => return Poll::Ready(Some(message)),
                        None => continue,
                    },
                    Err(error) if is_blocked(&error) => return Poll::Pending,
                    Err(_) => return Poll::Ready(None),
                }
            }
        });
        let message = message.await;
        if message.is_none() {
            self.closed.get_or_insert_with(|| Close::new(1006, ""));
            self.witness.ended().await;
        }
        message
    }

    #[track_caller]
    fn raise(&self) {
        if self.propagate
            && let Some(error) = self.witness.take()
        {
            panic!("the handler failed: {error} ({})", error.location());
        }
    }
}

impl std::fmt::Debug for TestWebSocket {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TestWebSocket").field("closed", &self.closed).finish_non_exhaustive()
    }
}

async fn within<T>(otherwise: &str, future: impl Future<Output = T>) -> T {
    match tokio::time::timeout(PATIENCE, future).await {
        Ok(value) => value,
        Err(_) => panic!("{otherwise} within {} seconds", PATIENCE.as_secs()),
    }
}
