//! The two ends of what is in between: an upstream of the test's making, and connections to read and write byte for byte.

use std::{
    io::{ErrorKind, Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::{Arc, Mutex},
    thread,
    time::Duration,
};

/// An upstream that answers each connection with a function of the test, and notes the heads that came.
pub(crate) struct Fake {
    pub(crate) address: SocketAddr,
    pub(crate) heads: Arc<Mutex<Vec<String>>>,
}

impl Fake {
    /// `serve` is given each connection, with the place for the heads.
    pub(crate) fn start(serve: impl Fn(&mut Peer) + Send + Sync + 'static) -> Fake {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let heads = Arc::new(Mutex::new(Vec::new()));
        let (noted, serve) = (heads.clone(), Arc::new(serve));
        thread::spawn(move || {
            for (number, stream) in listener.incoming().enumerate() {
                let (serve, noted) = (serve.clone(), noted.clone());
                let mut peer = Peer { number, ..Peer::new(stream.unwrap()) };
                peer.heads = noted;
                thread::spawn(move || serve(&mut peer));
            }
        });
        Fake { address, heads }
    }

    /// Answers every request of every connection with these bytes.
    pub(crate) fn saying(answer: impl Into<Vec<u8>>) -> Fake {
        let answer = answer.into();
        Fake::start(move |peer| {
            while peer.request().is_some() {
                peer.send(&answer);
            }
        })
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The heads that came, their lines sorted below the first one.
    pub(crate) fn heads(&self) -> Vec<String> {
        self.heads.lock().unwrap().clone()
    }

    pub(crate) fn last_head(&self) -> String {
        self.heads().pop().expect("a request came")
    }
}

/// One end of a connection.
pub(crate) struct Peer {
    pub(crate) stream: TcpStream,
    pub(crate) buffer: Vec<u8>,
    pub(crate) number: usize,
    pub(crate) heads: Arc<Mutex<Vec<String>>>,
}

impl Peer {
    pub(crate) fn new(stream: TcpStream) -> Peer {
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        stream.set_write_timeout(Some(Duration::from_secs(20))).unwrap();
        stream.set_nodelay(true).unwrap();
        Peer { stream, buffer: Vec::new(), number: 0, heads: Arc::default() }
    }

    pub(crate) fn send(&mut self, bytes: impl AsRef<[u8]>) {
        self.stream.write_all(bytes.as_ref()).unwrap();
    }

    pub(crate) fn more(&mut self) -> usize {
        let mut chunk = [0; 65536];
        let n = match self.stream.read(&mut chunk) {
            Ok(n) => n,
            Err(e) if e.kind() == ErrorKind::ConnectionReset => 0,
            Err(e) => panic!("nothing came: {e}; so far {:?}", String::from_utf8_lossy(&self.buffer)),
        };
        self.buffer.extend_from_slice(&chunk[..n]);
        n
    }

    /// Everything up to and with these bytes; `None` when the other side closes before.
    pub(crate) fn until(&mut self, end: &str) -> Option<String> {
        loop {
            if let Some(at) = self.buffer.windows(end.len()).position(|w| w == end.as_bytes()) {
                let taken = self.buffer.drain(..at + end.len()).collect();
                return Some(String::from_utf8(taken).unwrap());
            }
            if self.more() == 0 {
                return None;
            }
        }
    }

    /// The next head, noted.
    pub(crate) fn head(&mut self) -> Option<String> {
        let head = self.until("\r\n\r\n")?;
        self.heads.lock().unwrap().push(head.clone());
        Some(head)
    }

    /// The next head and its body by `Content-Length`.
    pub(crate) fn request(&mut self) -> Option<(String, String)> {
        let head = self.head()?;
        let length = field(&head, "content-length").map_or(0, |n| n.parse().unwrap());
        while self.buffer.len() < length {
            assert!(self.more() > 0, "closed within a body");
        }
        let body = self.buffer.drain(..length).collect();
        Some((head, String::from_utf8(body).unwrap()))
    }

    pub(crate) fn rest(&mut self) -> String {
        while self.more() > 0 {}
        String::from_utf8(std::mem::take(&mut self.buffer)).unwrap()
    }
}

pub(crate) fn field<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    fields(head, name).first().copied()
}

pub(crate) fn fields<'a>(head: &'a str, name: &str) -> Vec<&'a str> {
    let of_name = |line: &'a str| {
        let (n, value) = line.split_once(':')?;
        n.eq_ignore_ascii_case(name).then(|| value.trim())
    };
    head.lines().skip(1).filter_map(of_name).collect()
}
