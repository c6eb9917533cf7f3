//! F19: certificates are exchanged while clients come, for good ones and for ones that are no use.
//!
//! Clients and authority are the program `openssl`, so that nothing of ours judges the handshakes. What an ACME authority does that is down
//! is tested in `crates/carboy-server/tests/tls/acme.rs`.

use std::{
    fs,
    io::Write,
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed},
    thread,
    time::{Duration, Instant},
};

use super::{Figures, Size, server::Setup};
use crate::process::{Done, find};

/// How long a server may take until it shows a new certificate after SIGHUP.
const PATIENCE: Duration = Duration::from_secs(10);

const GET: &[u8] = b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";

pub(crate) fn run(figures: &mut Figures, size: Size) -> Done {
    find("openssl", &[]).ok_or("the fault needs the program openssl: install the package openssl")?;
    let folder = Folder::new()?;
    let authority = Authority::new(&folder.0)?;
    let (cert, key) = (folder.0.join("server.pem"), folder.0.join("server.key"));
    authority.issue(&cert, &key, 30)?;
    let options = format!("--cert {} --key {}", cert.display(), key.display());
    let server = Setup::default().options(&options).start()?;
    let (over, handshakes, failed) = (AtomicBool::new(false), AtomicU64::new(0), AtomicU64::new(0));
    let mut slowest = Duration::ZERO;
    let kept = thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                while !over.load(Relaxed) {
                    handshakes.fetch_add(1, Relaxed);
                    if !authority.lets_in(server.address) {
                        failed.fetch_add(1, Relaxed);
                    }
                }
            });
        }
        let done = (|| {
            for _ in 0..size.pick(50, 5) {
                let new = authority.issue(&cert, &key, 30)?;
                let begin = Instant::now();
                server.signal("HUP")?;
                while authority.shown(server.address)? != new {
                    if begin.elapsed() > PATIENCE {
                        return Err("a new certificate is not shown".to_owned());
                    }
                }
                slowest = slowest.max(begin.elapsed());
            }
            let good = authority.shown(server.address)?;
            let mut kept = Vec::new();
            for bad in ["nonsense", "the key of another", "expired"] {
                match bad {
                    "nonsense" => write(&cert, b"nonsense")?,
                    "expired" => {
                        // It ends when it begins.
                        authority.issue(&cert, &key, 0)?;
                        thread::sleep(Duration::from_secs(2));
                    }
                    _ => {
                        authority.issue(&cert, &folder.0.join("another.key"), 30)?;
                    }
                }
                server.signal("HUP")?;
                thread::sleep(Duration::from_secs(1));
                kept.push((bad, authority.shown(server.address)? == good));
            }
            Ok(kept)
        })();
        over.store(true, Relaxed);
        done
    })?;
    figures.told("handshakes", handshakes.load(Relaxed), "");
    figures.at_least("handshakes of the load", handshakes.load(Relaxed) as f64, size.pick(500.0, 20.0), "");
    figures.exactly("handshakes that failed", failed.load(Relaxed) as f64, 0.0, "");
    figures.told("a new certificate is shown after, at most", slowest.as_millis(), "ms");
    for (bad, kept) in kept {
        figures.holds(&format!("the old certificate stays when the new one is: {bad}"), kept);
    }
    let said = server.output();
    figures.exactly(
        "sentences about files that are no use",
        said.matches("stay in use").count() as f64,
        3.0,
        "",
    );
    Ok(())
}

struct Authority {
    folder: PathBuf,
}

impl Authority {
    fn new(folder: &Path) -> Done<Self> {
        let authority = Authority { folder: folder.to_owned() };
        authority.openssl(
            "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=faults -days 30 -keyout ca.key -out ca.pem",
        )?;
        write(&folder.join("names"), b"subjectAltName=DNS:localhost\n")?;
        Ok(authority)
    }

    /// Writes a new certificate and its key, and answers its fingerprint.
    fn issue(&self, cert: &Path, key: &Path, days: u32) -> Done<String> {
        self.openssl("req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=localhost -keyout new.key -out new.csr")?;
        self.openssl(&format!(
            "x509 -req -in new.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days {days} -extfile names -out new.pem"
        ))?;
        let fingerprint = self.openssl("x509 -noout -fingerprint -in new.pem")?;
        for (new, place) in [("new.pem", cert), ("new.key", key)] {
            fs::rename(self.folder.join(new), place).map_err(|error| format!("{new}: {error}"))?;
        }
        Ok(fingerprint)
    }

    /// Whether a client shakes hands, believes the server, and gets its page.
    fn lets_in(&self, address: SocketAddr) -> bool {
        let said = self.s_client(address, "-quiet");
        said.is_ok_and(|said| said.contains("HTTP/1.1 200"))
    }

    /// The fingerprint of the certificate that is shown.
    fn shown(&self, address: SocketAddr) -> Done<String> {
        let said = self.s_client(address, "")?;
        let begin = said.find("-----BEGIN CERTIFICATE-----").ok_or("no certificate is shown")?;
        let shown = self.folder.join("shown.pem");
        write(&shown, &said.as_bytes()[begin..])?;
        self.openssl("x509 -noout -fingerprint -in shown.pem")
    }

    fn s_client(&self, address: SocketAddr, options: &str) -> Done<String> {
        let words = "s_client -CAfile ca.pem -verify_return_error -servername localhost -verify_hostname localhost -connect";
        let mut child = self
            .command(&format!("{words} {address} {options}"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .map_err(|error| format!("openssl cannot be started: {error}"))?;
        if let Some(mut stdin) = child.stdin.take() {
            // It may have ended: then it says why by its exit code.
            let _ = stdin.write_all(GET);
        }
        let output = child.wait_with_output().map_err(|error| error.to_string())?;
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }

    fn openssl(&self, words: &str) -> Done<String> {
        let output = self.command(words).output().map_err(|error| format!("openssl: {error}"))?;
        if output.status.success() {
            Ok(String::from_utf8_lossy(&output.stdout).into_owned())
        } else {
            Err(format!("`openssl {words}` failed: {}", String::from_utf8_lossy(&output.stderr)))
        }
    }

    fn command(&self, words: &str) -> Command {
        let mut command = Command::new("openssl");
        command.current_dir(&self.folder).args(words.split_whitespace());
        command
    }
}

fn write(path: &Path, text: &[u8]) -> Done {
    fs::write(path, text).map_err(|error| format!("{}: {error}", path.display()))
}

/// A folder that goes when this does.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Done<Self> {
        let path = std::env::temp_dir().join(format!("carboy-f19-{}", std::process::id()));
        fs::create_dir_all(&path).map_err(|error| format!("{}: {error}", path.display()))?;
        Ok(Folder(path))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}
