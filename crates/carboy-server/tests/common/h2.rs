//! A client of HTTP/2 that writes its frames by hand, and may write any.

use std::{
    io::{ErrorKind, Read, Write},
    net::{SocketAddr, TcpStream},
    time::{Duration, Instant},
};

pub const DATA: u8 = 0;
pub const HEADERS: u8 = 1;
pub const PRIORITY: u8 = 2;
pub const RST_STREAM: u8 = 3;
pub const SETTINGS: u8 = 4;
pub const PUSH_PROMISE: u8 = 5;
pub const PING: u8 = 6;
pub const GOAWAY: u8 = 7;
pub const WINDOW_UPDATE: u8 = 8;
pub const CONTINUATION: u8 = 9;

pub const ACK: u8 = 1;
pub const END_STREAM: u8 = 1;
pub const END_HEADERS: u8 = 4;
pub const PADDED: u8 = 8;
pub const WITH_PRIORITY: u8 = 0x20;
/// A request without body in one frame.
pub const WHOLE: u8 = END_STREAM | END_HEADERS;

pub const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    pub kind: u8,
    pub flags: u8,
    pub stream: u32,
    pub payload: Vec<u8>,
}

impl Frame {
    /// The error code of a `RST_STREAM` or `GOAWAY`.
    pub fn code(&self) -> u32 {
        let at = if self.kind == GOAWAY { 4 } else { 0 };
        u32::from_be_bytes(self.payload[at..at + 4].try_into().unwrap())
    }
}

pub fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let mut bytes = (payload.len() as u32).to_be_bytes()[1..].to_vec();
    bytes.extend([kind, flags]);
    bytes.extend(stream.to_be_bytes());
    bytes.extend(payload);
    bytes
}

/// A whole number of HPACK in a prefix of so many bits, behind the bits of `first`.
pub fn integer(first: u8, bits: u8, value: usize) -> Vec<u8> {
    let most = (1 << bits) - 1;
    if value < most {
        return vec![first | value as u8];
    }
    let (mut bytes, mut rest) = (vec![first | most as u8], value - most);
    while rest >= 128 {
        bytes.push(rest as u8 | 128);
        rest >>= 7;
    }
    bytes.push(rest as u8);
    bytes
}

/// A string of HPACK, not compressed.
pub fn string(text: impl AsRef<[u8]>) -> Vec<u8> {
    let text = text.as_ref();
    [&integer(0, 7, text.len()), text].concat()
}

/// A field as a literal that is not indexed.
pub fn field(name: impl AsRef<[u8]>, value: impl AsRef<[u8]>) -> Vec<u8> {
    [vec![0], string(name), string(value)].concat()
}

pub fn block(fields: &[(&str, &str)]) -> Vec<u8> {
    fields.iter().flat_map(|(name, value)| field(name, value)).collect()
}

/// The fields of a request; more can be chained behind them.
pub fn request(method: &str, path: &str) -> Vec<u8> {
    block(&[(":method", method), (":scheme", "http"), (":path", path), (":authority", "a")])
}

pub fn headers(flags: u8, stream: u32, block: &[u8]) -> Vec<u8> {
    frame(HEADERS, flags, stream, block)
}

/// A whole GET.
pub fn get(stream: u32, path: &str) -> Vec<u8> {
    headers(WHOLE, stream, &request("GET", path))
}

pub fn settings(values: &[(u16, u32)]) -> Vec<u8> {
    let payload: Vec<u8> = values
        .iter()
        .flat_map(|(id, value)| [&id.to_be_bytes()[..], &value.to_be_bytes()].concat())
        .collect();
    frame(SETTINGS, 0, 0, &payload)
}

pub fn window_update(stream: u32, by: u32) -> Vec<u8> {
    frame(WINDOW_UPDATE, 0, stream, &by.to_be_bytes())
}

pub fn reset(stream: u32) -> Vec<u8> {
    frame(RST_STREAM, 0, stream, &8u32.to_be_bytes())
}

/// What the server did next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Next {
    Frame(Frame),
    Closed,
    Silent,
}

pub struct Peer {
    pub stream: TcpStream,
    buffer: Vec<u8>,
}

impl Peer {
    /// A connection on which nothing was sent.
    pub fn bare(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).unwrap();
        stream.set_nodelay(true).unwrap();
        Peer { stream, buffer: Vec::new() }
    }

    /// A connection whose settings are exchanged and acknowledged.
    pub fn connect(address: SocketAddr) -> Self {
        Peer::with_settings(address, &[])
    }

    pub fn with_settings(address: SocketAddr, values: &[(u16, u32)]) -> Self {
        let mut peer = Peer::bare(address);
        peer.send([PREFACE, &settings(values)].concat());
        peer.send(frame(SETTINGS, ACK, 0, b""));
        peer.find(|frame| frame.kind == SETTINGS && frame.flags == ACK);
        peer
    }

    /// Sends what the server takes; whether it took all.
    pub fn send(&mut self, bytes: impl AsRef<[u8]>) -> bool {
        self.stream.write_all(bytes.as_ref()).is_ok()
    }

    pub fn next(&mut self, patience: Duration) -> Next {
        let end = Instant::now() + patience;
        loop {
            if let Some(frame) = self.parsed() {
                return Next::Frame(frame);
            }
            let Some(left) = end.checked_duration_since(Instant::now()).filter(|left| !left.is_zero()) else {
                return Next::Silent;
            };
            self.stream.set_read_timeout(Some(left)).unwrap();
            let mut chunk = [0; 65536];
            match self.stream.read(&mut chunk) {
                Ok(0) => return Next::Closed,
                Ok(n) => self.buffer.extend_from_slice(&chunk[..n]),
                Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {}
                Err(_) => return Next::Closed,
            }
        }
    }

    fn parsed(&mut self) -> Option<Frame> {
        let head = self.buffer.first_chunk::<9>()?;
        let length = u32::from_be_bytes([0, head[0], head[1], head[2]]) as usize;
        let stream = u32::from_be_bytes([head[5] & 0x7f, head[6], head[7], head[8]]);
        let (kind, flags) = (head[3], head[4]);
        let payload = self.buffer.get(9..9 + length)?.to_vec();
        self.buffer.drain(..9 + length);
        Some(Frame { kind, flags, stream, payload })
    }

    /// The next frame that is so; panics if the connection ends or stays silent for five seconds before.
    pub fn find(&mut self, so: impl Fn(&Frame) -> bool) -> Frame {
        loop {
            match self.next(Duration::from_secs(5)) {
                Next::Frame(frame) if so(&frame) => return frame,
                Next::Frame(_) => {}
                other => panic!("no such frame: {other:?}"),
            }
        }
    }

    /// The frames up to the end of the connection, which has to come before the server is silent for so long.
    pub fn until_closed(&mut self, patience: Duration) -> Result<Vec<Frame>, Vec<Frame>> {
        let mut frames = Vec::new();
        loop {
            match self.next(patience) {
                Next::Frame(frame) => frames.push(frame),
                Next::Closed => return Ok(frames),
                Next::Silent => return Err(frames),
            }
        }
    }

    /// The status of the answer on a stream.
    pub fn status(&mut self, stream: u32) -> u16 {
        let head = self.find(|frame| frame.kind == HEADERS && frame.stream == stream);
        status_of(&head.payload).unwrap_or_else(|| panic!("no status in {head:?}"))
    }
}

/// The status in a block of fields, where it has to come first.
pub fn status_of(block: &[u8]) -> Option<u16> {
    // A response may begin with a new size of the table.
    let block = &block[block.iter().position(|byte| byte & 0xe0 != 0x20)?..];
    match *block.first()? {
        0x88 => Some(200),
        0x89 => Some(204),
        0x8a => Some(206),
        0x8b => Some(304),
        0x8c => Some(400),
        0x8d => Some(404),
        0x8e => Some(500),
        0x08 | 0x18 | 0x48..=0x4e => {
            let length = *block.get(1)?;
            let text = block.get(2..2 + usize::from(length & 0x7f))?;
            if length & 0x80 == 0 {
                std::str::from_utf8(text).ok()?.parse().ok()
            } else {
                huffman_digits(text)
            }
        }
        _ => None,
    }
}

/// Digits in the code of HPACK: five bits each for 0, 1 and 2, six for the others.
fn huffman_digits(text: &[u8]) -> Option<u16> {
    let bits: Vec<u8> = text.iter().flat_map(|byte| (0..8).rev().map(move |bit| byte >> bit & 1)).collect();
    let value = |bits: &[u8]| bits.iter().fold(0, |value, bit| value << 1 | u16::from(*bit));
    let (mut rest, mut number) = (&bits[..], 0);
    for _ in 0..3 {
        let short = value(rest.get(..5)?);
        let (digit, length) = if short <= 2 { (short, 5) } else { (value(rest.get(..6)?) - 0x16, 6) };
        number = number * 10 + digit;
        rest = &rest[length..];
    }
    Some(number)
}
