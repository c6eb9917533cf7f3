//! `cargo xtask attack`: scanners against an app as it is served to the internet.

use std::process::Command;

use crate::process::{Done, cargo, run};
use crate::{venv, workspace};

const REQUIREMENTS: &str = "xtask/attack/requirements.txt";
const SCRIPT: &str = "xtask/attack/attack.py";
const SCANNERS: [&str; 2] = ["wapiti", "sqlmap"];

/// Whether there is a scanner of this name.
pub(crate) fn is_known(scanner: &str) -> bool {
    SCANNERS.contains(&scanner)
}

/// `attack [SCANNER…]`; without a name all of them. The script says what is attacked, and how.
pub(crate) fn command(scanners: &[&str]) -> Done {
    if let Some(unknown) = scanners.iter().find(|scanner| !is_known(scanner)) {
        return Err(format!("there is no scanner '{}': {}", unknown.escape_debug(), SCANNERS.join(", ")));
    }
    let python = venv::python("attack", REQUIREMENTS, "wapitiCore")?;
    run(&mut cargo(&["build", "--locked", "-p", "accounts"]))?;
    run(Command::new(python).args(["-u", SCRIPT]).arg(workspace::built("debug", "accounts")?).args(scanners))
}
