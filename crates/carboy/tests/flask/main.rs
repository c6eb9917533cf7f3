//! Scenes: small pieces of an application, played beside what Flask made of them (`conformance/generate/flask_*.py`).

mod app;
mod lifecycle;
mod links;
mod pages;
mod requests;
mod tools;

use carboy::{
    RuleOptions,
    prelude::*,
    testing::TestResponse,
    view::{Args, View, view},
};
use carboy_conformance::{Replay, catch, load, same};
use serde_json::{Value, json};
use std::{
    fs,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

/// The scenes of one file: their names, and what plays them here.
type Scenes = &'static [(&'static str, fn() -> Value)];

/// Plays every scene of a file and compares.
fn play(file: &str, scenes: Scenes) {
    let mut replay = Replay::of(file, &["expect/**"]);
    let vectors = load(file);
    for case in vectors.as_array().unwrap() {
        let name = case["case"].as_str().unwrap();
        let scene = scenes.iter().find(|(own, _)| *own == name);
        let (_, scene) = scene.unwrap_or_else(|| panic!("'{name}' is not played here"));
        let found = catch(scene);
        replay.case(name, case, |case| match &found {
            Ok(found) => same("expect", found, &case["expect"]),
            Err(panic) => Err(panic.clone()),
        });
    }
    replay.finish(scenes.len());
}

/// The first line of what a function panics with; `None` when it does not.
fn panics<T>(run: impl FnOnce() -> T) -> Option<String> {
    let text = catch(run).err()?;
    Some(text.lines().next().unwrap_or_default().to_owned())
}

/// An app as the scenes have it: no static folder, a secret key, errors that become responses.
fn make() -> App {
    let mut app = App::new("scene");
    app.no_static_folder();
    app.config().set("SECRET_KEY", "dev").set("PROPAGATE_EXCEPTIONS", false);
    app
}

/// Status, body, and the header fields that are asked for.
fn seen(response: TestResponse, names: &[&str]) -> Value {
    let mut answer = vec![json!(response.status().as_u16()), json!(response.text())];
    answer.extend(names.iter().map(|name| match response.header_all(name).as_slice() {
        [] => Value::Null,
        values => json!(values.join(", ")),
    }));
    answer.into()
}

/// A rule for GET, without further options.
fn get<S: Scaffold>(scaffold: &mut S, rule: &str, endpoint: &str, view: View) {
    scaffold.add_url_rule(rule, endpoint, view, RuleOptions::default());
}

/// A rule for some methods.
fn on<S: Scaffold>(scaffold: &mut S, methods: &[&str], rule: &str, endpoint: &str, view: View) {
    let methods = Some(methods.iter().map(|method| (*method).to_owned()).collect());
    scaffold.add_url_rule(rule, endpoint, view, RuleOptions { methods, ..RuleOptions::default() });
}

/// A view that answers a text.
fn says(text: &'static str) -> View {
    view(move |_: Args| text)
}

/// What is wrong with an app, in one sentence.
fn mistake(app: &mut App) -> Option<String> {
    app.build().err().map(|error| error.to_string())
}

/// From where a phrase begins to the end of its line.
fn from(text: Option<String>, phrase: &str) -> Value {
    let text = text.unwrap_or_default();
    match text.find(phrase) {
        Some(start) => json!(text[start..].lines().next()),
        None => Value::Null,
    }
}

/// A folder of the scene's own.
struct Folder(PathBuf);

impl Folder {
    fn new(files: &[(&str, &str)]) -> Self {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let top = std::env::temp_dir().join(format!("carboy-scene-{}-{number}", std::process::id()));
        fs::create_dir_all(&top).unwrap();
        let folder = Self(top);
        for (name, text) in files {
            folder.write(name, text);
        }
        folder
    }

    fn write(&self, name: &str, text: &str) {
        let path = self.0.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Lines that a scene writes down.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<String>>>);

impl Log {
    fn add(&self, line: impl Into<String>) {
        self.0.lock().unwrap().push(line.into());
    }

    fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.0.lock().unwrap())
    }
}
