//! Replays what Flask answered when it sent files (`conformance/generate/files.py`).

use carboy::{FileSource, SendFile, prelude::*, send_from_directory};
use carboy_conformance::replay;
use serde_json::Value;
use std::{
    fs,
    io::Cursor,
    path::{Path, PathBuf},
    sync::LazyLock,
    time::{Duration, UNIX_EPOCH},
};

static VECTORS: LazyLock<Value> = LazyLock::new(|| carboy_conformance::load("files/files.json"));

/// Text in which each character is a byte.
fn bytes(text: &str) -> Vec<u8> {
    text.chars().map(|c| c as u8).collect()
}

#[route("/send/<int:index>")]
fn send(index: usize) -> carboy::Result {
    let options = &VECTORS["sends"][index];
    let text = |name: &str| options[name].as_str().map(str::to_owned);
    let mut file = match (text("path"), text("bytes"), text("reader")) {
        (Some(path), ..) => SendFile::new(path),
        (_, Some(content), _) => SendFile::new(FileSource::Bytes(content.into())),
        (.., content) => SendFile::reader(Cursor::new(content.unwrap())),
    };
    if options["as_attachment"] == true {
        file = file.as_attachment();
    }
    if let Some(name) = text("download_name") {
        file = file.download_name(name);
    }
    if let Some(mimetype) = text("mimetype") {
        file = file.mimetype(mimetype);
    }
    if let Some(age) = options["max_age"].as_u64() {
        file = file.max_age(Duration::from_secs(age));
    }
    if let Some(time) = options["last_modified"].as_u64() {
        file = file.last_modified(UNIX_EPOCH + Duration::from_secs(time));
    }
    if options["conditional"] == false {
        file = file.conditional(false);
    }
    file = match &options["etag"] {
        Value::String(etag) => file.etag(etag),
        Value::Bool(false) => file.no_etag(),
        _ => file,
    };
    file.send()
}

#[route("/below/<path:name>")]
fn below(name: String) -> carboy::Result {
    send_from_directory("static/sub", &name)
}

fn client(root: &Path, kind: &str) -> carboy::testing::TestClient {
    let mut app = App::new("files");
    match kind {
        "aged" => drop(app.config().set("SEND_FILE_MAX_AGE_DEFAULT", 3600)),
        "handed" => drop(app.config().set("USE_X_SENDFILE", true)),
        _ => {}
    }
    app.root_path(root).routes(routes![send, below]);
    app.test_client().propagate_errors(false)
}

/// The sum in an entity tag depends on the folder, and so does X-Sendfile.
fn without_folder(name: &str, value: &str, root: &str) -> String {
    match name {
        "etag" => match value.rsplit_once('-') {
            Some((front, sum)) if sum.trim_end_matches('"').bytes().all(|b| b.is_ascii_digit()) => {
                format!("{front}-SUM\"")
            }
            _ => value.to_owned(),
        },
        "x-sendfile" => value.replace(root, "ROOT"),
        _ => value.to_owned(),
    }
}

// rows: O1 O2 O3 O4 O5 O6 O7 O8 O9 O10 O11 B15 B16 F21
#[test]
fn files_are_sent_as_flask_sends_them() {
    let root: PathBuf = std::env::temp_dir().join(format!("carboy-files-vectors-{}", std::process::id()));
    let _ = fs::remove_dir_all(&root);
    for file in VECTORS["files"].as_array().unwrap() {
        let path = root.join(file[0].as_str().unwrap());
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, bytes(file[1].as_str().unwrap())).unwrap();
        let changed = UNIX_EPOCH + Duration::from_nanos(file[2].as_u64().unwrap());
        fs::File::options().write(true).open(&path).unwrap().set_modified(changed).unwrap();
    }
    let clients = ["plain", "aged", "handed"].map(|kind| (kind, client(&root, kind)));
    replay("files/files.json", "/answers", &["status", "headers", "body"], 390, |expected| {
        let (_, client) = clients.iter().find(|(kind, _)| expected["app"] == *kind).unwrap();
        let path = expected["path"].as_str().unwrap();
        let mut request = match expected["method"].as_str().unwrap() {
            "HEAD" => client.head(path),
            _ => client.get(path),
        };
        for (name, value) in expected["request"].as_object().unwrap() {
            request = request.header(&name.to_lowercase(), value.as_str().unwrap());
        }
        let response = request.send();
        let mut failures = Vec::new();
        if response.status().as_u16() != expected["status"].as_u64().unwrap() as u16 {
            failures.push(format!("status {}", response.status()));
        }
        let mut fields: Vec<(String, Option<String>)> = response
            .headers()
            .iter()
            .map(|(name, value)| (name.as_str().to_owned(), value.to_str().unwrap_or("?").to_owned()))
            .map(|(name, value)| match name.as_str() {
                "date" | "expires" => (name, None),
                _ => {
                    let value = without_folder(&name, &value, &root.to_string_lossy());
                    (name, Some(value))
                }
            })
            .collect();
        let mut wanted: Vec<(String, Option<String>)> = expected["headers"]
            .as_array()
            .unwrap()
            .iter()
            .map(|field| (field[0].as_str().unwrap().to_lowercase(), field[1].as_str().map(str::to_owned)))
            .collect();
        // A 304 loses fields, and the map of fields loses its order with them.
        if response.status() == 304 {
            fields.sort();
            wanted.sort();
        }
        match expected["body"].as_str() {
            Some(body) => {
                if fields != wanted {
                    failures.push(format!("fields {fields:?}"));
                }
                if response.data() != bytes(body) {
                    failures.push(format!("body {:?}", response.text()));
                }
            }
            // An error page: only what it says of the file counts.
            None => {
                let missing: Vec<_> = wanted.iter().filter(|field| !fields.contains(field)).collect();
                if !missing.is_empty() {
                    failures.push(format!("without {missing:?}"));
                }
            }
        }
        if failures.is_empty() { Ok(()) } else { Err(failures.join(", ")) }
    });
    let _ = fs::remove_dir_all(&root);
}
