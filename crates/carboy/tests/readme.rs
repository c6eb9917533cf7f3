//! What README.md tells a newcomer to write is what is built and run here, word for word, in a folder of its own.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::channel;
use std::time::Duration;

/// The dependency that a newcomer writes; here the clone is elsewhere.
const DEPENDENCY: &str = r#"carboy = { path = "../carboy/crates/carboy" }"#;

/// A newcomer's project, removed when it is dropped.
struct Project {
    folder: PathBuf,
    target: PathBuf,
}

/// A running server, stopped when it is dropped.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Drop for Project {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

impl Project {
    fn new(manifest: &str) -> Project {
        let folder = std::env::temp_dir().join(format!("carboy-readme-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&folder);
        // What the workspace has compiled need not be compiled again.
        let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().expect("a folder in the target folder");
        let target = target.to_owned();
        let project = Project { folder, target };
        let here = Path::new(env!("CARGO_MANIFEST_DIR"));
        assert_eq!(manifest.matches(DEPENDENCY).count(), 1, "{manifest}");
        let local = format!("carboy = {{ path = {:?} }}", here.display().to_string());
        project.write("Cargo.toml", &manifest.replace(DEPENDENCY, &local));
        // The same versions of everything as in the workspace: they are there, so no network is needed.
        let lock =
            std::fs::read_to_string(here.join("../../Cargo.lock")).expect("the workspace has a lock file");
        project.write("Cargo.lock", &lock);
        project
    }

    fn write(&self, name: &str, text: &str) {
        let path = self.folder.join(name);
        std::fs::create_dir_all(path.parent().expect("a file is in a folder")).expect("a folder can be made");
        std::fs::write(&path, text).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    }

    fn cargo(&self, args: &[&str]) -> Command {
        let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        // Cargo tells its children about the package at hand; the newcomer's cargo knows nothing of that.
        for (name, _) in std::env::vars_os() {
            let of_cargo = name.to_str().is_some_and(|name| {
                name.starts_with("CARGO_PKG_")
                    || name.starts_with("CARGO_MANIFEST_")
                    || name.starts_with("SHOP_")
            });
            if of_cargo {
                command.env_remove(name);
            }
        }
        command.args(args).current_dir(&self.folder).env("CARGO_TARGET_DIR", &self.target);
        command.env("CARGO_PROFILE_DEV_DEBUG", "line-tables-only").env("CARGO_NET_OFFLINE", "true");
        command
    }

    /// Runs cargo and answers what it printed; panics with all of it when it fails.
    fn run(&self, args: &[&str]) -> String {
        let output = self.cargo(args).output().expect("cargo starts");
        let said = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let (out, err) = (said(&output.stdout), said(&output.stderr));
        assert!(output.status.success(), "cargo {args:?} failed:\n{err}\n{out}");
        assert!(!err.contains("warning: `shop`"), "the README's text warns:\n{err}");
        out
    }

    /// Starts the program that was built, on a free port, and answers the port.
    fn serve(&self) -> (Running, u16) {
        let mut child = Command::new(self.target.join("debug/shop"))
            .args(["run", "--port", "0"])
            .current_dir(&self.folder)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .expect("what was built starts");
        let out = child.stdout.take().expect("the output is piped");
        let running = Running(child);
        let (sender, receiver) = channel();
        std::thread::spawn(move || {
            for line in BufReader::new(out).lines().map_while(Result::ok) {
                let port =
                    line.strip_prefix(" * Running on http://127.0.0.1:").and_then(|port| port.parse().ok());
                if let Some(port) = port {
                    let _ = sender.send(port);
                }
            }
        });
        let port = receiver.recv_timeout(Duration::from_secs(30)).expect("it says where it runs");
        (running, port)
    }
}

/// The code blocks of a Markdown text: language and text.
fn blocks(markdown: &str) -> Vec<(&str, &str)> {
    let mut fences = markdown.split("\n```");
    fences.next();
    let mut found = Vec::new();
    while let (Some(block), Some(_)) = (fences.next(), fences.next()) {
        found.push(block.split_once('\n').expect("a block has a first line"));
    }
    found
}

fn ask(port: u16) -> String {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).expect("the port is open");
    stream.set_read_timeout(Some(Duration::from_secs(10))).expect("a timeout can be set");
    stream.write_all(b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").expect("it listens");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("it answers");
    answer
}

#[test]
fn a_newcomer_builds_and_runs_what_the_readme_says() {
    let readme = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../README.md");
    let readme = std::fs::read_to_string(readme).expect("the project has a README");
    let (_, first_screen) =
        readme.split_once("## A project of your own").expect("the README has the section");
    let (first_screen, _) = first_screen.split_once("\n## ").expect("more sections follow");
    let blocks = blocks(first_screen);
    let [("toml", manifest), ("rust", hello), ("html", template), ("rust", guestbook)] = blocks[..] else {
        panic!("the blocks are not those that this test knows: {blocks:#?}");
    };

    let project = Project::new(manifest);
    project.write("src/main.rs", hello);
    project.run(&["build"]);
    let (server, port) = project.serve();
    let answer = ask(port);
    assert!(
        answer.starts_with("HTTP/1.1 200 OK\r\n") && answer.ends_with("\r\n\r\nHello, World!"),
        "{answer}"
    );
    drop(server);
    assert!(project.run(&["run", "--quiet", "--", "routes"]).contains("hello"), "the rules are listed");
    let lines = hello.lines().filter(|line| !line.trim().is_empty()).count();
    assert!(lines <= 10, "the README promises ten lines, there are {lines}");

    assert!(first_screen.contains("`templates/guestbook.html`"));
    project.write("templates/guestbook.html", template);
    project.write("src/main.rs", guestbook);
    let tested = project.run(&["test"]);
    assert!(tested.contains("test who_signs_stands_in_the_guestbook ... ok"), "{tested}");
    assert_eq!(project.run(&["run", "--quiet", "--", "check"]), "shop: no problem found\n");
    let (_server, port) = project.serve();
    let answer = ask(port);
    assert!(answer.contains("<input name=\"name\" value=\"\" required>"), "{answer}");

    // The same project with a mistake: a folder for templates that is not there.
    let made = "App::new(\"shop\");";
    let wrong = guestbook.replace(made, &format!("{made}\n    app.template_folder(\"nowhere\");"));
    assert_ne!(wrong, guestbook);
    project.write("src/main.rs", &wrong);
    project.run(&["build"]);
    let mut command = Command::new(project.target.join("debug/shop"));
    let output = command.args(["run", "--port", "0"]).current_dir(&project.folder).output();
    let output = output.expect("what was built starts");
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!((output.status.code(), &*output.stdout), (Some(1), &b""[..]), "{said}");
    assert!(said.starts_with("Error: ") && said.contains("nowhere") && said.lines().count() == 1, "{said}");
}
