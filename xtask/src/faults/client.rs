//! A client of HTTP/1.1 that notices everything that is wrong with an answer.

use std::{
    fmt,
    io::{self, Read, Write},
    net::{SocketAddr, TcpStream},
    time::Duration,
};

/// How a request was lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Lost {
    /// Nobody listens.
    Refused,
    /// No connection for another reason.
    NotConnected,
    /// The connection ended without a byte of an answer.
    Unanswered,
    /// The answer ended before it was complete.
    Truncated,
    /// What came is no HTTP.
    Malformed,
    /// Nothing came in time.
    TimedOut,
}

impl fmt::Display for Lost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Lost::Refused => "refused",
            Lost::NotConnected => "not connected",
            Lost::Unanswered => "unanswered",
            Lost::Truncated => "truncated",
            Lost::Malformed => "malformed",
            Lost::TimedOut => "timed out",
        })
    }
}

/// An answer, complete.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// The status line and the header fields.
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    /// The first field of this name.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().skip(1).find_map(|line| {
            let (found, value) = line.split_once(':')?;
            found.eq_ignore_ascii_case(name).then(|| value.trim())
        })
    }

    /// The body as text.
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// Whether the server ends the connection after this answer.
    pub(crate) fn closes(&self) -> bool {
        self.header("connection").is_some_and(|value| value.to_ascii_lowercase().contains("close"))
    }
}

/// One connection.
#[derive(Debug)]
pub(crate) struct Client {
    pub(crate) stream: TcpStream,
    address: SocketAddr,
    buffer: Vec<u8>,
}

impl Client {
    /// Connects, and waits so long at most for that and for each piece of an answer.
    pub(crate) fn connect(address: SocketAddr, limit: Duration) -> Result<Client, Lost> {
        let stream = TcpStream::connect_timeout(&address, limit).map_err(|error| match error.kind() {
            io::ErrorKind::ConnectionRefused => Lost::Refused,
            io::ErrorKind::TimedOut => Lost::TimedOut,
            _ => Lost::NotConnected,
        })?;
        let set = stream.set_read_timeout(Some(limit)).and(stream.set_write_timeout(Some(limit)));
        set.and(stream.set_nodelay(true)).map_err(|_| Lost::NotConnected)?;
        Ok(Client { stream, address, buffer: Vec::new() })
    }

    /// Asks for a page; `fields` are whole lines, each with its line end.
    pub(crate) fn get(&mut self, path: &str, fields: &str) -> Result<Answer, Lost> {
        self.send(format!("GET {path} HTTP/1.1\r\nHost: {}\r\n{fields}\r\n", self.address).as_bytes())?;
        self.answer()
    }

    /// Sends bytes.
    pub(crate) fn send(&mut self, bytes: &[u8]) -> Result<(), Lost> {
        // A reset may still leave an answer to read, so only silence is told here.
        match self.stream.write_all(bytes) {
            Err(error) if is_timeout(&error) => Err(Lost::TimedOut),
            _ => Ok(()),
        }
    }

    /// Reads one answer, by `Content-Length`, chunks, or to the end of the connection.
    pub(crate) fn answer(&mut self) -> Result<Answer, Lost> {
        let end = loop {
            if let Some(end) = find(&self.buffer, b"\r\n\r\n") {
                break end + 4;
            }
            let begun = !self.buffer.is_empty();
            if self.more()? == 0 {
                return Err(if begun { Lost::Truncated } else { Lost::Unanswered });
            }
        };
        let head = String::from_utf8(self.buffer.drain(..end).collect()).map_err(|_| Lost::Malformed)?;
        let status = head.strip_prefix("HTTP/1.1 ").and_then(|rest| rest.get(..3)?.parse().ok());
        let mut answer = Answer { status: status.ok_or(Lost::Malformed)?, head, body: Vec::new() };
        if matches!(answer.status, 100..=199 | 204 | 304) {
            return Ok(answer);
        }
        if let Some(length) = answer.header("content-length") {
            answer.body = self.take(length.parse().map_err(|_| Lost::Malformed)?)?;
        } else if answer.header("transfer-encoding").is_some() {
            loop {
                let line = self.line()?;
                let size = usize::from_str_radix(&line, 16).map_err(|_| Lost::Malformed)?;
                answer.body.extend(self.take(size)?);
                if self.take(2)? != b"\r\n" {
                    return Err(Lost::Malformed);
                }
                if size == 0 {
                    break;
                }
            }
        } else {
            while self.more()? > 0 {}
            answer.body = std::mem::take(&mut self.buffer);
        }
        Ok(answer)
    }

    fn line(&mut self) -> Result<String, Lost> {
        loop {
            if let Some(end) = find(&self.buffer, b"\r\n") {
                let line = self.buffer.drain(..end + 2).take(end).collect();
                return String::from_utf8(line).map_err(|_| Lost::Malformed);
            }
            if self.more()? == 0 {
                return Err(Lost::Truncated);
            }
        }
    }

    fn take(&mut self, length: usize) -> Result<Vec<u8>, Lost> {
        while self.buffer.len() < length {
            if self.more()? == 0 {
                return Err(Lost::Truncated);
            }
        }
        Ok(self.buffer.drain(..length).collect())
    }

    fn more(&mut self) -> Result<usize, Lost> {
        let mut room = [0; 16 * 1024];
        loop {
            return match self.stream.read(&mut room) {
                Ok(n) => {
                    self.buffer.extend_from_slice(&room[..n]);
                    Ok(n)
                }
                Err(error) if is_timeout(&error) => Err(Lost::TimedOut),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(_) => Ok(0),
            };
        }
    }
}

fn find(text: &[u8], what: &[u8]) -> Option<usize> {
    text.windows(what.len()).position(|window| window == what)
}

fn is_timeout(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut)
}
