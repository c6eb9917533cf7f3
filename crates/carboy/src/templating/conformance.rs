//! Replays the vectors that the real Jinja2 made inside a real Flask app.

use std::collections::BTreeMap;
use std::path::PathBuf;

use carboy_conformance::{load, replay};
use serde::Deserialize;
use serde_json::Value;

use super::context::TemplateContext;
use super::engine::Templates;
use super::error::TemplateErrorKind;

#[derive(Deserialize)]
struct Case {
    group: String,
    templates: BTreeMap<String, String>,
    entry: String,
    context: Option<Value>,
    output: Option<String>,
    error: Option<String>,
    message: Option<String>,
    line: Option<usize>,
}

fn outcome(case: &Case, shared: &Value) -> Result<String, (String, String, Option<usize>)> {
    let folder = tempfile();
    for (name, text) in &case.templates {
        let path = folder.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    let mut builder = Templates::builder();
    builder.folder("the app", &folder);
    let context = TemplateContext::from_serialize(case.context.as_ref().unwrap_or(shared));
    let rendered = builder.build().render(&[&case.entry], context);
    std::fs::remove_dir_all(&folder).unwrap();
    rendered.map_err(|error| {
        let kind = match error.kind() {
            TemplateErrorKind::Syntax | TemplateErrorKind::UnknownFilter | TemplateErrorKind::UnknownTest => {
                "syntax"
            }
            TemplateErrorKind::Undefined => "undefined",
            TemplateErrorKind::NotFound => "not_found",
            _ => "runtime",
        };
        (kind.to_owned(), error.message().to_owned(), error.line())
    })
}

fn tempfile() -> PathBuf {
    use std::sync::atomic::{AtomicUsize, Ordering};
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    std::env::temp_dir().join(format!(
        "carboy-templates-{}-{}",
        std::process::id(),
        NEXT.fetch_add(1, Ordering::Relaxed)
    ))
}

/// How many of all cases may differ, for reasons that are listed.
const MOST_DIFFERENCES: f64 = 0.02;

fn holds(case: &Value, shared: &Value) -> Result<(), String> {
    let case: Case = serde_json::from_value(case.clone()).map_err(|error| error.to_string())?;
    let found = outcome(&case, shared);
    let same = match (&found, &case.output, &case.error) {
        (Ok(found), Some(expected), _) => found == expected,
        (Err((kind, message, line)), None, Some(expected)) => {
            kind == expected
                && (kind != "undefined" || Some(message) == case.message.as_ref())
                && (kind != "syntax" || case.line.is_none() || *line == case.line)
        }
        _ => false,
    };
    if same { Ok(()) } else { Err(format!("[{}] found {found:?}", case.group)) }
}

// rows: L9 L10 L12
#[test]
fn expressions_filters_tests_and_methods_answer_what_jinja_answers() {
    let shared = &load("templates/expressions.json")["context"];
    replay("templates/expressions.json", "/cases", &["output", "error"], 1800, |case| holds(case, shared));
}

// rows: L10 L12
#[test]
fn statements_blocks_macros_and_imports_answer_what_jinja_answers() {
    let shared = &load("templates/statements.json")["context"];
    replay("templates/statements.json", "/cases", &["output", "error"], 400, |case| holds(case, shared));
}

#[test]
fn less_than_one_rendering_in_fifty_differs_from_jinja() {
    let files = ["templates/expressions.json", "templates/statements.json"].map(load);
    let cases: Vec<&Value> = files.iter().flat_map(|file| file["cases"].as_array().unwrap()).collect();
    let differing = cases.iter().filter(|case| case.get("differs").is_some()).count();
    assert!(cases.len() > 2000, "only {} cases", cases.len());
    assert!(
        (differing as f64) < MOST_DIFFERENCES * cases.len() as f64,
        "{differing} of {} cases are listed as different",
        cases.len()
    );
}

/// The app of the vectors; what every request is answered with is the rendered source.
fn flask_app(vectors: &Value, source: &str) -> crate::App {
    let pairs =
        |key: &str| -> Vec<(String, String)> { serde_json::from_value(vectors[key].clone()).unwrap() };
    use crate::prelude::*;
    let mut app = App::new("app");
    app.no_static_folder();
    app.config().set("SECRET_KEY", "k").set("TITLE", "Shop & Co").set("PROPAGATE_EXCEPTIONS", false);
    let mut admin = Blueprint::new("admin");
    let view = || crate::view::view(|_| async { "".into_response() });
    for (rule, endpoint) in &pairs("rules") {
        match endpoint.strip_prefix("admin.") {
            Some(endpoint) => admin.add_url_rule(rule, endpoint, view(), Default::default()),
            None => {
                app.add_url_rule(rule, endpoint, view(), Default::default());
                &mut admin
            }
        };
    }
    app.register(admin);
    let (source, flashes) = (source.to_owned(), pairs("flashes"));
    app.before_request(move || -> crate::Result<Option<Html>> {
        g().set("user", serde_json::json!({"name": "<Ada>"}));
        session().set("cart", [1, 2]);
        session().set("name", "<s>");
        for (category, message) in &flashes {
            flash(message.as_str(), category);
        }
        Ok(Some(crate::render_template_string(&source, ())?))
    });
    app
}

// rows: L4
#[test]
fn the_globals_of_flask_answer_what_flasks_answer() {
    let vectors = &load("templates/flask.json");
    replay("templates/flask.json", "/cases", &["output"], 100, |case| {
        let client = flask_app(vectors, case["source"].as_str().unwrap()).test_client();
        let mut request = client.get(case["target"].as_str().unwrap());
        for field in case["headers"].as_array().unwrap() {
            let (name, value) = (field[0].as_str().unwrap(), field[1].as_str().unwrap());
            request = match name {
                "Host" => request.base_url(&format!("http://{value}")),
                name => request.header(name, value),
            };
        }
        let response = request.send();
        let found = (response.status() == 200).then(|| response.text());
        assert_eq!(found.as_deref(), case["output"].as_str());
        assert!(!case["output"].is_string() || found.is_some());
    });
}

// rows: L14
#[test]
fn escape_striptags_and_unescape_answer_what_markupsafe_answers() {
    replay("templates/markupsafe.json", "", &["escape", "striptags", "unescape"], 180, |case| {
        let text = case["text"].as_str().unwrap();
        let markup = super::Markup::new(text);
        assert_eq!(super::escape(text).as_str(), case["escape"], "escape");
        assert_eq!(markup.striptags(), case["striptags"], "striptags");
        assert_eq!(markup.unescape(), case["unescape"], "unescape");
    });
}
