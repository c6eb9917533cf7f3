//! Who declares to prove a row: the tests and the vectors.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::process::Done;
use crate::workspace::{crates, entries};

const VECTORS: &str = "conformance";

/// A test that replays vectors.
pub(crate) struct Test {
    pub(crate) package: String,
    pub(crate) name: String,
    /// The rows that it declares itself.
    pub(crate) rows: Vec<String>,
    /// The files of vectors that its body names.
    pub(crate) files: Vec<String>,
    place: String,
}

/// All declarations.
pub(crate) struct Proofs {
    /// The tests that replay vectors, and those that declare rows.
    pub(crate) tests: Vec<Test>,
    /// Where each row is declared.
    pub(crate) rows: BTreeMap<String, BTreeSet<String>>,
    /// Files with declarations that no test names.
    orphans: Vec<String>,
}

impl Proofs {
    /// Reads the sources of the crates and the vectors.
    pub(crate) fn find() -> Done<Self> {
        let mut tests = Vec::new();
        // The sources here hold examples of declarations.
        for member in crates()?.into_iter().filter(|member| member.name != "xtask") {
            for folder in ["src", "tests"] {
                for path in sources(&member.folder.join(folder))? {
                    let text = read(&path)?;
                    tests.extend(tests_of(&text, &member.name, &path.display().to_string()));
                }
            }
        }
        tests.retain(|test| !test.files.is_empty() || !test.rows.is_empty());
        let mut rows: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for test in &tests {
            for row in &test.rows {
                rows.entry(row.clone()).or_default().insert(test.place.clone());
            }
        }
        let mut orphans = Vec::new();
        for area in entries(Path::new(VECTORS))? {
            for path in
                entries(&area)?.into_iter().filter(|path| path.extension().is_some_and(|e| e == "json"))
            {
                let file = path.strip_prefix(VECTORS).unwrap_or(&path).display().to_string();
                let text = read(&path)?;
                if !text.contains("\"rows\"") {
                    continue;
                }
                let value: Value =
                    serde_json::from_str(&text).map_err(|error| format!("'{}': {error}", path.display()))?;
                let mut declared = BTreeSet::new();
                collect(&value, &mut declared);
                if !declared.is_empty() && !tests.iter().any(|test| test.files.contains(&file)) {
                    orphans.push(file.clone());
                }
                for row in declared {
                    rows.entry(row).or_default().insert(file.clone());
                }
            }
        }
        Ok(Self { tests, rows, orphans })
    }

    /// Declarations that prove nothing.
    pub(crate) fn mistakes(&self) -> Vec<String> {
        let mut wrong: Vec<String> =
            self.orphans.iter().map(|file| format!("{file} declares rows, but no test replays it")).collect();
        for test in &self.tests {
            if test.files.is_empty() {
                wrong.push(format!("{} declares rows, but names no vectors", test.place));
            }
            for file in &test.files {
                if !Path::new(VECTORS).join(file).is_file() {
                    wrong.push(format!("{} names '{file}', which is not there", test.place));
                }
            }
        }
        wrong
    }
}

/// The names of all tests.
pub(crate) fn names_of_tests() -> Done<BTreeSet<String>> {
    let mut names = BTreeSet::new();
    for member in crates()? {
        for folder in ["src", "tests"] {
            for path in sources(&member.folder.join(folder))? {
                let text = read(&path)?;
                names.extend(tests_of(&text, &member.name, "").into_iter().map(|test| test.name));
            }
        }
    }
    Ok(names)
}

/// Whether this is the name of a row: a letter and a number.
pub(crate) fn is_row(text: &str) -> bool {
    let mut chars = text.chars();
    let digits = chars.as_str().len() > 1;
    digits && chars.next().is_some_and(|c| c.is_ascii_uppercase()) && chars.all(|c| c.is_ascii_digit())
}

/// The rows that vectors declare: lists of names under `"rows"`.
fn collect(value: &Value, rows: &mut BTreeSet<String>) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| collect(item, rows)),
        Value::Object(entries) => {
            let named = entries.get("rows").and_then(Value::as_array).into_iter().flatten();
            rows.extend(named.filter_map(Value::as_str).filter(|row| is_row(row)).map(str::to_owned));
            entries.values().for_each(|entry| collect(entry, rows));
        }
        _ => {}
    }
}

fn read(path: &Path) -> Done<String> {
    fs::read_to_string(path).map_err(|error| format!("'{}' cannot be read: {error}", path.display()))
}

fn sources(folder: &Path) -> Done<Vec<PathBuf>> {
    let mut found = Vec::new();
    for path in entries(folder)? {
        if path.is_dir() {
            found.extend(sources(&path)?);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
    Ok(found)
}

/// The tests of a source: their names, the comment `// rows: …` above them, and the vectors that they name.
fn tests_of(text: &str, package: &str, path: &str) -> Vec<Test> {
    let mut tests: Vec<Test> = Vec::new();
    let mut rows = Vec::new();
    let (mut above, mut inside) = (false, None);
    for (number, line) in text.lines().enumerate() {
        let indent = line.len() - line.trim_start().len();
        let line = line.trim_start();
        if let Some(end) = inside {
            if line == "}" && indent == end {
                inside = None;
            } else if let Some(test) = tests.last_mut() {
                test.files.extend(vectors_in(line));
            }
        } else if let Some(names) = line.strip_prefix("// rows: ") {
            rows.extend(names.split_whitespace().map(str::to_owned));
        } else if line.starts_with("#[test]") || line.starts_with("#[tokio::test") {
            above = true;
        } else if let Some(name) =
            line.strip_prefix("fn ").or_else(|| line.strip_prefix("async fn ")).filter(|_| above)
        {
            let name = name.split('(').next().unwrap_or(name).to_owned();
            let place = format!("{name} ({path}:{})", number + 1);
            tests.push(Test {
                package: package.to_owned(),
                name,
                rows: std::mem::take(&mut rows),
                files: Vec::new(),
                place,
            });
            (above, inside) = (false, Some(indent));
        } else if !line.starts_with("#[") && !line.starts_with("//") {
            above = false;
        }
    }
    tests
}

/// The texts of a line that look like `"area/file.json"`.
fn vectors_in(line: &str) -> impl Iterator<Item = String> {
    line.split('"')
        .skip(1)
        .step_by(2)
        .filter(|text| {
            text.ends_with(".json") && text.matches('/').count() == 1 && !text.starts_with(['.', '/'])
        })
        .map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_test_declares_rows_above_itself_and_vectors_inside() {
        let source = "\
// rows: A1 B22
#[test]
fn one() {
    replay(\"area/file.json\", \"\", &[\"x\"], 1, |case| ());
}

fn helper() {
    load(\"area/other.json\");
}

#[test]
fn two() {}
";
        let tests = tests_of(source, "p", "s.rs");
        let found: Vec<_> =
            tests.iter().map(|test| (test.name.as_str(), test.rows.len(), test.files.len())).collect();
        assert_eq!(found, [("one", 2, 1), ("two", 0, 0)]);
        assert_eq!(tests[0].files, ["area/file.json"]);
        assert!(is_row("A1") && is_row("Y10") && !is_row("A") && !is_row("a1") && !is_row("A1b"));
    }
}
