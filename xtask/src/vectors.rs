//! `cargo xtask vectors`: what the real Python packages do, as files.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::process::{Done, run};
use crate::venv;
use crate::workspace::entries;

const FOLDER: &str = "conformance";
const GENERATE: &str = "conformance/generate";
const LARGEST: u64 = 1 << 20;

/// `vectors [--check] [AREA…]`.
pub(crate) fn command(args: &[&str]) -> Done {
    let check = args.contains(&"--check");
    let areas: Vec<&str> = args.iter().copied().filter(|arg| *arg != "--check").collect();
    if let Some(option) = areas.iter().find(|area| area.starts_with('-')) {
        return Err(format!("`vectors` has no option '{}'", option.escape_debug()));
    }
    if check { self::check(&areas) } else { make(Path::new(FOLDER), &areas) }
}

/// Every area that a script makes has files, none of them larger than a megabyte, and every area has its script.
pub(crate) fn present() -> Done {
    let made = files(Path::new(FOLDER))?;
    for (path, size) in &made {
        if *size > LARGEST {
            return Err(format!("'{FOLDER}/{}' is larger than a megabyte", path.display()));
        }
    }
    let mut areas: Vec<String> = Vec::new();
    for script in entries(Path::new(GENERATE))? {
        let Some(area) = area(&script)? else { continue };
        if !made.keys().any(|path| path.starts_with(&area)) {
            return Err(format!(
                "'{}' makes the vectors of '{area}', but there are none: run `cargo xtask vectors {area}`",
                script.display()
            ));
        }
        areas.push(area);
    }
    match made.keys().find(|path| !areas.iter().any(|area| path.starts_with(area))) {
        Some(orphan) => Err(format!("no script in {GENERATE} makes '{FOLDER}/{}'", orphan.display())),
        None => Ok(()),
    }
}

/// Makes the vectors in a folder of their own and compares.
pub(crate) fn check(areas: &[&str]) -> Done {
    let fresh = std::env::temp_dir().join(format!("carboy-vectors-{}", std::process::id()));
    let compared = make(&fresh, areas).and_then(|()| differences(&fresh, areas));
    let _ = fs::remove_dir_all(&fresh);
    match compared?.as_slice() {
        [] => Ok(()),
        list => Err(format!("these vectors are not what the pinned packages give:\n  {}", list.join("\n  "))),
    }
}

fn differences(fresh: &Path, areas: &[&str]) -> Done<Vec<String>> {
    let wanted = |path: &Path| areas.is_empty() || areas.iter().any(|area| path.starts_with(area));
    let kept = files(Path::new(FOLDER))?;
    let made = files(fresh)?;
    let mut list = Vec::new();
    for path in kept.keys().filter(|path| wanted(path)) {
        let same = made.contains_key(path)
            && fs::read(Path::new(FOLDER).join(path)).ok() == fs::read(fresh.join(path)).ok();
        if !same {
            list.push(format!(
                "{} {}",
                path.display(),
                if made.contains_key(path) { "differs" } else { "is made by no script" }
            ));
        }
    }
    list.extend(
        made.keys()
            .filter(|path| !kept.contains_key(*path))
            .map(|path| format!("{} is missing", path.display())),
    );
    Ok(list)
}

fn make(output: &Path, areas: &[&str]) -> Done {
    let python = python()?;
    run(Command::new(python).arg(format!("{GENERATE}/all.py")).arg(output).args(areas))
}

/// The Python that has the pinned packages.
pub(crate) fn python() -> Done<PathBuf> {
    venv::python("python", &format!("{GENERATE}/requirements.txt"), "flask")
}

/// The area a script makes: its name, unless it says `AREA = "…"`, as `all.py` reads it.
fn area(script: &Path) -> Done<Option<String>> {
    let Some(stem) =
        script.file_name().and_then(|name| name.to_str()).and_then(|name| name.strip_suffix(".py"))
    else {
        return Ok(None);
    };
    if stem == "all" || stem.starts_with('_') {
        return Ok(None);
    }
    let text = fs::read_to_string(script)
        .map_err(|error| format!("'{}' cannot be read: {error}", script.display()))?;
    if text.lines().any(|line| line.starts_with("AREA = None")) {
        return Ok(None);
    }
    let said = text.lines().find_map(|line| line.strip_prefix("AREA = \"")?.split('"').next());
    Ok(Some(said.unwrap_or(stem).to_owned()))
}

/// The files of the areas below a folder, relative to it, with their sizes.
fn files(top: &Path) -> Done<BTreeMap<PathBuf, u64>> {
    let mut found = BTreeMap::new();
    let mut folders = vec![top.to_owned()];
    while let Some(folder) = folders.pop() {
        for path in entries(&folder)? {
            if path.is_dir() {
                if path != Path::new(GENERATE) {
                    folders.push(path);
                }
            } else if folder != top {
                let size = path
                    .metadata()
                    .map_err(|error| format!("'{}' cannot be read: {error}", path.display()))?
                    .len();
                found.insert(path.strip_prefix(top).unwrap_or(&path).to_owned(), size);
            }
        }
    }
    Ok(found)
}
