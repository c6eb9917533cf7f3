//! What several faults need: a folder, the counts that the app keeps, an upload.

use std::{
    fs,
    net::SocketAddr,
    path::{Path, PathBuf},
    thread,
    time::{Duration, Instant},
};

use super::client::Client;
use crate::process::Done;

/// A folder that is gone when this is dropped.
#[derive(Debug)]
pub(crate) struct Scratch(PathBuf);

impl Scratch {
    pub(crate) fn new() -> Done<Scratch> {
        let path = std::env::temp_dir().join(format!("carboy-faults-{}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).map_err(|error| format!("{}: {error}", path.display()))?;
        Ok(Scratch(path))
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    /// Writes a file and answers where it is.
    pub(crate) fn write(&self, name: &str, text: &str) -> Done<PathBuf> {
        let path = self.0.join(name);
        fs::write(&path, text).map_err(|error| format!("{}: {error}", path.display()))?;
        Ok(path)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// What the app counts.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Gauge {
    /// Requests that are in the view `held`.
    pub(crate) held: u64,
    /// Requests that have ended, with their teardown functions.
    pub(crate) ended: u64,
    /// Bytes of uploads on disk.
    pub(crate) spooled: u64,
}

impl Gauge {
    /// Asks the app.
    pub(crate) fn of(address: SocketAddr) -> Done<Gauge> {
        let answer = Client::connect(address, Duration::from_secs(10))
            .and_then(|mut client| client.get("/gauge", "Connection: close\r\n"))
            .map_err(|lost| format!("the page /gauge was {lost}"))?;
        let numbers: Vec<u64> = answer.text().split(' ').filter_map(|word| word.parse().ok()).collect();
        match numbers[..] {
            [held, ended, spooled] => Ok(Gauge { held, ended, spooled }),
            _ => Err(format!("the page /gauge says '{}'", answer.text())),
        }
    }

    /// Asks until the answer is as wanted, for ten seconds at most; the last answer.
    pub(crate) fn wait_for(address: SocketAddr, wanted: impl Fn(&Gauge) -> bool) -> Done<Gauge> {
        let end = Instant::now() + Duration::from_secs(10);
        loop {
            let gauge = Gauge::of(address)?;
            if wanted(&gauge) || Instant::now() > end {
                return Ok(gauge);
            }
            thread::sleep(Duration::from_millis(20));
        }
    }
}

/// A request that uploads a file of this length as `f`.
pub(crate) fn upload(path: &str, length: usize) -> Vec<u8> {
    let head = "--b\r\nContent-Disposition: form-data; name=f; filename=f.bin\r\n\r\n";
    let body = [head.as_bytes(), &vec![b'x'; length], b"\r\n--b--\r\n"].concat();
    post(path, "multipart/form-data; boundary=b", &body)
}

/// A request with this body.
pub(crate) fn post(path: &str, content_type: &str, body: &[u8]) -> Vec<u8> {
    let head = format!(
        "POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: {content_type}\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    [head.as_bytes(), body].concat()
}
