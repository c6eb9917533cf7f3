//! A release build holds its templates and static files, so it runs without its sources, from any folder.

use std::{
    fs,
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

const MAIN: &str = r#"
use carboy::prelude::*;

#[route("/")]
fn index() -> carboy::Result<Html> {
    render!("pages/index.html", name = "<Ann>")
}

fn main() -> carboy::Result<()> {
    App::new("moved").routes(routes![index]).run()
}
"#;

struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn write(path: &Path, text: &str) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

fn get(port: u16, path: &str) -> String {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    write!(stream, "GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

/// Builds a package of its own in release mode, which takes minutes.
#[test]
#[ignore = "builds in release mode: part of `cargo xtask full`"]
fn long_a_release_build_runs_without_its_sources_from_another_folder() {
    let repository = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap();
    let folder = std::env::temp_dir().join(format!("carboy-moved-{}", std::process::id()));
    let _ = fs::remove_dir_all(&folder);
    let source = folder.join("source");
    let manifest = format!(
        "[package]\nname = \"moved\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\n[workspace]\n\n[dependencies]\ncarboy = {{ path = {:?} }}\n",
        repository.join("crates/carboy")
    );
    write(&source.join("Cargo.toml"), &manifest);
    write(&source.join("src/main.rs"), MAIN);
    write(&source.join("templates/base.html"), "<title>moved</title>{% block body %}{% endblock %}");
    write(
        &source.join("templates/pages/index.html"),
        "{% extends 'base.html' %}{% block body %}Hello, {{ name }}!{% endblock %}",
    );
    write(&source.join("static/css/site.css"), "body { color: teal }");
    fs::copy(repository.join("Cargo.lock"), source.join("Cargo.lock")).unwrap();
    let target = repository.join("target/moved");
    let built = Command::new(env!("CARGO"))
        .args(["build", "--release", "--offline"])
        .env("CARGO_TARGET_DIR", &target)
        .current_dir(&source)
        .status()
        .unwrap();
    assert!(built.success());
    let binary = folder.join("moved");
    fs::copy(target.join("release/moved"), &binary).unwrap();
    fs::remove_dir_all(&source).unwrap();
    let elsewhere = folder.join("elsewhere");
    fs::create_dir_all(&elsewhere).unwrap();

    let mut child = Command::new(&binary)
        .args(["run", "--port", "0"])
        .current_dir(&elsewhere)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let _running = Running(child);
    let port: u16 = lines
        .map_while(Result::ok)
        .find_map(|line| line.split_once("http://127.0.0.1:").map(|(_, port)| port.parse().unwrap()))
        .expect("the server says where it runs");
    assert!(get(port, "/").ends_with("<title>moved</title>Hello, &lt;Ann&gt;!"));
    let style = get(port, "/static/css/site.css");
    assert!(style.ends_with("body { color: teal }") && style.contains("text/css"), "{style}");
    assert!(get(port, "/static/css/%2e%2e/site.css").contains("404"));
    let _ = fs::remove_dir_all(&folder);
}
