//! Rules of every kind; the views tell what was matched.

use crate::trace;
use carboy::{
    ConvertError, Converter, MethodView, RuleOptions, UrlValue, method_view,
    prelude::*,
    view::{Args, view},
};
use serde_json::{Value, json};

struct ListConverter;

impl Converter for ListConverter {
    fn to_value(&self, text: &str) -> Result<UrlValue, ConvertError> {
        Ok(text.split('+').map(UrlValue::from).collect::<Vec<_>>().into())
    }

    fn to_url(&self, value: &UrlValue) -> Result<String, ConvertError> {
        match value {
            UrlValue::List(words) => Ok(words.iter().map(UrlValue::to_string).collect::<Vec<_>>().join("+")),
            // Python takes a text for a list of its letters.
            text => Ok(text.to_string().chars().map(String::from).collect::<Vec<_>>().join("+")),
        }
    }
}

const RULES: &[(&str, &str)] = &[
    ("string", "/r/string/<name>"),
    ("length", "/r/length/<string(length=2):v>"),
    ("minmax", "/r/minmax/<string(minlength=2, maxlength=4):v>"),
    ("int", "/r/int/<int:n>"),
    ("signed", "/r/signed/<int(signed=True):n>"),
    ("range", "/r/range/<int(min=3, max=9):n>"),
    ("fixed", "/r/fixed/<int(fixed_digits=4):n>"),
    ("float", "/r/float/<float:x>"),
    ("fsigned", "/r/fsigned/<float(signed=True):x>"),
    ("path", "/r/path/<path:p>"),
    ("edit", "/r/path/<path:p>/edit"),
    ("any", r#"/r/any/<any(red, green, "light blue"):c>"#),
    ("uuid", "/r/uuid/<uuid:u>"),
    ("list", "/r/list/<list:xs>"),
    ("two", "/r/two/<a>-<b>"),
    ("ext", "/r/ext/<name>.<any(json, html):ext>"),
    ("fixed-text", "/r/static-wins"),
    ("dynamic", "/r/<dynamic>"),
    ("branch", "/s/branch/"),
    ("branch-post", "/s/posted/"),
    ("leaf", "/s/leaf"),
    ("loose", "/s/loose"),
    ("loose-branch", "/s/loose-branch/"),
    ("deep", "/s/a/<x>/b/"),
    ("unmerged", "/s/unmerged/<x>/y"),
    ("all", "/d/all/"),
    ("all", "/d/all/<int:page>"),
    ("old", "/d/old/<x>"),
    ("new", "/d/new/<x>"),
    ("canon", "/d/canon"),
    ("canon", "/d/alias"),
    ("lang", "/d/lang/<lang>/x"),
    ("get", "/m/get"),
    ("post", "/m/post"),
    ("many", "/m/many"),
    ("own-options", "/m/options"),
    ("no-options", "/m/nooptions"),
    ("purge", "/m/purge"),
    ("split-get", "/m/split"),
    ("split-post", "/m/split"),
    ("any-method", "/m/<word>"),
    ("socket", "/w/socket"),
];

/// What the rules of the table have beside their text.
fn options(endpoint: &str, rule: &str) -> RuleOptions {
    let methods = |list: &[&str]| Some(list.iter().map(|method| (*method).to_owned()).collect());
    let mut options = RuleOptions::default();
    match (endpoint, rule) {
        ("branch-post" | "post" | "split-post", _) => options.methods = methods(&["POST"]),
        ("loose" | "loose-branch", _) => options.strict_slashes = Some(false),
        ("unmerged", _) => options.merge_slashes = Some(false),
        ("all", "/d/all/") => options.defaults = vec![("page".to_owned(), 1.into())],
        ("old", _) => options.redirect_to = Some("d/new/<x>".to_owned()),
        ("canon", "/d/alias") => options.alias = true,
        ("lang", _) => options.defaults = vec![("lang".to_owned(), "en".into())],
        ("many", _) => options.methods = methods(&["PUT", "PATCH", "DELETE"]),
        ("own-options", _) => options.methods = methods(&["GET", "OPTIONS"]),
        ("no-options", _) => {
            options.methods = methods(&["GET"]);
            options.provide_automatic_options = Some(false);
        }
        ("purge", _) => options.methods = methods(&["PURGE"]),
        ("any-method", _) => options.methods = methods(&["GET", "POST", "DELETE"]),
        ("socket", _) => options.websocket = true,
        _ => {}
    }
    options
}

/// A value of the URL as JSON.
pub(crate) fn json_of(value: &UrlValue) -> Value {
    match value {
        UrlValue::Int(number) => value
            .as_int()
            .and_then(|small| i64::try_from(small).ok())
            .map_or_else(|| json!(number.to_string()), Value::from),
        UrlValue::Float(number) => json!(number),
        UrlValue::List(list) => list.iter().map(json_of).collect(),
        other => json!(other.to_string()),
    }
}

pub(crate) fn view_args() -> Value {
    request().view_args().iter().map(|(name, value)| (name.clone(), json_of(value))).collect()
}

fn tell(_: Args) -> Value {
    let request = request();
    json!({
        "endpoint": request.endpoint(),
        "rule": request.url_rule(),
        "args": view_args(),
        "blueprints": request.blueprints(),
        "method": request.method().as_str(),
    })
}

struct Item;

#[method_view]
impl MethodView for Item {
    async fn get(&self, args: Args) -> carboy::Result<Value> {
        Ok(json!({ "item": json_of(&args.get("id")?) }))
    }

    async fn post(&self, args: Args) -> carboy::Result<(Value, u16)> {
        Ok((json!({ "posted": json_of(&args.get("id")?) }), 201))
    }

    async fn delete(&self, _: Args) -> (&'static str, u16) {
        ("", 204)
    }
}

/// Hooks that leave their mark in X-Trace, and answer for the view when they are asked to.
fn mark(blueprint: &mut Blueprint, name: &'static str) {
    blueprint.before_request(move || {
        trace(format!("before {name}"));
        (request().header("x-answer").as_deref() == Some(name)).then(|| format!("answered by {name}"))
    });
    blueprint.after_request(move |response: Response| {
        trace(format!("after {name}"));
        response
    });
}

pub(crate) fn register(app: &mut App) {
    app.converter("list", ListConverter);
    for (endpoint, rule) in RULES {
        // One view for all of an endpoint's rules: the first brings it.
        let first = RULES.iter().find(|(known, _)| known == endpoint).is_some_and(|(_, known)| known == rule);
        app.add_url_rule(rule, endpoint, first.then(|| view(tell)), options(endpoint, rule));
    }
    app.add_method_view("/m/view/<int:id>", "item", Item);

    let mut outer = Blueprint::new("outer");
    let mut inner = Blueprint::new("inner");
    outer.url_prefix("/outer");
    inner.url_prefix("/inner/<section>");
    mark(&mut outer, "outer");
    mark(&mut inner, "inner");
    outer.add_url_rule("/", "index", view(tell), RuleOptions::default());
    outer.add_url_rule("", "bare", view(tell), RuleOptions::default());
    outer.add_url_rule("/leaf", "leaf", view(tell), RuleOptions::default());
    inner.add_url_rule("/", "index", view(tell), RuleOptions::default());
    let posts = RuleOptions { methods: Some(vec!["GET".into(), "POST".into()]), ..RuleOptions::default() };
    inner.add_url_rule("/leaf/<int:n>", "leaf", view(tell), posts);
    outer.register(inner);
    app.register(outer);

    let mut lang = Blueprint::new("lang");
    lang.url_prefix("/l/<any(de, en):lang>").routes(routes![hello, link]);
    lang.url_value_preprocessor(|_, values| {
        if let Some(lang) = values.remove("lang") {
            g().set("lang", lang.to_string());
        }
    });
    lang.url_defaults(|_, values| {
        if !values.contains("lang") {
            values.insert("lang", g().get::<String>("lang").unwrap_or_else(|| "en".to_owned()));
        }
    });
    app.register(lang);
}

#[route("/hello/<name>")]
fn hello(name: String) -> Value {
    json!({ "lang": g().get::<String>("lang"), "name": name })
}

#[route("/link")]
fn link() -> String {
    url_for(".hello", [("name", "you & me")])
}
