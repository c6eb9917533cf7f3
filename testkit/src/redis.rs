//! A Redis server for one test.

use crate::{Folder, Process};
use std::{net::TcpListener, process::Command};

/// A server on a port of its own, which ends with the test.
pub struct Redis {
    process: Option<Process>,
    /// The port that it listens on.
    pub port: u16,
    folder: Folder,
}

impl Redis {
    /// Starts one, and waits until it listens.
    pub fn start() -> Self {
        // The port is free until somebody else takes it, which the server would say.
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let mut redis = Redis { process: None, port, folder: Folder::new() };
        redis.start_again();
        redis
    }

    /// Starts it once more, on the same port and with nothing in it.
    pub fn start_again(&mut self) {
        let mut command = Command::new("redis-server");
        command.args(["--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]);
        command.args(["--port", &self.port.to_string()]).current_dir(self.folder.path());
        let mut process = Process::start(&mut command);
        process
            .wait_for("the line that Redis is ready", |line| line.contains("Ready to accept").then_some(()));
        self.process = Some(process);
    }

    /// Ends it at once.
    pub fn kill(&mut self) {
        self.process = None;
    }

    /// Its address.
    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}/0", self.port)
    }

    /// Sends a signal: `STOP` keeps connections open and silent.
    pub fn signal(&self, name: &str) {
        let id = self.process.as_ref().expect("it runs").id().to_string();
        assert!(Command::new("kill").args([&format!("-{name}"), &id]).status().unwrap().success());
    }

    /// What `redis-cli` prints.
    pub fn cli(&self, words: &[&str]) -> String {
        let mut command = Command::new("redis-cli");
        let output = command.args(["-p", &self.port.to_string()]).args(words).output().unwrap();
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }
}
