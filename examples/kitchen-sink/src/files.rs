//! Files, sent by path, by folder and from memory; the static files are served without a view.

use crate::responses::moment;
use carboy::{SendFile, prelude::*, send_from_directory};
use std::time::Duration;

#[route(r#"/files/send/<any("a.txt", "page.html", "data.bin", "empty.txt", "e u.css"):name>"#)]
fn sent(name: String) -> carboy::Result {
    let args = request().args();
    let mut file = SendFile::new(format!("static/{name}"));
    if let Some(mimetype) = args.get_str("mimetype") {
        file = file.mimetype(mimetype);
    }
    if args.contains("attachment") {
        file = file.as_attachment();
    }
    if let Some(name) = args.get_str("name") {
        file = file.download_name(name);
    }
    if args.contains("unconditional") {
        file = file.conditional(false);
    }
    file = match args.get_str("etag") {
        None | Some("") => file,
        Some("no") => file.no_etag(),
        Some(etag) => file.etag(etag),
    };
    if let Some(seconds) = args.get("max_age") {
        file = file.max_age(Duration::from_secs(seconds));
    }
    if args.contains("modified") {
        file = file.last_modified(moment());
    }
    file.send()
}

#[route("/files/folder/<path:path>")]
fn folder(path: String) -> carboy::Result {
    send_from_directory("static", &path)
}

#[route("/files/memory")]
fn memory() -> carboy::Result {
    let args = request().args();
    let name: String = args.get("name").unwrap_or_else(|| "m.txt".to_owned());
    let file = SendFile::new("0123456789".repeat(10).into_bytes()).download_name(name);
    match args.get_str("etag") {
        None | Some("") => file.no_etag(),
        Some(etag) => file.etag(etag),
    }
    .send()
}

pub(crate) fn register(app: &mut App) {
    app.routes(routes![sent, folder, memory]);
}
