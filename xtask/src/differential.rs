//! `cargo xtask differential`: carboy and Flask, asked the same questions.

use std::process::Command;

use crate::process::{Done, cargo, run};
use crate::{vectors, workspace};

const FOLDER: &str = "examples/kitchen-sink";

/// `differential [--requests N] [--seed S] …`: builds the kitchen sink and hands the rest to its driver.
pub(crate) fn command(args: &[&str]) -> Done {
    let python = vectors::python()?;
    run(&mut cargo(&["build", "--locked", "--quiet", "--package", "kitchen-sink"]))?;
    let binary = workspace::built("debug", "kitchen-sink")?;
    let driver = ["-B", "-m", "driver", "--carboy"];
    run(Command::new(python).args(driver).arg(binary).args(args).current_dir(FOLDER))
}
