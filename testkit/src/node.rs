//! Programs in JavaScript, with the pinned packages of npm.

use std::{path::PathBuf, process::Command};

/// The folder of the pinned packages: what the environment variable `CARBOY_NODE` says.
///
/// Panics with the sentence that says where it comes from when it is not set.
pub fn node_modules() -> PathBuf {
    match std::env::var_os("CARBOY_NODE") {
        Some(folder) if !folder.is_empty() => folder.into(),
        _ => panic!(
            "this test needs the packages of testkit/node/package.json: `cargo xtask test` installs them and names their folder in \
             CARBOY_NODE"
        ),
    }
}

/// Node.js with a module's text: it finds the pinned packages by `import`.
pub fn node(module: &str) -> Command {
    let mut command = Command::new("node");
    let modules = node_modules();
    // A module given as text is resolved from the current folder.
    command.current_dir(modules.parent().unwrap_or(&modules));
    command.args(["--input-type=module", "--eval", module]);
    command
}
