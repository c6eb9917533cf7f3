//! The PROXY protocol, versions 1 and 2 (haproxy.org, "The PROXY protocol", 2020): what a load balancer that passes on connections says about
//! the client, before the client's first byte.

use std::{
    io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
};
use tokio::io::{AsyncRead, AsyncReadExt};

/// How a header of version 2 begins.
const SIGNATURE: &[u8; 12] = b"\r\n\r\n\0\r\nQUIT\n";

/// How a header of version 1 begins.
const WORD: &[u8; 6] = b"PROXY ";

/// The longest header of version 1, its line's end included (section 2.1).
const LONGEST_V1: usize = 107;

/// The shortest header of version 1: `PROXY UNKNOWN`.
const SHORTEST_V1: usize = 15;

/// The fixed part of a header of version 2.
const FIXED_V2: usize = 16;

/// The longest header of version 2 that is read. The addresses take 36 bytes, or 216 for Unix sockets; what follows them are extensions, which
/// are skipped.
const LONGEST_V2: usize = 4096;

/// What a header says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Said {
    /// The connection is the proxy's own, as for a health check, or of a kind without addresses: its own addresses count.
    Nothing,
    /// The client's address, and the one that it connected to.
    Addresses { source: SocketAddr, destination: SocketAddr },
}

/// How far a header has come.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Header {
    /// It is complete.
    Complete(Said),
    /// At least so many bytes of it are still to come.
    Incomplete(usize),
    /// It is none.
    Malformed,
}

/// Reads a header from a connection that has sent nothing before, and not a byte more. An error when it is malformed or the peer leaves; the
/// caller sets the deadline.
pub(crate) async fn read(stream: &mut (impl AsyncRead + Unpin)) -> io::Result<Said> {
    let mut bytes = Vec::with_capacity(64);
    loop {
        match parse(&bytes) {
            Header::Complete(said) => return Ok(said),
            Header::Malformed => return Err(io::ErrorKind::InvalidData.into()),
            Header::Incomplete(more) => {
                let begin = bytes.len();
                bytes.resize(begin + more, 0);
                stream.read_exact(&mut bytes[begin..]).await?;
            }
        }
    }
}

/// Looks at the bytes of a header; at none that follow it.
pub(crate) fn parse(bytes: &[u8]) -> Header {
    if bytes.is_empty() {
        return Header::Incomplete(SHORTEST_V1.min(FIXED_V2));
    }
    let begins = |with: &[u8]| bytes.iter().zip(with).all(|(a, b)| a == b);
    if begins(SIGNATURE) {
        version_2(bytes)
    } else if begins(WORD) {
        version_1(bytes)
    } else {
        Header::Malformed
    }
}

/// `PROXY TCP4 192.0.2.1 198.51.100.1 4711 80\r\n`.
fn version_1(bytes: &[u8]) -> Header {
    // A proxy writes the line at once. It is read in few pieces, none of which can pass its end.
    if bytes.len() < SHORTEST_V1 {
        return Header::Incomplete(SHORTEST_V1 - bytes.len());
    }
    let Some(end) = bytes.iter().position(|b| *b == b'\n') else {
        if bytes.len() >= LONGEST_V1 {
            return Header::Malformed;
        }
        let least = if bytes.ends_with(b"\r") { 1 } else { least_v1(bytes) };
        return Header::Incomplete(least);
    };
    let Some(line) = bytes[..end].strip_suffix(b"\r").filter(|_| end < LONGEST_V1) else {
        return Header::Malformed;
    };
    match std::str::from_utf8(&line[WORD.len()..]).ok().and_then(fields) {
        Some(said) => Header::Complete(said),
        None => Header::Malformed,
    }
}

/// How many bytes a line that has not ended is short of at least: each field that has not begun has a blank and a character.
fn least_v1(bytes: &[u8]) -> usize {
    let is_tcp = bytes[WORD.len()..].starts_with(b"TCP");
    let blanks = bytes.iter().filter(|b| **b == b' ').count();
    if is_tcp { 2 * 5usize.saturating_sub(blanks) + 2 } else { 2 }
}

fn fields(line: &str) -> Option<Said> {
    let (family, rest) = line.split_once(' ').unwrap_or((line, ""));
    let source;
    let destination;
    let mut fields = rest.split(' ');
    match family {
        // What follows is not to be looked at.
        "UNKNOWN" => return Some(Said::Nothing),
        "TCP4" => {
            source = IpAddr::V4(fields.next()?.parse().ok()?);
            destination = IpAddr::V4(fields.next()?.parse().ok()?);
        }
        "TCP6" => {
            source = IpAddr::V6(fields.next()?.parse().ok()?);
            destination = IpAddr::V6(fields.next()?.parse().ok()?);
        }
        _ => return None,
    }
    let mut port = || {
        let digits = fields.next()?;
        let canonical =
            digits.bytes().all(|b| b.is_ascii_digit()) && (digits == "0" || !digits.starts_with('0'));
        canonical.then(|| digits.parse::<u16>().ok()).flatten()
    };
    let (source, destination) = (SocketAddr::new(source, port()?), SocketAddr::new(destination, port()?));
    fields.next().is_none().then_some(Said::Addresses { source, destination })
}

fn version_2(bytes: &[u8]) -> Header {
    if bytes.len() < FIXED_V2 {
        return Header::Incomplete(FIXED_V2 - bytes.len());
    }
    let (version, command, family) = (bytes[12] >> 4, bytes[12] & 0xf, bytes[13]);
    let length = usize::from(u16::from_be_bytes([bytes[14], bytes[15]]));
    if version != 2 || command > 1 || FIXED_V2 + length > LONGEST_V2 {
        return Header::Malformed;
    }
    let body = &bytes[FIXED_V2..];
    if body.len() < length {
        return Header::Incomplete(length - body.len());
    }
    // LOCAL: whatever follows is to be skipped.
    if command == 0 {
        return Header::Complete(Said::Nothing);
    }
    let body = &body[..length];
    let port = |at: usize| u16::from_be_bytes([body[at], body[at + 1]]);
    let said = match (family >> 4, family & 0xf) {
        // AF_INET and AF_INET6 with SOCK_STREAM; a datagram comes by no connection.
        (1, 1) if length >= 12 => {
            let address = |at: usize| Ipv4Addr::new(body[at], body[at + 1], body[at + 2], body[at + 3]);
            Said::Addresses {
                source: (address(0), port(8)).into(),
                destination: (address(4), port(10)).into(),
            }
        }
        (2, 1) if length >= 36 => {
            let address = |at: usize| {
                let mut octets = [0; 16];
                octets.copy_from_slice(&body[at..at + 16]);
                Ipv6Addr::from(octets)
            };
            Said::Addresses {
                source: (address(0), port(32)).into(),
                destination: (address(16), port(34)).into(),
            }
        }
        // AF_UNSPEC, and AF_UNIX with its paths.
        (0, _) | (3, 1) => Said::Nothing,
        _ => return Header::Malformed,
    };
    Header::Complete(said)
}

#[cfg(test)]
mod tests;
