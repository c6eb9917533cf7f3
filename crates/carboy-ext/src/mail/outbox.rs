//! Messages that are kept instead of sent, or recorded while a test looks.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use carboy::signals::{Connection, Signal};

use super::message::Message;

/// As many messages are kept, the latest.
const MESSAGES: usize = 1000;
/// As many bytes of bodies and attachments are kept.
const BYTES: usize = 64 << 20;

#[derive(Default)]
pub(super) struct Outbox(Mutex<Kept>);

#[derive(Default)]
struct Kept {
    messages: VecDeque<(Message, usize)>,
    bytes: usize,
}

impl Outbox {
    pub(super) fn keep(&self, message: &Message) {
        let text = |text: &Option<String>| text.as_ref().map_or(0, String::len);
        let files: usize = message.attachments.iter().map(|attachment| attachment.data.len()).sum();
        let bytes = text(&message.body) + text(&message.html) + files;
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.messages.push_back((message.clone(), bytes));
        kept.bytes += bytes;
        while kept.messages.len() > MESSAGES || (kept.bytes > BYTES && kept.messages.len() > 1) {
            kept.bytes -= kept.messages.pop_front().map_or(0, |(_, bytes)| bytes);
        }
    }

    pub(super) fn messages(&self) -> Vec<Message> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.messages.iter().map(|(message, _)| message.clone()).collect()
    }

    pub(super) fn clear(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Kept::default();
    }
}

/// The messages that were dispatched since it was made: Flask-Mail's `record_messages`. It ends when it is dropped.
pub struct Recording {
    signal: Arc<Signal<Message>>,
    connection: Option<Connection>,
    messages: Arc<Mutex<Vec<Message>>>,
}

impl Recording {
    pub(super) fn of(signal: &Arc<Signal<Message>>) -> Self {
        let messages = Arc::new(Mutex::new(Vec::new()));
        let record = messages.clone();
        let connection = signal.connect(move |message: &Message| {
            record.lock().unwrap_or_else(PoisonError::into_inner).push(message.clone());
        });
        Self { signal: signal.clone(), connection: Some(connection), messages }
    }

    /// The messages so far, in their order.
    pub fn messages(&self) -> Vec<Message> {
        self.messages.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Drop for Recording {
    fn drop(&mut self) {
        if let Some(connection) = self.connection.take() {
            self.signal.disconnect(connection);
        }
    }
}
