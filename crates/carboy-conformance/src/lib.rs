//! Replays the vectors of `conformance/`: what the real Python packages did, case by case.
//!
//! A test names the file, the places of a case that are expectations, and a function that fails when a case does not hold. All
//! failing cases are told, not only the first.
//!
//! A case that says why carboy does otherwise (`"differs": "…"`) must *not* hold: when it holds the reason is out of date.
//!
//! With the variable `CARBOY_MUTATE` set to the name of a file, every expectation of every case is altered once, and the function
//! must fail each time; what did not fail is written to that file (`cargo xtask coverage --mutate` reads it).

#![forbid(unsafe_code)]

mod alter;
mod quiet;

use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;

pub use quiet::catch;
use serde_json::{Value, json};

/// The vectors of one file, such as `cookies/parse.json`.
///
/// # Panics
/// With the file's name, when it cannot be read.
pub fn load(file: &str) -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../conformance").join(file);
    let text = std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_slice(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// What a function about a case may answer: nothing (it panics when the case does not hold), or a sentence why it does not hold.
pub trait Verdict {
    /// As a result.
    fn result(self) -> Result<(), String>;
}

impl Verdict for () {
    fn result(self) -> Result<(), String> {
        Ok(())
    }
}

impl Verdict for Result<(), String> {
    fn result(self) -> Result<(), String> {
        self
    }
}

/// Replays a list of cases: the file's top when `at` is empty, else the list at that JSON pointer.
///
/// # Panics
/// When a case does not hold, or when there are fewer than `at_least`.
pub fn replay<V: Verdict>(
    file: &str,
    at: &str,
    expects: &[&str],
    at_least: usize,
    holds: impl Fn(&Value) -> V,
) {
    let vectors = load(file);
    let cases = vectors.pointer(at).and_then(Value::as_array);
    let cases = cases.unwrap_or_else(|| panic!("{file} has no list of cases at '{at}'"));
    let mut replay = Replay::of(file, expects);
    for (index, case) in cases.iter().enumerate() {
        replay.case(&format!("{at}/{index}"), case, &holds);
    }
    replay.finish(at_least);
}

/// A replay of cases that stand in no plain list.
///
/// It counts, collects what fails, and must be [finished](Self::finish).
pub struct Replay {
    file: String,
    expects: Vec<String>,
    /// The rows that the cases which follow prove, beside their own.
    rows: Vec<String>,
    cases: usize,
    wrong: Vec<String>,
    mutants: Option<Mutants>,
}

#[derive(Default)]
struct Mutants {
    altered: usize,
    survived: Vec<String>,
    by_row: BTreeMap<String, usize>,
}

impl Replay {
    /// A replay of a file. `expects` are the places of the expectations in a case: keys, or JSON pointers when they begin with `/`;
    /// the empty pointer is the whole case, and `/**` at the end stands for every value below. Those that a case lacks are left out.
    pub fn of(file: &str, expects: &[&str]) -> Self {
        Self {
            file: file.to_owned(),
            expects: expects.iter().map(|place| pointer(place)).collect(),
            rows: Vec::new(),
            cases: 0,
            wrong: Vec::new(),
            mutants: std::env::var_os("CARBOY_MUTATE").map(|_| Mutants::default()),
        }
    }

    /// The cases that follow prove the rows that `group` names under `"rows"`.
    pub fn group(&mut self, group: &Value) {
        self.rows = named_rows(group);
    }

    /// One case. `holds` is called again with every alteration when alterations are asked for.
    pub fn case<V: Verdict>(&mut self, name: &str, case: &Value, holds: impl Fn(&Value) -> V) {
        self.cases += 1;
        let attempt = |case: &Value| catch(|| holds(case).result()).and_then(|result| result);
        let reason = case.get("differs");
        let Some(mutants) = &mut self.mutants else {
            match (attempt(case), reason) {
                (Err(why), None) => self.wrong.push(format!("{name}: {why}\n    in {case}")),
                (Ok(()), Some(_)) => self.wrong.push(format!("{name} is no longer different: {case}")),
                _ => {}
            }
            return;
        };
        if reason.is_some() {
            return;
        }
        if let Err(why) = attempt(case) {
            mutants.survived.push(format!("{}#{name} does not even hold as it is: {why}", self.file));
            return;
        }
        let mut altered = 0;
        for place in self.expects.iter().flat_map(|place| places(case, place)) {
            let mut mutant = case.clone();
            let Some(value) = mutant.pointer_mut(&place) else { continue };
            alter::alter(value);
            altered += 1;
            if attempt(&mutant).is_ok() {
                mutants.survived.push(format!("{}#{name} {place}: {}", self.file, shortened(&mutant)));
            }
        }
        if altered == 0 {
            mutants.survived.push(format!("{}#{name} has nothing to alter: {}", self.file, shortened(case)));
        }
        mutants.altered += altered;
        for row in self.rows.iter().chain(&named_rows(case)) {
            *mutants.by_row.entry(row.clone()).or_default() += altered;
        }
    }

    /// Ends the replay.
    ///
    /// # Panics
    /// When a case does not hold, or when there were fewer than `at_least`.
    pub fn finish(self, at_least: usize) {
        let Self { file, cases, wrong, mutants, .. } = self;
        assert!(cases >= at_least, "{file}: only {cases} cases");
        let count = wrong.len();
        let shown = wrong[..count.min(20)].join("\n");
        assert!(wrong.is_empty(), "{count} of {cases} cases of {file} fail:\n{shown}");
        if let Some(mutants) = mutants {
            report(&file, cases, &mutants);
        }
    }
}

/// Fails with both values when they are not the same.
///
/// # Errors
/// A sentence with the name of what was compared.
pub fn same<T: PartialEq + std::fmt::Debug>(what: &str, got: T, expected: T) -> Result<(), String> {
    if got == expected { Ok(()) } else { Err(format!("{what}: got {got:?}, expected {expected:?}")) }
}

fn pointer(place: &str) -> String {
    if place.is_empty() || place.starts_with('/') { place.to_owned() } else { format!("/{place}") }
}

/// The place itself, or those of all values below it.
fn places(case: &Value, place: &str) -> Vec<String> {
    let Some(top) = place.strip_suffix("/**") else { return vec![place.to_owned()] };
    let mut found = Vec::new();
    let mut open = vec![(top.to_owned(), case.pointer(top).unwrap_or(&Value::Null))];
    while let Some((at, value)) = open.pop() {
        match value {
            Value::Array(items) if !items.is_empty() => {
                open.extend(items.iter().enumerate().map(|(index, item)| (format!("{at}/{index}"), item)));
            }
            Value::Object(entries) if !entries.is_empty() => {
                let escaped = |key: &str| key.replace('~', "~0").replace('/', "~1");
                open.extend(entries.iter().map(|(key, item)| (format!("{at}/{}", escaped(key)), item)));
            }
            _ => found.push(at),
        }
    }
    found
}

fn named_rows(case: &Value) -> Vec<String> {
    let rows = case.get("rows").and_then(Value::as_array).into_iter().flatten();
    rows.filter_map(|row| row.as_str().map(str::to_owned)).collect()
}

fn shortened(case: &Value) -> String {
    let text = case.to_string();
    match text.char_indices().nth(400) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

/// One line for each replay, so that tests in several processes may write to the same file.
fn report(file: &str, cases: usize, mutants: &Mutants) {
    let Some(path) = std::env::var_os("CARBOY_MUTATE") else { return };
    let line = json!({
        "test": std::thread::current().name(), "file": file, "cases": cases, "altered": mutants.altered,
        "survived": mutants.survived, "rows": mutants.by_row,
    });
    let open = std::fs::File::options().append(true).create(true).open(&path);
    open.and_then(|mut file| file.write_all(format!("{line}\n").as_bytes()))
        .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_failing_case_is_told_and_a_reason_out_of_date_too() {
        let mut replay = Replay::of("some-file", &["is"]);
        replay.case("/0", &json!({"is": 1}), |case| assert_eq!(case["is"], 1));
        replay.case("/1", &json!({"is": 2}), |case| assert_eq!(case["is"], 1));
        replay.case("/2", &json!({"is": 1, "differs": "why"}), |case| same("is", &case["is"], &json!(1)));
        replay.case("/3", &json!({"is": 3, "differs": "why"}), |case| same("is", &case["is"], &json!(1)));
        assert_eq!(replay.cases, 4);
        assert_eq!(replay.wrong.len(), 2, "{:?}", replay.wrong);
        assert!(
            replay.wrong[0].starts_with("/1: ") && replay.wrong[1].starts_with("/2 is no longer different")
        );
    }

    #[test]
    fn every_value_below_a_place_is_altered_by_itself() {
        let case = json!({"is": [1, {"a/b": [true, "x"], "c": []}], "other": 1});
        let mut found = places(&case, "/is/**");
        found.sort();
        assert_eq!(found, ["/is/0", "/is/1/a~1b/0", "/is/1/a~1b/1", "/is/1/c"]);
        assert_eq!(places(&case, "/is"), ["/is"]);
    }

    #[test]
    fn an_expectation_that_may_be_anything_is_a_survivor() {
        let mut replay = Replay::of("some-file", &["is", "/deep/0", "absent"]);
        replay.mutants = Some(Mutants::default());
        let case = json!({"is": 1, "deep": ["x"], "rows": ["A1"]});
        replay.case("/0", &case, |case| assert_eq!(case["deep"], json!(["x"])));
        replay.case("/1", &json!({"other": 1}), |_| ());
        replay.case("/2", &json!({"is": 1}), |case| assert_eq!(case["is"], 2));
        let mutants = replay.mutants.unwrap();
        assert_eq!((mutants.altered, mutants.by_row["A1"]), (2, 2));
        assert_eq!(mutants.survived.len(), 3, "{:?}", mutants.survived);
        assert!(mutants.survived[0].starts_with("some-file#/0 /is: "));
        assert!(mutants.survived[1].starts_with("some-file#/1 has nothing to alter"));
        assert!(mutants.survived[2].starts_with("some-file#/2 does not even hold as it is: "));
    }
}
