//! The threats of `docs/threat-model.md`: each has a proof, and each proof is run.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use crate::process::Done;
use crate::{attack, faults, proofs};

const MODEL: &str = "docs/threat-model.md";

/// How many rows the table has. A row that is taken away is missed here.
const ROWS: u32 = 49;

/// Checks the table against the sources.
pub(crate) fn all() -> Done {
    let text = fs::read_to_string(MODEL).map_err(|error| format!("'{MODEL}' cannot be read: {error}"))?;
    let tests = proofs::names_of_tests()?;
    let exists = |proof: &str| match proof.split_once(' ') {
        Some(("attack", scanner)) => attack::is_known(scanner),
        Some(("faults", id)) => faults::is_known(id),
        Some(("fuzz", target)) => Path::new("fuzz/targets").join(target).with_extension("rs").is_file(),
        _ => tests.contains(proof),
    };
    verdict(mistakes(&text, ROWS, exists))
}

/// Checks that the tests that the table names are among those that are run, by the names of these.
///
/// Faults, fuzz targets and scanners need no such look: `full` runs all that there are.
pub(crate) fn are_run(tests: &BTreeSet<String>) -> Done {
    let text = fs::read_to_string(MODEL).map_err(|error| format!("'{MODEL}' cannot be read: {error}"))?;
    let named = rows(&text).flat_map(|row| row.proofs.into_iter().map(move |proof| (row.number, proof)));
    let dead = named.filter(|(_, proof)| !proof.contains(' ') && !tests.contains(*proof));
    verdict(
        dead.map(|(number, proof)| format!("row {number} names `{proof}`, which no command runs")).collect(),
    )
}

fn verdict(wrong: Vec<String>) -> Done {
    if wrong.is_empty() { Ok(()) } else { Err(format!("{MODEL} is not in order:\n  {}", wrong.join("\n  "))) }
}

/// A row `| number | threat | promise | proofs |`.
struct Row<'a> {
    number: u32,
    cells: usize,
    promise: &'a str,
    proofs: Vec<&'a str>,
}

fn rows(text: &str) -> impl Iterator<Item = Row<'_>> {
    text.lines().filter(|line| line.starts_with("| ")).filter_map(|line| {
        let cells: Vec<&str> = line.trim_matches('|').split(" | ").map(str::trim).collect();
        let proofs = cells.get(3).map_or(Vec::new(), |proof| proof.split('`').skip(1).step_by(2).collect());
        let promise = cells.get(2).copied().unwrap_or_default();
        Some(Row { number: cells.first()?.parse().ok()?, cells: cells.len(), promise, proofs })
    })
}

/// What is wrong with the table, which has to have so many rows.
fn mistakes(text: &str, count: u32, exists: impl Fn(&str) -> bool) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut expected = 1;
    let mut known = BTreeSet::new();
    for Row { number, cells, promise, proofs } in rows(text) {
        if number != expected {
            wrong.push(format!("row {number} stands where row {expected} is expected"));
        }
        expected = number + 1;
        if cells != 4 {
            wrong.push(format!("row {number} has {cells} cells instead of 4"));
            continue;
        }
        if promise.is_empty() || proofs.is_empty() {
            wrong.push(format!("row {number} promises something and names no test"));
        }
        for name in proofs {
            if !exists(name) {
                wrong.push(format!("row {number} names `{name}`, which is not there"));
            }
            if !known.insert((number, name)) {
                wrong.push(format!("row {number} names `{name}` twice"));
            }
        }
    }
    if expected != count + 1 {
        let last = expected - 1;
        wrong.push(format!("the last row is {last}, and `ROWS` in xtask/src/threats.rs says {count}"));
    }
    wrong
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str = "| # | threat | promise | proof |\n|---|\n";

    #[test]
    fn a_row_that_is_missing_or_has_no_test_that_exists_is_a_mistake() {
        let exists = |name: &str| name == "one" || name == "faults F1";
        let check = |count, rows: &str| mistakes(&format!("{HEAD}{rows}"), count, exists).len();
        assert_eq!(check(2, "| 1 | a | b | `one`, `faults F1` |\n| 2 | a | b | `one` |"), 0);
        assert_eq!(check(2, "| 1 | a | b | `one` |"), 1);
        assert_eq!(check(1, "| 1 | a | b | `one` |\n| 2 | a | b | `one` |"), 1);
        assert_eq!(check(2, "| 2 | a | b | `one` |"), 1);
        assert_eq!(check(1, ""), 1);
        assert_eq!(check(1, "| 1 | a | b | |"), 1);
        assert_eq!(check(1, "| 1 | a | b | planned: forms |"), 1);
        assert_eq!(check(1, "| 1 | a | b | `two` |"), 1);
        assert_eq!(check(1, "| 1 | a | b | `one` `one` |"), 1);
        assert_eq!(check(1, "| 1 | a | `one` |"), 1);
    }
}
