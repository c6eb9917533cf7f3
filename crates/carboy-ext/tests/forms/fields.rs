//! Fields of the vectors' descriptions, built as an app builds them at run time.

use carboy_ext::{
    forms::{Choice, FieldDef, Kind, Widget},
    validation::{Decimal, Rule, Value},
};
use serde_json::Value as Json;

/// A value of JSON, or `[type, text]`.
pub(crate) fn value(json: &Json) -> Value {
    match json {
        Json::Null => Value::None,
        Json::Bool(value) => (*value).into(),
        Json::Number(number) => match number.as_i64() {
            Some(number) => number.into(),
            None => number.as_f64().unwrap().into(),
        },
        Json::String(text) => text.as_str().into(),
        Json::Object(entries) => {
            Value::Map(entries.iter().map(|(key, item)| (key.clone(), value(item))).collect())
        }
        Json::Array(items) => {
            match (items.first().and_then(Json::as_str), items.get(1).and_then(Json::as_str)) {
                (Some("date"), Some(text)) => text.parse::<jiff::civil::Date>().unwrap().into(),
                (Some("time"), Some(text)) => text.parse::<jiff::civil::Time>().unwrap().into(),
                (Some("datetime"), Some(text)) => text.parse::<jiff::civil::DateTime>().unwrap().into(),
                (Some("decimal"), Some(text)) => text.parse::<Decimal>().unwrap().into(),
                _ => Value::List(items.iter().map(value).collect()),
            }
        }
    }
}

fn number(json: &Json, name: &str) -> Option<usize> {
    json[name].as_u64().map(|n| usize::try_from(n).unwrap())
}

pub(crate) fn rule(name: &str, args: &Json) -> Rule {
    let texts = |name: &str| args[name].as_array().unwrap().iter().map(value).collect::<Vec<_>>();
    let flag = |name: &str, default: bool| args[name].as_bool().unwrap_or(default);
    let rule = match name {
        "DataRequired" => Rule::data_required(),
        "InputRequired" => Rule::input_required(),
        "Optional" if !flag("strip_whitespace", true) => Rule::optional_unstripped(),
        "Optional" => Rule::optional(),
        "Length" => Rule::length(number(args, "min"), number(args, "max")),
        "NumberRange" => Rule::number_range(value(&args["min"]), value(&args["max"])),
        "DateRange" => Rule::date_range(value(&args["min"]), value(&args["max"])),
        "Regexp" => match args["html_pattern"].as_str() {
            Some(html) => Rule::regexp(args["regex"].as_str().unwrap()).html_pattern(html.to_owned()),
            None => Rule::regexp(args["regex"].as_str().unwrap()),
        },
        "Email" => Rule::email()
            .allow_smtputf8(flag("allow_smtputf8", true))
            .allow_empty_local(flag("allow_empty_local", false))
            .test_environment(flag("test_environment", false)),
        "URL" => {
            let url = Rule::url()
                .require_tld(flag("require_tld", true))
                .allow_ip(flag("allow_ip", true))
                .allow_userinfo(flag("allow_userinfo", false));
            match args["schemes"].as_array() {
                Some(schemes) => url.schemes(schemes.iter().map(|scheme| scheme.as_str().unwrap())),
                None => url,
            }
        }
        "UUID" => Rule::uuid(),
        "IPAddress" => Rule::ip_address(flag("ipv4", true), flag("ipv6", false)),
        "MacAddress" => Rule::mac_address(),
        "AnyOf" => Rule::any_of(texts("values")),
        "NoneOf" => Rule::none_of(texts("values")),
        "EqualTo" => Rule::equal_to(args["fieldname"].as_str().unwrap().to_owned()),
        "ReadOnly" => Rule::read_only(),
        "Disabled" => Rule::disabled(),
        other => panic!("no rule {other}"),
    };
    match args["message"].as_str() {
        Some(message) => rule.message(message.to_owned()),
        None => rule,
    }
}

/// The field of a description.
pub(crate) fn field(name: &str, description: &Json) -> FieldDef {
    let kwargs = &description["kwargs"];
    let integer = kwargs["integer"].as_bool().unwrap_or(false);
    let (kind, widget) = match description["class"].as_str().unwrap() {
        "StringField" => (Kind::Text, Widget::Text),
        "TextAreaField" => (Kind::Text, Widget::TextArea),
        "PasswordField" => (Kind::Text, Widget::Password),
        "HiddenField" => (Kind::Text, Widget::Hidden),
        "SearchField" => (Kind::Text, Widget::Search),
        "TelField" => (Kind::Text, Widget::Tel),
        "URLField" => (Kind::Text, Widget::Url),
        "EmailField" => (Kind::Text, Widget::Email),
        "ColorField" => (Kind::Text, Widget::Color),
        "BooleanField" => (Kind::Bool, Widget::Checkbox),
        "SubmitField" => (Kind::Bool, Widget::Submit),
        "ButtonField" => (Kind::Button, Widget::Button),
        "IntegerField" => (Kind::Integer, Widget::Number),
        "IntegerRangeField" => (Kind::Integer, Widget::Range),
        "FloatField" => (Kind::Float, Widget::Number),
        "DecimalField" => (Kind::Decimal { places: Some(2) }, Widget::Number),
        "DecimalRangeField" => (Kind::Decimal { places: Some(2) }, Widget::Range),
        "DateField" => (Kind::Date, Widget::Date),
        "TimeField" => (Kind::Time, Widget::Time),
        "DateTimeField" => (Kind::DateTime, Widget::DateTime),
        "DateTimeLocalField" => (Kind::DateTime, Widget::DateTimeLocal),
        "MonthField" => (Kind::Month, Widget::Month),
        "WeekField" => (Kind::Week, Widget::Week),
        "SelectField" => (Kind::Select { integer }, Widget::Select),
        "RadioField" => (Kind::Select { integer }, Widget::Radio),
        "SelectMultipleField" if kwargs["checkboxes"] == true => {
            (Kind::SelectMultiple { integer }, Widget::Checkboxes)
        }
        "SelectMultipleField" => (Kind::SelectMultiple { integer }, Widget::SelectMultiple),
        "FileField" => (Kind::File, Widget::File),
        "MultipleFileField" => (Kind::Files, Widget::Files),
        other => panic!("no field {other}"),
    };
    let mut field = FieldDef::new(name.to_owned(), kind).widget(widget);
    for (key, given) in kwargs.as_object().into_iter().flatten() {
        let text = || given.as_str().unwrap().to_owned();
        field = match key.as_str() {
            "label" => field.label(text()),
            "default" => field.default(value(given)),
            "id" => field.id(text()),
            "description" => field.description(text()),
            "format" => field.formats([text()]),
            "places" => field.places(given.as_u64().map(|n| u8::try_from(n).unwrap())),
            "invalid_value_message" => field.invalid_value_message(text()),
            "invalid_choice_message" => field.invalid_choice_message(text()),
            "validate_choice" => field.validate_choice(given.as_bool().unwrap()),
            "choices" => field.choices(given.as_array().unwrap().iter().map(choice)),
            "render_kw" => {
                let attrs = given.as_object().unwrap().iter();
                attrs.fold(field, |field, (name, given)| field.attr(name.clone(), value(given)))
            }
            _ => field,
        };
    }
    for pair in description["rules"].as_array().into_iter().flatten() {
        field = field.rule(rule(pair[0].as_str().unwrap(), &pair[1]));
    }
    field
}

fn choice(json: &Json) -> Choice {
    let sent = &json["value"];
    let mut choice = Choice::new(sent.as_str().map_or_else(|| sent.to_string(), str::to_owned));
    if let Some(label) = json["label"].as_str() {
        choice = choice.label(label);
    }
    if let Some(group) = json["optgroup"].as_str() {
        choice = choice.group(group);
    }
    for (name, given) in json["render_kw"].as_object().into_iter().flatten() {
        choice = choice.attr(name.clone(), value(given));
    }
    choice
}
