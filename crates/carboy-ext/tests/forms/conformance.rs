//! Replays what WTForms and Flask-WTF did.

use super::fields;
use carboy::{FileStorage, TemplateContext, TemplateValue, render_template_string};
use carboy_conformance::replay;
use carboy_ext::{
    forms::{BoundForm, Choices, FieldDef, Form, FormData, FormDef, FormModel, FormState, Kind},
    validation::{Value, builtin_message, builtin_plural},
};
use serde_json::{Value as Json, json};

fn same(what: &str, found: impl Into<Json>, expected: &Json) -> Result<(), String> {
    let found = found.into();
    if found == *expected {
        Ok(())
    } else {
        Err(format!("{what} is\n        {found}, not\n        {expected}"))
    }
}

/// The arguments with which a field was shown, and its HTML.
fn rendered(case: &Json) -> impl Iterator<Item = (&Json, &Json)> {
    case["render"].as_array().unwrap().iter().zip(case["html"].as_array().unwrap())
}

/// Renders as a template does, with the arguments that WTForms got.
fn render(form: &BoundForm, source: &str, kwargs: &Json) -> String {
    let mut context = TemplateContext::new();
    context.insert("form", form);
    context.insert("kwargs", kwargs);
    carboy::App::new("doc")
        .build()
        .unwrap()
        .app_context(|| render_template_string(source, context).unwrap().0)
}

#[test]
fn fields_are_read_checked_and_shown_as_wtforms_does() {
    replay(
        "wtforms/fields.json",
        "",
        &["data", "valid", "errors", "label", "type", "/html/**", "/options/**"],
        1400,
        |case| {
            let def = FormDef::new()
                .field(fields::field("a_field", &case["field"]))
                .field(FieldDef::of::<String>("other").label("The other"));
            let sent: Option<FormData> = case["sent"].as_array().map(|texts| {
                let own = texts.iter().map(|text| ("a_field", text.as_str().unwrap()));
                own.chain([("other", "same")]).collect()
            });
            let before = Value::Map(match &case["before"] {
                Json::Null => Vec::new(),
                before => vec![("a_field".to_owned(), fields::value(before))],
            });
            let mut form = BoundForm::new(&def, sent.as_ref(), Some(&before));
            form.validate();
            let field = form.field("a_field").unwrap();
            if case.get("data").is_some() {
                same("the value", field.data().to_string(), &case["data"])?;
            }
            same("the errors", field.errors(), &case["errors"])?;
            same("whether it is valid", !field.has_errors(), &case["valid"])?;
            same("the label", field.label_html().as_str(), &case["label"])?;
            same("the type", field.type_name(), &case["type"])?;
            for (kwargs, html) in rendered(case) {
                let attrs = kwargs
                    .as_object()
                    .unwrap()
                    .iter()
                    .map(|(name, given)| (name.as_str(), fields::value(given)));
                same("the HTML", field.html_with(attrs).as_str(), html)?;
            }
            if let Some(options) = case["options"].as_array() {
                let found: Vec<Json> =
                    field.iter().map(|o| json!([o.html().as_str(), o.label_html().as_str()])).collect();
                same("the options", found, &Json::from(options.clone()))?;
            }
            Ok::<(), String>(())
        },
    );
}

#[test]
fn templates_show_fields_with_attributes_as_wtforms_does() {
    // A part of the same cases, through a template: each costs an app.
    let vectors = carboy_conformance::load("wtforms/fields.json");
    let mut seen = std::collections::BTreeSet::new();
    let mut compared = 0;
    for case in vectors.as_array().unwrap() {
        let pairs: Vec<(&Json, &Json)> = rendered(case).collect();
        if pairs.len() < 2 || !seen.insert(case["field"]["class"].as_str().unwrap()) {
            continue;
        }
        let def = FormDef::new().field(fields::field("a_field", &case["field"]));
        let sent: Option<FormData> = case["sent"]
            .as_array()
            .map(|texts| texts.iter().map(|text| ("a_field", text.as_str().unwrap())).collect());
        let before = fields::value(&json!({"a_field": case["before"]}));
        let before = if case["before"].is_null() { Value::None } else { before };
        let mut form = BoundForm::new(&def, sent.as_ref(), Some(&before));
        form.validate();
        for (kwargs, html) in &pairs {
            assert_eq!(render(&form, "{{ form.a_field(**kwargs) }}", kwargs), **html, "{case}");
            compared += 1;
        }
        assert_eq!(render(&form, "{{ form.a_field }}", &json!({})), *pairs[0].1);
        assert_eq!(render(&form, "{{ form.a_field.label }}", &json!({})), case["label"]);
    }
    assert!(compared > 80, "{compared}");
}

#[test]
fn texts_are_taken_and_refused_as_wtforms_does() {
    let mut texts = 0;
    let mut wrong = Vec::new();
    for case in carboy_conformance::load("wtforms/texts.json").as_array().unwrap() {
        let name = case["rule"].as_str().unwrap();
        let rule = fields::rule(name, &case["options"]);
        let def = FormDef::new().field(FieldDef::of::<String>("a").rule(rule));
        for pair in case["texts"].as_array().unwrap() {
            let sent: FormData = [("a", pair[0].as_str().unwrap())].into_iter().collect();
            let taken = BoundForm::new(&def, Some(&sent), None).validate();
            texts += 1;
            // A third member says why carboy says the opposite.
            if (pair[1] == taken) == pair.get(2).is_some() {
                wrong.push(format!("{name} {} {:?}: {taken}", case["options"], pair[0].as_str().unwrap()));
            }
        }
    }
    assert!(wrong.is_empty(), "{} of {texts} differ:\n{}", wrong.len(), wrong.join("\n"));
    assert!(texts > 700, "{texts}");
}

#[test]
fn numbers_and_dates_are_read_and_written_as_wtforms_does() {
    replay("wtforms/numbers.json", "", &["data", "errors", "shown"], 170, |case| {
        let def = |before: Option<Value>| {
            let sent: FormData = [("a", case["text"].as_str().unwrap())].into_iter().collect();
            let def = FormDef::new().field(fields::field("a", case));
            let before = before.map(|value| Value::Map(vec![("a".to_owned(), value)]));
            BoundForm::new(&def, before.is_none().then_some(&sent), before.as_ref())
        };
        let mut form = def(None);
        form.validate();
        let field = form.field("a").unwrap();
        same("the errors", field.errors(), &case["errors"])?;
        same("the value", field.data().to_string(), &case["data"])?;
        if let Some(shown) = case["shown"].as_str() {
            let again = def(Some(field.data().into_owned()));
            let html = again.field("a").unwrap().html();
            let expected = format!("value=\"{shown}\"");
            if !html.contains(&expected) {
                return Err(format!("{html} has no {expected}"));
            }
        }
        Ok(())
    });
}

#[derive(Form)]
#[allow(dead_code)]
struct Address {
    #[field(validate(data_required))]
    street: String,
    #[field(label = "Town", validate(length(max = 5)))]
    city: String,
    #[field(widget = "hidden", default = "home")]
    kind: String,
}

#[derive(Form)]
#[allow(dead_code)]
struct Line {
    #[field(validate(input_required))]
    article: String,
    #[field(label = "How many", validate(input_required, number_range(min = 1)))]
    count: i64,
}

#[derive(Choices, Debug, PartialEq)]
enum Colour {
    Red,
    DarkBlue,
}

#[derive(Form)]
#[allow(dead_code)]
struct Order {
    #[field(label = "Your name", filter(strip), validate(data_required, length(max = 10)))]
    name: String,
    #[field(label = "E-mail", widget = "email", validate(optional, email))]
    mail: String,
    address: Address,
    #[field(min_entries = 1, max_entries = 3)]
    lines: Vec<Line>,
    #[field(entry(label = "Tag", validate(length(max = 3))), validate(length(max = 2)))]
    tags: Vec<String>,
    #[field(widget = "radio")]
    colour: Colour,
    gift: bool,
}

#[derive(Form)]
#[allow(dead_code)]
struct Password {
    #[field(widget = "password", validate(input_required, length(min = 8)))]
    password: String,
    #[field(widget = "password", validate(equal_to("password", message = "The %(other_label)s differs.")))]
    again: String,
}

#[test]
fn whole_forms_with_forms_and_lists_inside_are_those_of_wtforms() {
    let order = Order::definition();
    let password = Password::definition();
    replay("wtforms/forms.json", "", &["valid", "data", "errors", "/html/**", "/inside/**"], 75, |case| {
        let def = if case["form"] == "Order" { &order } else { &password };
        let def = def.clone().prefix(case["prefix"].as_str().unwrap().to_owned());
        let sent: Option<FormData> = case["sent"].as_array().map(|pairs| {
            pairs.iter().map(|pair| (pair[0].as_str().unwrap(), pair[1].as_str().unwrap())).collect()
        });
        let before = fields::value(&case["before"]);
        let mut form = BoundForm::new(&def, sent.as_ref(), Some(&before));
        same("whether it is valid", form.validate(), &case["valid"])?;
        let template =
            |source: &str| -> Json { serde_json::from_str(&render(&form, source, &json!({}))).unwrap() };
        same("the errors", template("{{ form.errors|tojson }}"), &case["errors"])?;
        same("the values", template("{{ form.data|tojson }}"), &case["data"])?;
        let html: Vec<Json> = form
            .fields()
            .map(|f| json!([f.label_html().as_str(), f.html_with([("class_", "c")]).as_str()]))
            .collect();
        same("the HTML", html, &case["html"])?;
        let inside =
            form.fields().map(|field| field.iter().map(|line| line.html().into_string()).collect::<Vec<_>>());
        let inside: Vec<Json> = inside.filter(|lines| !lines.is_empty()).map(Json::from).collect();
        let expected: Vec<Json> =
            case["inside"].as_array().unwrap().iter().filter(|lines| **lines != json!([])).cloned().collect();
        same("what is inside", inside, &Json::from(expected))
    });
}

#[test]
fn a_valid_form_becomes_its_struct() {
    let sent: FormData = [
        ("name", " Ann "),
        ("address-street", "Main"),
        ("lines-4-article", "tea"),
        ("lines-4-count", "2"),
        ("tags-0", "a"),
        ("colour", "dark_blue"),
    ]
    .into_iter()
    .collect();
    let order = FormState::<Order>::from_data(sent).validate_on_submit().unwrap();
    assert_eq!(
        (order.name.as_str(), order.address.street.as_str(), order.address.kind.as_str()),
        ("Ann", "Main", "home")
    );
    assert_eq!((order.lines[0].article.as_str(), order.lines[0].count), ("tea", 2));
    assert_eq!((order.tags, order.colour, order.gift), (vec!["a".to_owned()], Colour::DarkBlue, false));
}

#[derive(Form)]
#[allow(dead_code)]
struct Upload {
    #[field(validate(data_required))]
    title: String,
    #[field(widget = "hidden", default = "s<")]
    secret: String,
    #[field(validate(file_required, file_allowed("jpg", "png"), file_size(min = 2, max = 10)))]
    photo: FileStorage,
    #[field(validate(file_allowed("txt", message = "Text only."), file_size(max = 5)))]
    more: Vec<FileStorage>,
}

#[test]
fn uploads_are_checked_and_hidden_fields_shown_as_flask_wtf_does() {
    replay("wtforms/flask.json", "", &["valid", "errors", "/html/**", "hidden", "photo"], 45, |case| {
        let mut sent = FormData::new();
        for file in case["files"].as_array().unwrap() {
            let text = |at: usize| file[at].as_str().unwrap().to_owned();
            let named = FileStorage::new(text(0), text(1), None, text(2));
            // A part without a file's name is a field of text, for Werkzeug, too.
            if named.is_empty() { sent.add(text(0), text(2)) } else { sent.add(text(0), named) }
        }
        for field in case["fields"].as_array().unwrap() {
            sent.add(field[0].as_str().unwrap(), field[1].as_str().unwrap());
        }
        let mut form = FormState::<Upload>::from_data(sent);
        let upload = form.validate_on_submit();
        let errors = render(form.form(), "{{ form.errors|tojson }}", &json!({}));
        same("the errors", serde_json::from_str::<Json>(&errors).unwrap(), &case["errors"])?;
        same("whether it is valid", upload.is_some(), &case["valid"])?;
        let html: Vec<String> = form.form().fields().map(|field| field.html().into_string()).collect();
        same("the HTML", html, &case["html"])?;
        same("the hidden fields", form.hidden_tag().as_str(), &case["hidden"])?;
        same(
            "the hidden fields",
            render(form.form(), "{{ form.hidden_tag() }}", &json!({})),
            &case["hidden"],
        )?;
        match &*form.field("photo").unwrap().data() {
            Value::File(file) => same("the photo", file.filename(), &case["photo"]),
            _ => same("the photo", Json::Null, &case["photo"]),
        }
    });
}

#[test]
fn messages_are_translated_as_wtforms_translates_them() {
    replay("wtforms/messages.json", "", &["/messages/**", "/plurals/**"], 30, |case| {
        let locale = case["locale"].as_str().unwrap();
        let text = |json: &Json| json.as_str().unwrap().to_owned();
        for pair in case["messages"].as_array().unwrap() {
            let id = text(&pair[0]);
            same(&id, builtin_message(locale, &id).unwrap_or(&id), &pair[1])?;
        }
        for (ids, forms) in case["ids"].as_array().unwrap().iter().zip(case["plurals"].as_array().unwrap()) {
            let (one, many) = (text(&ids[0]), text(&ids[1]));
            for (n, form) in case["numbers"].as_array().unwrap().iter().zip(forms.as_array().unwrap()) {
                let n = n.as_u64().unwrap();
                let plain = if n == 1 { &one } else { &many };
                same(&one, builtin_plural(locale, &one, n).unwrap_or(plain), form)?;
            }
        }
        Ok::<(), String>(())
    });
}

#[test]
fn a_kind_has_the_widget_of_its_field_in_wtforms() {
    let html = |kind: Kind| {
        let def = FormDef::new().field(FieldDef::new("a", kind));
        BoundForm::new(&def, None, None).field("a").unwrap().html().into_string()
    };
    assert_eq!(html(Kind::Date), r#"<input id="a" name="a" type="date" value="">"#);
    assert_eq!(html(Kind::Files), r#"<input id="a" multiple name="a" type="file">"#);
    let value: TemplateValue = Value::from(3).to_template();
    assert_eq!(value.to_string(), "3");
}
