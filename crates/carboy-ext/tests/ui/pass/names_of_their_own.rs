// The derive, the extractor `Form<T>` and names that the user shadows live beside each other.
use carboy::prelude::*;
use carboy_ext::forms::{Choices, Form, FormState};
use carboy_ext::validation::Validate;
use serde::Deserialize;

#[allow(dead_code)]
struct Vec;
#[allow(dead_code)]
struct String;
#[allow(dead_code)]
enum Option {}
#[allow(dead_code)]
enum Result {}

#[derive(Form)]
struct Login {
    #[field(validate(data_required))]
    r#type: std::string::String,
    remember: bool,
}

#[derive(Choices, PartialEq, Debug)]
enum Colour {
    Red,
    DarkBlue,
}

#[derive(Deserialize, Validate)]
struct Search {
    #[validate(length(max = 5))]
    q: std::string::String,
}

#[route("/a", methods = ["POST"])]
fn typed(form: Form<Search>) -> std::string::String {
    form.q.clone()
}

#[route("/b", methods = ["POST"])]
fn stateful(mut form: FormState<Login>) -> std::string::String {
    match form.validate_on_submit() {
        Some(login) => format!("{} {}", login.r#type, login.remember),
        None => format!("{:?}", form.errors()),
    }
}

fn main() {
    assert_eq!(Colour::from_value("dark_blue"), Some(Colour::DarkBlue));
    assert_eq!(Colour::Red.value(), "red");
    let mut app = App::new("names");
    app.routes(routes![typed, stateful]);
    let client = app.test_client();
    assert_eq!(client.post("/a").form([("q", "x")]).send().text(), "x");
    assert_eq!(client.post("/b").form([("type", "x")]).send().text(), "x false");
}
