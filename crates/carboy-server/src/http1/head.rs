//! The head of a request: bytes → a [`Request`] without its body, and how that is framed, or the reason why not.
//!
//! The grammar is that of RFC 9112, sections 2 to 6, without its leniency: a head that two readers could understand differently is refused, because a
//! proxy in front may be the other reader.

use crate::{config::Http1Config, refusal::Refusal};
use bytes::{Buf, Bytes, BytesMut};
use carboy_http::Request;
use http::{HeaderName, HeaderValue, Method, StatusCode, Uri, Version, header, request::Parts};
use memchr::{memchr, memchr_iter};
use smallvec::SmallVec;

/// A request without its body.
#[derive(Debug)]
pub(super) struct Head {
    pub(super) request: Request,
    pub(super) framing: Framing,
    /// The client will send another request on this connection.
    pub(super) persistent: bool,
    /// The client sends the body once it was told to.
    pub(super) expects_continue: bool,
    /// The client asks for another protocol.
    pub(super) upgrade: bool,
    /// The client takes fields behind the body of the answer.
    pub(super) takes_trailers: bool,
}

/// How long a body is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Framing {
    Empty,
    Length(u64),
    Chunked,
}

/// The host that the last head of a connection named. A client names the same one each time, and what was read and judged once need not be again.
#[derive(Debug, Default)]
pub(super) struct LastHost(Option<HeaderValue>);

impl LastHost {
    pub(super) fn value(&self) -> Option<&HeaderValue> {
        self.0.as_ref()
    }

    /// Notes a host that passed the gate. It is copied, since the value of a head keeps the whole input in memory.
    pub(super) fn note(&mut self, host: Option<&HeaderValue>) {
        let Some(host) = host else { return };
        if self.0.as_ref() != Some(host) {
            self.0 = HeaderValue::from_bytes(host.as_bytes()).ok();
        }
    }

    fn again(&self, name: &HeaderName, value: &[u8]) -> Option<HeaderValue> {
        let host = self.0.as_ref()?;
        (*name == header::HOST && host.as_bytes() == value).then(|| host.clone())
    }
}

/// Takes a head from the input once all of it is there; one that is refused stays there. `scanned` is how much of the input was looked at before.
pub(super) fn take(
    input: &mut BytesMut,
    scanned: &mut usize,
    limits: &Http1Config,
    last_host: &LastHost,
) -> Result<Option<Head>, Refusal> {
    // Empty lines before a request line are left over from clients that end a body with one (RFC 9112, section 2.2).
    while input.starts_with(b"\r\n") {
        input.advance(2);
        *scanned = scanned.saturating_sub(2);
    }
    let mut lines = Lines::new();
    let Some(length) = end(input, scanned, &mut lines)? else {
        return if input.len() > limits.max_head_size {
            Err(too_large(input, limits.max_head_size))
        } else {
            Ok(None)
        };
    };
    if length > limits.max_head_size {
        return Err(too_large(input, limits.max_head_size));
    }
    if *scanned > 0 {
        // The head came in pieces; the lines of the first ones are not noted.
        *scanned = 0;
        lines.clear();
        end(input, &mut 0, &mut lines)?;
    }
    let bytes = input.split_to(length).freeze();
    let head = parse(&bytes, &lines, limits.max_headers, last_host);
    if head.is_err() {
        *input = BytesMut::from(&bytes[..]);
    }
    head.map(Some)
}

/// How much of a request line is looked at that was refused: more than is logged of it.
const NOTED: usize = 2 * 1024;

/// What can be read of a request that was refused, for those who watch: `-` stands for a method or a target that is none.
pub(super) fn noted(input: &[u8]) -> Parts {
    let line = &input[..input.len().min(NOTED)];
    let line = memchr(b'\n', line).map_or(line, |end| &line[..end]).trim_ascii();
    let (line, version) = match line.strip_suffix(b" HTTP/1.0") {
        Some(line) => (line, Version::HTTP_10),
        None => (line.strip_suffix(b" HTTP/1.1").unwrap_or(line), Version::HTTP_11),
    };
    let (method, target) = line.split_at(find(b' ', line).unwrap_or(line.len()));
    let mut parts = http::Request::new(()).into_parts().0;
    parts.version = version;
    parts.method = Method::from_bytes(method).unwrap_or_else(|_| none().0);
    parts.uri = Uri::try_from(target.trim_ascii_start()).unwrap_or_else(|_| none().1);
    parts
}

/// What stands for a method and a target that are none.
fn none() -> (Method, Uri) {
    (Method::from_bytes(b"-").expect("a token"), Uri::from_static("-"))
}

/// Where the lines of a head end: the places of their line feeds.
type Lines = SmallVec<[u32; 24]>;

/// Where the head ends. Each byte is looked at once, however slowly the head drips in.
fn end(input: &[u8], scanned: &mut usize, lines: &mut Lines) -> Result<Option<usize>, Refusal> {
    for newline in memchr_iter(b'\n', &input[*scanned..]) {
        let newline = *scanned + newline;
        if newline == 0 || input[newline - 1] != b'\r' {
            return Err(Refusal::bad("A line ends without a carriage return.\n"));
        }
        if newline >= 3 && input[newline - 3..newline - 1] == *b"\r\n" {
            return Ok(Some(newline + 1));
        }
        lines.push(newline as u32);
    }
    *scanned = input.len();
    Ok(None)
}

fn too_large(input: &[u8], limit: usize) -> Refusal {
    if memchr(b'\n', input).is_none_or(|end| end > limit) {
        Refusal::new(StatusCode::URI_TOO_LONG, "The request line is too long.\n")
    } else {
        Refusal::new(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE, "The header fields are too large.\n")
    }
}

const TOO_MANY: Refusal =
    Refusal::new(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE, "Too many header fields.\n");

/// Reads a head of which every line ends as it should. What a method, a target, a name and a value are made of, http's types know.
fn parse(bytes: &Bytes, lines: &[u32], max_headers: usize, last_host: &LastHost) -> Result<Head, Refusal> {
    let mut begin = 0;
    let mut lines = lines.iter().map(|&end| {
        let line = &bytes[begin..end as usize - 1];
        begin = end as usize + 1;
        line
    });
    let line = lines.next().unwrap_or_default();
    let (method, target, version) = request_line(line).ok_or(Refusal::bad("Invalid request line.\n"))?;
    let mut request = Request::blank();
    let parts = request.parts_mut();
    parts.method = Method::from_bytes(method).map_err(|_| Refusal::bad("Invalid method.\n"))?;
    parts.uri = Uri::from_maybe_shared(bytes.slice_ref(target))
        .map_err(|_| Refusal::bad("Invalid request target.\n"))?;
    parts.version = version;

    let headers = &mut parts.headers;
    let mut reading = Reading::new(version);
    for line in lines {
        if headers.len() == max_headers {
            return Err(TOO_MANY);
        }
        // A line that continues the one before it (RFC 9112, section 5.2) has a space in its name, and that is no name.
        let colon = find(b':', line).ok_or(Refusal::bad("A header field without a colon.\n"))?;
        let name = HeaderName::from_bytes(&line[..colon])
            .map_err(|_| Refusal::bad("Invalid header field name.\n"))?;
        let value = trim(&line[colon + 1..]);
        let value = match last_host.again(&name, value) {
            Some(host) => host,
            None => HeaderValue::from_maybe_shared(bytes.slice_ref(value))
                .map_err(|_| Refusal::bad("Invalid header field value.\n"))?,
        };
        reading.field(&name, &value)?;
        headers.try_append(name, value).map_err(|_| TOO_MANY)?;
    }
    let (framing, persistent) = reading.finish()?;
    let upgrade = reading.upgrade && reading.connection_upgrade && version == Version::HTTP_11;
    let expects_continue = reading.expects_continue && framing != Framing::Empty;
    let takes_trailers = reading.takes_trailers;
    Ok(Head { request, framing, persistent, expects_continue, upgrade, takes_trailers })
}

/// Method, target and version, with one space between them.
fn request_line(line: &[u8]) -> Option<(&[u8], &[u8], Version)> {
    let (line, version) = if let Some(line) = line.strip_suffix(b" HTTP/1.1") {
        (line, Version::HTTP_11)
    } else {
        (line.strip_suffix(b" HTTP/1.0")?, Version::HTTP_10)
    };
    let space = find(b' ', line)?;
    let target = &line[space + 1..];
    // http takes DEL for a part of a path, and looks at nothing behind a number sign.
    let is_visible = |byte: &u8| *byte > b' ' && *byte != 0x7f;
    let is_text = target.iter().all(u8::is_ascii_graphic)
        || target.iter().all(is_visible) && str::from_utf8(target).is_ok();
    is_text.then_some((&line[..space], target, version))
}

/// Where a byte is that is expected soon.
fn find(byte: u8, bytes: &[u8]) -> Option<usize> {
    bytes.iter().position(|&b| b == byte)
}

fn trim(value: &[u8]) -> &[u8] {
    let is_space = |byte: &u8| matches!(byte, b' ' | b'\t');
    let begin = value.iter().position(|byte| !is_space(byte)).unwrap_or(value.len());
    let end = value.iter().rposition(|byte| !is_space(byte)).map_or(begin, |last| last + 1);
    &value[begin..end]
}

/// What the fields say about the framing and the connection, as they come by.
struct Reading {
    version: Version,
    length: Option<u64>,
    coding: Coding,
    close: bool,
    keep_alive: bool,
    connection_upgrade: bool,
    upgrade: bool,
    expects_continue: bool,
    takes_trailers: bool,
}

#[derive(PartialEq, Eq)]
enum Coding {
    None,
    Chunked,
    /// Others, and chunks around them.
    Others,
}

impl Reading {
    fn new(version: Version) -> Self {
        Reading {
            version,
            length: None,
            coding: Coding::None,
            close: false,
            keep_alive: false,
            connection_upgrade: false,
            upgrade: false,
            expects_continue: false,
            takes_trailers: false,
        }
    }

    fn field(&mut self, name: &HeaderName, value: &HeaderValue) -> Result<(), Refusal> {
        if *name == header::CONTENT_LENGTH {
            // Even the same length twice: a proxy in front may have joined or dropped one.
            if self.length.is_some() {
                return Err(Refusal::bad("More than one Content-Length header.\n"));
            }
            self.length = Some(length(value.as_bytes())?);
        } else if *name == header::TRANSFER_ENCODING {
            if self.coding != Coding::None {
                return Err(Refusal::bad("More than one Transfer-Encoding header.\n"));
            }
            self.coding = coding(value.as_bytes())?;
        } else if *name == header::CONNECTION {
            for option in tokens(value.as_bytes()) {
                self.close |= option.eq_ignore_ascii_case(b"close");
                self.keep_alive |= option.eq_ignore_ascii_case(b"keep-alive");
                self.connection_upgrade |= option.eq_ignore_ascii_case(b"upgrade");
            }
        } else if *name == header::TE {
            self.takes_trailers |= tokens(value.as_bytes()).any(|t| t.eq_ignore_ascii_case(b"trailers"));
        } else if *name == header::UPGRADE {
            self.upgrade = true;
        } else if *name == header::EXPECT {
            self.expects_continue |= value.as_bytes().eq_ignore_ascii_case(b"100-continue");
        }
        Ok(())
    }

    /// RFC 9112, section 6.3, without the leniency: what is ambiguous is refused.
    fn finish(&self) -> Result<(Framing, bool), Refusal> {
        let http11 = self.version == Version::HTTP_11;
        let framing = match (&self.coding, self.length) {
            (Coding::None, None | Some(0)) => Framing::Empty,
            (Coding::None, Some(length)) => Framing::Length(length),
            (_, Some(_)) => {
                return Err(Refusal::bad("Both Transfer-Encoding and Content-Length.\n"));
            }
            (_, None) if !http11 => {
                return Err(Refusal::bad("A request of this version has no Transfer-Encoding.\n"));
            }
            (Coding::Chunked, None) => Framing::Chunked,
            (Coding::Others, None) => {
                return Err(Refusal::new(
                    StatusCode::NOT_IMPLEMENTED,
                    "The only transfer coding is chunked.\n",
                ));
            }
        };
        Ok((framing, !self.close && (http11 || self.keep_alive)))
    }
}

fn tokens(list: &[u8]) -> impl Iterator<Item = &[u8]> {
    list.split(|&byte| byte == b',').map(<[u8]>::trim_ascii)
}

/// Digits only: no sign, no list, nothing beyond 64 bits.
fn length(value: &[u8]) -> Result<u64, Refusal> {
    let invalid = || Refusal::bad("Invalid Content-Length header.\n");
    if value.is_empty() || !value.iter().all(u8::is_ascii_digit) {
        return Err(invalid());
    }
    str::from_utf8(value).ok().and_then(|digits| digits.parse().ok()).ok_or_else(invalid)
}

fn coding(value: &[u8]) -> Result<Coding, Refusal> {
    if value.eq_ignore_ascii_case(b"chunked") {
        return Ok(Coding::Chunked);
    }
    // Without chunks around them nobody knows where they end (RFC 9112, section 6.3, rule 4).
    match tokens(value).last() {
        Some(last) if last.eq_ignore_ascii_case(b"chunked") => Ok(Coding::Others),
        _ => Err(Refusal::bad("The last transfer coding of a request must be chunked.\n")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ServerConfig;

    fn read(bytes: &[u8]) -> Result<Option<Head>, u16> {
        let config = ServerConfig::new();
        take(&mut BytesMut::from(bytes), &mut 0, &config.http1, &LastHost::default())
            .map_err(|refusal| refusal.status().as_u16())
    }

    #[test]
    fn a_head_is_taken_when_it_is_complete_and_what_follows_stays() {
        let config = ServerConfig::new();
        let all = b"\r\n\r\nPOST /a?b HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabcGET";
        let (mut input, mut scanned) = (BytesMut::new(), 0);
        let end = all.len() - 6;
        for byte in &all[..end - 1] {
            input.extend_from_slice(&[*byte]);
            assert!(take(&mut input, &mut scanned, &config.http1, &LastHost::default()).unwrap().is_none());
        }
        input.extend_from_slice(&all[end - 1..]);
        let head = take(&mut input, &mut scanned, &config.http1, &LastHost::default()).unwrap().unwrap();
        assert_eq!(
            (head.request.method().clone(), head.request.uri().to_string()),
            (Method::POST, "/a?b".to_owned())
        );
        assert_eq!((head.framing, head.persistent), (Framing::Length(3), true));
        assert_eq!(head.request.headers().len(), 2);
        assert_eq!(&input[..], b"abcGET");
    }

    #[test]
    fn whoever_ends_the_connection_or_wants_more_of_it_says_so_in_a_list() {
        let head = |fields: &str| {
            let head = read(format!("GET / HTTP/1.1\r\n{fields}\r\n").as_bytes()).unwrap().unwrap();
            (head.persistent, head.upgrade, head.expects_continue)
        };
        assert_eq!(head(""), (true, false, false));
        assert_eq!(head("Connection: foo, Close\r\n"), (false, false, false));
        assert_eq!(head("Connection: close\r\nConnection: keep-alive\r\n"), (false, false, false));
        assert_eq!(head("Connection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n"), (true, true, false));
        assert_eq!(head("Upgrade: websocket\r\n"), (true, false, false));
        assert_eq!(head("Expect: 100-Continue\r\nContent-Length: 1\r\n"), (true, false, true));
        assert_eq!(head("Expect: 100-continue\r\n"), (true, false, false));
        let old = |fields: &str| {
            read(format!("GET / HTTP/1.0\r\n{fields}\r\n").as_bytes()).unwrap().unwrap().persistent
        };
        assert!(!old("") && old("Connection: keep-alive\r\n") && !old("Connection: keep-alive, close\r\n"));
    }

    #[test]
    fn no_blank_and_no_line_end_hides_behind_a_number_sign_in_a_target() {
        let read = |target: &[u8]| read(&[b"GET ", target, b" HTTP/1.1\r\nHost: a\r\n\r\n"].concat());
        assert!(read(b"/#a").is_ok());
        let refused: [&[u8]; 7] =
            [b"/# HTTP/1.1\rX: y", b"/#a b", b"/#\t", b"/#\0", b"/#\x7f", b"/a?b#\r", b"/#\xff"];
        for target in refused {
            assert_eq!(read(target).err(), Some(400), "{target:?}");
        }
    }

    #[test]
    fn framing_that_two_readers_could_understand_differently_is_refused() {
        let framing = |fields: &str| {
            read(format!("POST / HTTP/1.1\r\n{fields}\r\n\r\n").as_bytes()).map(|head| head.unwrap().framing)
        };
        assert_eq!(framing("Content-Length: 0"), Ok(Framing::Empty));
        assert_eq!(framing("Content-Length: 007"), Ok(Framing::Length(7)));
        assert_eq!(framing("Transfer-Encoding: Chunked"), Ok(Framing::Chunked));
        for bad in [
            "Content-Length: ",
            "Content-Length: +6",
            "Content-Length: -1",
            "Content-Length: 1_0",
            "Content-Length: 0x6",
            "Content-Length: 6, 6",
            "Content-Length: 6 6",
            "Content-Length: 18446744073709551616",
            "Content-Length: 6\r\nContent-Length: 6",
            "Content-Length: 6\r\nTransfer-Encoding: chunked",
            "Transfer-Encoding: chunked\r\nContent-Length: 6",
            "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked",
            "Transfer-Encoding: chunked, identity",
            "Transfer-Encoding: xchunked",
            "Transfer-Encoding: ",
            "Transfer-Encoding: \"chunked\"",
        ] {
            assert_eq!(framing(bad), Err(400), "{bad}");
        }
        for unknown in ["identity, chunked", "gzip, chunked", "chunked, chunked"] {
            assert_eq!(framing(&format!("Transfer-Encoding: {unknown}")), Err(501), "{unknown}");
        }
    }

    #[test]
    fn a_head_beyond_the_limits_is_refused_before_it_is_complete() {
        let long = "a".repeat(70_000);
        assert_eq!(read(format!("GET /{long}").as_bytes()).unwrap_err(), 414);
        assert_eq!(read(format!("GET / HTTP/1.1\r\nX: {long}").as_bytes()).unwrap_err(), 431);
        let many: String = (0..101).map(|i| format!("X{i}: 1\r\n")).collect();
        assert_eq!(read(format!("GET / HTTP/1.1\r\n{many}\r\n").as_bytes()).unwrap_err(), 431);
    }

    #[test]
    fn a_line_that_ends_with_a_line_feed_alone_is_refused_at_once() {
        assert_eq!(read(b"GET / HTTP/1.1\n").unwrap_err(), 400);
        assert_eq!(read(b"GET / HTTP/1.1\r\nHost: a\nX: y").unwrap_err(), 400);
        assert_eq!(read(b"\nGET / HTTP/1.1\r\n\r\n").unwrap_err(), 400);
    }
}
