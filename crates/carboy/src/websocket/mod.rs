//! WebSockets (RFC 6455): rules whose views keep a connection.
//!
//! A function under [`#[websocket]`](macro@crate::websocket) has a rule like any other: converters, arguments by type, blueprints,
//! `before_request`, `after_request` and teardown functions, error handlers, `request()`, `session()` and `g()`. It gets a [`WebSocket`],
//! and the connection lasts as long as it runs.
//!
//! 1. `before_request` functions run. What they, the arguments or the handler raise before the handshake is answered goes the way of every
//!    error: the client sees an ordinary answer, such as 401.
//! 2. The handler waits for its socket for the first time: the handshake is answered with 101, after the `after_request` functions, with
//!    the session as it is by then. What the handler changes in the session afterwards is lost.
//! 3. Messages go to and fro. An error is logged as that of a view is, and closes the connection with code 1011, a panic as well; an HTTP
//!    error of the client's (`abort(403)?`) closes it with 1008, with the text as the reason.
//! 4. The handler returns, and the connection is closed with code 1000; or the connection ends, and the handler is told by `None`. One
//!    that does not return within WEBSOCKET_CLOSE_TIMEOUT then is dropped where it waits.
//! 5. Teardown functions run, exactly once.
//!
//! When the server stops, connections are closed with code 1001.
//!
//! | setting | default | meaning |
//! |---|---|---|
//! | WEBSOCKET_ORIGINS | the host itself | further origins (`https://app.example`) whose pages may connect; `*` is all. Others get 403. A client without an `Origin`, which is no browser, is let in |
//! | WEBSOCKET_MAX_MESSAGE_SIZE | 1 MiB | a longer message closes the connection with code 1009; null is no limit |
//! | WEBSOCKET_MAX_FRAME_SIZE | 256 KiB | the same for each frame that messages are sent in |
//! | WEBSOCKET_PING_INTERVAL | 20 s | a client that says nothing for so long is sent a ping; null sends none |
//! | WEBSOCKET_PING_TIMEOUT | 20 s | one that does not answer it in time is closed with code 1001 |
//! | WEBSOCKET_SEND_BUFFER | 1 MiB | how much may wait for a client before `send` waits |
//! | WEBSOCKET_SEND_TIMEOUT | 30 s | a client that takes nothing for so long is dropped; null waits for ever |
//! | WEBSOCKET_CLOSE_TIMEOUT | 10 s | how long a client, and a handler, may take to agree that the connection is over |
//! | WEBSOCKET_MAX_PER_CLIENT | no limit | connections at once from one address; more get 429. [`WebSocket::limit`] counts by user |
//!
//! Pings without end, and pieces of messages that never become one, close the connection with code 1008. Compression
//! (permessage-deflate) is not offered. Over HTTP/2 a WebSocket is a stream of its own (RFC 8441).

mod channel;
mod count;
mod error;
#[cfg(fuzzing)]
pub mod fuzzing;
mod handshake;
mod life;
mod message;
mod socket;
mod stream;
mod wire;

pub(crate) use count::Sockets;
pub use error::{Close, WebSocketError, WebSocketErrorKind};
pub(crate) use life::{Witness, attach};
pub use message::Message;
pub use socket::{WebSocket, WebSocketReceiver, WebSocketSender};
pub(crate) use stream::{Blocking, is_blocked};
use wire::Wire;

use crate::{
    Error, Result,
    ctx::Context,
    settings::WebSocketLimits,
    view::{Args, BoxFuture, View},
};
use carboy_http::{Response, Upgrade};
use channel::Channel;
use count::Counted;
use handshake::Handshake;
use socket::Held;
use std::{
    fmt,
    future::{Future, poll_fn},
    sync::{Arc, Mutex},
    task::Poll,
};

/// The handler of a connection, under way.
pub(crate) type Handler = BoxFuture<Result<()>>;

/// What a handler may return: nothing, or a `Result` of nothing.
#[diagnostic::on_unimplemented(
    message = "a WebSocket handler cannot return `{Self}`",
    label = "not nothing, and not a `Result` of nothing",
    note = "what is to be told to the client is sent through the socket; return `()` or `Result<()>`"
)]
pub trait HandlerReturn {
    #[doc(hidden)]
    fn into_result(self) -> Result<()>;
}

impl HandlerReturn for () {
    fn into_result(self) -> Result<()> {
        Ok(())
    }
}

impl<E: Into<Error>> HandlerReturn for Result<(), E> {
    fn into_result(self) -> Result<()> {
        self.map_err(Into::into)
    }
}

/// Makes the view of a WebSocket rule without a macro: of an async function of the socket and the other arguments.
///
/// ```
/// use carboy::{RuleOptions, prelude::*, websocket::websocket};
///
/// let mut app = App::new("doc");
/// let greet = websocket(|mut socket, args| async move {
///     let name: String = args.get("name")?;
///     socket.send(format!("Hello, {name}!")).await?;
///     Ok::<_, Error>(())
/// });
/// app.add_url_rule("/greet/<name>", "greet", greet, RuleOptions { websocket: true, ..Default::default() });
/// assert_eq!(app.test_client().websocket("/greet/Ada").connect().recv().unwrap().as_text(), Some("Hello, Ada!"));
/// ```
pub fn websocket<F, R>(f: F) -> View
where
    F: Fn(WebSocket, Args) -> R + Send + Sync + 'static,
    R: Future<Output: HandlerReturn> + Send + 'static,
{
    view(move |context| {
        let socket = context.take_handed::<WebSocket>();
        let handled = socket.map(|socket| f(socket, Args::new(context)));
        Box::pin(async move {
            match handled {
                Some(handled) => handled.await.into_result(),
                None => Err(Error::msg("a handler has its socket once")),
            }
        })
    })
}

/// The view that opens a connection for a handler.
pub(crate) fn view(handler: impl Fn(Arc<Context>) -> Handler + Send + Sync + 'static) -> View {
    let handler = Arc::new(handler);
    View::Async(Box::new(move |context| {
        let handler = handler.clone();
        Box::pin(async move { open(&context, &*handler).await })
    }))
}

/// Runs a handler until it waits for its socket: then the handshake is answered. What it raises before is the answer.
async fn open(
    context: &Arc<Context>,
    handler: &(dyn Fn(Arc<Context>) -> Handler + Send + Sync),
) -> Result<Response> {
    let request = context.request().expect("a view has a request");
    let state = context.state();
    let settings = &state.settings().websocket;
    let handshake = Handshake::read(request, settings)?;
    let held = Arc::new(Held::default());
    let channel = Arc::new(Channel::new(settings.limits.send_buffer));
    let offered = handshake.offered.clone();
    let socket = WebSocket::new(channel.clone(), state.clone(), offered, held.clone());
    if let (Some(most), Some(address)) = (settings.max_per_client, request.remote_addr()) {
        socket.limit(address, most)?;
    }
    context.hand(socket);
    let mut handler = handler(context.clone());
    let early = poll_fn(|cx| {
        channel.driven_by(cx.waker());
        match handler.as_mut().poll(cx) {
            Poll::Ready(result) => Poll::Ready(Some(result)),
            Poll::Pending if channel.is_accepted() => Poll::Ready(None),
            Poll::Pending => Poll::Pending,
        }
    });
    let handler = match early.await {
        Some(result) => {
            result?;
            channel.close(Close::new(1000, ""));
            None
        }
        None => Some(handler),
    };
    let mut response = handshake.answer(channel.subprotocol());
    let counted = state.sockets.count();
    let opening =
        Opening { upgrade: handshake.upgrade, channel, handler, limits: settings.limits, held, counted };
    response.extensions_mut().insert(Opened(Arc::new(Mutex::new(Some(opening)))));
    Ok(response)
}

/// What generated code calls; which `carboy::__private` re-exports.
#[doc(hidden)]
pub mod __private {
    use super::{BoxFuture, HandlerReturn};
    use crate::{Result, ctx::Context, view::View};
    use std::{future::Future, sync::Arc};

    /// Makes a view of a handler.
    pub fn websocket_view(
        handler: impl Fn(Arc<Context>) -> BoxFuture<Result<()>> + Send + Sync + 'static,
    ) -> View {
        super::view(handler)
    }

    /// Turns what a handler returned into a result.
    pub fn handled<T: HandlerReturn>(returned: T) -> Result<()> {
        returned.into_result()
    }

    /// Boxes the future of a handler. Its name stands in the error about one that is not `Send`.
    pub fn handler_future_must_be_send<F>(future: F) -> BoxFuture<Result<()>>
    where
        F: Future<Output = Result<()>> + Send + 'static,
    {
        Box::pin(future)
    }
}

/// What goes on behind an answer with status 101.
pub(crate) struct Opening {
    upgrade: Upgrade,
    channel: Arc<Channel>,
    handler: Option<Handler>,
    limits: WebSocketLimits,
    held: Arc<Held>,
    counted: Counted,
}

/// Carries an [`Opening`] with the answer.
#[derive(Clone)]
struct Opened(Arc<Mutex<Option<Opening>>>);

impl fmt::Debug for Opened {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Opened")
    }
}
