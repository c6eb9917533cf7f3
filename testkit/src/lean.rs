//! Builds that tests start, without what only a debugger reads.

use std::env;
use std::process::Command;

/// For cargo: what is built of the profile of development.
const SETTINGS: [(&str, &str); 2] =
    [("CARGO_PROFILE_DEV_DEBUG", "none"), ("CARGO_PROFILE_DEV_STRIP", "symbols")];

/// Runs a test of this program, by its whole name, again in a process whose cargo builds so: what builds a program for each case would fill gigabytes
/// otherwise. `true` in that process, which is to do what the test does.
///
/// # Panics
/// When the test fails there.
#[must_use]
pub fn lean(test: &str) -> bool {
    if SETTINGS.iter().all(|(name, value)| env::var(name).as_deref() == Ok(value)) {
        return true;
    }
    let program = env::current_exe().expect("a program knows where it is");
    let mut again = Command::new(program);
    again.args([test, "--exact", "--include-ignored", "--nocapture"]).envs(SETTINGS);
    assert!(again.status().expect("it starts again").success(), "what it says stands above");
    false
}
