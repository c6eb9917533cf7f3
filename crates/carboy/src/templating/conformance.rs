//! Replays the vectors that the real Jinja2 made inside a real Flask app.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::Deserialize;

use super::context::TemplateContext;
use super::engine::Templates;
use super::error::TemplateErrorKind;

#[derive(Deserialize)]
struct Vectors {
    context: serde_json::Value,
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    group: String,
    templates: BTreeMap<String, String>,
    entry: String,
    context: Option<serde_json::Value>,
    output: Option<String>,
    error: Option<String>,
    message: Option<String>,
    line: Option<usize>,
    /// Why this engine answers something else, for the differences that COMPATIBILITY.md lists.
    differs: Option<String>,
}

fn vectors(file: &str) -> Vectors {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../conformance/templates").join(file);
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_str(&text).unwrap()
}

fn outcome(case: &Case, shared: &serde_json::Value) -> Result<String, (String, String, Option<usize>)> {
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

fn replay(file: &str) {
    let Vectors { context, cases } = vectors(file);
    let mut wrong = Vec::new();
    for (number, case) in cases.iter().enumerate() {
        let found = outcome(case, &context);
        let same = match (&found, &case.output, &case.error) {
            (Ok(found), Some(expected), _) => found == expected,
            (Err((kind, message, line)), None, Some(expected)) => {
                kind == expected
                    && (kind != "undefined" || Some(message) == case.message.as_ref())
                    && (kind != "syntax" || case.line.is_none() || *line == case.line)
            }
            _ => false,
        };
        if case.differs.is_some() {
            if same {
                wrong.push(format!("{number} [{}] is no longer different: {:?}", case.group, case.templates));
            }
        } else if !same {
            wrong.push(format!(
                "{number} [{}] {:?}\n    expected {:?}\n    found    {found:?}",
                case.group,
                case.templates,
                case.output.clone().ok_or((&case.error, &case.message, &case.line)),
            ));
        }
    }
    assert!(wrong.is_empty(), "{} of {} cases:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
}

#[test]
fn expressions_filters_tests_and_methods_answer_what_jinja_answers() {
    replay("expressions.json");
}

#[test]
fn statements_blocks_macros_and_imports_answer_what_jinja_answers() {
    replay("statements.json");
}

#[test]
fn less_than_one_rendering_in_fifty_differs_from_jinja() {
    let cases: Vec<Case> =
        ["expressions.json", "statements.json"].into_iter().flat_map(|file| vectors(file).cases).collect();
    let differing = cases.iter().filter(|case| case.differs.is_some()).count();
    assert!(cases.len() > 2000, "only {} cases", cases.len());
    assert!(
        (differing as f64) < MOST_DIFFERENCES * cases.len() as f64,
        "{differing} of {} cases are listed as different",
        cases.len()
    );
}

#[derive(Deserialize)]
struct FlaskVectors {
    rules: Vec<(String, String)>,
    flashes: Vec<(String, String)>,
    cases: Vec<FlaskCase>,
}

#[derive(Deserialize)]
struct FlaskCase {
    source: String,
    target: String,
    headers: Vec<(String, String)>,
    output: Option<String>,
}

/// The app of the vectors; what every request is answered with is the rendered source.
fn flask_app(vectors: &FlaskVectors, source: &str) -> crate::App {
    use crate::prelude::*;
    let mut app = App::new("app");
    app.no_static_folder();
    app.config().set("SECRET_KEY", "k").set("TITLE", "Shop & Co").set("PROPAGATE_EXCEPTIONS", false);
    let mut admin = Blueprint::new("admin");
    let view = || crate::view::view(|_| async { "".into_response() });
    for (rule, endpoint) in &vectors.rules {
        match endpoint.strip_prefix("admin.") {
            Some(endpoint) => admin.add_url_rule(rule, endpoint, view(), Default::default()),
            None => {
                app.add_url_rule(rule, endpoint, view(), Default::default());
                &mut admin
            }
        };
    }
    app.register(admin);
    let (source, flashes) = (source.to_owned(), vectors.flashes.clone());
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

#[test]
fn the_globals_of_flask_answer_what_flasks_answer() {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../conformance/templates/flask.json");
    let vectors: FlaskVectors = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let mut wrong = Vec::new();
    for case in &vectors.cases {
        let client = flask_app(&vectors, &case.source).test_client();
        let mut request = client.get(&case.target);
        for (name, value) in &case.headers {
            request = match name.as_str() {
                "Host" => request.base_url(&format!("http://{value}")),
                name => request.header(name, value.as_str()),
            };
        }
        let response = request.send();
        let found = (response.status() == 200).then(|| response.text());
        if found != case.output {
            wrong.push(format!("{}\n    expected {:?}\n    found    {found:?}", case.source, case.output));
        }
    }
    assert!(wrong.is_empty(), "{} of {} cases:\n{}", wrong.len(), vectors.cases.len(), wrong.join("\n"));
}

#[derive(Deserialize)]
struct MarkupCase {
    text: String,
    escape: String,
    striptags: String,
    unescape: String,
}

#[test]
fn escape_striptags_and_unescape_answer_what_markupsafe_answers() {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../conformance/templates/markupsafe.json");
    let cases: Vec<MarkupCase> = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    for case in cases {
        let markup = super::Markup::new(case.text.as_str());
        assert_eq!(super::escape(&case.text).as_str(), case.escape, "escape of {:?}", case.text);
        assert_eq!(markup.striptags(), case.striptags, "striptags of {:?}", case.text);
        assert_eq!(markup.unescape(), case.unescape, "unescape of {:?}", case.text);
    }
}
