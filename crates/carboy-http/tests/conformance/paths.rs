//! Paths, file names and media types.

use crate::{must, rows, text};
use carboy_conformance::{replay, same};
use carboy_http::{
    headers::content_disposition,
    mime::{content_type, guess_type},
    paths::{safe_join, safe_relative, secure_filename},
};
use serde_json::json;

// rows: O12 U9
#[test]
fn untrusted_paths_stay_below_the_folder() {
    replay("paths/safe_join.json", "", &["joined"], 300, |row| {
        let parts: Vec<&str> = rows(&row["parts"]).iter().map(|part| part.as_str().unwrap()).collect();
        let joined = safe_join(must(row, "directory"), &parts);
        same("joined", joined.as_deref(), text(row, "joined"))
    });
}

#[test]
fn what_is_special_on_any_system_is_refused_on_all() {
    for path in [
        "a\0b",
        "a\\b",
        "..\\a",
        "C:/a",
        "C:a",
        "a:$DATA",
        "CON",
        "con.txt",
        "a/NUL/b",
        "COM1",
        "LPT9.x",
        "COM¹",
        "aux ",
        "...",
        ".. ",
        "a/ /b",
        "\\\\host\\share",
        "conout$.log",
        "a/b/prn",
    ] {
        assert_eq!(safe_relative(path), None, "{path:?}");
    }
    for path in ["COM0", "COM10", "CONS", "xCON", "a b", "..a", "a..", ".htaccess", "NULL", "é"] {
        assert_eq!(safe_relative(path).as_deref(), Some(path), "{path:?}");
    }
}

// rows: O13
#[test]
fn file_names_become_harmless() {
    replay("paths/secure_filename.json", "", &["secure"], 170, |row| {
        same("secure", secure_filename(must(row, "name")).as_str(), must(row, "secure"))
    });
    assert_eq!(secure_filename("con.txt"), "_con.txt");
    assert_eq!(secure_filename("NUL.tar.gz"), "_NUL.tar.gz");
}

// rows: O5
#[test]
fn media_types_are_guessed_from_names() {
    replay("paths/guess_type.json", "", &["guess"], 60, |row| {
        let (mimetype, encoding) = guess_type(must(row, "name"));
        same("guess", &json!([mimetype, encoding]), &row["guess"])
    });
}

// rows: F18 O14
#[test]
fn text_types_get_a_charset() {
    replay("paths/content_type.json", "", &["content_type"], 18, |row| {
        same("content_type", content_type(must(row, "mimetype")).as_ref(), must(row, "content_type"))
    });
}

// rows: O6
#[test]
fn download_names_are_sent_in_ascii_and_whole() {
    replay("paths/disposition.json", "", &["header"], 36, |row| {
        let header = content_disposition(row["attachment"] == true, must(row, "name"));
        same("header", header.as_str(), must(row, "header"))
    });
}

#[test]
fn a_download_name_cannot_break_the_header() {
    let header = content_disposition(true, "a\r\nX: y.txt");
    assert_eq!(header, "attachment; filename=\"aX: y.txt\"; filename*=UTF-8''a%0D%0AX%3A%20y.txt");
}
