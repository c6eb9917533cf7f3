//! The parsers of HTTP/1, fed as a socket feeds them.
#![allow(missing_docs, clippy::missing_errors_doc)]

use super::{
    chunked::{Chunked, Decoded},
    head::{self, Framing, LastHost},
};
use crate::ServerConfig;
use bytes::BytesMut;
use http::{StatusCode, request::Parts};

/// A head, and how many bytes it had, empty lines before it included.
#[derive(Debug)]
pub struct Head {
    pub parts: Parts,
    /// The length of the body; `None`: it is chunked.
    pub length: Option<u64>,
    pub persistent: bool,
    pub consumed: usize,
}

/// Takes a head from bytes that come in pieces; `None`: it is not complete.
pub fn head<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> Result<Option<Head>, StatusCode> {
    let config = ServerConfig::new();
    let (mut input, mut scanned, mut came) = (BytesMut::new(), 0, 0);
    for piece in pieces {
        input.extend_from_slice(piece);
        came += piece.len();
        let taken = head::take(&mut input, &mut scanned, &config.http1, &LastHost::default());
        if let Some(mut head) = taken.map_err(|refusal| refusal.into_response().status())? {
            let length = match head.framing {
                Framing::Empty => Some(0),
                Framing::Length(length) => Some(length),
                Framing::Chunked => None,
            };
            let consumed = came - input.len();
            let parts = std::mem::replace(head.request.parts_mut(), http::Request::new(()).into_parts().0);
            return Ok(Some(Head { parts, length, persistent: head.persistent, consumed }));
        }
    }
    Ok(None)
}

/// A chunked body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Body {
    Malformed,
    /// What came of a body that has not ended.
    Open(Vec<u8>),
    /// The content, and how many bytes it took on the wire.
    Whole(Vec<u8>, usize),
}

/// Decodes a chunked body that comes in pieces.
pub fn body<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> Body {
    let (mut chunked, mut input) = (Chunked::new(), BytesMut::new());
    let (mut content, mut came) = (Vec::new(), 0);
    for piece in pieces {
        input.extend_from_slice(piece);
        came += piece.len();
        loop {
            match chunked.decode(&mut input) {
                Ok(Decoded::Data(data)) => content.extend_from_slice(&data),
                Ok(Decoded::NeedMore) => break,
                Ok(Decoded::End) => {
                    return match chunked.trailers() {
                        Ok(_) => Body::Whole(content, came - input.len()),
                        Err(_) => Body::Malformed,
                    };
                }
                Err(_) => return Body::Malformed,
            }
        }
    }
    Body::Open(content)
}
