//! A PostgreSQL server for one test.

use crate::folder::Folder;
use crate::process::Process;
use std::path::PathBuf;
use std::process::Command;

/// A running PostgreSQL with a fresh cluster, which only a socket in its folder reaches; it ends when it is dropped.
pub struct Postgres {
    folder: Folder,
    _server: Process,
}

impl Postgres {
    /// Makes a cluster and starts its server. Root, whom PostgreSQL refuses, becomes the user `postgres` for it.
    ///
    /// Panics with the sentence that says how to install it when it is not there.
    pub fn start() -> Postgres {
        let folder = Folder::new();
        let root = is_root();
        if root {
            let done = Command::new("chown").arg("postgres").arg(folder.path()).status();
            assert!(
                done.is_ok_and(|status| status.success()),
                "the folder of the cluster cannot be given away"
            );
        }
        let data = folder.path().join("data");
        let initdb = as_postgres(root, "initdb")
            .args(["--auth=trust", "--username=postgres", "--no-sync", "--pgdata"])
            .arg(&data)
            .output()
            .unwrap_or_else(|error| panic!("initdb does not start: {error}"));
        assert!(initdb.status.success(), "{}", String::from_utf8_lossy(&initdb.stderr));
        let mut command = as_postgres(root, "postgres");
        command.arg("-D").arg(&data).arg("-k").arg(folder.path()).args([
            "-c",
            "listen_addresses=",
            "-c",
            "fsync=off",
        ]);
        let mut server = Process::start(&mut command);
        server.wait_for("that it accepts connections", |line| line.contains("ready to accept").then_some(()));
        Postgres { folder, _server: server }
    }

    /// Where it is.
    pub fn url(&self) -> String {
        format!("postgres://postgres@localhost/postgres?host={}", self.folder.path().display())
    }
}

fn is_root() -> bool {
    Command::new("id").arg("-u").output().is_ok_and(|output| output.stdout.trim_ascii() == b"0")
}

fn as_postgres(root: bool, name: &str) -> Command {
    let program = program(name);
    if !root {
        return Command::new(program);
    }
    let mut command = Command::new("setpriv");
    command.args(["--reuid=postgres", "--regid=postgres", "--clear-groups"]).arg(program);
    command
}

/// In PATH, or where Debian keeps it: each version in a folder of its own.
fn program(name: &str) -> PathBuf {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut folders: Vec<PathBuf> = std::env::split_paths(&path).collect();
    folders.extend(versions.map(|version| version.path().join("bin")));
    folders.into_iter().map(|folder| folder.join(name)).find(|program| program.is_file()).unwrap_or_else(|| {
        panic!("{name} is not in PATH: `cargo xtask setup` installs it, or on Debian `apt-get install postgresql`")
    })
}
