//! Requests and responses in views, JSON, limits.

use super::{Folder, Log, Scenes, get, make, on, play, says, seen};
use carboy::{
    json::loads,
    prelude::*,
    send_from_directory,
    testing::{RequestBuilder, TestClient},
    view::{Args, BodyStream, view},
};
use carboy_http::cookie::{SameSite, SetCookie};
use serde_json::{Map, Value, json};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

#[test]
fn requests_and_responses_are_those_of_flask() {
    play("flask-requests/scenes.json", SCENES);
}

const SCENES: Scenes = &[
    ("keys that are missing", keys_that_are_missing),
    ("a field that is missing", a_field_that_is_missing),
    ("what is in a request", what_is_in_a_request),
    ("the bytes of a body", the_bytes_of_a_body),
    ("a body piece by piece", a_body_piece_by_piece),
    ("json of a request", json_of_a_request),
    ("fields of a request", fields_of_a_request),
    ("a file that was uploaded", a_file_that_was_uploaded),
    ("a method in a field", a_method_in_a_field),
    ("limits", limits),
    ("limits of one request", limits_of_one_request),
    ("paths that lead out", paths_that_lead_out),
    ("responses that are made", responses_that_are_made),
    ("cookies of a response", cookies_of_a_response),
    ("the data of a response", the_data_of_a_response),
    ("typed fields of a response", typed_fields_of_a_response),
    ("fields as a list", fields_as_a_list),
    ("several values of a key", several_values_of_a_key),
    ("json without a response", json_without_a_response),
    ("json of a response", json_of_a_response),
    ("head is get without a body", head_is_get_without_a_body),
    ("a slash is appended", a_slash_is_appended),
    ("apps below a prefix", apps_below_a_prefix),
    ("the prefix alone", the_prefix_alone),
];

fn all(client: RequestBuilder) -> Value {
    seen(client.send(), &[])
}

fn keys_that_are_missing() -> Value {
    let mut app = make();
    let methods = ["GET", "POST"];
    let args = |_: Args| request().args().get_required::<String>("x");
    on(&mut app, &methods, "/args", "args", view(args));
    let form = |_: Args| request().form().get_required::<String>("x");
    on(&mut app, &methods, "/form", "form", view(form));
    let files = |_: Args| request().files().get_required("x").map(|file| file.filename().to_owned());
    on(&mut app, &methods, "/files", "files", view(files));
    let number = |_: Args| {
        let args = request().args();
        let m = args.get::<f64>("m").map_or("None".to_owned(), |m| format!("{m:?}"));
        format!("[{}, {m}]", args.get::<i64>("n").unwrap_or(7))
    };
    get(&mut app, "/number", "number", view(number));
    let client = app.test_client();
    let mut found: Vec<Value> =
        ["args", "form", "files"].iter().map(|name| all(client.post(&format!("/{name}")))).collect();
    found.extend(
        ["", "n=3&m=0.5", "n=x&m=y", "n=", "n=-4&m=1"]
            .iter()
            .map(|query| all(client.get(&format!("/number?{query}")))),
    );
    found.into()
}

fn a_field_that_is_missing() -> Value {
    let mut app = make();
    let index = |_: Args| request().headers()["X-Own"].to_str().unwrap().to_owned();
    get(&mut app, "/index", "index", view(index));
    let own = |_: Args| request().header("x-OWN").map_or("None".to_owned(), |value| value.into_owned());
    get(&mut app, "/get", "get", view(own));
    let client = app.test_client();
    let mut found = Vec::new();
    for path in ["/index", "/get"] {
        found.push(client.get(path).send().status().as_u16());
        found.push(client.get(path).header("X-Own", "1").send().status().as_u16());
    }
    json!(found)
}

fn lists(dict: &carboy::MultiDict<String>) -> Value {
    dict.lists().map(|(key, values)| (key.to_owned(), json!(values))).collect::<Map<_, _>>().into()
}

fn what_is_in_a_request() -> Value {
    let mut app = make();
    let tell = |_: Args| {
        let request = request();
        let form = request.form();
        let mut fields: Vec<(&str, &String)> = form.items_multi().collect();
        fields.sort();
        let data = String::from_utf8(request.data().to_vec()).unwrap();
        Json(json!([fields, lists(&request.values()), data, lists(&request.args())]))
    };
    on(&mut app, &["GET", "POST", "PUT"], "/", "tell", view(tell));
    let client = app.test_client();
    let mut found = Vec::new();
    for method in ["GET", "POST", "PUT"] {
        for (content_type, body) in [
            (Some("application/x-www-form-urlencoded"), "a=1&b=2&a=3"),
            (Some("text/plain"), "a=1"),
            (Some("application/json"), r#"{"a": 1}"#),
            (None, ""),
        ] {
            let mut request = client.open(method.parse().unwrap(), "/?a=0&q=x").data(body);
            if let Some(content_type) = content_type {
                request = request.content_type(content_type);
            }
            found.push(request.send().json::<Value>());
        }
    }
    found.into()
}

fn post(client: &TestClient, path: &str, body: impl Into<Vec<u8>>, content_type: Option<&str>) -> Value {
    let request = client.post(path).data(body);
    all(match content_type {
        Some(content_type) => request.content_type(content_type),
        None => request,
    })
}

fn the_bytes_of_a_body() -> Value {
    let mut app = make();
    let tell = |_: Args| format!("{} {}", request().get_data().len(), request().text());
    on(&mut app, &["POST"], "/", "tell", view(tell));
    let client = app.test_client();
    [
        ("é", Some("text/plain")),
        ("a=1", Some("text/x")),
        (r#"{"a": 1}"#, Some("application/json")),
        ("", None),
    ]
    .into_iter()
    .map(|(body, kind)| post(&client, "/", body, kind))
    .collect()
}

#[carboy::post("/")]
async fn count(mut body: BodyStream) -> carboy::Result<String> {
    let (mut total, mut pieces) = (0, 0);
    while let Some(piece) = body.chunk().await? {
        total += piece.len();
        pieces += 1;
    }
    let any = if pieces > 0 { "True" } else { "False" };
    Ok(format!("{total} {any} {}", request().form().len()))
}

fn a_body_piece_by_piece() -> Value {
    let mut app = make();
    app.routes(routes![count]);
    let client = app.test_client();
    [
        ("x".repeat(5000), "text/plain"),
        (String::new(), "text/plain"),
        ("a=1".to_owned(), "application/x-www-form-urlencoded"),
    ]
    .into_iter()
    .map(|(body, kind)| post(&client, "/", body, Some(kind)))
    .collect()
}

fn json_of_a_request() -> Value {
    let mut app = make();
    let asked = |args: Args| args.extract::<Json<Value>>();
    on(&mut app, &["POST"], "/", "tell", view(asked));
    let silent = |args: Args| Json(args.extract::<Json<Value>>().map_or(Value::Null, |json| json.0));
    on(&mut app, &["POST"], "/silent", "silent", view(silent));
    let force = |_: Args| loads::<Value>(request().data()).map(Json).or_abort(400);
    on(&mut app, &["POST"], "/force", "force", view(force));
    let client = app.test_client();
    let mut found = Vec::new();
    for kind in [
        Some("application/json"),
        Some("application/vnd.api+json; charset=utf-8"),
        Some("APPLICATION/JSON"),
        Some("text/json"),
        Some("text/plain"),
        None,
    ] {
        for body in [r#"{"b": [1, null], "a": "é"}"#, "{", "", "null", "[1,]"] {
            for path in ["/", "/silent", "/force"] {
                found.push(post(&client, path, body, kind));
            }
        }
    }
    found.into()
}

fn fields_of_a_request() -> Value {
    let mut app = make();
    let tell = |_: Args| {
        let r = request();
        let auth = r.authorization().map(|auth| {
            json!([
                auth.scheme(),
                auth.parameters().get("username"),
                auth.parameters().get("password"),
                auth.token()
            ])
        });
        let cookies: Map<String, Value> =
            r.cookies().items().map(|(name, value)| (name.to_owned(), json!(value))).collect();
        let seconds = |time: SystemTime| time.duration_since(UNIX_EPOCH).unwrap().as_secs();
        Json(json!([
            auth,
            cookies,
            r.accept_mimetypes().best_match(&["application/json", "text/html"]),
            r.accept_languages().best_match(&["de", "en"]).unwrap_or("none"),
            r.accept_encodings().best(),
            r.if_none_match().strong().collect::<Vec<_>>(),
            r.range().map(|range| range.to_header()),
            r.cache_control().no_cache(),
            r.if_modified_since().map(seconds),
            r.pragma().to_header(),
            r.referrer(),
            r.user_agent(),
        ]))
    };
    get(&mut app, "/", "tell", view(tell));
    let client = app.test_client().without_cookies();
    let fields: [&[(&str, &str)]; 5] = [
        &[],
        &[
            ("Authorization", "Basic dXNlcjpwYXNz"),
            ("Cookie", "a=1; b=2; a=3"),
            ("User-Agent", "agent/1"),
            ("Referer", "http://r/x"),
        ],
        &[
            ("Authorization", "Bearer abc.def"),
            ("Accept", "text/html;q=0.5, application/json"),
            ("Accept-Language", "en-US, de;q=0.5"),
        ],
        &[
            ("Accept-Encoding", "gzip;q=0.3, br"),
            ("If-None-Match", "\"a\""),
            ("Range", "bytes=0-4"),
            ("Cache-Control", "no-cache"),
            ("Pragma", "no-cache"),
        ],
        &[
            ("If-Modified-Since", "Sun, 06 Nov 1994 08:49:37 GMT"),
            ("Accept", "image/*"),
            ("Accept-Language", "fr"),
        ],
    ];
    fields
        .iter()
        .map(|fields| {
            let request = client.get("/").header("User-Agent", "");
            let request = fields.iter().fold(request, |request, (name, value)| request.header(name, value));
            request.send().json::<Value>()
        })
        .collect()
}

/// A multipart form of fields alone.
fn multipart(fields: &[(&str, &str)]) -> Vec<u8> {
    let parts = fields.iter().map(|(name, value)| {
        format!("--limit\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
    });
    (parts.collect::<String>() + "--limit--\r\n").into_bytes()
}

const MULTIPART: Option<&str> = Some("multipart/form-data; boundary=limit");

fn a_file_that_was_uploaded() -> Value {
    let mut app = make();
    let tell = |_: Args| {
        let request = request();
        let files = request.files();
        let files: Vec<Value> = files
            .items_multi()
            .map(|(key, file)| {
                let text = String::from_utf8(file.bytes().unwrap().to_vec()).unwrap();
                json!([
                    key,
                    file.name(),
                    file.filename(),
                    file.mimetype(),
                    file.content_type(),
                    text,
                    !file.is_empty()
                ])
            })
            .collect();
        Json(json!([files, lists(&request.form())]))
    };
    on(&mut app, &["POST"], "/", "tell", view(tell));
    let client = app.test_client();
    let sent = [
        client.post("/").form([("title", "x")]).file("doc", "a b.txt", "text/plain", "one"),
        client.post("/").file("doc", "a.txt", "text/plain", "one").file("doc", "b.png", "image/png", "two"),
        client.post("/").file("doc", "", "application/octet-stream", ""),
        client.post("/").data(multipart(&[("title", "x"), ("title", "y")])).content_type(MULTIPART.unwrap()),
    ];
    sent.into_iter().map(|request| request.send().json::<Value>()).collect()
}

fn a_method_in_a_field() -> Value {
    let mut app = make();
    app.middleware(|mut request: Request, next: Next| async move {
        let method = request.header("x-http-method-override").map(|name| name.to_uppercase());
        if let Some(method @ ("GET" | "PUT" | "DELETE")) = method.as_deref() {
            request.set_method(method.parse().unwrap());
        }
        next.run(request).await
    });
    let tell = |_: Args| request().method().to_string();
    on(&mut app, &["GET", "PUT", "DELETE", "POST"], "/", "tell", view(tell));
    let client = app.test_client();
    ["PUT", "delete", "PATCH", ""]
        .iter()
        .map(|name| all(client.post("/").header("X-HTTP-Method-Override", name)))
        .collect()
}

fn limits() -> Value {
    let mut app = make();
    app.config()
        .set("MAX_CONTENT_LENGTH", 200_000)
        .set("MAX_FORM_MEMORY_SIZE", 70_000)
        .set("MAX_FORM_PARTS", 4);
    let form = |_: Args| (request().form().len() + request().files().len()).to_string();
    on(&mut app, &["POST"], "/form", "form", view(form));
    on(&mut app, &["POST"], "/data", "data", view(|_: Args| request().get_data().len().to_string()));
    let client = app.test_client();
    let mut found: Vec<Value> = [0, 200_000, 200_001]
        .iter()
        .map(|size| post(&client, "/data", "x".repeat(*size), Some("text/plain")))
        .collect();
    for size in [10, 70_000, 70_001] {
        found.push(post(&client, "/form", multipart(&[("a", &"x".repeat(size))]), MULTIPART));
    }
    for count in [1, 4, 5] {
        let fields = &[("f0", "x"), ("f1", "x"), ("f2", "x"), ("f3", "x"), ("f4", "x")][..count];
        found.push(post(&client, "/form", multipart(fields), MULTIPART));
    }
    found.push(all(client.post("/form").file("doc", "a.txt", "text/plain", "x".repeat(100_000))));
    found.into()
}

fn limits_of_one_request() -> Value {
    let mut app = make();
    app.config().set("MAX_CONTENT_LENGTH", 100);
    app.before_request(|| {
        let request = request();
        if request.path().starts_with("/large") {
            request.set_max_content_length(Some(1000));
        }
        if request.path().starts_with("/parts") {
            request.set_max_content_length(Some(1_000_000));
            request.set_max_form_parts(Some(1));
        }
        if request.path().starts_with("/memory") {
            request.set_max_content_length(Some(1_000_000));
            request.set_max_form_memory_size(Some(66_000));
        }
    });
    let tell = |_: Args| {
        let request = request();
        let length = request.get_data().len() + request.form().len();
        format!("{} {length}", request.max_content_length().unwrap())
    };
    on(&mut app, &["POST"], "/<kind>", "tell", view(tell));
    for (rule, endpoint) in [("/parts/form", "parts"), ("/memory/form", "memory")] {
        on(&mut app, &["POST"], rule, endpoint, view(|_: Args| request().form().len().to_string()));
    }
    let client = app.test_client();
    let mut found = Vec::new();
    for path in ["/small", "/large"] {
        for size in [100, 101, 1000, 1001] {
            found.push(post(&client, path, "x".repeat(size), Some("text/plain")));
        }
    }
    let long = "x".repeat(66_001);
    for path in ["/parts/form", "/memory/form"] {
        for fields in [&[("a", "1")][..], &[("a", "1"), ("b", "2")], &[("a", long.as_str())]] {
            found.push(post(&client, path, multipart(fields), MULTIPART));
        }
    }
    found.into()
}

fn paths_that_lead_out() -> Value {
    let root =
        Folder::new(&[("files/a.txt", "inside"), ("secret.txt", "outside"), ("files/sub/b.txt", "below")]);
    let mut app = make();
    app.root_path(root.path());
    let send = |args: Args| -> carboy::Result { send_from_directory("files", &args.get::<String>("name")?) };
    get(&mut app, "/files/<path:name>", "files", view(send));
    let client = app.test_client();
    [
        "a.txt",
        "sub/b.txt",
        "../secret.txt",
        "sub/../a.txt",
        "%2e%2e/secret.txt",
        "sub/../../secret.txt",
        "//etc/passwd",
        "a.txt/",
        "sub",
        "none.txt",
        "a%00.txt",
    ]
    .iter()
    .map(|path| {
        let answer = client.get(&format!("/files/{path}")).send();
        let text = (answer.status() == 200).then(|| answer.text());
        json!([path, answer.status().as_u16(), text])
    })
    .collect()
}

fn responses_that_are_made() -> Value {
    let mut app = make();
    let marked = |status: u16| {
        let mut response = Response::html("x").with_status(carboy::StatusCode::from_u16(status).unwrap());
        response.set_header("X-A", "1").unwrap();
        response
    };
    get(&mut app, "/none", "none", view(|_: Args| ()));
    get(&mut app, "/text", "text", says("text"));
    get(&mut app, "/status", "status", view(|_: Args| ("text", 201)));
    get(&mut app, "/all", "all", view(|_: Args| ("text", 202, [("X-A", "1")])));
    get(&mut app, "/json", "json", view(|_: Args| (json!({"a": 1}), 203)));
    get(&mut app, "/again", "again", view(move |_: Args| marked(204)));
    get(&mut app, "/changed", "changed", view(move |_: Args| (marked(404), [("X-A", "2")])));
    let client = app.test_client();
    ["none", "text", "status", "all", "json", "again", "changed"]
        .iter()
        .map(|name| seen(client.get(&format!("/{name}")).send(), &["x-a", "content-type", "content-length"]))
        .collect()
}

fn cookies_of_a_response() -> Value {
    let mut app = make();
    let tell = |_: Args| -> carboy::Result<Response> {
        let mut response = Response::html("");
        response.set_cookie(SetCookie::new("a", "1"))?;
        let b = SetCookie::new("b", "é;\"").path("/x").domain("example.com");
        response.set_cookie(b.secure(true).http_only(true).same_site(SameSite::Lax))?;
        response.set_cookie(SetCookie::new("c", "").without_path().partitioned(true).secure(true))?;
        response.delete_cookie("d")?;
        let e = SetCookie::removal("e").path("/x").domain("example.com").secure(true).http_only(true);
        response.set_cookie(e.same_site(SameSite::Strict).partitioned(true))?;
        Ok(response)
    };
    get(&mut app, "/", "tell", view(tell));
    json!(app.test_client().get("/").send().header_all("set-cookie"))
}

fn the_data_of_a_response() -> Value {
    let text = |response: &Response| String::from_utf8(response.data().unwrap().to_vec()).unwrap();
    let etag = |response: &Response| response.header("etag").map(|tag| tag.into_owned());
    let mut response = Response::json_bytes("x");
    response.finalize(&carboy::Method::GET);
    let mut found = vec![json!(text(&response)), json!(response.is_json()), json!(response.content_length())];
    response.set_data(r#"{"a": [1]}"#);
    response.add_etag();
    found.push(response.json().unwrap().unwrap());
    found.extend([json!(response.content_length()), json!(etag(&response))]);
    for body in ["x", "", "é"] {
        let mut response = Response::html(body);
        response.add_etag();
        response.add_etag();
        let read = response.json::<Value>().ok().flatten();
        found.extend([
            json!(etag(&response)),
            json!(response.etag()),
            json!(response.is_json()),
            json!(read),
        ]);
    }
    found.into()
}

fn typed_fields_of_a_response() -> Value {
    let at = |seconds: u64| UNIX_EPOCH + Duration::from_secs(seconds);
    let seconds = |time: Option<SystemTime>| time.map(|t| t.duration_since(UNIX_EPOCH).unwrap().as_secs());
    let mut r = Response::html("");
    r.update_cache_control(|cache| {
        cache.set_max_age(Some(60));
        cache.set_public(true);
    })
    .unwrap();
    for name in ["Cookie", "Accept", "cookie"] {
        r.add_vary(&name.parse().unwrap());
    }
    r.set_last_modified(at(784_111_777)).set_expires(at(1_700_000_000)).set_retry_after(120);
    r.set_etag("tag", true).unwrap().set_location("/x?y=1").unwrap();
    r.set_content_type("text/csv; charset=utf-8").unwrap();
    let names = [
        "Cache-Control",
        "Vary",
        "Last-Modified",
        "Expires",
        "Retry-After",
        "ETag",
        "Location",
        "Content-Type",
    ];
    let mut found: Vec<Value> = names.iter().map(|name| json!(r.header(name))).collect();
    r.set_mimetype("application/json").unwrap();
    found.extend([
        json!(r.content_type()),
        json!(r.mimetype()),
        json!(r.etag()),
        json!(seconds(r.last_modified())),
        json!(seconds(r.expires())),
        json!(r.cache_control().max_age()),
    ]);
    found.into()
}

fn fields_as_a_list() -> Value {
    let mut r = Response::html("");
    r.headers_mut().clear();
    let list = |r: &Response, name: &str| -> Vec<String> {
        r.headers().get_all(name).iter().map(|value| value.to_str().unwrap().to_owned()).collect()
    };
    r.add_header("X-A", "1").unwrap().add_header("x-a", "2").unwrap();
    r.set_header("X-B", "3").unwrap().set_header("x-b", "4").unwrap();
    let mut found = vec![
        json!(list(&r, "X-A")),
        json!(r.header("X-b")),
        json!(r.headers().contains_key("x-B")),
        json!(r.header("X-C")),
    ];
    r.setlist_header("X-C", ["5", "6"]).unwrap();
    r.add_header("X-A", "7").unwrap().add_header("X-D", "8").unwrap();
    let mut names: Vec<&str> = r.headers().iter().map(|(name, _)| name.as_str()).collect();
    names.sort_unstable();
    found.extend([json!(list(&r, "X-C")), json!(list(&r, "X-A")), json!(names)]);
    r.update_headers([("X-A", "9")]).unwrap().remove_header("X-D");
    let refused = r.add_header("X-E", "a\r\nb").err().map(|error| error.to_string());
    found.extend([json!(list(&r, "X-A")), json!(r.header("X-D")), json!(refused)]);
    found.into()
}

fn several_values_of_a_key() -> Value {
    let service = make().build().unwrap();
    service.test_request_context("/?a=1&b=x&a=2&n=5&n=y&e=", || {
        let d = request().args();
        let mut m = d.clone();
        m.add("c", "new".to_owned());
        m.setlist("a", ["9".to_owned()]);
        m.set("b", "z".to_owned());
        let gone = m.remove("n");
        json!([
            d.get_str("a"),
            d.getlist("a"),
            d.get_str("c"),
            d.get::<i64>("n"),
            d.getlist_as::<i64>("n"),
            d.to_dict(),
            lists(&d),
            d.items().collect::<Vec<_>>(),
            d.items_multi().collect::<Vec<_>>(),
            d.lists().collect::<Vec<_>>(),
            d.len(),
            d.contains("a"),
            d.contains("c"),
            d.keys().collect::<Vec<_>>(),
            m.getlist("a"),
            m.get_str("b"),
            m.get_str("c"),
            gone,
            m.len(),
        ])
    })
}

fn json_without_a_response() -> Value {
    let values =
        [json!({"b": 1, "a": "é"}), json!([1, 2.5, null, true]), json!("x"), json!({"2": 1, "10": 2})];
    let texts: Vec<String> = values.iter().map(|value| carboy::json::dumps(value).unwrap()).collect();
    let read: Vec<Value> = [r#"{"b": 1, "a": "\u00e9"}"#, "[1, 2.5, null, true]", r#""x""#]
        .iter()
        .map(|text| loads(text).unwrap())
        .collect();
    json!([texts, read])
}

fn json_of_a_response() -> Value {
    let mut found = Vec::new();
    for debug in [false, true] {
        let mut app = make();
        app.config().set("DEBUG", debug);
        get(&mut app, "/none", "none", view(|_: Args| Json(())));
        get(&mut app, "/one", "one", view(|_: Args| Json(json!({"b": 1, "a": [1, {"c": null}]}))));
        get(&mut app, "/many", "many", view(|_: Args| Json((1, "a"))));
        get(&mut app, "/named", "named", view(|_: Args| json!({"b": 1, "a": 2})));
        get(&mut app, "/dict", "dict", view(|_: Args| json!({"b": 1, "a": 2})));
        get(&mut app, "/list", "list", view(|_: Args| Json((1, json!({"a": 2})))));
        get(&mut app, "/empty", "empty", view(|_: Args| json!([])));
        let client = app.test_client();
        for name in ["none", "one", "many", "named", "dict", "list", "empty"] {
            found.push(seen(client.get(&format!("/{name}")).send(), &["content-type"]));
        }
    }
    found.into()
}

fn head_is_get_without_a_body() -> Value {
    let (mut app, log) = (make(), Log::default());
    let l = log.clone();
    let tell = move |_: Args| {
        l.add(request().method().as_str());
        "hello"
    };
    get(&mut app, "/", "tell", view(tell));
    let client = app.test_client();
    json!([
        seen(client.head("/").send(), &["content-length", "content-type"]),
        seen(client.get("/").send(), &["content-length"]),
        log.take()
    ])
}

fn a_slash_is_appended() -> Value {
    let mut app = make();
    get(&mut app, "/here/", "here", says("here"));
    let client = app.test_client();
    let locations: Vec<Value> = [301, 302, 303, 305, 307, 308]
        .iter()
        .map(|code| {
            let status = carboy::StatusCode::from_u16(*code).unwrap();
            let mut app = make();
            get(&mut app, "/", "r", view(move |_: Args| redirect("/next?a=b#c").with_status(status)));
            json!(app.test_client().get("/").send().location())
        })
        .collect();
    let followed = client.get("/here?x=1").follow_redirects().send().text();
    json!([client.get("/here?x=1").send().status().as_u16(), followed, locations])
}

fn part(name: &'static str) -> App {
    let mut app = App::new(name);
    app.no_static_folder();
    app.config().set("SECRET_KEY", "dev");
    let index = move |_: Args| {
        session().set("x", 1);
        let (root, path) = (request().script_root().to_owned(), request().path().to_owned());
        format!("{name} {root} {path} {} {}", url_for("index", ()), url_for("item", [("id", 2)]))
    };
    get(&mut app, "/", "index", view(index));
    let item = |args: Args| -> carboy::Result<String> {
        Ok(format!("item {} {}", args.get::<u8>("id")?, request().script_root()))
    };
    get(&mut app, "/item/<int:id>", "item", view(item));
    app
}

fn apps_below_a_prefix() -> Value {
    let mut front = part("front");
    front.mount("/api", part("api").build().unwrap()).mount("/api/v2", part("v2").build().unwrap());
    let client = front.test_client().without_cookies();
    let found: Vec<Value> = ["/", "/api/", "/api/item/1", "/api/v2/", "/api/v2/item/3", "/apix", "/item/4"]
        .iter()
        .map(|path| all(client.get(path)))
        .collect();
    let cookie =
        client.get("/api/").send().header("set-cookie").unwrap().split_once("; ").unwrap().1.to_owned();
    json!([found, cookie])
}

fn the_prefix_alone() -> Value {
    let mut front = part("front");
    front.mount("/api", part("api").build().unwrap());
    json!(front.test_client().get("/api").send().status().as_u16())
}
