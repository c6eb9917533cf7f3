//! The workspace: its folders, crates and features.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::process::Done;

/// A member of the workspace.
pub(crate) struct Crate {
    pub(crate) name: String,
    pub(crate) folder: PathBuf,
    /// Its features, `default` left out.
    pub(crate) features: Vec<String>,
}

/// Makes the workspace's root the current folder.
pub(crate) fn enter() -> Done {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap_or(Path::new("."));
    std::env::set_current_dir(root)
        .map_err(|error| format!("the workspace '{}' cannot be entered: {error}", root.display()))
}

/// Every member, sorted by folder.
pub(crate) fn crates() -> Done<Vec<Crate>> {
    let mut folders = ["benchmarks", "docs", "testkit", "xtask"].map(PathBuf::from).to_vec();
    for parent in ["crates", "examples"] {
        folders.extend(
            entries(Path::new(parent))?.into_iter().filter(|folder| folder.join("Cargo.toml").is_file()),
        );
    }
    folders.sort();
    let members = folders.into_iter().map(member).collect::<Done<Vec<_>>>()?;
    Ok(members.into_iter().flatten().collect())
}

/// What a folder holds, sorted; nothing when it is not there.
pub(crate) fn entries(folder: &Path) -> Done<Vec<PathBuf>> {
    if !folder.is_dir() {
        return Ok(Vec::new());
    }
    let unreadable = |error| format!("'{}' cannot be read: {error}", folder.display());
    let paths = fs::read_dir(folder).map_err(unreadable)?.map(|entry| entry.map(|entry| entry.path()));
    let mut paths = paths.collect::<Result<Vec<_>, _>>().map_err(unreadable)?;
    paths.sort();
    Ok(paths)
}

/// Where cargo builds.
pub(crate) fn target() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| "target".into(), PathBuf::from)
}

/// Says how much room there is where cargo builds: a disk that fills up makes tests fail in a hundred ways, none of which names it.
pub(crate) fn say_room() {
    let target = target();
    let folder = target.ancestors().find(|folder| folder.exists()).filter(|folder| *folder != Path::new(""));
    let folder = folder.unwrap_or(Path::new("."));
    let output = Command::new("df").arg("-Pk").arg(folder).output();
    let text = output.map(|output| String::from_utf8_lossy(&output.stdout).into_owned()).unwrap_or_default();
    let free = text.lines().nth(1).and_then(|line| line.split_whitespace().nth(3)?.parse::<u64>().ok());
    if let Some(free) = free {
        let (whole, tenth) = (free / 1_000_000, free / 100_000 % 10);
        eprintln!(
            "xtask: {whole}.{tenth} GB are free where cargo builds; a build from nothing and its tests take {NEEDED}"
        );
    }
}

const NEEDED: &str = "about 10";

/// A program that cargo has built, by its profile and its name; fails if it has not.
pub(crate) fn built(profile: &str, name: &str) -> Done<PathBuf> {
    let path = target().join(profile).join(name);
    fs::canonicalize(&path).map_err(|error| format!("'{}' is not there: {error}", path.display()))
}

/// The user's folder for what can be made again.
pub(crate) fn cache() -> Done<PathBuf> {
    let set = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let base = set("XDG_CACHE_HOME").or_else(|| set("HOME").map(|home| home.join(".cache")));
    Ok(base.ok_or("neither XDG_CACHE_HOME nor HOME says where files can be kept")?.join("carboy"))
}

/// Nothing for a package that is a workspace of its own.
fn member(folder: PathBuf) -> Done<Option<Crate>> {
    let path = folder.join("Cargo.toml");
    let manifest =
        fs::read_to_string(&path).map_err(|error| format!("'{}' cannot be read: {error}", path.display()))?;
    let mut section = "";
    let mut name = None;
    let mut features = Vec::new();
    for line in manifest.lines() {
        if line == "[workspace]" {
            return Ok(None);
        }
        if line.starts_with('[') {
            section = line.trim();
            continue;
        }
        let Some((key, value)) = line.split_once(" = ") else { continue };
        match section {
            "[package]" if key == "name" => name = Some(value.trim().trim_matches('"').to_owned()),
            "[features]" if key != "default" && !key.starts_with([' ', '#']) => {
                features.push(key.trim_matches('"').to_owned())
            }
            _ => {}
        }
    }
    let name = name.ok_or_else(|| format!("'{}' has no package name", path.display()))?;
    Ok(Some(Crate { name, folder, features }))
}
