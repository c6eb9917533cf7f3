//! Virtual environments of Python with pinned packages.

use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::PathBuf;
use std::process::Command;

use crate::process::{Done, run, succeeds};
use crate::setup;
use crate::workspace::cache;

/// The Python that has the packages of a list, in an environment that is made once for each list. `module` is one that can be imported then.
pub(crate) fn python(name: &str, requirements: &str, module: &str) -> Done<PathBuf> {
    setup::python()?;
    let list = fs::read(requirements).map_err(|error| format!("'{requirements}' cannot be read: {error}"))?;
    let mut hasher = DefaultHasher::new();
    list.hash(&mut hasher);
    let folder = cache()?.join(format!("{name}-{:016x}", hasher.finish()));
    let python = folder.join("bin/python");
    let complete = folder.join("complete");
    if complete.exists() && succeeds(Command::new(&python).args(["-c", &format!("import {module}")])) {
        return Ok(python);
    }
    run(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&folder))?;
    let install = [
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
        "--no-deps",
        "--require-hashes",
        "-r",
        requirements,
    ];
    run(Command::new(&python).args(install))?;
    fs::write(&complete, "")
        .map_err(|error| format!("'{}' cannot be written: {error}", complete.display()))?;
    Ok(python)
}
