//! Errors, redirects and response heads as Werkzeug and Flask make them: the vectors of `conformance/http-errors`.

use carboy_conformance::replay;
use carboy_http::{Body, HttpError, Method, Response, Status, StatusCode, redirect, status_name};
use serde::Deserialize;
use serde_json::Value;
use std::{
    pin::pin,
    task::{Context, Poll, Waker},
};

fn read<T: serde::de::DeserializeOwned>(case: &Value) -> T {
    serde_json::from_value(case.clone()).unwrap_or_else(|error| panic!("{error}: {case}"))
}

#[derive(Deserialize)]
struct Error {
    code: u16,
    lookup_error: Option<bool>,
    status_name: Option<String>,
    given: Option<String>,
    methods: Option<Vec<String>>,
    length: Option<u64>,
    retry_after: Option<u64>,
    key: Option<String>,
    debug_description: Option<String>,
    name: Option<String>,
    description: Option<String>,
    #[serde(rename = "str")]
    text: Option<String>,
    body: Option<String>,
    headers: Option<Vec<(String, String)>>,
}

// rows: A14 C19 C20 J1 J3 J4 J12
#[test]
fn every_error_has_werkzeugs_name_text_page_and_fields() {
    let fields = ["name", "description", "str", "body", "debug_description", "headers"];
    let expects = [&["lookup_error", "status_name"], &fields[..]].concat();
    replay("http-errors/errors.json", "", &expects, 500, |case| {
        let case: Error = read(case);
        let code = case.code;
        if let Some(expected) = case.lookup_error {
            let error = HttpError::from_code(code).err().map(|error| error.to_string());
            assert_eq!(error, expected.then(|| format!("no exception for {code}")));
            assert_eq!(status_name(code).map(str::to_owned), case.status_name);
            return;
        }
        let error = if let Some(methods) = &case.methods {
            HttpError::method_not_allowed(methods.iter().rev())
        } else if let Some(length) = case.length {
            HttpError::range_not_satisfiable(length)
        } else if let Some(key) = &case.key {
            HttpError::bad_request_key(key)
        } else {
            HttpError::from_code(code).unwrap()
        };
        let error = match case.given.clone() {
            Some(text) => error.with_description(text),
            None => error,
        };
        let error = match case.retry_after {
            Some(seconds) => error.with_retry_after(seconds),
            None => error,
        };
        assert_eq!(error.code(), Some(code));
        assert_eq!(Some(error.name()), case.name.as_deref());
        assert_eq!(Some(error.description()), case.description.as_deref());
        assert_eq!(Some(error.body()), case.body);
        assert_eq!(Some(error.to_string()), case.text);
        if let Some(text) = case.debug_description {
            assert_eq!(error.debug_description(), text);
        }
        let response = error.to_response();
        assert_eq!(response.status(), code);
        let mut expected = case.headers.unwrap();
        expected.iter_mut().for_each(|(name, _)| name.make_ascii_lowercase());
        let fields: Vec<(String, String)> =
            response.headers().iter().map(|(k, v)| (k.to_string(), v.to_str().unwrap().to_owned())).collect();
        assert_eq!(fields, expected, "{code}");
        assert_eq!(response.data().unwrap(), error.body().as_bytes());
    });
    let plain =
        |case: &&Value| case["lookup_error"].is_null() && case["given"].is_null() && case["key"].is_null();
    let vectors = carboy_conformance::load("http-errors/errors.json");
    let mut codes: Vec<u64> =
        vectors.as_array().unwrap().iter().filter(plain).map(|case| case["code"].as_u64().unwrap()).collect();
    codes.dedup();
    let known: Vec<u64> = carboy_http::error_codes().map(u64::from).collect();
    assert_eq!(codes[..known.len()], known);
    assert_eq!(known.len(), 31);
}

#[derive(Deserialize)]
struct Redirect {
    location: String,
    code: u16,
    status: String,
    body: String,
    headers: Vec<(String, String)>,
}

// rows: D18 F22
#[test]
fn redirects_lead_where_werkzeugs_do_with_the_same_page() {
    replay("http-errors/redirects.json", "", &["status", "body", "headers"], 30, |case| {
        let case: Redirect = read(case);
        let mut response = redirect(&case.location, StatusCode::from_u16(case.code).unwrap()).unwrap();
        response.finalize(&Method::GET);
        assert_eq!(response.status_line().to_string(), case.status);
        assert_eq!(response.data().unwrap(), case.body.as_bytes(), "{}", case.location);
        let mut expected: Vec<_> =
            case.headers.into_iter().map(|(name, value)| (name.to_lowercase(), value)).collect();
        expected.sort();
        assert_eq!(fields(&response), expected, "{}", case.location);
    });
}

fn fields(response: &Response) -> Vec<(String, String)> {
    let mut fields: Vec<_> = response
        .headers()
        .iter()
        .map(|(name, value)| (name.to_string(), String::from_utf8(value.as_bytes().to_vec()).unwrap()))
        .collect();
    fields.sort();
    fields
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Case {
    Status {
        status_form: Value,
        line: String,
        code: u16,
    },
    Mimetype {
        mimetype: String,
        content_type: String,
        read_back: Option<String>,
    },
    Sent {
        method: String,
        status: u16,
        body: Option<String>,
        length: Option<String>,
        sent: String,
        headers: Vec<(String, String)>,
    },
}

// rows: F8 F12 F13 F18
#[test]
fn status_forms_content_types_and_what_is_sent_are_flasks() {
    let expects = ["line", "content_type", "read_back", "sent", "headers"];
    replay("http-errors/responses.json", "", &expects, 700, |case| match read(case) {
        Case::Status { status_form, line, code } => {
            let status = match &status_form {
                Value::String(text) => text.parse::<Status>().unwrap(),
                number => Status::try_from(u16::try_from(number.as_u64().unwrap()).unwrap()).unwrap(),
            };
            let response = Response::html("").with_status(status);
            assert_eq!(response.status(), code);
            assert_eq!(response.status_line().to_string(), line);
        }
        Case::Mimetype { mimetype, content_type, read_back } => {
            let mut response = Response::html("");
            response.set_mimetype(&mimetype).unwrap();
            assert_eq!(response.content_type().unwrap(), content_type);
            assert_eq!(response.mimetype(), read_back, "{mimetype}");
        }
        Case::Sent { method, status, body, length, sent, headers } => {
            let what = format!("{method} {status} {body:?} {length:?}");
            let body = match body {
                Some(text) => Body::from(text),
                None => Body::from_chunks(["streamed"]),
            };
            let mut response = Response::html(body).with_status(StatusCode::from_u16(status).unwrap());
            for (name, value) in ENTITY {
                response.set_header(name, value).unwrap();
            }
            if let Some(length) = length {
                response.set_header("Content-Length", length).unwrap();
            }
            response.finalize(&method.parse().unwrap());
            assert_eq!(fields(&response), headers, "{what}");
            let data = pin!(response.body_mut().buffer()).poll(&mut Context::from_waker(Waker::noop()));
            assert_eq!(data.map(|data| data.unwrap().to_vec()), Poll::Ready(sent.into_bytes()), "{what}");
        }
    });
}

const ENTITY: [(&str, &str); 12] = [
    ("Allow", "GET"),
    ("Content-Encoding", "gzip"),
    ("Content-Language", "en"),
    ("Content-Location", "/x"),
    ("Content-MD5", "x"),
    ("Content-Range", "bytes 0-1/2"),
    ("Expires", "Thu, 01 Jan 1970 00:00:00 GMT"),
    ("Last-Modified", "Thu, 01 Jan 1970 00:00:00 GMT"),
    ("ETag", "\"a\""),
    ("Content-Disposition", "inline"),
    ("Cache-Control", "no-cache"),
    ("X-Y", "1"),
];
