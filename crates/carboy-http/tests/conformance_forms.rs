//! Query strings and forms, as Werkzeug reads them: the vectors of `conformance/forms` and `conformance/multipart`.

use carboy_conformance::replay;
use carboy_http::{Body, HttpErrorKind, Request};
use serde::Deserialize;
use serde_json::Value;
use std::{
    pin::pin,
    task::{Context, Poll, Waker},
};

fn read_case<T: serde::de::DeserializeOwned>(case: &Value) -> T {
    serde_json::from_value(case.clone()).unwrap_or_else(|error| panic!("{error}: {case}"))
}

fn now<F: Future>(future: F) -> F::Output {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => output,
        Poll::Pending => panic!("the future waits"),
    }
}

/// The bytes that the text stands for, one for each character.
fn bytes(text: &str) -> Vec<u8> {
    text.chars().map(|c| u8::try_from(c).unwrap()).collect()
}

type Entries = Vec<(Option<String>, String)>;

/// The entries of Werkzeug's map, whose missing names are empty ones here. Entries of one name stand together there
/// already; a missing name and an empty one are two there and one here, which no vector has both of.
fn named(entries: Entries) -> Vec<(String, String)> {
    entries.into_iter().map(|(key, value)| (key.unwrap_or_default(), value)).collect()
}

fn entries(dict: &carboy_http::MultiDict<String>) -> Vec<(String, String)> {
    dict.items_multi().map(|(key, value)| (key.to_owned(), value.clone())).collect()
}

#[derive(Deserialize)]
struct Query {
    query: String,
    args: Entries,
}

// rows: E1
#[test]
fn query_strings_are_read_as_werkzeug_reads_them() {
    replay("forms/query.json", "", &["args"], 600, |case| {
        let case: Query = read_case(case);
        // A target cannot hold every character.
        if let Ok(uri) = format!("/?{}", case.query).parse() {
            let mut request = Request::get("/");
            request.set_uri(uri);
            if request.query_string() == case.query {
                assert_eq!(entries(&request.args()), named(case.args.clone()), "{:?}", case.query);
            }
        }
        let parsed = carboy_http::form::urlencoded::parse(&case.query, None);
        assert_eq!(entries(&parsed), named(case.args), "{:?}", case.query);
    });
}

#[derive(Deserialize)]
struct Urlencoded {
    content_type: Option<String>,
    body: String,
    form: Entries,
}

// rows: E4 E5
#[test]
fn urlencoded_bodies_are_read_as_werkzeug_reads_them() {
    replay("forms/urlencoded.json", "", &["form"], 400, |case| {
        let case: Urlencoded = read_case(case);
        let content_type = case.content_type.as_deref().unwrap_or("application/x-www-form-urlencoded");
        let request = post(content_type, Body::from(bytes(&case.body)));
        now(request.load_body()).unwrap();
        assert_eq!(entries(&request.form()), named(case.form), "{content_type} {:?}", case.body);
    });
}

#[derive(Deserialize)]
struct Multipart {
    body: String,
    content_type: Option<String>,
    max_form_parts: Option<usize>,
    error: Option<String>,
    form: Option<Entries>,
    files: Option<Vec<File>>,
}

#[derive(Deserialize, Debug, PartialEq, Eq)]
struct File {
    key: Option<String>,
    filename: String,
    content_type: Option<String>,
    mimetype: String,
    headers: Vec<(String, String)>,
    data: String,
}

fn post(content_type: &str, body: Body) -> Request {
    let value = http::HeaderValue::from_bytes(content_type.as_bytes()).unwrap();
    http::Request::post("/").header("content-type", value).body(body).unwrap().into()
}

// rows: E6 E7 U4
#[test]
fn multipart_bodies_are_read_as_werkzeug_reads_them_however_they_are_cut() {
    replay("multipart/bodies.json", "", &["form", "files", "error"], 1000, |case| {
        let case: Multipart = read_case(case);
        let content_type = case.content_type.as_deref().unwrap_or("multipart/form-data; boundary=b");
        let body = bytes(&case.body);
        for size in [1, 7, usize::MAX] {
            let chunks: Vec<Vec<u8>> = body.chunks(size).map(<[u8]>::to_vec).collect();
            let request = post(content_type, Body::from_chunks(chunks));
            if let Some(max) = case.max_form_parts {
                request.set_max_form_parts(Some(max));
            }
            let what = || format!("{content_type} {:?} in chunks of {size}", case.body);
            match (now(request.load_body()), case.error.as_deref()) {
                (Ok(()), None) => {}
                (Err(error), Some("malformed")) => {
                    assert!(matches!(error.kind(), HttpErrorKind::MalformedForm(_)), "{}: {error}", what());
                    continue;
                }
                (Err(error), Some("too large")) => {
                    assert_eq!(error.status(), 413, "{}", what());
                    continue;
                }
                (result, expected) => panic!("{}: {result:?}, not {expected:?}", what()),
            }
            assert_eq!(entries(&request.form()), named(case.form.clone().unwrap()), "{}", what());
            let files: Vec<File> = request.files().items_multi().map(|(key, file)| read(key, file)).collect();
            let expected: Vec<&File> = case.files.iter().flatten().collect();
            assert_eq!(files.iter().collect::<Vec<_>>(), expected, "{}", what());
        }
    });
}

fn read(key: &str, file: &carboy_http::FileStorage) -> File {
    let bytes = file.bytes().unwrap();
    File {
        key: (!key.is_empty()).then(|| key.to_owned()),
        filename: file.filename().to_owned(),
        content_type: file.content_type().map(str::to_owned),
        mimetype: file.mimetype(),
        headers: file.headers().iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect(),
        data: bytes.iter().copied().map(char::from).collect(),
    }
}
