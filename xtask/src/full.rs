//! `cargo xtask full`: what takes too long for every change.

use crate::process::{Done, cargo, run};
use crate::{attack, coverage, faults, tests, vectors, workspace};

/// Everything.
pub(crate) fn all() -> Done {
    alone()?;
    let mut docs = cargo(&["doc", "--locked", "--workspace", "--no-deps", "--all-features"]);
    run(docs.env("RUSTDOCFLAGS", "-D warnings"))?;
    vectors::check(&[])?;
    coverage::mutate()?;
    tests::long()?;
    faults::command(&["--short"])?;
    attack::command(&[])?;
    tests::all()
}

/// Each crate alone, with its default features, with none, with each and with all.
fn alone() -> Done {
    for member in workspace::crates()? {
        let check =
            |args: &[&str]| run(cargo(&["check", "--locked", "--quiet", "-p", &member.name]).args(args));
        check(&[])?;
        if member.features.is_empty() {
            continue;
        }
        check(&["--no-default-features"])?;
        for feature in &member.features {
            check(&["--no-default-features", "--features", feature])?;
        }
        check(&["--all-features"])?;
    }
    Ok(())
}
