//! A response → the bytes of its head, and chunks (RFC 9112, sections 4, 6 and 7).

use super::head::Framing;
use crate::{date, headers::first};
use carboy_http::{Method, ReasonPhrase, Response};
use http::{HeaderMap, HeaderName, StatusCode, Version, header};
use std::{io::Write, time::Instant};

/// What the head of an answer depends on beside the answer.
#[derive(Debug, Clone, Copy)]
pub(super) struct Asked {
    pub(super) version: Version,
    pub(super) head: bool,
    /// The connection goes on behind this answer, if the answer allows it.
    pub(super) persistent: bool,
    /// The client takes fields behind the body.
    pub(super) trailers: bool,
}

/// How the body of an answer goes out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sending {
    /// No bytes follow the head.
    Nothing,
    /// The bytes at hand follow.
    AtHand,
    /// A stream follows: of so many bytes, in chunks, or ([`Framing::Empty`]) until the connection closes.
    Stream(Framing),
}

/// Writes the head. Says how the body follows, and whether the connection goes on.
pub(super) fn head(
    out: &mut Vec<u8>,
    response: &mut Response,
    asked: Asked,
    now: Instant,
) -> (Sending, bool) {
    let status = response.status();
    let length = response.body().as_bytes().map(<[u8]>::len);
    let bodyless = asked.head || status.is_informational() || matches!(status.as_u16(), 204 | 304);
    if bodyless {
        // Bytes behind such a head would be taken for the next answer.
        response.finalize(if asked.head { &Method::HEAD } else { &Method::GET });
    }
    let response = &*response;
    out.reserve(96 + 48 * response.headers().len() + length.unwrap_or(0).min(4096));
    status_line(out, response, asked.version);

    let said_length = first(response.headers(), &header::CONTENT_LENGTH);
    let said = said_length.and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
    let mut persistent = asked.persistent;
    let sending = match length {
        _ if bodyless => Sending::Nothing,
        Some(length) => {
            if said_length.is_some() && said != Some(length as u64) {
                tracing::warn!(target: "carboy::server", length, "wrong Content-Length corrected");
            }
            Sending::AtHand
        }
        None => match said {
            Some(length) => Sending::Stream(Framing::Length(length)),
            None if asked.version == Version::HTTP_11 => Sending::Stream(Framing::Chunked),
            None => {
                persistent = false;
                Sending::Stream(Framing::Empty)
            }
        },
    };

    let mut dated = false;
    for (name, value) in response.headers() {
        if *name == header::CONTENT_LENGTH {
            if sending != Sending::Nothing || said.is_none() || status.is_informational() {
                continue;
            }
        } else if *name == header::DATE {
            dated = true;
        } else if *name == header::TRANSFER_ENCODING {
            continue;
        } else if *name == header::CONNECTION && status != StatusCode::SWITCHING_PROTOCOLS {
            let says = |what: &[u8]| {
                value
                    .as_bytes()
                    .split(|&byte| byte == b',')
                    .any(|option| option.trim_ascii().eq_ignore_ascii_case(what))
            };
            // Whether the connection goes on is said below, once.
            if says(b"close") {
                persistent = false;
                continue;
            }
            if says(b"keep-alive") {
                continue;
            }
        }
        field(out, name, value.as_bytes());
    }
    match sending {
        Sending::AtHand => {
            out.extend_from_slice(b"\r\ncontent-length: ");
            decimal(out, length.unwrap_or(0) as u64);
        }
        Sending::Stream(Framing::Length(length)) => {
            out.extend_from_slice(b"\r\ncontent-length: ");
            decimal(out, length);
        }
        Sending::Stream(Framing::Chunked) => out.extend_from_slice(b"\r\ntransfer-encoding: chunked"),
        Sending::Stream(Framing::Empty) | Sending::Nothing => {}
    }
    if status != StatusCode::SWITCHING_PROTOCOLS {
        if !persistent {
            out.extend_from_slice(b"\r\nconnection: close");
        } else if asked.version == Version::HTTP_10 {
            out.extend_from_slice(b"\r\nconnection: keep-alive");
        }
    }
    if dated {
        out.extend_from_slice(b"\r\n\r\n");
    } else {
        date::append(out, now);
    }
    (sending, persistent)
}

fn status_line(out: &mut Vec<u8>, response: &Response, version: Version) {
    let status = response.status();
    let reason = if response.extensions().is_empty() {
        None
    } else {
        response.extensions().get::<ReasonPhrase>().map(ReasonPhrase::as_str)
    };
    if status == StatusCode::OK && reason.is_none() && version == Version::HTTP_11 {
        out.extend_from_slice(b"HTTP/1.1 200 OK");
        return;
    }
    out.extend_from_slice(if version == Version::HTTP_10 { b"HTTP/1.0 " } else { b"HTTP/1.1 " });
    out.extend_from_slice(status.as_str().as_bytes());
    out.push(b' ');
    let reason = reason.or_else(|| status.canonical_reason()).unwrap_or_default();
    // A phrase is made of what a field value is made of; nothing else may get into the line.
    out.extend(reason.bytes().filter(|&byte| byte == b'\t' || (byte >= b' ' && byte != 0x7f)));
}

/// Writes a field behind a line that has not ended yet.
fn field(out: &mut Vec<u8>, name: &HeaderName, value: &[u8]) {
    if *name == header::CONTENT_TYPE {
        out.extend_from_slice(b"\r\ncontent-type: ");
    } else {
        out.extend_from_slice(b"\r\n");
        out.extend_from_slice(name.as_str().as_bytes());
        out.extend_from_slice(b": ");
    }
    out.extend_from_slice(value);
}

fn decimal(out: &mut Vec<u8>, number: u64) {
    out.extend_from_slice(itoa::Buffer::new().format(number).as_bytes());
}

/// The line before a chunk of this many bytes.
pub(super) fn chunk_size(out: &mut Vec<u8>, length: usize) {
    // Writing to a vector does not fail.
    let _ = write!(out, "{length:x}\r\n");
}

/// Writes what ends a body of chunks, with the fields that follow it. Those that say how a message is framed have no place there (RFC 9110, section 6.5.1).
pub(super) fn last_chunk(out: &mut Vec<u8>, trailers: Option<HeaderMap>) {
    const FRAMING: [HeaderName; 5] = [
        header::CONTENT_LENGTH,
        header::TRANSFER_ENCODING,
        header::CONNECTION,
        header::HOST,
        header::TRAILER,
    ];
    out.extend_from_slice(b"0");
    for (name, value) in trailers.iter().flatten().filter(|(name, _)| !FRAMING.contains(name)) {
        field(out, name, value.as_bytes());
    }
    out.extend_from_slice(b"\r\n\r\n");
}
