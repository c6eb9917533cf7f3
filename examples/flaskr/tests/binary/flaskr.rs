//! The real binary.

use carboy_testkit::Process;
use std::ffi::OsStr;
use std::path::Path;
use std::process::Command;

/// The binary, in an environment without settings for it.
pub(crate) fn command<S: AsRef<OsStr>>(args: impl IntoIterator<Item = S>) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_flaskr"));
    command.args(args);
    for (name, _) in std::env::vars_os() {
        let known =
            name.to_str().is_some_and(|name| name.starts_with("FLASK_") || name.starts_with("FLASKR_"));
        if known {
            command.env_remove(name);
        }
    }
    command
}

/// A running blog.
pub(crate) struct Flaskr {
    /// Its process.
    pub(crate) process: Process,
    /// The port that it listens on.
    pub(crate) port: u16,
}

impl Flaskr {
    /// Starts it on a free port and waits until it listens.
    pub(crate) fn start(instance: &Path) -> Flaskr {
        let mut command = command(["run", "--port", "0", "--workers", "2", "--instance"]);
        let mut process = Process::start(command.arg(instance));
        let port = process.wait_for("the line with the address", |line| {
            line.strip_prefix(" * Running on http://127.0.0.1:")?.trim_end_matches('/').parse().ok()
        });
        Flaskr { process, port }
    }

    /// The address of a page.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }
}
