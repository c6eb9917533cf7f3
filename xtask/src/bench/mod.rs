//! `cargo xtask bench`.

pub(crate) mod tls;

use crate::process::{Done, cargo, run};
use crate::workspace::{crates, entries};

/// Runs every bench there is, one after the other.
pub(crate) fn all(args: &[&str]) -> Done {
    for member in crates()? {
        for bench in entries(&member.folder.join("benches"))? {
            let Some(name) =
                bench.file_name().and_then(|name| name.to_str()).and_then(|name| name.strip_suffix(".rs"))
            else {
                continue;
            };
            run(cargo(&["bench", "--locked", "-p", &member.name, "--bench", name, "--"]).args(args))?;
        }
    }
    Ok(())
}
