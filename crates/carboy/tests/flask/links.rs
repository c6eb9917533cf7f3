//! `url_for`, called wherever it can be.

use super::{get, make, on, says};
use carboy::{BlueprintOptions, RuleOptions, UrlValue, prelude::*, try_url_for};
use carboy_conformance::{replay, same};
use serde_json::Value;

fn link_app() -> App {
    let nothing = || says("");
    let mut app = make();
    let (mut shop, mut deep) = (Blueprint::new("shop"), Blueprint::new("deep"));
    shop.url_prefix("/shop/<lang>");
    get(&mut app, "/", "index", nothing());
    get(&mut app, "/user/<name>", "user", nothing());
    let first = RuleOptions { defaults: vec![("page".to_owned(), 1.into())], ..RuleOptions::default() };
    app.add_url_rule("/list/", "list", nothing(), first);
    app.add_url_rule("/list/<int:page>", "list", None, RuleOptions::default());
    get(&mut app, "/file/<path:p>", "file", nothing());
    get(&mut app, "/num/<int(fixed_digits=4):n>/<float:f>", "num", nothing());
    on(&mut app, &["POST"], "/form", "form", nothing());
    app.add_url_rule("/form/<x>", "form", None, RuleOptions::default());
    get(&mut shop, "/", "index", nothing());
    get(&mut shop, "/item/<int:id>", "item", nothing());
    get(&mut deep, "/x", "index", nothing());
    get(&mut deep, "/<uuid:u>", "by_uuid", nothing());
    shop.register_with(deep, BlueprintOptions { url_prefix: Some("/deep".to_owned()), ..Default::default() });
    app.register(shop);
    app
}

fn url_value(value: &Value) -> UrlValue {
    match value {
        Value::Null => UrlValue::None,
        Value::Bool(truth) => (*truth).into(),
        Value::Number(number) => match number.as_i64() {
            Some(whole) => whole.into(),
            None => number.as_f64().unwrap().into(),
        },
        Value::String(text) => text.as_str().into(),
        Value::Array(items) => UrlValue::List(items.iter().map(url_value).collect()),
        Value::Object(_) => panic!("{value}"),
    }
}

#[test]
fn a_page_about_a_host_that_is_not_trusted_has_links() {
    let mut app = make();
    app.config().set("TRUSTED_HOSTS", ["shop.example"]);
    get(&mut app, "/home", "home", says("home"));
    app.errorhandler(400, |_| (url_for("home", ()), 400));
    let answer = app.test_client().get("/").base_url("http://evil.test").send();
    assert_eq!((answer.status().as_u16(), answer.text().as_str()), (400, "/home"));
}

// rows: D1 D3 D4 D5 D6 D8 D9 D11 D12 D13
#[test]
fn url_for_builds_what_flasks_builds_wherever_it_is_called() {
    let service = link_app().build().unwrap();
    replay("flask-requests/links.json", "", &["url", "error", "message"], 500, |case| {
        let (scheme, rest) = case["base"].as_str().unwrap().split_once("://").unwrap();
        let (host, root) = rest.find('/').map_or((rest, ""), |slash| rest.split_at(slash));
        let mut request = Request::get(case["target"].as_str().unwrap());
        request.set_script_root(root);
        request.set_host(host.parse().unwrap());
        request.connection_mut().is_secure = scheme == "https";
        let values: Vec<(&str, UrlValue)> = case["values"]
            .as_object()
            .unwrap()
            .iter()
            .map(|(name, value)| (name.as_str(), url_value(value)))
            .collect();
        let endpoint = case["endpoint"].as_str().unwrap();
        let built = service.request_context(request, || try_url_for(endpoint, values));
        match (built, case["url"].as_str()) {
            (Ok(built), Some(url)) => same("url", built.as_str(), url),
            (Ok(built), None) => Err(format!("built {built}")),
            (Err(error), Some(_)) => Err(error.to_string()),
            (Err(error), None) => {
                let kind = if error.to_string().starts_with("Could not build url") {
                    "BuildError"
                } else {
                    "ValueError"
                };
                same("error", Some(kind), case["error"].as_str())?;
                same("message", Some(error.to_string().as_str()), case["message"].as_str())
            }
        }
    });
}
