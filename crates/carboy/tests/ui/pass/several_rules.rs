//! Several rules on one function, with defaults, an optional parameter, and parameters from elsewhere.
use carboy::prelude::*;
use carboy::view::Route;

#[route("/page/", defaults(n = 1, kind = "a"))]
#[route("/page/<kind>/<int:n>", strict_slashes = false)]
fn page(n: u32, kind: String) -> String {
    format!("{kind}{n}")
}

#[get("/tag/")]
#[post("/tag/<name>")]
#[carboy::put("/tag/<name>")]
fn tag(name: Option<String>) -> String {
    name.unwrap_or_default()
}

#[route("/", subdomain = "<user>", outer(lang))]
fn home(user: String, lang: String) -> String {
    user + &lang
}

#[route("", outer(lang), defaults(below = -5, wide = 1.5, on = "x"))]
fn prefix(lang: String, below: i64, wide: f64, on: String) -> String {
    format!("{lang}{below}{wide}{on}")
}

fn main() {
    let rules = page::def().rules;
    assert_eq!(rules.len(), 2);
    assert_eq!(rules[0].defaults, [("n", 1.into()), ("kind", "a".into())]);
    assert_eq!(rules[1].strict_slashes, Some(false));
    let methods: Vec<_> = tag::def().rules.iter().map(|rule| rule.methods).collect();
    assert_eq!(methods, [Some(&["GET"][..]), Some(&["POST"][..]), Some(&["PUT"][..])]);
    assert_eq!(home::def().rules[0].subdomain, Some("<user>"));
    let _ = routes![page, tag, home, prefix];
}
