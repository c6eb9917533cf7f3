//! The programs that tests need beside cargo.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::process::{Done, find, run, succeeds};
use crate::workspace::entries;

/// Something that tests need.
struct Part {
    name: &'static str,
    /// One of these programs must be there.
    programs: &'static [&'static str],
    /// The packages of Debian that bring it.
    packages: &'static [&'static str],
    /// What the program must also be able to do.
    works: &'static [&'static str],
}

const PARTS: &[Part] = &[
    Part {
        name: "Python with venv",
        programs: &["python3"],
        packages: &["python3", "python3-venv"],
        works: &["-c", "import ensurepip, venv, sys; sys.exit(sys.version_info < (3, 10))"],
    },
    Part {
        name: "Chromium",
        programs: &["chromium", "chromium-browser", "google-chrome"],
        packages: &["chromium"],
        works: &[],
    },
    Part { name: "chromedriver", programs: &["chromedriver"], packages: &["chromium-driver"], works: &[] },
    Part {
        name: "Redis",
        programs: &["redis-server", "valkey-server"],
        packages: &["redis-server"],
        works: &[],
    },
    Part { name: "slowhttptest", programs: &["slowhttptest"], packages: &["slowhttptest"], works: &[] },
    Part {
        name: "systemd's socket activation",
        programs: &["systemd-socket-activate"],
        packages: &["systemd"],
        works: &[],
    },
    Part { name: "OpenSSL", programs: &["openssl"], packages: &["openssl"], works: &[] },
    Part { name: "PostgreSQL", programs: &["postgres"], packages: &["postgresql"], works: &[] },
    Part { name: "PostgreSQL's initdb", programs: &["initdb"], packages: &["postgresql"], works: &[] },
    Part { name: "curl", programs: &["curl"], packages: &["curl"], works: &["--version"] },
    Part { name: "nginx", programs: &["nginx"], packages: &["nginx-light"], works: &["-v"] },
    Part { name: "HAProxy", programs: &["haproxy"], packages: &["haproxy"], works: &["-v"] },
    Part { name: "Node.js", programs: &["node"], packages: &["nodejs"], works: &["-e", NODE] },
    Part { name: "npm", programs: &["npm"], packages: &["npm"], works: &["--version"] },
    Part { name: "promtool", programs: &["promtool"], packages: &["prometheus"], works: &["--version"] },
];

/// Fails on a Node.js that is too old for the packages.
const NODE: &str = "process.exit(process.versions.node.split('.')[0] < 20 ? 1 : 0)";

/// Finds every part or installs it; fails with the sentence that says how when it cannot.
pub(crate) fn all() -> Done {
    need(PARTS)
}

/// As [`all`], for Python alone.
pub(crate) fn python() -> Done {
    need(&PARTS[..1])
}

fn need(parts: &[Part]) -> Done {
    let missing = || parts.iter().filter(|part| !present(part)).collect::<Vec<_>>();
    let before = missing();
    if before.is_empty() {
        return Ok(());
    }
    let names = before.iter().map(|part| part.name).collect::<Vec<_>>().join(", ");
    let mut packages: Vec<&str> = before.iter().flat_map(|part| part.packages).copied().collect();
    packages.dedup();
    let how = format!("apt-get install --no-install-recommends {}", packages.join(" "));
    if !Path::new("/etc/debian_version").exists() {
        return Err(format!(
            "the tests need {names}: install what `{how}` would install on Debian, with the programs in PATH"
        ));
    }
    if !is_root() {
        return Err(format!("the tests need {names}: run `sudo {how}`"));
    }
    eprintln!("xtask: installing {names}");
    let apt = |args: &[&str]| {
        let mut command = Command::new("apt-get");
        command.args(["-qq", "-o", "Dpkg::Use-Pty=0"]).args(args).env("DEBIAN_FRONTEND", "noninteractive");
        command
    };
    // A stale list of packages is no reason to stop when the packages can still be had.
    if let Err(sentence) = run(&mut apt(&["update"])) {
        eprintln!("xtask: {sentence}");
    }
    let install = [&["install", "-y", "--no-install-recommends"], packages.as_slice()].concat();
    run(&mut apt(&install))
        .map_err(|sentence| format!("the tests need {names}, and {sentence}; run `{how}`"))?;
    match missing().as_slice() {
        [] => Ok(()),
        [part, ..] => Err(format!(
            "{} is still not there after `{how}`: put one of {} into PATH",
            part.name,
            part.programs.join(", ")
        )),
    }
}

fn present(part: &Part) -> bool {
    let folders = extra_folders();
    let program = part.programs.iter().find_map(|program| find(program, &folders));
    program.is_some_and(|program| part.works.is_empty() || succeeds(Command::new(program).args(part.works)))
}

/// Debian keeps PostgreSQL's programs out of PATH, each version in a folder of its own.
pub(crate) fn extra_folders() -> Vec<PathBuf> {
    let versions = entries(Path::new("/usr/lib/postgresql")).unwrap_or_default();
    versions.into_iter().rev().map(|version| version.join("bin")).collect()
}

fn is_root() -> bool {
    Command::new("id").arg("-u").output().is_ok_and(|output| output.stdout.trim_ascii() == b"0")
}
