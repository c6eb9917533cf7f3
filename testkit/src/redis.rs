//! A Redis server for one test.

use crate::{Certificates, Folder, Process};
use std::{net::TcpListener, process::Command};

/// A server on a port of its own, which ends with the test.
pub struct Redis {
    process: Option<Process>,
    /// The port that it listens on.
    pub port: u16,
    folder: Folder,
    /// What the server is told for TLS, and the client.
    tls: Option<(Vec<String>, Vec<String>)>,
}

impl Redis {
    /// Starts one, and waits until it listens.
    pub fn start() -> Self {
        Redis::start_with(None)
    }

    /// Starts one that speaks TLS alone, with this certificate. Clients may have to show one of the same authority.
    pub fn start_with_tls(certificates: &Certificates, clients_too: bool) -> Self {
        let [authority, certificate, key] =
            [certificates.authority(), certificates.certificate(), certificates.key()]
                .map(|file| file.to_str().unwrap().to_owned());
        let words = |names: [&str; 3]| -> Vec<String> {
            let pairs = names.into_iter().zip([&authority, &certificate, &key]);
            pairs.flat_map(|(name, file)| [name.to_owned(), file.clone()]).collect()
        };
        let mut server = words(["--tls-ca-cert-file", "--tls-cert-file", "--tls-key-file"]);
        server.extend(["--tls-auth-clients", if clients_too { "yes" } else { "no" }].map(str::to_owned));
        // Under an address, too, that is not in the certificate.
        server.extend(["--bind", "127.0.0.1", "127.0.0.2"].map(str::to_owned));
        let mut client = words(["--cacert", "--cert", "--key"]);
        client.push("--tls".to_owned());
        Redis::start_with(Some((server, client)))
    }

    fn start_with(tls: Option<(Vec<String>, Vec<String>)>) -> Self {
        // The port is free until somebody else takes it, which the server would say.
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let mut redis = Redis { process: None, port, folder: Folder::new(), tls };
        redis.start_again();
        redis
    }

    /// Starts it once more, on the same port and with nothing in it.
    pub fn start_again(&mut self) {
        let mut command = Command::new("redis-server");
        command.args(["--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]);
        let port = self.port.to_string();
        match &self.tls {
            Some((server, _)) => command.args(["--port", "0", "--tls-port", &port]).args(server),
            None => command.args(["--port", &port]),
        };
        command.current_dir(self.folder.path());
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
        let scheme = if self.tls.is_some() { "rediss" } else { "redis" };
        format!("{scheme}://127.0.0.1:{}/0", self.port)
    }

    /// Sends a signal: `STOP` keeps connections open and silent.
    pub fn signal(&self, name: &str) {
        let id = self.process.as_ref().expect("it runs").id().to_string();
        assert!(Command::new("kill").args([&format!("-{name}"), &id]).status().unwrap().success());
    }

    /// What `redis-cli` prints.
    pub fn cli(&self, words: &[&str]) -> String {
        let mut command = Command::new("redis-cli");
        let tls = self.tls.iter().flat_map(|(_, client)| client);
        let output = command.args(["-p", &self.port.to_string()]).args(tls).args(words).output().unwrap();
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }
}
