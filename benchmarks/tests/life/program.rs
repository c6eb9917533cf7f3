//! The program under test.

use carboy_testkit::Process;
use std::{
    ffi::OsStr,
    io::{Read, Write},
    net::SocketAddr,
    process::{Command, Output},
    time::{Duration, Instant},
};

/// The program with a line of options for `run`.
pub(crate) fn command(options: &str) -> Command {
    command_of(env!("CARGO_BIN_EXE_carboy-faults"), options)
}

/// As [`command`], for a copy of the program.
pub(crate) fn command_of(program: impl AsRef<OsStr>, options: &str) -> Command {
    let mut command = Command::new(program);
    command.arg("run").args(options.split_whitespace());
    for (name, _) in std::env::vars_os() {
        let name = name.to_string_lossy();
        if ["FAULTS_", "FLASK_", "LISTEN_", "NOTIFY_"].iter().any(|prefix| name.starts_with(prefix)) {
            command.env_remove(name.as_ref());
        }
    }
    command
}

/// The program, serving.
pub(crate) struct Server {
    pub(crate) process: Process,
    /// Where it says that it runs, in its order: `http://127.0.0.1:5000`.
    pub(crate) urls: Vec<String>,
}

impl Server {
    pub(crate) fn start(command: &mut Command) -> Server {
        let mut process = Process::start(command);
        let mut urls = Vec::new();
        loop {
            let url = process.wait_for("its addresses", |line| {
                let line = line.trim();
                line.strip_prefix("* Running on ").or_else(|| line.strip_prefix("Press ")).map(str::to_owned)
            });
            if url.starts_with("CTRL") {
                return Server { process, urls };
            }
            urls.push(url);
        }
    }

    /// The first TCP address.
    pub(crate) fn address(&self) -> SocketAddr {
        let address = self.urls.iter().find_map(|url| url.strip_prefix("http://")?.parse().ok());
        address.unwrap_or_else(|| panic!("no TCP address among {:?}", self.urls))
    }
}

/// Runs it to its end; for what is to be refused.
pub(crate) fn outcome(command: &mut Command) -> Output {
    command.output().unwrap()
}

/// Sends a request on a stream and reads until the server closes.
pub(crate) fn ask(stream: &mut (impl Read + Write), path: &str) -> String {
    let request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).unwrap();
    text
}

/// The body of the answer to a request on a connection of its own.
pub(crate) fn get(address: SocketAddr, path: &str) -> String {
    let mut stream = std::net::TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    let text = ask(&mut stream, path);
    text.split_once("\r\n\r\n").unwrap_or_else(|| panic!("no answer: {text:?}")).1.to_owned()
}

/// Sends a signal by its name.
pub(crate) fn signal(pid: u32, name: &str) {
    let sent = Command::new("sh").args(["-c", &format!("kill -{name} {pid}")]).status();
    assert!(sent.unwrap().success(), "SIG{name} to {pid}");
}

/// Waits until something is so; panics after twenty seconds.
pub(crate) fn eventually(what: &str, mut so: impl FnMut() -> bool) {
    let begin = Instant::now();
    while !so() {
        assert!(begin.elapsed() < Duration::from_secs(20), "never: {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}
