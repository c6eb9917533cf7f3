//! What a view and its visitors see.

use carboy::{
    Method, Result, Translate, Translator, prelude::*, render_template_string, security::csrf::Csrf,
    testing::TestClient,
};
use carboy_conformance::replay;
use carboy_ext::{
    forms::{Choice, Choices, Form, FormData, FormErrors, FormObject, FormState},
    validation::{Decimal, Invalid},
};
use serde_json::{Value as Json, json};

const PAGE: &str = "{{ form.hidden_tag() }}{% for field in form if field.type != 'CSRFTokenField' %}{{ field.label }}{{ field }}\
                    {% for error in field.errors %}[{{ error }}]{% endfor %}\n{% endfor %}{{ form.form_errors|join }}";

fn page<T: carboy_ext::forms::FormModel>(form: &FormState<T>) -> Result {
    render_template_string(PAGE, context! { form })?.into_response()
}

fn client(configure: impl FnOnce(&mut App)) -> TestClient {
    let mut app = App::new("forms");
    app.config().set("SECRET_KEY", "dev");
    configure(&mut app);
    app.test_client()
}

// ---

fn strong(password: &str) -> Result<(), Invalid> {
    match password.chars().any(|c| c.is_ascii_digit()) {
        true => Ok(()),
        false => Err("A password has a digit.".into()),
    }
}

fn not_the_name(form: &Signup, errors: &mut FormErrors) {
    if form.password.contains(&form.name) {
        errors.add("password", "The password holds the name.");
        errors.add("", "Look again.");
    }
}

#[derive(Form)]
#[form(validate = not_the_name)]
struct Signup {
    #[field(filter(strip, lower), validate(data_required))]
    name: String,
    #[field(widget = "password", validate(input_required, custom(strong), length(min = 4)))]
    password: String,
    #[field(validate(number_range(min = 18)))]
    age: Option<u8>,
}

#[route("/signup", methods = ["GET", "POST"])]
fn signup(mut form: FormState<Signup>) -> Result {
    if let Some(data) = form.validate_on_submit() {
        if data.name != "taken" {
            return format!("{} {:?}", data.name, data.age).into_response();
        }
        form.add_error("name", format!("The name <{}> is taken.", data.name));
    }
    page(&form)
}

fn signup_says(fields: &[(&str, &str)]) -> String {
    client(|app| {
        app.routes(routes![signup]);
    })
    .post("/signup")
    .form(fields.iter().copied())
    .send()
    .text()
}

#[test]
fn a_valid_form_gives_its_struct_and_no_more_than_its_struct() {
    let text = signup_says(&[
        ("name", " Ann "),
        ("password", "secret1"),
        ("age", "20"),
        ("is_admin", "1"),
        ("id", "7"),
    ]);
    assert_eq!(text, "ann Some(20)");
}

#[test]
fn a_form_that_is_not_sent_is_shown_without_errors() {
    let page = client(|app| {
        app.routes(routes![signup]);
    })
    .get("/signup?name=ann&age=3")
    .send()
    .text();
    assert!(page.contains(r#"<input id="name" name="name" required type="text" value="">"#), "{page}");
    assert!(!page.contains('['), "{page}");
}

#[test]
fn errors_and_escaped_values_are_shown_again() {
    let page = signup_says(&[("name", "<b>"), ("password", "abc"), ("age", "2x")]);
    assert!(page.contains("value=\"&lt;b&gt;\""), "{page}");
    assert!(page.contains("[A password has a digit.][Field must be at least 4 characters long.]"), "{page}");
    assert!(page.contains("value=\"2x\">[Not a valid integer value.]"), "{page}");
    assert!(!page.contains("abc"), "a password is not shown again: {page}");
}

#[test]
fn a_number_that_its_type_cannot_hold_is_an_error_of_the_field() {
    let page = signup_says(&[("name", "ann"), ("password", "secret1"), ("age", "300")]);
    assert!(page.contains("value=\"300\">[Not a valid integer value.]"), "{page}");
}

#[test]
fn the_form_as_a_whole_and_the_view_add_errors() {
    let page = signup_says(&[("name", "ann"), ("password", "ann12")]);
    assert!(page.contains("[The password holds the name.]") && page.ends_with("Look again."), "{page}");
    let page = signup_says(&[("name", "taken"), ("password", "secret1")]);
    assert!(page.contains("[The name &lt;taken&gt; is taken.]"), "{page}");
}

// ---

#[derive(Debug, Clone, PartialEq)]
struct Post {
    id: i64,
    title: String,
    body: Option<String>,
    author_id: i64,
}

#[derive(Form)]
#[form(obj = Post)]
struct PostForm {
    #[field(validate(data_required))]
    title: String,
    #[field(widget = "textarea")]
    body: Option<String>,
    #[field(no_obj)]
    preview: bool,
}

#[route("/post", methods = ["GET", "POST"])]
fn edit(form: FormState<PostForm>) -> Result {
    let mut post = Post { id: 1, title: "Old <title>".into(), body: None, author_id: 5 };
    let mut form = form.fill(&post);
    if let Some(data) = form.validate_on_submit() {
        let preview = data.preview;
        data.populate(&mut post);
        return format!("{post:?} {preview}").into_response();
    }
    page(&form)
}

#[test]
fn an_object_fills_a_form_and_only_declared_fields_are_written_back() {
    let client = client(|app| {
        app.routes(routes![edit]);
    });
    let page = client.get("/post").send().text();
    assert!(page.contains("value=\"Old &lt;title&gt;\""), "{page}");
    let sent = [("title", "New"), ("body", "text"), ("id", "99"), ("author_id", "99"), ("preview", "y")];
    let post = client.post("/post?author_id=98").form(sent).send().text();
    assert_eq!(post, r#"Post { id: 1, title: "New", body: Some("text"), author_id: 5 } true"#);
    let page = client.post("/post").form([("title", ""), ("body", "kept <b>")]).send().text();
    assert!(page.contains("[This field is required.]") && page.contains("kept &lt;b&gt;"), "{page}");
}

// ---

#[derive(Form)]
#[form(csrf = true)]
struct Protected {
    note: String,
}

#[route("/protected", methods = ["GET", "POST"])]
fn protected(mut form: FormState<Protected>) -> Result {
    match form.validate_on_submit() {
        Some(data) => data.note.into_response(),
        None => format!("{}{:?}", form.hidden_tag(), form.errors()).into_response(),
    }
}

#[derive(Form)]
struct Plain {
    note: String,
}

#[route("/plain", methods = ["GET", "POST"])]
fn plain(mut form: FormState<Plain>) -> Result {
    match form.validate_on_submit() {
        Some(data) => data.note.into_response(),
        None => page(&form),
    }
}

fn token(page: &str) -> &str {
    let (_, rest) =
        page.split_once("<input id=\"csrf_token\" name=\"csrf_token\" type=\"hidden\" value=\"").unwrap();
    rest.split('"').next().unwrap()
}

#[test]
fn a_form_checks_its_own_token() {
    let client = client(|app| {
        app.routes(routes![protected]);
    });
    let page = client.get("/protected").send().text();
    let token = token(&page);
    assert_eq!(client.post("/protected").form([("note", "n"), ("csrf_token", token)]).send().text(), "n");
    let wrong = |fields: Vec<(&str, &str)>| client.post("/protected").form(fields).send().text();
    assert!(wrong(vec![("note", "n")]).ends_with(r#"[("csrf_token", "The CSRF token is missing.")]"#));
    assert!(wrong(vec![("csrf_token", "x")]).ends_with(r#"[("csrf_token", "The CSRF token is invalid.")]"#));
    client.delete_cookie("session");
    let page = wrong(vec![("note", "n"), ("csrf_token", token)]);
    assert!(page.contains("The CSRF") && page.contains("name=\"csrf_token\""), "{page}");
}

#[test]
fn forms_of_an_app_that_asks_for_tokens_have_one() {
    let client = client(|app| {
        app.ext(Csrf::default()).routes(routes![plain]);
    });
    let page = client.get("/plain").send().text();
    let token = token(&page);
    assert_eq!(client.post("/plain").form([("note", "n"), ("csrf_token", token)]).send().text(), "n");
    // The token may come in the header, as scripts send it: the app has checked it then.
    assert_eq!(client.post("/plain").header("X-CSRFToken", token).form([("note", "n")]).send().text(), "n");
    assert_eq!(client.post("/plain").form([("note", "n")]).send().status(), 400);
    // An app that does not ask has none.
    let page = self::client(|app| {
        app.routes(routes![plain]);
    });
    assert!(!page.get("/plain").send().text().contains("csrf_token"));
}

// ---

#[derive(Choices, Debug, PartialEq)]
enum Size {
    Small,
    #[choice(label = "As large as it gets", group = "Large ones")]
    ExtraLarge,
}

#[derive(Form)]
#[form(prefix = "shop")]
struct Shop {
    size: Option<Size>,
    #[field(widget = "checkboxes")]
    others: Vec<Size>,
    #[field(choices = [("de", "Germany"), ("fr", "France")], default = "fr")]
    country: String,
    #[field(choices = Vec::<Choice>::new())]
    city: i64,
    #[field(places = 1, default = "19.95".parse().unwrap())]
    price: Decimal,
    #[field(format = "%d.%m.%Y", default = jiff::civil::date(2026, 3, 9), attr(data_x = "1", autofocus))]
    day: jiff::civil::Date,
    #[field(widget = "submit")]
    buy: bool,
}

#[route("/shop", methods = ["GET", "POST"])]
fn shop(mut form: FormState<Shop>) -> Result {
    form.set_choices("city", [(1, "Ulm"), (2, "Rome")]);
    match form.validate_on_submit() {
        Some(s) => {
            format!("{:?} {:?} {} {} {} {} {}", s.size, s.others, s.country, s.city, s.price, s.day, s.buy)
                .into_response()
        }
        None => page(&form),
    }
}

#[test]
fn choices_numbers_and_dates_have_the_types_of_the_struct() {
    let client = client(|app| {
        app.routes(routes![shop]);
    });
    let page = client.get("/shop").send().text();
    let expected = [
        r#"<select id="shop-size" name="shop-size"><option value="small">Small</option><optgroup label="Large ones">"#,
        r#"<li><input id="shop-others-0" name="shop-others" type="checkbox" value="small"> <label for="shop-others-0">Small</label></li>"#,
        r#"<option selected value="fr">France</option>"#,
        r#"<option value="2">Rome</option>"#,
        r#"<input id="shop-price" name="shop-price" required step="any" type="number" value="20.0">"#,
        r#"<input autofocus data-x="1" id="shop-day" name="shop-day" required type="date" value="09.03.2026">"#,
        r#"<input id="shop-buy" name="shop-buy" type="submit" value="Buy">"#,
    ];
    for html in expected {
        assert!(page.contains(html), "{html} is not in\n{page}");
    }
    let sent = |size: &'static str, city: &'static str| {
        let fields = [
            ("shop-size", size),
            ("shop-others", "small"),
            ("shop-others", "extra_large"),
            ("shop-country", "de"),
            ("shop-city", city),
            ("shop-price", "1.50"),
            ("shop-day", "2.3.2027"),
            ("shop-buy", "Buy"),
        ];
        client.post("/shop").form(fields).send().text()
    };
    assert_eq!(sent("extra_large", "2"), "Some(ExtraLarge) [Small, ExtraLarge] de 2 1.50 2027-03-02 true");
    assert_eq!(sent("", "2"), "None [Small, ExtraLarge] de 2 1.50 2027-03-02 true");
    assert!(sent("huge", "3").contains("[Not a valid choice.]"));
    assert!(sent("small", "3").contains("[Not a valid choice.]"));
    assert!(sent("small", "x").contains("[Invalid Choice: could not coerce.]"));
}

#[test]
fn what_is_missing_for_its_type_is_required_without_a_word() {
    let page = client(|app| {
        app.routes(routes![shop]);
    })
    .post("/shop")
    .form([("shop-country", "de")])
    .send()
    .text();
    assert_eq!(page.matches("[This field is required.]").count(), 3, "city, price and day: {page}");
}

// ---

#[derive(Form)]
#[allow(dead_code)]
struct FromJson {
    #[field(validate(data_required, email))]
    email: String,
    #[field(validate(optional))]
    age: Option<i64>,
    terms: bool,
    #[field(choices = ["a", "b"])]
    tags: Vec<String>,
}

#[route("/json", methods = ["GET", "POST", "PUT", "PATCH", "DELETE"])]
fn from_json(mut form: FormState<FromJson>) -> Result {
    let valid = form.validate_on_submit().is_some();
    let html: Vec<String> = form.form().fields().map(|field| field.html().into_string()).collect();
    let text = render_template_string("{{ [form.errors, form.data]|tojson }}", context! { form })?.0;
    let parts: Json = serde_json::from_str(&text)?;
    json!({"valid": valid, "submitted": form.is_submitted(), "errors": parts[0], "data": parts[1], "html": html})
        .to_string()
        .into_response()
}

#[test]
fn json_is_read_as_flask_wtf_reads_it() {
    let client = client(|app| {
        app.routes(routes![from_json]);
    });
    replay("wtforms/json.json", "", &["submitted", "valid", "data", "errors", "/html/**"], 40, |case| {
        let method = Method::from_bytes(case["method"].as_str().unwrap().as_bytes()).unwrap();
        let answer = client.open(method, "/json").json(&case["json"]).send().text();
        let answer: Json = serde_json::from_str(&answer).unwrap();
        for key in ["submitted", "valid", "errors", "data", "html"] {
            if answer[key] != case[key] {
                return Err(format!("{key} is {} and not {}", answer[key], case[key]));
            }
        }
        Ok(())
    });
}

#[test]
fn json_that_does_not_parse_is_a_bad_request() {
    let client = client(|app| {
        app.routes(routes![from_json]);
    });
    let answer = client.post("/json").data(&b"{\"email\": "[..]).content_type("application/json").send();
    assert_eq!(answer.status(), 400);
}

// ---

struct Words(&'static str);

impl Translate for Words {
    fn locale(&self) -> Option<String> {
        Some(self.0.to_owned())
    }
    fn gettext(&self, message: &str) -> Option<String> {
        (message == "Note").then(|| "Notiz".to_owned())
    }
    fn ngettext(&self, _: &str, _: &str, _: u64) -> Option<String> {
        None
    }
}

#[derive(Form)]
struct Words4 {
    #[field(label = "Note", validate(length(min = 4)))]
    note: String,
    #[field(validate(data_required))]
    other: String,
}

#[route("/words", methods = ["GET", "POST"])]
fn words(mut form: FormState<Words4>) -> Result {
    let _ = form.validate_on_submit().map(|data| (data.note, data.other));
    page(&form)
}

#[test]
fn labels_and_messages_are_in_the_language_of_the_request() {
    let client = client(|app| {
        app.ext(Translator::new(Words("de_AT"))).routes(routes![words]);
    });
    let page = client.post("/words").form([("note", "abc")]).send().text();
    assert!(page.contains("<label for=\"note\">Notiz</label>"), "{page}");
    assert!(page.contains("[Feld muss mindestens 4 Zeichen beinhalten.]"), "{page}");
    assert!(page.contains("[Dieses Feld wird benötigt.]"), "{page}");
}

#[test]
fn what_was_typed_is_not_in_debug_output() {
    let form = FormState::<Plain>::from_data([("note", "geheim")].into_iter().collect());
    assert!(!format!("{form:?} {:?} {:?}", form.form(), form.field("note")).contains("geheim"));
}

#[derive(Form)]
#[allow(dead_code)]
struct Many {
    tags: Vec<String>,
    #[field(max_entries = 2)]
    few: Vec<String>,
}

#[test]
fn lists_are_bounded() {
    let sent = (0..3000).flat_map(|n| [(format!("tags-{n}"), "x"), (format!("few-{n}"), "x")]);
    let many = FormState::<Many>::from_data(sent.collect()).validate().unwrap();
    assert_eq!((many.tags.len(), many.few.len()), (1000, 2));
    let odd = ["tags-99999999999999999999", "tags--1", "tags-", "tags-1x", "tags"];
    let many =
        FormState::<Many>::from_data(odd.into_iter().map(|name| (name, "x")).collect()).validate().unwrap();
    assert_eq!(many.tags.len(), 0);
}

#[derive(Form)]
#[allow(dead_code)]
struct Tree {
    name: String,
    branches: Vec<Tree>,
}

#[test]
#[should_panic(expected = "a form holds itself")]
fn a_form_that_holds_itself_says_so() {
    let _ = FormState::<Tree>::from_data(FormData::new());
}
