//! What is sent through a WebSocket.

use crate::Result;
use bytes::Bytes;
use serde::{Serialize, de::DeserializeOwned};
use std::fmt;
use tungstenite::Utf8Bytes;

/// A message of a WebSocket: text, or bytes.
///
/// Cloning shares the bytes, so one message can go to a thousand sockets.
///
/// ```
/// use carboy::websocket::Message;
///
/// let message = Message::from("hello");
/// assert_eq!(message.as_text(), Some("hello"));
/// assert_eq!(Message::json(&[1, 2])?.as_text(), Some("[1,2]"));
/// assert_eq!(Message::from(vec![0, 1]).as_bytes(), [0, 1]);
/// # Ok::<(), carboy::Error>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Message(Kind);

#[derive(Clone, PartialEq, Eq)]
enum Kind {
    Text(Utf8Bytes),
    Binary(Bytes),
}

impl Message {
    /// A text message.
    pub fn text(text: impl Into<String>) -> Self {
        Message(Kind::Text(text.into().into()))
    }

    /// A message of bytes.
    pub fn binary(bytes: impl Into<Bytes>) -> Self {
        Message(Kind::Binary(bytes.into()))
    }

    /// A text message that is a value in JSON.
    ///
    /// # Errors
    /// When the value cannot be written as JSON.
    pub fn json<T: Serialize + ?Sized>(value: &T) -> Result<Self> {
        Ok(Message::text(serde_json::to_string(value)?))
    }

    /// Whether it is text.
    pub fn is_text(&self) -> bool {
        matches!(self.0, Kind::Text(_))
    }

    /// The text; `None` for a message of bytes.
    pub fn as_text(&self) -> Option<&str> {
        match &self.0 {
            Kind::Text(text) => Some(text.as_str()),
            Kind::Binary(_) => None,
        }
    }

    /// The bytes, those of a text too.
    pub fn as_bytes(&self) -> &[u8] {
        match &self.0 {
            Kind::Text(text) => text.as_bytes(),
            Kind::Binary(bytes) => bytes,
        }
    }

    /// The bytes, those of a text too, without a copy.
    pub fn into_bytes(self) -> Bytes {
        match self.0 {
            Kind::Text(text) => text.into(),
            Kind::Binary(bytes) => bytes,
        }
    }

    /// The value that the message is in JSON, whether it came as text or as bytes.
    ///
    /// # Errors
    /// When it is not JSON for a `T`. Passed on by `?`, it closes the connection with code 1007.
    pub fn parse<T: DeserializeOwned>(&self) -> Result<T, super::WebSocketError> {
        serde_json::from_slice(self.as_bytes()).map_err(super::WebSocketError::json)
    }

    /// How many bytes it has.
    pub fn len(&self) -> usize {
        self.as_bytes().len()
    }

    /// Whether it is empty.
    pub fn is_empty(&self) -> bool {
        self.as_bytes().is_empty()
    }

    /// What the protocol's crate calls a message, if it is one of these.
    pub(crate) fn from_wire(message: tungstenite::Message) -> Option<Self> {
        match message {
            tungstenite::Message::Text(text) => Some(Message(Kind::Text(text))),
            tungstenite::Message::Binary(bytes) => Some(Message(Kind::Binary(bytes))),
            _ => None,
        }
    }

    pub(crate) fn into_wire(self) -> tungstenite::Message {
        match self.0 {
            Kind::Text(text) => tungstenite::Message::Text(text),
            Kind::Binary(bytes) => tungstenite::Message::Binary(bytes),
        }
    }
}

macro_rules! from {
    ($($ty:ty => $make:ident),+) => {$(
        impl From<$ty> for Message {
            fn from(value: $ty) -> Self {
                Message::$make(value)
            }
        }
    )+};
}

from!(&str => text, String => text, Vec<u8> => binary, Bytes => binary, &'static [u8] => binary);

impl fmt::Debug for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Kind::Text(text) => f.debug_tuple("Text").field(&text.as_str()).finish(),
            Kind::Binary(bytes) => f.debug_tuple("Binary").field(bytes).finish(),
        }
    }
}
