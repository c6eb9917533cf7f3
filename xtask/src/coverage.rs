//! `cargo xtask coverage`: every row of Flask has an owner, and what is declared as proved is.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::process::{Done, cargo, find, run};
use crate::proofs::{self, Proofs};
use crate::workspace::cache;

const ROWS: &str = "conformance/rows.tsv";
const COMPATIBILITY: &str = "COMPATIBILITY.md";

/// `coverage [--mutate]`.
pub(crate) fn command(args: &[&str]) -> Done {
    match args {
        [] => all(),
        ["--mutate"] => mutate(),
        [unknown, ..] => Err(format!("`coverage` has no option '{}'", unknown.escape_debug())),
    }
}

/// Checks the declarations and prints the table.
pub(crate) fn all() -> Done {
    let (groups, proofs) = (groups()?, Proofs::find()?);
    let mut wrong = proofs.mistakes();
    wrong.extend(owners(&groups, &proofs)?);
    if !wrong.is_empty() {
        return Err(format!("these rows are not in order:\n  {}", wrong.join("\n  ")));
    }
    print_table(&groups);
    Ok(())
}

/// A group of rows, such as "C Routing".
struct Group {
    title: String,
    rows: Vec<Row>,
}

struct Row {
    id: String,
    owner: Owner,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Class {
    Proved,
    Different,
    NotApplicable,
    Planned,
}

const CLASSES: [Class; 4] = [Class::Proved, Class::Different, Class::NotApplicable, Class::Planned];

struct Owner {
    class: Class,
    /// The section of COMPATIBILITY.md, or what is planned.
    place: String,
}

fn groups() -> Done<Vec<Group>> {
    let text = fs::read_to_string(ROWS).map_err(|error| format!("'{ROWS}' cannot be read: {error}"))?;
    let mut groups: Vec<Group> = Vec::new();
    for (number, line) in text.lines().enumerate() {
        let fail = |what: &str| Err(format!("{ROWS}:{}: {what}", number + 1));
        if let Some(title) =
            line.strip_prefix("## ").filter(|title| title.starts_with(|c: char| c.is_ascii_uppercase()))
        {
            groups.push(Group { title: title.to_owned(), rows: Vec::new() });
            continue;
        }
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let mut columns = line.split('\t');
        let (Some(id), Some(phrase)) = (columns.next(), columns.next()) else {
            return fail("a row is its name, a tab and what it is about");
        };
        if !proofs::is_row(id) || phrase.is_empty() {
            return fail("a row is a letter with a number, and says what it is about");
        }
        let Some(owner) = owner(columns.next()) else {
            return fail("an owner is 'different: …', 'not applicable: …' or 'planned: …'");
        };
        match groups.last_mut() {
            Some(group) if id == format!("{}{}", &group.title[..1], group.rows.len() + 1) => {
                group.rows.push(Row { id: id.to_owned(), owner })
            }
            _ => return fail("the rows of a group have its letter, and are numbered without a gap"),
        }
    }
    Ok(groups)
}

/// The owner that the third column names; a proof where there is none.
fn owner(column: Option<&str>) -> Option<Owner> {
    let Some(column) = column else { return Some(Owner { class: Class::Proved, place: String::new() }) };
    let (name, place) = column.split_once(": ").filter(|(_, place)| !place.is_empty())?;
    let class = match name {
        "different" => Class::Different,
        "not applicable" => Class::NotApplicable,
        "planned" => Class::Planned,
        _ => return None,
    };
    Some(Owner { class, place: place.to_owned() })
}

/// What is wrong with the rows' owners.
fn owners(groups: &[Group], proofs: &Proofs) -> Done<Vec<String>> {
    let sections = sections()?;
    let mut wrong = Vec::new();
    let mut known = BTreeSet::new();
    for row in groups.iter().flat_map(|group| &group.rows) {
        known.insert(row.id.as_str());
        let proved = proofs.rows.contains_key(&row.id);
        match row.owner.class {
            Class::Proved if !proved => wrong.push(format!("{}: no test and no vector declares it", row.id)),
            Class::Proved => {}
            _ if proved => wrong.push(format!("{}: {ROWS} names another owner, but it is proved", row.id)),
            Class::Planned => {}
            Class::Different | Class::NotApplicable if sections.contains(&row.owner.place) => {}
            _ => wrong.push(format!("{}: {COMPATIBILITY} has no section '{}'", row.id, row.owner.place)),
        }
    }
    for (id, places) in proofs.rows.iter().filter(|(id, _)| !known.contains(id.as_str())) {
        wrong.push(format!(
            "{id}: declared by {}, but {ROWS} has no such row",
            places.iter().next().map_or("", String::as_str)
        ));
    }
    Ok(wrong)
}

/// The anchors of the headings.
fn sections() -> Done<BTreeSet<String>> {
    let text = fs::read_to_string(COMPATIBILITY)
        .map_err(|error| format!("'{COMPATIBILITY}' cannot be read: {error}"))?;
    let anchor = |title: &str| -> String {
        let words = title.to_lowercase().replace(' ', "-");
        words.chars().filter(|c| c.is_alphanumeric() || *c == '-').collect()
    };
    Ok(text.lines().filter_map(|line| line.strip_prefix("## ")).map(anchor).collect())
}

fn print_table(groups: &[Group]) {
    let count = |group: &Group, class| group.rows.iter().filter(|row| row.owner.class == class).count();
    let line = |title: &str, counts: [usize; 4]| {
        let [proved, different, not_applicable, planned] = counts;
        println!(
            "{title:<32}{:>6}{proved:>8}{different:>11}{not_applicable:>16}{planned:>9}",
            counts.iter().sum::<usize>()
        );
    };
    println!(
        "{:<32}{:>6}{:>8}{:>11}{:>16}{:>9}",
        "", "rows", "proved", "different", "not applicable", "planned"
    );
    let mut totals = [0; 4];
    for group in groups {
        let counts = CLASSES.map(|class| count(group, class));
        totals.iter_mut().zip(counts).for_each(|(total, count)| *total += count);
        line(&group.title, counts);
    }
    line("all", totals);
}

/// Lets the tests alter every expectation that they replay, and fails when an alteration is not noticed.
pub(crate) fn mutate() -> Done {
    all()?;
    let proofs = Proofs::find()?;
    let path: PathBuf = cache()?.join(format!("mutants-{}", std::process::id()));
    fs::create_dir_all(path.parent().unwrap_or(Path::new("."))).map_err(|error| error.to_string())?;
    let _ = fs::remove_file(&path);
    let done = replay(&proofs, &path).and_then(|()| {
        fs::read_to_string(&path)
            .map_err(|error| format!("no test wrote what it altered to '{}': {error}", path.display()))
    });
    let _ = fs::remove_file(&path);
    judge(&proofs, &done?)
}

/// Runs the tests that replay vectors, once.
fn replay(proofs: &Proofs, report: &Path) -> Done {
    let names: BTreeSet<&str> = proofs.tests.iter().map(|test| test.name.as_str()).collect();
    let packages: BTreeSet<&str> = proofs.tests.iter().map(|test| test.package.as_str()).collect();
    let packages = packages.iter().flat_map(|package| ["-p", package]);
    if find("cargo-nextest", &[]).is_some() {
        let filter = format!("test(/(^|::)({})$/)", Vec::from_iter(names).join("|"));
        let mut command = cargo(&[
            "nextest",
            "run",
            "--locked",
            "--all-features",
            "--no-fail-fast",
            "--status-level",
            "fail",
        ]);
        run(command.args(packages).args(["--filterset", &filter]).env("CARBOY_MUTATE", report))
    } else {
        let mut command =
            cargo(&["test", "--locked", "--all-features", "--quiet", "--lib", "--tests", "--no-fail-fast"]);
        run(command.args(packages).arg("--").args(&names).env("CARBOY_MUTATE", report))
    }
}

fn judge(proofs: &Proofs, report: &str) -> Done {
    let mut survived: Vec<String> = Vec::new();
    let mut altered: BTreeMap<String, u64> = BTreeMap::new();
    let (mut cases, mut all) = (0, 0);
    for line in report.lines() {
        let line: Value = serde_json::from_str(line)
            .map_err(|error| format!("what a test altered cannot be read: {error}"))?;
        cases += line["cases"].as_u64().unwrap_or(0);
        let here = line["altered"].as_u64().unwrap_or(0);
        all += here;
        survived.extend(
            line["survived"].as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned),
        );
        for (row, count) in line["rows"].as_object().into_iter().flatten() {
            *altered.entry(row.clone()).or_default() += count.as_u64().unwrap_or(0);
        }
        let thread = line["test"].as_str().unwrap_or("");
        let file = line["file"].as_str().unwrap_or("");
        let name = thread.rsplit("::").next().unwrap_or(thread);
        for test in
            proofs.tests.iter().filter(|test| test.name == name && test.files.iter().any(|f| f == file))
        {
            for row in &test.rows {
                *altered.entry(row.clone()).or_default() += here;
            }
        }
    }
    let untouched = proofs.rows.keys().filter(|row| altered.get(*row).is_none_or(|count| *count == 0));
    let untouched: Vec<&str> = untouched.map(String::as_str).collect();
    println!("{cases} cases replayed, {all} expectations altered, {} not noticed", survived.len());
    if !untouched.is_empty() {
        return Err(format!("no expectation of these rows was altered: {}", untouched.join(" ")));
    }
    match survived.as_slice() {
        [] => Ok(()),
        list => Err(format!("these alterations were not noticed:\n  {}", list.join("\n  "))),
    }
}
