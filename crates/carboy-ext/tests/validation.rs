//! Checked input: what is taken, what is said about the rest, and that nothing that is sent makes an error of the server.
#![cfg(feature = "forms")]

use carboy::{prelude::*, testing::TestClient};
use carboy_ext::validation::{Invalid, InvalidInput, Path, Report, Valid, Validate};
use serde::{Deserialize, Serialize};
use serde_json::{Value as Tree, json};
use std::collections::{BTreeMap, BTreeSet};

const NO_JSON: &str =
    "Did not attempt to load JSON data because the request Content-Type was not 'application/json'.";

fn no_spam(text: &str) -> Result<(), Invalid> {
    if text.contains("spam") { Err("No spam.".into()) } else { Ok(()) }
}

fn cheap(order: &Order, report: &mut Report) {
    if order.lines.iter().map(|line| u64::from(line.count)).sum::<u64>() > 1000 {
        report.within("lines", |report| report.add("That is too much."));
    }
}

#[derive(Debug, Serialize, Deserialize, Validate)]
#[serde(rename_all = "camelCase")]
#[validate(function = cheap)]
struct Order {
    #[validate(data_required, length(min = 2, max = 10), custom(no_spam))]
    customer_name: String,
    #[validate(email)]
    mail: Option<String>,
    #[serde(rename = "how much")]
    #[validate(number_range(min = 0, max = 99.5))]
    amount: Option<f64>,
    #[validate(length(min = 1, max = 3), nested)]
    lines: Vec<Line>,
    #[serde(default)]
    #[validate(length(max = 2), each(length(max = 3), regexp("^[a-z]*$")))]
    tags: Vec<String>,
    #[serde(default)]
    #[validate(nested)]
    more: BTreeMap<String, Line>,
    #[serde(flatten)]
    #[validate(nested)]
    meta: Meta,
}

#[derive(Debug, Serialize, Deserialize, Validate)]
#[serde(deny_unknown_fields)]
struct Line {
    #[validate(number_range(min = 1))]
    count: u32,
    #[validate(any_of("a", "b"))]
    kind: String,
}

#[derive(Debug, Serialize, Deserialize, Validate)]
struct Meta {
    #[validate(url)]
    link: Option<String>,
}

#[post("/order")]
fn order(order: Valid<Json<Order>>) -> Json<Taken> {
    Json(Taken { customer: order.customer_name.clone() })
}

#[derive(Serialize)]
struct Taken {
    customer: String,
}

#[derive(Debug, Deserialize, Validate)]
#[serde(deny_unknown_fields)]
struct Search {
    #[validate(length(min = 2))]
    q: String,
    #[serde(default)]
    #[validate(number_range(max = 10))]
    page: u8,
    #[serde(default)]
    #[validate(equal_to("q"))]
    again: Option<String>,
}

#[route("/search")]
fn search(search: Valid<Query<Search>>) -> String {
    format!("{} {} {:?}", search.q, search.page, search.again)
}

#[post("/form")]
fn form(search: Valid<Form<Search>>) -> String {
    search.q.clone()
}

#[derive(Debug, Deserialize, Validate)]
struct Place {
    #[validate(number_range(min = 2000))]
    year: i32,
    #[validate(length(max = 3))]
    slug: String,
}

#[route("/blog/<int:year>/<slug>")]
fn place(place: Valid<Path<Place>>) -> String {
    format!("{} {}", place.year, place.slug)
}

#[route("/both/<int:year>/<slug>")]
fn both(year: i32, place: Path<Place>) -> String {
    format!("{year} {}", place.0.slug)
}

fn client() -> TestClient {
    let mut app = App::new("validation");
    app.routes(routes![order, search, form, place, both]);
    app.test_client()
}

fn good() -> Tree {
    json!({"customerName": "Ann", "lines": [{"count": 1, "kind": "a"}]})
}

/// The pointers and messages of an answer.
fn errors(answer: &Tree) -> Vec<(String, String)> {
    let text = |json: &Tree| json.as_str().unwrap().to_owned();
    answer["errors"].as_array().unwrap().iter().map(|e| (text(&e["pointer"]), text(&e["detail"]))).collect()
}

fn posted(body: &Tree) -> (u16, Tree) {
    let answer = client().post("/order").json(body).send();
    (answer.status().as_u16(), answer.json())
}

#[test]
fn good_input_reaches_the_view() {
    let mut body = good();
    body["mail"] = json!("a@b.de");
    body["unknown"] = json!({"is": "left out"});
    assert_eq!(posted(&body), (200, json!({"customer": "Ann"})));
}

#[test]
fn every_broken_rule_is_named_with_its_place() {
    let body = json!({
        "customerName": "much too long spam", "mail": "nobody", "how much": 100, "tags": ["abcd", "X", "c"],
        "lines": [{"count": 0, "kind": "x"}, {"count": 1, "kind": "a"}, {"count": 2000, "kind": "b"}],
        "more": {"a/b~c ü": {"count": 0, "kind": "a"}}, "link": "javascript:alert(1)",
    });
    let (status, answer) = posted(&body);
    assert_eq!(status, 422);
    let expected = [
        ("#/customerName", "Field must be between 2 and 10 characters long."),
        ("#/customerName", "No spam."),
        ("#/mail", "Invalid email address."),
        ("#/how%20much", "Number must be between 0 and 99.5."),
        ("#/lines/0/count", "Number must be at least 1."),
        ("#/lines/0/kind", "Invalid value, must be one of: a, b."),
        ("#/tags", "Field cannot be longer than 2 characters."),
        ("#/tags/0", "Field cannot be longer than 3 characters."),
        ("#/tags/1", "Invalid input."),
        ("#/more/a~1b~0c%20%C3%BC/count", "Number must be at least 1."),
        ("#/link", "Invalid URL."),
        ("#/lines", "That is too much."),
    ];
    let expected: Vec<(String, String)> =
        expected.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect();
    assert_eq!(errors(&answer), expected);
    assert_eq!(answer["title"], "Unprocessable Entity");
    assert_eq!((answer["type"].as_str(), answer["status"].as_u64()), (Some("about:blank"), Some(422)));
    assert_eq!(answer["errors"][2]["rule"], "email");
}

#[test]
fn a_required_text_that_is_blank_ends_its_rules() {
    let mut body = good();
    body["customerName"] = json!("  ");
    assert_eq!(
        errors(&posted(&body).1),
        [("#/customerName".to_owned(), "This field is required.".to_owned())]
    );
}

#[test]
fn values_of_another_type_and_missing_ones_are_named_with_their_place() {
    let says = |change: fn(&mut Tree)| {
        let mut body = good();
        change(&mut body);
        let (status, answer) = posted(&body);
        assert_eq!(status, 422, "{answer}");
        errors(&answer).remove(0)
    };
    assert_eq!(
        says(|body| body["lines"][0]["count"] = json!("1")),
        ("#/lines/0/count".into(), "invalid type: string \"1\", expected u32".into())
    );
    assert_eq!(says(|body| body["lines"][0]["count"] = json!(-1)).0, "#/lines/0/count");
    assert_eq!(
        says(|body| body["lines"] = json!([{"count": 1}])),
        ("#/lines/0/kind".into(), "This field is required.".into())
    );
    let (pointer, message) = says(|body| body["lines"][0]["admin"] = json!(true));
    assert!(
        pointer.starts_with("#/lines/0") && message.contains("unknown field `admin`"),
        "{pointer} {message}"
    );
    assert_eq!(says(|body| *body = json!([])).0, "#");
}

#[test]
fn json_that_does_not_parse_is_told_by_line_and_column() {
    let says = |body: &[u8]| {
        let answer = client().post("/order").data(body).content_type("application/json").send();
        assert_eq!(answer.status(), 400);
        let problem: Tree = answer.json();
        (
            problem["line"].as_u64().unwrap(),
            problem["column"].as_u64().unwrap(),
            problem["detail"].as_str().unwrap().to_owned(),
        )
    };
    assert_eq!(
        says(b"{\n  \"a\": 1,\n  oops\n}"),
        (3, 3, "The body is not JSON: key must be a string at line 3 column 3.".into())
    );
    assert_eq!(says(b"{\"a\": [1, 2").0, 1);
    assert_eq!(says(b"").0, 1);
    assert_eq!(says("[".repeat(10_000).as_bytes()).0, 1);
    let other = client().post("/order").data(&b"a=1"[..]).content_type("text/plain").send();
    assert_eq!(other.status(), 415);
}

#[test]
fn whatever_is_wrong_with_a_body_is_told_in_the_same_form() {
    let mut app = App::new("orders");
    app.config().set("MAX_CONTENT_LENGTH", 100);
    app.routes(routes![order, form]);
    let client = app.test_client();
    let json = Some("application/json");
    let cases: [(&[u8], Option<&str>, u16, &str); 8] = [
        (b"{\"a\": 1", json, 400, "The body is not JSON: EOF while parsing an object at line 1 column 7."),
        (b"", json, 400, "The body is not JSON: EOF while parsing a value at line 1 column 0."),
        (b"\xff\xfe1", json, 400, "The body is not JSON: the text is not Unicode."),
        (&[b' '; 101], json, 413, "The data value transmitted exceeds the capacity limit."),
        (&[b' '; 101], Some("text/plain"), 413, "The data value transmitted exceeds the capacity limit."),
        (b"{}", Some("text/plain"), 415, NO_JSON),
        (b"{}", None, 415, NO_JSON),
        (b"{}", json, 422, "A value of the body is not valid."),
    ];
    for (body, content_type, status, detail) in cases {
        let case = format!("{:?} as {content_type:?}", String::from_utf8_lossy(body));
        let send = |accept: &str| {
            let mut request = client.post("/order").data(body.to_vec()).header("Accept", accept);
            if let Some(content_type) = content_type {
                request = request.content_type(content_type);
            }
            request.send()
        };
        for accept in ["*/*", "application/json", "application/problem+json"] {
            let answer = send(accept);
            assert_eq!(answer.status(), status, "{case}");
            assert_eq!(answer.header("Content-Type"), Some("application/problem+json"), "{case}");
            assert_eq!(answer.header("Vary"), Some("Accept"), "{case}");
            let problem: Tree = answer.json();
            assert!(problem["type"] == "about:blank" && problem["title"].is_string(), "{problem}");
            assert_eq!((&problem["status"], &problem["detail"]), (&json!(status), &json!(detail)), "{case}");
        }
        let page = send("text/html,*/*;q=0.8");
        assert_eq!(page.status(), status, "{case}");
        assert!(page.header("Content-Type").unwrap().starts_with("text/html"), "{case}");
        assert!(page.text().contains(&detail.replace('\'', "&#39;")), "{}", page.text());
    }
    // A form speaks as forms do.
    let sent = |accept: &str| {
        let body = [b'a'; 101].to_vec();
        let request = client.post("/form").data(body).content_type("application/x-www-form-urlencoded");
        request.header("Accept", accept).send()
    };
    assert_eq!((sent("*/*").status().as_u16(), sent("*/*").header("Vary")), (413, Some("Accept")));
    assert!(sent("*/*").header("Content-Type").unwrap().starts_with("text/html"));
    assert_eq!(sent("application/json").header("Content-Type"), Some("application/problem+json"));
}

#[test]
fn handlers_of_a_status_come_before_the_form_of_bodies() {
    let mut app = App::new("orders");
    app.config().set("MAX_CONTENT_LENGTH", 100);
    app.routes(routes![order]);
    app.errorhandler(413, |_| ("too much", 413u16)).errorhandler(415, |_| ("not that", 415u16));
    let client = app.test_client();
    assert_eq!(client.post("/order").data(&[b' '; 101][..]).send().text(), "too much");
    assert_eq!(client.post("/order").data(&b"{}"[..]).send().text(), "not that");
}

#[test]
fn the_answer_is_html_or_json_as_the_client_wants_it() {
    let answer = |accept: &str| {
        let mut request = client().post("/order").json(&json!({"customerName": "<b>", "lines": []}));
        if !accept.is_empty() {
            request = request.header("Accept", accept);
        }
        request.send()
    };
    for accept in
        ["", "*/*", "application/json", "application/problem+json", "text/html;q=0.5, application/json"]
    {
        assert_eq!(answer(accept).header("Content-Type"), Some("application/problem+json"), "{accept}");
        assert_eq!(answer(accept).header("Vary"), Some("Accept"));
    }
    for accept in ["text/html", "text/html,application/xhtml+xml,application/json;q=0.9,*/*;q=0.8"] {
        let page = answer(accept);
        assert!(page.header("Content-Type").unwrap().starts_with("text/html"), "{accept}");
        assert_eq!(page.status(), 422);
        assert!(
            page.text().contains("lines: Field must be between 1 and 3 characters long."),
            "{}",
            page.text()
        );
    }
    let page = client().get("/search?q=a").send();
    assert!(
        page.header("Content-Type").unwrap().starts_with("text/html"),
        "a request without JSON gets a page"
    );
}

#[test]
fn queries_forms_and_paths_are_checked_too() {
    let get = |target: &str| client().get(target).header("Accept", "application/json").send();
    assert_eq!(get("/search?q=tea&page=3&again=tea").text(), "tea 3 Some(\"tea\")");
    let first = |target: &str| {
        let answer = get(target);
        assert_eq!(answer.status(), 422, "{target}");
        answer.json::<Tree>()["errors"][0].clone()
    };
    let error = |name: &str, detail: &str, rule: &str, place: &str| json!({"detail": detail, "parameter": name, "in": place, "rule": rule});
    assert_eq!(
        first("/search?q=t"),
        error("q", "Field must be at least 2 characters long.", "length", "query")
    );
    assert_eq!(first("/search"), error("q", "This field is required.", "type", "query"));
    assert_eq!(
        first("/search?q=tea&page=300"),
        error("page", "\"300\" is not a whole number in range", "type", "query")
    );
    assert_eq!(
        first("/search?q=tea&again=x"),
        error("again", "Field must be equal to q.", "equal_to", "query")
    );
    assert_eq!(first("/search?q=tea&admin=1")["parameter"], "admin");
    let answer = client().post("/form").form([("q", "t")]).header("Accept", "application/json").send();
    assert_eq!(answer.json::<Tree>()["errors"][0]["field"], "q");
    assert_eq!(get("/blog/2020/abc").text(), "2020 abc");
    assert_eq!(
        first("/blog/1999/abc"),
        error("year", "Number must be at least 2000.", "number_range", "path")
    );
    assert_eq!(get("/both/2020/long-one").text(), "2020 long-one");
}

#[test]
fn handlers_of_the_app_see_the_error_by_its_type() {
    let mut app = App::new("validation");
    app.routes(routes![order, search]);
    app.errorhandler_for::<InvalidInput, _, _>(|error| {
        (format!("{:?} {}", error.source(), error.violations().len()), 418u16)
    });
    let client = app.test_client();
    let answer = client.post("/order").json(&json!({"customerName": "", "lines": []})).send();
    assert_eq!((answer.status().as_u16(), answer.text().as_str()), (418, "Json 2"));
    assert_eq!(client.get("/search?q=a").send().text(), "Query 1");
    let mut app = App::new("validation");
    app.routes(routes![order]);
    app.errorhandler(422, |_| "by status");
    let answer = app.test_client().post("/order").json(&json!({"customerName": "", "lines": []})).send();
    assert_eq!(answer.text(), "by status");
}

/// Numbers that look random and are the same each time.
struct Random(u64);

impl Random {
    fn below(&mut self, n: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % n as u64).unwrap()
    }

    fn pick<'a, T>(&mut self, items: &'a [T]) -> &'a T {
        &items[self.below(items.len())]
    }

    /// Any JSON at all.
    fn json(&mut self, depth: usize) -> Tree {
        match self.below(if depth == 0 { 6 } else { 8 }) {
            0 => Tree::Null,
            1 => json!(self.below(2) == 0),
            2 => json!(self.pick(&[0_i64, 1, -1, 99, 1 << 40, i64::MIN])),
            3 => json!(self.pick(&[0.5, -1.5, 1e300, 99.5])),
            4 | 5 => json!(self.pick(&[
                "",
                "a",
                "b",
                "spam",
                "nobody",
                "a@b.de",
                "http://a.de",
                "\u{0}",
                "ü/~",
                "abcdefghijkl"
            ])),
            6 => (0..self.below(4)).map(|_| self.json(depth - 1)).collect(),
            _ => {
                let names = [
                    "customerName",
                    "mail",
                    "how much",
                    "lines",
                    "tags",
                    "more",
                    "link",
                    "count",
                    "kind",
                    "x/y",
                ];
                (0..self.below(4)).map(|_| ((*self.pick(&names)).to_owned(), self.json(depth - 1))).collect()
            }
        }
    }

    /// JSON of the right types, whose values break rules now and then.
    fn order(&mut self) -> Tree {
        let line =
            |random: &mut Self| json!({"count": random.below(3), "kind": random.pick(&["a", "b", "c"])});
        let mut order = json!({
            "customerName": self.pick(&["Ann", "", " ", "a", "spam", "a very long name", "so spam is long"]),
            "lines": (0..self.below(5)).map(|_| line(self)).collect::<Vec<_>>(),
        });
        if self.below(2) == 0 {
            order["mail"] = json!(self.pick(&["a@b.de", "nobody", ""]));
        }
        if self.below(2) == 0 {
            order["how much"] = json!(self.pick(&[0.0, -0.5, 99.5, 99.6]));
        }
        if self.below(2) == 0 {
            order["tags"] = (0..self.below(4)).map(|_| json!(self.pick(&["abc", "abcd", "X", ""]))).collect();
        }
        if self.below(2) == 0 {
            order["more"] = (0..self.below(3)).map(|n| (format!("k{n}"), line(self))).collect();
        }
        if self.below(2) == 0 {
            order["link"] = json!(self.pick(&["http://a.de", "x"]));
        }
        order
    }
}

/// The places at which an order of the right types breaks a rule, found in another way.
fn broken(order: &Tree) -> BTreeSet<String> {
    let mut broken = BTreeSet::new();
    let mut hold = |holds: bool, place: String| {
        if !holds {
            broken.insert(place);
        }
    };
    let name = order["customerName"].as_str().unwrap();
    let length = name.chars().count();
    hold(
        !name.trim().is_empty() && (2..=10).contains(&length) && !name.contains("spam"),
        "#/customerName".into(),
    );
    let lines = order["lines"].as_array().unwrap();
    hold((1..=3).contains(&lines.len()), "#/lines".into());
    let mut line = |line: &Tree, place: String| {
        hold(line["count"].as_u64().unwrap() >= 1, format!("{place}/count"));
        hold(line["kind"] == "a" || line["kind"] == "b", format!("{place}/kind"));
    };
    for (index, item) in lines.iter().enumerate() {
        line(item, format!("#/lines/{index}"));
    }
    for (key, item) in order["more"].as_object().into_iter().flatten() {
        line(item, format!("#/more/{key}"));
    }
    if let Some(mail) = order["mail"].as_str() {
        hold(mail == "a@b.de", "#/mail".into());
    }
    if let Some(amount) = order["how much"].as_f64() {
        hold((0.0..=99.5).contains(&amount), "#/how%20much".into());
    }
    if let Some(tags) = order["tags"].as_array() {
        hold(tags.len() <= 2, "#/tags".into());
        for (index, tag) in tags.iter().enumerate() {
            hold(tag == "abc" || tag == "", format!("#/tags/{index}"));
        }
    }
    if let Some(link) = order["link"].as_str() {
        hold(link == "http://a.de", "#/link".into());
    }
    broken
}

#[test]
fn any_json_is_taken_or_refused_but_never_an_error_of_the_server() {
    let client = client();
    let mut random = Random(0x9E37_79B9_7F4A_7C15);
    for _ in 0..1500 {
        let body = random.json(3);
        let answer = client.post("/order").json(&body).send();
        let status = answer.status().as_u16();
        assert!(status == 422 || status == 200, "{status} for {body}");
        if status == 422 {
            assert!(!answer.json::<Tree>()["errors"].as_array().unwrap().is_empty(), "{body}");
        }
        // The same text with a piece cut off, or with a byte changed.
        let mut bytes = serde_json::to_vec(&body).unwrap();
        let at = random.below(bytes.len());
        if random.below(2) == 0 {
            bytes.truncate(at)
        } else {
            bytes[at] = *random.pick(b"\x00\xff{}[]\",:1e-\\")
        }
        let answer = client.post("/order").data(bytes).content_type("application/json").send();
        assert!([200, 400, 422].contains(&answer.status().as_u16()), "{} for {body}", answer.status());
    }
}

#[test]
fn every_rule_that_a_well_formed_order_breaks_is_named_and_no_other() {
    let client = client();
    let mut random = Random(0xD1B5_4A32_D192_ED03);
    let mut refused = 0;
    for _ in 0..1500 {
        let body = random.order();
        let expected = broken(&body);
        let answer = client.post("/order").json(&body).send();
        if answer.status() == 200 {
            assert!(expected.is_empty(), "{expected:?} in {body}");
            continue;
        }
        refused += 1;
        let found: BTreeSet<String> =
            errors(&answer.json()).into_iter().map(|(pointer, _)| pointer).collect();
        assert_eq!(found, expected, "{body}");
    }
    assert!(refused > 500, "{refused}");
}
