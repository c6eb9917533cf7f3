//! The packages of npm that tests meet.

use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::process::{Done, run};
use crate::workspace::cache;

const LISTS: [&str; 2] = ["testkit/node/package.json", "testkit/node/package-lock.json"];

/// The folder with the pinned packages, made once for each list of packages.
pub(crate) fn packages() -> Done<PathBuf> {
    let mut hasher = DefaultHasher::new();
    for list in LISTS {
        let text = fs::read(list).map_err(|error| format!("'{list}' cannot be read: {error}"))?;
        text.hash(&mut hasher);
    }
    let folder = cache()?.join(format!("node-{:016x}", hasher.finish()));
    let packages = folder.join("node_modules");
    let complete = folder.join("complete");
    if complete.exists() && packages.exists() {
        return Ok(packages);
    }
    let unwritable = |error| format!("'{}' cannot be written: {error}", folder.display());
    fs::create_dir_all(&folder).map_err(unwritable)?;
    for list in LISTS {
        let name = Path::new(list).file_name().unwrap_or_default();
        fs::copy(list, folder.join(name)).map_err(unwritable)?;
    }
    // Their scripts are not run: some of them fetch more.
    let install = ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"];
    run(Command::new("npm").args(install).current_dir(&folder))?;
    fs::write(&complete, "").map_err(unwritable)?;
    Ok(packages)
}
