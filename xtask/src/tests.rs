//! `cargo xtask test`.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::process::Command;

use crate::process::{Done, cargo, find, output, run};
use crate::{coverage, node, setup, threats, vectors, workspace};

/// An extension as somebody else writes one: a workspace of its own, which needs what carboy publishes and nothing else.
const OUTSIDE: &str = "examples/announcements/Cargo.toml";

/// What is cheap comes first; the test runner comes last, so that its summary is what one sees.
pub(crate) fn all() -> Done {
    workspace::say_room();
    let done = checks();
    if done.is_err() {
        workspace::say_room();
    }
    done
}

fn checks() -> Done {
    run(&mut cargo(&["fmt", "--all", "--check"]))
        .map_err(|error| format!("{error}: run `cargo fmt --all`"))?;
    run(&mut cargo(&["fmt", "--manifest-path", OUTSIDE, "--check"]))
        .map_err(|error| format!("{error}: run `cargo fmt --manifest-path {OUTSIDE}`"))?;
    vectors::present()?;
    coverage::all()?;
    threats::all()?;
    setup::all()?;
    let peers = Peers::new()?;
    run(&mut cargo(&["clippy", "--locked", "--workspace", "--all-targets", "--", "-D", "warnings"]))?;
    outside()?;
    threats::are_run(&names()?)?;
    run(&mut with_programs(cargo(&["test", "--locked", "--workspace", "--doc", "--quiet"]), &peers))?;
    // The tests that need other programs are the ignored ones; the long ones wait for `full`.
    if nextest() {
        let args = ["nextest", "run", "--locked", "--workspace", "--run-ignored", "all"];
        run(with_programs(cargo(&args), &peers).args(["--filterset", "not test(/(^|::)long_/)"]))
    } else {
        let args =
            ["test", "--locked", "--workspace", "--lib", "--bins", "--tests", "--examples", "--no-fail-fast"];
        run(with_programs(cargo(&args), &peers).args(["--", "--include-ignored", "--skip", "long_"]))
    }
}

/// Lints and tests of the package outside, built beside the workspace.
fn outside() -> Done {
    let target = workspace::target();
    let outside = |command: &str| {
        let mut cargo = cargo(&[command, "--locked", "--manifest-path", OUTSIDE]);
        cargo.arg("--target-dir").arg(&target);
        cargo
    };
    run(outside("clippy").args(["--all-targets", "--", "-D", "warnings"]))?;
    run(&mut outside("test"))
}

/// Everything that tests need, and where they look for it.
pub(crate) fn set_up() -> Done {
    setup::all()?;
    let peers = Peers::new()?;
    println!("CARBOY_PYTHON={}\nCARBOY_NODE={}", peers.python.display(), peers.node.display());
    Ok(())
}

/// The tests that take minutes.
pub(crate) fn long() -> Done {
    let peers = Peers::new()?;
    if nextest() {
        let args =
            ["nextest", "run", "--locked", "--workspace", "--run-ignored", "only", "--no-tests", "pass"];
        run(with_programs(cargo(&args), &peers).args(["--filterset", "test(/(^|::)long_/)"]))
    } else {
        let args = ["test", "--locked", "--workspace", "--lib", "--bins", "--tests", "--no-fail-fast"];
        run(with_programs(cargo(&args), &peers).args(["--", "--ignored", "long_"]))
    }
}

/// The names of all tests that are run by [`all`] or [`long`], without their modules.
fn names() -> Done<BTreeSet<String>> {
    let text = if nextest() {
        let args = ["nextest", "list", "--locked", "--workspace", "--run-ignored", "all"];
        output(cargo(&args).args(["--message-format", "oneline"]))?
    } else {
        let args = ["test", "--locked", "--quiet", "--workspace", "--lib", "--bins", "--tests", "--examples"];
        output(cargo(&args).args(["--", "--list", "--include-ignored", "--format", "terse"]))?
    };
    // `binary module::name`, or `module::name: test`.
    let name = |line: &str| line.trim_end_matches(": test").rsplit([' ', ':']).next().map(str::to_owned);
    Ok(text.lines().filter_map(name).collect())
}

fn nextest() -> bool {
    find("cargo-nextest", &[]).is_some()
}

/// The pinned packages that tests compare with.
struct Peers {
    python: PathBuf,
    node: PathBuf,
}

impl Peers {
    fn new() -> Done<Peers> {
        Ok(Peers { python: vectors::python()?, node: node::packages()? })
    }
}

/// Tests find the programs that setup found, in `CARBOY_PYTHON` the Python that has the pinned packages, and in `CARBOY_NODE` the
/// folder of those of npm.
fn with_programs(mut command: Command, peers: &Peers) -> Command {
    command.env("CARBOY_PYTHON", &peers.python).env("CARBOY_NODE", &peers.node);
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::env::split_paths(&path).chain(setup::extra_folders());
    if let Ok(path) = std::env::join_paths(folders) {
        command.env("PATH", path);
    }
    command
}
