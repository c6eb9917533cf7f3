//! Views in a running app, each beside the answer of Flask to the same request (`conformance/views`), and what only
//! carboy has: arguments by type, views that block, mistakes told at start-up.

use carboy::prelude::*;
use carboy::view::{Args, BodyStream, method_view as method_view_of, view};
use carboy::{FromUrl, MethodView, Result, RuleOptions, Session, UrlValue, method_view};
use carboy_conformance::{Replay, load, replay};
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::BTreeMap;

#[get("/str")]
fn text() -> &'static str {
    "<p>é</p>"
}

#[get("/bytes")]
fn bytes() -> Vec<u8> {
    vec![0xff, 0]
}

#[get("/empty")]
fn empty() {}

#[get("/json")]
fn json_value() -> Value {
    json!({"b": [1, 2.0, null, true], "a": "é"})
}

#[get("/list")]
async fn list() -> Json<(u8, &'static str)> {
    Json((1, "a"))
}

#[get("/jsonify")]
fn jsonify() -> Json<&'static str> {
    Json("x")
}

#[get("/body-status")]
fn body_status() -> (&'static str, u16) {
    ("made", 201)
}

#[get("/body-text-status")]
fn body_text_status() -> impl IntoResponse {
    ("made", "299 Custom")
}

#[get("/body-number-as-text")]
fn body_number_as_text() -> impl IntoResponse {
    ("made", "418")
}

#[get("/body-headers")]
fn body_headers() -> impl IntoResponse {
    ("made", [("X-A", "1"), ("Content-Type", "text/plain")])
}

#[get("/body-status-headers")]
fn body_status_headers() -> impl IntoResponse {
    ("made", 202, vec![("X-A", "1"), ("X-A", "2")])
}

#[get("/json-status")]
fn json_status() -> (Value, u16) {
    (json!({"error": "no"}), 422)
}

#[get("/response-status")]
fn response_status() -> Result<impl IntoResponse> {
    let mut response = Response::html("x");
    response.headers_mut().insert("x-a", "1".parse()?);
    Ok((response, 201, [("X-B", "2")]))
}

#[get("/empty-status")]
fn empty_status() -> impl IntoResponse {
    ("made", "")
}

#[get("/newline")]
fn newline() -> impl IntoResponse {
    ("made", [("X-A", "1\r\nX-B: 2")])
}

#[get("/http-error")]
fn http_error() -> HttpError {
    HttpError::from_code(401).unwrap().with_description("who?")
}

#[get("/abort")]
async fn aborted() -> Result {
    abort(404)
}

#[get("/abort-text")]
fn abort_text() -> Result {
    abort((403u16, "not <you>"))
}

#[get("/redirect")]
fn redirected() -> Redirect {
    redirect("/é?x=1 2")
}

#[get("/redirect-303")]
fn redirect_303() -> Redirect {
    Redirect::see_other("https://example.com/a")
}

#[get("/no-content")]
fn no_content() -> (&'static str, u16) {
    ("gone", 204)
}

#[get("/int/<int:n>")]
fn int(n: i64) -> String {
    n.to_string()
}

#[get("/float/<float:n>")]
async fn float(n: f64) -> String {
    n.to_string()
}

#[get("/uuid/<uuid:n>")]
fn by_uuid(n: uuid::Uuid) -> String {
    n.to_string()
}

#[get("/path/<path:n>")]
fn path(n: String) -> String {
    n
}

#[get("/any/<any(a, 'b c'):n>")]
fn any(n: Box<str>) -> Box<str> {
    n
}

#[get("/two/<a>-<b>")]
fn two(a: String, b: String) -> String {
    format!("{a},{b}")
}

#[get("/page/", defaults(n = 1))]
#[get("/page/<int:n>")]
#[get("/page/<int:n>/<kind>")]
fn page(n: u32, kind: Option<String>) -> String {
    format!("{n} {}", kind.as_deref().unwrap_or("none"))
}

#[route("/form", methods = ["GET", "POST"])]
fn form() -> String {
    request().method().to_string()
}

struct Item;

#[method_view]
impl MethodView for Item {
    async fn get(&self, args: Args) -> Result<(String, [(&'static str, String); 1])> {
        let id: u64 = args.get("id")?;
        Ok((format!("item {id}"), [("X-Item", id.to_string())]))
    }

    async fn delete(&self, _: Args) -> (&'static str, u16) {
        ("", 204)
    }
}

struct Head;

#[method_view]
impl MethodView for Head {
    async fn get(&self, _: Args) -> &'static str {
        "get"
    }

    async fn head(&self, _: Args) -> (&'static str, [(&'static str, &'static str); 1]) {
        ("", [("X-Head", "own")])
    }

    async fn options(&self, _: Args) -> &'static str {
        "options"
    }
}

fn flask_app() -> App {
    let mut app = App::new("views");
    app.no_static_folder();
    app.routes(routes![
        text,
        bytes,
        empty,
        json_value,
        list,
        jsonify,
        body_status,
        body_text_status,
        body_number_as_text,
        body_headers,
        body_status_headers,
        json_status,
        response_status,
        empty_status,
        newline,
        http_error,
        aborted,
        abort_text,
        redirected,
        redirect_303,
        no_content,
        int,
        float,
        by_uuid,
        path,
        any,
        two,
        page,
        form,
    ]);
    app.add_method_view("/item/<int:id>", "item", Item);
    app.add_method_view("/head", "head", Head);
    app
}

/// The header fields by name, without the length, whose presence is the server's business.
fn fields<'a>(headers: impl Iterator<Item = (&'a str, &'a str)>) -> BTreeMap<String, Vec<String>> {
    let mut fields: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (name, value) in headers.filter(|(name, _)| *name != "content-length") {
        fields.entry(name.to_owned()).or_default().push(value.to_owned());
    }
    fields
}

// rows: C15 C16 C17 D18 F1 F2 F3 F5 F8 F9 F10 F11 F14 J14 N2
#[test]
fn return_values_and_methods_are_answered_as_flask_answers_them() {
    let client = flask_app().test_client().propagate_errors(false);
    replay("views/answers.json", "", &["status", "headers", "body"], 50, |vector| {
        let (method, path) = (vector["method"].as_str().unwrap(), vector["path"].as_str().unwrap());
        let answer = client.open(method.parse().unwrap(), path).send();
        let case = format!("{method} {path}");
        assert_eq!(u64::from(answer.status().as_u16()), vector["status"], "{case}");
        let expected = vector["headers"].as_array().unwrap();
        let mut expected =
            fields(expected.iter().map(|pair| (pair[0].as_str().unwrap(), pair[1].as_str().unwrap())));
        let mut body = vector["body"].as_str().unwrap().chars().map(|c| c as u8).collect::<Vec<u8>>();
        if answer.status() == 308 {
            // The router's redirects are relative (COMPATIBILITY.md); the page repeats the target.
            let location = expected.get_mut("location").unwrap();
            location[0] = location[0].replace("http://localhost", "");
            body = String::from_utf8(body).unwrap().replace("http://localhost", "").into_bytes();
        }
        let found =
            fields(answer.headers().iter().map(|(name, value)| (name.as_str(), value.to_str().unwrap())));
        assert_eq!(found, expected, "{case}");
        assert_eq!(String::from_utf8_lossy(answer.data()), String::from_utf8_lossy(&body), "{case}");
    });
}

mod links {
    use carboy::prelude::*;

    #[get("/str")]
    pub(super) fn text() {}
    #[get("/int/<int:n>")]
    pub(super) fn int(_n: i32) {}
    #[get("/float/<float:n>")]
    pub(super) fn float(_n: f64) {}
    #[get("/path/<path:n>")]
    pub(super) fn path(_n: String) {}
    #[get("/two/<a>/<b>")]
    pub(super) fn two(a: String, b: String) -> String {
        a + &b
    }
    #[get("/any/<any(a, 'b c'):n>")]
    pub(super) fn any(_n: String) {}
    #[get("/page/", defaults(n = 1))]
    #[get("/page/<int:n>")]
    #[get("/page/<int:n>/<kind>")]
    pub(super) fn page(_n: u32, _kind: Option<String>) {}
    #[route("/form", methods = ["GET", "POST"])]
    pub(super) fn form() {}
}

#[test]
fn url_for_builds_the_urls_that_flask_builds() {
    let mut app = App::new("links");
    use links::*;
    app.routes(routes![text, int, float, path, two, any, page, form]);
    let app = app.build().unwrap();
    let none: Option<u8> = None;
    let kind = "x";
    let list: UrlValue = UrlValue::List(vec![1.into(), "b".into()]);
    // The same links, in the order of the vectors.
    let built = app.test_request_context("/", || {
        [
            url_for!(text),
            url_for!(int, n = 3),
            url_for!(float, n = 1.0),
            url_for!(float, n = f64::from(2)),
            url_for!(path, n = "a b/é"),
            url_for!(two, b = "z", a = "x/y"),
            url_for!(page, n = 1, kind = None),
            url_for!(page, n = 2, kind = None),
            url_for!(page, n = 2, kind),
            url_for!(any, n = "a"),
            url_for!(text; q = "a b&é", none = none, list = list, on = true, rate = 0.5),
            url_for!(text, _anchor = "é b", _external = true),
            url_for!(text; _scheme = "https", _external = true),
            url_for!(form, _method = "POST"),
            url_for!(int, n = 3; q = "x", _external = true, _anchor = "top"),
        ]
    });
    let mut replay = Replay::of("views/urls.json", &["url"]);
    for (vector, built) in load("views/urls.json").as_array().unwrap().iter().zip(&built) {
        replay.case(built, vector, |vector| assert_eq!(*built, vector["url"]));
    }
    replay.finish(built.len());
}

#[get("/profile")]
fn profile() -> String {
    url_for!(profile)
}

#[test]
fn url_for_finds_a_view_wherever_it_is_mounted() {
    let blueprint = |name: &str, prefix: &str| {
        let mut blueprint = Blueprint::new(name);
        blueprint.url_prefix(prefix).routes(routes![profile]);
        blueprint
    };
    let mut app = App::new("mounted");
    app.register(blueprint("a", "/a")).register(blueprint("b", "/b"));
    let client = app.test_client();
    assert_eq!(client.get("/a/profile").send().text(), "/a/profile");
    assert_eq!(client.get("/b/profile").send().text(), "/b/profile");
}

#[test]
fn a_link_to_a_view_that_is_not_registered_fails_with_its_name() {
    let mut app = App::new("unregistered");
    app.add_url_rule("/", "index", view(|_: Args| url_for!(profile)), RuleOptions::default());
    let client = app.test_client();
    let panic = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| client.get("/").send())).err();
    let text = panic.and_then(|panic| panic.downcast::<String>().ok()).expect("the test sees the panic");
    assert!(text.contains("`profile` is not registered"), "{text}");
    assert_eq!(client.propagate_errors(false).get("/").send().status(), 500);
}

#[derive(Deserialize)]
struct Login {
    name: String,
    age: Option<u8>,
}

#[post("/login")]
fn login(Form(login): Form<Login>) -> String {
    format!("{} {:?}", login.name, login.age)
}

#[get("/search")]
async fn search(query: Query<Login>, session: Session) -> String {
    session.set("seen", true);
    query.name.clone()
}

#[post("/api")]
fn api(body: Result<Json<Login>>) -> Result<String> {
    match body {
        Ok(Json(login)) => Ok(login.name),
        Err(error) if error.status() == 415 => Ok("not JSON".to_owned()),
        Err(error) => Err(error),
    }
}

#[post("/upload")]
async fn upload(mut body: BodyStream) -> Result<String> {
    let mut length = 0;
    while let Some(chunk) = body.chunk().await? {
        length += chunk.len();
    }
    Ok(format!("{length} {}", request().data().len()))
}

#[get("/small/<int:n>")]
fn small(n: u8) -> String {
    n.to_string()
}

#[get("/thread", blocking)]
fn thread(form: Option<Form<Login>>) -> String {
    let name = std::thread::current().name().unwrap_or_default().to_owned();
    format!("{} {} {name}", request().path(), form.is_some())
}

fn typed_app() -> App {
    let mut app = App::new("typed");
    app.config().set("SECRET_KEY", "dev");
    app.routes(routes![login, search, api, upload, small, thread]);
    app
}

#[test]
fn a_form_fills_a_type_of_the_users_own() {
    let client = typed_app().test_client();
    assert_eq!(client.post("/login").form([("name", "Ann"), ("age", "30")]).send().text(), "Ann Some(30)");
    assert_eq!(client.post("/login").form([("name", "Ann"), ("age", "")]).send().text(), "Ann None");
    let refused = client.post("/login").form([("name", "Ann"), ("age", "x")]).send();
    assert_eq!(refused.status(), 400);
    assert!(refused.text().contains("age: &#34;x&#34; is not a whole number in range"), "{}", refused.text());
    assert_eq!(client.post("/login").form([("age", "1")]).send().status(), 400);
}

#[test]
fn query_and_session_are_arguments_too() {
    let answer = typed_app().test_client().get("/search?name=a%20b").send();
    assert_eq!(answer.text(), "a b");
    assert!(answer.header("set-cookie").is_some_and(|cookie| cookie.starts_with("session=")));
}

#[test]
fn json_that_is_none_is_415_and_a_result_argument_sees_it() {
    let client = typed_app().test_client();
    assert_eq!(client.post("/api").json(&json!({"name": "Ann"})).send().text(), "Ann");
    assert_eq!(client.post("/api").data("{}").content_type("text/plain").send().text(), "not JSON");
    assert_eq!(client.post("/api").data("{").content_type("application/json").send().status(), 400);
}

#[test]
fn a_stream_argument_gets_the_body_unread() {
    assert_eq!(typed_app().test_client().post("/upload").data(vec![7; 100_000]).send().text(), "100000 0");
}

#[test]
fn a_number_that_the_type_cannot_hold_is_404() {
    let client = typed_app().test_client();
    assert_eq!(client.get("/small/255").send().text(), "255");
    assert_eq!(client.get("/small/256").send().status(), 404);
}

#[test]
fn a_blocking_view_runs_elsewhere_with_its_context() {
    let here = std::thread::current().name().unwrap_or_default().to_owned();
    let text = typed_app().test_client().get("/thread").send().text();
    assert!(text.starts_with("/thread false"), "{text}");
    assert!(!text.ends_with(&here), "{text} {here}");
}

#[test]
fn views_without_a_macro_read_arguments_by_name_and_type() {
    let mut app = App::new("closures");
    for word in ["hello", "bye"] {
        let greet = view(move |args: Args| async move {
            let name: String = args.get("name")?;
            let Query(extra) = args.extract::<Query<BTreeMap<String, String>>>()?;
            Result::<_>::Ok(format!("{word} {name} {}", extra.len()))
        });
        app.add_url_rule(&format!("/{word}/<name>"), word, greet, RuleOptions::default());
    }
    let (item, options) = method_view_of(Item);
    app.add_url_rule("/items/<int:id>", "item", item, RuleOptions { strict_slashes: Some(false), ..options });
    let client = app.test_client();
    assert_eq!(client.get("/hello/Ann?a=1").send().text(), "hello Ann 1");
    assert_eq!(client.get("/bye/Ann").send().text(), "bye Ann 0");
    assert_eq!(client.get("/items/3/").send().text(), "item 3");
}

#[derive(Clone)]
struct Even(u64);

impl FromUrl for Even {
    const CONVERTERS: &'static [&'static str] = &["even"];

    fn from_url(value: &UrlValue) -> Option<Self> {
        u64::from_url(value).map(Even)
    }

    fn to_url(&self) -> UrlValue {
        self.0.into()
    }
}

#[get("/<odd:n>")]
fn even(n: Even) -> String {
    n.0.to_string()
}

#[get("/", outer(lang))]
fn home(lang: String) -> String {
    lang
}

fn start_up_error(mut app: App) -> String {
    app.build().err().map(|error| error.to_string()).unwrap_or_default()
}

#[test]
fn a_parameter_of_a_prefix_reaches_the_view() {
    let mut blueprint = Blueprint::new("localized");
    blueprint.url_prefix("/<lang>").routes(routes![home]);
    let mut app = App::new("outer");
    app.register(blueprint);
    assert_eq!(app.test_client().get("/de/").send().text(), "de");
}

#[test]
fn a_parameter_that_no_prefix_gives_is_told_at_start_up() {
    let mut app = App::new("outer");
    app.routes(routes![home]);
    let text = start_up_error(app);
    assert!(text.contains("the rule '/' gives no value for the argument 'lang' of its view"), "{text}");
}

#[test]
fn a_converter_of_the_apps_own_is_checked_against_the_type_at_start_up() {
    struct Odd;
    impl carboy::Converter for Odd {
        fn regex(&self) -> &str {
            r"\d+"
        }
    }
    let mut app = App::new("converters");
    app.converter("odd", Odd).routes(routes![even]);
    let text = start_up_error(app);
    assert!(text.contains("uses the converter 'odd', whose values the argument 'n: "), "{text}");
}

#[get("/around/<word>")]
fn word(word: String) -> String {
    word
}

#[get("/around/blocking/<word>", blocking)]
fn word_blocking(word: String) -> String {
    assert!(std::thread::current().name().is_none_or(|name| !name.contains("worker")));
    word
}

fn wrap(mark: &'static str) -> impl carboy::view::Around {
    move |view: carboy::view::Call| async move {
        if request().args().contains(mark) {
            return abort(418);
        }
        let mut response = view.run().await?;
        let text = format!("{mark}{}{mark}", String::from_utf8_lossy(response.data().unwrap_or_default()));
        response.set_data(text);
        Ok(response)
    }
}

#[get("/around/attribute/<word>", around = [wrap("+"), wrap("-")])]
async fn word_wrapped(word: String) -> String {
    word
}

#[test]
fn functions_around_views_run_inside_out_and_may_answer_in_their_place() {
    let mut app = App::new("around");
    app.routes(routes![word, word_blocking].around(wrap("-")).around(wrap("+")));
    app.routes(routes![word_wrapped]);
    let client = app.test_client();
    assert_eq!(client.get("/around/x").send().text(), "+-x-+");
    assert_eq!(client.get("/around/blocking/x").send().text(), "+-x-+");
    assert_eq!(client.get("/around/attribute/x").send().text(), "+-x-+");
    assert_eq!(client.get("/around/x?-=").send().status(), 418);
}
