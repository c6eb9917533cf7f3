//! What goes wrong with a WebSocket, and how one ends.

use std::{error::Error, fmt};

/// Why a WebSocket does not do what it was asked for.
///
/// In a handler `?` passes it on: a connection that has ended ends the handler, and is no fault of the app.
#[derive(Debug, Clone)]
pub struct WebSocketError {
    kind: WebSocketErrorKind,
    detail: Option<String>,
}

/// The kinds of [`WebSocketError`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum WebSocketErrorKind {
    /// The connection is closed or closing: nothing can be sent any more.
    Closed,
    /// As much waits for the client as may (WEBSOCKET_SEND_BUFFER); only [`try_send`](super::WebSocketSender::try_send) says so.
    Full,
    /// The client broke the protocol (code 1002).
    Protocol,
    /// The client sent text that is not UTF-8 (code 1007).
    InvalidText,
    /// The client sent a message or a frame that is too large (code 1009).
    TooLarge,
    /// The client sends pings or pieces of messages without end (code 1008).
    Flood,
    /// The client did not answer a ping in time (code 1001).
    Silent,
    /// The client took nothing of what it was sent for too long.
    Stalled,
    /// The message is not the JSON that was asked for (code 1007).
    InvalidJson,
}

impl WebSocketError {
    pub(super) fn new(kind: WebSocketErrorKind) -> Self {
        WebSocketError { kind, detail: None }
    }

    pub(super) fn json(error: serde_json::Error) -> Self {
        WebSocketError { kind: WebSocketErrorKind::InvalidJson, detail: Some(error.to_string()) }
    }

    pub(super) fn because(kind: WebSocketErrorKind, detail: impl fmt::Display) -> Self {
        WebSocketError { kind, detail: Some(detail.to_string()) }
    }

    /// What kind of failure it is.
    pub fn kind(&self) -> WebSocketErrorKind {
        self.kind
    }

    /// What the connection is closed with when a handler returns this error.
    pub(super) fn code(&self) -> u16 {
        use WebSocketErrorKind::*;
        match self.kind {
            Closed => 1000,
            Protocol => 1002,
            InvalidText | InvalidJson => 1007,
            Full | Flood => 1008,
            TooLarge => 1009,
            Silent | Stalled => 1001,
        }
    }
}

impl fmt::Display for WebSocketError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        use WebSocketErrorKind::*;
        f.write_str(match self.kind {
            Closed => "the connection is closed",
            Full => "too much waits for the client",
            Protocol => "the client broke the protocol",
            InvalidText => "the client sent text that is not UTF-8",
            TooLarge => "the client sent a message that is too large",
            Flood => "the client floods the connection",
            Silent => "the client did not answer a ping in time",
            Stalled => "the client takes nothing of what it is sent",
            InvalidJson => "the message is not the JSON that was expected",
        })?;
        match &self.detail {
            Some(detail) => write!(f, ": {detail}"),
            None => Ok(()),
        }
    }
}

impl Error for WebSocketError {}

/// How a connection was closed (RFC 6455 section 7).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Close {
    code: u16,
    reason: String,
}

impl Close {
    pub(crate) fn new(code: u16, reason: impl Into<String>) -> Self {
        let mut reason = reason.into();
        // A control frame holds 125 bytes, two of which are the code.
        reason.truncate(reason.floor_char_boundary(123));
        Close { code, reason }
    }

    /// The code: 1000 for a normal end, 1001 when the other side goes away, 1005 when it gave none, 1006 when the connection
    /// broke without a word. The list is IANA's "WebSocket Close Code Number Registry".
    pub fn code(&self) -> u16 {
        self.code
    }

    /// The text that was given with the code, mostly empty.
    pub fn reason(&self) -> &str {
        &self.reason
    }

    /// What the protocol's crate calls it. A code that may not be sent is 1000.
    pub(crate) fn into_wire(self) -> tungstenite::protocol::CloseFrame {
        use tungstenite::protocol::frame::coding::CloseCode;
        let code = CloseCode::from(self.code);
        let code = if code.is_allowed() { code } else { CloseCode::Normal };
        tungstenite::protocol::CloseFrame { code, reason: self.reason.into() }
    }

    pub(crate) fn from_wire(frame: Option<tungstenite::protocol::CloseFrame>) -> Self {
        match frame {
            Some(frame) => Close::new(frame.code.into(), frame.reason.as_str()),
            None => Close::new(1005, ""),
        }
    }
}
