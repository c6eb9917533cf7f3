//! Section 8: requests that are well formed, and those that are not.

use super::{common::h2::*, *};

/// A GET with more fields.
fn with(peer: &mut Peer, name: impl AsRef<[u8]>, value: impl AsRef<[u8]>) {
    peer.send(headers(WHOLE, 1, &[request("GET", "/"), field(name, value)].concat()));
}

fn bad(peer: &mut Peer, name: impl AsRef<[u8]>, value: impl AsRef<[u8]>) -> Expect {
    with(peer, name, value);
    Malformed(1)
}

fn fine(peer: &mut Peer, name: &str, value: &str) -> Expect {
    with(peer, name, value);
    Status(1, 200)
}

/// A request of these fields alone.
fn of(peer: &mut Peer, fields: &[(&str, &str)]) {
    peer.send(headers(WHOLE, 1, &block(fields)));
}

/// A POST that announces its length.
fn announced(peer: &mut Peer, length: &str, pieces: &[&str]) {
    let flags = if pieces.is_empty() { WHOLE } else { END_HEADERS };
    peer.send(headers(flags, 1, &[request("POST", "/echo"), field("content-length", length)].concat()));
    for (i, piece) in pieces.iter().enumerate() {
        peer.send(frame(DATA, u8::from(i + 1 == pieces.len()), 1, piece.as_bytes()));
    }
}

const METHOD: (&str, &str) = (":method", "GET");
const SCHEME: (&str, &str) = (":scheme", "http");
const PATH: (&str, &str) = (":path", "/");
const AUTHORITY: (&str, &str) = (":authority", "a");

#[rustfmt::skip]
pub(super) const CASES: &[Case] = &[
    case("8.1", "a request without body", |p| { p.send(get(1, "/")); Status(1, 200) }),
    case("8.1", "a second block that does not end the stream", |p| { p.send(headers(END_HEADERS, 1, &request("POST", "/echo"))); p.send(headers(END_HEADERS, 1, &field("x", "y"))); Malformed(1) }),
    case("8.1", "trailers", |p| { p.send(headers(END_HEADERS, 1, &request("POST", "/echo"))); p.send(frame(DATA, 0, 1, b"x")); p.send(headers(WHOLE, 1, &field("x-sum", "1"))); Status(1, 200) }),
    // It makes the request malformed; h2 drops it, so that nobody sees it.
    case("8.1", "trailers with a pseudo-header", |p| { p.send(headers(END_HEADERS, 1, &request("POST", "/echo"))); p.send(frame(DATA, 0, 1, b"x")); p.send(headers(WHOLE, 1, &field(":method", "GET"))); Status(1, 200) }),
    case("8.1", "DATA after trailers", |p| { p.send(headers(END_HEADERS, 1, &request("POST", "/slow?2000"))); p.send(headers(WHOLE, 1, &field("x-sum", "1"))); p.send(frame(DATA, 0, 1, b"x")); Reset(1, &[STREAM_CLOSED, PROTOCOL]) }),
    case("8.1", "an answer that comes before the request is complete", |p| { p.send(headers(END_HEADERS, 1, &request("POST", "/unread"))); p.send(frame(DATA, 0, 1, b"x")); assert_eq!(p.status(1), 413); OnlyReset(1, &[NO_ERROR]) }),
    case("8.1.1", "a length of 5 and no body", |p| { announced(p, "5", &[]); Malformed(1) }),
    case("8.1.1", "a length of 1 and a body of 2", |p| { announced(p, "1", &["xx"]); Malformed(1) }),
    case("8.1.1", "a length of 3 and a body of 2", |p| { announced(p, "3", &["xx"]); Malformed(1) }),
    case("8.1.1", "a length of 1 and a body of 2 in pieces", |p| { announced(p, "1", &["x", "x"]); Malformed(1) }),
    case("8.1.1", "a length of 5 and a body of 4 in pieces", |p| { announced(p, "5", &["xx", "", "xx"]); Malformed(1) }),
    case("8.1.1", "a length of 4 and a body of 4 in pieces", |p| { announced(p, "4", &["xx", "", "xx"]); Status(1, 200) }),
    case("8.1.1", "a length of 0 and no body", |p| { announced(p, "0", &[]); Status(1, 200) }),
    case("8.1.1", "a length that is no number", |p| { announced(p, "four", &["xxxx"]); Malformed(1) }),
    case("8.1.1", "a length with a sign", |p| { announced(p, "+4", &["xxxx"]); Malformed(1) }),
    case("8.1.1", "two lengths that differ", |p| { p.send(headers(END_HEADERS, 1, &[request("POST", "/echo"), field("content-length", "4"), field("content-length", "5")].concat())); p.send(frame(DATA, END_STREAM, 1, b"xxxx")); Malformed(1) }),
    case("8.2", "a name in capitals", |p| bad(p, "X-Capital", "1")),
    case("8.2", "a name with one capital", |p| bad(p, "content-lengtH", "0")),
    case("8.2.1", "a name without a byte", |p| bad(p, "", "1")),
    case("8.2.1", "a name with a blank", |p| bad(p, "x y", "1")),
    case("8.2.1", "a name with a colon", |p| bad(p, "x:y", "1")),
    case("8.2.1", "a name with a control character", |p| bad(p, "x\x01", "1")),
    case("8.2.1", "a name with a byte above ASCII", |p| bad(p, b"x\xff", "1")),
    case("8.2.1", "a value with a carriage return", |p| bad(p, "x", "a\rb")),
    case("8.2.1", "a value with a line feed", |p| bad(p, "x", "a\nb")),
    case("8.2.1", "a value with a zero byte", |p| bad(p, "x", "a\0b")),
    case("8.2.1", "a value that begins with a blank", |p| bad(p, "x", " a")),
    case("8.2.1", "a value that ends with a tab", |p| bad(p, "x", "a\t")),
    case("8.2.1", "a value without a byte", |p| fine(p, "x", "")),
    case("8.2.1", "a value with blanks and tabs inside", |p| fine(p, "x", "a \t b")),
    case("8.2.1", "a value with bytes above ASCII", |p| fine(p, "x", "naïve")),
    case("8.2.2", "Connection", |p| bad(p, "connection", "keep-alive")),
    case("8.2.2", "Keep-Alive", |p| bad(p, "keep-alive", "timeout=5")),
    case("8.2.2", "Proxy-Connection", |p| bad(p, "proxy-connection", "keep-alive")),
    case("8.2.2", "Transfer-Encoding", |p| bad(p, "transfer-encoding", "chunked")),
    case("8.2.2", "Upgrade", |p| bad(p, "upgrade", "h2c")),
    case("8.2.2", "TE with more than trailers", |p| bad(p, "te", "trailers, deflate")),
    case("8.2.2", "TE: trailers", |p| fine(p, "te", "trailers")),
    case("8.2.3", "cookies in several fields", |p| { p.send(headers(WHOLE, 1, &[request("GET", "/"), field("cookie", "a=1"), field("cookie", "b=2")].concat())); Status(1, 200) }),
    case("8.3", "a pseudo-header that is not known", |p| { p.send(headers(WHOLE, 1, &[field(":x", "y"), request("GET", "/")].concat())); Malformed(1) }),
    case("8.3", "a pseudo-header of answers", |p| { p.send(headers(WHOLE, 1, &[field(":status", "200"), request("GET", "/")].concat())); Malformed(1) }),
    case("8.3", "a pseudo-header behind a field", |p| { of(p, &[METHOD, SCHEME, PATH, ("x", "y"), AUTHORITY]); Malformed(1) }),
    case("8.3.1", "no :method", |p| { of(p, &[SCHEME, PATH, AUTHORITY]); Malformed(1) }),
    case("8.3.1", "no :scheme", |p| { of(p, &[METHOD, PATH, AUTHORITY]); Malformed(1) }),
    case("8.3.1", "no :path", |p| { of(p, &[METHOD, SCHEME, AUTHORITY]); Malformed(1) }),
    case("8.3.1", "an empty :path", |p| { of(p, &[METHOD, SCHEME, (":path", ""), AUTHORITY]); Malformed(1) }),
    case("8.3.1", "a :path without a slash", |p| { of(p, &[METHOD, SCHEME, (":path", "index"), AUTHORITY]); Malformed(1) }),
    case("8.3.1", "a :path with a blank", |p| { of(p, &[METHOD, SCHEME, (":path", "/a b"), AUTHORITY]); Malformed(1) }),
    case("8.3.1", "an empty :method", |p| { of(p, &[(":method", ""), SCHEME, PATH, AUTHORITY]); Malformed(1) }),
    case("8.3.1", "two :method", |p| { of(p, &[METHOD, METHOD, SCHEME, PATH, AUTHORITY]); Malformed(1) }),
    case("8.3.1", "two :scheme", |p| { of(p, &[METHOD, SCHEME, SCHEME, PATH, AUTHORITY]); Malformed(1) }),
    case("8.3.1", "two :path", |p| { of(p, &[METHOD, SCHEME, PATH, PATH, AUTHORITY]); Malformed(1) }),
    case("8.3.1", "two :authority", |p| { of(p, &[METHOD, SCHEME, PATH, AUTHORITY, AUTHORITY]); Malformed(1) }),
    case("8.3.1", ":authority and the same Host", |p| fine(p, "host", "a")),
    case("8.3.1", ":authority and another Host", |p| bad(p, "host", "b")),
    case("8.3.1", "Host instead of :authority", |p| { of(p, &[METHOD, SCHEME, PATH, ("host", "a")]); Status(1, 200) }),
    case("8.3.1", "neither :authority nor Host", |p| { of(p, &[METHOD, SCHEME, PATH]); Malformed(1) }),
    case("8.3.1", "a user in :authority", |p| { of(p, &[METHOD, SCHEME, PATH, (":authority", "user@a")]); Malformed(1) }),
    case("8.3.1", "OPTIONS *", |p| { of(p, &[(":method", "OPTIONS"), SCHEME, (":path", "*"), AUTHORITY]); Status(1, 404) }),
    case("8.4", "a stream of the server's number", |p| { p.send(frame(DATA, 0, 2, b"x")); Goaway(&[PROTOCOL]) }),
    case("8.5", "CONNECT with :scheme and :path", |p| { of(p, &[(":method", "CONNECT"), SCHEME, PATH, AUTHORITY]); OnlyReset(1, &[PROTOCOL]) }),
    case("8.5", "CONNECT is not for this server", |p| { of(p, &[(":method", "CONNECT"), (":authority", "a:80")]); Status(1, 405) }),
    case("8.7", "GOAWAY of a drain is not in the way of requests that came before", |p| { p.send(get(1, "/slow?100")); Status(1, 200) }),
];
