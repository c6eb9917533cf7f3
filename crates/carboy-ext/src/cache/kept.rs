//! How an answer is written down: its head as JSON, and its body as it is.

use carboy::{HeaderName, HeaderValue, Response, StatusCode};
use serde::{Deserialize, Serialize};

/// What is kept for a key.
#[derive(Serialize, Deserialize)]
enum Head {
    /// An answer.
    Answer {
        status: u16,
        /// Values are bytes, written as the characters with these numbers.
        fields: Vec<(String, String)>,
    },
    /// The answers depend on these fields of the request: they are kept under keys of their own.
    Varies(Vec<String>),
}

/// What was kept for a key.
pub(super) enum Kept {
    Answer(Response),
    Varies(Vec<String>),
}

/// An answer, unless its body is a stream.
pub(super) fn answer(response: &Response) -> Option<Vec<u8>> {
    let body = response.data()?;
    let fields = response.headers().iter().map(|(name, value)| {
        let value = value.as_bytes().iter().map(|byte| char::from(*byte)).collect();
        (name.as_str().to_owned(), value)
    });
    write(&Head::Answer { status: response.status().as_u16(), fields: fields.collect() }, body)
}

/// On what the answers for a key depend.
pub(super) fn varies(fields: &[String]) -> Option<Vec<u8>> {
    write(&Head::Varies(fields.to_vec()), b"")
}

fn write(head: &Head, body: &[u8]) -> Option<Vec<u8>> {
    let head = serde_json::to_vec(head).ok()?;
    let length = u32::try_from(head.len()).ok()?;
    Some([&length.to_be_bytes()[..], &head, body].concat())
}

/// What was written; nothing when it is something else.
pub(super) fn read(bytes: &[u8]) -> Option<Kept> {
    let (length, rest) = bytes.split_first_chunk()?;
    let (head, body) = rest.split_at_checked(usize::try_from(u32::from_be_bytes(*length)).ok()?)?;
    match serde_json::from_slice(head).ok()? {
        Head::Varies(fields) => Some(Kept::Varies(fields)),
        Head::Answer { status, fields } => {
            let mut response = Response::bytes(body.to_vec());
            response.set_status(StatusCode::from_u16(status).ok()?);
            let headers = response.headers_mut();
            headers.clear();
            for (name, value) in fields {
                let value: Vec<u8> =
                    value.chars().map(|c| u8::try_from(u32::from(c)).ok()).collect::<Option<_>>()?;
                headers.append(name.parse::<HeaderName>().ok()?, HeaderValue::from_bytes(&value).ok()?);
            }
            Some(Kept::Answer(response))
        }
    }
}
