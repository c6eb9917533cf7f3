//! The guide as a whole, and its Python side.

use carboy_guide::{Call, Content, PAGES, Section, pages};
use carboy_testkit::{Folder, python};
use serde_json::{Value, json};
use std::{
    collections::HashSet,
    fs,
    io::Write,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

fn here(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

#[test]
fn every_idiom_has_its_twin_and_shows_what_both_answer() {
    let mut titles = HashSet::new();
    for (page, sections) in pages() {
        for section in sections {
            let title = &section.title;
            assert!(
                titles.insert(title.clone()),
                "{page}: {title:?} is there twice, and `check` finds the first"
            );
            assert!(
                section.rust.len() <= 1 && section.python.len() <= 1,
                "{page}: {title}: one block of each language"
            );
            let call = format!("carboy_guide::check({title:?}, ");
            assert!(
                section.rust.iter().all(|rust| rust.contains(&call)),
                "{page}: {title}: the program is not checked"
            );
            if !section.python.is_empty() {
                assert!(!section.rust.is_empty(), "{page}: {title}: no twin in Rust");
            }
            if !section.rust.is_empty() {
                assert!(!section.asks.is_empty(), "{page}: {title}: nothing is asked");
            }
            for ask in &section.asks {
                let complete = match ask.call {
                    Call::Command(_) => ask.expected.body.is_some(),
                    Call::Request { .. } => ask.expected.status.is_some(),
                };
                assert!(complete, "{page}: {title}: no answer to {}", ask.line);
            }
        }
    }
}

#[test]
fn every_page_is_in_the_book() {
    let summary = fs::read_to_string(here("src/SUMMARY.md")).expect("the book has a summary");
    let listed: Vec<&str> =
        summary.split("](").skip(1).filter_map(|rest| rest.split_once(')')).map(|(page, _)| page).collect();
    let pages_of_the_book: Vec<&str> = PAGES.iter().copied().chain(["differences.md"]).collect();
    assert_eq!(listed, pages_of_the_book);
    let files = fs::read_dir(here("src")).expect("the book has pages");
    assert_eq!(files.count(), pages_of_the_book.len() + 1, "a page is not in the book");
}

#[test]
fn what_the_guide_points_at_is_there() {
    for page in fs::read_dir(here("src")).expect("the book has pages") {
        let path = page.expect("a page").path();
        let text = fs::read_to_string(&path).expect("a page is text");
        let targets =
            text.split("](").skip(1).filter_map(|rest| rest.split_once(')')).map(|(target, _)| target);
        for target in targets.filter(|target| !target.starts_with("http")) {
            let (file, anchor) = target.split_once('#').unwrap_or((target, ""));
            let file = if file.is_empty() { path.clone() } else { here("src").join(file) };
            let pointed = fs::read_to_string(&file)
                .unwrap_or_else(|error| panic!("{}: {target}: {error}", path.display()));
            let found = anchor.is_empty()
                || pointed.lines().filter(|line| line.starts_with('#')).any(|line| anchor_of(line) == anchor);
            assert!(found, "{}: {target}", path.display());
        }
    }
}

/// The anchor that GitHub and mdBook give to a heading.
fn anchor_of(heading: &str) -> String {
    let words = heading.trim_start_matches('#').trim().to_lowercase();
    words
        .chars()
        .filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'))
        .map(|c| if c == ' ' { '-' } else { c })
        .collect()
}

#[test]
#[ignore = "needs Python with Flask"]
fn flask_answers_what_the_guide_says() {
    let mut run = 0;
    for (page, sections) in pages() {
        for section in sections {
            for (module, runs) in &section.python {
                let folder = Folder::new();
                fs::write(folder.path().join("app.py"), module).expect("a file can be written");
                let mut compile = Command::new(python());
                let compiled =
                    compile.args(["-m", "py_compile", "app.py"]).current_dir(folder.path()).output();
                let compiled = compiled.expect("Python starts");
                let said = String::from_utf8_lossy(&compiled.stderr);
                assert!(compiled.status.success(), "{page}: {}: {said}", section.title);
                if *runs {
                    run += 1;
                    compare(&section, folder.path());
                }
            }
        }
    }
    assert!(run >= 33, "the guide has more modules than {run}");
}

#[test]
#[ignore = "needs Python with Flask"]
fn the_file_of_rules_is_what_the_module_for_flask_writes() {
    let section = carboy_guide::section("3. The rules of both sides");
    let folder = Folder::new();
    let (module, _) = &section.python[0];
    fs::write(folder.path().join("app.py"), module).expect("a file can be written");
    let mut export = Command::new(python());
    let export =
        export.arg(here("../python/carboy_routes.py")).args(["--app", "app"]).current_dir(folder.path());
    let output = export.output().expect("Python starts");
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(
        section.files,
        [("routes.json".to_owned(), String::from_utf8_lossy(&output.stdout).into_owned())],
        "{said}"
    );
}

/// Runs the module of a section and compares what it answers with what the page says.
fn compare(section: &Section, folder: &Path) {
    section.write_files(folder);
    let asks: Vec<Value> = section.asks.iter().map(|ask| asked(&ask.call)).collect();
    let task = json!({ "folder": folder, "asks": asks }).to_string();
    let mut child = Command::new(python())
        .arg(here("check/flask_side.py"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("Python starts");
    child.stdin.take().expect("it is piped").write_all(task.as_bytes()).expect("it is read");
    let output = child.wait_with_output().expect("it ends");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{}: {said}", section.title);
    let answers: Vec<Value> = serde_json::from_slice(&output.stdout).expect("it answers in JSON");
    assert_eq!(answers.len(), section.asks.len(), "{}", section.title);
    for (ask, answer) in section.asks.iter().zip(&answers) {
        let status = answer["status"].as_u64().and_then(|status| u16::try_from(status).ok());
        let header = |name: &str| {
            let fields = answer["headers"].as_array().into_iter().flatten();
            let fields = fields.filter(|field| field[0] == name.to_lowercase());
            fields.filter_map(|field| Some(field[1].as_str()?.to_owned())).collect()
        };
        let body = answer["body"].as_str().expect("a body is text");
        ask.expected.compare(&format!("Flask: {}", section.title), &ask.line, status, header, body);
    }
}

fn asked(call: &Call) -> Value {
    let Call::Request { method, target, headers, content } = call else {
        let Call::Command(line) = call else { unreachable!("there are two kinds") };
        return json!({ "command": line.split_whitespace().collect::<Vec<_>>() });
    };
    let content = match content {
        Content::Nothing => json!({ "kind": "nothing" }),
        Content::Json(text) => json!({ "kind": "json", "text": text }),
        Content::Form(text) => json!({ "kind": "form", "text": text }),
        Content::Multipart { fields, files } => {
            json!({ "kind": "multipart", "fields": fields, "files": files })
        }
    };
    json!({ "method": method, "target": target, "headers": headers, "content": content })
}
