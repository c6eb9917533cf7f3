//! The real Flask, with the pinned packages.

use crate::Process;
use std::{
    path::{Path, PathBuf},
    process::Command,
};

/// The Python that has the pinned packages: what the environment variable `CARBOY_PYTHON` says.
///
/// Panics with the sentence that says where it comes from when it is not set.
pub fn python() -> PathBuf {
    match std::env::var_os("CARBOY_PYTHON") {
        Some(python) if !python.is_empty() => python.into(),
        _ => panic!(
            "this test needs a Python with the packages of conformance/generate/requirements.txt: `cargo xtask test` makes \
             one and names it in CARBOY_PYTHON"
        ),
    }
}

/// A Flask application under Werkzeug's server.
pub struct Flask {
    /// Its process.
    pub process: Process,
    /// The port that it listens on.
    pub port: u16,
}

impl Flask {
    /// `flask --app APP ARGS…` in a folder, in an environment without settings for Flask.
    pub fn command(app: &str, folder: &Path, args: &[&str]) -> Command {
        let mut command = Command::new(python());
        command.args(["-m", "flask", "--app", app]).args(args).current_dir(folder);
        command.env("PYTHONDONTWRITEBYTECODE", "1").env("PYTHONUNBUFFERED", "1");
        for (name, _) in std::env::vars_os() {
            if name.to_str().is_some_and(|name| name.starts_with("FLASK_")) {
                command.env_remove(name);
            }
        }
        command
    }

    /// Serves an application on a free port with a thread for each request, and waits until it listens.
    pub fn start(app: &str, folder: &Path, env: &[(&str, &str)]) -> Flask {
        let mut command = Flask::command(app, folder, &["run", "--port", "0"]);
        command.envs(env.iter().copied());
        let mut process = Process::start(&mut command);
        let port = process.wait_for("the line with Flask's address", |line| {
            line.split_once("Running on http://127.0.0.1:")?.1.trim().parse().ok()
        });
        Flask { process, port }
    }

    /// The address of a page.
    pub fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }
}
