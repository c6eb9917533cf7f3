//! The threats of `docs/threat-model.md`: each has a proof that exists, or says what it waits for.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use crate::process::Done;
use crate::{attack, faults, proofs};

const MODEL: &str = "docs/threat-model.md";

/// Checks the table.
pub(crate) fn all() -> Done {
    let text = fs::read_to_string(MODEL).map_err(|error| format!("'{MODEL}' cannot be read: {error}"))?;
    let tests = proofs::names_of_tests()?;
    let exists = |proof: &str| match proof.split_once(' ') {
        Some(("attack", scanner)) => attack::is_known(scanner),
        Some(("faults", id)) => faults::is_known(id),
        Some(("fuzz", target)) => Path::new("fuzz/targets").join(target).with_extension("rs").is_file(),
        _ => tests.contains(proof),
    };
    let wrong = mistakes(&text, exists);
    if wrong.is_empty() { Ok(()) } else { Err(format!("{MODEL} is not in order:\n  {}", wrong.join("\n  "))) }
}

/// What is wrong with the rows `| number | threat | promise | proofs |`.
fn mistakes(text: &str, exists: impl Fn(&str) -> bool) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut expected = 1;
    let mut known = BTreeSet::new();
    for line in text.lines().filter(|line| line.starts_with("| ")) {
        let cells: Vec<&str> = line.trim_matches('|').split(" | ").map(str::trim).collect();
        let Some(number) = cells.first().and_then(|cell| cell.parse::<u32>().ok()) else { continue };
        if number != expected {
            wrong.push(format!("row {number} stands where row {expected} is expected"));
        }
        expected = number + 1;
        let [_, _, promise, proof] = cells[..] else {
            wrong.push(format!("row {number} has {} cells instead of 4", cells.len()));
            continue;
        };
        if proof.starts_with("planned: ") {
            continue;
        }
        let named: Vec<&str> = proof.split('`').skip(1).step_by(2).collect();
        if promise.is_empty() || named.is_empty() {
            wrong.push(format!("row {number} promises something and names no test"));
        }
        for name in named {
            if !exists(name) {
                wrong.push(format!("row {number} names `{name}`, which is not there"));
            }
            if !known.insert((number, name)) {
                wrong.push(format!("row {number} names `{name}` twice"));
            }
        }
    }
    if expected == 1 {
        wrong.push("there are no rows".to_owned());
    }
    wrong
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_without_a_test_that_exists_is_a_mistake() {
        let exists = |name: &str| name == "one" || name == "faults F1";
        let check =
            |rows: &str| mistakes(&format!("| # | threat | promise | proof |\n|---|\n{rows}"), exists).len();
        assert_eq!(check("| 1 | a | b | `one`, `faults F1` |\n| 2 | a | b | planned: forms |"), 0);
        assert_eq!(check(""), 1);
        assert_eq!(check("| 1 | a | b | |"), 1);
        assert_eq!(check("| 1 | a | b | `two` |"), 1);
        assert_eq!(check("| 1 | a | b | `one` `one` |"), 1);
        assert_eq!(check("| 2 | a | b | `one` |"), 1);
        assert_eq!(check("| 1 | a | `one` |"), 1);
    }
}
