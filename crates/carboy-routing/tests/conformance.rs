//! Replays what Werkzeug's `Map` and Flask's `url_for` answered: `conformance/url-map`, made by
//! `conformance/generate/url_map.py`.

use carboy_conformance::{Replay, load, replay, same};
use carboy_routing::{
    Bind, BuildError, BuildErrorKind, BuildOptions, MapOptions, MatchError, Rule, RuleErrorKind,
    RuleTemplate, Target, UrlMap, Value, Values, endpoint_prefix, subdomain, submount,
};
use serde_json::Value as Json;

fn rows<'j>(json: &'j Json, key: &str) -> &'j [Json] {
    json[key].as_array().map_or(&[], Vec::as_slice)
}

fn text<'j>(json: &'j Json, key: &str) -> Option<&'j str> {
    json[key].as_str()
}

fn value(json: &Json) -> Value {
    match json {
        Json::Null => Value::None,
        Json::Bool(truth) => Value::Bool(*truth),
        Json::String(text) => Value::Str(text.clone()),
        Json::Array(items) => Value::List(items.iter().map(value).collect()),
        Json::Object(tagged) => {
            let (tag, inner) = tagged.iter().next().unwrap();
            match (tag.as_str(), inner) {
                ("int", Json::String(text)) => Value::Int(text.parse().unwrap()),
                ("float", Json::String(text)) => Value::Float(text.parse().unwrap()),
                ("uuid", Json::String(text)) => Value::Uuid(text.parse().unwrap()),
                ("dict", Json::Array(items)) => Value::Dict(
                    items
                        .iter()
                        .map(|pair| (pair[0].as_str().unwrap().to_owned(), value(&pair[1])))
                        .collect(),
                ),
                _ => panic!("{json}"),
            }
        }
        Json::Number(_) => panic!("{json}"),
    }
}

fn values(json: &Json) -> Values {
    let pairs = json.as_array().into_iter().flatten();
    pairs.map(|pair| (pair[0].as_str().unwrap().to_owned(), value(&pair[1]))).collect()
}

fn rule(json: &Json) -> Rule {
    let mut rule = Rule::new(text(json, "rule").unwrap());
    for (key, option) in json.as_object().unwrap() {
        let string = || option.as_str().unwrap();
        let truth = || option.as_bool().unwrap();
        rule = match key.as_str() {
            "rule" => rule,
            "endpoint" => rule.endpoint(string()),
            "defaults" => rule.defaults(values(option)),
            "methods" => {
                rule.methods(option.as_array().unwrap().iter().map(|method| method.as_str().unwrap()))
            }
            "subdomain" => rule.subdomain(string()),
            "host" => rule.host(string()),
            "redirect_to" => rule.redirect_to(string()),
            "strict_slashes" => rule.strict_slashes(truth()),
            "merge_slashes" => rule.merge_slashes(truth()),
            "websocket" => rule.websocket(),
            "build_only" => rule.build_only(),
            "alias" => rule.alias(),
            _ => panic!("{key}"),
        };
    }
    rule
}

fn map(group: &Json) -> UrlMap {
    let mut options = MapOptions::default();
    for (key, option) in group["options"].as_object().unwrap() {
        let truth = || option.as_bool().unwrap();
        match key.as_str() {
            "strict_slashes" => options.strict_slashes = truth(),
            "merge_slashes" => options.merge_slashes = truth(),
            "redirect_defaults" => options.redirect_defaults = truth(),
            "host_matching" => options.host_matching = truth(),
            "sort_parameters" => options.sort_parameters = truth(),
            "default_subdomain" => options.default_subdomain = option.as_str().unwrap().to_owned(),
            _ => panic!("{key}"),
        }
    }
    let mut map = UrlMap::new(options);
    map.extend(rows(group, "rules").iter().map(rule)).unwrap();
    map
}

fn bind<'j>(row: &'j Json, method: &'j str) -> Bind<'j> {
    let own = &row["bind"];
    let mut bind = Bind::new(text(own, "server_name").unwrap_or("example.com"));
    bind = bind.method(text(own, "method").unwrap_or(method)).scheme(text(own, "scheme").unwrap_or("http"));
    bind = bind.script_name(text(own, "script_name").unwrap_or("/"));
    match text(own, "subdomain") {
        Some(subdomain) => bind.subdomain(subdomain),
        None => bind,
    }
}

/// What a match answered, as the row would say it.
fn matched(map: &UrlMap, row: &Json) -> String {
    let mut target = Target::new(bind(row, text(row, "method").unwrap()), text(row, "path").unwrap());
    target = target.query(text(row, "query").unwrap_or(""));
    if let Some(websocket) = row["websocket"].as_bool() {
        target = target.websocket(websocket);
    }
    match map.matches(&target) {
        Ok(found) => {
            format!(
                "rule {} {} {:?}",
                found.rule.id().index(),
                found.rule.get_endpoint(),
                sorted(&found.args)
            )
        }
        Err(MatchError::NotFound) => "not found".to_owned(),
        Err(MatchError::WebsocketMismatch) => "websocket mismatch".to_owned(),
        Err(MatchError::MethodNotAllowed { allowed }) => {
            format!("allowed {:?}", allowed.iter().collect::<Vec<_>>())
        }
        Err(MatchError::Redirect(redirect)) => {
            let location = redirect.location();
            if redirect.is_same_host() {
                assert!(location.starts_with('/') && !location[1..].starts_with(['/', '\\']), "{location}");
                assert!(redirect.absolute().ends_with(&*location));
            } else {
                assert_eq!(location, redirect.absolute());
            }
            format!("redirect {}", redirect.absolute())
        }
    }
}

fn sorted(values: &Values) -> Vec<String> {
    // Debug tells 1 from 1.0 and from True, which are equal.
    let mut pairs: Vec<_> = values.iter().map(|(name, value)| format!("{name}={value:?}")).collect();
    pairs.sort();
    pairs
}

fn expected_match(row: &Json) -> String {
    if let Some(rule) = row["rule"].as_u64() {
        format!("rule {rule} {} {:?}", text(row, "endpoint").unwrap(), sorted(&values(&row["args"])))
    } else if let Some(allowed) = row["allowed"].as_array() {
        format!("allowed {:?}", allowed.iter().map(|method| method.as_str().unwrap()).collect::<Vec<_>>())
    } else if let Some(redirect) = text(row, "redirect") {
        format!("redirect {redirect}")
    } else if row["mismatch"] == true {
        "websocket mismatch".to_owned()
    } else {
        assert_eq!(row["not_found"], true);
        "not found".to_owned()
    }
}

fn built(map: &UrlMap, row: &Json) -> String {
    let mut options = BuildOptions::new().append_unknown(row["append"] != false);
    if let Some(method) = text(row, "method") {
        options = options.method(method);
    }
    if let Some(external) = row["external"].as_bool() {
        options = options.external(external);
    }
    if let Some(scheme) = text(row, "scheme") {
        options = options.scheme(scheme);
    }
    url_or_error(map.build(
        &bind(row, "GET"),
        text(row, "endpoint").unwrap(),
        &values(&row["values"]),
        &options,
    ))
}

fn url_or_error(answer: Result<String, BuildError>) -> String {
    match answer {
        Ok(url) => format!("url {url}"),
        Err(error) if error.kind() == BuildErrorKind::NoRule => format!("build error {error}"),
        Err(error) => format!("value error {error}"),
    }
}

fn expected_build(row: &Json) -> String {
    if let Some(url) = text(row, "url") {
        format!("url {url}")
    } else if let Some(error) = text(row, "build_error") {
        format!("build error {error}")
    } else {
        format!("value error {}", text(row, "value_error").unwrap())
    }
}

fn replay_maps(file: &str, least_matches: usize, least_builds: usize) {
    let expects = [
        "rule",
        "endpoint",
        "args",
        "allowed",
        "redirect",
        "mismatch",
        "not_found",
        "url",
        "build_error",
        "value_error",
    ];
    let mut matches = Replay::of(file, &expects[..7]);
    let mut builds = Replay::of(file, &expects[7..]);
    for group in load(file).as_array().unwrap() {
        let map = map(group);
        let name = text(group, "name").unwrap();
        matches.group(group);
        for row in rows(group, "match") {
            matches.case(name, row, |row| same("match", matched(&map, row), expected_match(row)));
        }
        builds.group(group);
        for row in rows(group, "build") {
            builds.case(name, row, |row| same("build", built(&map, row), expected_build(row)));
        }
    }
    matches.finish(least_matches);
    builds.finish(least_builds);
}

#[test]
fn each_rule_of_behaviour_is_werkzeugs() {
    replay_maps("url-map/cases.json", 1_100, 1_400);
}

// rows: C11 C12 D2
#[test]
fn random_maps_match_and_build_as_in_werkzeug() {
    replay_maps("url-map/random-1.json", 1_700, 700);
    replay_maps("url-map/random-2.json", 1_700, 700);
}

// rows: C1 C2
#[test]
fn a_rule_that_werkzeug_refuses_is_refused_with_its_message() {
    replay("url-map/rule-errors.json", "", &["error", "message"], 26, |row| {
        let source = text(row, "rule").unwrap();
        let error = UrlMap::default().add(Rule::new(source).endpoint("e")).err();
        let kind = match error.as_ref().map(|error| error.kind()) {
            None => Json::Null,
            Some(RuleErrorKind::DuplicateArgument) => "SyntaxError".into(),
            Some(RuleErrorKind::UnknownConverter) => "LookupError".into(),
            Some(_) => "ValueError".into(),
        };
        assert_eq!(kind, row["error"], "{source}");
        // Werkzeug says "in function definition" because it compiles a function.
        let message = text(row, "message").map(|text| text.replace("function definition", "the rule"));
        assert_eq!(error.map(|error| error.to_string()), message, "{source}");
    });
}

// rows: C42
#[test]
fn rule_factories_make_the_rules_that_werkzeugs_make() {
    let plain = || [Rule::new("/").endpoint("index"), Rule::new("/entry/<slug>").endpoint("show")];
    let template = RuleTemplate::new([
        Rule::new("/$name/").endpoint("$name.list"),
        Rule::new("/${name}s/<int:id>").endpoint("$name.show").subdomain("$sub"),
    ]);
    let filled = |name, sub| template.fill([("name", name), ("sub", sub)]).unwrap();
    replay("url-map/factories.json", "", &["rules"], 6, |row| {
        let rules = match text(row, "factory").unwrap() {
            "submount" => submount("/blog", plain()),
            "submount with a slash" => submount("/blog/", plain()),
            "subdomain" => subdomain("kb", plain()),
            "endpoint prefix" => endpoint_prefix("blog/", plain()),
            "all three" => subdomain("kb", submount("/blog", endpoint_prefix("b.", plain()))),
            _ => [filled("user", "a"), filled("page", "b")].concat(),
        };
        let mut map = UrlMap::default();
        map.extend(rules).unwrap();
        let mut made: Vec<[&str; 3]> = map
            .iter()
            .map(|rule| [rule.text(), rule.get_endpoint(), rule.get_subdomain().unwrap_or("")])
            .collect();
        made.sort_unstable();
        assert_eq!(serde_json::json!(made), row["rules"]);
    });
}

// rows: D5 D6 D8 D13
#[test]
fn options_are_those_of_flasks_url_for() {
    let mut map = UrlMap::default();
    map.add(Rule::new("/x/<a>").endpoint("x").methods(["GET", "OPTIONS"])).unwrap();
    replay("url-map/url-for.json", "", &["url", "error"], 13, |row| {
        let mut options = BuildOptions::new();
        let mut values = Values::new().with("a", "v");
        for (name, option) in row["options"].as_object().unwrap() {
            match name.as_str() {
                "_anchor" => options = options.anchor(option.as_str().unwrap()),
                "_scheme" => options = options.scheme(option.as_str().unwrap()),
                "_external" => options = options.external(option.as_bool().unwrap()),
                "_method" => options = options.method(option.as_str().unwrap()),
                _ => values.insert_named(name.as_str(), value(option)),
            }
        }
        let answer =
            map.build(&Bind::new("example.com"), "x", &values, &options).map_err(|error| error.to_string());
        match text(row, "url") {
            Some(url) => assert_eq!(answer.as_deref(), Ok(url), "{row}"),
            None => assert_eq!(answer.unwrap_err(), text(row, "error").unwrap(), "{row}"),
        }
    });
}
