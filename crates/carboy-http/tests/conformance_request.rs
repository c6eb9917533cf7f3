//! What a request says of itself, as Werkzeug's says it: the vectors of `conformance/request`.

use carboy_conformance::replay;
use carboy_http::{HeaderValue, Request};
use serde::Deserialize;
use std::collections::HashMap;

#[derive(Deserialize)]
#[serde(untagged)]
enum Case {
    Header(Header),
    Place(Place),
}

#[derive(Deserialize)]
struct Place {
    target: String,
    host_header: Option<String>,
    #[serde(default)]
    root: String,
    path: String,
    full_path: String,
    script_root: String,
    url: Option<String>,
    base_url: Option<String>,
    url_root: Option<String>,
    host_url: Option<String>,
    host: String,
    scheme: String,
    is_secure: bool,
}

#[derive(Deserialize)]
struct Header {
    header: String,
    value: String,
    mimetype: String,
    mimetype_params: HashMap<String, String>,
    is_json: bool,
    access_route: Vec<String>,
    user_agent: String,
    referrer: Option<String>,
    content_length: Option<u64>,
}

/// The value of the bytes that the text stands for, one for each character.
fn value(text: &str) -> HeaderValue {
    let bytes: Vec<u8> = text.chars().map(|c| u8::try_from(c).unwrap()).collect();
    HeaderValue::from_bytes(&bytes).unwrap()
}

// rows: E12 E13 E14 E15 E18 E21
#[test]
fn a_request_says_of_itself_what_werkzeugs_says() {
    let places = [
        "path",
        "full_path",
        "script_root",
        "url",
        "base_url",
        "url_root",
        "host_url",
        "host",
        "scheme",
        "is_secure",
    ];
    let fields = [
        "mimetype",
        "mimetype_params",
        "is_json",
        "access_route",
        "user_agent",
        "referrer",
        "content_length",
    ];
    replay("request/request.json", "", &[&places[..], &fields].concat(), 180, |case| {
        match serde_json::from_value(case.clone()).unwrap() {
            Case::Place(case) => {
                let uri = case.target.parse().expect("a target that a request line can hold");
                let mut request = Request::get("/");
                request.set_uri(uri);
                let connection = request.connection_mut();
                connection.local_addr = Some("127.0.0.1:8000".parse().unwrap());
                connection.remote_addr = Some("10.0.0.1:1".parse().unwrap());
                connection.is_secure = case.scheme == "https";
                request.set_script_root(&case.root);
                if let Some(host) = &case.host_header {
                    request.set_host(value(host));
                }
                let what = format!("{} {:?} {:?}", case.target, case.host_header, case.root);
                assert_eq!(request.path(), case.path, "{what}");
                assert_eq!(request.full_path(), case.full_path, "{what}");
                assert_eq!(request.script_root(), case.script_root, "{what}");
                assert_eq!(request.host(), case.host, "{what}");
                assert_eq!(
                    (request.scheme(), request.is_secure()),
                    (&*case.scheme, case.is_secure),
                    "{what}"
                );
                let urls = [
                    (request.url(), case.url),
                    (request.base_url(), case.base_url),
                    (request.url_root(), case.url_root),
                    (request.host_url(), case.host_url),
                ];
                for (url, expected) in urls {
                    assert_eq!(Some(url), expected, "{what}");
                }
            }
            Case::Header(case) => {
                let mut request = Request::get("/");
                request.connection_mut().remote_addr = Some("10.0.0.1:1".parse().unwrap());
                let name: http::HeaderName = case.header.parse().unwrap();
                request.headers_mut().insert(name, value(&case.value));
                let what = format!("{}: {:?}", case.header, case.value);
                assert_eq!(request.mimetype(), case.mimetype, "{what}");
                let params: HashMap<String, String> =
                    request.mimetype_params().iter().map(|(k, v)| (k.to_owned(), v.to_owned())).collect();
                assert_eq!(params, case.mimetype_params, "{what}");
                assert_eq!(request.is_json(), case.is_json, "{what}");
                assert_eq!(request.access_route(), case.access_route, "{what}");
                assert_eq!(request.user_agent(), case.user_agent, "{what}");
                assert_eq!(request.referrer().map(|text| text.into_owned()), case.referrer, "{what}");
                assert_eq!(request.content_length(), case.content_length, "{what}");
            }
        }
    });
}
