//! Checks the guide "Moving from Flask": each section with code shows it in Python and in Rust, and what both answer.
//!
//! The pages are in `docs/src`. A section (`## …`) may have these blocks, told apart by the word after the fence:
//!
//! | block | what it is |
//! |---|---|
//! | `python` | a module with `app` or `create_app`; `python,compiled` where packages are needed that the tests do not have |
//! | `rust` | a program that ends with a call of [`check`], which the book hides |
//! | `http` | requests and what is answered, to one client after the other |
//! | any other word, a comma and a name | a file that lies beside the program, such as `html,templates/hello.html` |
//!
//! In an `http` block `> GET /path` is a request; a body may follow the target: JSON, fields (`a=1&b=2`), or fields and files
//! (`a=1&file=@name.txt:content`). More lines with `>` are header fields. `< 200` is the status that comes back, more lines with `<` are
//! header fields, all other lines are the body; `…` stands for anything, and a body that is not shown is not compared. In the body of a
//! request `…` stands for the body that came back before.
//! `$ greet Ann` is a command of the app's own, and the lines behind it are what it prints.
//!
//! `cargo test -p carboy-guide --doc` runs the Rust side; the tests in `docs/tests` look at the pages as a whole and run the Python side.

#![forbid(unsafe_code)]

mod page;

pub use page::{Ask, Call, Content, Expected, PAGES, Section, pages, section};

use carboy::{App, Method, Scaffold, testing::TestClient};
use carboy_testkit::Folder;
use std::sync::{Mutex, PoisonError};

/// One program at a time has the current folder, should several run in one process.
static FOLDER: Mutex<()> = Mutex::new(());

/// Puts the files of a section into a new folder, makes the app there, and compares what it answers with what the section says.
///
/// # Panics
/// When it answers something else, or there is no such section.
pub fn check(title: &str, create_app: impl Fn() -> App) {
    let section = section(title);
    let _alone = FOLDER.lock().unwrap_or_else(PoisonError::into_inner);
    let folder = Folder::new();
    section.write_files(folder.path());
    // Configuration files are looked up where a program runs.
    std::env::set_current_dir(folder.path()).expect("the folder is there");
    let make = || {
        let mut app = create_app();
        // As the command line does before it serves.
        app.config().from_dotenv_in(folder.path());
        // An error that nobody handled becomes a page here, as it does in Flask.
        app.config().set("PROPAGATE_EXCEPTIONS", false);
        app.root_path(folder.path());
        app
    };
    let client = make().test_client();
    let mut last = String::new();
    for ask in &section.asks {
        match &ask.call {
            Call::Command(line) => {
                let result = make().test_cli_runner().invoke(line.split_whitespace());
                ask.expected.compare(title, &ask.line, None, |_| Vec::new(), &result.output);
            }
            call => last = send(title, ask, call, &client, &last),
        }
    }
}

/// Sends a request, compares what comes back, and answers its body.
fn send(title: &str, ask: &Ask, call: &Call, client: &TestClient, last: &str) -> String {
    let Call::Request { method, target, headers, content } = call else { return String::new() };
    let method = Method::from_bytes(method.as_bytes()).expect("a method");
    let mut request = client.open(method, target);
    request = match content {
        Content::Nothing => request,
        Content::Json(text) => request.data(text.as_bytes()).content_type("application/json"),
        Content::Form(text) => {
            request.data(text.replace('…', last)).content_type("application/x-www-form-urlencoded")
        }
        Content::Multipart { fields, files } => {
            let request = request.form(fields.iter().map(|(name, value)| (name.as_str(), value)));
            files.iter().fold(request, |request, (name, filename, content)| {
                request.file(name, filename, "text/plain", content.as_bytes())
            })
        }
    };
    let request = headers.iter().fold(request, |request, (name, value)| request.header(name, value));
    let response = request.send();
    let header = |name: &str| response.header_all(name).into_iter().map(str::to_owned).collect();
    ask.expected.compare(title, &ask.line, Some(response.status().as_u16()), header, &response.text());
    response.text()
}
