//! Signals: what happens in an app, told to whoever listens.
//!
//! Flask's catalogue, each a list of receivers on the app. A signal nobody listens to costs a load of one flag. Receivers
//! are called in the order in which they connected, in the context of the request; what they return is ignored, and a
//! receiver that panics fails the request as a hook would.

use crate::Error;
use carboy_http::Response;
use std::sync::{
    Arc, Mutex, RwLock,
    atomic::{AtomicBool, Ordering},
};

type Receiver<T> = Arc<dyn Fn(&T) + Send + Sync>;

/// One signal: something that happens, with the data `T`.
pub struct Signal<T> {
    any: AtomicBool,
    receivers: RwLock<Vec<(u64, Receiver<T>)>>,
    next: Mutex<u64>,
}

impl<T> Default for Signal<T> {
    fn default() -> Self {
        Signal { any: AtomicBool::new(false), receivers: RwLock::default(), next: Mutex::default() }
    }
}

impl<T> Signal<T> {
    /// Calls `receiver` at every sending from now on, until the [`Connection`] is disconnected.
    pub fn connect(&self, receiver: impl Fn(&T) + Send + Sync + 'static) -> Connection {
        let mut next = self.next.lock().unwrap_or_else(|e| e.into_inner());
        *next += 1;
        let mut receivers = self.receivers.write().unwrap_or_else(|e| e.into_inner());
        receivers.push((*next, Arc::new(receiver)));
        self.any.store(true, Ordering::Release);
        Connection(*next)
    }

    /// Stops calling a receiver; `false` when it was disconnected before.
    pub fn disconnect(&self, connection: Connection) -> bool {
        let mut receivers = self.receivers.write().unwrap_or_else(|e| e.into_inner());
        let before = receivers.len();
        receivers.retain(|(id, _)| *id != connection.0);
        self.any.store(!receivers.is_empty(), Ordering::Release);
        receivers.len() < before
    }

    /// Whether anybody listens.
    pub fn has_receivers(&self) -> bool {
        self.any.load(Ordering::Acquire)
    }

    /// Tells every receiver; `data` is only made when there is one.
    pub fn send(&self, data: impl FnOnce() -> T) {
        if !self.has_receivers() {
            return;
        }
        // Receivers may connect and disconnect while they run, so the lock is not held.
        let receivers = self.receivers.read().unwrap_or_else(|e| e.into_inner()).clone();
        let data = data();
        for (_, receiver) in receivers {
            receiver(&data);
        }
    }
}

/// The handle of a connected receiver, for [`Signal::disconnect`].
#[derive(Debug)]
#[must_use = "keep it to disconnect, or drop it with `let _ =` to stay connected"]
pub struct Connection(u64);

/// What [`Signals::template_rendered`] and [`Signals::before_render_template`] tell.
#[derive(Debug, Clone)]
pub struct TemplateEvent {
    /// The template's name; `None` for a template rendered from a string.
    pub template: Option<String>,
    /// The names in the context it was given.
    pub context: Vec<String>,
}

/// What [`Signals::request_finished`] tells: the response's head as it will be sent.
#[derive(Debug, Clone)]
pub struct ResponseEvent {
    /// The status.
    pub status: carboy_http::StatusCode,
    /// The header fields.
    pub headers: carboy_http::HeaderMap,
}

impl From<&Response> for ResponseEvent {
    fn from(response: &Response) -> Self {
        ResponseEvent { status: response.status(), headers: response.headers().clone() }
    }
}

/// What [`Signals::message_flashed`] tells.
#[derive(Debug, Clone)]
pub struct FlashEvent {
    /// The message.
    pub message: String,
    /// Its category.
    pub category: String,
}

/// The signals of an app, by Flask's names.
#[derive(Default)]
pub struct Signals {
    /// A template was rendered.
    pub template_rendered: Signal<TemplateEvent>,
    /// A template is about to be rendered.
    pub before_render_template: Signal<TemplateEvent>,
    /// The context stands, no hook has run.
    pub request_started: Signal<()>,
    /// The response is complete, the session saved.
    pub request_finished: Signal<ResponseEvent>,
    /// An error nobody handled, also when it is propagated to a test.
    pub got_request_exception: Signal<Error>,
    /// After the functions of `teardown_request`, with the error that got through, if any.
    pub request_tearing_down: Signal<Option<Error>>,
    /// After the functions of `teardown_appcontext`, with the error that got through, if any.
    pub appcontext_tearing_down: Signal<Option<Error>>,
    /// A context was entered.
    pub appcontext_pushed: Signal<()>,
    /// A context was left.
    pub appcontext_popped: Signal<()>,
    /// [`flash`](crate::flash()) was called.
    pub message_flashed: Signal<FlashEvent>,
}
