//! `multipart/form-data` as a machine that is fed bytes and hands out events (RFC 7578, in Werkzeug's reading).
//!
//! It does no I/O and keeps no more than one header block or one delimiter's worth of bytes, whatever the body
//! does: what has been searched is not searched again, so the time is linear in the bytes fed. How the bytes were cut into
//! chunks makes no difference to what comes out.

use crate::upload::PartHeaders;
use bytes::{Buf, Bytes, BytesMut};
use memchr::memmem;

/// Bytes of a part's header block.
const MAX_HEADER_BYTES: usize = 8 * 1024;
/// Header fields of a part.
const MAX_HEADER_FIELDS: usize = 16;
/// Blanks between a delimiter and the end of its line; more make it an ordinary line.
const MAX_PADDING: usize = 1024;
/// Bytes of a boundary. RFC 2046 allows 70; some clients do not count.
const MAX_BOUNDARY: usize = 256;

/// What the decoder found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// Nothing yet: feed more bytes.
    NeedData,
    /// A part begins.
    Part(Part),
    /// Bytes of the part that began last; `last` ends it.
    Data {
        /// The bytes, which may be none.
        bytes: Bytes,
        /// Whether the part is complete with them.
        last: bool,
    },
    /// The form is complete.
    End,
}

/// The head of a part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// The name of the field; `None` when the part does not say.
    pub name: Option<String>,
    /// The name of the file, which may be empty; `None` for a part that is no file.
    pub filename: Option<String>,
    /// The header fields.
    pub headers: PartHeaders,
}

/// Why a body is not accepted as a form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MultipartError {
    /// The bytes are no multipart form; with the reason.
    Malformed(&'static str),
    /// There are too many parts, or a part has too large a head.
    TooLarge,
}

impl std::fmt::Display for MultipartError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            MultipartError::Malformed(why) => why,
            MultipartError::TooLarge => "too many parts, or too large a part head",
        })
    }
}

impl std::error::Error for MultipartError {}

/// The decoder.
///
/// ```
/// use carboy_http::form::multipart::{Decoder, Event};
/// let mut decoder = Decoder::new("b", None)?;
/// decoder.feed(b"--b\r\nContent-Disposition: form-data; name=a\r\n\r\n1\r\n--b--\r\n");
/// let Event::Part(part) = decoder.next_event()? else { panic!() };
/// assert_eq!(part.name.as_deref(), Some("a"));
/// assert_eq!(decoder.next_event()?, Event::Data { bytes: "1".into(), last: true });
/// decoder.finish();
/// assert_eq!(decoder.next_event()?, Event::End);
/// # Ok::<(), carboy_http::form::multipart::MultipartError>(())
/// ```
#[derive(Debug)]
pub struct Decoder {
    /// Finds `--` and the boundary.
    finder: memmem::Finder<'static>,
    /// Bytes fed and not yet used up.
    buffer: BytesMut,
    /// Where the next search in the buffer begins.
    scan: usize,
    state: State,
    parts: usize,
    max_parts: Option<usize>,
    /// Whether all bytes have been fed.
    complete: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Before the first delimiter.
    Preamble,
    /// Behind a delimiter line.
    Head,
    /// Behind a head, at the line end that ends it.
    DataStart,
    /// In the data; so many bytes at the front of the buffer are still the line end of the head.
    Data { lead: usize },
    /// Behind the last delimiter.
    Epilogue,
}

/// What follows the boundary in the buffer.
enum Suffix {
    /// The form ends.
    End,
    /// A part begins at this position of the buffer.
    Part(usize),
    /// This is no delimiter.
    No,
    /// Too few bytes to tell.
    Unknown,
}

impl Decoder {
    /// A decoder for this boundary, that accepts so many parts.
    ///
    /// # Errors
    /// For a boundary that is empty, longer than 256 bytes, or not ASCII.
    pub fn new(boundary: &str, max_parts: Option<usize>) -> Result<Self, MultipartError> {
        if boundary.is_empty() || boundary.len() > MAX_BOUNDARY || !boundary.is_ascii() {
            return Err(MultipartError::Malformed("the content type has no usable boundary"));
        }
        let delimiter = format!("--{boundary}");
        Ok(Decoder {
            finder: memmem::Finder::new(delimiter.as_bytes()).into_owned(),
            buffer: BytesMut::new(),
            scan: 0,
            state: State::Preamble,
            parts: 0,
            max_parts,
            complete: false,
        })
    }

    /// Feeds the next bytes of the body.
    pub fn feed(&mut self, data: &[u8]) {
        if self.state != State::Epilogue {
            self.buffer.extend_from_slice(data);
        }
    }

    /// Says that there are no more bytes.
    pub fn finish(&mut self) {
        self.complete = true;
    }

    /// What comes next.
    ///
    /// # Errors
    /// When the body is malformed, ends too early, or passes a limit. The decoder is of no use then.
    pub fn next_event(&mut self) -> Result<Event, MultipartError> {
        loop {
            let event = match self.state {
                State::Preamble => self.preamble(),
                State::Head => self.head()?,
                State::DataStart => self.data_start(),
                State::Data { lead } => self.data(lead),
                State::Epilogue if self.complete => Some(Event::End),
                State::Epilogue => return Ok(Event::NeedData),
            };
            match event {
                Some(Event::NeedData) if self.complete => {
                    return Err(MultipartError::Malformed("the form ends before its last delimiter"));
                }
                Some(event) => return Ok(event),
                None => {}
            }
        }
    }

    /// Looks for the first delimiter, which needs no line end before it.
    fn preamble(&mut self) -> Option<Event> {
        let length = self.finder.needle().len();
        while let Some(at) = self.find(self.scan) {
            match self.suffix(at + length) {
                Suffix::End => {
                    self.end();
                    return None;
                }
                Suffix::Part(start) => {
                    self.enter(State::Head, start);
                    return None;
                }
                Suffix::No => self.scan = at + 1,
                Suffix::Unknown => {
                    self.buffer.advance(at);
                    self.scan = 0;
                    return Some(Event::NeedData);
                }
            }
        }
        let passed = self.buffer.len().saturating_sub(length - 1).max(self.scan.min(self.buffer.len()));
        self.buffer.advance(passed);
        self.scan = 0;
        Some(Event::NeedData)
    }

    /// Looks for the empty line that ends a head, and reads the head.
    fn head(&mut self) -> Result<Option<Event>, MultipartError> {
        let Some((start, end)) = self.blank_line() else {
            return if self.buffer.len() > MAX_HEADER_BYTES {
                Err(MultipartError::TooLarge)
            } else {
                Ok(Some(Event::NeedData))
            };
        };
        if start > MAX_HEADER_BYTES {
            return Err(MultipartError::TooLarge);
        }
        let headers = parse_head(&self.buffer[..start])?;
        // The empty line is two line ends; the second may belong to the delimiter of a part without data.
        self.enter(State::DataStart, (start + end) / 2);
        let disposition = headers
            .get("content-disposition")
            .ok_or(MultipartError::Malformed("a part has no Content-Disposition"))?;
        let (_, options) = crate::headers::parse_options_header(disposition);
        let name = options.get("name").map(str::to_owned);
        let filename = options.get("filename").map(str::to_owned);
        self.parts += 1;
        if self.max_parts.is_some_and(|max| self.parts > max) {
            return Err(MultipartError::TooLarge);
        }
        Ok(Some(Event::Part(Part { name, filename, headers })))
    }

    /// Where the empty line behind a head begins and ends: two line ends of one kind.
    fn blank_line(&mut self) -> Option<(usize, usize)> {
        let buffer = &self.buffer[..];
        for at in memchr::memchr2_iter(b'\r', b'\n', &buffer[self.scan..]).map(|i| i + self.scan) {
            let rest = &buffer[at..];
            for blank in [&b"\r\n\r\n"[..], b"\r\r", b"\n\n"] {
                if rest.starts_with(blank) {
                    return Some((at, at + blank.len()));
                }
            }
            if rest.len() < 4 && (b"\r\n\r\n".starts_with(rest) || rest == b"\n") {
                self.scan = at;
                return None;
            }
        }
        self.scan = buffer.len();
        None
    }

    /// Passes the line end that ends the head.
    fn data_start(&mut self) -> Option<Event> {
        let lead = match (&self.buffer[..], self.complete) {
            ([b'\r', b'\n', ..], _) => 2,
            ([] | [b'\r'], false) => return Some(Event::NeedData),
            _ => 1,
        };
        self.state = State::Data { lead };
        self.scan = 0;
        None
    }

    /// Looks for the delimiter that ends the data; a line end belongs to it.
    fn data(&mut self, lead: usize) -> Option<Event> {
        let length = self.finder.needle().len();
        while let Some(at) = self.find(self.scan) {
            let line_end = match &self.buffer[..at] {
                [.., b'\r', b'\n'] => 2,
                [.., b'\r' | b'\n'] => 1,
                _ => 0,
            };
            let suffix = if line_end > 0 { self.suffix(at + length) } else { Suffix::No };
            // Without data, the delimiter's line end is that of the head.
            let end = at - line_end;
            match suffix {
                // A line end must precede the next candidate, and the boundary has none in it.
                Suffix::No => self.scan = at + length,
                Suffix::Unknown => {
                    let held = if end >= lead { end } else { 0 };
                    let lead_held = if end >= lead { 0 } else { lead };
                    self.scan = at - held;
                    let bytes = self.take(lead, held);
                    self.state = State::Data { lead: lead_held };
                    return Some(match bytes {
                        Some(bytes) => Event::Data { bytes, last: false },
                        None => Event::NeedData,
                    });
                }
                Suffix::End => {
                    let bytes = self.take(lead, end.max(lead)).unwrap_or_default();
                    self.end();
                    return Some(Event::Data { bytes, last: true });
                }
                Suffix::Part(start) => {
                    let end = end.max(lead);
                    let bytes = self.take(lead, end).unwrap_or_default();
                    self.enter(State::Head, start.saturating_sub(end));
                    return Some(Event::Data { bytes, last: true });
                }
            }
        }
        // The end of the buffer may be the beginning of a delimiter, its line end included.
        let held = self.buffer.len().saturating_sub(length + 1);
        if held <= lead {
            self.scan = self.scan.max(self.buffer.len().saturating_sub(length - 1));
            return Some(Event::NeedData);
        }
        let bytes = self.take(lead, held);
        self.scan = self.scan.saturating_sub(held).max(self.buffer.len().saturating_sub(length - 1));
        self.state = State::Data { lead: 0 };
        Some(bytes.map_or(Event::NeedData, |bytes| Event::Data { bytes, last: false }))
    }

    fn find(&self, from: usize) -> Option<usize> {
        let rest = self.buffer.get(from..)?;
        self.finder.find(rest).map(|at| at + from)
    }

    fn suffix(&self, at: usize) -> Suffix {
        let rest = &self.buffer[at..];
        let unknown = |known: Suffix| if self.complete { known } else { Suffix::Unknown };
        if rest.starts_with(b"--") {
            return Suffix::End;
        }
        if rest == b"-" {
            return unknown(Suffix::No);
        }
        let is_blank = |byte: &&u8| matches!(byte, b' ' | b'\t' | 0x0b | 0x0c);
        let blanks = rest.iter().take(MAX_PADDING + 1).take_while(is_blank).count();
        if blanks > MAX_PADDING {
            return Suffix::No;
        }
        match &rest[blanks..] {
            [] => unknown(Suffix::No),
            [b'\r', b'\n', ..] => Suffix::Part(at + blanks + 2),
            [b'\r'] => unknown(Suffix::Part(at + blanks + 1)),
            [b'\r' | b'\n', ..] => Suffix::Part(at + blanks + 1),
            _ => Suffix::No,
        }
    }

    /// Uses up the first bytes of the buffer; those from `from` to `to` are the result, if there are any.
    fn take(&mut self, from: usize, to: usize) -> Option<Bytes> {
        if to <= from {
            self.buffer.advance(to);
            return None;
        }
        self.buffer.advance(from);
        Some(self.buffer.split_to(to - from).freeze())
    }

    fn enter(&mut self, state: State, at: usize) {
        self.buffer.advance(at);
        self.scan = 0;
        self.state = state;
    }

    fn end(&mut self) {
        self.buffer = BytesMut::new();
        self.state = State::Epilogue;
    }
}

/// The fields of a head, continued lines joined.
fn parse_head(head: &[u8]) -> Result<PartHeaders, MultipartError> {
    let mut unfolded = Vec::with_capacity(head.len());
    let mut rest = head;
    while let Some(at) = memchr::memchr2(b'\r', b'\n', rest) {
        let line_end = if rest[at..].starts_with(b"\r\n") { 2 } else { 1 };
        unfolded.extend_from_slice(&rest[..at]);
        rest = &rest[at + line_end..];
        match rest {
            [b' ' | b'\t', tail @ ..] => {
                unfolded.push(b' ');
                rest = tail;
            }
            _ => unfolded.push(b'\n'),
        }
    }
    unfolded.extend_from_slice(rest);
    let mut headers = PartHeaders::default();
    for line in unfolded.split(|byte| *byte == b'\n') {
        let line = std::str::from_utf8(line)
            .map_err(|_| MultipartError::Malformed("a part's head is not UTF-8"))?
            .trim_matches([' ', '\t']);
        if line.is_empty() {
            continue;
        }
        if headers.len() == MAX_HEADER_FIELDS {
            return Err(MultipartError::TooLarge);
        }
        let (name, value) = line.split_once(':').unwrap_or((line, ""));
        headers.push(name.trim_matches([' ', '\t']), value.trim_matches([' ', '\t']));
    }
    Ok(headers)
}

#[cfg(test)]
mod tests;
